//! [`checkpoint`]: what a function computes is forgotten after the forward pass, and computed again in the backward pass.

use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use gradlet_tensor::{DrawKey, Float, Result, Shape};

use super::replay::{Log, replayed};
use crate::backward::walk;
use crate::checkpoint::Kept;
use crate::graph::{Saved, is_inspecting};
use crate::no_grad::{Recording, is_recording, set_recording};
use crate::record::{Description, Give, History, Node, Origin, Recorded, next_id};
use crate::var::Var;

type Function<T> = dyn Fn(&[Var<T>]) -> Result<Var<T>>;

/// `f(inputs)`, of which only the inputs are kept: backward calls `f` again, to record then what it needs.
///
/// Less memory for more time: of a deep net that is cut into pieces, backward holds the inputs of each piece and the
/// records of one, and the forward pass runs twice.
///
/// Gradients go to the inputs and to every tracked Var that `f` captured, such as those of parameters, and can be
/// differentiated again. `f` has to compute the same each time. What it draws through [`replayable`](crate::replayable)
/// keys comes again, as that of gradlet's dropout does; a generator that it holds itself would go on. It is kept until the
/// graph is freed, so it cannot borrow a layer: it captures `parameter.var()`, or goes through
/// [`checkpoint_with`], or a whole layer through `checkpoint_module` of gradlet-nn.
///
/// The output counts as tracked even if nothing in `f` is. While recording is off, this is `f(inputs)`. Checkpoints may be
/// nested.
///
/// # Gradient
///
/// That of `f`; the inputs are saved, and what `f` captured.
///
/// # Errors
///
/// What `f` returns, also in backward; there, an output of another shape than before, or another number of draws.
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
/// As for [`checkpoint`].
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

/// The first run of a checkpoint's function, from here to [`end`](Self::end): not recorded, its random draws noted.
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

    /// The output `y`, to be computed again by `again` from the same inputs in backward.
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
            f: Kept::new(Rc::new(again) as Rc<Function<T>>),
            inputs,
            keys: self.log.end(),
            shape: tensor.dims(),
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
    f: Kept<Function<T>>,
    inputs: Vec<Var<T>>,
    keys: Rc<[DrawKey]>,
    shape: Shape,
    /// Where the checkpoint was made, for what goes wrong later.
    location: &'static Location<'static>,
}

impl<T: Float> Checkpoint<T> {
    /// The output, with the graph that leads to it.
    fn again(&self) -> Result<Option<Var<T>>> {
        let Some(f) = self.f.get() else {
            return Ok(None);
        };
        let _restore = set_recording(true);
        let y = replayed(&self.keys, || f(&self.inputs))?;
        let fits = y.tensor().expect_shape("checkpoint", self.shape);
        fits.map_err(|error| error.at(self.location))?;
        Ok(Some(y))
    }
}

impl<T: Float> Recorded<T> for Checkpoint<T> {
    fn id(&self) -> u64 {
        self.id
    }

    fn backward(self: Rc<Self>, g: Var<T>, give: &mut Give<'_, T>) -> Result<()> {
        if is_inspecting() {
            for input in &self.inputs {
                let zeros = Var::constant(input.tensor.zeros_like());
                give(input.history.clone().take(), zeros.into())?;
            }
            return Ok(());
        }
        let Some(Var { tensor, history }) = self.again()? else {
            return Ok(());
        };
        let id = self.id;
        // Inputs and captured values that the new graph does not need are freed before it is walked.
        drop((self, tensor));
        // What is newer was recorded by the call just now; all that led to the inputs, and what was captured, is older.
        walk(id + 1, history, g, &mut |_, _| {}, give)
    }

    fn dismantle(self: Rc<Self>, held: &mut Vec<Node<T>>) {
        if let Ok(checkpoint) = Rc::try_unwrap(self) {
            for mut input in checkpoint.inputs {
                if let Origin::Node(node) = input.history.take() {
                    held.push(node);
                }
            }
        }
    }

    fn op(&self) -> &dyn Any {
        self
    }

    fn describe(&self) -> Description<T> {
        Description {
            name: "checkpoint".to_owned(),
            inputs: self.inputs.iter().map(|x| x.history.clone()).collect(),
            saved: self.inputs.iter().map(|x| Saved::of(&x.tensor)).collect(),
            attribute_bytes: size_of_val(&*self.keys),
        }
    }
}

