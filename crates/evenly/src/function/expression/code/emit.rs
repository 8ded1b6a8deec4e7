//! Emitter of instructions for each node of an expression, with lazy evaluation where a node may fail or is costly.

use super::super::tree::{BinaryFunction, Comparison, Node, NodeForm, UnaryFunction};
use super::facts::Facts;
use super::facts::is_narrow;
use crate::function::Kind;
use crate::function::jit::RuntimeCall;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, FuncRef, InstBuilder, StackSlot, Type, Value, types};
use cranelift_frontend::FunctionBuilder;
use evenly_core::Arithmetic;
use std::collections::HashMap;

/// Computed value of a part of the expression.
#[derive(Clone, Copy, Debug)]
pub(super) enum ComputedValue {
    /// A truth value: 8 bits, 0 or 1.
    Truth(Value),
    /// A number of 64 bits.
    Narrow(Value),
    /// A number of 128 bits.
    Wide(Value),
}

/// Writes down what the expression does with one number.
pub(super) struct Emitter<'a, 'f> {
    pub(super) to: &'a mut FunctionBuilder<'f>,
    pub(super) calls: &'a [FuncRef],
    pub(super) facts: &'a Facts,
    /// The addresses of the windows, by place.
    pub(super) windows: &'a [Value],
    /// Where a call of a function of 128 bits leaves its result.
    pub(super) result: StackSlot,
    /// The number that it is applied to.
    pub(super) n: Value,
    /// The values of variables, by slot.
    pub(super) variables: HashMap<usize, ComputedValue>,
    /// Where to go with the code of an [`Arithmetic`] if it fails.
    pub(super) failed: Block,
}

impl<'a, 'f> Emitter<'a, 'f> {
    pub(super) fn new(
        to: &'a mut FunctionBuilder<'f>,
        calls: &'a [FuncRef],
        facts: &'a Facts,
        windows: &'a [Value],
        result: StackSlot,
        n: Value,
        failed: Block,
    ) -> Self {
        Self { to, calls, facts, windows, result, n, variables: HashMap::new(), failed }
    }
}

impl Emitter<'_, '_> {
    /// A part of the expression. Whatever its parts give has been computed when it is; what it gives is
    /// narrow if its bounds are.
    pub(super) fn value(&mut self, node: &Node) -> ComputedValue {
        if let Some(constant) = self.facts.constant(node) {
            return self.constant(node.kind, constant);
        }
        let held = match self.facts.window(node) {
            Some((place, shape)) => self.windowed(place, shape, node),
            None => self.computed(node),
        };
        match held {
            ComputedValue::Wide(value) if is_narrow(node) => {
                ComputedValue::Narrow(self.narrowed(value))
            }
            held => held,
        }
    }

    /// A part of the expression from its parts.
    pub(super) fn computed(&mut self, node: &Node) -> ComputedValue {
        match &node.what {
            NodeForm::N => ComputedValue::Narrow(self.n),
            NodeForm::Constant(constant) => self.constant(node.kind, *constant),
            NodeForm::One(one, a) => self.one(*one, node, a),
            NodeForm::Two(two, a, b) => self.two(*two, node, a, b),
            NodeForm::Compare(comparison, a, b) => self.compare(*comparison, a, b),
            NodeForm::Both(a, b) => self.lazily(true, a, b),
            NodeForm::Either(a, b) => self.lazily(false, a, b),
            NodeForm::If(condition, a, b) => self.choice(node, condition, a, b),
            NodeForm::Call(function, arguments) => self.named(*function, node, arguments),
            NodeForm::Variable(slot) => {
                self.variables.get(slot).copied().unwrap_or(ComputedValue::Narrow(self.n))
            }
            NodeForm::Let(slot, value, body) => {
                let value = self.value(value);
                self.variables.insert(*slot, value);
                self.value(body)
            }
            NodeForm::Reduce(reduce) => self.reduce(node, reduce),
            NodeForm::Iterate(iterate) => self.iterate(iterate),
        }
    }

    fn narrowed(&mut self, value: Value) -> Value {
        self.to.ins().ireduce(types::I64, value)
    }

    fn constant(&mut self, kind: Kind, constant: i128) -> ComputedValue {
        if kind == Kind::Truth {
            return ComputedValue::Truth(self.to.ins().iconst(types::I8, i64::from(constant != 0)));
        }
        match i64::try_from(constant) {
            Ok(constant) => ComputedValue::Narrow(self.number(constant)),
            Err(_) => {
                let low = self.number(constant as i64);
                let high = self.number((constant >> 64) as i64);
                ComputedValue::Wide(self.to.ins().iconcat(low, high))
            }
        }
    }

