//! What is being shrunk: a header, functions, and calls of them. Needs reader, printer and interpreter; leaves a test
//! file whose run lines expect what the interpreter gives.

use super::{edit, numbers};
use crate::panics;
use crate::source::{Result, Source};
use crate::test::kinds::directives;
use std::collections::BTreeSet;
use target_lexicon::Triple;
use windlass_ir::data_value::DataValue;
use windlass_ir::interpreter::{ControlFlow, FunctionStore, Interpreter};
use windlass_ir::ir::{Function, InstructionData};
use windlass_ir::reader::{Comparison, Invocation, ParseOptions, RunCommand, parse_functions};
use windlass_ir::testfile::TestFile;
use windlass_ir::verifier::verify_function;

/// How many instructions a call may take.
pub const FUEL: u64 = 2_000_000;

/// A call of a function.
#[derive(Clone, Debug)]
pub struct Call {
    /// The function's number in the case.
    pub func: usize,
    /// The arguments.
    pub args: Vec<DataValue>,
}

/// Functions with what is to be done with them.
#[derive(Clone)]
pub struct Case {
    /// The lines before the first function.
    pub header: Vec<String>,
    /// The functions.
    pub funcs: Vec<Function>,
    /// The calls.
    pub calls: Vec<Call>,
    /// Do all functions obey the rules of the language?
    pub sound: bool,
}

impl Case {
    /// The case that a file is.
    pub fn of(source: &Source) -> Result<Case> {
        Ok(Case::of_file(&source.parse()?))
    }

    /// The case that a text is, if it can be read.
    pub fn of_text(text: &str) -> Option<Case> {
        let file = windlass_ir::reader::parse_test(text, ParseOptions::default()).ok()?;
        Some(Case::of_file(&file))
    }

    fn of_file(file: &TestFile<'_>) -> Case {
        let header = file.header_lines();
        let funcs: Vec<Function> = file.functions.iter().map(|f| f.0.clone()).collect();
        // a directive calls the function it names, wherever it stands
        let called = |own: usize, name: &str| {
            let named = |f: &Function| f.name.to_string() == name;
            funcs.iter().position(named).unwrap_or(own)
        };
        let commands = directives::all(file).0;
        let call = |(own, command): (usize, RunCommand)| {
            let invocation = directives::invocation(&command);
            Call { func: called(own, &invocation.function()), args: invocation.args.clone() }
        };
        let calls = commands.into_iter().map(call).collect();
        let mut case = Case { header, funcs, calls, sound: true };
        case.sound = case.verifies();
        case
    }

    /// Does everything verify, as far as it did at the start?
    pub fn verifies(&self) -> bool {
        let verify = || self.funcs.iter().all(|f| verify_function(f, None).is_ok());
        !self.sound || panics::caught(verify).unwrap_or(false)
    }

    /// The same with calls of each function: with zeros, ones, and some larger numbers.
    pub fn with_calls(&self) -> Case {
        let patterns = [0, 1, u128::MAX, 0x0123_4567_89ab_cdef_8421_1248_5aa5_c33c, 3 << 62, 1 << 31];
        let call = |func: usize, seed: usize| {
            let params = self.funcs[func].signature.params.iter().enumerate();
            let arg = |(n, p): (usize, &windlass_ir::ir::AbiParam)| {
                DataValue::from_bits(patterns[(seed + n * (seed + 1)) % patterns.len()], p.value_type)
            };
            Some(Call { func, args: params.map(arg).collect::<Option<_>>()? })
        };
        let calls = (0..self.funcs.len()).flat_map(|func| (0..patterns.len()).filter_map(move |s| call(func, s)));
        Case { calls: calls.collect(), ..self.clone() }
    }

