//! Copying, filling and comparing memory: by calls of library routines, or, if it is little, by loads and stores.

use super::FunctionBuilder;
use crate::ir::builder::InstBuilder;
use crate::ir::condcodes::IntCC;
use crate::ir::types::{self, Type};
use crate::ir::{ExtFuncData, ExternalName, Inst, LibCall, MemFlagsData, Value};
use crate::isa::TargetFrontendConfig;
use std::num::NonZeroU8;

/// More loads or stores than these are left to a library routine.
const MOST_ACCESSES: u64 = 4;

/// The accesses that cover `size` bytes, of which there are some: an integer type and how many of it. None if they are too many.
fn accesses(size: u64, pointer: Type) -> Option<(Type, u64)> {
    // no wider than a pointer, and a divisor of the size
    let width = (size & size.wrapping_neg()).min(u64::from(pointer.bytes()));
    let count = size / width;
    (count <= MOST_ACCESSES).then_some((Type::int_with_byte_size(width as u16)?, count))
}

/// The comparison with 0 of a signed result that stands for an unsigned comparison.
fn signed(cc: IntCC) -> IntCC {
    IntCC::all().iter().copied().find(|s| s.unsigned() == cc && *s != cc).unwrap_or(cc)
}

impl FunctionBuilder<'_> {
    fn call_libcall(&mut self, config: TargetFrontendConfig, routine: LibCall, args: &[Value]) -> Inst {
        let signature = routine.signature(config.default_call_conv, config.pointer_type());
        let signature = self.import_signature(signature);
        let name = ExternalName::LibCall(routine);
        let func = self.import_function(ExtFuncData { name, signature, colocated: false, patchable: false });
        self.ins().call(func, args)
    }
    /// Calls `memcpy`.
    pub fn call_memcpy(&mut self, config: TargetFrontendConfig, dest: Value, src: Value, size: Value) {
        self.call_libcall(config, LibCall::Memcpy, &[dest, src, size]);
    }
    /// Calls `memmove`.
    pub fn call_memmove(&mut self, config: TargetFrontendConfig, dest: Value, src: Value, size: Value) {
        self.call_libcall(config, LibCall::Memmove, &[dest, src, size]);
    }
    /// Calls `memset`, with `ch` zero-extended to `i32` if it is narrower.
    pub fn call_memset(&mut self, config: TargetFrontendConfig, buffer: Value, ch: Value, size: Value) {
        let narrow = self.func.dfg.value_type(ch).bits() < 32;
        let ch = if narrow { self.ins().uextend(types::I32, ch) } else { ch };
        self.call_libcall(config, LibCall::Memset, &[buffer, ch, size]);
    }
    /// Calls `memcmp`: less than, equal to, or greater than 0.
    pub fn call_memcmp(&mut self, config: TargetFrontendConfig, left: Value, right: Value, size: Value) -> Value {
        let call = self.call_libcall(config, LibCall::Memcmp, &[left, right, size]);
        self.func.dfg.first_result(call)
    }
    /// Copies `size` bytes. The alignments are what is known of the addresses.
    #[allow(clippy::too_many_arguments, reason = "the interface is given")]
    pub fn emit_small_memory_copy(
        &mut self,
        config: TargetFrontendConfig,
        dest: Value,
        src: Value,
        size: u64,
        dest_align: u8,
        src_align: u8,
        non_overlapping: bool,
        flags: MemFlagsData,
    ) {
        if size == 0 {
            return;
        }
        let Some((ty, count)) = accesses(size, config.pointer_type()) else {
            let size = self.ins().iconst(config.pointer_type(), size as i64);
            return match non_overlapping {
                true => self.call_memcpy(config, dest, src, size),
                false => self.call_memmove(config, dest, src, size),
            };
        };
        let flags_for = |align: u8| if u32::from(align) >= ty.bytes() { flags.with_aligned() } else { flags };
        let offsets = (0..count as i32).map(|i| i * ty.bytes() as i32);
        // all loads come first, in case the regions overlap
        let load = |i| (i, self.ins().load(ty, flags_for(src_align), src, i));
        for (offset, value) in offsets.map(load).collect::<Vec<_>>() {
            self.ins().store(flags_for(dest_align), value, dest, offset);
        }
    }
    /// Fills `size` bytes. The alignment is what is known of the address.
    pub fn emit_small_memset(
        &mut self,
        config: TargetFrontendConfig,
        buffer: Value,
        ch: u8,
        size: u64,
        buffer_align: u8,
        flags: MemFlagsData,
    ) {
        if size == 0 {
            return;
        }
        let Some((ty, count)) = accesses(size, config.pointer_type()) else {
            let ch = self.ins().iconst(types::I32, i64::from(ch));
            let size = self.ins().iconst(config.pointer_type(), size as i64);
            return self.call_memset(config, buffer, ch, size);
        };
        let flags = if u32::from(buffer_align) >= ty.bytes() { flags.with_aligned() } else { flags };
        let value = self.ins().iconst(ty, i64::from_ne_bytes([ch; 8]));
        for i in 0..count as i32 {
            self.ins().store(flags, value, buffer, i * ty.bytes() as i32);
        }
    }
    /// Compares `size` bytes: whether those at `left` are equal to, below, ... those at `right`, as a sequence of unsigned
    /// bytes. The alignments are what is known of the addresses.
    #[allow(clippy::too_many_arguments, reason = "the interface is given")]
    pub fn emit_small_memory_compare(
        &mut self,
        config: TargetFrontendConfig,
        int_cc: IntCC,
        left: Value,
        right: Value,
        size: u64,
        left_align: NonZeroU8,
        right_align: NonZeroU8,
        flags: MemFlagsData,
    ) -> Value {
        let equality = matches!(int_cc, IntCC::Equal | IntCC::NotEqual);
        if size == 0 {
            let holds = int_cc == IntCC::Equal || int_cc != int_cc.without_equal();
            return self.ins().iconst(types::I8, i64::from(holds));
        }
        let covered = accesses(size, config.pointer_type());
        // order is that of bytes only if there is one byte
        let Some((ty, count)) = covered.filter(|(ty, _)| equality || *ty == types::I8 && size == 1) else {
            let size = self.ins().iconst(config.pointer_type(), size as i64);
            let order = self.call_memcmp(config, left, right, size);
            return self.ins().icmp_imm_s(signed(int_cc), order, 0);
        };
        let flags_for =
            |align: NonZeroU8| if u32::from(align.get()) >= ty.bytes() { flags.with_aligned() } else { flags };
        let mut load = |at, align, i: u64| self.ins().load(ty, flags_for(align), at, i as i32 * ty.bytes() as i32);
        let pairs: Vec<(Value, Value)> =
            (0..count).map(|i| (load(left, left_align, i), load(right, right_align, i))).collect();
        if let [(a, b)] = pairs[..] {
            return self.ins().icmp(int_cc, a, b);
        }
        let differences: Vec<Value> = pairs.into_iter().map(|(a, b)| self.ins().bxor(a, b)).collect();
        let any = differences.into_iter().reduce(|a, b| self.ins().bor(a, b)).expect("there are at least two");
        self.ins().icmp_imm_u(int_cc, any, 0)
    }
}
