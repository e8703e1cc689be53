//! Which row a right side's instruction is: by family, width, and the kinds of its inputs or an explicit form.
//! Needs [`crate::term`] and the machine's rows; used by the generator and the prover alike.

use crate::machine::Machine;
use crate::term::{Arg, CcExpr, Flags, MInst};
use windlass_desc::machine::{Form, Operand, Row, Shape, SymbolReach};

/// The rows of an instruction, as indices into the machine's rows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resolved {
    /// The row; where an input may be of any kind, the one with a register in its place.
    pub register: usize,
    /// The row with memory in that place, if the machine has it. It reads as many bits as its operand has, so it may be
    /// used only where the value's type is as wide.
    pub memory: Option<usize>,
    /// The row with an immediate in that place, if the machine has it.
    pub immediate: Option<usize>,
    /// Of an instruction that asks for a matched test: the rows by the shapes of tests, of which `register` is the first.
    pub asking: Vec<(Shape, usize)>,
}

/// What an input of an instruction is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Input {
    /// A register.
    Register,
    /// The address of a memory operand.
    Memory,
    /// An immediate, or a symbol.
    Immediate,
}

/// Does the row take a symbol, which its meaning sees as the immediate?
pub fn takes_symbol(row: &Row) -> bool {
    row.symbol != SymbolReach::None
}

/// The inputs of a row: its operands without results, then its immediate.
pub fn inputs(row: &Row) -> Vec<Input> {
    let operand = |o: &Operand| match o {
        Operand::Def(..) => None,
        Operand::Use(..) => Some(Input::Register),
        Operand::Mem(_) => Some(Input::Memory),
    };
    let immediate = (row.imm.is_input() || takes_symbol(row)).then_some(Input::Immediate);
    row.operands.iter().filter_map(operand).chain(immediate).collect()
}

/// How many registers a row reads for the test that it asks.
pub fn tested_registers(row: &Row) -> usize {
    Shape::ALL.iter().filter(|&&s| row.asks.has(s)).map(|s| s.registers()).max().unwrap_or(0)
}

/// Does the instruction ask for a matched test, which brings what is read for it?
pub fn takes_test(inst: &MInst) -> bool {
    matches!(inst.flags, Some(Flags::Cond(_) | Flags::Before(CcExpr::Tested(_))))
}

/// Finds the rows of `inst`.
pub fn resolve(inst: &MInst, m: &Machine) -> Result<Resolved, String> {
    let rows = &m.rows[..];
    let name = format!("{} at {} bits", m.family(inst.family).name, inst.width);
    let any = inst.args.iter().filter(|a| matches!(a, Arg::Rmi(_))).count();
    if any > 1 {
        return Err(format!(
            "{name} takes {any} operands of any kind, of which only one can be memory or an immediate"
        ));
    }
    if any == 1 && inst.form.is_some() {
        return Err(format!("{name} has a fixed form and an operand of any kind"));
    }
    let with = |any: Input| {
        let kinds: Vec<Input> = inst.args.iter().map(|a| kind(a, any)).collect();
        (find(inst, &kinds, rows), kinds)
    };
    let one = |any: Input| match with(any).0[..] {
        [] => Ok(None),
        [row] => Ok(Some(row)),
        _ => Err(format!("{name}: several rows take {:?}; give the form", with(any).1)),
    };
    if takes_test(inst) {
        let (found, kinds) = with(Input::Register);
        let Some(&register) = found.first() else { return Err(missing(inst, &name, &kinds, rows)) };
        let shapes = |&r: &usize| Shape::ALL.into_iter().filter(move |&s| rows[r].asks.has(s)).map(move |s| (s, r));
        let asking: Vec<(Shape, usize)> = found.iter().flat_map(shapes).collect();
        if any > 0 && found.len() > 1 {
            return Err(format!("{name} has an operand of any kind and rows for several shapes of tests"));
        }
        let (memory, immediate) = if any > 0 { (one(Input::Memory)?, one(Input::Immediate)?) } else { (None, None) };
        return Ok(Resolved { register, memory, immediate, asking });
    }
    let Some(register) = one(Input::Register)? else {
        return Err(missing(inst, &name, &with(Input::Register).1, rows));
    };
    let row = &rows[register];
    let asks = row.reads_flags() || tested_registers(row) > 0;
    if asks != inst.flags.is_some() {
        let problem = if inst.flags.is_some() { "does not read flags but is given some" } else { "reads flags" };
        return Err(format!("{name} {problem}"));
    }
    if any == 0 {
        return Ok(Resolved { register, memory: None, immediate: None, asking: vec![] });
    }
    Ok(Resolved { register, memory: one(Input::Memory)?, immediate: one(Input::Immediate)?, asking: vec![] })
}

