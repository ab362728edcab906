//! [`State`]: tensors by path, in order.

use std::collections::BTreeMap;

use gradlet_tensor::{Element, Error, ErrorKind, Float, Result, Tensor};

use super::AnyTensor;

/// Tensors of any element types by path, in the order in which they came: what a model knows.
///
/// [`Module::state`](crate::Module::state) takes one from a model and
/// [`Module::load_state`](crate::Module::load_state) puts one into a model. Tensors are values, so that neither copies
/// elements, and what happens to the model later does not change the state.
///
/// # Example
///
/// ```
/// use gradlet_nn::{Linear, Module};
///
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (online, mut target) = (Linear::new(3, 2, &mut gradlet_tensor::rng(1))?, Linear::new(3, 2, &mut gradlet_tensor::rng(2))?);
/// let state = online.state();
/// assert_eq!(state.paths().collect::<Vec<_>>(), ["weight", "bias"]);
/// target.load_state(&state)?;
/// assert_eq!(target.weight.tensor(), state.get("weight")?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    entries: Vec<(String, AnyTensor)>,
    places: BTreeMap<String, usize>,
    /// Second paths of tensors, with their first ones.
    aliases: BTreeMap<String, String>,
}

/// Paths that a state and a model do not share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unmatched {
    /// Paths of the model that the state lacks.
    pub missing: Vec<String>,
    /// Paths of the state that the model has not.
    pub unexpected: Vec<String>,
}

impl State {
    /// No tensors.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a tensor in the place of the one of this path, which is returned, or behind all others.
    pub fn insert(
        &mut self,
        path: impl Into<String>,
        tensor: impl Into<AnyTensor>,
    ) -> Option<AnyTensor> {
        let (path, tensor) = (path.into(), tensor.into());
        if let Some(&place) = self.places.get(&path) {
            return Some(std::mem::replace(&mut self.entries[place].1, tensor));
        }
        self.aliases.remove(&path);
        self.places.insert(path.clone(), self.entries.len());
        self.entries.push((path, tensor));
        None
    }

