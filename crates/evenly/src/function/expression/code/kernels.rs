//! The loops around an expression: one that counts, one that gives values.

use super::super::tree::Node;
use super::emit::{ComputedValue, Emitter};
use super::facts::Facts;
use super::facts::is_narrow;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    Block, FuncRef, InstBuilder, MemFlags, StackSlotData, StackSlotKind, Value, types,
};
use cranelift_frontend::FunctionBuilder;

/// Up to this cost, several numbers are done in one round: then the loop itself costs little beside them.
const UNROLLED: u64 = 40;
const AT_ONCE: i64 = 4;

/// The kernel of `Purpose::Count`.
pub(super) fn count(to: &mut FunctionBuilder<'_>, calls: &[FuncRef], tree: &Node, facts: &Facts) {
    let KernelEntry { parameters, result } = KernelEntry::new(to);
    let [first, last, report, windows] = parameters[..] else { return };
    let windows = window_addresses(to, facts, windows);
    let failed = to.create_block();
    let done = to.create_block();
    let total = to.append_block_param(done, types::I64);
    let distance = to.ins().isub(last, first);
    let length = to.ins().iadd_imm(distance, 1);
    let zero = to.ins().iconst(types::I64, 0);

    let at_once = if facts.can_fail(tree) || facts.cost(tree) > UNROLLED { 1 } else { AT_ONCE };
    let mut start = (first, zero, length);
    for step in [at_once, 1] {
        // The loop with this step, while at least that many numbers are left.
        let (head, body, end) = (to.create_block(), to.create_block(), to.create_block());
        let [n, so_far, left] = three_parameters(to, head);
        to.ins().jump(head, &[start.0.into(), start.1.into(), start.2.into()]);
        to.switch_to_block(head);
        let more = to.ins().icmp_imm(IntCC::UnsignedGreaterThanOrEqual, left, step);
        to.ins().brif(more, body, &[], end, &[]);
        to.switch_to_block(body);
        to.seal_block(body);
        let fail = to.create_block();
        let code = to.append_block_param(fail, types::I64);
        let mut sum = None;
        for ahead in 0..step {
            let n = to.ins().iadd_imm(n, ahead);
            let mut emitter = Emitter::new(&mut *to, calls, facts, &windows, result, n, fail);
            let truth = emitter.truth(tree);
            sum = Some(match sum {
                None => truth,
                Some(sum) => to.ins().iadd(sum, truth),
            });
        }
        if let Some(sum) = sum {
            let sum = to.ins().uextend(types::I64, sum);
            let count = to.ins().iadd(so_far, sum);
            let next = to.ins().iadd_imm(n, step);
            let left = to.ins().iadd_imm(left, -step);
            to.ins().jump(head, &[next.into(), count.into(), left.into()]);
        }
        to.seal_block(head);
        refuse(to, fail, failed, [code, so_far, n]);
        to.switch_to_block(end);
        to.seal_block(end);
        start = (n, so_far, left);
        if at_once == 1 {
            break;
        }
    }
    to.ins().jump(done, &[start.1.into()]);

    to.switch_to_block(done);
    to.ins().store(MemFlags::trusted(), total, report, 0);
    to.ins().return_(&[zero]);
    let [code, so_far, n] = three_parameters(to, failed);
    to.switch_to_block(failed);
    to.set_cold_block(failed);
    to.ins().store(MemFlags::trusted(), so_far, report, 0);
    to.ins().store(MemFlags::trusted(), n, report, 8);
    to.ins().return_(&[code]);
}

/// The kernel of `Purpose::Narrow` or `Purpose::Wide`, whichever the expression is.
pub(super) fn values(to: &mut FunctionBuilder<'_>, calls: &[FuncRef], tree: &Node, facts: &Facts) {
    let KernelEntry { parameters, result } = KernelEntry::new(to);
    let [first, length, report, windows, out] = parameters[..] else { return };
    let windows = window_addresses(to, facts, windows);
    let zero = to.ins().iconst(types::I64, 0);
    let (head, end, failed) = (to.create_block(), to.create_block(), to.create_block());
    let code = to.append_block_param(end, types::I64);
    let filled = to.append_block_param(end, types::I64);
    let refused = to.append_block_param(failed, types::I64);
    let [n, done, place] = three_parameters(to, head);
    to.ins().jump(head, &[first.into(), zero.into(), out.into()]);

    to.switch_to_block(head);
    let mut emitter = Emitter::new(&mut *to, calls, facts, &windows, result, n, failed);
    let (value, size) = match emitter.value(tree) {
        ComputedValue::Truth(value) => (to.ins().uextend(types::I64, value), 8),
        ComputedValue::Narrow(value) if is_narrow(tree) => (value, 8),
        held => (emitter.widen(held), 16),
    };
    to.ins().store(MemFlags::trusted(), value, place, 0);
    let next = to.ins().iadd_imm(n, 1);
    let place = to.ins().iadd_imm(place, size);
    let more = to.ins().iadd_imm(done, 1);
    let is_full = to.ins().icmp(IntCC::Equal, more, length);
    let onward = [next.into(), more.into(), place.into()];
    to.ins().brif(is_full, end, &[zero.into(), length.into()], head, &onward);
    to.seal_block(head);

    refuse(to, failed, end, [refused, done]);
    to.switch_to_block(end);
    to.ins().store(MemFlags::trusted(), filled, report, 0);
    to.ins().return_(&[code]);
}

/// Entry block of a kernel.
struct KernelEntry {
    parameters: Vec<Value>,
    /// Where called functions leave their results.
    result: cranelift_codegen::ir::StackSlot,
}

impl KernelEntry {
    fn new(to: &mut FunctionBuilder<'_>) -> Self {
        let entry = to.create_block();
        to.append_block_params_for_function_params(entry);
        to.switch_to_block(entry);
        to.seal_block(entry);
        let slot = StackSlotData::new(StackSlotKind::ExplicitSlot, 16, 4);
        let result = to.create_sized_stack_slot(slot);
        Self { parameters: to.block_params(entry).to_vec(), result }
    }
}

/// The addresses of the windows, in the order of their places.
fn window_addresses(to: &mut FunctionBuilder<'_>, facts: &Facts, at: Value) -> Vec<Value> {
    let offsets = (0..).step_by(8).take(facts.windows());
    offsets.map(|offset| to.ins().load(types::I64, MemFlags::trusted(), at, offset)).collect()
}

fn three_parameters(to: &mut FunctionBuilder<'_>, block: Block) -> [Value; 3] {
    [(); 3].map(|()| to.append_block_param(block, types::I64))
}

/// Where a number that fails leaves the loop: on to `onward` with these.
fn refuse<const N: usize>(
    to: &mut FunctionBuilder<'_>,
    block: Block,
    onward: Block,
    with: [Value; N],
) {
    to.switch_to_block(block);
    to.set_cold_block(block);
    to.seal_block(block);
    to.ins().jump(onward, &with.map(Into::into));
}
