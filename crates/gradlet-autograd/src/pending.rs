//! [`Pending`]: the nodes that a walk has still to visit.

use std::collections::BTreeMap;

use gradlet_tensor::{Float, Result};

use crate::across::Across;
use crate::part::Contribution;
use crate::record::Node;
use crate::var::Var;

/// The nodes that a gradient has reached. The first of them is kept apart, so that a chain never touches the map.
pub(crate) struct Pending<T: Float> {
    newest: Option<(u64, Node<T>, Var<T>)>,
    others: BTreeMap<u64, (Node<T>, Var<T>)>,
    /// Those whose outputs are of a different element type.
    across: BTreeMap<u64, Box<dyn Across>>,
}

/// The next node, with the gradient of its output.
pub(crate) enum Next<T: Float> {
    Here(u64, Node<T>, Var<T>),
    Across(u64, Box<dyn Across>),
}

impl<T: Float> Default for Pending<T> {
    fn default() -> Self {
        Self {
            newest: None,
            others: BTreeMap::new(),
            across: BTreeMap::new(),
        }
    }
}

impl<T: Float> Pending<T> {
    /// Adds to the gradient of the output of the node with this id.
    #[inline]
    pub(crate) fn add(&mut self, id: u64, node: Node<T>, g: Contribution<T>) -> Result<()> {
        if self.newest.is_none() && self.others.is_empty() {
            self.newest = Some((id, node, g.whole()?));
            return Ok(());
        }
        self.add_beside(id, node, g)
    }

    /// As `add`, where other nodes may be pending.
    #[inline(never)]
    fn add_beside(&mut self, id: u64, node: Node<T>, g: Contribution<T>) -> Result<()> {
        match &mut self.newest {
            Some((newest, _, sum)) if *newest == id => g.add_to(sum)?,
            _ => match self.others.get_mut(&id) {
                Some((_, sum)) => g.add_to(sum)?,
                None => {
                    self.others.insert(id, (node, g.whole()?));
                }
            },
        }
        Ok(())
    }

    /// As `add`, whatever the element type.
    pub(crate) fn add_across(&mut self, id: u64, g: Box<dyn Across>) -> Result<()> {
        let sum = self.across.remove(&id);
        self.across.insert(id, g.added_to(sum)?);
        Ok(())
    }

    /// Takes the newest node.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Next<T>> {
        if self.others.is_empty() && self.across.is_empty() {
            let (id, node, g) = self.newest.take()?;
            return Some(Next::Here(id, node, g));
        }
        self.pop_of_several()
    }

    /// As `pop`, where several nodes may be pending.
    #[inline(never)]
    fn pop_of_several(&mut self) -> Option<Next<T>> {
        let mut newest = self.newest.as_ref().map(|(id, ..)| *id);
        let is_newer = |id: u64, newest: Option<u64>| newest.is_none_or(|newest| id > newest);
        let mut from_others = false;
        if let Some((&id, _)) = self.others.last_key_value()
            && is_newer(id, newest)
        {
            (newest, from_others) = (Some(id), true);
        }
        if let Some((&id, _)) = self.across.last_key_value()
            && is_newer(id, newest)
        {
            return self
                .across
                .pop_last()
                .map(|(id, across)| Next::Across(id, across));
        }
        let (id, node, g) = if from_others {
            self.others.pop_last().map(|(id, (node, g))| (id, node, g))
        } else {
            self.newest.take()
        }?;
        Some(Next::Here(id, node, g))
    }
}
