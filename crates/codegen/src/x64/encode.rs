//! Bytes of one allocated instruction from its row's [`Spec`] (SDM volume 2, chapter 2): a writer per [`Shape`], all of
//! them over the same few pieces. Needs the tables of [`super::rows`]; leaves the shortest encoding in a [`Sink`].
//! Special rows (several instructions, or none) are emission's. Branches to labels are in [`super::branch`].

use super::rows::*;
use crate::emit::EncodeError;
use crate::frame::FrameOffsets;
use crate::sink::Sink;
use windlass_desc::x64::flags::Cc;
use windlass_regalloc::{Inst, NONE};

pub use crate::vcode::{BASE, Base, CC, SCALE};

/// Appends the bytes of `inst`, whose row has `spec` and whose operands are the first entries of `ops`.
pub fn encode(spec: &Spec, inst: &Inst, ops: &[u32], frame: &FrameOffsets, out: &mut Sink) -> Result<(), EncodeError> {
    let mut regs = Regs { ops, seen: 0 };
    let mut p = Parts::default();
    match spec.shape {
        Shape::Special => return Err(EncodeError::Special),
        Shape::Plain => {
            head(&mut p, spec, 0, false, 0);
            immediate(&mut p, spec, inst, false);
        }
        Shape::PlusReg => plus_reg(&mut p, spec, inst, &mut regs),
        Shape::Reg => with_reg::<false, false>(&mut p, spec, inst, &mut regs),
        Shape::RegImm => with_reg::<false, true>(&mut p, spec, inst, &mut regs),
        Shape::VexReg => with_reg::<true, true>(&mut p, spec, inst, &mut regs),
        Shape::Mem => with_mem::<false, false>(&mut p, spec, inst, &mut regs, frame)?,
        Shape::MemImm => with_mem::<false, true>(&mut p, spec, inst, &mut regs, frame)?,
        Shape::VexMem => with_mem::<true, true>(&mut p, spec, inst, &mut regs, frame)?,
        Shape::Rip => with_distance::<false>(&mut p, spec, &mut regs),
        Shape::VexRip => with_distance::<true>(&mut p, spec, &mut regs),
        Shape::Rel => {
            head(&mut p, spec, 0, false, 0);
            p.disp(0, 4);
        }
    }
    if regs.seen > 15 {
        return Err(EncodeError::Operand);
    }
    p.store(out);
    Ok(())
}

/// An instruction in the making. Bytes are collected in words and stored at fixed widths, so that the length of a part
/// changes no control flow: a mispredicted branch would cost more than everything else.
#[derive(Clone, Copy, Default)]
struct Parts {
    /// Prefixes, opcode, ModRM and SIB: seven bytes at most.
    head: u64,
    head_bits: u8,
    disp: (i32, u8),
    imm: (u64, u8),
}

impl Parts {
    /// The next byte of the head.
    #[inline(always)]
    fn u8(&mut self, v: u8) {
        self.u8_if(true, v);
    }
    /// The next byte of the head, if `cond`.
    #[inline(always)]
    fn u8_if(&mut self, cond: bool, v: u8) {
        self.head |= (((cond as u8).wrapping_neg() & v) as u64).wrapping_shl(self.head_bits as u32);
        self.head_bits += (cond as u8) << 3;
    }
    /// The next `n` bytes of the head.
    #[inline(always)]
    fn low(&mut self, v: u32, n: u8) {
        self.head |= (v as u64).wrapping_shl(self.head_bits as u32);
        self.head_bits += n << 3;
    }
    /// The displacement, of `n` bytes, or another number in its place.
    #[inline(always)]
    fn disp(&mut self, v: i32, n: u8) {
        self.disp = (v, n);
    }
    /// The immediate, of `n` bytes.
    #[inline(always)]
    fn imm(&mut self, v: u64, n: u8) {
        self.imm = (v, n);
    }
    /// Appends the instruction. The masks spare checks and change nothing.
    #[inline(always)]
    fn store(&self, out: &mut Sink) {
        let to = out.room();
        to[..8].copy_from_slice(&self.head.to_le_bytes());
        let at = (self.head_bits >> 3 & 7) as usize;
        to[at..at + 4].copy_from_slice(&self.disp.0.to_le_bytes());
        let at = at + (self.disp.1 & 7) as usize;
        to[at..at + 8].copy_from_slice(&self.imm.0.to_le_bytes());
        out.commit(at + self.imm.1 as usize);
    }
}

