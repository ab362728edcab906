//! The walk over two tensors that functions of pairs share.

use crate::element::Element;
use crate::error::Result;
use crate::kernel::parallel::{PART, for_chunks};
use crate::shape::{Nest, Shape};
use crate::tensor::Tensor;

/// Computes elements of a result from those of two tensors, each with the step between them.
type Run<'a, A, B, C> = &'a (dyn Fn((&[A], usize), (&[B], usize), &mut [C]) + Sync);

impl<A: Element> Tensor<A> {
    /// What `run` computes from both tensors, broadcast to this shape; compiled once for all functions of these types.
    #[track_caller]
    pub(crate) fn zip_runs<B: Element, C: Element>(
        &self,
        rhs: &Tensor<B>,
        shape: Shape,
        run: Run<'_, A, B, C>,
    ) -> Result<Tensor<C>> {
        // Every element with the one of the same place in memory, or with the same number.
        let same = self.layout().same_order(rhs.layout());
        let number = rhs.len() == 1 && rhs.rank() <= self.rank();
        let (a, b) = (
            self.layout_broadcast_to(shape)?,
            rhs.layout_broadcast_to(shape)?,
        );
        if (same || number)
            && let (Some(a), Some(b)) = (self.as_dense_slice(), rhs.as_dense_slice())
        {
            let step = usize::from(same);
            return Tensor::build_in(self.layout().at_start(), |y| {
                for_chunks(y, PART, |start, y| {
                    run((&a[start..], 1), (&b[start * step..], step), y);
                });
            });
        }
        if let Some(repeats) = a.repeats_with(&b) {
            let (a, b) = (self.view(a.once(&repeats)), rhs.view(b.once(&repeats)));
            return a.zip_runs(&b, *a.shape(), run)?.broadcast_to(shape);
        }
        let nest = Nest::new(&shape, [&a, &b]);
        let (_, [step_a, step_b]) = nest.row();
        Tensor::build(shape, |y| {
            nest.for_pieces(y, |[a, b], y| {
                run(
                    (&self.storage()[a..], step_a),
                    (&rhs.storage()[b..], step_b),
                    y,
                );
            });
        })
    }
}
