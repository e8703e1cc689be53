//! The compiler's answers.
//!
//! Does: compiles all functions of a file for this machine with the settings of its target lines, and calls them as the
//! run lines say, through one trampoline per function that loads arguments from, and stores results to, 16-byte slots.
//! Needs: a parsed file, and a processor with the target line's features. Leaves: one line per run line.

use std::collections::HashMap;

use anyhow::{Context as _, Result, anyhow, bail};
use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::data_value::DataValue;
use cranelift_codegen::ir::{
    AbiParam, Endianness, ExternalName, Function, GlobalValueData, InstBuilder, MemFlagsData, Signature, TrapCode,
    Type, UserExternalName, UserFuncName,
};
use cranelift_codegen::isa::{self, OwnedTargetIsa};
use cranelift_codegen::print_errors::pretty_error;
use cranelift_codegen::settings::Configurable;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, Linkage, Module, ModuleReloc, default_libcall_names};
use cranelift_reader::{Invocation, IsaSpec, TestFile};
use target_lexicon::Triple;

use crate::host;
use crate::input::Source;
use crate::sandbox::{End, Slots};
use crate::verdict::{Outcome, Tally};

/// Runs all run lines of a file for its first target of this machine's kind, or for all of them.
pub fn run_lines(source: &Source, all_targets: bool, timeout: u32) -> Result<bool> {
    let file = source.parse()?;
    let mut targets = targets_of(&file.isa_spec)?;
    if !all_targets {
        targets.truncate(1);
    }
    let mut good = true;
    for (name, isa) in targets {
        println!("target {name}");
        if let Some(missing) = host::missing_feature(isa.as_ref())? {
            println!("skipped: this machine has no {missing}");
            continue;
        }
        let mut program = Program::compile(&file, isa)?;
        let mut tally = Tally::default();
        for (function, details) in &file.functions {
            tally.run_lines_of(function, details, |invocation| {
                program
                    .call(function, invocation, timeout)
                    .unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")))
            });
        }
        program.free();
        good &= tally.finish();
    }
    Ok(good)
}

/// The targets of this machine's architecture, with what to call them; without any, the machine itself.
fn targets_of(spec: &IsaSpec) -> Result<Vec<(String, OwnedTargetIsa)>> {
    let isas = match spec {
        IsaSpec::None(flags) => return Ok(vec![("host".to_owned(), host::native(flags.clone())?)]),
        IsaSpec::Some(isas) => isas,
    };
    let same = |isa: &&OwnedTargetIsa| isa.triple().architecture == Triple::host().architecture;
    let own = isas.iter().filter(same).map(|isa| Ok((describe(isa), on_this_system(isa)?)));
    let own: Vec<_> = own.collect::<Result<_>>()?;
    match isas.first() {
        Some(other) if own.is_empty() => {
            let name = "host, as the file has no target of its kind".to_owned();
            Ok(vec![(name, host::native(other.flags().clone())?)])
        }
        _ => Ok(own),
    }
}

fn describe(isa: &OwnedTargetIsa) -> String {
    let mut text = isa.name().to_owned();
    for flag in isa.isa_flags().iter().filter(|flag| flag.as_bool() == Some(true)) {
        text.push(' ');
        text.push_str(flag.name);
    }
    text
}

/// The same features and settings, with the operating system of this machine.
fn on_this_system(isa: &OwnedTargetIsa) -> Result<OwnedTargetIsa> {
    let mut builder = isa::lookup(Triple::host())?;
    for flag in isa.isa_flags() {
        if let Some(on) = flag.as_bool() {
            builder.set(flag.name, if on { "true" } else { "false" })?;
        }
    }
    Ok(builder.finish(isa.flags().clone())?)
}

/// A compiled file.
struct Program {
    module: JITModule,
    functions: HashMap<String, Compiled>,
}

struct Compiled {
    id: FuncId,
    trampoline: FuncId,
    traps: Vec<(u32, TrapCode)>,
}

