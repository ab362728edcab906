//! Computes y = dropout(relu(x W1 + b1)) and dropout(relu(y W2 + b2)): twice by hand, once with `Dropout`.
//!
//! ```text
//! cargo run --release --example seed_two_layer
//! ```
//!
//! 1. *Classic*: masks by hand, no scaling in training, times (1 - p) at test time (Srivastava
//!    et al. 2014).
//! 2. *Inverted*: masks by hand, divided by (1 - p) in training, nothing to do at test time.
//! 3. *gradlet*: the `Dropout` layer, with `eval()` for test time.
//!
//! One input row goes through the net with many masks: in a batch of equal rows each row gets its
//! own masks. All printed claims are checked too; one that fails ends the program with exit code 1.

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use gradlet::dropout::twin;
use gradlet::prelude::*;
use gradlet_examples::against::{self, Report};
use gradlet_examples::args;

/// Sizes of input, hidden layer and output.
const SIZES: [usize; 3] = [6, 10, 4];

/// Step of the finite differences: the error of central differences is about its square.
const STEP: f64 = 1e-5;

/// Largest difference of a gradient from finite differences, which have a rounding error near
/// 1e-16 / `STEP`.
const TOLERANCE: f64 = 1e-8;

/// The two-layer net of dropout's seed, with three ways to scale
#[derive(Parser)]
struct Args {
    /// Masks to draw; with few of them a gap may be chance
    #[arg(long, default_value = "20000", value_parser = args::count)]
    masks: usize,
    /// Probability that an element is zeroed, between 0 and 1
    #[arg(long, default_value = "0.4", value_parser = args::inside)]
    dropout: f64,
    /// The seed of all random numbers
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// W1, b1, W2, b2: the same in all three forms.
struct Weights {
    w1: Tensor<f64>,
    b1: Tensor<f64>,
    w2: Tensor<f64>,
    b2: Tensor<f64>,
}

impl Weights {
    fn new(rng: &mut Pcg64) -> Result<Self> {
        let [inputs, hidden, outputs] = SIZES;
        Ok(Self {
            w1: Tensor::normal([inputs, hidden], 0.0, 0.6, rng)?,
            b1: Tensor::normal([hidden], 0.0, 0.3, rng)?,
            w2: Tensor::normal([hidden, outputs], 0.0, 0.6, rng)?,
            b2: Tensor::normal([outputs], 0.0, 0.3, rng)?,
        })
    }
}

/// The results of a pass through the net: one row for each row of the input.
struct Pass {
    /// dropout(relu(x W1 + b1)).
    y: Tensor<f64>,
    /// y W2 + b2.
    z: Tensor<f64>,
    /// relu(z).
    h: Tensor<f64>,
    /// dropout(h).
    out: Tensor<f64>,
}

/// One of the three forms of the net.
trait Form {
    /// The results of all stages, for each row of `x`.
    fn pass(&mut self, x: &Tensor<f64>, mode: Mode) -> Result<Pass>;

    /// The result of the second dropout alone, given its input.
    fn second_dropout(&mut self, h: &Tensor<f64>, mode: Mode) -> Result<Tensor<f64>>;
}

#[derive(Clone, Copy)]
enum Scaling {
    Classic,
    Inverted,
}

/// The two forms by hand, with masks of zeros and ones.
struct ByHand<'a> {
    weights: &'a Weights,
    scaling: Scaling,
    p: f64,
    rng: Pcg64,
}

impl ByHand<'_> {
    /// Applies dropout; the two forms differ only here.
    fn dropout(&mut self, x: &Tensor<f64>, mode: Mode) -> Result<Tensor<f64>> {
        let keep = 1.0 - self.p;
        match (self.scaling, mode.drops()) {
            (Scaling::Classic, true) => x.mul(&self.mask(x.shape())?),
            (Scaling::Classic, false) => Ok(x.mul_scalar(keep)),
            (Scaling::Inverted, true) => Ok(x.mul(&self.mask(x.shape())?)?.div_scalar(keep)),
            (Scaling::Inverted, false) => Ok(x.clone()),
        }
    }

    fn mask(&mut self, shape: &[usize]) -> Result<Tensor<f64>> {
        let drawn = Tensor::<f64>::uniform([shape[0], shape[1]], 0.0, 1.0, &mut self.rng)?;
        Ok(drawn.ge(&Tensor::scalar(self.p))?.cast())
    }
}

