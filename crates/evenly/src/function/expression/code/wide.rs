//! Code for operations with an operand or result of 128 bits.

use super::super::functions::{MOST_ARGUMENTS, NamedFunction};
use super::super::tree::{BinaryFunction, Node, UnaryFunction};
use super::emit::{ComputedValue, Emitter};
use super::facts::is_narrow;
use crate::function::Kind;
use crate::function::jit::{RuntimeCall, number_of_one, number_of_two};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{AbiParam, InstBuilder, Signature, Value, types};
use evenly_core::Arithmetic;

impl Emitter<'_, '_> {
    /// A function of one value of 128 bits.
    pub(super) fn one_wide(&mut self, one: UnaryFunction, node: &Node, x: Value) -> ComputedValue {
        let (low, high) = self.to.ins().isplit(x);
        match one {
            UnaryFunction::Negate if !node.may_fail => ComputedValue::Wide(self.to.ins().ineg(x)),
            UnaryFunction::Abs if !node.may_fail => {
                let negative = self.to.ins().icmp_imm(IntCC::SignedLessThan, high, 0);
                let opposite = self.to.ins().ineg(x);
                ComputedValue::Wide(self.select(negative, opposite, x))
            }
            UnaryFunction::Popcount => {
                if node.may_fail {
                    let negative = self.to.ins().icmp_imm(IntCC::SignedLessThan, high, 0);
                    self.fail_if(negative, Arithmetic::NegativeBits);
                }
                let (low, high) = (self.to.ins().popcnt(low), self.to.ins().popcnt(high));
                ComputedValue::Narrow(self.to.ins().iadd(low, high))
            }
            UnaryFunction::Even | UnaryFunction::Odd => self.one_narrow(one, node, node, low),
            UnaryFunction::Not => {
                let any = self.to.ins().bor(low, high);
                self.one_narrow(one, node, node, any)
            }
            UnaryFunction::Prime => {
                let value = self.call_one(one, node, x);
                ComputedValue::Truth(self.to.ins().ireduce(types::I8, value))
            }
            _ => ComputedValue::Wide(self.call_one(one, node, x)),
        }
    }

    /// A function of two values, with the parts that gave them.
    pub(super) fn two_wide(
        &mut self,
        two: BinaryFunction,
        node: &Node,
        (a, first): (&Node, ComputedValue),
        (b, second): (&Node, ComputedValue),
    ) -> Value {
        let (x, y) = (self.widen(first), self.widen(second));
        match two {
            BinaryFunction::Add => {
                let sum = self.to.ins().iadd(x, y);
                if node.may_fail {
                    // It overflowed if both have one sign and the sum has the other.
                    let (from_x, from_y) = (self.to.ins().bxor(sum, x), self.to.ins().bxor(sum, y));
                    let both = self.to.ins().band(from_x, from_y);
                    self.fail_if_top(both);
                }
                sum
            }
            BinaryFunction::Subtract => {
                let difference = self.to.ins().isub(x, y);
                if node.may_fail {
                    let apart = self.to.ins().bxor(x, y);
                    let turned = self.to.ins().bxor(x, difference);
                    let both = self.to.ins().band(apart, turned);
                    self.fail_if_top(both);
                }
                difference
            }
            BinaryFunction::Multiply if !node.may_fail => self.to.ins().imul(x, y),
            BinaryFunction::And => self.to.ins().band(x, y),
            BinaryFunction::Or => self.to.ins().bor(x, y),
            BinaryFunction::Xor => self.to.ins().bxor(x, y),
            BinaryFunction::Min => {
                let less = self.to.ins().icmp(IntCC::SignedLessThan, x, y);
                self.select(less, x, y)
            }
            BinaryFunction::Max => {
                let greater = self.to.ins().icmp(IntCC::SignedGreaterThan, x, y);
                self.select(greater, x, y)
            }
            BinaryFunction::Power if !node.may_fail => {
                let exponent = self.facts.constant(b).and_then(|c| u32::try_from(c).ok());
                match exponent.and_then(|exponent| self.power(x, exponent)) {
                    Some(power) => power,
                    None => self.call_two(two, node, x, y),
                }
            }
            BinaryFunction::ShiftLeft | BinaryFunction::ShiftRight => {
                match self.facts.constant(b).and_then(|c| u8::try_from(c.min(128)).ok()) {
                    Some(bits) if two == BinaryFunction::ShiftRight => {
                        self.to.ins().sshr_imm(x, i64::from(bits.min(127)))
                    }
                    Some(bits @ ..128) if !node.may_fail => {
                        self.to.ins().ishl_imm(x, i64::from(bits))
                    }
                    _ => self.call_two(two, node, x, y),
                }
            }
            BinaryFunction::Remainder | BinaryFunction::Modulo => {
                match self.remainder_of_wide(a, x, b) {
                    Some(remainder) => remainder,
                    None => self.call_two(two, node, x, y),
                }
            }
            _ => self.call_two(two, node, x, y),
        }
    }

