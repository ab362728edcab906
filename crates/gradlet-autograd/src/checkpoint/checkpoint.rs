//! [`checkpoint`]: a function whose intermediate values are dropped after the forward pass, and computed again in
//! backward.

use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use gradlet_tensor::{Float, Result, Shape};

use super::replay::{Log, Value, replayed};
use crate::backward::walk;
use crate::checkpoint::Closure;
use crate::graph::{Saved, is_inspecting};
use crate::no_grad::{Recording, is_recording, set_recording};
use crate::record::{AnyNode, AnyRecorded, Arrival, Description, Give, History, Recorded, next_id};
use crate::var::Var;

type Function<T> = dyn Fn(&[Var<T>]) -> Result<Var<T>>;

/// The value of `f(inputs)`. Only the inputs are kept: backward calls `f` again, and records then the tensors that it
/// needs.
///
/// This takes less memory and more time: if a deep net is cut into pieces, backward holds the inputs of each piece and
/// the records of one, and the forward pass runs twice.
///
/// Gradients go to the inputs and to every tracked Var that `f` captured, such as parameters, and can be differentiated
/// again. `f` has to compute the same each time. Random numbers drawn with [`replayable`](crate::replayable) keys, as
/// in gradlet's dropout, are the same again, and gradlet's buffers read the same and change only once; a generator or a
/// state that `f` holds itself would go on. `f` is kept until the graph is freed, so it cannot borrow a layer: let it
/// capture `parameter.leaf()`, or use [`checkpoint_with`], or `checkpoint_module` of gradlet-nn for a whole layer.
///
/// `f` cannot call `grad` or `backward`, since its first run is not recorded. Functions that record by themselves, such
/// as [`vjp`](crate::vjp), work in it, and their results are constants.
///
/// The output counts as tracked even if nothing in `f` is. While recording is off, this is `f(inputs)`. Checkpoints may be
/// nested.
///
/// # Gradient
///
/// The gradient of `f`; the inputs are saved, and the values that `f` captured.
///
/// # Errors
///
/// If `f` returns one, here or in backward, or takes a gradient, or if in backward the shape of its output differs, or the
/// number of its draws and uses of buffers.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{Var, checkpoint};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x, w) = (Var::leaf(tensor![1.0, 2.0]), Var::leaf(tensor![3.0, 4.0]));
/// let weight = w.clone();
/// let y = checkpoint(move |x| Ok(x[0].mul(&weight)?.exp().tanh()), &[&x])?;
/// assert_eq!(y.graph().nodes.len(), 1); // not three
/// let grads = y.sum(..)?.backward()?;
/// assert!(grads.wrt(&x).is_some() && grads.wrt(&w).is_some());
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.utils.checkpoint.checkpoint` with `use_reentrant=False`; T. Chen and others, "Training Deep Nets with Sublinear
/// Memory Cost", 2016.
#[track_caller]
pub fn checkpoint<T: Float>(
    f: impl Fn(&[Var<T>]) -> Result<Var<T>> + 'static,
    inputs: &[&Var<T>],
) -> Result<Var<T>> {
    let f = Rc::new(f);
    let again = Rc::clone(&f);
    checkpoint_with(|inputs| f(inputs), move |inputs| again(inputs), inputs)
}

/// As [`checkpoint`], with a function for each pass: `first` is called now and may borrow, `again` is called in backward
/// and is kept until then. Both have to compute the same.
///
/// # Errors
///
/// If [`checkpoint`] would return one.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{Var, checkpoint_with};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// struct Layer { w: Var }
/// let layer = Layer { w: Var::leaf(tensor![3.0, 4.0]) };
/// let x = Var::leaf(tensor![1.0, 2.0]);
/// let w = layer.w.clone();
/// let y = checkpoint_with(|x| x[0].mul(&layer.w), move |x| x[0].mul(&w), &[&x])?;
/// assert_eq!(y.sum(..)?.backward()?.wrt(&layer.w).map(|g| g.to_vec()), Some(vec![1.0, 2.0]));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn checkpoint_with<T: Float>(
    first: impl FnOnce(&[Var<T>]) -> Result<Var<T>>,
    again: impl Fn(&[Var<T>]) -> Result<Var<T>> + 'static,
    inputs: &[&Var<T>],
) -> Result<Var<T>> {
    let inputs: Vec<Var<T>> = inputs.iter().copied().cloned().collect();
    if !is_recording() {
        return first(&inputs);
    }
    let run = FirstRun::start();
    let y = first(&inputs)?;
    Ok(run.end(y, again, inputs))
}

/// The first run of a checkpoint's function, from [`start`](Self::start) to [`end`](Self::end): it is not recorded, and
/// what it draws and reads is noted.
///
/// A function that is called in between sees the caller's line, which a closure would hide.
#[doc(hidden)]
pub struct FirstRun {
    log: Log,
    recording: Recording,
    location: &'static Location<'static>,
}

impl FirstRun {
    /// Stops recording and begins to note draws.
    #[track_caller]
    pub fn start() -> Self {
        Self {
            log: Log::start(),
            recording: set_recording(false),
            location: Location::caller(),
        }
    }

    /// The output `y`, which `again` computes again from the same inputs in backward.
    pub fn end<T: Float>(
        self,
        y: Var<T>,
        again: impl Fn(&[Var<T>]) -> Result<Var<T>> + 'static,
        inputs: Vec<Var<T>>,
    ) -> Var<T> {
        drop(self.recording);
        let tensor = y.into_tensor();
        let node = Checkpoint {
            id: next_id(),
            f: Closure::new(Rc::new(again) as Rc<Function<T>>),
            inputs,
            values: self.log.end(),
            shape: *tensor.shape(),
            location: self.location,
        };
        Var {
            tensor,
            history: History::node(Rc::new(node)),
        }
    }
}

impl fmt::Debug for FirstRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FirstRun")
    }
}

/// The record of a function that is called again for its gradient.
struct Checkpoint<T: Float> {
    id: u64,
    f: Closure<Function<T>>,
    inputs: Vec<Var<T>>,
    /// What the first run drew and read.
    values: Rc<[Value]>,
    shape: Shape,
    /// Where the checkpoint was made, for errors in backward.
    location: &'static Location<'static>,
}

impl<T: Float> Checkpoint<T> {
    /// The output, with the graph that leads to it.
    fn again(&self) -> Result<Option<Var<T>>> {
        let Some(f) = self.f.get() else {
            return Ok(None);
        };
        let _restore = set_recording(true);
        let y = replayed(&self.values, || f(&self.inputs))?;
        let fits = y.tensor().expect_shape("checkpoint", self.shape);
        fits.map_err(|error| error.at(self.location))?;
        Ok(Some(y))
    }
}

impl<T: Float> AnyRecorded for Checkpoint<T> {
    fn id(&self) -> u64 {
        self.id
    }

    fn dismantle(self: Rc<Self>, held: &mut Vec<AnyNode>) {
        if let Ok(checkpoint) = Rc::try_unwrap(self) {
            for mut input in checkpoint.inputs {
                input.history.hold(held);
            }
        }
    }

    fn op(&self) -> &dyn Any {
        self
    }

    fn describe(&self) -> Description {
        Description {
            name: "checkpoint".to_owned(),
            inputs: self.inputs.iter().map(|x| x.history.to_any()).collect(),
            saved: self.inputs.iter().map(|x| Saved::of(&x.tensor)).collect(),
            attribute_bytes: self.values.iter().map(|value| size_of_val(&**value)).sum(),
        }
    }
}

impl<T: Float> Recorded<T> for Checkpoint<T> {
    fn backward(self: Rc<Self>, g: Var<T>, give: &mut Give<'_, T>) -> Result<()> {
        if is_inspecting() {
            for input in &self.inputs {
                let zeros = Var::constant(input.tensor.zeros_like());
                give(Arrival::Here(input.history.origin().clone(), zeros.into()))?;
            }
            return Ok(());
        }
        let Some(Var { tensor, history }) = self.again()? else {
            return Ok(());
        };
        let id = self.id;
        // Inputs and captured values that the new graph does not need are freed before it is walked.
        drop((self, tensor));
        // Newer nodes were recorded by the call just now; those behind the inputs and the captured values are older.
        walk(id + 1, history, g, &mut |_| {}, give)
    }
}

impl<T: Float> fmt::Debug for Checkpoint<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Checkpoint")
    }
}
