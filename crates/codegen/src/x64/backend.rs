//! x86-64 as the pipeline sees it.

use super::lower::X64Target;
use super::roles::ROLES;
use super::{abi, asm, emit, rows};
use crate::abi::Convention;
use crate::backend::{Backend, Emitter};
use crate::emit::FunctionEmitter;
use crate::error::CodegenResult;
use crate::lower::{self, Given, Roles};
use crate::options::Options;
use crate::order::BlockOrder;
use crate::vcode::{self, VCode};
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

    fn roles(&self) -> &'static Roles {
        &ROLES
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
        Box::new(FunctionEmitter::<emit::X64>::default())
    }

    fn syntax(&self) -> &'static str {
        asm::SYNTAX
    }

    fn vcode_text(&self, code: &VCode) -> String {
        vcode::text(code, &rows::ROWS, asm::name)
    }
}
