//! The table of riscv64 instructions: a line per family with its rows and its meaning. The meaning is a function of the
//! environment, the width and the inputs (uses in order, memory where it is read, then the immediate); it gives the
//! results. Needs [`super::encode`].

use super::encode::*;
use super::*;
use crate::bv::Bv;
use crate::env::Env;
use crate::machine::{At, Emission, Flow, Operand, families, nothing, value};

/// The amount of a shift as the CPU takes it: modulo the width of the operation.
fn count<B: Bv>(w: u32, c: &B) -> B {
    c.resize(w).and(&B::lit(w, w as u128 - 1))
}

/// The upper half of a product of numbers extended so.
fn high<B: Bv>(a: &[B], extend: fn(&B, u32) -> B) -> B {
    let w = a[0].w();
    extend(&a[0], 2 * w).mul(&extend(&a[1], 2 * w)).extract(w, w)
}

/// Does the condition hold for the row's last inputs, of which the second is zero if there is but one?
fn asked<B: Bv>(i: &Input<B>, registers: &[B]) -> B {
    let second = registers.get(1).cloned().unwrap_or(B::lit(64, 0));
    i.condition_on::<Riscv64>(&[registers[0].clone(), second])
}

const ANY: At = At::In(GENERAL);

families! {
    /// ADD, ADDI: sum.
    Add "add" "add" |f| alu(f, 0, ["addi", "addw", "addiw"]), is |_, _, _, a| value(a[0].add(&a[1]));
    /// SUB: difference.
    Sub "sub" "sub" |f| two(f, 0, 0x20, Some("subw")), is |_, _, _, a| value(a[0].sub(&a[1]));
    /// AND, ANDI: bitwise and.
    And "and" "and" |f| alu(f, 7, ["andi", "", ""]), is |_, _, _, a| value(a[0].and(&a[1]));
    /// OR, ORI: bitwise or.
    Or "or" "or" |f| alu(f, 6, ["ori", "", ""]), is |_, _, _, a| value(a[0].or(&a[1]));
    /// XOR, XORI: bitwise exclusive or.
    Xor "xor" "xor" |f| alu(f, 4, ["xori", "", ""]), is |_, _, _, a| value(a[0].xor(&a[1]));
    /// SLL, SLLI: shift left.
    Sll "sll" "sll" |f| shift(f, 1, 0, ["slli", "sllw", "slliw"]), is |_, w, _, a| value(a[0].shl(&count(w, &a[1])));
    /// SRL, SRLI: logical shift right.
    Srl "srl" "srl" |f| shift(f, 5, 0, ["srli", "srlw", "srliw"]), is |_, w, _, a| value(a[0].lshr(&count(w, &a[1])));
    /// SRA, SRAI: arithmetic shift right.
    Sra "sra" "sra" |f| shift(f, 5, 0x20, ["srai", "sraw", "sraiw"]), is |_, w, _, a| value(a[0].ashr(&count(w, &a[1])));
    /// SLT, SLTI: 1 if the first is below the second, signed, else 0.
    Slt "slt" "slt" |f| alu(f, 2, ["slti", "", ""]), is |_, w, _, a| value(a[0].slt(&a[1]).zext(w));
    /// SLTU, SLTIU: 1 if the first is below the second, unsigned, else 0.
    Sltu "sltu" "sltu" |f| alu(f, 3, ["sltiu", "", ""]), is |_, w, _, a| value(a[0].ult(&a[1]).zext(w));
    /// SUB of a register from zero: negation.
    Neg "neg" "neg" |f| after_zero(f, 0, 0x20, Some("negw")), is |_, _, _, a| value(a[0].neg());
    /// XORI with ones: bitwise not.
    Not "not" "not" |f| with_constant(f, 64, 4, -1), is |_, _, _, a| value(a[0].not());
    /// SLTIU with 1: 1 if the register is 0, else 0.
    Seqz "seqz" "seqz" |f| with_constant(f, 64, 3, 1), is |_, w, _, a| value(a[0].is_zero().zext(w));
    /// SLTU of zero and a register: 1 if the register is not 0, else 0.
    Snez "snez" "snez" |f| after_zero(f, 3, 0, None), is |_, w, _, a| value(a[0].is_zero().not().zext(w));
    /// SLT of zero and a register: 1 if the register is above 0, signed, else 0.
    Sgtz "sgtz" "sgtz" |f| after_zero(f, 2, 0, None), is |_, w, _, a| value(E::B::lit(w, 0).slt(&a[0]).zext(w));
    /// ADDIW with 0: the low 32 bits, sign-extended.
    SextW "sext_w" "sext.w" |f| with_constant(f, 32, 0, 0), is |_, _, _, a| value(a[0].clone());
    /// MUL: product, lower half.
    Mul "mul" "mul" |f| two(f, 0, 1, Some("mulw")), is |_, _, _, a| value(a[0].mul(&a[1]));
    /// MULH: product, upper half, signed.
    Mulh "mulh" "mulh" |f| two(f, 1, 1, None), is |_, _, _, a| value(high(a, E::B::sext));
    /// MULHU: product, upper half, unsigned.
    Mulhu "mulhu" "mulhu" |f| two(f, 3, 1, None), is |_, _, _, a| value(high(a, E::B::zext));
    /// DIV: quotient, signed. By 0 all ones; of the smallest number by -1 that number.
    Div "div" "div" |f| two(f, 4, 1, Some("divw")), is |_, w, _, a| value(a[1].is_zero().ite(&E::B::ones(w), &a[0].sdiv(&a[1])));
    /// DIVU: quotient, unsigned. By 0 all ones.
    Divu "divu" "divu" |f| two(f, 5, 1, Some("divuw")), is |_, _, _, a| value(a[0].udiv(&a[1]));
    /// REM: remainder, signed. By 0 the dividend; of the smallest number by -1 it is 0.
    Rem "rem" "rem" |f| two(f, 6, 1, Some("remw")), is |_, w, _, a| {
        // the remainder by -1 is that by 1
        let by = a[1].eq(&E::B::ones(w)).ite(&E::B::lit(w, 1), &a[1]);
        value(a[0].srem(&by))
    };
    /// REMU: remainder, unsigned. By 0 the dividend.
    Remu "remu" "remu" |f| two(f, 7, 1, Some("remuw")), is |_, _, _, a| value(a[0].urem(&a[1]));
    /// ADDI with 0: copies a register.
    Mv "mv" "mv" copy, is |_, _, _, a| value(a[0].clone());
    /// LUI: a number whose low 12 bits are zero.
    Lui "lui" "lui" upper, is |_, _, _, a| value(a[0].clone());
    /// A constant.
    Li "li" "li" constant, is |_, _, _, a| value(a[0].clone());
    /// LB: loads 8 bits, sign-extended.
    Lb "lb" "lb" |f| load(f, 0, 8), is |_, w, _, a| value(a[0].sext(w));
    /// LH: loads 16 bits, sign-extended.
    Lh "lh" "lh" |f| load(f, 1, 16), is |_, w, _, a| value(a[0].sext(w));
    /// LW: loads 32 bits, sign-extended.
    Lw "lw" "lw" |f| load(f, 2, 32), is |_, w, _, a| value(a[0].sext(w));
    /// LD: loads 64 bits.
    Ld "ld" "ld" |f| load(f, 3, 64), is |_, _, _, a| value(a[0].clone());
    /// LBU: loads 8 bits, zero-extended.
    Lbu "lbu" "lbu" |f| load(f, 4, 8), is |_, w, _, a| value(a[0].zext(w));
    /// LHU: loads 16 bits, zero-extended.
    Lhu "lhu" "lhu" |f| load(f, 5, 16), is |_, w, _, a| value(a[0].zext(w));
    /// LWU: loads 32 bits, zero-extended.
    Lwu "lwu" "lwu" |f| load(f, 6, 32), is |_, w, _, a| value(a[0].zext(w));
    /// SB, SH, SW, SD: stores the low bits.
    Store "store" "sd" stores, is |_, _, _, a| value(a[0].clone());
    /// ADDI: the address of a memory operand.
    Lea "lea" "addi" address, is |_, w, _, a| value(a[0].resize(w));
    /// A copy on a condition: a branch around it.
    Select "select" "select_{cc}" select, is |_, _, i, a| value(asked(i, &a[2..]).ite(&a[1], &a[0]));
    /// Traps if a condition holds: a branch to a UNIMP out of line.
    TrapIf "trap_if" "trap_if_{cc}" |f| asking(f, Emission::TrapIf, &[], |r| Row { traps: true, ..r }),
        is |e, _, i, a| { e.trap_if(&asked(i, a), i.code); nothing() };
    /// BEQ, BNE, BLT, BGE, BLTU, BGEU: leaves the block to one of two targets by a condition.
    Branch "branch" "b{cc}" |f| asking(f, Emission::Branch, &[], |r| Row { flow: Flow::Terminator, ..r }),
        is |e, _, i, a| { e.branch(&asked(i, a)); nothing() };
    /// JAL: leaves the block to its only target.
    Jump "jump" "j" |f| vec![Row { flow: Flow::Terminator, ..special(f, Emission::Jump, vec![]) }], no_meaning "control: one target, nothing computed";
    /// JALR without a return address: jumps to an address in a register.
    JumpReg "jump_reg" "jr" |f| vec![Row { enc: jump_register(regs::ZERO), flow: Flow::Terminator, ..special(f, Emission::Plain, vec![Operand::Use(64, ANY)]) }], no_meaning "control: jumps through tables make it";
    /// CSRRW of the read-only cycle counter: an illegal instruction, to trap.
    Unimp "unimp" "unimp" |f| vec![Row { flow: Flow::Terminator, traps: true, emission: Emission::Trap, ..plain(f, 0xc000_1073) }],
        is |e, _, i, _| { e.trap_if(&E::B::lit(1, 1), i.code); nothing() };
    /// EBREAK: stops for a debugger.
    Ebreak "ebreak" "ebreak" |f| vec![plain(f, 0x0010_0073)], no_meaning "the debugger decides what happens";
    /// JALR: the bytes of a return.
    Ret "ret" "ret" |f| vec![Row { flow: Flow::Terminator, ..plain(f, 0x0000_8067) }], no_meaning "control: the frame code makes it";
    /// The values that arrive in a function.
    Args "args" "args" |f| listed(f, Emission::Args, Flow::Next), no_meaning "calling convention";
    /// Returns, with the values that the convention wants in registers.
    Leave "leave" "ret" |f| listed(f, Emission::Return, Flow::Terminator), no_meaning "calling convention";
    /// AUIPC and JALR: calls a symbol.
    Call "call" "call" |f| vec![Row { enc: jump_symbol(regs::RA, regs::RA), ..listed(f, Emission::Call, Flow::Call).remove(0) }],
        no_meaning "calling convention";
    /// JALR: calls an address in a register, the first operand.
    CallReg "call_reg" "jalr" |f| vec![Row { enc: jump_register(regs::RA), ..listed(f, Emission::Call, Flow::Call).remove(0) }],
        no_meaning "calling convention";
    /// AUIPC and JALR to a symbol in this function's place, which has left its frame: a tail call.
    TailCall "tail_call" "tail" |f| vec![Row { enc: jump_symbol(regs::T1, regs::ZERO), ..listed(f, Emission::TailCall, Flow::Terminator).remove(0) }],
        no_meaning "calling convention";
    /// JALR to an address in a register, the first operand, in this function's place.
    TailCallReg "tail_call_reg" "jr" |f| vec![Row { enc: jump_register(regs::ZERO), ..listed(f, Emission::TailCall, Flow::Terminator).remove(0) }],
        no_meaning "calling convention";
    /// Goes to one of many targets by an index, through a table in the code. Two more registers are lost.
    BrTable "br_table" "br_table" |f| listed(f, Emission::Table, Flow::Terminator), no_meaning "control: the targets are the block's edges";
    /// ADDI from a register that is never given out.
    GetReg "get_reg" "mv" |f| vec![special(f, Emission::Expand, vec![Operand::Def(64, ANY)])], no_meaning "the register has a purpose of its own";
    /// ADDI to a register that is never given out.
    SetReg "set_reg" "mv" |f| vec![special(f, Emission::Expand, vec![Operand::Use(64, ANY)])], no_meaning "the register has a purpose of its own";
    /// A loop that copies words.
    CopyWords "copy_words" "copy_words" copy_words, no_meaning "a loop over memory; made by calls alone";
    /// The address of a symbol near by: AUIPC and ADDI.
    SymNear "sym_near" "lla" near_symbol, is |_, w, i, _| value(i.imm.resize(w));
    /// The address of a symbol anywhere: AUIPC and LD from a table.
    SymFar "sym_far" "la" far_symbol, is |_, w, i, _| value(i.imm.resize(w));
    /// Nothing: what a deleted instruction becomes.
    Nop "nop" "nop" |f| vec![special(f, Emission::Point, vec![])], is |_, _, _, _| nothing();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{Form, MemMode};

    #[test]
    fn rows_are_well_formed() {
        let mut names = std::collections::HashSet::new();
        for r in rows() {
            assert!(names.insert(r.name.clone()), "two rows are called {}", r.name);
            let mem = r.operands.iter().filter(|o| matches!(o, Operand::Mem(_))).count();
            assert_eq!(mem, (r.mem != MemMode::None) as usize, "{}", r.name);
            assert!(r.form == Form::None || !r.operands.is_empty(), "{}", r.name);
            // only results of 32 bits leave anything to be said of what is above
            let narrow = r.operands.iter().any(|o| matches!(o, Operand::Def(32, _)));
            assert_eq!(r.above == Above::Sign, narrow, "{}", r.name);
        }
        let without = families().iter().filter(|f| f.info().no_meaning.is_some()).count();
        assert_eq!(without, 14, "families without a meaning are counted: change this number knowingly");
    }
}