    /// Gives the tensor of a path a second one, for files that hold tied weights once: a model needs to have only one
    /// of the two. Without a tensor of the path `of`, or with one of the path `alias`, nothing is changed.
    ///
    /// # Example
    ///
    /// ```
    /// use gradlet_nn::State;
    /// use gradlet_tensor::tensor;
    ///
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let mut state = State::new();
    /// state.insert("decoder.weight", tensor![1.0]);
    /// state.alias("encoder.weight", "decoder.weight");
    /// assert_eq!(state.get("encoder.weight")?, &tensor![1.0]);
    /// assert_eq!(state.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn alias(&mut self, alias: impl Into<String>, of: impl Into<String>) {
        let (alias, of) = (alias.into(), of.into());
        if self.places.contains_key(&of) && !self.places.contains_key(&alias) {
            self.aliases.insert(alias, of);
        }
    }

    /// The second paths and the first ones of the same tensors.
    pub fn aliases(&self) -> impl Iterator<Item = (&str, &str)> {
        let aliases = self.aliases.iter();
        aliases.map(|(alias, of)| (alias.as_str(), of.as_str()))
    }

    /// The tensor of a path, of any element type.
    pub fn any(&self, path: &str) -> Option<&AnyTensor> {
        let place = self.places.get(path);
        let place = place.or_else(|| self.places.get(self.aliases.get(path)?))?;
        Some(&self.entries[*place].1)
    }

    /// Puts all tensors of a state behind those of this one, each at its path after `prefix` and a dot.
    ///
    /// # Example
    ///
    /// ```
    /// use gradlet_nn::State;
    /// use gradlet_tensor::tensor;
    ///
    /// let (mut all, mut model) = (State::new(), State::new());
    /// model.insert("weight", tensor![1.0]);
    /// all.put("model", &model);
    /// assert_eq!(all.paths().collect::<Vec<_>>(), ["model.weight"]);
    /// assert_eq!(all.part("model"), model);
    /// ```
    pub fn put(&mut self, prefix: &str, part: &Self) {
        for (path, tensor) in part.iter() {
            self.insert(format!("{prefix}.{path}"), tensor.clone());
        }
        for (alias, of) in part.aliases() {
            self.alias(format!("{prefix}.{alias}"), format!("{prefix}.{of}"));
        }
    }

    /// The tensors whose paths begin with `prefix` and a dot, by what follows it: what [`put`](State::put) put there.
    #[must_use]
    pub fn part(&self, prefix: &str) -> Self {
        let rest = |path: &str| Some(path.strip_prefix(prefix)?.strip_prefix('.')?.to_owned());
        let mut part = Self::new();
        for (path, tensor) in self.iter() {
            if let Some(path) = rest(path) {
                part.insert(path, tensor.clone());
            }
        }
        for (alias, of) in self.aliases() {
            if let Some((alias, of)) = rest(alias).zip(rest(of)) {
                part.alias(alias, of);
            }
        }
        part
    }

    /// The tensor of a path.
    ///
    /// # Errors
    ///
    /// If there is none, or it has a different element type.
    #[track_caller]
    pub fn get<T: Element>(&self, path: &str) -> Result<&Tensor<T>> {
        let reason = match self.any(path).map(AnyTensor::get) {
            Some(Some(tensor)) => return Ok(tensor),
            Some(None) => "is of a tensor of a different element type",
            None => "is of no tensor in the state",
        };
        let (op, name) = ("State::get", path.to_owned());
        Err(Error::new(ErrorKind::BadName { op, name, reason }))
    }

    /// The paths, in order.
    pub fn paths(&self) -> impl ExactSizeIterator<Item = &str> {
        self.entries.iter().map(|(path, _)| path.as_str())
    }

    /// The paths and their tensors, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &AnyTensor)> {
        self.entries
            .iter()
            .map(|(path, tensor)| (path.as_str(), tensor))
    }

    /// The number of tensors.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no tensors.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The same tensors by new paths, without those for which `rename` returns `None`: for states whose names differ
    /// from the model's.
    ///
    /// # Errors
    ///
    /// If two tensors get the same path.
    ///
    /// # Example
    ///
    /// ```
    /// use gradlet_nn::State;
    /// use gradlet_tensor::tensor;
    ///
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let mut state = State::new();
    /// state.insert("module.weight", tensor![1.0]);
    /// state.insert("steps", tensor![i64; 7]);
    /// let state = state.renamed(|path| path.strip_prefix("module.").map(str::to_owned))?;
    /// assert_eq!(state.paths().collect::<Vec<_>>(), ["weight"]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn renamed(&self, mut rename: impl FnMut(&str) -> Option<String>) -> Result<Self> {
        let mut renamed = Self::new();
        for (path, tensor) in &self.entries {
            let Some(name) = rename(path) else { continue };
            if renamed.places.contains_key(&name) {
                let (op, reason) = ("State::renamed", "would be that of two tensors");
                return Err(Error::new(ErrorKind::BadName { op, name, reason }));
            }
            renamed.insert(name, tensor.clone());
        }
        for (alias, of) in &self.aliases {
            if let Some((alias, of)) = rename(alias).zip(rename(of)) {
                renamed.alias(alias, of);
            }
        }
        Ok(renamed)
    }

    /// The state with all floats in a different type, rounded: a model of `f32` takes weights of `f64` only so.
    ///
    /// # Example
    ///
    /// ```
    /// use gradlet_nn::{AnyTensor, State};
    /// use gradlet_tensor::tensor;
    ///
    /// let mut state = State::new();
    /// state.insert("weight", tensor![f64; 0.1]);
    /// assert_eq!(state.cast::<f32>().any("weight"), Some(&AnyTensor::F32(tensor![0.1])));
    /// ```
    #[must_use]
    pub fn cast<T: Float>(&self) -> Self {
        let mut cast = self.clone();
        for (_, tensor) in &mut cast.entries {
            *tensor = tensor.cast_floats::<T>();
        }
        cast
    }
}