    /// Fails if the top bit is set.
    fn fail_if_top(&mut self, value: Value) {
        let (_, high) = self.to.ins().isplit(value);
        let set = self.to.ins().icmp_imm(IntCC::SignedLessThan, high, 0);
        self.fail_if(set, Arithmetic::Overflow);
    }

    fn call_one(&mut self, one: UnaryFunction, node: &Node, x: Value) -> Value {
        let which = self.number(number_of_one(one));
        let (low, high) = self.to.ins().isplit(x);
        let result = self.to.ins().stack_addr(types::I64, self.result, 0);
        let code = self.call(RuntimeCall::One, &[which, low, high, result]);
        self.called(node, code)
    }

    fn call_two(&mut self, two: BinaryFunction, node: &Node, x: Value, y: Value) -> Value {
        let which = self.number(number_of_two(two));
        let (x_low, x_high) = self.to.ins().isplit(x);
        let (y_low, y_high) = self.to.ins().isplit(y);
        let result = self.to.ins().stack_addr(types::I64, self.result, 0);
        let code = self.call(RuntimeCall::Two, &[which, x_low, x_high, y_low, y_high, result]);
        self.called(node, code)
    }

    /// A function of the table.
    pub(super) fn named(
        &mut self,
        function: NamedFunction,
        node: &Node,
        arguments: &[Node],
    ) -> ComputedValue {
        let values: Vec<ComputedValue> = arguments.iter().map(|a| self.value(a)).collect();
        if let Some(value) = self.named_narrow(function, node, &values) {
            return value;
        }
        let mut passed = vec![self.number(function.address() as i64)];
        for held in values {
            let value = self.widen(held);
            let (low, high) = self.to.ins().isplit(value);
            passed.extend([low, high]);
        }
        let zero = self.number(0);
        passed.resize(1 + 2 * MOST_ARGUMENTS, zero);
        passed.push(self.to.ins().stack_addr(types::I64, self.result, 0));
        let code = self.call(RuntimeCall::Named, &passed);
        let value = self.called(node, code);
        match node.kind {
            Kind::Truth => ComputedValue::Truth(self.to.ins().ireduce(types::I8, value)),
            Kind::Integer => ComputedValue::Wide(value),
        }
    }

    /// The version of a function for 64 bits, if there is one and all of its arguments and its result fit.
    fn named_narrow(
        &mut self,
        function: NamedFunction,
        node: &Node,
        arguments: &[ComputedValue],
    ) -> Option<ComputedValue> {
        let narrow = function.narrow().filter(|_| !node.may_fail && is_narrow(node))?;
        let narrow_value = |held: &ComputedValue| match held {
            ComputedValue::Narrow(value) => Some(*value),
            ComputedValue::Truth(_) | ComputedValue::Wide(_) => None,
        };
        let arguments: Vec<Value> = arguments.iter().map(narrow_value).collect::<Option<_>>()?;
        let mut signature = Signature::new(self.to.func.signature.call_conv);
        signature.params = vec![AbiParam::new(types::I64); arguments.len()];
        signature.returns = vec![AbiParam::new(types::I64)];
        let signature = self.to.import_signature(signature);
        let address = self.number(narrow.address() as i64);
        let call = self.to.ins().call_indirect(signature, address, &arguments);
        let value = self.to.inst_results(call)[0];
        Some(match node.kind {
            Kind::Truth => ComputedValue::Truth(self.to.ins().ireduce(types::I8, value)),
            Kind::Integer => ComputedValue::Narrow(value),
        })
    }

    /// What a call left, unless it failed.
    fn called(&mut self, node: &Node, code: Value) -> Value {
        if node.may_fail {
            self.fail_with(code, code);
        }
        let low = self.to.ins().stack_load(types::I64, self.result, 0);
        let high = self.to.ins().stack_load(types::I64, self.result, 8);
        self.to.ins().iconcat(low, high)
    }
}