/// What an argument is, where `any` is what an operand of any kind is taken to be.
fn kind(arg: &Arg, any: Input) -> Input {
    match arg {
        Arg::Reg(_) => Input::Register,
        Arg::Addr(_) | Arg::At(..) | Arg::Slot(_) | Arg::Sum(_) => Input::Memory,
        Arg::Imm(_) => Input::Immediate,
        Arg::Rmi(_) => any,
    }
}

/// All rows of the instruction's family and width that take inputs of these kinds. Registers that a matched test brings
/// are none of the instruction's own inputs.
fn find(inst: &MInst, kinds: &[Input], rows: &[Row]) -> Vec<usize> {
    let fits = |r: &Row| {
        let (mut own, tested) = (inputs(r), takes_test(inst));
        for _ in 0..if tested { tested_registers(r) } else { 0 } {
            own.iter().rposition(|&i| i == Input::Register).map(|at| own.remove(at));
        }
        r.family == inst.family
            && r.width == inst.width
            && !r.listed
            && inst.form.is_none_or(|f| f == r.form)
            && (!tested || r.asks != Default::default())
            && own == kinds
    };
    (0..rows.len()).filter(|&i| fits(&rows[i])).collect()
}

/// Why there is no row: what was asked for, and what there is.
fn missing(inst: &MInst, name: &str, kinds: &[Input], rows: &[Row]) -> String {
    let there: Vec<Form> =
        rows.iter().filter(|r| r.family == inst.family && r.width == inst.width).map(|r| r.form).collect();
    match (there.is_empty(), inst.form) {
        (true, _) => format!("there is no {name}"),
        (_, Some(form)) => format!("no {name} in form {form:?} takes {kinds:?}; there are {there:?}"),
        _ => format!("no {name} takes {kinds:?}; there are {there:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pat::{A, K, R, X, Y};
    use windlass_desc::x64::Family;

    fn inst(family: Family, width: u16, args: Vec<Arg>) -> MInst {
        MInst { family: family.into(), width, form: None, args, flags: None, code: None }
    }

    fn names(i: &MInst) -> Result<Vec<String>, String> {
        let m = crate::x64::machine();
        let r = resolve(i, &m)?;
        Ok([Some(r.register), r.memory, r.immediate].iter().flatten().map(|&i| m.rows[i].name.clone()).collect())
    }

    #[test]
    fn inputs_choose_the_form() {
        let case = |family, width, args: Vec<Arg>| names(&inst(family, width, args)).unwrap().join(" ");
        assert_eq!(case(Family::Add, 32, vec![X.into(), R.into()]), "add32_rr add32_rm add32_ri");
        assert_eq!(case(Family::Add, 8, vec![A.into(), K.into()]), "add8_mi");
        assert_eq!(case(Family::Imul, 64, vec![X.into(), R.into()]), "imul64_rr imul64_rm imul64_rri");
        assert_eq!(case(Family::Cmp, 16, vec![X.into(), Y.into()]), "cmp16_rr");
    }

    #[test]
    fn what_cannot_be_is_told() {
        let fails = |i: MInst| names(&i).unwrap_err();
        assert_eq!(fails(inst(Family::Imul, 8, vec![])), "there is no imul at 8 bits");
        assert!(fails(inst(Family::Mov, 64, vec![K.into()])).contains("give the form"));
        assert!(fails(inst(Family::Set, 8, vec![])).ends_with("reads flags"));
        assert!(fails(inst(Family::Shl, 32, vec![X.into(), A.into()])).starts_with("no shl at 32 bits takes"));
        assert!(fails(inst(Family::Add, 32, vec![R.into(), R.into()])).contains("2 operands of any kind"));
    }
}
