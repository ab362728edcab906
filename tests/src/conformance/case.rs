//! [`Case`]: one call of an operation, its arguments by place and name.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use gradlet::{Float, Gradients, Tensor, Var};
use serde_json::Value;

use super::Failure;
use crate::golden::{Array, Golden, number};

/// What an operation returned.
#[derive(Debug)]
pub enum Out<T: Float> {
    /// What has a gradient.
    Var(Var<T>),
    /// Numbers without one.
    Floats(Tensor<T>),
    /// Indices.
    Ints(Tensor<i64>),
    /// Indices of which several are right, checked already.
    Checked,
}

/// How the inputs lie in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// In row-major order.
    Contiguous,
    /// With gaps and in another order.
    Strided,
}

/// One call of an operation.
#[derive(Debug)]
pub struct Case<'a, T: Float> {
    json: &'a Value,
    floats: BTreeMap<String, Var<T>>,
    ints: BTreeMap<String, Tensor<i64>>,
    bools: BTreeMap<String, Tensor<bool>>,
    read: RefCell<BTreeSet<String>>,
}

/// A place that no positional argument has.
pub(crate) const NAMED: usize = usize::MAX;

impl<'a, T: Float> Case<'a, T> {
    /// The case's inputs as leaves, rounded to the type.
    ///
    /// # Errors
    /// If a tensor is missing.
    pub fn new(golden: &Golden, json: &'a Value, layout: Layout) -> Result<Self, Failure> {
        Self::with(golden, json, layout, Tensor::cast)
    }

    /// As `new`, from inputs rounded to f32 first.
    ///
    /// # Errors
    /// If a tensor is missing.
    pub fn rounded(golden: &Golden, json: &'a Value) -> Result<Self, Failure> {
        Self::with(golden, json, Layout::Contiguous, |x| x.cast::<f32>().cast())
    }

    /// The case of a layer's settings, none of which is a tensor.
    pub(crate) fn without_tensors(json: &'a Value) -> Self {
        Self {
            json,
            floats: BTreeMap::new(),
            ints: BTreeMap::new(),
            bools: BTreeMap::new(),
            read: RefCell::default(),
        }
    }

    /// As `new`, with inputs made of the stored ones.
    pub(crate) fn with(
        golden: &Golden,
        json: &'a Value,
        layout: Layout,
        cast: impl Fn(&Tensor<f64>) -> Tensor<T>,
    ) -> Result<Self, Failure> {
        let mut case = Self::without_tensors(json);
        for key in case.input_keys() {
            match golden.array(&Value::from(key.as_str()))? {
                Array::Floats(x) => {
                    let x = laid_out(&cast(&x), layout)?;
                    case.floats.insert(key, Var::leaf(x));
                }
                Array::Ints(x) => {
                    case.ints.insert(key, laid_out(&x, layout)?);
                }
                Array::Bools(x) => {
                    case.bools.insert(key, laid_out(&x, layout)?);
                }
            }
        }
        Ok(case)
    }