impl Program {
    fn compile(file: &TestFile<'_>, isa: OwnedTargetIsa) -> Result<Self> {
        let mut builder = JITBuilder::with_isa(isa, default_libcall_names());
        host::register_library(&mut builder);
        let mut module = JITModule::new(builder);
        let mut ids = HashMap::new();
        for (function, _) in &file.functions {
            let name = function.name.to_string();
            let id = module.declare_function(&name, Linkage::Local, &function.signature)?;
            ids.insert(name, id);
        }
        let mut functions = HashMap::new();
        for (function, _) in &file.functions {
            let name = function.name.to_string();
            let id = ids[&name];
            let linked = link(function, &ids).with_context(|| name.clone())?;
            let traps = define(&mut module, id, linked)?;
            let trampoline = trampoline(&module, &function.signature);
            let trampoline_id = module.declare_anonymous_function(&trampoline.signature)?;
            define(&mut module, trampoline_id, trampoline)?;
            functions.insert(name, Compiled { id, trampoline: trampoline_id, traps });
        }
        module.finalize_definitions()?;
        Ok(Self { module, functions })
    }

    /// Calls the function that a run line belongs to, whatever name the line gives.
    fn call(&mut self, function: &Function, invocation: &Invocation, timeout: u32) -> Result<Outcome> {
        let signature = &function.signature;
        let compiled = &self.functions[&function.name.to_string()];
        let code = self.module.get_finalized_function(compiled.id);
        let trampoline = self.module.get_finalized_function(compiled.trampoline);
        if invocation.args.len() != signature.params.len() {
            bail!("{} arguments for {} parameters", invocation.args.len(), signature.params.len());
        }
        let slots = Slots::new(signature.params.len().max(signature.returns.len()))?;
        let values = slots.values();
        for (index, argument) in invocation.args.iter().enumerate() {
            // SAFETY: there is a slot for each argument.
            unsafe { argument.write_value_to(values.add(index)) };
        }
        let end = slots.call(timeout, || {
            // SAFETY: the trampoline was compiled with this signature, in this machine's C convention; what the code
            // does to its process happens in a child of its own.
            unsafe {
                let enter: extern "C" fn(*const u8, *mut u128) = std::mem::transmute(trampoline);
                enter(code, values);
            }
        })?;
        Ok(match end {
            // SAFETY: the trampoline stored a result of that type in each slot.
            End::Returned => Outcome::Returned(unsafe { results(signature, values) }),
            End::Fault { signal, pc } => self.explain(signal, pc),
            End::TimedOut => Outcome::Failed(format!("no answer in {timeout} s")),
            End::Died(status) => Outcome::Failed(format!("the child ended with status {status:#x}")),
        })
    }

    /// A fault is a trap if the compiler listed its address.
    fn explain(&self, signal: i32, pc: usize) -> Outcome {
        let listed = self.functions.values().find_map(|compiled| {
            let start = self.module.get_finalized_function(compiled.id) as usize;
            let hit = |(offset, _): &&(u32, TrapCode)| start + *offset as usize == pc;
            compiled.traps.iter().find(hit).map(|(_, code)| code.to_string())
        });
        match listed {
            Some(code) => Outcome::Trapped(code),
            None => Outcome::Failed(format!("signal {signal} at {pc:#x}, which is no listed trap")),
        }
    }

    fn free(self) {
        // SAFETY: no code of the module runs any more, and no pointer into it is kept.
        unsafe { self.module.free_memory() }
    }
}

/// # Safety
/// Each slot of `values` must hold a result of the signature's type at that place.
unsafe fn results(signature: &Signature, values: *const u128) -> Vec<DataValue> {
    let read = |(index, param): (usize, &AbiParam)| {
        // SAFETY: promised by the caller.
        unsafe { DataValue::read_value_from(values.add(index), param.value_type) }
    };
    signature.returns.iter().enumerate().map(read).collect()
}

