//! riscv64 as the pipeline sees it.

use super::lower::RiscvTarget;
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

/// riscv64.
pub static BACKEND: &dyn Backend = &Riscv64;

struct Riscv64;

impl Backend for Riscv64 {
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
            classes: abi::classes(options.frame_pointer, options.pinned),
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
        lower::lower(func, order, &RiscvTarget, given, memory, vcode)
    }

    fn emitter(&self) -> Box<dyn Emitter> {
        Box::new(FunctionEmitter::<emit::Riscv64>::default())
    }

    fn syntax(&self) -> &'static str {
        asm::SYNTAX
    }

    fn vcode_text(&self, code: &VCode) -> String {
        vcode::text(code, &rows::ROWS, asm::name)
    }
}