    /// The operation's name, or PyTorch's class of a layer.
    pub fn op(&self) -> &'a str {
        let name = self.json.get("op").unwrap_or(&self.json["class"]);
        name.as_str().unwrap_or_default()
    }

    /// The keys of the inputs, in their order.
    pub fn input_keys(&self) -> Vec<String> {
        let named = self.json["inputs"].as_array();
        let keys = named.map(|keys| keys.iter().filter_map(Value::as_str).map(str::to_owned));
        keys.map_or_else(
            || tensors_in(&[&self.json["args"], &self.json["kwargs"]]),
            Iterator::collect,
        )
    }

    /// The leaf of an input, if it is one of floats.
    pub fn leaf(&self, key: &str) -> Option<&Var<T>> {
        self.floats.get(key)
    }

    /// Whether PyTorch changed an input in place.
    pub fn mutates(&self) -> bool {
        self.json["mutated"]
            .as_object()
            .is_some_and(|map| !map.is_empty())
    }

    /// The argument at a place or under a name; `None` where it is missing or null.
    pub fn value(&self, place: usize, name: &str) -> Option<&'a Value> {
        let positional = self.json["args"].get(place);
        let mut read = self.read.borrow_mut();
        if positional.is_some() {
            read.insert(place.to_string());
        }
        read.insert(name.to_owned());
        positional
            .or_else(|| self.json["kwargs"].get(name))
            .filter(|value| !value.is_null())
    }

    /// Whether the argument is null, and not merely missing.
    pub fn is_null(&self, place: usize, name: &str) -> bool {
        let positional = self.json["args"].get(place);
        let value = positional.or_else(|| self.json["kwargs"].get(name));
        value.is_some_and(Value::is_null) && self.value(place, name).is_none()
    }

    /// An error if an argument was not looked at.
    ///
    /// # Errors
    /// With the argument.
    pub fn all_read(&self) -> Result<(), Failure> {
        let read = self.read.borrow();
        let count = self.json["args"].as_array().map_or(0, Vec::len);
        let places = (0..count).map(|place| place.to_string());
        let names = self.json["kwargs"]
            .as_object()
            .into_iter()
            .flat_map(|map| map.keys().cloned());
        match places
            .chain(names)
            .find(|argument| !read.contains(argument))
        {
            None => Ok(()),
            Some(argument) => Err(format!("argument {argument} is not read").into()),
        }
    }

    /// The gradients that the keys ask for; zeros where no output depends on the input.
    pub fn gradients(&self, keys: &Value, grads: &Gradients<T>) -> Vec<Option<Tensor<f64>>> {
        let asked = keys.as_array().into_iter().flatten();
        let of = |(grad, key): (&Value, &String)| {
            let leaf = self.leaf(key).filter(|_| !grad.is_null())?;
            let zeros = || leaf.tensor().zeros_like();
            Some(grads.wrt(leaf).cloned().unwrap_or_else(zeros).cast())
        };
        asked.zip(&self.input_keys()).map(of).collect()
    }

    /// The settings of a module that is an argument.
    pub fn module(&self, place: usize, name: &str) -> Option<Case<'a, T>> {
        let json = self.value(place, name)?.get("module")?;
        Some(Case::without_tensors(json))
    }

    /// A tensor of floats, or a plain number as a scalar that is not differentiated.
    ///
    /// # Errors
    /// If it is missing.
    pub fn var(&self, place: usize, name: &str) -> Result<Var<T>, Failure> {
        self.maybe_var(place, name)?
            .ok_or_else(|| format!("no {name}").into())
    }

    /// As `var`, if it is there.
    ///
    /// # Errors
    /// If it is something else.
    pub fn maybe_var(&self, place: usize, name: &str) -> Result<Option<Var<T>>, Failure> {
        let Some(value) = self.value(place, name) else {
            return Ok(None);
        };
        self.as_var(value).map(Some)
    }

    fn as_var(&self, value: &Value) -> Result<Var<T>, Failure> {
        if let Some(number) = number(value) {
            return Ok(Var::constant(Tensor::scalar(T::of(number))));
        }
        let key = value["tensor"].as_str().unwrap_or_default();
        let var = self.floats.get(key).cloned();
        var.ok_or_else(|| format!("no tensor of floats: {value}").into())
    }

    /// A list of tensors.
    ///
    /// # Errors
    /// If it is something else.
    pub fn vars(&self, place: usize, name: &str) -> Result<Vec<Var<T>>, Failure> {
        let list = self.value(place, name).and_then(Value::as_array);
        let list = list.ok_or_else(|| format!("no list {name}"))?;
        list.iter().map(|value| self.as_var(value)).collect()
    }

    /// Whether the argument is a tensor of floats.
    pub fn is_floats(&self, place: usize) -> bool {
        let key = self.json["args"]
            .get(place)
            .and_then(|value| value["tensor"].as_str());
        key.is_some_and(|key| self.floats.contains_key(key))
    }

    /// Whether the argument is a tensor of any type.
    pub fn is_tensor(&self, place: usize) -> bool {
        self.json["args"]
            .get(place)
            .is_some_and(|value| value.get("tensor").is_some())
    }

    /// A tensor of indices.
    ///
    /// # Errors
    /// If it is missing or something else.
    pub fn ints(&self, place: usize, name: &str) -> Result<Tensor<i64>, Failure> {
        let key = self
            .value(place, name)
            .and_then(|value| value["tensor"].as_str());
        let tensor = key.and_then(|key| self.ints.get(key)).cloned();
        tensor.ok_or_else(|| format!("no indices {name}").into())
    }

    /// A tensor of truths.
    ///
    /// # Errors
    /// If it is missing or something else.
    pub fn bools(&self, place: usize, name: &str) -> Result<Tensor<bool>, Failure> {
        let key = self
            .value(place, name)
            .and_then(|value| value["tensor"].as_str());
        let tensor = key.and_then(|key| self.bools.get(key)).cloned();
        tensor.ok_or_else(|| format!("no truths {name}").into())
    }

    /// A number, or what is taken where none is given.
    pub fn float(&self, place: usize, name: &str, default: f64) -> f64 {
        self.value(place, name).and_then(number).unwrap_or(default)
    }

    /// As `float`, in the type of the case.
    pub fn scalar(&self, place: usize, name: &str, default: f64) -> T {
        T::of(self.float(place, name, default))
    }

    /// A whole number, or a tensor of one.
    pub fn maybe_int(&self, place: usize, name: &str) -> Option<i64> {
        let value = self.value(place, name)?;
        let key = value["tensor"].as_str().unwrap_or_default();
        let stored = self.ints.get(key).and_then(|tensor| tensor.item().ok());
        value.as_i64().or(stored)
    }

    /// A whole number, or what is taken where none is given.
    pub fn int(&self, place: usize, name: &str, default: i64) -> i64 {
        self.maybe_int(place, name).unwrap_or(default)
    }

    /// Whether a switch is on.
    pub fn flag(&self, place: usize, name: &str, default: bool) -> bool {
        self.value(place, name)
            .and_then(Value::as_bool)
            .unwrap_or(default)
    }

    /// A word.
    pub fn text(&self, place: usize, name: &str, default: &'a str) -> &'a str {
        self.value(place, name)
            .and_then(Value::as_str)
            .unwrap_or(default)
    }

    /// Whole numbers: a list, or one alone.
    pub fn list(&self, place: usize, name: &str) -> Option<Vec<isize>> {
        let value = self.value(place, name)?;
        let whole = |value: &Value| value.as_i64().map(|number| number as isize);
        match value.as_array() {
            Some(values) => values.iter().map(whole).collect(),
            None => whole(value).map(|number| vec![number]),
        }
    }
}

