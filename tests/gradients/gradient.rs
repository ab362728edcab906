//! Operations about gradients themselves, dropout, and checkpoints.

use gradlet::checkpoint;
use gradlet::dropout::{Mask, dropout_owned, dropout_with};

use crate::draw::Entry;

pub(crate) const ENTRIES: &[Entry] = &[
    ("dropout", |d| {
        let shape = d.shape();
        let kept = d.part(&shape);
        let mask = Mask::from_kept(&d.mask(&kept)?)?.broadcast_to(&shape)?;
        d.unary(move |x| dropout_with(x, mask.clone(), 1.25))
    }),
    ("dropout owned", |d| {
        let mask = Mask::from_kept(&d.mask(&d.shape())?)?;
        d.unary(move |x| dropout_owned(x.square(), mask.clone(), 1.25))
    }),
    ("hook", |d| {
        d.unary(|x| Ok(x.square().hook(|_| Ok(None)).square()))
    }),
    ("hook that replaces", |d| {
        d.unary(|x| Ok(x.square().hook(|g| Ok(Some(g.mul_scalar(1.0)))).square()))
    }),
    ("retain", |d| d.unary(|x| Ok(x.square().retain().square()))),
    ("checkpoint", |d| {
        d.unary(|x| checkpoint(|x| x[0].exp().mul(&x[1].sin()), &[x, &x.square()]))
    }),
    ("checkpoint of two", |d| {
        d.pair(|x, y| checkpoint(|x| x[0].tanh().mul(&x[1].square()), &[x, y]))
    }),
];
