//! Functions compiled up to register allocation, for one machine. Needs the compiler's pipeline.

use crate::{Error, Outcome, Result, run, unsupported};
use std::collections::HashMap;
use std::marker::PhantomData;
use windlass_codegen::abi::{Convention, Places};
use windlass_codegen::backend::Backend;
use windlass_codegen::compile::Pipeline;
use windlass_codegen::lower::Roles;
use windlass_codegen::options::Options;
use windlass_codegen::vcode::VCode;
use windlass_desc::machine::{Bank, Machine, Operand, Row};
use windlass_ir::data_value::DataValue;
use windlass_ir::ir::{ExternalName, Function, LibCall, Signature};
use windlass_opt::Level;
use windlass_regalloc::{Allocation, CLASSES, Class, RowSpec};

/// What a symbol is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Symbol {
    /// A function of this name.
    Function(String),
    /// A routine of the runtime.
    LibCall(LibCall),
}

/// A function ready to be run.
pub(crate) struct Compiled {
    pub name: String,
    pub signature: Signature,
    pub vcode: VCode,
    pub alloc: Allocation,
    pub conv: &'static Convention,
    pub places: Places,
    /// How many bytes of callee-saved registers it preserves, by class.
    pub kept: [u8; CLASSES],
    /// Size and alignment of its stack slots.
    pub slots: (u64, u64),
    pub symbols: Vec<Symbol>,
}

/// Functions that can call each other, compiled for the machine `M`.
pub struct Program<M> {
    pub(crate) rows: Vec<Row>,
    pub(crate) specs: &'static [RowSpec],
    pub(crate) roles: &'static Roles,
    /// The bank of each class of the allocator.
    pub(crate) banks: [Option<Bank>; CLASSES],
    pub(crate) options: Options,
    pub(crate) functions: Vec<Compiled>,
    pub(crate) by_name: HashMap<String, usize>,
    backend: &'static dyn Backend,
    pipeline: Pipeline,
    machine: PhantomData<M>,
}

impl<M: Machine> Program<M> {
    /// No functions yet. The rows of the backend must be those of `M`.
    ///
    /// # Errors
    /// If they are not.
    pub fn new(backend: &'static dyn Backend, options: Options) -> Result<Program<M>> {
        let rows = M::rows();
        let conv = backend.convention(options.libcalls.conv).map_err(|e| Error::Unsupported(e.to_string()))?;
        let specs = backend.machine(conv, &options).rows;
        if rows.len() != specs.len() {
            let (name, there, here) = (backend.name(), specs.len(), rows.len());
            return unsupported(format!("code of {name}, which has {there} rows, by {} with {here}", M::NAME));
        }
        Ok(Program {
            banks: banks(&rows, specs),
            rows,
            specs,
            roles: backend.roles(),
            options,
            functions: vec![],
            by_name: HashMap::new(),
            backend,
            pipeline: Pipeline::new(),
            machine: PhantomData,
        })
    }

    /// Adds a verified function, optimised and compiled.
    ///
    /// # Errors
    /// If the compiler refuses it.
    pub fn add(&mut self, func: &Function, level: Level) -> std::result::Result<(), String> {
        let mut func = func.clone();
        windlass_opt::run(&mut func, level).map_err(|e| e.to_string())?;
        let name = func.name.to_string();
        let (backend, options) = (self.backend, self.options);
        let conv = backend.convention(func.signature.call_conv).map_err(|e| e.to_string())?;
        let compiled = self.pipeline.allocated(&func, backend, &options, |a| Compiled {
            name: name.clone(),
            signature: func.signature.clone(),
            vcode: a.vcode.clone(),
            alloc: a.alloc.clone(),
            conv,
            places: a.places.clone(),
            kept: backend.machine(conv, &options).classes.map(|class| class.kept),
            slots: (a.slots.size, a.slots.align),
            symbols: a.vcode.symbols.iter().map(|s| symbol(s, &func)).collect(),
        });
        let compiled = compiled.map_err(|e| e.to_string())?;
        self.by_name.insert(name, self.functions.len());
        self.functions.push(compiled);
        Ok(())
    }

    /// Calls a function with arguments of its types. What is left open is drawn from `seed`.
    ///
    /// # Errors
    /// If the run cannot be simulated, or the code does what no correct code does.
    pub fn call(&self, name: &str, args: &[DataValue], seed: u64) -> Result<Outcome> {
        run::call(self, name, args, seed)
    }
}

fn symbol(name: &ExternalName, func: &Function) -> Symbol {
    match name {
        ExternalName::LibCall(call) => Symbol::LibCall(*call),
        name => Symbol::Function(name.display(Some(&func.params)).to_string()),
    }
}