impl Form for ByHand<'_> {
    fn pass(&mut self, x: &Tensor<f64>, mode: Mode) -> Result<Pass> {
        let w = self.weights;
        let y = self.dropout(&relu(&affine(x, &w.w1, &w.b1)?)?, mode)?;
        let z = affine(&y, &w.w2, &w.b2)?;
        let h = relu(&z)?;
        let out = self.dropout(&h, mode)?;
        Ok(Pass { y, z, h, out })
    }

    fn second_dropout(&mut self, h: &Tensor<f64>, mode: Mode) -> Result<Tensor<f64>> {
        self.dropout(h, mode)
    }
}

fn relu(x: &Tensor<f64>) -> Result<Tensor<f64>> {
    x.mul(&x.gt(&Tensor::scalar(0.0))?.cast::<f64>())
}

fn affine(x: &Tensor<f64>, w: &Tensor<f64>, b: &Tensor<f64>) -> Result<Tensor<f64>> {
    x.matmul(w)?.add(b)
}

/// The third form: `Dropout` scales, and its mode says when.
#[derive(Module, Clone)]
struct Net {
    w1: Parameter<f64>,
    b1: Parameter<f64>,
    first: Dropout,
    w2: Parameter<f64>,
    b2: Parameter<f64>,
    second: Dropout,
}

impl Net {
    fn new(weights: &Weights, p: f64, rng: &mut Pcg64) -> Result<Self> {
        Ok(Self {
            w1: Parameter::new(weights.w1.clone()),
            b1: Parameter::new(weights.b1.clone()),
            first: Dropout::new(p, rng)?,
            w2: Parameter::new(weights.w2.clone()),
            b2: Parameter::new(weights.b2.clone()),
            second: Dropout::new(p, rng)?,
        })
    }

    /// The y, z, h and out of [`Pass`], with their history.
    fn stages(&self, x: &Var<f64>) -> Result<[Var<f64>; 4]> {
        let before = x.matmul(&self.w1.leaf())?.add(&self.b1.leaf())?;
        let y = self.first.forward(&before.relu())?;
        let z = y.matmul(&self.w2.leaf())?.add(&self.b2.leaf())?;
        let h = z.relu();
        let out = self.second.forward(&h)?;
        Ok([y, z, h, out])
    }

    /// The loss whose gradient is checked: the mean of the squared outputs.
    fn loss(&self, x: &Tensor<f64>) -> Result<Var<f64>> {
        let [.., out] = self.stages(&Var::constant(x.clone()))?;
        out.powi(2).mean(..)
    }
}

impl Form for Net {
    fn pass(&mut self, x: &Tensor<f64>, mode: Mode) -> Result<Pass> {
        self.set_mode(mode);
        let stages = no_grad(|| self.stages(&Var::constant(x.clone())))?;
        let [y, z, h, out] = stages.map(|stage| stage.tensor().clone());
        Ok(Pass { y, z, h, out })
    }

    fn second_dropout(&mut self, h: &Tensor<f64>, mode: Mode) -> Result<Tensor<f64>> {
        self.set_mode(mode);
        Ok(self
            .second
            .forward(&Var::constant(h.clone()))?
            .tensor()
            .clone())
    }
}

/// Runs a form with many masks and at test time.
fn report(form: &mut dyn Form, x: &Tensor<f64>, masks: usize) -> Result<Report> {
    let train = form.pass(&x.broadcast_to([masks, SIZES[0]])?, Mode::Train)?;
    let test = form.pass(x, Mode::Eval)?;
    let held = test.h.broadcast_to([masks, SIZES[2]])?;
    let second = form.second_dropout(&held, Mode::Train)?;
    let second_test = form.second_dropout(&test.h, Mode::Eval)?;
    Ok([
        against::columns(&train.y, &test.y)?,
        against::columns(&train.z, &test.z)?,
        against::columns(&train.h, &test.h)?,
        against::columns(&second, &second_test)?,
        against::columns(&train.out, &test.out)?,
    ])
}

