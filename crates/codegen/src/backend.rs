//! What a target is to the pipeline: conventions, registers, lowering and emission. A call crosses this boundary once per
//! function and stage; what is asked of each instruction is a static table or a function that was picked up before.
//! Needs the types of every stage, and none of the targets.

use crate::abi::{Convention, Places};
use crate::compiled::CompiledCode;
use crate::error::CodegenResult;
use crate::lower::{Given, Roles, Scratch};
use crate::options::Options;
use crate::order::BlockOrder;
use crate::slots::Slots;
use crate::vcode::VCode;
use std::fmt;
use windlass_ir::ir::Function;
use windlass_ir::isa::CallConv;
use windlass_regalloc::{Allocation, Machine};

/// A target.
pub trait Backend: Send + Sync {
    /// Its name in messages.
    fn name(&self) -> &'static str;

    /// Its rows by the part that they play, and other facts of it.
    fn roles(&self) -> &'static Roles;

    /// A calling convention.
    ///
    /// # Errors
    /// If the target does not have it.
    fn convention(&self, conv: CallConv) -> CodegenResult<&'static Convention>;

    /// The machine as the allocator sees it, in a function of this convention.
    fn machine(&self, conv: &Convention, options: &Options) -> Machine;

    /// Lowers a function to the target's rows.
    fn lower(
        &self,
        func: &Function,
        order: &BlockOrder,
        given: Given<'_>,
        memory: &mut Scratch,
        vcode: &mut VCode,
    ) -> CodegenResult<()>;

    /// Something that emits functions, and keeps its memory between them.
    fn emitter(&self) -> Box<dyn Emitter>;

    /// What an assembler must be told before it reads a listing.
    fn syntax(&self) -> &'static str;

    /// Code before register allocation, as text.
    fn vcode_text(&self, vcode: &VCode) -> String;
}

impl fmt::Debug for dyn Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A function whose registers are allocated, with all that emission needs to know of it.
pub struct Allocated<'a> {
    /// Its code, locations in the place of registers.
    pub vcode: &'a VCode,
    /// What the allocator adds to it.
    pub alloc: &'a Allocation,
    /// Its convention.
    pub conv: &'a Convention,
    /// Where its arguments and results are.
    pub places: &'a Places,
    /// Its stack slots.
    pub slots: &'a Slots,
    /// What was asked for.
    pub options: &'a Options,
}

/// What makes bytes of allocated code.
pub trait Emitter: Send + Sync {
    /// Lays out the frame and emits the function.
    fn emit(&mut self, function: &Allocated<'_>) -> CodegenResult<CompiledCode>;
}