/// The keys of all tensors in arguments.
fn tensors_in(values: &[&Value]) -> Vec<String> {
    let mut keys = Vec::new();
    for value in values {
        match value {
            Value::Array(values) => keys.extend(tensors_in(&values.iter().collect::<Vec<_>>())),
            Value::Object(map) => match map.get("tensor").and_then(Value::as_str) {
                Some(key) => keys.push(key.to_owned()),
                None => keys.extend(tensors_in(&map.values().collect::<Vec<_>>())),
            },
            _ => {}
        }
    }
    keys
}

/// The same elements, laid out as told.
fn laid_out<X: gradlet::Element>(x: &Tensor<X>, layout: Layout) -> Result<Tensor<X>, Failure> {
    if layout == Layout::Contiguous {
        return Ok(x.clone());
    }
    // Every second element of a copy whose axes are reversed.
    let axes: Vec<isize> = (0..x.rank() as isize).rev().collect();
    if x.rank() == gradlet::tensor::MAX_RANK {
        return Ok(x.permute(&axes)?.contiguous().permute(&axes)?);
    }
    let reversed = x.permute(&axes)?.contiguous();
    let doubled = Tensor::stack(&[&reversed, &reversed], -1)?;
    Ok(doubled.select(-1, 1)?.permute(&axes)?)
}