/// The registers of an instruction. All entries that were looked at are or-ed together and judged once at the end.
struct Regs<'a> {
    ops: &'a [u32],
    seen: u32,
}

impl Regs<'_> {
    /// The number of the register at `place`. Vector registers have numbers from 32 on: `vector` is 32 or 0.
    #[inline(always)]
    fn at(&mut self, place: u8, vector: u8) -> u8 {
        let r = self.ops.get(place as usize).copied().unwrap_or(NONE);
        self.seen |= r ^ vector as u32;
        (r & 15) as u8
    }
    /// What a field of the spec stands for.
    #[inline(always)]
    fn field(&mut self, field: u8, vector: u8) -> u8 {
        if field & DIGIT != 0 { field & 7 } else { self.at(field, vector) }
    }
    /// ModRM.reg.
    #[inline(always)]
    fn reg(&mut self, spec: &Spec) -> u8 {
        self.field(spec.reg, (spec.bits & VEC_REG) << 1)
    }
    /// ModRM.rm.
    #[inline(always)]
    fn rm(&mut self, spec: &Spec) -> u8 {
        self.field(spec.rm, spec.bits & VEC_RM)
    }
    /// VEX.vvvv.
    #[inline(always)]
    fn vvvv(&mut self, spec: &Spec) -> u8 {
        self.field(spec.vex, (spec.bits & VEC_VEX) >> 1)
    }
}

/// What a condition adds to the opcode.
#[inline(always)]
fn condition(spec: &Spec, inst: &Inst) -> u8 {
    if spec.bits & PLUS_CC != 0 { (inst.flags >> CC & 15) as u8 } else { 0 }
}

/// Prefix, REX, escape bytes, opcode. `rex` has R, X and B; `byte` asks for a REX prefix even if it would be empty;
/// `add` is added to the opcode.
#[inline(always)]
fn head(p: &mut Parts, spec: &Spec, rex: u8, byte: bool, add: u8) {
    p.u8_if(spec.prefix != 0, spec.prefix);
    let rex = rex | (spec.bits & WIDE) << 3;
    p.u8_if((rex != 0) | byte, 0x40 | rex);
    // The opcode is the last of as many bytes as the map's number, three of the last map.
    let bytes = spec.map - (spec.map >> 2);
    p.low(spec.code + ((add as u32) << ((8 * (bytes - 1)) & 31)), bytes);
}

/// VEX prefix of two bytes if it can be, else three; opcode. `v` is the register in vvvv.
#[inline(always)]
fn vex_head(p: &mut Parts, spec: &Spec, rex: u8, v: u8) {
    let pp = match spec.prefix {
        0x66 => 1,
        0xf3 => 2,
        0xf2 => 3,
        _ => 0,
    };
    // R, X, B and vvvv are stored inverted.
    let tail = (!v & 15) << 3 | pp;
    if spec.map == 2 && spec.bits & WIDE == 0 && rex & 3 == 0 {
        p.u8(0xc5);
        p.u8((!rex & 4) << 5 | tail);
    } else {
        p.u8(0xc4);
        p.u8((!rex & 7) << 5 | (spec.map - 1));
        p.u8((spec.bits & WIDE) << 7 | tail);
    }
    p.u8(spec.code as u8);
}

/// 8-bit names of registers 4 to 7 need a REX prefix: without one they are ah to bh.
#[inline(always)]
fn needs_rex(spec: &Spec, bit: u8, r: u8) -> bool {
    (spec.bits & bit != 0) & (r & 12 == 4)
}

