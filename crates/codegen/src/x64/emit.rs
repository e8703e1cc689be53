//! Emission on x86-64: which rows do what every function needs, and what rows become that are several instructions.
//! Needs the encoder, the printer and the frame; [`crate::emit`] calls it.

use super::branch::{BRANCHES, JMP_KIND, jcc_kind};
use super::encode::{CC, SCALE, cc_of, encode};
use super::frame::{RSP, SPEC};
use super::lower::generated;
use super::rows::*;
use super::{asm, leave};
use crate::binemit::Reloc;
use crate::buffer::{Branch, BranchFacts, Label};
use crate::emit::{EncodeError, Field, FlagUse, Target};
use crate::error::CodegenError;
use crate::frame::{FrameOffsets, FrameSpec};
use crate::sink::Sink;
use windlass_desc::machine::{Emission, Told};
use windlass_desc::x64::flags::Cc;
use windlass_desc::x64::{Link, regs};
use windlass_ir::ir::{ExternalName, LibCall};
use windlass_regalloc::{Class, Inst, Loc, NONE, PReg, Role, RowSpec};

/// The routine that touches pages, given the size in rax.
pub(crate) const PROBESTACK: ExternalName = ExternalName::LibCall(LibCall::Probestack);

/// What does nothing: to fill any gap, and to take the place of a call.
pub const NOPS: [&[u8]; 2] = [X64::NOP, &[0x0f, 0x1f, 0x44, 0, 0]];
const _: () = assert!(NOPS[1].len() == X64::CALL_SIZE as usize);

/// x86-64.
pub struct X64;

pub(super) type Emitter<'a> = crate::emit::Emitter<'a, X64>;
pub(super) type Emitted = Result<(), CodegenError>;

/// A register whose value the flags are of, as its row's column says, at a width in bits.
#[derive(Clone, Copy)]
pub struct FlagsOf {
    reg: u32,
    width: u8,
    told: Told,
}

const fn bit(cc: Cc) -> u32 {
    1 << cc as u32
}

const ZERO_OR_NOT: u32 = bit(Cc::E) | bit(Cc::Ne);
const OF_THE_RESULT: u32 = ZERO_OR_NOT | bit(Cc::S) | bit(Cc::Ns);

fn jcc(e: &mut Emitter<'_>, cc: Cc, to: Label) {
    e.branch_to(jcc_kind(cc), to, &|| format!("j{} ", cc.name()));
}

/// A branch on a condition, which flags have.
pub(super) fn branch_on(e: &mut Emitter<'_>, cc: Cc, yes: Label, no: Label) {
    match cc {
        Cc::Une => {
            jcc(e, Cc::Ne, yes);
            jcc(e, Cc::P, yes);
        }
        Cc::Oe => {
            jcc(e, Cc::P, no);
            jcc(e, Cc::E, yes);
        }
        cc => jcc(e, cc, yes),
    }
}

/// A copy that a branch goes around.
fn select(e: &mut Emitter<'_>, inst: &Inst, ops: &[u32]) -> Emitted {
    let (copy, over) = (e.label(), e.label());
    branch_on(e, cc_of(inst).complement(), over, copy);
    e.bind(copy);
    e.row(MOVF128_RR, 0, 0, &[ops[0], ops[2]])?;
    e.bind(over);
    Ok(())
}

