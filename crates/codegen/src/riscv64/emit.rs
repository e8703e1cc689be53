//! Emission on riscv64: which rows do what every function needs, and what rows become that are several instructions.
//! Needs the encoder and the printer; [`crate::emit`] calls it.

use super::abi::r;
use super::branch::{BRANCHES, JUMP_BRANCH, address, branch_if};
use super::encode::{self, cc_of, encode, fits};
use super::lower::generated;
use super::rows::*;
use super::{asm, leave};
use crate::binemit::Reloc;
use crate::buffer::{Branch, BranchFacts, Label};
use crate::emit::{Emitted, EncodeError, Field, FlagUse, Target};
use crate::error::CodegenError;
use crate::frame::{FrameOffsets, FrameSpec};
use crate::sink::Sink;
use crate::vcode::{BASE, CC};
use windlass_desc::machine::{Emission, Shape};
use windlass_desc::riscv64::cond::{Cc, NAMES as CONDITIONS};
use windlass_desc::riscv64::{Format, regs};
use windlass_regalloc::{Inst, Loc, NONE, PReg, RowSpec};

/// The stack pointer.
pub(super) const SP: PReg = r(regs::SP);
/// What the emitter keeps for itself.
const OWN: PReg = r(regs::T6);

/// What does nothing: to fill any gap, and to take the place of a call.
pub const NOPS: [&[u8]; 2] = [Riscv64::NOP, &[0x13, 0, 0, 0, 0x13, 0, 0, 0]];
const _: () = assert!(NOPS[1].len() == Riscv64::CALL_SIZE as usize);

/// riscv64.
pub struct Riscv64;

pub(super) type Emitter<'a> = crate::emit::Emitter<'a, Riscv64>;

fn name(r: u32) -> &'static str {
    regs::name(r as u8)
}

/// Goes to a label on a condition of two registers.
fn branch_on(e: &mut Emitter<'_>, cc: Cc, a: u32, b: u32, to: Label) {
    let text = || format!("b{} {}, {}, ", CONDITIONS[cc as usize], name(a), name(b));
    e.branch_to(branch_if(cc, a, b), to, &text);
}

/// A row with an immediate.
fn immediate(e: &mut Emitter<'_>, row: u16, to: PReg, from: PReg, k: i32) -> Emitted {
    e.regs(row, (k as u32 as u64) << 32, &[to, from])
}

/// Makes a register a constant: of 32 bits by its upper 20 bits and a sum, of more by what is above its low 12 bits,
/// shifted, and a sum. Equal halves are made once.
pub(super) fn constant(e: &mut Emitter<'_>, to: PReg, k: i64) -> Emitted {
    if fits(k) {
        return immediate(e, ADD64_RI, to, r(regs::ZERO), k as i32);
    }
    let low = (k << 52 >> 52) as i32;
    if let Ok(k) = i32::try_from(k) {
        e.regs(LUI, (k.wrapping_sub(low) as u32 as u64) << 32, &[to])?;
        return if low == 0 { Ok(()) } else { immediate(e, ADD32_RI, to, to, low) };
    }
    let half = k as i32;
    if k >> 32 == (half as i64 >> 31) + (half as u32 as i64) && to != OWN && half >= 0 {
        constant(e, to, half.into())?;
        immediate(e, SLL64_RI, OWN, to, 32)?;
        return e.regs(ADD64_RR, 0, &[to, to, OWN]);
    }
    let rest = k.wrapping_sub(low.into());
    let by = rest.trailing_zeros();
    constant(e, to, rest >> by)?;
    immediate(e, SLL64_RI, to, to, by as i32)?;
    if low == 0 { Ok(()) } else { immediate(e, ADD64_RI, to, to, low) }
}

/// Emits a row with a memory operand: a displacement that is too large is added to the base before.
fn memory(e: &mut Emitter<'_>, inst: &Inst, ops: &[u32]) -> Emitted {
    let place = SPECS[inst.row as usize].rs1;
    let at = encode::address(inst, ops, place, &e.frame.offsets);
    let (base, disp) = at.map_err(|_| CodegenError::internal("a memory operand without a base"))?;
    if fits(disp) {
        return e.plain(inst, ops);
    }
    let start = e.mark();
    let low = disp << 52 >> 52;
    constant(e, OWN, disp - low)?;
    e.row(ADD64_RR, 0, 0, &[Loc::reg(OWN).0, Loc::reg(OWN).0, base])?;
    let mut near = [NONE; 3];
    near.iter_mut().zip(ops).for_each(|(to, from)| *to = *from);
    near[place as usize] = Loc::reg(OWN).0;
    e.traps_next(start);
    e.plain(&Inst { flags: inst.flags & !(7 << BASE), payload: low as u32 as u64, ..*inst }, &near)
}

