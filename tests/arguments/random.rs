//! Random arguments: most fit together, some do not, and some are what no caller should pass.

use gradlet::dropout::{DrawKey, Mask};
use gradlet::tensor::fused::{Attention, Centre, Normalization, Over};
use gradlet::window::{Convolution, Divisor, Rounding, Window};
use gradlet::{
    AttentionMask, AttentionOptions, Element, Float, Interpolation, Order, Reduction, Scatter,
    Shape, Tensor, Var, rng,
};
use proptest::prelude::*;

/// More elements than any memory holds.
const HUGE: usize = 1 << 50;

/// What calls are made with: tensors of `T`, or variables `X`, and what else methods take.
#[derive(Clone, Debug)]
pub(crate) struct Random<T: Element, X = Tensor<T>> {
    pub(crate) x: X,
    pub(crate) y: X,
    pub(crate) z: X,
    pub(crate) indices: Tensor<i64>,
    pub(crate) mask: Tensor<bool>,
    pub(crate) axis: isize,
    pub(crate) other_axis: isize,
    pub(crate) axes: Vec<isize>,
    pub(crate) size: usize,
    pub(crate) sizes: Vec<usize>,
    pub(crate) shape: Shape,
    pub(crate) few: [usize; 8],
    pub(crate) number: f64,
    pub(crate) value: T,
    pub(crate) equation: &'static str,
    pub(crate) seed: u64,
}

impl<T: Element, X> Random<T, X> {
    pub(crate) fn window(&self) -> Window<2> {
        let [a, b, c, d, e, f, g, h] = self.few;
        Window::new([a, b])
            .stride([c, d])
            .padding([e.saturating_sub(1), f.saturating_sub(1)])
            .dilation([g, h])
            .rounding(self.rounding())
    }

    pub(crate) fn divisor(&self) -> Divisor {
        match self.few[6] {
            0 => Divisor::Fixed(self.axis as i64),
            1 => Divisor::Fixed(self.few[7] as i64),
            _ => Divisor::default(),
        }
    }

    fn rounding(&self) -> Rounding {
        if self.seed.is_multiple_of(2) {
            Rounding::Floor
        } else {
            Rounding::Ceil
        }
    }

    pub(crate) fn convolution<const N: usize>(&self) -> Convolution<N> {
        let [strides, paddings, dilations] =
            [0, 2, 4].map(|at| std::array::from_fn(|axis| self.few[at + axis]));
        Convolution::default()
            .stride(strides)
            .padding(paddings.map(|padding: usize| padding.saturating_sub(1)))
            .dilation(dilations)
            .groups(self.few[6])
    }

    pub(crate) fn normalization(&self) -> Normalization {
        Normalization {
            over: match self.few[0] {
                0 => Over::Samples,
                groups => Over::Groups(groups - 1),
            },
            centre: if self.few[1] == 0 {
                Centre::Zero
            } else {
                Centre::Mean
            },
            eps: self.number,
        }
    }

    pub(crate) fn order(&self) -> Order {
        if self.seed.is_multiple_of(2) {
            Order::Ascending
        } else {
            Order::Descending
        }
    }

    pub(crate) fn interpolation(&self) -> Interpolation {
        use Interpolation::{Higher, Linear, Lower, Midpoint, Nearest};
        [Linear, Lower, Higher, Midpoint, Nearest][self.seed as usize % 5]
    }

    pub(crate) fn reduction(&self) -> Reduction {
        [Reduction::Mean, Reduction::Sum, Reduction::None][self.seed as usize % 3]
    }

    pub(crate) fn scatter(&self) -> Scatter {
        let ways = [
            Scatter::Add,
            Scatter::Mul,
            Scatter::Max,
            Scatter::Min,
            Scatter::Mean,
        ];
        ways[self.seed as usize % ways.len()]
    }

    pub(crate) fn key(&self) -> DrawKey {
        DrawKey {
            seed: self.seed,
            call: 1,
        }
    }
}

impl<T: Float, X> Random<T, X> {
    pub(crate) fn attention(&self) -> Attention<T> {
        let dropout = Mask::draw(self.shape, 0.5, self.key()).ok();
        Attention {
            scale: self.value,
            causal: self.seed.is_multiple_of(2),
            dropout: dropout
                .filter(|_| self.seed.is_multiple_of(3))
                .map(|mask| (mask, self.value)),
        }
    }

