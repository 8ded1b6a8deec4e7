//! Code generator: machine code for the tree of an expression.
//!
//! `facts` knows what each part costs and whether it can fail, `emit` walks over the tree, `narrow` and
//! `wide` say each function in instructions of 64 and of 128 bits, `divide` divides by constants, `loops`, `lists` and `iterate` are the loops within the expression, and `kernels`
//! goes through the numbers. Where the bounds of a part fit 64 bits nothing overflows in it, and nothing is
//! checked; checks are only where the tree says that something may fail.

mod divide;
mod emit;
mod facts;
mod iterate;
mod kernels;
mod lists;
mod loops;
mod narrow;
#[cfg(test)]
mod speed;
mod wide;
mod window;

use super::tree::Node;
use crate::function::Kind;
use crate::function::jit::{CodeWriter, MachineCode, NoMachineCode, Purpose, Shape};
use facts::Facts;
pub(super) use facts::is_narrow;
use std::collections::HashMap;

/// Parts of a tree that have a window.
#[derive(Default)]
pub(super) struct WindowPlan {
    /// The shapes of the windows, by place.
    pub(super) shapes: Vec<Shape>,
    /// By part, the place and the shape of its window.
    pub(super) parts: HashMap<*const Node, (usize, Shape)>,
}

/// Machine code for an expression: a kernel that counts if it gives truth values, and one that gives values,
/// narrow ones if all of them fit `i64`.
pub(super) fn compile(tree: &Node, plan: WindowPlan) -> Result<MachineCode, NoMachineCode> {
    let facts = Facts::of(tree).with_windows(plan.parts);
    let mut writer = CodeWriter::new(plan.shapes)?;
    if tree.kind == Kind::Truth {
        writer.write(Purpose::Count, |to, calls| kernels::count(to, calls, tree, &facts))?;
    }
    let purpose = if is_narrow(tree) { Purpose::Narrow } else { Purpose::Wide };
    writer.write(purpose, |to, calls| kernels::values(to, calls, tree, &facts))?;
    writer.finish()
}

/// What it costs to apply the expression to one number, in units of about an addition.
pub(super) fn cost(tree: &Node) -> u64 {
    Facts::of(tree).cost(tree)
}