impl Target for X64 {
    const ROWS: &'static [RowSpec] = &ROWS;
    const EMISSION: &'static [Emission] = &EMISSION;
    const FLAG_USE: &'static [FlagUse] = &FLAG_USE;
    const FRAME: FrameSpec = SPEC;
    const NOP: &'static [u8] = &[0x90];
    const CALL_SIZE: u32 = 5;
    const BRANCHES: &'static BranchFacts = &BRANCHES;
    const JUMP: (Branch, &'static str) = (JMP_KIND, "jmp");
    const TRAP: u16 = UD2;
    type Known = Option<FlagsOf>;

    #[inline]
    fn encode(inst: &Inst, ops: &[u32], frame: &FrameOffsets, out: &mut Sink) -> Result<(), EncodeError> {
        encode(&SPECS[inst.row as usize], inst, ops, frame, out)
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

    /// Sums with a carry are none of those that are asked about.
    #[inline]
    fn condition(inst: &Inst) -> u32 {
        1 << (inst.flags >> CC & 31)
    }

    fn zero(inst: &Inst) -> Option<Inst> {
        (inst.payload as u32 == 0).then_some(Inst { row: XOR32_RR, flags: 0, ops: 0, payload: 0 })
    }

    fn is_told(known: &Self::Known, inst: &Inst, ops: &[u32], asked: u32) -> bool {
        let Some(of) = *known else { return false };
        if ops[0] != of.reg || ops[1] != of.reg {
            return false;
        }
        match (of.width, SPECS[inst.row as usize].width) {
            (have, want) if have == want => of.told == Told::All || asked & !OF_THE_RESULT == 0,
            // the upper half is zero
            (32, 64) => asked & !ZERO_OR_NOT == 0,
            _ => false,
        }
    }

    fn after(known: &mut Self::Known, inst: &Inst, ops: &[u32]) {
        let row = &ROWS[inst.row as usize];
        if row.writes_flags || row.listed {
            let (told, width) = (TOLD[inst.row as usize], SPECS[inst.row as usize].width);
            *known = (told != Told::Nothing).then(|| FlagsOf { reg: ops[0], width, told });
        } else if let Some(of) = *known
            && row.operands.iter().zip(ops).any(|(o, &r)| o.role != Role::Use && r == of.reg)
        {
            *known = None;
        }
    }

    fn overwritten(known: &mut Self::Known, loc: Loc) {
        if known.is_some_and(|of| of.reg == loc.0) {
            *known = None;
        }
    }

    fn field(e: &Emitter<'_>, inst: &Inst, symbol: u32) -> Option<Field> {
        let spec = &SPECS[inst.row as usize];
        let relative = |kind| Some(Field::Symbol { kind, addend: -4, size: 4 });
        match spec.link {
            Link::None => None,
            Link::Constant => {
                let bits = (inst.payload & u64::MAX >> (64 - spec.width)).into();
                Some(Field::Constant { bits, size: spec.width / 8 })
            }
            // a linker may go through a stub only if the code says so
            Link::Call if e.options.pic && !e.machine.near[symbol as usize] => relative(Reloc::X86CallPLTRel4),
            Link::Call => relative(Reloc::X86CallPCRel4),
            Link::Table => relative(Reloc::X86GOTPCRel4),
            Link::Near => relative(Reloc::X86PCRel4),
            Link::Address => Some(Field::Symbol { kind: Reloc::Abs8, addend: 0, size: 8 }),
        }
    }

    fn expand(e: &mut Emitter<'_>, inst: &Inst, ops: &[u32]) -> Emitted {
        match inst.row {
            SELECTF32_RR | SELECTF64_RR => select(e, inst, ops),
            SYM_FAR if e.options.pic => e.linked(&Inst { row: SYM_TABLE, ..*inst }, ops, inst.payload as u32, 0),
            SYM_FAR => e.linked(inst, ops, inst.payload as u32, 0),
            GET_REG => e.row(MOV64_RR, 0, 0, &[ops[0], inst.payload as u32]),
            SET_REG => e.row(MOV64_RR, 0, 0, &[inst.payload as u32, ops[0]]),
            _ => Err(CodegenError::internal("a row that expands to nothing")),
        }
    }

    fn branch(e: &mut Emitter<'_>, inst: &Inst, _: &[u32], yes: Label, no: Label) {
        branch_on(e, cc_of(inst), yes, no);
    }

    fn negated(inst: &Inst) -> Inst {
        Inst { flags: inst.flags & ((1 << CC) - 1) | (cc_of(inst).complement() as u16) << CC, ..*inst }
    }

    fn branch_below(e: &mut Emitter<'_>, a: PReg, b: PReg, to: Label) -> Emitted {
        e.regs(CMP64_RR, 0, &[a, b])?;
        jcc(e, Cc::B, to);
        Ok(())
    }

    fn table_jump(e: &mut Emitter<'_>, ops: &[u32], entries: u64, table: Label, default: Option<Label>) -> Emitted {
        let &[index, at, base, ..] = ops else {
            return Err(CodegenError::internal("a table jump without registers"));
        };
        match default {
            None => {
                e.row(MOV32_RW, 0, entries, &[at])?;
                e.row(CMP32_RR, 0, 0, &[index, at])?;
                e.row(CMOV32_RR, (Cc::B as u16) << CC, 0, &[at, at, index])?;
            }
            Some(default) => {
                e.row(CMP32_RI, 0, entries << 32, &[index])?;
                jcc(e, Cc::Ae, default);
                e.row(MOV32_RR, 0, 0, &[at, index])?;
            }
        }
        e.near(SYM_NEAR, &[base], table)?;
        e.row(MOVSX32_64_RM, 2 << SCALE, 0, &[at, base, at])?;
        e.row(ADD64_RR, 0, 0, &[at, at, base])?;
        e.row(JUMP_REG64_R, 0, 0, &[at])
    }

    fn copy(e: &mut Emitter<'_>, to: PReg, from: PReg, width: u8) -> Emitted {
        let row = match (to.class(), width) {
            (Class::Int, ..=4) => MOV32_RR,
            (Class::Int, _) => MOV64_RR,
            _ => MOVF128_RR,
        };
        e.row(row, 0, 0, &[Loc::reg(to).0, Loc::reg(from).0])
    }

    fn exchange(e: &mut Emitter<'_>, a: PReg, b: PReg) -> Emitted {
        let (a, b) = (Loc::reg(a).0, Loc::reg(b).0);
        match (a as u8, b as u8) {
            (_, regs::RAX) => e.row(XCHG64_R, 0, 0, &[b, a]),
            (regs::RAX, _) => e.row(XCHG64_R, 0, 0, &[a, b]),
            _ => e.row(XCHG64_RR, 0, 0, &[a, b]),
        }
    }

    fn load(e: &mut Emitter<'_>, to: PReg, base: PReg, offset: i32, width: u8) -> Emitted {
        let row = match (to.class(), width) {
            (Class::Int, ..=4) => MOV32_RM,
            (Class::Int, _) => MOV64_RM,
            (_, ..=4) => MOVF32_RM,
            (_, ..=8) => MOVF64_RM,
            _ => MOVF128_RM,
        };
        e.row(row, 0, offset as u32 as u64, &[Loc::reg(to).0, Loc::reg(base).0, NONE])
    }

    fn store(e: &mut Emitter<'_>, from: PReg, offset: i32, width: u8) -> Emitted {
        let row = match (from.class(), width) {
            (Class::Int, ..=4) => MOV32_MR,
            (Class::Int, _) => MOV64_MR,
            (_, ..=4) => MOVF32_MR,
            (_, ..=8) => MOVF64_MR,
            _ => MOVF128_MR,
        };
        e.row(row, 0, offset as u32 as u64, &[Loc::reg(RSP).0, NONE, Loc::reg(from).0])
    }

    fn add(e: &mut Emitter<'_>, to: PReg, from: PReg, k: i32) -> Emitted {
        e.regs(LEA64_RM, k as u32 as u64, &[to, from])
    }

    fn symbol(e: &mut Emitter<'_>, to: PReg, symbol: u32, offset: i64) -> Emitted {
        let inst = Inst { row: SYM_FAR, flags: 0, ops: 0, payload: 0 };
        e.linked(&inst, &[Loc::reg(to).0], symbol, offset)
    }

    fn shift(e: &mut Emitter<'_>, by: i32) -> Emitted {
        leave::shift(e, by)
    }

    fn push(e: &mut Emitter<'_>, r: PReg) -> Emitted {
        e.regs(PUSH64_R, 0, &[r])
    }

    fn pop(e: &mut Emitter<'_>, r: PReg) -> Emitted {
        e.regs(POP64_R, 0, &[r])
    }

    fn grow_arguments(e: &mut Emitter<'_>, by: i32) -> Emitted {
        leave::grow_arguments(e, by)
    }

    fn drop_arguments(e: &mut Emitter<'_>, by: i32) -> Emitted {
        leave::raise_return_address(e, by)
    }

    fn move_arguments(e: &mut Emitter<'_>, to: i32, size: i32) -> Emitted {
        leave::move_arguments(e, to, size)
    }

    fn probe(e: &mut Emitter<'_>) -> Emitted {
        leave::probe(e)
    }

    fn ret(e: &mut Emitter<'_>, pops: u32) -> Emitted {
        leave::ret(e, pops)
    }
}
