//! Bytes of one allocated instruction from its row's [`Spec`] (SDM volume 2, chapter 2): a writer per [`Shape`], all of
//! them over the same few pieces. Needs the tables of [`super::rows`]; leaves the shortest encoding in a [`Sink`].
//! Special rows (labels, calls, pseudo instructions) are whole-function emission's; its pieces are in [`super::insts`].

use super::rows::*;
use crate::sink::{Sink, Writer};
use windlass_regalloc::{Inst, NONE};

/// [`Inst::flags`]: the lowest bit of the index's scale, as a power of two.
pub const SCALE: u32 = 0;
/// [`Inst::flags`]: the lowest bit of the memory operand's [`Base`].
pub const BASE: u32 = 2;
/// [`Inst::flags`]: the lowest bit of the condition's number.
pub const CC: u32 = 8;

/// What a memory operand is relative to: three bits of [`Inst::flags`] from bit [`BASE`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Base {
    /// The base register, if there is one.
    Regs = 0,
    /// The explicit stack slots; no base register.
    Slots = 1,
    /// The incoming stack arguments; no base register.
    Incoming = 2,
    /// The outgoing stack arguments; no base register.
    Outgoing = 3,
}

/// Where the parts of a frame start, in bytes from the stack pointer.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct FrameOffsets {
    /// Explicit stack slots.
    pub slots: i32,
    /// Incoming stack arguments.
    pub incoming: i32,
    /// Outgoing stack arguments.
    pub outgoing: i32,
}

/// Why an instruction has no encoding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EncodeError {
    /// Its row's bytes are made by whole-function emission.
    Special,
    /// An operand is no general register, or is missing.
    Operand,
    /// The memory operand cannot be expressed: its index is rsp, its base unknown, or its displacement beyond 32 bits.
    Address,
}

impl std::fmt::Display for EncodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            EncodeError::Special => "the row has no encoding of its own",
            EncodeError::Operand => "an operand is not a general register",
            EncodeError::Address => "the memory operand cannot be encoded",
        })
    }
}

impl std::error::Error for EncodeError {}

/// Appends the bytes of `inst`, whose row has `spec` and whose operands are the first entries of `ops`.
pub fn encode(spec: &Spec, inst: &Inst, ops: &[u32], frame: &FrameOffsets, out: &mut Sink) -> Result<(), EncodeError> {
    let mut regs = Regs { ops, seen: 0 };
    let mut w = out.begin();
    match spec.shape {
        Shape::Special => return Err(EncodeError::Special),
        Shape::Plain => head(&mut w, spec, 0, false, opcode(spec, inst)),
        Shape::PlusReg => plus_reg(&mut w, spec, inst, &mut regs),
        Shape::Reg => with_reg::<false>(&mut w, spec, inst, &mut regs),
        Shape::VexReg => with_reg::<true>(&mut w, spec, inst, &mut regs),
        Shape::Mem => with_mem::<false>(&mut w, spec, inst, &mut regs, frame)?,
        Shape::VexMem => with_mem::<true>(&mut w, spec, inst, &mut regs, frame)?,
    }
    if regs.seen > 15 {
        return Err(EncodeError::Operand);
    }
    let n = w.len();
    out.commit(n);
    Ok(())
}

/// The registers of an instruction. All entries that were looked at are or-ed together and judged once at the end.
struct Regs<'a> {
    ops: &'a [u32],
    seen: u32,
}

impl Regs<'_> {
    /// The number of the register at `place`.
    #[inline]
    fn at(&mut self, place: u8) -> u8 {
        let r = self.ops.get(place as usize).copied().unwrap_or(NONE);
        self.seen |= r;
        (r & 15) as u8
    }
    /// What a field of the spec stands for.
    #[inline]
    fn field(&mut self, field: u8) -> u8 {
        if field & DIGIT != 0 { field & 7 } else { self.at(field) }
    }
}

#[inline]
fn opcode(spec: &Spec, inst: &Inst) -> u8 {
    if spec.bits & PLUS_CC != 0 { spec.opcode + (inst.flags >> CC & 15) as u8 } else { spec.opcode }
}

/// Prefix, REX, escape bytes, opcode. `rex` has R, X and B; `byte` asks for a REX prefix even if it would be empty.
#[inline]
fn head(w: &mut Writer, spec: &Spec, rex: u8, byte: bool, opcode: u8) {
    if spec.prefix != 0 {
        w.u8(spec.prefix);
    }
    let rex = rex | (spec.bits & WIDE) << 3;
    if rex != 0 || byte {
        w.u8(0x40 | rex);
    }
    if spec.map > 1 {
        w.u8(0x0f);
        if spec.map > 2 {
            w.u8(0x38);
        }
    }
    w.u8(opcode);
}

/// VEX prefix of two bytes if it can be, else three; opcode. `v` is the register in vvvv.
#[inline]
fn vex_head(w: &mut Writer, spec: &Spec, rex: u8, v: u8, opcode: u8) {
    let pp = match spec.prefix {
        0x66 => 1,
        0xf3 => 2,
        0xf2 => 3,
        _ => 0,
    };
    // R, X, B and vvvv are stored inverted.
    let tail = (!v & 15) << 3 | pp;
    if spec.map == 2 && spec.bits & WIDE == 0 && rex & 3 == 0 {
        w.u8(0xc5);
        w.u8((!rex & 4) << 5 | tail);
    } else {
        w.u8(0xc4);
        w.u8((!rex & 7) << 5 | (spec.map - 1));
        w.u8((spec.bits & WIDE) << 7 | tail);
    }
    w.u8(opcode);
}

