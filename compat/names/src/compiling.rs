//! Compiling functions, and what it leaves.

use std::borrow::Cow;

use cranelift_codegen::binemit::{Addend, CodeInfo, CodeOffset, Reloc};
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::gimli::write::{Address, CommonInformationEntry, FrameDescriptionEntry};
use cranelift_codegen::inline::{Inline, InlineCommand};
use cranelift_codegen::ir::{
    DebugTag, ExternalName, FuncRef, Function, Inst, Opcode, SourceLoc, TrapCode, UserStackMap, Value, ValueLabel,
};
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::isa::unwind::{CfaUnwindInfo, UnwindInfo, UnwindInfoKind, systemv, winarm64, winx64};
use cranelift_codegen::settings::Flags;
use cranelift_codegen::{
    CodegenError, CodegenResult, CompileError, CompiledCode, CompiledCodeStencil, Context, Final,
    FinalizedMachCallSite, FinalizedMachExceptionHandler, FinalizedMachReloc, FinalizedRelocTarget, LabelValueLoc,
    MachBufferDebugTagList, MachBufferFinalized, MachBufferFrameLayout, MachDebugTagPos, MachSrcLoc, MachTrap,
    TextSectionBuilder, ValueLabelsRanges, ValueLocRange,
};

/// Inlines once what it is given, and then nothing.
struct Once(Option<Function>);

impl Inline for Once {
    fn inline(&mut self, _: &Function, _: Inst, _: Opcode, _: FuncRef, _: &[Value]) -> InlineCommand<'_> {
        match self.0.take() {
            Some(callee) => InlineCommand::Inline { callee: Cow::Owned(callee), visit_callee: false },
            None => InlineCommand::KeepCall,
        }
    }
}

/// Contexts.
pub fn contexts(func: Function, isa: &dyn TargetIsa, flags: &Flags) -> Result<Context, CodegenError> {
    let (mut ctx, mut plane): (Context, ControlPlane) = (Context::new(), ControlPlane::default());
    ctx.clear();
    ctx = Context::for_function(func);
    ctx.set_disasm(true);
    ctx.verify(flags)?;
    ctx.verify_if(isa)?;
    let _: bool = ctx.inline(&mut Once(None))?;
    ctx.eliminate_unreachable_code(isa)?;
    ctx.remove_constant_phis(isa)?;
    ctx.egraph_pass(isa, &mut plane)?;
    ctx.optimize(isa, &mut plane)?;
    ctx.compute_cfg();
    ctx.compute_domtree();
    ctx.compute_loop_analysis();
    ctx.flowgraph();
    let stencil: CompiledCodeStencil = ctx.compile_stencil(isa, &mut plane)?;
    let _: CompiledCode = stencil.apply_params(&ctx.func.params);
    let compiled: Result<&CompiledCode, CompileError<'_>> = ctx.compile(isa, &mut plane);
    if let Err(error) = compiled {
        let (inner, _): (CodegenError, &Function) = (error.inner, error.func);
        return Err(inner);
    }
    let mut bytes: Vec<u8> = vec![];
    let info: CodeInfo = ctx.compile_and_emit(isa, &mut bytes, &mut plane).map_err(|e| e.inner)?.code_info();
    let _: CodeOffset = info.total_size;
    let _: Option<UnwindInfo> = ctx.create_unwind_info(isa)?;
    let _: (Option<&CompiledCode>, bool) = (ctx.compiled_code(), ctx.get_code_bb_layout().is_some());
    let _: Option<CompiledCode> = ctx.take_compiled_code();
    Ok(ctx)
}

