//! Lowering for riscv64: the matchers generated from `windlass_rules::riscv64`, and what is lowered by hand. Needs
//! [`crate::lower`].

use super::roles::ROLES;
use super::rows::*;
use crate::error::{CodegenError, CodegenResult};
use crate::lower::matched::*;
use crate::lower::{Lower, Part, Roles, Target, unsupported};
use crate::{call as calls, flow};
use windlass_desc::machine::Above;
use windlass_desc::ops::{Format, Opcode};
use windlass_desc::riscv64::imm;
use windlass_desc::types::{I64, Type};
use windlass_ir::ir::{Block, Inst, Value};
use windlass_regalloc::{NONE, VReg};

/// The matchers, printed from the rules.
#[rustfmt::skip]
#[allow(unreachable_code, unused_variables, clippy::all, missing_docs)]
pub mod generated {
    use super::*;
    include!(concat!(env!("OUT_DIR"), "/riscv64_rules.rs"));
}

/// riscv64 as lowering sees it.
pub struct RiscvTarget;

impl Target for RiscvTarget {
    fn roles(&self) -> &'static Roles {
        &ROLES
    }
    fn lower(&self, c: &mut Lower<'_>, inst: Inst, op: Opcode, ty: Type) -> CodegenResult<()> {
        let addressed = matches!(op.row().format, Format::Load | Format::Store);
        if let (true, Some(&p)) = (addressed, c.func.dfg.inst_args(inst).last())
            && c.ty(p) != I64
        {
            return Err(CodegenError::unsupported(format!("{}.{ty} at an address of type {}", op.row().name, c.ty(p))));
        }
        if let Some(done) = generated::custom(c, inst, op) {
            return done;
        }
        let Some(m) = generated::select(c, inst, op, ty) else {
            return generated::fallback(c, inst, op).unwrap_or_else(|| Err(unsupported(c, inst)));
        };
        c.set_rule(m.rule);
        generated::emit(c, inst, &m);
        Ok(())
    }
    fn alias(&self, c: &Lower<'_>, inst: Inst, op: Opcode, ty: Type, n: usize, half: u8) -> Option<Part> {
        generated::alias(c, inst, op, ty, n, half)
    }
    fn entry(&self, c: &mut Lower<'_>, block: Block) -> CodegenResult<()> {
        calls::entry(c, block)
    }
}