/// 8-bit names of registers 4 to 7 need a REX prefix: without one they are ah to bh.
#[inline]
fn needs_rex(r: u8) -> bool {
    r & 12 == 4
}

#[inline]
fn plus_reg(w: &mut Writer, spec: &Spec, inst: &Inst, regs: &mut Regs) {
    let r = regs.at(spec.rm);
    let byte = spec.bits & BYTE_RM != 0 && needs_rex(r);
    head(w, spec, r >> 3, byte, opcode(spec, inst) + (r & 7));
    immediate(w, spec, inst);
}

#[inline]
fn with_reg<const VEX: bool>(w: &mut Writer, spec: &Spec, inst: &Inst, regs: &mut Regs) {
    let (reg, rm) = (regs.field(spec.reg), regs.field(spec.rm));
    let rex = reg >> 3 << 2 | rm >> 3;
    let byte = spec.bits & BYTE_REG != 0 && needs_rex(reg) || spec.bits & BYTE_RM != 0 && needs_rex(rm);
    let short = short_bit(spec, inst);
    if VEX {
        vex_head(w, spec, rex, vvvv(spec, regs), opcode(spec, inst));
    } else if spec.acc != 0 && rm == 0 && short == 0 {
        head(w, spec, rex, false, spec.acc);
        return immediate(w, spec, inst);
    } else {
        head(w, spec, rex, byte, opcode(spec, inst) | short);
    }
    w.u8(modrm(3, reg, rm));
    immediate(w, spec, inst);
}

#[inline]
fn with_mem<const VEX: bool>(
    w: &mut Writer,
    spec: &Spec,
    inst: &Inst,
    regs: &mut Regs,
    frame: &FrameOffsets,
) -> Result<(), EncodeError> {
    let reg = regs.field(spec.reg);
    let a = Address::of(inst, regs.ops, spec.rm, frame)?;
    let rex = reg >> 3 << 2 | a.index.unwrap_or(0) >> 3 << 1 | a.base.unwrap_or(0) >> 3;
    if VEX {
        vex_head(w, spec, rex, vvvv(spec, regs), opcode(spec, inst));
    } else {
        let byte = spec.bits & BYTE_REG != 0 && needs_rex(reg);
        head(w, spec, rex, byte, opcode(spec, inst) | short_bit(spec, inst));
    }
    address(w, reg, &a);
    immediate(w, spec, inst);
    Ok(())
}

/// The register in VEX.vvvv; with none the field is all ones, which 0 gives.
#[inline]
fn vvvv(spec: &Spec, regs: &mut Regs) -> u8 {
    if spec.vex == NO_FIELD { 0 } else { regs.field(spec.vex) }
}

#[inline]
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
    /// `disp` bytes from the stack pointer.
    pub(crate) fn rsp(disp: i32) -> Address {
        Address { base: Some(4), index: None, scale: 0, disp }
    }
    /// The memory operand of `inst` with its base and index at `place`.
    #[inline]
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
            let offset = [frame.slots, frame.incoming, frame.outgoing].get(kind as usize - 1).copied();
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
#[inline]
pub(crate) fn address(w: &mut Writer, reg: u8, a: &Address) {
    let sib = |base: u8| a.scale << 6 | (a.index.unwrap_or(4) & 7) << 3 | base & 7;
    let Some(base) = a.base else {
        // Base 5 in mode 0 means none; rm 5 without SIB would be relative to the instruction pointer.
        w.u8(modrm(0, reg, 4));
        w.u8(sib(5));
        return w.u32(a.disp as u32);
    };
    let mode = match a.disp {
        0 if base & 7 != 5 => 0,
        -128..=127 => 1,
        _ => 2,
    };
    if a.index.is_some() || base & 7 == 4 {
        w.u8(modrm(mode, reg, 4));
        w.u8(sib(base));
    } else {
        w.u8(modrm(mode, reg, base));
    }
    match mode {
        0 => {}
        1 => w.u8(a.disp as u8),
        _ => w.u32(a.disp as u32),
    }
}

/// The immediate of a row that keeps it in the upper half of the payload, sign-extended from the row's width.
#[inline]
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
#[inline]
pub(crate) fn is_short(spec: &Spec, inst: &Inst) -> bool {
    match spec.imm {
        ImmSpec::Count => immediate_of(spec, inst) == 1,
        ImmSpec::Short16 | ImmSpec::Short32 => i8::try_from(immediate_of(spec, inst)).is_ok(),
        _ => false,
    }
}

/// The opcode bit that says so.
#[inline]
fn short_bit(spec: &Spec, inst: &Inst) -> u8 {
    match spec.imm {
        _ if !is_short(spec, inst) => 0,
        ImmSpec::Count => 0x10,
        _ => 2,
    }
}

#[inline]
fn immediate(w: &mut Writer, spec: &Spec, inst: &Inst) {
    let v = immediate_of(spec, inst);
    match spec.imm {
        ImmSpec::None => {}
        ImmSpec::U8 | ImmSpec::I8 => w.u8(v as u8),
        ImmSpec::I16 => w.u16(v as u16),
        ImmSpec::I32 => w.u32(v as u32),
        ImmSpec::Count if is_short(spec, inst) => {}
        ImmSpec::Count => w.u8(v as u8),
        ImmSpec::Short16 | ImmSpec::Short32 if is_short(spec, inst) => w.u8(v as u8),
        ImmSpec::Short16 => w.u16(v as u16),
        ImmSpec::Short32 => w.u32(v as u32),
        ImmSpec::U32 => w.u32(inst.payload as u32),
        ImmSpec::I64 => w.u64(inst.payload),
    }
}
