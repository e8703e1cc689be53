//! How functions are entered and left: stack limit, saved registers, returns and tail calls, and what the unwinder is
//! told of it. Needs the frame; the target has the instructions.

use super::*;
use crate::vcode::Limit;
use windlass_regalloc::Class;

/// A frame so large is not added to the limit before the limit itself is checked, so that nothing wraps.
const LARGE_FRAME: u32 = 1 << 15;

/// Bytes of a register that is saved in the frame.
fn saved_width(r: PReg) -> u8 {
    if r.class() == Class::Int { 8 } else { 16 }
}

impl<T: Target> Emitter<'_, T> {
    pub(super) fn prologue(&mut self) -> Result<(), CodegenError> {
        let frame = self.frame;
        self.stack_limit()?;
        self.made_by("prologue");
        let grown = frame.pops.saturating_sub(frame.own);
        if grown > 0 {
            T::grow_arguments(self, grown as i32)?;
            self.unwind(UnwindInst::StackAlloc { size: grown });
        }
        for &reg in &frame.pushed {
            T::push(self, reg)?;
            self.unwind(UnwindInst::PushReg { reg });
            if frame.frame_pointer && reg == T::FRAME.frame_pointer {
                T::copy(self, reg, T::FRAME.stack_pointer, 8)?;
                self.unwind(UnwindInst::SetFramePointer);
            }
        }
        self.made_by("stack probe");
        T::probe(self)?;
        self.made_by("prologue");
        if frame.size > 0 {
            T::shift(self, -(frame.size as i32))?;
            self.unwind(UnwindInst::StackAlloc { size: frame.size });
        }
        for &(reg, offset) in &frame.saved {
            T::store(self, reg, offset, saved_width(reg))?;
            self.unwind(UnwindInst::SaveReg { reg, offset: offset as u32 });
            // the frame address is found from the stack pointer, which does not move
            if frame.frame_pointer && reg == T::FRAME.frame_pointer {
                T::add(self, reg, T::FRAME.stack_pointer, offset)?;
            }
        }
        Ok(())
    }

    /// Undoes all that the prologue did but what concerns the arguments.
    fn leave_frame(&mut self) -> Result<(), CodegenError> {
        let frame = self.frame;
        self.unwind(UnwindInst::EpilogueBegin);
        for &(reg, offset) in &frame.saved {
            T::load(self, reg, T::FRAME.stack_pointer, offset, saved_width(reg))?;
        }
        if frame.size > 0 {
            T::shift(self, frame.size as i32)?;
            self.unwind(UnwindInst::StackFree { size: frame.size });
        }
        for &reg in frame.pushed.iter().rev() {
            T::pop(self, reg)?;
            self.unwind(UnwindInst::PopReg { reg });
        }
        Ok(())
    }

    /// Returns, and removes the stack arguments if that is the callee's part.
    pub(super) fn epilogue(&mut self) -> Result<(), CodegenError> {
        self.made_by("epilogue");
        self.leave_frame()?;
        T::ret(self, self.frame.pops)?;
        self.unwind(UnwindInst::EpilogueEnd);
        Ok(())
    }

    /// Goes to another function in this one's place. Its stack arguments were put where outgoing ones are; they end up
    /// so that its caller, who was ours, finds the stack as it expects it.
    pub(super) fn tail_call(&mut self, i: u32, inst: &Inst, ops: &[u32]) -> Result<(), CodegenError> {
        let site = self.machine.sites[(inst.payload >> 32) as usize];
        let size = site.popped as i32;
        self.made_by("calling convention");
        T::move_arguments(self, self.frame.offsets.incoming + self.frame.own as i32 - size, size)?;
        self.made_by("epilogue");
        self.leave_frame()?;
        T::drop_arguments(self, self.frame.pops as i32 - size)?;
        self.made_by_inst(i);
        self.linked(inst, ops, site.symbol, 0)?;
        self.unwind(UnwindInst::EpilogueEnd);
        Ok(())
    }

    /// Traps if the frame does not fit above the function's stack limit.
    fn stack_limit(&mut self) -> Result<(), CodegenError> {
        let machine = self.machine;
        let below = self.frame.total() + self.frame.pops.saturating_sub(self.frame.own);
        if machine.limit.is_empty() || below == 0 && !machine.calls {
            return Ok(());
        }
        self.made_by("stack limit");
        let (stack, t) = (T::FRAME.stack_pointer, T::FRAME.scratch);
        let mut at = t;
        for &step in &machine.limit {
            match step {
                Limit::Register(r) => {
                    at = r;
                    continue;
                }
                Limit::Argument(n) => T::load(self, t, stack, n as i32 + T::FRAME.return_address as i32, 8)?,
                Limit::Symbol(symbol, offset) => T::symbol(self, t, symbol, offset)?,
                Limit::Load(offset) => T::load(self, t, at, offset, 8)?,
                Limit::Add(k) => T::add(self, t, at, k)?,
            }
            at = t;
        }
        let label = self.label();
        self.s.deferred.push((label, TrapCode::STACK_OVERFLOW, None));
        if below >= LARGE_FRAME {
            T::branch_below(self, stack, at, label)?;
        }
        if below > 0 {
            T::add(self, t, at, below as i32)?;
            at = t;
        }
        T::branch_below(self, stack, at, label)
    }
}