    pub(super) fn number(&mut self, number: i64) -> Value {
        self.to.ins().iconst(types::I64, number)
    }

    /// The number in 128 bits.
    pub(super) fn widen(&mut self, held: ComputedValue) -> Value {
        match held {
            ComputedValue::Truth(value) => self.to.ins().uextend(types::I128, value),
            ComputedValue::Narrow(value) => self.to.ins().sextend(types::I128, value),
            ComputedValue::Wide(value) => value,
        }
    }

    /// The truth value in 8 bits.
    pub(super) fn truth(&mut self, node: &Node) -> Value {
        let held = self.value(node);
        self.truth_of(held)
    }

    pub(super) fn truth_of(&mut self, held: ComputedValue) -> Value {
        match held {
            ComputedValue::Truth(value) => value,
            ComputedValue::Narrow(value) | ComputedValue::Wide(value) => {
                let zero = ComputedValue::Narrow(self.number(0));
                let zero = match self.to.func.dfg.value_type(value) {
                    types::I128 => self.widen(zero),
                    _ => self.number(0),
                };
                self.to.ins().icmp(IntCC::NotEqual, value, zero)
            }
        }
    }

    /// Goes on only if this is false; fails otherwise.
    pub(super) fn fail_if(&mut self, condition: Value, why: Arithmetic) {
        let code = self.number(why.code().into());
        self.fail_with(condition, code);
    }

    /// The same where the reason is computed.
    pub(super) fn fail_with(&mut self, condition: Value, code: Value) {
        let next = self.to.create_block();
        self.to.ins().brif(condition, self.failed, &[code.into()], next, &[]);
        self.enter(next);
    }

    pub(super) fn enter(&mut self, block: Block) {
        self.to.switch_to_block(block);
        self.to.seal_block(block);
    }

    fn one(&mut self, one: UnaryFunction, node: &Node, a: &Node) -> ComputedValue {
        match self.value(a) {
            ComputedValue::Truth(value) if one == UnaryFunction::Not => {
                ComputedValue::Truth(self.to.ins().bxor_imm(value, 1))
            }
            ComputedValue::Narrow(value) if is_narrow(node) => self.one_narrow(one, node, a, value),
            held => {
                let value = self.widen(held);
                self.one_wide(one, node, value)
            }
        }
    }

    fn two(&mut self, two: BinaryFunction, node: &Node, a: &Node, b: &Node) -> ComputedValue {
        let (first, second) = (self.value(a), self.value(b));
        self.two_of(two, node, (a, first), (b, second))
    }

    /// A function of two values, with the parts that gave them.
    pub(super) fn two_of(
        &mut self,
        two: BinaryFunction,
        node: &Node,
        (a, first): (&Node, ComputedValue),
        (b, second): (&Node, ComputedValue),
    ) -> ComputedValue {
        if let (ComputedValue::Truth(x), ComputedValue::Truth(y)) = (first, second) {
            let to = self.to.ins();
            return ComputedValue::Truth(match two {
                BinaryFunction::And => to.band(x, y),
                BinaryFunction::Or => to.bor(x, y),
                _ => to.bxor(x, y),
            });
        }
        if let (ComputedValue::Narrow(x), ComputedValue::Narrow(y)) = (first, second)
            && is_narrow(node)
            && let Some(value) = self.two_narrow(two, node, (a, x), (b, y))
        {
            return ComputedValue::Narrow(value);
        }
        ComputedValue::Wide(self.two_wide(two, node, (a, first), (b, second)))
    }

    fn compare(&mut self, comparison: Comparison, a: &Node, b: &Node) -> ComputedValue {
        if let Some(value) = self.congruence(comparison, a, b) {
            return ComputedValue::Truth(value);
        }
        let condition = match comparison {
            Comparison::Equal => IntCC::Equal,
            Comparison::NotEqual => IntCC::NotEqual,
            Comparison::Less => IntCC::SignedLessThan,
            Comparison::LessOrEqual => IntCC::SignedLessThanOrEqual,
            Comparison::Greater => IntCC::SignedGreaterThan,
            Comparison::GreaterOrEqual => IntCC::SignedGreaterThanOrEqual,
        };
        let (x, y) = match (self.value(a), self.value(b)) {
            (ComputedValue::Truth(x), ComputedValue::Truth(y))
            | (ComputedValue::Narrow(x), ComputedValue::Narrow(y)) => (x, y),
            (x, y) => (self.widen(x), self.widen(y)),
        };
        ComputedValue::Truth(self.to.ins().icmp(condition, x, y))
    }

