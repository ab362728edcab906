//! Averages of planes by windows or by a number of parts, and the transpose of this operation.

use crate::element::Float;
use crate::error::{Error, ErrorKind, Result, out_of_range};
use crate::fused::settings::{Divisor, Window};
use crate::fused::window::expect_planes;
use crate::kernel::average::{self as kernel, Spans};
use crate::kernel::parallel::{PART, for_chunks};
use crate::shape::{Keep, Shape};
use crate::tensor::Tensor;

/// Averages from planes of one shape to planes of another.
pub(crate) struct Averages {
    spans: [Spans; 2],
    divisor: Option<f64>,
    from: Shape,
    to: Shape,
}

impl Averages {
    fn new(from: Shape, spans: [Spans; 2], divisor: Option<f64>) -> Self {
        let mut to = from;
        for (size, spans) in to.iter_mut().rev().zip(spans.iter().rev()) {
            *size = spans.output();
        }
        Self {
            spans,
            divisor,
            from,
            to,
        }
    }

    #[track_caller]
    pub(crate) fn sliding(
        op: &'static str,
        from: Shape,
        window: Window<2>,
        divisor: Divisor,
    ) -> Result<Self> {
        expect_planes(op, from)?;
        let windows = window.reading(op, &from)?;
        let fixed = match divisor {
            Divisor::Fixed(0) => {
                let expected = "a number other than 0";
                return Err(out_of_range(op, "divisor", expected, 0, String::new()));
            }
            Divisor::Fixed(divisor) => Some(divisor as f64),
            _ => None,
        };
        let padding_counts = divisor == Divisor::WithPadding;
        let spans = windows.map(|window| Spans::Sliding {
            window,
            padding_counts,
        });
        Ok(Self::new(from, spans, fixed))
    }

    /// Averages of that many parts, which are equally large if the sizes divide.
    #[track_caller]
    pub(crate) fn parts(op: &'static str, from: Shape, sizes: [usize; 2]) -> Result<Self> {
        let rank = expect_planes(op, from)?;
        let planes = &from[rank - 2..];
        let spans = [0, 1].map(|i| Spans::parts(planes[i], sizes[i]));
        if spans
            .iter()
            .any(|part| part.input() == 0 && part.output() > 0)
        {
            return Err(Error::new(ErrorKind::Empty { op, shape: from }));
        }
        Ok(Self::new(from, spans, None))
    }

    pub(crate) fn into_spans(self) -> [Spans; 2] {
        self.spans
    }

    /// The numbers of elements of a plane before and after averaging.
    fn plane_sizes(&self) -> [usize; 2] {
        let [down, along] = &self.spans;
        // The shape of a gradient's input need not be one that a tensor has.
        [
            down.input().saturating_mul(along.input()),
            down.output().saturating_mul(along.output()),
        ]
    }

    /// The divisor of a plane's sum, if one window reads the whole plane.
    fn of_whole_planes<T: Float>(&self) -> Option<T> {
        let mut divisor = 1.0;
        for spans in &self.spans {
            if spans.output() != 1 {
                return None;
            }
            let (elements, count) = spans.at(0);
            if elements != (0..spans.input()) || spans.step() > 1 {
                return None;
            }
            divisor *= count;
        }
        Some(T::of(self.divisor.unwrap_or(divisor)))
    }

    #[track_caller]
    pub(crate) fn average<T: Float>(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        if let Some(divisor) = self.of_whole_planes() {
            return Ok(x.sum(Keep([-1, -2]))?.div_scalar(divisor));
        }
        let x = x.try_contiguous()?;
        let x = x.as_slice().unwrap_or_default();
        Tensor::build(self.to, |y| {
            if y.is_empty() {
                return;
            }
            let [from, to] = self.plane_sizes();
            for_chunks(y, PART.div_ceil(to) * to, |start, y| {
                let planes = x[start / to * from..].chunks_exact(from);
                let mut line = vec![T::zero(); self.spans[1].input()];
                for (x, y) in planes.zip(y.chunks_exact_mut(to)) {
                    kernel::average(&self.spans, self.divisor, x, y, &mut line);
                }
            });
        })
    }

    #[track_caller]
    pub(crate) fn spread<T: Float>(&self, op: &'static str, g: &Tensor<T>) -> Result<Tensor<T>> {
        g.expect_shape(op, self.to)?;
        if g.is_empty() {
            return Tensor::zeros_of(self.from);
        }
        if let Some(divisor) = self.of_whole_planes() {
            return g.div_scalar(divisor).broadcast_to(self.from);
        }
        let g = g.try_contiguous()?;
        let g = g.as_slice().unwrap_or_default();
        let [from, to] = self.plane_sizes();
        Tensor::build(self.from, |dx| {
            for_chunks(dx, PART.div_ceil(from) * from, |start, dx| {
                let planes = g[start / from * to..].chunks_exact(to);
                let mut line = vec![T::zero(); self.spans[1].input()];
                for (g, dx) in planes.zip(dx.chunks_exact_mut(from)) {
                    kernel::spread(&self.spans, self.divisor, g, dx, &mut line);
                }
            });
        })
    }
}