#[inline(always)]
fn plus_reg(p: &mut Parts, spec: &Spec, inst: &Inst, regs: &mut Regs) {
    let r = regs.at(spec.rm, 0);
    head(p, spec, r >> 3, needs_rex(spec, BYTE_RM, r), r & 7);
    immediate(p, spec, inst, false);
}

#[inline(always)]
fn with_reg<const VEX: bool, const IMM: bool>(p: &mut Parts, spec: &Spec, inst: &Inst, regs: &mut Regs) {
    let (reg, rm) = (regs.reg(spec), regs.rm(spec));
    let rex = reg >> 3 << 2 | rm >> 3;
    let byte = needs_rex(spec, BYTE_REG, reg) | needs_rex(spec, BYTE_RM, rm);
    let short = IMM && is_short(spec, inst);
    if VEX {
        vex_head(p, spec, rex, regs.vvvv(spec));
    } else if IMM && spec.acc != 0 && rm == 0 && !short {
        // Rows with such an opcode have no escape bytes.
        head(p, &Spec { code: spec.acc as u32, ..*spec }, rex, false, 0);
        return immediate(p, spec, inst, short);
    } else {
        head(p, spec, rex, byte, condition(spec, inst) + short_bit(spec, short));
    }
    p.u8(modrm(3, reg, rm));
    if IMM {
        immediate(p, spec, inst, short);
    }
}

#[inline(always)]
fn with_mem<const VEX: bool, const IMM: bool>(
    p: &mut Parts,
    spec: &Spec,
    inst: &Inst,
    regs: &mut Regs,
    frame: &FrameOffsets,
) -> Result<(), EncodeError> {
    let reg = regs.reg(spec);
    let a = Address::of(inst, regs.ops, spec.rm, frame)?;
    let rex = reg >> 3 << 2 | a.index.unwrap_or(0) >> 3 << 1 | a.base.unwrap_or(0) >> 3;
    let short = IMM && is_short(spec, inst);
    if VEX {
        vex_head(p, spec, rex, regs.vvvv(spec));
    } else {
        let add = condition(spec, inst) + short_bit(spec, short);
        head(p, spec, rex, needs_rex(spec, BYTE_REG, reg), add);
    }
    address(p, reg, &a);
    if IMM {
        immediate(p, spec, inst, short);
    }
    Ok(())
}

/// Mode 0 with rm 5 is relative to the instruction pointer.
#[inline(always)]
fn with_distance<const VEX: bool>(p: &mut Parts, spec: &Spec, regs: &mut Regs) {
    let reg = regs.reg(spec);
    if VEX {
        vex_head(p, spec, reg >> 3 << 2, regs.vvvv(spec));
    } else {
        head(p, spec, reg >> 3 << 2, false, 0);
    }
    p.u8(modrm(0, reg, 5));
    p.disp(0, 4);
}

#[inline(always)]
fn modrm(mode: u8, reg: u8, rm: u8) -> u8 {
    mode << 6 | (reg & 7) << 3 | rm & 7
}

/// A memory operand in the form that is encoded and printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Address {
    pub base: Option<u8>,
    pub index: Option<u8>,
    /// As a power of two.
    pub scale: u8,
    pub disp: i32,
}

