//! Code for loops: how they go over their items, and what they make of these.

use super::super::items::Listed;
use super::super::reach::Bounds;
use super::super::reduction::{Reduction, Source};
use super::super::tree::{BinaryFunction, Node, Reduce};
use super::emit::{ComputedValue, Emitter, held_like, type_of};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, Value, types};
use evenly_core::Arithmetic;

/// Code of one round. It gets what the rounds before it made, and gives what the next one gets.
pub(super) type Round<'r, 'a, 'f> = dyn FnMut(&mut Emitter<'a, 'f>, &[Value]) -> Vec<Value> + 'r;

/// Arguments of a block.
pub(super) fn onward(values: &[Value]) -> Vec<BlockArg> {
    values.iter().map(|value| (*value).into()).collect()
}

impl<'a, 'f> Emitter<'a, 'f> {
    /// A loop. What it makes of its items is in the first of the values that go from round to round. Where that is
    /// one of them, the second says whether there is one.
    pub(super) fn reduce(&mut self, node: &Node, reduce: &Reduce) -> ComputedValue {
        let start: Vec<Value> = match reduce.reduction {
            Reduction::Sum | Reduction::Count => vec![self.number_like(node, 0)],
            Reduction::Product => vec![self.number_like(node, 1)],
            Reduction::Any => vec![self.to.ins().iconst(types::I8, 0)],
            Reduction::All => vec![self.to.ins().iconst(types::I8, 1)],
            Reduction::Min | Reduction::Max | Reduction::Find => {
                vec![self.number_like(node, 0), self.to.ins().iconst(types::I8, 0)]
            }
        };
        let done = self.block_like(&start);
        self.items(reduce, &start, done, &mut |emitter, before| {
            emitter.round(node, reduce, done, before)
        });
        self.enter(done);
        let results = self.to.block_params(done).to_vec();
        match (results[..].first(), results.get(1)) {
            (Some(value), Some(is_found)) => self.found(node, reduce, *value, *is_found),
            (Some(value), None) => held_like(node, *value),
            (None, _) => ComputedValue::Narrow(self.number(0)), // cannot be
        }
    }

    /// The value if one is found, else the default, if there is one.
    fn found(
        &mut self,
        node: &Node,
        reduce: &Reduce,
        value: Value,
        is_found: Value,
    ) -> ComputedValue {
        let Some(default) = &reduce.default else {
            let is_missing = self.to.ins().icmp_imm(IntCC::Equal, is_found, 0);
            self.fail_if(is_missing, Arithmetic::NothingFound);
            return held_like(node, value);
        };
        let (other, end) = (self.to.create_block(), self.to.create_block());
        let result = self.to.append_block_param(end, type_of(node));
        self.to.ins().brif(is_found, end, &[value.into()], other, &[]);
        self.enter(other);
        let default = self.value_like(node, default);
        self.to.ins().jump(end, &[default.into()]);
        self.enter(end);
        held_like(node, result)
    }

    /// One round, in which the variable of the loop has its value.
    fn round(&mut self, node: &Node, reduce: &Reduce, done: Block, before: &[Value]) -> Vec<Value> {
        let next = self.block_like(before);
        if let Some(condition) = &reduce.condition {
            let condition = self.truth(condition);
            let counts = self.to.create_block();
            let unchanged: Vec<_> = before.iter().map(|value| (*value).into()).collect();
            self.to.ins().brif(condition, counts, &[], next, &unchanged);
            self.enter(counts);
        }
        let term = self.value(&reduce.term);
        let after = match reduce.reduction {
            Reduction::Sum => vec![self.joined(BinaryFunction::Add, node, before[0], term)],
            Reduction::Product => {
                vec![self.joined(BinaryFunction::Multiply, node, before[0], term)]
            }
            Reduction::Count => {
                let truth = self.truth_of(term);
                let wide = type_of(node);
                let one = self.to.ins().uextend(wide, truth);
                vec![self.to.ins().iadd(before[0], one)]
            }
            Reduction::Any | Reduction::All => {
                let truth = self.truth_of(term);
                let (more, ends) = (self.to.create_block(), &[truth.into()]);
                if reduce.reduction == Reduction::Any {
                    self.to.ins().brif(truth, done, ends, more, &[]);
                } else {
                    self.to.ins().brif(truth, more, &[], done, ends);
                }
                self.enter(more);
                before.to_vec()
            }
            Reduction::Find => {
                let truth = self.truth_of(term);
                let item = self.variables.get(&reduce.slot).copied();
                let item = item.unwrap_or(ComputedValue::Narrow(self.n));
                let item = self.like(node, item);
                let more = self.to.create_block();
                self.to.ins().brif(truth, done, &[item.into(), truth.into()], more, &[]);
                self.enter(more);
                before.to_vec()
            }
            Reduction::Min | Reduction::Max => {
                let value = self.like(node, term);
                let condition = if reduce.reduction == Reduction::Min {
                    IntCC::SignedLessThan
                } else {
                    IntCC::SignedGreaterThan
                };
                let is_better = self.to.ins().icmp(condition, value, before[0]);
                let is_first = self.to.ins().icmp_imm(IntCC::Equal, before[1], 0);
                let is_taken = self.to.ins().bor(is_better, is_first);
                let best = self.select(is_taken, value, before[0]);
                vec![best, self.to.ins().iconst(types::I8, 1)]
            }
        };
        let after: Vec<_> = after.into_iter().map(Into::into).collect();
        self.to.ins().jump(next, &after);
        self.enter(next);
        self.to.block_params(next).to_vec()
    }

