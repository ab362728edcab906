//! A union and an enum without variants have no children to list.

use gradlet::Module;

#[derive(Module)]
union Either {
    left: f32,
    right: u32,
}

#[derive(Module)]
enum Never {}

fn main() {}