    /// `&&`, where the second is needed if the first is true, or `||`, where it is if the first is false.
    fn lazily(&mut self, needed_if: bool, a: &Node, b: &Node) -> ComputedValue {
        let first = self.truth(a);
        if self.facts.is_harmless(b) {
            let second = self.truth(b);
            let to = self.to.ins();
            return ComputedValue::Truth(if needed_if {
                to.band(first, second)
            } else {
                to.bor(first, second)
            });
        }
        let (more, end) = (self.to.create_block(), self.to.create_block());
        let value = self.to.append_block_param(end, types::I8);
        if needed_if {
            self.to.ins().brif(first, more, &[], end, &[first.into()]);
        } else {
            self.to.ins().brif(first, end, &[first.into()], more, &[]);
        }
        self.enter(more);
        let second = self.truth(b);
        self.to.ins().jump(end, &[second.into()]);
        self.enter(end);
        ComputedValue::Truth(value)
    }

    fn choice(&mut self, node: &Node, condition: &Node, a: &Node, b: &Node) -> ComputedValue {
        let condition = self.truth(condition);
        if self.facts.is_harmless(a) && self.facts.is_harmless(b) {
            let (x, y) = (self.value_like(node, a), self.value_like(node, b));
            let value = self.select(condition, x, y);
            return held_like(node, value);
        }
        let then = self.to.create_block();
        let other = self.to.create_block();
        let end = self.to.create_block();
        let value = self.to.append_block_param(end, type_of(node));
        self.to.ins().brif(condition, then, &[], other, &[]);
        for (block, part) in [(then, a), (other, b)] {
            self.enter(block);
            let part = self.value_like(node, part);
            self.to.ins().jump(end, &[part.into()]);
        }
        self.enter(end);
        held_like(node, value)
    }

    /// One of two values. Those of 128 bits by halves: of a whole, cranelift would make a minimum or a
    /// maximum, which it cannot write down.
    pub(super) fn select(&mut self, condition: Value, x: Value, y: Value) -> Value {
        if self.to.func.dfg.value_type(x) != types::I128 {
            return self.to.ins().select(condition, x, y);
        }
        let ((x, x_high), (y, y_high)) = (self.to.ins().isplit(x), self.to.ins().isplit(y));
        let low = self.to.ins().select(condition, x, y);
        let high = self.to.ins().select(condition, x_high, y_high);
        self.to.ins().iconcat(low, high)
    }

    /// A part, in as many bits as `node` has.
    pub(super) fn value_like(&mut self, node: &Node, part: &Node) -> Value {
        if node.kind == Kind::Truth {
            return self.truth(part);
        }
        let held = self.value(part);
        self.like(node, held)
    }

    /// A number in as many bits as `node` has.
    pub(super) fn like(&mut self, node: &Node, held: ComputedValue) -> Value {
        match (held, is_narrow(node)) {
            (ComputedValue::Narrow(value), true) => value,
            (ComputedValue::Wide(value), true) => self.narrowed(value),
            (ComputedValue::Truth(value), true) => self.to.ins().uextend(types::I64, value),
            (held, false) => self.widen(held),
        }
    }

    pub(super) fn call(&mut self, call: RuntimeCall, arguments: &[Value]) -> Value {
        let at = RuntimeCall::ALL.iter().position(|known| *known == call).unwrap_or(0);
        let call = self.to.ins().call(self.calls[at], arguments);
        self.to.inst_results(call)[0]
    }
}

pub(super) fn type_of(node: &Node) -> Type {
    match node.kind {
        Kind::Truth => types::I8,
        Kind::Integer if is_narrow(node) => types::I64,
        Kind::Integer => types::I128,
    }
}

pub(super) fn held_like(node: &Node, value: Value) -> ComputedValue {
    match node.kind {
        Kind::Truth => ComputedValue::Truth(value),
        Kind::Integer if is_narrow(node) => ComputedValue::Narrow(value),
        Kind::Integer => ComputedValue::Wide(value),
    }
}