impl<T: Float> fmt::Debug for Checkpoint<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Checkpoint")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_pairs;
    use crate::{
        CreateGraph, Error, ErrorKind, Gradients, Tensor, dropout_with, grad, no_grad, replayable,
    };
    use gradlet_tensor::{Mask, rng, tensor};
    use std::cell::{Cell, RefCell};

    /// Something of several operations that save inputs and outputs.
    fn mix(x: &Var<f64>, y: &Var<f64>) -> Result<Var<f64>> {
        Ok(x.mul(y)?.tanh().mul(&y.exp())?.powi(2) + x)
    }

    fn random(shape: &[usize], seed: u64) -> Tensor<f64> {
        Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng(seed)).unwrap()
    }

    #[test]
    fn gradients_agree_with_finite_differences_to_second_order() {
        gradcheck_pairs(|x| x, |x, y| checkpoint(|x| mix(&x[0], &x[1]), &[x, y]));
    }

    #[test]
    fn captured_values_get_their_gradients_to_second_order() {
        gradcheck_pairs(
            |x| x,
            |x, y| {
                // One captured Var is a leaf or was computed outside, the other comes as an input.
                let (outer, inner) = (y * 2.0, y.clone());
                let f = move |x: &[Var<f64>]| mix(&x[0], &outer)?.mul(&inner);
                // tanh saves the checkpoint's output, so that second derivatives pass through its node again.
                Ok(checkpoint(f, &[&x.powi(2)])?.tanh() + x)
            },
        );
    }

    #[test]
    fn checkpoints_nest() {
        gradcheck_pairs(
            |x| x,
            |x, y| {
                let captured = y.clone();
                let outer = move |x: &[Var<f64>]| {
                    let captured = captured.clone();
                    let inner = move |h: &[Var<f64>]| mix(&h[0], &captured);
                    Ok(checkpoint(inner, &[&x[0].powi(2)])?.tanh() * 2.0)
                };
                checkpoint(outer, &[x])
            },
        );
    }

    fn equal(a: &Gradients<f64>, b: &Gradients<f64>, xs: &[&Var<f64>]) {
        for x in xs {
            assert_eq!(a.wrt(x), b.wrt(x));
            assert!(a.wrt(x).is_some());
        }
        assert_eq!(a.len(), b.len());
    }

    #[test]
    fn gradients_are_those_of_the_plain_function_bit_for_bit() -> Result<()> {
        let (x, w) = (Var::leaf(random(&[4, 3], 1)), Var::leaf(random(&[3], 2)));
        let plain = mix(&x.exp(), &w)?.sum(..)?.backward()?;
        let captured = w.clone();
        let y = checkpoint(move |x| mix(&x[0], &captured), &[&x.exp()])?;
        let loss = y.sum(..)?;
        equal(&plain, &loss.clone().backward()?, &[&x, &w]);
        drop(y);
        equal(&plain, &loss.backward()?, &[&x, &w]);
        Ok(())
    }

    #[test]
    fn a_parameter_alone_is_reached_where_no_input_is_tracked() -> Result<()> {
        let w = Var::leaf(tensor![3.0]);
        let captured = w.clone();
        let y = checkpoint(
            move |x| x[0].mul(&captured),
            &[&Var::constant(tensor![2.0])],
        )?;
        assert_eq!(y.backward()?.wrt(&w).map(Tensor::to_vec), Some(vec![2.0]));
        Ok(())
    }

    #[test]
    fn the_output_may_be_an_input_a_captured_value_or_a_constant() -> Result<()> {
        let (x, w) = (Var::leaf(tensor![2.0]), Var::leaf(tensor![3.0]));
        let h = &x * 5.0;
        let captured = &w * 7.0;
        let same = checkpoint(|x| Ok(x[0].clone()), &[&h])?;
        let other = checkpoint(move |_| Ok(captured.clone()), &[&h])?;
        let constant = checkpoint(|x| Ok(x[0].detach()), &[&h])?;
        let grads = (same + &other + &constant).backward()?;
        let of = |x: &Var| grads.wrt(x).map(Tensor::to_vec);
        assert_eq!((of(&x), of(&w)), (Some(vec![5.0]), Some(vec![7.0])));
        Ok(())
    }

    #[test]
    fn between_the_passes_only_the_inputs_are_held() -> Result<()> {
        let inside: Rc<RefCell<Vec<Tensor>>> = Rc::default();
        let watch = Rc::clone(&inside);
        let f = move |x: &[Var]| {
            let h = x[0].exp();
            watch.borrow_mut().push(h.tensor().clone());
            Ok(h.powi(2).tanh())
        };
        let x = Var::leaf(tensor![0.5, -0.5]);
        let h = &x + 1.0;
        let input = h.tensor().clone();
        let y = checkpoint(f, &[&h])?;
        drop(h);
        assert!(inside.borrow()[0].is_unshared(), "held after forward");
        assert!(!input.is_unshared());
        let graph = y.graph();
        let nodes: Vec<_> = graph.nodes.iter().map(|node| node.op.as_str()).collect();
        assert_eq!(nodes, ["add_scalar", "checkpoint"]);
        assert_eq!(graph.saved_bytes(), 8);
        let loss = y.sum(..)?;
        drop(y);
        loss.backward()?;
        assert_eq!(inside.borrow().len(), 2);
        assert!(inside.borrow()[1].is_unshared() && input.is_unshared());
        Ok(())
    }

    #[test]
    fn the_first_run_records_nothing_and_the_second_does() -> Result<()> {
        let runs = Rc::new(RefCell::new(Vec::new()));
        let seen = Rc::clone(&runs);
        let f = move |x: &[Var]| {
            let y = x[0].exp();
            seen.borrow_mut().push((is_recording(), y.is_tracked()));
            Ok(y)
        };
        let x = Var::leaf(tensor![1.0]);
        checkpoint(f, &[&x])?.backward()?;
        assert_eq!(*runs.borrow(), [(false, false), (true, true)]);
        Ok(())
    }

    #[test]
    fn inputs_are_freed_before_the_walk_where_it_does_not_need_them() -> Result<()> {
        let x = Var::leaf(tensor![0.5, -0.5]);
        let h = &x + 1.0;
        let input = Rc::new(h.tensor().clone());
        let free = Rc::new(Cell::new(false));
        let (input_seen, free_seen) = (Rc::clone(&input), Rc::clone(&free));
        let f = move |x: &[Var]| {
            let (input, free) = (Rc::clone(&input_seen), Rc::clone(&free_seen));
            // tanh keeps its output only.
            Ok(x[0].tanh().hook(move |_| {
                free.set(input.is_unshared());
                Ok(None)
            }))
        };
        let y = checkpoint(f, &[&h])?;
        drop(h);
        y.backward_with(tensor![1.0, 1.0])?;
        assert!(free.get());
        Ok(())
    }

    /// Dropout with keys from a stream of its own; counts its draws.
    fn dropping(draws: &Rc<Cell<u64>>) -> impl Fn(&Var<f64>) -> Result<Var<f64>> + 'static {
        let draws = Rc::clone(draws);
        move |x| {
            let fresh = || DrawKey {
                seed: 5,
                call: draws.replace(draws.get() + 1),
            };
            dropout_with(x, Mask::draw(x.dims(), 0.5, replayable(fresh))?, 2.0)
        }
    }

    #[test]
    fn masks_come_again_also_in_nested_checkpoints_and_second_passes() -> Result<()> {
        let draws = Rc::new(Cell::new(0));
        let (outer, inner) = (dropping(&draws), Rc::new(dropping(&draws)));
        let f = move |x: &[Var<f64>]| {
            let inner = Rc::clone(&inner);
            let h = checkpoint(move |h| inner(&inner(&h[0])?.exp()), &[&outer(&x[0])?])?;
            outer(&h)
        };
        let x = Var::leaf(random(&[1000], 1));
        let y = checkpoint(f, &[&x])?;
        assert_eq!(draws.get(), 4);
        // y = m4 m3 exp(m2 m1 x) where all are kept 16-fold, so that the gradient follows from the value.
        let kept = y.tensor().map(|y| if y == 0.0 { 0.0 } else { 4.0 });
        let value = y.tensor().clone();
        let loss = y.sum(..)?;
        let (first, second) = (loss.clone().backward()?, loss.backward()?);
        assert_eq!(first.wrt(&x), second.wrt(&x));
        assert_eq!(draws.get(), 4, "nothing new is drawn");
        let dx = first.wrt(&x).unwrap();
        for ((dx, y), (kept, x)) in dx
            .iter()
            .zip(value.iter())
            .zip(kept.iter().zip(x.tensor().iter()))
        {
            // Either the exponent was dropped and y = 4, or dy/dx = 4 y.
            let exponent = y == 4.0;
            assert_eq!(dx == 0.0, kept == 0.0 || exponent, "{x}");
            assert!(dx == 0.0 || (dx - 4.0 * y).abs() <= 1e-12 * y, "{dx} {y}");
        }
        Ok(())
    }

    #[test]
    fn dropout_inside_passes_the_gradient_check() -> Result<()> {
        let x = [random(&[20], 3)];
        let f = |x: &[Var<f64>]| {
            // A fresh stream for each call, since the check has to see one function.
            let drop = dropping(&Rc::default());
            checkpoint(move |x| drop(&drop(&x[0].powi(2))?.tanh()), &[&x[0]])
        };
        crate::gradcheck(f, &x)?;
        crate::gradgradcheck(f, &x)
    }

    #[test]
    fn without_recording_it_is_the_plain_call() -> Result<()> {
        let calls = Rc::new(Cell::new(0));
        let counted = Rc::clone(&calls);
        let f = move |x: &[Var]| {
            counted.set(counted.get() + 1);
            Ok(&x[0] * 2.0)
        };
        let x = Var::leaf(tensor![1.0]);
        let y = no_grad(|| checkpoint(f, &[&x]))?;
        assert_eq!((y.is_tracked(), y.item()?, calls.get()), (false, 2.0, 1));
        Ok(())
    }

    #[test]
    fn a_no_grad_inside_stays_one() -> Result<()> {
        let x = Var::leaf(tensor![3.0]);
        let f = |x: &[Var]| x[0].mul(&no_grad(|| x[0].powi(2)));
        let y = checkpoint(f, &[&x])?;
        assert_eq!(y.backward()?.wrt(&x).map(Tensor::to_vec), Some(vec![9.0]));
        assert!(is_recording());
        Ok(())
    }

    #[test]
    fn errors_of_both_passes_come_out_and_leave_recording_on() -> Result<()> {
        let failing = || Error::new(ErrorKind::NoTensors { op: "mine" });
        let x = Var::leaf(tensor![1.0]);
        assert!(checkpoint(move |_| Err(failing()), &[&x]).is_err());
        assert!(is_recording());
        let y = checkpoint_with(|x| Ok(&x[0] * 2.0), move |_| Err(failing()), &[&x])?;
        let error = y.backward().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::NoTensors { op: "mine" }));
        assert!(is_recording());
        let y = checkpoint_with(|x| Ok(&x[0] * 2.0), |x| x[0].unsqueeze(0), &[&x])?;
        let error = y.backward().unwrap_err().to_string();
        let expected = "checkpoint: shapes differ: expected [1], got [1, 1]";
        assert!(error.starts_with(expected), "{error}");
        Ok(())
    }

    #[test]
    fn gradients_of_values_outside_are_complete() -> Result<()> {
        let x = Var::leaf(tensor![f64; 1.0, 2.0]);
        let h = x.powi(2).retain();
        let captured = h.clone();
        let y = checkpoint(move |x| x[0].mul(&captured), &[&h])? + &h;
        let grads = y.clone().backward_with(tensor![f64; 1.0, 1.0])?;
        // y = h^2 + h
        let dh = grads.wrt(&h).map(Tensor::to_vec);
        assert_eq!(dh, Some(vec![3.0, 9.0]));
        let by_h = grad(&y.sum(..)?, &[&h], CreateGraph::No)?;
        assert_eq!(Some(by_h[0].to_vec()), dh);
        Ok(())
    }

    #[test]
    fn long_chains_of_checkpoints_run_and_are_freed() -> Result<()> {
        let x = Var::leaf(tensor![f64; 1.0]);
        let chain = |captures: bool| {
            (0..100_000).try_fold(x.clone(), |h, _| {
                if captures {
                    checkpoint(move |x| Ok(&h + &x[0] * 0.0), &[&x])
                } else {
                    checkpoint(|x| Ok(&x[0] + 0.0), &[&h])
                }
            })
        };
        for captures in [false, true] {
            drop(chain(captures)?);
            let grads = chain(captures)?.backward()?;
            assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![1.0]));
        }
        Ok(())
    }

    #[test]
    fn another_shape_in_the_second_run_is_reported_where_the_checkpoint_was_made() {
        let x = Var::leaf(random(&[2], 1));
        let first = |x: &[Var<f64>]| Ok(x[0].clone());
        let again = |x: &[Var<f64>]| x[0].sum(..);
        let (line, y) = (line!(), checkpoint_with(first, again, &[&x]).unwrap());
        let error = y.sum(..).unwrap().backward().unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("checkpoint: shapes differ: expected [2], got [] (at "),
            "{error}"
        );
        assert_eq!(
            (error.location().file(), error.location().line()),
            (file!(), line)
        );
    }
}