/// Which bank each class is, as operands of rows tell.
fn banks(rows: &[Row], specs: &[RowSpec]) -> [Option<Bank>; CLASSES] {
    let mut banks = [None; CLASSES];
    for (row, spec) in rows.iter().zip(specs) {
        for (i, operand) in row.operands.iter().enumerate().filter(|(_, o)| !matches!(o, Operand::Mem(_))) {
            debug_assert!(operand.places() == 1);
            if let Some(allocated) = spec.operands.get(row.place(i) as usize) {
                banks[allocated.class as usize] = Some(row.bank(i));
            }
        }
    }
    banks
}

/// The classes that the machine has, with their banks.
pub(crate) fn classes(banks: &[Option<Bank>; CLASSES]) -> impl Iterator<Item = (Class, Bank)> + '_ {
    Class::ALL.into_iter().filter_map(|c| Some((c, banks[c as usize]?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_codegen::x64::backend::BACKEND;
    use windlass_desc::x64::X64;
    use windlass_ir::reader::parse_functions;
    use windlass_regalloc::{PReg, RegSet};

    const OPTIONS: fn() -> Options = || Options { check: true, ..Options::default() };

    fn program(text: &str) -> Program<X64> {
        let mut p = Program::new(BACKEND, OPTIONS()).unwrap();
        parse_functions(text).unwrap().iter().for_each(|f| p.add(f, Level::Speed).unwrap());
        p
    }

    fn ints(outcome: Result<Outcome>) -> Result<Vec<i128>> {
        match outcome? {
            Outcome::Returned(values) => Ok(values.iter().map(|v| v.to_bits() as i128).collect()),
            Outcome::Trapped(code) => panic!("trapped: {code}"),
        }
    }

    fn call(p: &Program<X64>, args: &[DataValue]) -> Vec<Result<Vec<i128>>> {
        (0..8).map(|seed| ints(p.call("%f", args, seed))).collect()
    }

    const SUM: &str = "
        function %g(i64) -> i64 { block0(v0: i64): v1 = imul v0, v0  return v1 }
        function %f(i64, i64) -> i64 {
            fn0 = %g(i64) -> i64
        block0(v0: i64, v1: i64):
            v2 = call fn0(v0)
            v3 = iadd v2, v1
            return v3
        }";

    #[test]
    fn calls_and_what_they_preserve() {
        let mut p = program(SUM);
        let args = [DataValue::I64(5), DataValue::I64(7)];
        assert!(call(&p, &args).iter().all(|r| *r == Ok(vec![32])));
        // what lives across the call is in a callee-saved register, which the prologue must save
        let f = &mut p.functions[1];
        assert!(!f.alloc.saved.is_empty());
        f.alloc.saved = RegSet::EMPTY;
        let told = |r: &Result<_>| matches!(r, Err(Error::Wrong(why)) if why.contains("must be preserved"));
        assert!(call(&p, &args).iter().all(told));
    }

    #[test]
    fn a_missing_move_is_noticed() {
        let mut p = program(SUM);
        p.functions[1].alloc.edits.clear();
        let args = [DataValue::I64(5), DataValue::I64(7)];
        assert!(call(&p, &args).iter().any(|r| *r != Ok(vec![32])));
    }

    #[test]
    fn upper_bits_that_nobody_promised_are_not_relied_on() {
        let text = "function %f(i8) -> i64 { block0(v0: i8): v1 = uextend.i64 v0  return v1 }";
        let mut p = program(text);
        assert!(call(&p, &[DataValue::I8(-1)]).iter().all(|r| *r == Ok(vec![255])));
        // a copy instead of the extension
        let number = |name: &str| p.rows.iter().position(|r| r.name == name).unwrap() as u16;
        let (extension, copy) = (number("movzx8_32_rr"), number("mov64_rr"));
        let insts = &mut p.functions[0].vcode.code.insts;
        let inst = insts.iter_mut().find(|i| i.row == extension).expect("the argument is extended");
        inst.row = copy;
        assert!(call(&p, &[DataValue::I8(-1)]).iter().any(|r| *r != Ok(vec![255])));
    }

    #[test]
    fn traps_have_codes_and_steps_an_end() {
        let p = program("function %f(i64, i64) -> i64 { block0(v0: i64, v1: i64): v2 = udiv v0, v1  return v2 }");
        let by_zero = p.call("%f", &[DataValue::I64(1), DataValue::I64(0)], 1);
        assert_eq!(by_zero, Ok(Outcome::Trapped(windlass_desc::env::TrapCode::INTEGER_DIVISION_BY_ZERO)));
        let p = program("function %f() { block0: jump block1 block1: jump block1 }");
        assert!(matches!(p.call("%f", &[], 1), Err(Error::Unsupported(why)) if why.contains("instructions")));
    }

    #[test]
    fn what_is_outside_of_the_machine_is_told() {
        let r = PReg::new(Class::Mask, 3);
        let p = program(SUM);
        assert_eq!(p.banks[r.class() as usize], None);
        assert!(matches!(p.call("%none", &[], 1), Err(Error::Unsupported(_))));
    }
}