/// A copy of the function whose references to functions of the file are references to functions of the module.
fn link(function: &Function, ids: &HashMap<String, FuncId>) -> Result<Function> {
    let mut function = function.clone();
    let funcs: Vec<_> = function.dfg.ext_funcs.keys().collect();
    for func in funcs {
        let name = function.dfg.ext_funcs[func].name.clone();
        function.dfg.ext_funcs[func].name = resolve(&mut function, name, ids)?;
    }
    let globals: Vec<_> = function.global_values.keys().collect();
    for global in globals {
        let GlobalValueData::Symbol { name, .. } = &function.global_values[global] else { continue };
        let name = name.clone();
        let resolved = resolve(&mut function, name, ids)?;
        if let GlobalValueData::Symbol { name, .. } = &mut function.global_values[global] {
            *name = resolved;
        }
    }
    Ok(function)
}

fn resolve(function: &mut Function, name: ExternalName, ids: &HashMap<String, FuncId>) -> Result<ExternalName> {
    if matches!(name, ExternalName::LibCall(_) | ExternalName::KnownSymbol(_)) {
        return Ok(name);
    }
    let text = name.display(Some(&function.params)).to_string();
    let id = ids.get(&text).with_context(|| format!("{text} is not defined in this file"))?;
    Ok(ExternalName::user(function.declare_imported_user_function(UserExternalName::new(0, id.as_u32()))))
}

/// Compiles a function into the module, and gives its traps.
fn define(module: &mut JITModule, id: FuncId, function: Function) -> Result<Vec<(u32, TrapCode)>> {
    let mut context = Context::for_function(function);
    context
        .compile(module.isa(), &mut ControlPlane::default())
        .map_err(|error| anyhow!("{}: {}", error.func.name, pretty_error(error.func, error.inner)))?;
    let compiled = context.compiled_code().context("compiling left no code")?;
    let bytes = compiled.buffer.data().to_vec();
    let traps = compiled.buffer.traps().iter().map(|trap| (trap.offset, trap.code)).collect();
    let relocs = compiled.buffer.relocs().iter();
    let relocs: Vec<_> = relocs.map(|reloc| ModuleReloc::from_mach_reloc(reloc, &context.func, id)).collect();
    let alignment = u64::from(module.isa().function_alignment().minimum);
    module.define_function_bytes(id, alignment, &bytes, &relocs)?;
    Ok(traps)
}

/// `(code, slots)`: loads the arguments from the slots, calls the code, stores the results to the slots.
fn trampoline(module: &JITModule, callee: &Signature) -> Function {
    let pointer = module.target_config().pointer_type();
    let mut signature = module.make_signature();
    signature.params.extend([AbiParam::new(pointer), AbiParam::new(pointer)]);
    let mut function = Function::with_name_signature(UserFuncName::default(), signature);
    let mut context = FunctionBuilderContext::new();
    let mut builder = FunctionBuilder::new(&mut function, &mut context);
    let block = builder.create_block();
    builder.append_block_params_for_function_params(block);
    builder.switch_to_block(block);
    builder.seal_all_blocks();
    let (code, slots) = (builder.block_params(block)[0], builder.block_params(block)[1]);
    let mut arguments = Vec::new();
    for (index, param) in callee.params.iter().enumerate() {
        let flags = slot_flags(param.value_type);
        arguments.push(builder.ins().load(param.value_type, flags, slots, 16 * index as i32));
    }
    let callee = builder.import_signature(callee.clone());
    let call = builder.ins().call_indirect(callee, code, &arguments);
    let results = builder.inst_results(call).to_vec();
    for (index, result) in results.into_iter().enumerate() {
        let flags = slot_flags(builder.func.dfg.value_type(result));
        builder.ins().store(flags, result, slots, 16 * index as i32);
    }
    builder.ins().return_(&[]);
    builder.finalize(module.target_config());
    function
}

/// Vectors have lane 0 first on every machine.
fn slot_flags(ty: Type) -> MemFlagsData {
    let flags = MemFlagsData::trusted();
    if ty.is_vector() { flags.with_endianness(Endianness::Little) } else { flags }
}