/// Compiled code.
pub fn compiled(code: &mut CompiledCode, func: &Function) {
    let _: (&[u8], Option<&String>, &ValueLabelsRanges) =
        (code.code_buffer(), code.vcode.as_ref(), &code.value_labels_ranges);
    let buffer: &mut MachBufferFinalized<Final> = &mut code.buffer;
    let _: (u32, CodeOffset, String) = (buffer.alignment, buffer.total_size(), buffer.stringify_code_bytes());
    for MachTrap { offset, code } in buffer.traps() {
        let _: (&CodeOffset, &TrapCode) = (offset, code);
    }
    for FinalizedMachReloc { offset, kind, addend, target } in buffer.relocs() {
        let _: (&CodeOffset, &Reloc, &Addend) = (offset, kind, addend);
        let _: String = target.display(Some(&func.params));
        match target {
            FinalizedRelocTarget::ExternalName(name) => _ = name.clone() == ExternalName::default(),
            FinalizedRelocTarget::Func(offset) => _ = *offset + 1,
        }
    }
    for MachSrcLoc { start, end, loc } in buffer.get_srclocs_sorted() {
        let _: (&CodeOffset, &CodeOffset, &SourceLoc) = (start, end, loc);
    }
    for FinalizedMachCallSite { ret_addr, frame_offset, exception_handlers } in buffer.call_sites() {
        let _: (CodeOffset, Option<u32>, &[FinalizedMachExceptionHandler]) =
            (ret_addr, frame_offset, exception_handlers);
    }
    let _: Option<&(CodeOffset, u32, UserStackMap)> = buffer.user_stack_maps().first();
    let _: usize = buffer.take_user_stack_maps().len();
    let _: Option<(CodeOffset, u32)> = buffer.patchable_call_sites().next().map(|site| (site.ret_addr, site.len));
    let _: (Option<&MachBufferFrameLayout>, &[Vec<u8>]) = (buffer.frame_layout(), &buffer.nop_units);
    for MachBufferDebugTagList { offset, pos, tags } in buffer.debug_tags() {
        let _: (CodeOffset, MachDebugTagPos, &[DebugTag]) = (offset, pos, tags);
    }
    buffer.data_mut().fill(0);
}

/// What is said for debuggers.
pub fn debugging(
    ranges: &ValueLabelsRanges,
    layout: &MachBufferFrameLayout,
    list: MachBufferDebugTagList<'_>,
) -> Option<ValueLocRange> {
    let _: (u32, bool) = (layout.frame_to_fp_offset, layout.stackslots.is_empty());
    let (_, pos, tags): (CodeOffset, MachDebugTagPos, &[DebugTag]) = (list.offset, list.pos, list.tags);
    let _: bool = pos == MachDebugTagPos::Pre && tags.is_empty();
    let range = *ranges.get(&ValueLabel::from_u32(0))?.first()?;
    match range.loc {
        LabelValueLoc::Reg(reg) => _ = reg.to_real_reg(),
        LabelValueLoc::CFAOffset(offset) => _ = offset + 1,
    }
    let _: (u32, u32) = (range.start, range.end);
    Some(range)
}

/// Unwind data and text sections.
pub fn unwinding(isa: &dyn TargetIsa, code: &CompiledCode) -> CodegenResult<Vec<u8>> {
    match isa.emit_unwind_info(code, UnwindInfoKind::SystemV)? {
        Some(UnwindInfo::SystemV(info)) => {
            let info: CfaUnwindInfo = info;
            let _: FrameDescriptionEntry = info.to_fde(Address::Constant(0));
        }
        Some(UnwindInfo::WindowsX64(info)) => {
            let info: winx64::UnwindInfo = info;
            info.emit(&mut vec![0; info.emit_size()]);
        }
        Some(UnwindInfo::WindowsArm64(info)) => {
            let info: winarm64::UnwindInfo = info;
            let words: u8 = info.code_words();
            info.emit(&mut vec![0; 4 * usize::from(words)]);
        }
        _ => {}
    }
    let _: Option<UnwindInfo> = code.create_unwind_info(isa)?;
    let _: Option<UnwindInfo> = code.create_unwind_info_of_kind(isa, UnwindInfoKind::Windows)?;
    let _: Option<CommonInformationEntry> = isa.create_systemv_cie();
    let _: fn(&systemv::UnwindInfo, Address) -> FrameDescriptionEntry = systemv::UnwindInfo::to_fde;
    let mut plane = ControlPlane::default();
    let mut text: Box<dyn TextSectionBuilder> = isa.text_section_builder(1);
    let offset: u64 = text.append(true, code.code_buffer(), 16, &mut plane);
    let _: bool = text.resolve_reloc(offset, Reloc::X86CallPCRel4, -4, 0);
    text.force_veneers();
    text.write(offset, &[0]);
    Ok(text.finish(&mut plane))
}
