//! Checkpoints against the plain functions, bit for bit.

use std::rc::Rc;

use super::{checkpoint, checkpoint_with};
use crate::check::gradcheck_pairs;
use crate::{
    CreateGraph, Error, ErrorKind, Gradients, Result, Tensor, Var, dropout_with, grad,
    is_recording, no_grad, replayable, vjp,
};
use gradlet_tensor::{DrawKey, Mask, rng, tensor};
use std::cell::{Cell, RefCell};

/// A function of several operations that save inputs and outputs.
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
        dropout_with(x, Mask::draw(x.shape(), 0.5, replayable(fresh))?, 2.0)
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
    // y = m4 m3 exp(m2 m1 x), 4 exp(4 x) if all four masks keep, so that the gradient follows from the value.
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
        // A fresh stream for each call, since the check has to see the same function every time.
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

#[test]
fn gradients_taken_inside_a_checkpointed_function_are_refused_by_name() -> Result<()> {
    let x = Var::leaf(tensor![2.0]);
    let with_grad = |x: &[Var]| Ok(grad(&x[0].powi(3), &[&x[0]], CreateGraph::Yes)?[0].clone());
    let with_backward = |x: &[Var]| {
        let inner = Var::leaf(x[0].tensor().clone());
        let grads = inner.powi(3).backward()?;
        Ok(grads
            .wrt(&inner)
            .map_or_else(|| x[0].clone(), |g| Var::constant(g.clone())))
    };
    let nested = move |x: &[Var]| checkpoint(with_grad, &[&x[0]]);
    let errors = [
        ("grad", checkpoint(with_grad, &[&x])),
        ("backward", checkpoint(with_backward, &[&x])),
        ("grad", checkpoint(nested, &[&x])),
    ];
    for (op, result) in errors {
        let text = result.unwrap_err().to_string();
        let expected = format!(
            "{op}: gradients cannot be taken inside a checkpointed function, since its first run is not recorded; take \
             them outside, or, if they are not differentiated again, with vjp, jvp or hvp (at {}:",
            file!()
        );
        assert!(text.starts_with(&expected), "{text}");
    }
    // The way out that the message names: those functions record by themselves.
    let scaled = |x: &[Var]| {
        let (_, dx) = vjp(
            |x| x[0].powi(3).sum(..),
            &[x[0].tensor().clone()],
            &Tensor::scalar(1.0),
        )?;
        x[0].mul(&Var::constant(dx[0].clone()))
    };
    let y = checkpoint(scaled, &[&x])?;
    assert_eq!(y.item()?, 24.0);
    assert_eq!(y.backward()?.wrt(&x).map(Tensor::to_vec), Some(vec![12.0]));
    Ok(())
}