    /// What a sum or a product has after one more term.
    fn joined(
        &mut self,
        two: BinaryFunction,
        node: &Node,
        before: Value,
        term: ComputedValue,
    ) -> Value {
        let held = held_like(node, before);
        let joined = self.two_of(two, node, (node, held), (node, term));
        self.like(node, joined)
    }

    /// The rounds of a loop, one for each item, in which its variable has the value of the item. The last one goes on
    /// to `done`.
    fn items(
        &mut self,
        reduce: &Reduce,
        start: &[Value],
        done: Block,
        round: &mut Round<'_, 'a, 'f>,
    ) {
        match &reduce.source {
            Source::Range { first, end, is_inclusive } => {
                let (first, end) = (self.value(first), self.value(end));
                let (first, last, is_empty) = self.ends(reduce.items, first, end, *is_inclusive);
                self.range((first, last, is_empty), reduce, start, done, round);
            }
            Source::Primes { first, end, is_inclusive } => {
                let (first, end) = (self.value(first), self.value(end));
                let (first, end) = (self.widen(first), self.widen(end));
                let last = self.last_of(end, *is_inclusive);
                self.list(Listed::Primes, (first, last), reduce, start, done, round);
            }
            Source::Divisors(number) => {
                let number = self.value(number);
                let number = self.widen(number);
                self.list(Listed::Divisors, (number, number), reduce, start, done, round);
            }
            Source::Digits(number) => match self.value(number) {
                ComputedValue::Narrow(value) => {
                    self.digits((value, number.bounds), reduce, start, done, round);
                }
                held => {
                    let number = self.widen(held);
                    self.list(Listed::Digits, (number, number), reduce, start, done, round);
                }
            },
        }
    }

    /// The first and the last item, in as many bits as items have, and whether there is none.
    fn ends(
        &mut self,
        items: Bounds,
        first: ComputedValue,
        end: ComputedValue,
        is_inclusive: bool,
    ) -> (Value, Value, Value) {
        let is_after =
            if is_inclusive { IntCC::SignedGreaterThan } else { IntCC::SignedGreaterThanOrEqual };
        let (x, y) = match (first, end) {
            (ComputedValue::Narrow(x), ComputedValue::Narrow(y)) => (x, y),
            (x, y) => (self.widen(x), self.widen(y)),
        };
        let is_empty = self.to.ins().icmp(is_after, x, y);
        let [first, end] = [first, end].map(|held| match held {
            ComputedValue::Wide(value) if items.fit_i64() => {
                self.to.ins().ireduce(types::I64, value)
            }
            ComputedValue::Narrow(value) if items.fit_i64() => value,
            held => self.widen(held),
        });
        if is_inclusive {
            return (first, end, is_empty);
        }
        // It wraps around only where there is no item.
        let one = self.integer(self.to.func.dfg.value_type(end), 1);
        (first, self.to.ins().isub(end, one), is_empty)
    }

    fn range(
        &mut self,
        (first, last, is_empty): (Value, Value, Value),
        reduce: &Reduce,
        start: &[Value],
        done: Block,
        round: &mut Round<'_, 'a, 'f>,
    ) {
        let with: Vec<Value> = [first].into_iter().chain(start.iter().copied()).collect();
        let head = self.block_like(&with);
        self.to.ins().brif(is_empty, done, &onward(start), head, &onward(&with));
        self.to.switch_to_block(head);
        let parameters = self.to.block_params(head).to_vec();
        let Some((item, before)) = parameters.split_first() else { return };
        let held = if reduce.items.fit_i64() {
            ComputedValue::Narrow(*item)
        } else {
            ComputedValue::Wide(*item)
        };
        self.variables.insert(reduce.slot, held);
        let after = round(self, before);
        let is_last = self.to.ins().icmp(IntCC::Equal, *item, last);
        let one = self.integer(self.to.func.dfg.value_type(*item), 1);
        let next = self.to.ins().iadd(*item, one);
        let again: Vec<Value> = [next].into_iter().chain(after.iter().copied()).collect();
        self.to.ins().brif(is_last, done, &onward(&after), head, &onward(&again));
        self.to.seal_block(head);
    }

    /// A block with a parameter for each of these values.
    pub(super) fn block_like(&mut self, values: &[Value]) -> Block {
        let block = self.to.create_block();
        for value in values {
            let kind = self.to.func.dfg.value_type(*value);
            self.to.append_block_param(block, kind);
        }
        block
    }

    /// A small number in as many bits as `node` has.
    fn number_like(&mut self, node: &Node, number: i64) -> Value {
        self.integer(type_of(node), number)
    }

    pub(super) fn integer(&mut self, bits: cranelift_codegen::ir::Type, number: i64) -> Value {
        let narrow = self.number(number);
        if bits == types::I128 { self.to.ins().sextend(types::I128, narrow) } else { narrow }
    }
}
