//! Code for loops over items that are no range: digits, and lists in memory that a call writes.

use super::super::items::Listed;
use super::super::reach::Bounds;
use super::super::tree::Reduce;
use super::emit::{ComputedValue, Emitter};
use super::loops::{Round, onward};
use crate::function::jit::RuntimeCall;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, InstBuilder, MemFlags, Value, types};

impl<'a, 'f> Emitter<'a, 'f> {
    /// The last number of a range, from its end.
    pub(super) fn last_of(&mut self, end: Value, is_inclusive: bool) -> Value {
        if is_inclusive {
            return end;
        }
        // Below a negative number are no primes, and the lowest one has no predecessor.
        let (_, high) = self.to.ins().isplit(end);
        let negative = self.to.ins().icmp_imm(IntCC::SignedLessThan, high, 0);
        let one = self.integer(types::I128, 1);
        let below = self.to.ins().isub(end, one);
        self.select(negative, end, below)
    }

    /// The items of a list; of primes, further lists follow.
    pub(super) fn list(
        &mut self,
        listed: Listed,
        (first, last): (Value, Value),
        reduce: &Reduce,
        start: &[Value],
        done: Block,
        round: &mut Round<'_, 'a, 'f>,
    ) {
        let with: Vec<Value> = [first].into_iter().chain(start.iter().copied()).collect();
        let more = self.block_like(&with);
        self.to.ins().jump(more, &onward(&with));
        self.to.switch_to_block(more);
        let parameters = self.to.block_params(more).to_vec();
        let Some((from, before)) = parameters.split_first() else { return };
        let which = Listed::ALL.iter().position(|known| *known == listed).unwrap_or(0);
        let (which, slot) = (self.number(which as i64), self.number(reduce.slot as i64));
        let (low, high) = self.to.ins().isplit(*from);
        let (last_low, last_high) = self.to.ins().isplit(last);
        let result = self.to.ins().stack_addr(types::I64, self.result, 0);
        let arguments = [which, slot, low, high, last_low, last_high, result];
        let code = self.call(RuntimeCall::Items, &arguments);
        self.fail_with(code, code);
        let place = self.to.ins().stack_load(types::I64, self.result, 0);
        let bytes = self.to.ins().stack_load(types::I64, self.result, 8);
        let end = self.to.ins().iadd(place, bytes);
        let is_empty = self.to.ins().icmp_imm(IntCC::Equal, bytes, 0);
        let with: Vec<Value> = [place].into_iter().chain(before.iter().copied()).collect();
        let head = self.block_like(&with);
        self.to.ins().brif(is_empty, done, &onward(before), head, &onward(&with));

        self.to.switch_to_block(head);
        let parameters = self.to.block_params(head).to_vec();
        let Some((place, before)) = parameters.split_first() else { return };
        let item = self.to.ins().load(types::I64, MemFlags::trusted(), *place, 0);
        let held = if reduce.items.fit_i64() {
            ComputedValue::Narrow(item)
        } else {
            ComputedValue::Wide(self.to.ins().uextend(types::I128, item))
        };
        self.variables.insert(reduce.slot, held);
        let after = round(self, before);
        let next = self.to.ins().iadd_imm(*place, 8);
        let is_last = self.to.ins().icmp(IntCC::Equal, next, end);
        let again: Vec<Value> = [next].into_iter().chain(after.iter().copied()).collect();
        if listed == Listed::Primes {
            let item = self.to.ins().uextend(types::I128, item);
            let one = self.integer(types::I128, 1);
            let from = self.to.ins().iadd(item, one);
            let others: Vec<Value> = [from].into_iter().chain(after).collect();
            self.to.ins().brif(is_last, more, &onward(&others), head, &onward(&again));
        } else {
            self.to.ins().brif(is_last, done, &onward(&after), head, &onward(&again));
        }
        self.to.seal_block(head);
        self.to.seal_block(more);
    }

    /// The digits of a number of 64 bits, from the last one.
    pub(super) fn digits(
        &mut self,
        (number, bounds): (Value, Bounds),
        reduce: &Reduce,
        start: &[Value],
        done: Block,
        round: &mut Round<'_, 'a, 'f>,
    ) {
        // The size of the lowest number does not fit with a sign: it is divided without one.
        let is_negative_possible = bounds.low < 0;
        let size = if is_negative_possible { self.to.ins().iabs(number) } else { number };
        let with: Vec<Value> = [size].into_iter().chain(start.iter().copied()).collect();
        let head = self.block_like(&with);
        self.to.ins().jump(head, &onward(&with));
        self.to.switch_to_block(head);
        let parameters = self.to.block_params(head).to_vec();
        let Some((rest, before)) = parameters.split_first() else { return };
        let tenth = if is_negative_possible {
            let ten = self.number(10);
            self.to.ins().udiv(*rest, ten)
        } else {
            self.quotient(*rest, 10, bounds.high)
        };
        let tens = self.to.ins().imul_imm(tenth, 10);
        let digit = self.to.ins().isub(*rest, tens);
        self.variables.insert(reduce.slot, ComputedValue::Narrow(digit));
        let after = round(self, before);
        let again: Vec<Value> = [tenth].into_iter().chain(after.iter().copied()).collect();
        self.to.ins().brif(tenth, head, &onward(&again), done, &onward(&after));
        self.to.seal_block(head);
    }
}
