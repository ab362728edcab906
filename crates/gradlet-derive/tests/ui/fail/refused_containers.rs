//! Containers whose parts a model cannot visit, each once and in the same order.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use gradlet::{Buffer, Linear, Module};

#[derive(Module)]
struct Net {
    heads: HashMap<String, Linear>,
    body: Arc<Linear>,
    tied: Option<Rc<Linear>>,
    mean: Mutex<Buffer>,
    parts: (Linear, std::sync::RwLock<Linear>),
    #[module(skip)]
    names: HashMap<String, usize>,
}

fn main() {}
