//! Code for iterations. A value that may need 128 bits is kept in 64 as long as it fits them.

use super::super::reduction::{Iteration, STEPS};
use super::super::tree::{Iterate, Node};
use super::emit::{ComputedValue, Emitter};
use super::facts::fits;
use super::loops::onward;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, InstBuilder, Type, Value, types};

/// A loop for values of one width: its first block, which gets the value and the number of steps before it.
#[derive(Clone, Copy)]
struct Stage {
    head: Block,
    width: Type,
}

impl Emitter<'_, '_> {
    pub(super) fn iterate(&mut self, node: &Node, iterate: &Iterate) -> ComputedValue {
        let Iteration { gives_steps, slot, start, limit, condition, next } = &iterate.parts;
        let start = self.value(start);
        self.variables.insert(*slot, start);
        let limit = self.limit(limit.as_ref());
        let full = if fits(iterate.state) { types::I64 } else { types::I128 };
        let done = self.to.create_block();
        let result = self.to.append_block_param(done, full);
        let steps = self.to.append_block_param(done, types::I64);
        let last = self.stage(full);
        let zero = self.number(0);
        if let Some((condition, next)) = &iterate.narrow {
            let first = self.stage(types::I64);
            self.go(start, zero, first, Some(last));
            self.rounds(*slot, first, (condition.as_ref(), next), limit, done, Some(last));
        } else {
            self.go(start, zero, last, None);
        }
        self.rounds(*slot, last, (condition.as_ref(), next), limit, done, None);
        self.enter(done);
        let value = match (*gives_steps, full) {
            (true, _) | (_, types::I64) => {
                ComputedValue::Narrow(if *gives_steps { steps } else { result })
            }
            _ => ComputedValue::Wide(result),
        };
        let _ = node;
        value
    }

    fn stage(&mut self, width: Type) -> Stage {
        let head = self.to.create_block();
        self.to.append_block_param(head, width);
        self.to.append_block_param(head, types::I64);
        Stage { head, width }
    }

    /// The limit of steps in 64 bits; more of them take for ever.
    fn limit(&mut self, limit: Option<&Node>) -> Value {
        match limit.map(|limit| self.value(limit)) {
            None => self.number(STEPS as i64),
            Some(ComputedValue::Narrow(limit)) => limit,
            Some(held) => {
                let wide = self.widen(held);
                let most = self.integer(types::I128, i64::MAX);
                let is_more = self.to.ins().icmp(IntCC::SignedGreaterThan, wide, most);
                let zero = self.integer(types::I128, 0);
                let is_less = self.to.ins().icmp(IntCC::SignedLessThan, wide, zero);
                let wide = self.select(is_more, most, wide);
                let wide = self.select(is_less, zero, wide);
                self.to.ins().ireduce(types::I64, wide)
            }
        }
    }

    /// Goes to the loop for this value: the first one if it fits 64 bits, else the other one.
    fn go(&mut self, value: ComputedValue, steps: Value, first: Stage, other: Option<Stage>) {
        match (value, other) {
            (ComputedValue::Narrow(value), _) if first.width == types::I64 => {
                self.to.ins().jump(first.head, &onward(&[value, steps]));
            }
            (held, None) => {
                let wide = self.widen(held);
                let value = if first.width == types::I64 {
                    self.to.ins().ireduce(types::I64, wide)
                } else {
                    wide
                };
                self.to.ins().jump(first.head, &onward(&[value, steps]));
            }
            (held, Some(other)) => {
                let wide = self.widen(held);
                let (low, high) = self.to.ins().isplit(wide);
                let sign = self.to.ins().sshr_imm(low, 63);
                let is_narrow = self.to.ins().icmp(IntCC::Equal, sign, high);
                let (narrow, wide) = (onward(&[low, steps]), onward(&[wide, steps]));
                self.to.ins().brif(is_narrow, first.head, &narrow, other.head, &wide);
            }
        }
    }

    /// The loop of a stage, which goes on to `wider` where a value does not fit it.
    fn rounds(
        &mut self,
        slot: usize,
        stage: Stage,
        (condition, next): (Option<&Node>, &Node),
        limit: Value,
        done: Block,
        wider: Option<Stage>,
    ) {
        self.to.switch_to_block(stage.head);
        let parameters = self.to.block_params(stage.head).to_vec();
        let [value, steps] = parameters[..] else { return };
        let held = if stage.width == types::I64 {
            ComputedValue::Narrow(value)
        } else {
            ComputedValue::Wide(value)
        };
        self.variables.insert(slot, held);
        let full = self.to.func.dfg.value_type(self.to.block_params(done)[0]);
        let result = if full == types::I64 { value } else { self.widen(held) };
        let ends = onward(&[result, steps]);
        let is_over = self.to.ins().icmp(IntCC::SignedGreaterThanOrEqual, steps, limit);
        let step = self.to.create_block();
        if let Some(condition) = condition {
            let goes_on = self.truth(condition);
            let more = self.to.create_block();
            self.to.ins().brif(goes_on, more, &[], done, &ends);
            self.enter(more);
            // The code of `Arithmetic::NoEnd`.
            let most = self.number(i32::MAX.into());
            let is_less = self.to.ins().icmp(IntCC::SignedLessThan, steps, most);
            let shown = self.to.ins().select(is_less, steps, most);
            let code = self.to.ins().bnot(shown);
            self.to.ins().brif(is_over, self.failed, &[code.into()], step, &[]);
        } else {
            self.to.ins().brif(is_over, done, &ends, step, &[]);
        }
        self.enter(step);
        let next = self.value(next);
        let steps = self.to.ins().iadd_imm(steps, 1);
        self.go(next, steps, stage, wider);
    }
}