impl Address {
    /// The memory operand of `inst` with its base and index at `place`.
    #[inline(always)]
    pub(crate) fn of(inst: &Inst, ops: &[u32], place: u8, frame: &FrameOffsets) -> Result<Address, EncodeError> {
        let register = |i: u8| match ops.get(i as usize) {
            Some(&NONE) => Ok(None),
            Some(&r) if r < 16 => Ok(Some(r as u8)),
            _ => Err(EncodeError::Operand),
        };
        let (mut base, mut index) = (register(place)?, register(place + 1)?);
        let (mut scale, mut disp) = ((inst.flags >> SCALE & 3) as u8, inst.payload as i32);
        let kind = inst.flags >> BASE & 7;
        if kind != 0 {
            let offset = [frame.slots, frame.incoming, frame.outgoing, frame.returns].get(kind as usize - 1).copied();
            disp = offset.and_then(|o| disp.checked_add(o)).filter(|_| base.is_none()).ok_or(EncodeError::Address)?;
            base = Some(4);
        }
        // Without a base the displacement would take four bytes.
        match (base, index, scale) {
            (_, Some(4), _) => return Err(EncodeError::Address),
            (_, None, _) => scale = 0,
            (None, Some(i), 0) => (base, index) = (Some(i), None),
            (None, Some(i), 1) => (base, scale) = (Some(i), 0),
            _ => {}
        }
        Ok(Address { base, index, scale, disp })
    }
}

/// ModRM, SIB and displacement.
#[inline(always)]
fn address(p: &mut Parts, reg: u8, a: &Address) {
    let sib = |base: u8| a.scale << 6 | (a.index.unwrap_or(4) & 7) << 3 | base & 7;
    let Some(base) = a.base else {
        // Base 5 in mode 0 means none; rm 5 without SIB would be relative to the instruction pointer.
        p.u8(modrm(0, reg, 4));
        p.u8(sib(5));
        return p.disp(a.disp, 4);
    };
    // No displacement, one byte, four bytes: the square of the mode.
    let mode = match a.disp {
        0 if base & 7 != 5 => 0,
        -128..=127 => 1,
        _ => 2,
    };
    let with_sib = a.index.is_some() || base & 7 == 4;
    p.u8(modrm(mode, reg, if with_sib { 4 } else { base }));
    p.u8_if(with_sib, sib(base));
    p.disp(a.disp, mode * mode);
}

/// The immediate of a row that keeps it in the upper half of the payload, sign-extended from the row's width.
#[inline(always)]
pub(crate) fn immediate_of(spec: &Spec, inst: &Inst) -> i32 {
    let v = (inst.payload >> 32) as i32;
    match spec.imm {
        ImmSpec::U8 | ImmSpec::Count => v as u8 as i32,
        ImmSpec::I8 => v as i8 as i32,
        ImmSpec::I16 | ImmSpec::Short16 => v as i16 as i32,
        _ => v,
    }
}

/// Is the immediate encoded in a byte, or less, although it could be longer?
#[inline(always)]
pub(crate) fn is_short(spec: &Spec, inst: &Inst) -> bool {
    match spec.imm {
        ImmSpec::Count => immediate_of(spec, inst) == 1,
        ImmSpec::Fixed => true,
        ImmSpec::Short16 | ImmSpec::Short32 => i8::try_from(immediate_of(spec, inst)).is_ok(),
        _ => false,
    }
}

/// The opcode bit that says so.
#[inline(always)]
fn short_bit(spec: &Spec, short: bool) -> u8 {
    match spec.imm {
        ImmSpec::Count => (short as u8) << 4,
        ImmSpec::Fixed => 0,
        _ => (short as u8) << 1,
    }
}

#[inline(always)]
fn immediate(p: &mut Parts, spec: &Spec, inst: &Inst, short: bool) {
    let shift = if matches!(spec.imm, ImmSpec::U32 | ImmSpec::I64) { 0 } else { 32 };
    let len = if short { (spec.imm != ImmSpec::Count) as u8 } else { spec.imm.size() };
    p.imm(if spec.imm == ImmSpec::Fixed { spec.acc as u64 } else { inst.payload >> shift }, len);
}

