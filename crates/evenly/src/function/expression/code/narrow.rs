//! Code for operations whose operands and results fit 64 bits.

use super::super::tree::{BinaryFunction, Node, UnaryFunction};
use super::emit::{ComputedValue, Emitter};
use crate::function::jit::RuntimeCall;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use evenly_core::Arithmetic;

impl Emitter<'_, '_> {
    /// A function of one value; `a` is the part that gave it.
    pub(super) fn one_narrow(
        &mut self,
        one: UnaryFunction,
        node: &Node,
        a: &Node,
        x: Value,
    ) -> ComputedValue {
        let value = match one {
            UnaryFunction::Negate => self.to.ins().ineg(x),
            UnaryFunction::Abs if a.bounds.low >= 0 => x,
            UnaryFunction::Abs => self.to.ins().iabs(x),
            UnaryFunction::Isqrt => {
                self.fail_if_negative(node, x, Arithmetic::NegativeRoot);
                self.root(a, x)
            }
            UnaryFunction::Popcount => {
                self.fail_if_negative(node, x, Arithmetic::NegativeBits);
                self.to.ins().popcnt(x)
            }
            UnaryFunction::Digits => self.call(RuntimeCall::Digits, &[x]),
            UnaryFunction::DigitSum => self.call(RuntimeCall::DigitSum, &[x]),
            UnaryFunction::Prime => {
                let prime = self.call(RuntimeCall::Prime, &[x]);
                return ComputedValue::Truth(self.to.ins().ireduce(types::I8, prime));
            }
            UnaryFunction::Not => {
                let zero = self.number(0);
                return ComputedValue::Truth(self.to.ins().icmp(IntCC::Equal, x, zero));
            }
            UnaryFunction::Even | UnaryFunction::Odd => {
                let low = self.to.ins().ireduce(types::I8, x);
                let odd = self.to.ins().band_imm(low, 1);
                // A comparison, because a branch and a choice test it without making a truth value of it.
                return ComputedValue::Truth(if one == UnaryFunction::Even {
                    self.to.ins().icmp_imm(IntCC::Equal, odd, 0)
                } else {
                    odd
                });
            }
        };
        ComputedValue::Narrow(value)
    }

    fn fail_if_negative(&mut self, node: &Node, x: Value, why: Arithmetic) {
        if node.may_fail {
            let negative = self.to.ins().icmp_imm(IntCC::SignedLessThan, x, 0);
            self.fail_if(negative, why);
        }
    }

    /// The root of what is not negative, from floating point. Below 2^52 that is exact; above, the rounding of
    /// `x` to 53 bits may put it off by one.
    fn root(&mut self, a: &Node, x: Value) -> Value {
        let float = self.to.ins().fcvt_from_sint(types::F64, x);
        let root = self.to.ins().sqrt(float);
        let root = self.to.ins().fcvt_to_sint_sat(types::I64, root);
        if a.bounds.high < 1 << 52 {
            return root;
        }
        let square = self.to.ins().imul(root, root);
        let above = self.to.ins().icmp(IntCC::UnsignedGreaterThan, square, x);
        let above = self.to.ins().uextend(types::I64, above);
        let root = self.to.ins().isub(root, above);
        let next = self.to.ins().iadd_imm(root, 1);
        let square = self.to.ins().imul(next, next);
        let fits = self.to.ins().icmp(IntCC::UnsignedLessThanOrEqual, square, x);
        let fits = self.to.ins().uextend(types::I64, fits);
        self.to.ins().iadd(root, fits)
    }

    /// A function of two values, with the parts that gave them; `None` if it is one for 128 bits after all.
    pub(super) fn two_narrow(
        &mut self,
        two: BinaryFunction,
        node: &Node,
        (a, x): (&Node, Value),
        (b, y): (&Node, Value),
    ) -> Option<Value> {
        let may_overflow = node.may_fail;
        Some(match two {
            BinaryFunction::Add if !may_overflow => self.to.ins().iadd(x, y),
            BinaryFunction::Subtract if !may_overflow => self.to.ins().isub(x, y),
            BinaryFunction::Multiply if !may_overflow => {
                match (self.facts.constant(a), self.facts.constant(b)) {
                    (Some(3), _) => self.tripled(y),
                    (_, Some(3)) => self.tripled(x),
                    _ => self.to.ins().imul(x, y),
                }
            }
            BinaryFunction::And => self.to.ins().band(x, y),
            BinaryFunction::Or => self.to.ins().bor(x, y),
            BinaryFunction::Xor => self.to.ins().bxor(x, y),
            BinaryFunction::Min => {
                let less = self.to.ins().icmp(IntCC::SignedLessThan, x, y);
                self.to.ins().select(less, x, y)
            }
            BinaryFunction::Max => {
                let greater = self.to.ins().icmp(IntCC::SignedGreaterThan, x, y);
                self.to.ins().select(greater, x, y)
            }
            BinaryFunction::Divide
            | BinaryFunction::Remainder
            | BinaryFunction::DivideEuclid
            | BinaryFunction::Modulo => {
                match self.facts.constant(b).and_then(|c| i64::try_from(c).ok()) {
                    Some(constant) if constant != 0 => self.by_constant(two, a, x, constant),
                    _ => {
                        if node.may_fail {
                            let zero = self.to.ins().icmp_imm(IntCC::Equal, y, 0);
                            self.fail_if(zero, Arithmetic::DivisionByZero);
                        }
                        self.divided(two, (a, x), (b, y))
                    }
                }
            }
            BinaryFunction::Power if !node.may_fail => {
                let exponent = u32::try_from(self.facts.constant(b)?).ok()?;
                self.power(x, exponent)?
            }
            BinaryFunction::ShiftLeft
                if !node.may_fail && b.bounds.low >= 0 && b.bounds.high < 64 =>
            {
                self.to.ins().ishl(x, y)
            }
            BinaryFunction::ShiftRight => {
                self.fail_if_negative(node, y, Arithmetic::NegativeShift);
                let y = if b.bounds.high < 64 {
                    y
                } else {
                    let most = self.number(63);
                    let less = self.to.ins().icmp(IntCC::SignedLessThan, y, most);
                    self.to.ins().select(less, y, most)
                };
                self.to.ins().sshr(x, y)
            }
            BinaryFunction::Gcd => self.call(RuntimeCall::Gcd, &[x, y]),
            _ => return None,
        })
    }

    /// Three times this, as one address computation: a multiplication takes three times as long.
    fn tripled(&mut self, x: Value) -> Value {
        let double = self.to.ins().ishl_imm(x, 1);
        self.to.ins().iadd(x, double)
    }

    /// A power by squaring, in the width of its base, modulo which it is exact if the result fits.
    pub(super) fn power(&mut self, base: Value, mut exponent: u32) -> Option<Value> {
        if exponent > 127 {
            return None;
        }
        let mut square = base;
        let mut power = None;
        while exponent > 0 {
            if exponent % 2 == 1 {
                power = Some(match power {
                    None => square,
                    Some(power) => self.to.ins().imul(power, square),
                });
            }
            exponent /= 2;
            if exponent > 0 {
                square = self.to.ins().imul(square, square);
            }
        }
        power
    }
}