/// Prints for each unit the cause of the gap after the second ReLU.
fn print_gap(net: &mut Net, x: &Tensor<f64>, masks: usize) -> Result<()> {
    let train = net.pass(&x.broadcast_to([masks, SIZES[0]])?, Mode::Train)?;
    let positive = train.z.gt(&Tensor::scalar(0.0))?.cast::<f64>();
    let shares = positive.mean(0)?.to_vec();
    let (before, after) = (train.z.mean(0)?.to_vec(), train.h.mean(0)?.to_vec());
    println!("\nunit   mean of z   masks with z > 0   relu(mean of z)   mean of relu(z)       gap");
    for unit in 0..SIZES[2] {
        let (z, h, share) = (before[unit], after[unit], 100.0 * shares[unit]);
        let (bent, gap) = (z.max(0.0), h - z.max(0.0));
        println!("{unit:>4}{z:>12.4}{share:>17.1} %{bent:>18.4}{h:>18.4}{gap:>+10.4}");
    }
    Ok(())
}

/// The largest difference of any parameter's gradient from central differences.
///
/// A twin of the net draws the same masks as the original, so the masks stay the same.
fn check_gradient(net: &Net, x: &Tensor<f64>) -> Result<f64> {
    let fields: [fn(&mut Net) -> &mut Parameter<f64>; 4] =
        [|n| &mut n.w1, |n| &mut n.b1, |n| &mut n.w2, |n| &mut n.b2];
    let mut original = twin(net);
    let grads = original.loss(x)?.backward()?;
    let mut worst = 0.0_f64;
    for field in fields {
        let parameter = field(&mut original);
        let gradient = grads
            .get(parameter.id())
            .map(Tensor::to_vec)
            .unwrap_or_default();
        let values = parameter.tensor().to_vec();
        for i in 0..values.len() {
            let shifted = |by: f64| {
                let mut copy = twin(net);
                let weights = field(&mut copy).tensor_mut();
                let mut values = values.clone();
                values[i] += by;
                *weights = Tensor::from_slice(values, weights.shape())?;
                no_grad(|| copy.loss(x))?.item()
            };
            let numeric = (shifted(STEP)? - shifted(-STEP)?) / (2.0 * STEP);
            worst = worst.max((gradient[i] - numeric).abs());
        }
    }
    Ok(worst)
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let mut rng = gradlet::rng(args.seed);
    let weights = Weights::new(&mut rng)?;
    let x = Tensor::<f64>::normal([1, SIZES[0]], 0.0, 1.0, &mut rng)?;
    let mut net = Net::new(&weights, args.dropout, &mut rng)?;
    // Both forms by hand draw the same masks, so that they differ only in their scaling.
    let masks_from = args.seed ^ 1;
    let by_hand = |scaling| {
        let (weights, rng) = (&weights, gradlet::rng(masks_from));
        ByHand {
            weights,
            scaling,
            p: args.dropout,
            rng,
        }
    };

    println!(
        "p = {}, {} masks: mean over the masks, value at test time\n",
        args.dropout, args.masks
    );
    let reports = [
        (
            "classic, by hand",
            report(&mut by_hand(Scaling::Classic), &x, args.masks)?,
        ),
        (
            "inverted, by hand",
            report(&mut by_hand(Scaling::Inverted), &x, args.masks)?,
        ),
        ("gradlet's Dropout", report(&mut net, &x, args.masks)?),
    ];
    print!("{}", against::table(&reports));
    against::check(&reports)?;
    println!(
        "\nIn all three forms, the mean output of each dropout, given its input, is its output at test\n\
         time. The same is true of the second ReLU's input: everything up to there is linear in y."
    );

    print_gap(&mut net, &x, args.masks)?;
    println!(
        "\nReLU is not linear. If masks put a unit's z on both sides of 0, the mean of relu(z) is\n\
         above relu of the mean of z (Jensen's inequality: relu is convex); a unit whose z never\n\
         changes sign has no gap. So the output at test time is close to the mean over all masked\n\
         nets, but it is not that mean, and no scaling of dropout makes it so."
    );

    let batch = Tensor::<f64>::normal([5, SIZES[0]], 0.0, 1.0, &mut rng)?;
    net.train();
    let worst = check_gradient(&net, &batch)?;
    println!("\ngradient against finite differences, fixed masks: largest difference {worst:.1e}");
    if worst > TOLERANCE {
        return Err(format!("the gradient is off by {worst:e}, more than {TOLERANCE:e}").into());
    }
    Ok(())
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