/// The condition of an instruction.
pub(crate) fn cc_of(inst: &Inst) -> Cc {
    Cc::from_number((inst.flags >> CC) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(spec: &Spec, flags: u16, payload: u64, ops: &[u32]) -> Result<Vec<u8>, EncodeError> {
        let mut out = Sink::new();
        let frame = FrameOffsets { slots: 8, incoming: i32::MAX, ..FrameOffsets::default() };
        encode(spec, &Inst { row: 0, flags, ops: 0, payload }, ops, &frame, &mut out)?;
        Ok(out.as_slice().to_vec())
    }

    /// vaddps, andn, blsr: no rows yet, but the forms that rows will take.
    #[test]
    fn vex_prefixes() {
        let three = Spec { shape: Shape::VexReg, map: 3, reg: 0, rm: 2, vex: 1, ..SPECS[SHLX32_RR as usize] };
        let andn = Spec { prefix: 0, code: 0xf2, ..three };
        let vaddps = Spec { prefix: 0, code: 0x58, map: 2, ..three };
        let memory = Spec { shape: Shape::VexMem, ..vaddps };
        let blsr = Spec { reg: DIGIT | 1, rm: 1, vex: 0, code: 0xf3, ..andn };
        let sib = 2 << SCALE;
        assert_eq!(run(&vaddps, 0, 0, &[1, 2, 3]), Ok(vec![0xc5, 0xe8, 0x58, 0xcb]));
        assert_eq!(run(&vaddps, 0, 0, &[9, 10, 3]), Ok(vec![0xc5, 0x28, 0x58, 0xcb]));
        assert_eq!(run(&vaddps, 0, 0, &[1, 2, 11]), Ok(vec![0xc4, 0xc1, 0x68, 0x58, 0xcb]));
        assert_eq!(run(&memory, sib, 64, &[9, 2, 0, 1]), Ok(vec![0xc5, 0x68, 0x58, 0x4c, 0x88, 0x40]));
        assert_eq!(run(&memory, sib, 0, &[9, 2, 0, 9]), Ok(vec![0xc4, 0x21, 0x68, 0x58, 0x0c, 0x88]));
        assert_eq!(run(&andn, 0, 0, &[0, 1, 2]), Ok(vec![0xc4, 0xe2, 0x70, 0xf2, 0xc2]));
        let wide = Spec { shape: Shape::VexMem, bits: WIDE, ..andn };
        assert_eq!(run(&wide, 0, 0, &[8, 9, 10, NONE]), Ok(vec![0xc4, 0x42, 0xb0, 0xf2, 0x02]));
        assert_eq!(run(&blsr, 0, 0, &[0, 1]), Ok(vec![0xc4, 0xe2, 0x78, 0xf3, 0xc9]));
    }

    #[test]
    fn what_cannot_be_encoded_is_an_error() {
        let add = &SPECS[ADD32_RR as usize];
        let load = &SPECS[MOV64_RM as usize];
        for bad in [NONE, 16, 32, 1 << 30] {
            assert_eq!(run(add, 0, 0, &[1, 1, bad]), Err(EncodeError::Operand));
            assert_eq!(run(load, 0, 0, &[bad, 0, 0]), Err(EncodeError::Operand));
        }
        assert_eq!(run(add, 0, 0, &[1, 1]), Err(EncodeError::Operand));
        assert_eq!(run(load, 0, 0, &[0, 16, NONE]), Err(EncodeError::Operand));
        assert_eq!(run(load, 0, 0, &[0, 1]), Err(EncodeError::Operand));
        assert_eq!(run(load, 0, 0, &[0, 1, 4]), Err(EncodeError::Address));
        let kind = |k: Base| (k as u16) << BASE;
        assert!(run(load, kind(Base::Incoming), 0, &[0, NONE, NONE]).is_ok());
        assert_eq!(run(load, kind(Base::Incoming), 1, &[0, NONE, NONE]), Err(EncodeError::Address));
        assert_eq!(run(load, kind(Base::Slots), 0, &[0, 1, NONE]), Err(EncodeError::Address));
        assert_eq!(run(load, 7 << BASE, 0, &[0, NONE, NONE]), Err(EncodeError::Address));
        assert_eq!(run(&SPECS[JUMP as usize], 0, 0, &[]), Err(EncodeError::Special));
    }
}