    pub(crate) fn attention_options(&self) -> AttentionOptions<T> {
        let Attention {
            causal, dropout, ..
        } = self.attention();
        let hidden = AttentionMask::hidden(&self.mask).unwrap_or_default();
        let mask = match self.seed % 5 {
            0 => hidden,
            _ => AttentionMask::new(),
        };
        let causal = if causal {
            AttentionMask::causal()
        } else {
            AttentionMask::new()
        };
        AttentionOptions {
            mask: mask.and(causal),
            scale: self.seed.is_multiple_of(7).then_some(self.number),
            dropout: dropout.map(|(mask, factor)| (mask, factor.to_f64())),
        }
    }
}

/// The same with variables, which are tracked.
pub(crate) fn vars() -> impl Strategy<Value = Random<f64, Var<f64>>> {
    random::<f64>().prop_map(|r| Random {
        x: Var::leaf(r.x),
        y: Var::leaf(r.y),
        z: Var::leaf(r.z),
        indices: r.indices,
        mask: r.mask,
        axis: r.axis,
        other_axis: r.other_axis,
        axes: r.axes,
        size: r.size,
        sizes: r.sizes,
        shape: r.shape,
        few: r.few,
        number: r.number,
        value: r.value,
        equation: r.equation,
        seed: r.seed,
    })
}

pub(crate) fn random<T: Element>() -> impl Strategy<Value = Random<T>> {
    let shapes = prop::array::uniform5(shape());
    let relations = prop::array::uniform5(0..9usize);
    let axes = (axis(), axis(), prop::collection::vec(axis(), 0..4));
    let sizes = (
        size(),
        prop::collection::vec(size(), 0..4),
        prop::array::uniform8(few()),
    );
    let scalars = (
        number(),
        number(),
        prop::sample::select(EQUATIONS.to_vec()),
        any::<u64>(),
    );
    (shapes, relations, axes, sizes, scalars).prop_map(
        |(shapes, relations, axes, (size, sizes, few), (number, value, equation, seed))| {
            let [of_x, of_y, of_z, of_indices, of_mask] = shapes;
            let of_y = related(relations[0], &of_x, of_y);
            let of_z = related(
                relations[1],
                if seed.is_multiple_of(2) { &of_x } else { &of_y },
                of_z,
            );
            let of_indices = related(relations[2], &of_x, of_indices);
            let of_mask = related(relations[3], &of_x, of_mask);
            let shape = if seed.is_multiple_of(3) {
                sizes.clone()
            } else {
                related(relations[4], &of_y, sizes.clone())
            };
            let indices = tensor::<f64>(&of_indices, seed ^ 3);
            let (axis, other_axis, axes) = axes;
            Random {
                x: tensor(&of_x, seed),
                y: tensor(&of_y, seed ^ 1),
                z: tensor(&of_z, seed ^ 2),
                indices: if seed.is_multiple_of(4) {
                    indices.cast()
                } else {
                    indices.map(|x| (x.abs() * 0.7) as i64)
                },
                mask: tensor(&of_mask, seed ^ 4),
                shape: Shape::new(&shape).unwrap_or(Shape::SCALAR),
                value: T::from_f64(value),
                axis,
                other_axis,
                axes,
                size,
                sizes,
                few,
                number,
                equation,
                seed,
            }
        },
    )
}

const EQUATIONS: [&str; 17] = [
    "ij,jk->ik",
    "ij,kj",
    "ii",
    "i,j->ij",
    "ij->jj",
    "a.->",
    "ij,k",
    "->",
    ",",
    "ijk,ijk->k",
    "i->",
    "...ij,...jk",
    "i...,...i->...",
    "...,...,...->...",
    "i...i->......",
    "abcdefgh",
    "ij,ij,k->",
];

fn shape() -> impl Strategy<Value = Vec<usize>> {
    let usual = prop::collection::vec(0..4usize, 0..5);
    let full = prop::collection::vec(1..4usize, 1..5);
    let of_many_axes = prop::collection::vec(1..3usize, 5..9);
    // Without elements, so that there is such a tensor.
    let huge = (usual.clone(), 0..5usize, 0..5usize).prop_map(|(mut shape, at, none)| {
        shape.truncate(2);
        shape.insert(at % (shape.len() + 1), HUGE);
        shape.insert(none % (shape.len() + 1), 0);
        shape
    });
    prop_oneof![8 => usual, 8 => full, 1 => of_many_axes, 1 => huge]
}

