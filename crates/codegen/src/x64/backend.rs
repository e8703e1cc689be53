//! x86-64 as the pipeline sees it.

use super::lower::X64Target;
use super::{abi, asm, emit, frame, rows};
use crate::abi::Convention;
use crate::backend::{Allocated, Backend, Emitter};
use crate::compiled::CompiledCode;
use crate::error::CodegenResult;
use crate::lower::{self, Given};
use crate::options::Options;
use crate::order::BlockOrder;
use crate::vcode::VCode;
use windlass_ir::ir::Function;
use windlass_ir::isa::CallConv;
use windlass_regalloc::Machine;

/// x86-64.
pub static BACKEND: &dyn Backend = &X64;

struct X64;

impl Backend for X64 {
    fn name(&self) -> &'static str {
        super::NAME
    }

    fn convention(&self, conv: CallConv) -> CodegenResult<&'static Convention> {
        abi::convention(conv)
    }

    fn machine(&self, conv: &Convention, options: &Options) -> Machine {
        Machine {
            rows: &rows::ROWS,
            classes: abi::classes(conv, options.frame_pointer, options.pinned),
            callee_saved: conv.callee_saved,
        }
    }

    fn lower(
        &self,
        func: &Function,
        order: &BlockOrder,
        given: Given<'_>,
        memory: &mut lower::Scratch,
        vcode: &mut VCode,
    ) -> CodegenResult<()> {
        lower::lower(func, order, &X64Target, given, memory, vcode)
    }

    fn emitter(&self) -> Box<dyn Emitter> {
        Box::new(emit::Scratch::default())
    }

    fn vcode_text(&self, vcode: &VCode) -> String {
        asm::vcode(vcode)
    }
}

impl Emitter for emit::Scratch {
    fn emit(&mut self, function: &Allocated<'_>) -> CodegenResult<CompiledCode> {
        let &Allocated { vcode, alloc, conv, places, slots, options } = function;
        let needs = frame::Needs {
            slots: slots.size,
            slots_align: slots.align,
            outgoing: vcode.outgoing,
            calls: vcode.calls,
            frame_pointer: options.frame_pointer,
            probed: options.probe.map(|probe| 1 << probe.size_log2.min(31)),
            callee_saved: conv.callee_saved,
            incoming: places.stack,
            pops: if conv.callee_pops { places.stack.max(vcode.tail_args) } else { 0 },
        };
        let frame = frame::Frame::new(&needs, alloc)?;
        let code = emit::emit(vcode, alloc, &frame, self, options)?;
        let place = |at: &u64| frame.offsets.slots as u32 + *at as u32;
        Ok(CompiledCode { slots: slots.at.iter().map(place).collect(), ..code })
    }
}
