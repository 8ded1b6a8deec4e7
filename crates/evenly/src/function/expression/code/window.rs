//! Code for a part whose values for consecutive n may be in a window.

use super::super::tree::Node;
use super::emit::{ComputedValue, Emitter, held_like, type_of};
use crate::function::Kind;
use crate::function::jit::Shape;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlags, Value, types};

impl Emitter<'_, '_> {
    /// The value from the window if it is there, else computed. The window has an address if it has a value for each
    /// number of this run of the kernel.
    pub(super) fn windowed(&mut self, place: usize, shape: Shape, node: &Node) -> ComputedValue {
        let Some(&address) = self.windows.get(place) else { return self.computed(node) };
        let (read, compute) = (self.to.create_block(), self.to.create_block());
        let end = self.to.create_block();
        let value = self.to.append_block_param(end, type_of(node));
        self.to.ins().brif(address, read, &[], compute, &[]);

        self.to.switch_to_block(read);
        self.to.seal_block(read);
        match shape {
            Shape::Bits => {
                let bit = self.bit_at(address);
                self.to.ins().jump(end, &[bit.into()]);
            }
            Shape::Narrow => {
                let at = self.place_of_n(address, 3);
                let number = self.to.ins().load(types::I64, MemFlags::trusted(), at, 0);
                let number = match node.kind {
                    Kind::Truth => self.to.ins().ireduce(types::I8, number),
                    Kind::Integer => number,
                };
                self.to.ins().jump(end, &[number.into()]);
            }
            Shape::Wide => {
                let at = self.place_of_n(address, 4);
                let low = self.to.ins().load(types::I64, MemFlags::trusted(), at, 0);
                let high = self.to.ins().load(types::I64, MemFlags::trusted(), at, 8);
                let number = self.to.ins().iconcat(low, high);
                let missing = self.to.ins().icmp_imm(IntCC::SignedLessThan, high, 0);
                self.to.ins().brif(missing, compute, &[], end, &[number.into()]);
            }
        }

        self.enter(compute);
        let computed = self.computed(node);
        let computed = match node.kind {
            Kind::Truth => self.truth_of(computed),
            Kind::Integer => self.like(node, computed),
        };
        self.to.ins().jump(end, &[computed.into()]);
        self.enter(end);
        held_like(node, value)
    }

    /// The place of the value for n, in a window of values of 2 to the power of `shift` bytes.
    fn place_of_n(&mut self, address: Value, shift: i64) -> Value {
        let distance = self.to.ins().ishl_imm(self.n, shift);
        self.to.ins().iadd(address, distance)
    }

    /// The bit for n. A window of bits begins at a multiple of 64.
    fn bit_at(&mut self, address: Value) -> Value {
        let word = self.to.ins().sshr_imm(self.n, 6);
        let distance = self.to.ins().ishl_imm(word, 3);
        let at = self.to.ins().iadd(address, distance);
        let word = self.to.ins().load(types::I64, MemFlags::trusted(), at, 0);
        // A shift takes its distance modulo 64.
        let bit = self.to.ins().ushr(word, self.n);
        let bit = self.to.ins().ireduce(types::I8, bit);
        self.to.ins().band_imm(bit, 1)
    }
}