/// A copy that a branch goes around.
fn select(e: &mut Emitter<'_>, inst: &Inst, ops: &[u32]) -> Emitted {
    if ops[0] == ops[2] {
        return Ok(());
    }
    let over = e.label();
    let second = if inst.row == SELECT_PAIR { ops[4] } else { 0 };
    branch_on(e, cc_of(inst).complement(), ops[3], second, over);
    e.row(MV64_R, 0, 0, &[ops[0], ops[2]])?;
    e.bind(over);
    Ok(())
}

/// The loop that copies words: to, from and count change.
fn copy_words(e: &mut Emitter<'_>, ops: &[u32]) -> Emitted {
    let &[to, from, n, ..] = ops else { return Err(CodegenError::internal("a copy without registers")) };
    let again = e.label();
    let value = Loc::reg(OWN).0;
    e.bind(again);
    e.row(LD, 0, 0, &[value, from, NONE])?;
    e.row(STORE64_MR, 0, 0, &[to, NONE, value])?;
    for (at, by) in [(to, 8i32), (from, 8), (n, -1)] {
        e.row(ADD64_RI, 0, (by as u32 as u64) << 32, &[at, at])?;
    }
    branch_on(e, Cc::Ne, n, 0, again);
    Ok(())
}

impl Target for Riscv64 {
    const ROWS: &'static [RowSpec] = &ROWS;
    const EMISSION: &'static [Emission] = &EMISSION;
    const FLAG_USE: &'static [FlagUse] = &FLAG_USE;
    const FRAME: FrameSpec = FrameSpec {
        stack_pointer: SP,
        frame_pointer: r(regs::FP),
        return_address: 0,
        link: Some(r(regs::RA)),
        scratch: r(regs::T5),
        probe: &[],
    };
    const NOP: &'static [u8] = &[0x13, 0, 0, 0];
    const CALL_SIZE: u32 = 8;
    const BRANCHES: &'static BranchFacts = &BRANCHES;
    const JUMP: (Branch, &'static str) = (JUMP_BRANCH, "j");
    const TRAP: u16 = UNIMP;
    type Known = ();

    #[inline]
    fn encode(inst: &Inst, ops: &[u32], frame: &FrameOffsets, out: &mut Sink) -> Result<(), EncodeError> {
        encode(inst, ops, frame, out)
    }

    fn print(inst: &Inst, ops: &[u32], frame: &FrameOffsets, to: Option<&str>) -> String {
        asm::print(inst, ops, frame, to)
    }

    fn name(row: u16) -> &'static str {
        asm::name(row)
    }

