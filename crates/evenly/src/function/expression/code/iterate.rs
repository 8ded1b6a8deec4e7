//! Code for iterations. A value that may need 128 bits is kept in 64 as long as it fits them.

use super::super::reach::Bounds;
use super::super::reduction::{Iteration, STEPS};
use super::super::tree::{Iterate, NarrowSteps, Node};
use super::emit::{ComputedValue, Emitter};
use super::loops::onward;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, InstBuilder, Type, Value, types};

/// A loop for the values between some bounds: its first block, which gets the value and the number of steps before it.
#[derive(Clone, Copy)]
struct Stage {
    head: Block,
    width: Type,
    bounds: Bounds,
}

/// Where an iteration ends: a block that gets the number of steps, or else the last value.
#[derive(Clone, Copy)]
struct End {
    done: Block,
    gives_steps: bool,
    width: Type,
}

impl Emitter<'_, '_> {
    pub(super) fn iterate(&mut self, iterate: &Iterate) -> ComputedValue {
        let Iteration { gives_steps, slot, start, limit, condition, next } = &iterate.parts;
        let known = start.bounds;
        let start = self.value(start);
        self.variables.insert(*slot, start);
        let limit = self.limit(limit.as_ref());
        let full = if iterate.state.fit_i64() { types::I64 } else { types::I128 };
        let done = self.to.create_block();
        let width = if *gives_steps { types::I64 } else { full };
        let result = self.to.append_block_param(done, width);
        let end = End { done, gives_steps: *gives_steps, width };
        let last = self.stage(full, iterate.state);
        let zero = self.number(0);
        let start = (start, known);
        if let Some(NarrowSteps { state, condition, next }) = &iterate.narrow {
            let first = self.stage(types::I64, *state);
            self.go(start, zero, first, Some(last));
            self.rounds(*slot, first, (condition.as_ref(), next), limit, end, Some(last));
        } else {
            self.go(start, zero, last, None);
        }
        self.rounds(*slot, last, (condition.as_ref(), next), limit, end, None);
        self.enter(done);
        match width {
            types::I64 => ComputedValue::Narrow(result),
            _ => ComputedValue::Wide(result),
        }
    }

    fn stage(&mut self, width: Type, bounds: Bounds) -> Stage {
        let head = self.to.create_block();
        self.to.append_block_param(head, width);
        self.to.append_block_param(head, types::I64);
        Stage { head, width, bounds }
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

    /// Goes to the first loop if the value is between its bounds, else to the other one. All values that come here are
    /// between `known`.
    fn go(
        &mut self,
        (held, known): (ComputedValue, Bounds),
        steps: Value,
        first: Stage,
        other: Option<Stage>,
    ) {
        let Bounds { low, high } = first.bounds;
        let Some(other) = other.filter(|_| known.low < low || high < known.high) else {
            let value = self.in_width(held, first.width);
            self.to.ins().jump(first.head, &onward(&[value, steps]));
            return;
        };
        let value = self.in_width(held, types::I64);
        let mut is_small = None;
        if let ComputedValue::Wide(wide) = held {
            let (low_half, high_half) = self.to.ins().isplit(wide);
            let sign = self.to.ins().sshr_imm(low_half, 63);
            is_small = Some(self.to.ins().icmp(IntCC::Equal, sign, high_half));
        }
        if known.low < low && i128::from(i64::MIN) < low {
            let test = self.compared(IntCC::SignedGreaterThanOrEqual, value, low);
            is_small = Some(self.both(is_small, test));
        }
        if high < known.high && high < i128::from(i64::MAX) {
            let test = self.compared(IntCC::SignedLessThanOrEqual, value, high);
            is_small = Some(self.both(is_small, test));
        }
        let Some(is_small) = is_small else {
            self.to.ins().jump(first.head, &onward(&[value, steps]));
            return;
        };
        let leaves = self.to.create_block();
        self.to.set_cold_block(leaves);
        self.to.ins().brif(is_small, first.head, &onward(&[value, steps]), leaves, &[]);
        self.enter(leaves);
        let value = self.in_width(held, other.width);
        self.to.ins().jump(other.head, &onward(&[value, steps]));
    }

    fn in_width(&mut self, held: ComputedValue, width: Type) -> Value {
        match held {
            ComputedValue::Narrow(value) if width == types::I64 => value,
            held => {
                let wide = self.widen(held);
                if width == types::I64 { self.to.ins().ireduce(types::I64, wide) } else { wide }
            }
        }
    }

    /// A comparison with a number that fits `i64`.
    fn compared(&mut self, condition: IntCC, value: Value, limit: i128) -> Value {
        let limit = self.number(limit as i64);
        self.to.ins().icmp(condition, value, limit)
    }

    fn both(&mut self, first: Option<Value>, second: Value) -> Value {
        first.map_or(second, |first| self.to.ins().band(first, second))
    }

    /// The loop of a stage, which goes on to `wider` where a value does not fit it.
    fn rounds(
        &mut self,
        slot: usize,
        stage: Stage,
        (condition, next): (Option<&Node>, &Node),
        limit: Value,
        end: End,
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
        let result = if end.gives_steps { steps } else { self.in_width(held, end.width) };
        let (done, ends) = (end.done, onward(&[result]));
        let is_over = self.to.ins().icmp(IntCC::SignedGreaterThanOrEqual, steps, limit);
        let step = self.to.create_block();
        if let Some(condition) = condition {
            let goes_on = self.truth(condition);
            let more = self.to.create_block();
            self.to.ins().brif(goes_on, more, &[], done, &ends);
            self.enter(more);
            let endless = self.to.create_block();
            self.to.set_cold_block(endless);
            self.to.ins().brif(is_over, endless, &[], step, &[]);
            self.enter(endless);
            // The code of `Arithmetic::NoEnd`.
            let most = self.number(i32::MAX.into());
            let is_less = self.to.ins().icmp(IntCC::SignedLessThan, steps, most);
            let shown = self.to.ins().select(is_less, steps, most);
            let code = self.to.ins().bnot(shown);
            self.to.ins().jump(self.failed, &[code.into()]);
        } else {
            self.to.ins().brif(is_over, done, &ends, step, &[]);
        }
        self.enter(step);
        let known = next.bounds;
        let next = self.value(next);
        let steps = self.to.ins().iadd_imm(steps, 1);
        self.go((next, known), steps, stage, wider);
    }
}
