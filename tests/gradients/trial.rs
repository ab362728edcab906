//! A layer as a function of its inputs and parameters, and the check of its gradients along random directions.

use gradlet::module::Module;
use gradlet::tensor::math;
use gradlet::{CreateGraph, Forward, Parameter, Pcg64, Result, Shape, grad, rng};

use crate::draw::{Tensor, Var};

/// A layer, as a function of its inputs.
pub(crate) struct Trial {
    layer: Box<dyn Layer>,
    inputs: Vec<Tensor>,
}

trait Layer {
    fn model(&mut self) -> &mut dyn Module;
    fn run(&self, x: &[Var]) -> Result<Var>;
}

struct With<M, F>(M, F);

impl<M: Module, F: Fn(&M, &[Var]) -> Result<Var>> Layer for With<M, F> {
    fn model(&mut self) -> &mut dyn Module {
        &mut self.0
    }

    fn run(&self, x: &[Var]) -> Result<Var> {
        self.1(&self.0, x)
    }
}

pub(crate) fn trial<M: Module + 'static>(
    layer: M,
    inputs: Vec<Tensor>,
    f: impl Fn(&M, &[Var]) -> Result<Var> + 'static,
) -> Trial {
    let layer = Box::new(With(layer, f));
    Trial { layer, inputs }
}

/// A layer of one input.
pub(crate) fn one<M: Forward<f64> + 'static>(layer: M, input: Tensor) -> Trial {
    trial(layer, vec![input], |layer, x| layer.forward(&x[0]))
}

/// A number, and its gradient by inputs and parameters.
type Slope = (f64, Vec<Tensor>);

impl Trial {
    /// Values of all inputs and parameters, or directions from them.
    fn drawn(&mut self, rng: &mut Pcg64) -> Result<Vec<Tensor>> {
        let mut shapes: Vec<_> = self.inputs.iter().map(|x| *x.shape()).collect();
        let parameters = self.layer.model().named_parameters();
        shapes.extend(parameters.iter().map(|(_, parameter)| *parameter.shape()));
        let normal = |shape: &Shape| Tensor::normal(shape, 0.0, 1.0, rng);
        shapes.iter().map(normal).collect()
    }

    /// The inputs, and a value for each parameter.
    fn start(&mut self, rng: &mut Pcg64) -> Result<Vec<Tensor>> {
        let mut all = self.drawn(rng)?;
        all.splice(..self.inputs.len(), self.inputs.iter().cloned());
        Ok(all)
    }

    /// The sum of the outputs, each times a number of its own, and the sum of its gradients, each times one of `along`.
    fn at(&mut self, point: &[Tensor], along: &[Tensor]) -> Result<[Slope; 2]> {
        let (inputs, values) = point.split_at(self.inputs.len());
        let mut leaves: Vec<_> = inputs.iter().cloned().map(Var::leaf).collect();
        let (model, mut values) = (self.layer.model(), values.iter());
        model.visit_parameters_mut(&mut |_, parameter| {
            let parameter = parameter.as_any_mut().downcast_mut::<Parameter<f64>>();
            if let (Some(parameter), Some(value)) = (parameter, values.next()) {
                *parameter.tensor_mut() = value.clone();
                leaves.push(parameter.leaf());
            }
            Ok(())
        })?;
        assert_eq!(leaves.len(), point.len(), "a parameter of a different type");
        let leaves: Vec<_> = leaves.iter().collect();
        let inputs: Vec<_> = leaves[..inputs.len()].iter().map(|&x| x.clone()).collect();
        let y = self.layer.run(&inputs)?;
        let weights = Tensor::from_fn(y.shape(), |i| math::sin(0.7 * i as f64 + 0.3))?;
        let first = y.mul(&Var::constant(weights))?.sum(..)?;
        let gradients = grad(&first, &leaves, CreateGraph::Yes)?;
        let mut second = Var::constant(Tensor::scalar(0.0));
        for (g, along) in gradients.iter().zip(along) {
            second = second.add(&g.mul(&Var::constant(along.clone()))?.sum(..)?)?;
        }
        let again = if second.is_tracked() {
            grad(&second, &leaves, CreateGraph::No)?
        } else {
            leaves
                .iter()
                .map(|x| Var::constant(x.tensor().zeros_like()))
                .collect()
        };
        let plain = |all: Vec<Var>| all.into_iter().map(Var::into_tensor).collect();
        Ok([
            (first.item()?, plain(gradients)),
            (second.item()?, plain(again)),
        ])
    }

    /// The layer with its settings.
    pub(crate) fn describe(&mut self) -> String {
        self.layer.model().describe()
    }

    /// The slopes of both sums along a way, from places ahead and behind.
    fn differences(&mut self, [start, along, way]: [&[Tensor]; 3], far: f64) -> Result<[f64; 2]> {
        let moved = |by: f64| -> Result<Vec<_>> {
            let both = start.iter().zip(way);
            both.map(|(x, way)| x.add(&way.mul_scalar(by))).collect()
        };
        let (ahead, behind) = (
            self.at(&moved(far)?, along)?,
            self.at(&moved(-far)?, along)?,
        );
        Ok([0, 1].map(|order| (ahead[order].0 - behind[order].0) / (2.0 * far)))
    }

    /// An error with both slopes unless they agree: at a point near which there is no kink, where slopes from two
    /// distances agree.
    pub(crate) fn check(&mut self, seed: u64) -> Result<Result<(), String>> {
        let rng = &mut rng(seed);
        'points: for _ in 0..20 {
            let (start, along, way) = (self.start(rng)?, self.drawn(rng)?, self.drawn(rng)?);
            let here = self.at(&start, &along)?;
            let near = self.differences([&start, &along, &way], 2e-6)?;
            let far = self.differences([&start, &along, &way], 4e-6)?;
            for (order, (_, gradient)) in here.iter().enumerate() {
                let terms = gradient.iter().zip(&way).map(|(g, way)| g.mul(way));
                let terms: Vec<Tensor> = terms.collect::<Result<_>>()?;
                let slope: f64 = terms.iter().flat_map(Tensor::iter).sum();
                let size: f64 = terms.iter().flat_map(Tensor::iter).map(f64::abs).sum();
                let bound = 1e-6 * (1.0 + size);
                let (near, far) = (near[order], far[order]);
                if (near - far).abs() > bound {
                    continue 'points;
                }
                let agree = (slope - near).abs() <= bound;
                if !agree {
                    let name = ["gradient", "second gradient"][order];
                    return Ok(Err(format!(
                        "{name}: slope {slope}, numeric {near} and {far}"
                    )));
                }
            }
            return Ok(Ok(()));
        }
        Ok(Err("found no point without a kink nearby".to_owned()))
    }
}