    fn rule(n: u16) -> Option<&'static str> {
        generated::RULES.get(n as usize).copied()
    }

    // there are no flags
    fn condition(_: &Inst) -> u32 {
        0
    }
    fn zero(_: &Inst) -> Option<Inst> {
        None
    }
    fn is_told((): &(), _: &Inst, _: &[u32], _: u32) -> bool {
        false
    }
    fn after((): &mut (), _: &Inst, _: &[u32]) {}
    fn overwritten((): &mut (), _: Loc) {}

    fn field(_: &Emitter<'_>, inst: &Inst, _: u32) -> Option<Field> {
        match inst.row {
            CALL | TAIL_CALL => Some(Field::Symbol { kind: Reloc::RiscvCallPlt, addend: 0, size: 8 }),
            SYM_NEAR => Some(Field::Pair { high: Reloc::RiscvPCRelHi20, low: Reloc::RiscvPCRelLo12I }),
            SYM_FAR => Some(Field::Pair { high: Reloc::RiscvGotHi20, low: Reloc::RiscvPCRelLo12I }),
            _ => None,
        }
    }

    fn expand(e: &mut Emitter<'_>, inst: &Inst, ops: &[u32]) -> Emitted {
        match inst.row {
            LI => constant(e, r(ops[0] as u8), inst.payload as i64),
            SELECT_PAIR | SELECT_ZERO => select(e, inst, ops),
            GET_REG => e.row(MV64_R, 0, 0, &[ops[0], inst.payload as u32]),
            SET_REG => e.row(MV64_R, 0, 0, &[inst.payload as u32, ops[0]]),
            COPY_WORDS => copy_words(e, ops),
            _ if matches!(SPECS[inst.row as usize].format, Format::Load | Format::Store) => memory(e, inst, ops),
            _ => Err(CodegenError::internal("a row that expands to nothing")),
        }
    }

    fn branch(e: &mut Emitter<'_>, inst: &Inst, ops: &[u32], yes: Label, _: Label) {
        let pair = matches!(inst.row, BRANCH_PAIR | TRAP_IF_PAIR);
        let registers = if pair { Shape::Pair } else { Shape::Zero }.registers();
        let second = if registers == 2 { ops[1] } else { 0 };
        branch_on(e, cc_of(inst), ops[0], second, yes);
    }

    fn negated(inst: &Inst) -> Inst {
        Inst { flags: inst.flags & ((1 << CC) - 1) | (cc_of(inst).complement() as u16) << CC, ..*inst }
    }

    fn branch_below(e: &mut Emitter<'_>, a: PReg, b: PReg, to: Label) -> Emitted {
        branch_on(e, Cc::Ltu, Loc::reg(a).0, Loc::reg(b).0, to);
        Ok(())
    }

    fn table_jump(e: &mut Emitter<'_>, ops: &[u32], entries: u64, table: Label, default: Option<Label>) -> Emitted {
        let &[index, at, base, ..] = ops else {
            return Err(CodegenError::internal("a table jump without registers"));
        };
        let own = Loc::reg(OWN).0;
        let shift = |row, by: u64, to, from| (row, by << 32, [to, from]);
        let each = |e: &mut Emitter<'_>, (row, payload, ops): (u16, u64, [u32; 2])| e.row(row, 0, payload, &ops);
        each(e, shift(SLL64_RI, 32, at, index))?;
        each(e, shift(SRL64_RI, 32, at, at))?;
        constant(e, OWN, entries as i64)?;
        match default {
            Some(default) => branch_on(e, Cc::Geu, at, own, default),
            None => {
                // the index where it is below, else the number of entries, by a mask
                e.row(SLTU64_RR, 0, 0, &[base, at, own])?;
                e.row(NEG64_R, 0, 0, &[base, base])?;
                e.row(XOR64_RR, 0, 0, &[at, at, own])?;
                e.row(AND64_RR, 0, 0, &[at, at, base])?;
                e.row(XOR64_RR, 0, 0, &[at, at, own])?;
            }
        }
        e.branch_to(address(base), table, &|| format!("lla {}, ", name(base)));
        each(e, shift(SLL64_RI, 2, at, at))?;
        e.row(ADD64_RR, 0, 0, &[at, at, base])?;
        e.row(LW, 0, 0, &[at, at, NONE])?;
        e.row(ADD64_RR, 0, 0, &[at, at, base])?;
        e.row(JUMP_REG, 0, 0, &[at])
    }

    fn copy(e: &mut Emitter<'_>, to: PReg, from: PReg, _: u8) -> Emitted {
        e.regs(MV64_R, 0, &[to, from])
    }

    fn exchange(_: &mut Emitter<'_>, _: PReg, _: PReg) -> Emitted {
        Err(CodegenError::internal("registers of riscv64 are never exchanged"))
    }

    fn load(e: &mut Emitter<'_>, to: PReg, base: PReg, offset: i32, width: u8) -> Emitted {
        let inst = Inst { row: if width <= 4 { LW } else { LD }, flags: 0, ops: 0, payload: offset as u32 as u64 };
        memory(e, &inst, &[Loc::reg(to).0, Loc::reg(base).0, NONE])
    }

    fn store(e: &mut Emitter<'_>, from: PReg, offset: i32, width: u8) -> Emitted {
        let row = if width <= 4 { STORE32_MR } else { STORE64_MR };
        let inst = Inst { row, flags: 0, ops: 0, payload: offset as u32 as u64 };
        memory(e, &inst, &[Loc::reg(SP).0, NONE, Loc::reg(from).0])
    }

    fn add(e: &mut Emitter<'_>, to: PReg, from: PReg, k: i32) -> Emitted {
        if fits(k.into()) {
            return immediate(e, ADD64_RI, to, from, k);
        }
        constant(e, OWN, k.into())?;
        e.regs(ADD64_RR, 0, &[to, from, OWN])
    }

    fn symbol(e: &mut Emitter<'_>, to: PReg, symbol: u32, offset: i64) -> Emitted {
        e.linked(&Inst { row: SYM_FAR, flags: 0, ops: 0, payload: 0 }, &[Loc::reg(to).0], symbol, 0)?;
        if offset == 0 {
            return Ok(());
        }
        constant(e, OWN, offset)?;
        e.regs(ADD64_RR, 0, &[to, to, OWN])
    }

    fn shift(e: &mut Emitter<'_>, by: i32) -> Emitted {
        if by == 0 { Ok(()) } else { Self::add(e, SP, SP, by) }
    }

    fn push(_: &mut Emitter<'_>, _: PReg) -> Emitted {
        Err(CodegenError::internal("nothing is pushed on riscv64"))
    }

    fn pop(_: &mut Emitter<'_>, _: PReg) -> Emitted {
        Err(CodegenError::internal("nothing is popped on riscv64"))
    }

    fn grow_arguments(e: &mut Emitter<'_>, by: i32) -> Emitted {
        Self::shift(e, -by)
    }

    fn drop_arguments(e: &mut Emitter<'_>, by: i32) -> Emitted {
        Self::shift(e, by)
    }

    fn move_arguments(e: &mut Emitter<'_>, to: i32, size: i32) -> Emitted {
        leave::move_arguments(e, to, size)
    }

    fn probe(e: &mut Emitter<'_>) -> Emitted {
        leave::probe(e)
    }

    fn ret(e: &mut Emitter<'_>, pops: u32) -> Emitted {
        Self::shift(e, pops as i32)?;
        e.row(RET, 0, 0, &[])
    }
}