/// A shape that goes with `x` in one of several ways, or does not.
fn related(how: usize, x: &[usize], other: Vec<usize>) -> Vec<usize> {
    let first = other.first().copied().unwrap_or(2);
    let mut y = x.to_vec();
    let related = match (how, x) {
        (0, _) => y,
        (1, _) => {
            y.iter_mut().step_by(2).for_each(|size| *size = 1);
            y
        }
        (2, _) => y.split_off(y.len().min(1)),
        (3, [.., _, _]) => {
            let last = y.len() - 1;
            y.swap(last - 1, last);
            y
        }
        (4, [.., last]) => vec![first, *last],
        (5, [_, channels, ..]) => vec![first, *channels, 1, 2],
        (5, [channels, ..]) => vec![*channels],
        (6, [.., last]) => vec![*last],
        (7, [.., _]) => {
            y.pop();
            y
        }
        _ => other,
    };
    let many = |size| if size == HUGE { 3 } else { size };
    if related.contains(&0) {
        related
    } else {
        related.into_iter().map(many).collect()
    }
}

/// Some with elements in another order than in memory, some broadcast, some cut out; some with odd numbers.
fn tensor<T: Element>(shape: &[usize], seed: u64) -> Tensor<T> {
    let made = match seed % 5 {
        0 | 1 => Ok(numbers(shape, seed)),
        2 => {
            let once: Vec<usize> = shape.iter().map(|&size| size.min(1)).collect();
            numbers(&once, seed).broadcast_to(shape)
        }
        3 if !shape.is_empty() && !shape.contains(&HUGE) => {
            let more: Vec<usize> = shape
                .iter()
                .enumerate()
                .map(|(i, size)| size + usize::from(i == 0))
                .collect();
            numbers(&more, seed).narrow(0, 1, shape[0])
        }
        _ => {
            let turned: Vec<usize> = shape.iter().rev().copied().collect();
            let axes: Vec<isize> = (0..shape.len() as isize).rev().collect();
            numbers(&turned, seed).permute(&axes)
        }
    };
    made.unwrap_or_else(|error| panic!("{error}"))
}

fn numbers<T: Element>(shape: &[usize], seed: u64) -> Tensor<T> {
    let odd = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -0.0,
        1e308,
        -1e-320,
    ];
    let mut place = seed as usize % 7;
    let normal = Tensor::<f64>::normal(shape, 0.0, 1.5, &mut rng(seed));
    let normal = normal.unwrap_or_else(|error| panic!("{error}")).to_vec();
    let values = normal.into_iter().map(|x| {
        place += 1;
        let value = if seed.is_multiple_of(3) && place.is_multiple_of(5) {
            odd[place % odd.len()]
        } else {
            x
        };
        T::from_f64(value)
    });
    let values: Vec<T> = values.collect();
    Tensor::from_slice(values, shape).unwrap_or_else(|error| panic!("{error}"))
}

fn axis() -> impl Strategy<Value = isize> {
    prop_oneof![4 => 0..2isize, 8 => -5..5isize, 1 => Just(isize::MIN), 1 => Just(isize::MAX)]
}

fn size() -> impl Strategy<Value = usize> {
    let much = [
        usize::MAX,
        usize::MAX / 2 + 1,
        usize::MAX / 2,
        HUGE,
        1 << 60,
    ];
    prop_oneof![10 => 0..5usize, 1 => prop::sample::select(much.to_vec())]
}

/// A size of a kernel, a stride and the like.
fn few() -> impl Strategy<Value = usize> {
    prop_oneof![20 => 1..3usize, 2 => 0..5usize, 1 => size()]
}

fn number() -> impl Strategy<Value = f64> {
    let odd = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.0,
        -1.0,
        1.0,
        2.0,
        1e308,
    ];
    prop_oneof![1 => 0.0..1.0, 1 => -3.0..3.0, 1 => prop::sample::select(odd.to_vec())]
}