    /// The same; if it has no header, with those it could have: this machine's architecture, and all its CPU can do.
    pub fn with_targets(&self) -> Vec<Case> {
        if self.header.iter().any(|line| line.starts_with("target")) {
            return vec![self.clone()];
        }
        let architecture = Triple::host().architecture;
        let target = windlass_codegen::isa::native::builder().ok();
        let flags = windlass_codegen::settings::Flags::new(windlass_codegen::settings::builder());
        let isa = target.and_then(|native| native.finish(flags).ok());
        let on = |v: &windlass_codegen::settings::Value| v.as_bool() == Some(true);
        let features: Vec<String> =
            isa.map_or(vec![], |isa| isa.isa_flags().into_iter().filter(on).map(|v| v.name.to_owned()).collect());
        let kind = if self.calls.is_empty() { "test compile" } else { "test run" };
        let settings = self.header.iter().filter(|line| line.starts_with("set ")).cloned();
        let settings: Vec<String> = settings.collect();
        let header = |words: &str| {
            let target = format!("target {architecture}{words}");
            [&[kind.to_owned()], &settings[..], &[target]].concat()
        };
        let all: String = features.iter().map(|name| format!(" {name}")).collect();
        let with = |words: &str| Case { header: header(words), ..self.clone() };
        vec![with(""), with(&all)]
    }

    /// The case as a text.
    pub fn text(&self) -> String {
        let mut text: String = self.header.iter().map(|line| format!("{line}\n")).collect();
        let mut interpreter = Interpreter::new(FunctionStore::of(&self.funcs)).with_fuel(Some(FUEL));
        for (n, func) in self.funcs.iter().enumerate() {
            let gap = if text.is_empty() { "" } else { "\n" };
            text += &format!("{gap}{}", func.display());
            for call in self.calls.iter().filter(|call| call.func == n) {
                let own = func.name.to_string();
                let invocation = Invocation::of(&func.name, call.args.clone());
                let outcome = panics::caught(|| interpreter.call_by_name(&own, &call.args));
                let command = match outcome {
                    Ok(Ok(ControlFlow::Return(values))) => RunCommand::Run(invocation, Comparison::Equals, values),
                    _ => RunCommand::Print(invocation),
                };
                text += &format!("; {command}\n");
            }
        }
        text
    }

    /// The same with entities numbered without gaps, and without declarations that nothing uses.
    pub fn tidied(mut self) -> Case {
        for func in &mut self.funcs {
            let tidy = || parse_functions(&numbers::tidy(&func.display().to_string())).ok()?.pop();
            if let Ok(Some(tidied)) = panics::caught(tidy) {
                *func = tidied;
            }
        }
        self
    }

    /// How large it is: what shrinking makes smaller.
    pub fn weight(&self) -> usize {
        let function = |func: &Function| {
            let insts = func.layout.blocks().flat_map(|block| func.layout.block_insts(block));
            let inst = |inst| match func.dfg.insts[inst] {
                InstructionData::UnaryImm { imm, .. } => 4 + usize::from(imm.bits() != 0),
                InstructionData::UnaryIeee16 { .. }
                | InstructionData::UnaryIeee32 { .. }
                | InstructionData::UnaryIeee64 { .. }
                | InstructionData::UnaryConst { .. } => 4,
                _ => {
                    let branches = edit::branches(func, inst);
                    let targets: BTreeSet<_> = branches.iter().map(|call| call.block(&func.dfg.value_lists)).collect();
                    8 + func.dfg.inst_values(inst).count() + branches.len() + 2 * targets.len()
                }
            };
            let blocks = func.layout.blocks().map(|block| 8 + 3 * func.dfg.num_block_params(block));
            let insts: usize = insts.map(inst).sum();
            20 + insts + blocks.sum::<usize>() + 3 * (func.signature.params.len() + func.signature.returns.len())
        };
        let words: usize = self.header.iter().map(|line| 1 + line.split_whitespace().count()).sum();
        let args: usize = self.calls.iter().map(|call| 10 + call.args.len()).sum();
        self.funcs.iter().map(function).sum::<usize>() + words + args
    }
}
