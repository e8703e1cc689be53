//! Which row a right side's instruction is: by family, width, and the kinds of its inputs or an explicit form.
//! Needs [`crate::term`] and the target's rows; used by the generator and the prover alike.

use crate::term::{Arg, MInst};
use windlass_desc::x64::{Family, Form, Operand, Row};

/// The rows of an instruction, as indices into the rows that were given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Resolved {
    /// The row; where an input is an `rmi`, the one with a register in its place.
    pub register: usize,
    /// The row with memory in the `rmi`'s place, if the machine has it. It reads as many bits as its operand has, so it
    /// may be used only where the value's type is as wide.
    pub memory: Option<usize>,
    /// The row with an immediate in the `rmi`'s place, if the machine has it.
    pub immediate: Option<usize>,
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
    matches!(row.family, Family::SymNear | Family::SymFar)
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

/// Finds the rows of `inst` among `rows`.
pub fn resolve(inst: &MInst, rows: &[Row]) -> Result<Resolved, String> {
    let name = format!("{} at {} bits", inst.family.info().name, inst.width);
    let rmi = inst.args.iter().filter(|a| matches!(a, Arg::Rmi(_))).count();
    if rmi > 1 {
        return Err(format!(
            "{name} takes {rmi} operands of any kind, of which only one can be memory or an immediate"
        ));
    }
    if rmi == 1 && inst.form.is_some() {
        return Err(format!("{name} has a fixed form and an operand of any kind"));
    }
    let with = |rmi: Input| {
        let kinds: Vec<Input> = inst.args.iter().map(|a| kind(a, rmi)).collect();
        (find(inst, &kinds, rows), kinds)
    };
    let one = |rmi: Input| match with(rmi).0[..] {
        [] => Ok(None),
        [row] => Ok(Some(row)),
        _ => Err(format!("{name}: several rows take {:?}; give the form", with(rmi).1)),
    };
    let Some(register) = one(Input::Register)? else {
        return Err(missing(inst, &name, &with(Input::Register).1, rows));
    };
    if rows[register].reads_flags != inst.flags.is_some() {
        let problem = if inst.flags.is_some() { "does not read flags but is given some" } else { "reads flags" };
        return Err(format!("{name} {problem}"));
    }
    if rmi == 0 {
        return Ok(Resolved { register, memory: None, immediate: None });
    }
    Ok(Resolved { register, memory: one(Input::Memory)?, immediate: one(Input::Immediate)? })
}

/// What an argument is, where `rmi` is what an operand of any kind is taken to be.
fn kind(arg: &Arg, rmi: Input) -> Input {
    match arg {
        Arg::Reg(_) => Input::Register,
        Arg::Addr(_) | Arg::At(..) | Arg::Slot(_) | Arg::Sum(_) => Input::Memory,
        Arg::Imm(_) => Input::Immediate,
        Arg::Rmi(_) => rmi,
    }
}

/// All rows of the instruction's family and width that take inputs of these kinds.
fn find(inst: &MInst, kinds: &[Input], rows: &[Row]) -> Vec<usize> {
    let fits = |r: &Row| {
        r.family == inst.family
            && r.width == inst.width
            && !r.listed
            && inst.form.is_none_or(|f| f == r.form)
            && inputs(r) == kinds
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
    use crate::term::{Flags, Reg, Rhs};
    use windlass_desc::x64::rows;

    fn inst(family: Family, width: u16, args: Vec<Arg>) -> MInst {
        MInst { family, width, form: None, args, flags: None, code: None }
    }

    fn names(i: &MInst) -> Result<Vec<String>, String> {
        let rows = rows();
        let r = resolve(i, &rows)?;
        Ok([Some(r.register), r.memory, r.immediate].iter().flatten().map(|&i| rows[i].name.clone()).collect())
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

    #[test]
    fn every_right_side_has_a_row() {
        let rows = rows();
        let mut stack = vec![];
        let set = crate::x64::rules();
        for r in &set.rules {
            if let Rhs::Inst(i) = &r.rhs {
                stack.push((r.at, i));
            }
        }
        stack.extend(set.cond.iter().flat_map(|c| c.producer.steps.iter().map(|s| (c.at, &s.inst))));
        while let Some((at, i)) = stack.pop() {
            if let Err(e) = resolve(i, &rows) {
                panic!("{at}: {e}");
            }
            if let Some(Flags::Inst(p, _)) = &i.flags {
                stack.push((at, p));
            }
            for a in &i.args {
                if let Arg::Reg(Reg::Inst(i)) = a {
                    stack.push((at, i));
                }
            }
        }
    }
}
