//! The compiler's output.
//!
//! Does: compiles each function for each target line of its file, or for this machine. Needs: a parsed file. Leaves: the
//! bytes in hexadecimal, as a disassembler takes them, and a line for everything that belongs to a place in them.

use anyhow::Result;
use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::Function;
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::print_errors::pretty_error;
use cranelift_reader::IsaSpec;

use crate::host;
use crate::input::Source;

/// Compiles all functions; true if none was refused.
pub fn compile(source: &Source) -> Result<bool> {
    let file = source.parse()?;
    let native;
    let isas: Vec<&dyn TargetIsa> = match &file.isa_spec {
        IsaSpec::None(flags) => {
            native = host::native(flags.clone())?;
            vec![native.as_ref()]
        }
        IsaSpec::Some(isas) => isas.iter().map(|isa| isa.as_ref()).collect(),
    };
    let mut good = true;
    for isa in isas {
        for (function, _) in &file.functions {
            println!("{} for {}", function.name, isa.triple());
            good &= tell(function, isa);
        }
    }
    Ok(good)
}

fn tell(function: &Function, isa: &dyn TargetIsa) -> bool {
    let mut context = Context::for_function(function.clone());
    if let Err(error) = context.compile(isa, &mut ControlPlane::default()) {
        println!("error: {}", pretty_error(error.func, error.inner));
        return false;
    }
    let Some(code) = context.compiled_code() else { return false };
    let buffer = &code.buffer;
    let bytes: Vec<String> = buffer.data().iter().map(|byte| format!("0x{byte:02x}")).collect();
    println!("bytes: {}", bytes.join(" "));
    for reloc in buffer.relocs() {
        let target = reloc.target.display(Some(&context.func.params));
        println!("relocation: {:#x} {:?} {target} {:+}", reloc.offset, reloc.kind, reloc.addend);
    }
    buffer.traps().iter().for_each(|trap| println!("trap: {:#x} {}", trap.offset, trap.code));
    buffer.call_sites().for_each(|site| println!("call: returns to {:#x}", site.ret_addr));
    for site in buffer.patchable_call_sites() {
        println!("patchable call: returns to {:#x}, {} bytes", site.ret_addr, site.len);
    }
    for (offset, size, map) in buffer.user_stack_maps() {
        let entries: Vec<String> = map.entries().map(|(ty, at)| format!("{ty} at {at}")).collect();
        println!("stack map: {offset:#x}, {size} bytes, [{}]", entries.join(", "));
    }
    for list in buffer.debug_tags() {
        println!("tags: {:#x} {:?} {:?}", list.offset, list.pos, list.tags);
    }
    for (size, units) in buffer.nop_units.iter().map(|unit| (unit.len(), unit)) {
        println!("nop of {size}: {units:02x?}");
    }
    if let Some(frame) = buffer.frame_layout() {
        println!("frame: {frame:?}");
    }
    true
}
