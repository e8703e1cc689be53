//! How functions are entered and left: stack limit, probes, saved registers, returns and tail calls. Needs the frame.

use super::*;
use crate::vcode::Limit;
use crate::x64::frame::SCRATCH;
use windlass_desc::x64::regs::{RAX, RSP};
use windlass_ir::ir::{ExternalName, LibCall};

const fn int(n: u8) -> PReg {
    PReg::new(Class::Int, n)
}

const STACK: PReg = int(RSP);
/// The same among vector registers.
const VEC_SCRATCH: PReg = PReg::new(Class::Vec, 15);

/// More pages than these are touched in a loop.
const UNROLLED_PROBES: u32 = 4;
/// More bytes of a tail call's stack arguments are copied in a loop.
const UNROLLED_ARGUMENTS: i32 = 512;
/// A frame so large is not added to the limit before the limit itself is checked, so that nothing wraps.
const LARGE_FRAME: u32 = 1 << 15;

impl Emitter<'_> {
    pub(super) fn prologue(&mut self) -> Result<(), CodegenError> {
        self.stack_limit()?;
        self.grow_arguments();
        for &r in &self.frame.pushed {
            self.line(|| format!("push {}", name(r)), "prologue", None);
            insts::push(&mut self.s.buffer.sink, r.hw());
            self.unwind(UnwindInst::PushReg { reg: r });
            if self.frame.frame_pointer && r == self.frame.pushed[0] {
                self.line(|| "mov rbp, rsp".into(), "prologue", None);
                insts::move_reg(&mut self.s.buffer.sink, r, STACK, 8);
                self.unwind(UnwindInst::SetFramePointer);
            }
        }
        self.probe()?;
        self.adjust(-(self.frame.size as i32), "prologue");
        for &(reg, offset) in &self.frame.saved {
            self.line(|| format!("movups [rsp + {offset}], xmm{}", reg.hw()), "prologue", None);
            insts::store(&mut self.s.buffer.sink, offset, reg, 16);
            self.unwind(UnwindInst::SaveReg { reg, offset: offset as u32 });
        }
        Ok(())
    }

    /// Undoes all that the prologue did but what concerns the arguments.
    fn leave_frame(&mut self) {
        self.unwind(UnwindInst::EpilogueBegin);
        for &(reg, offset) in &self.frame.saved {
            self.line(|| format!("movups xmm{}, [rsp + {offset}]", reg.hw()), "epilogue", None);
            insts::load(&mut self.s.buffer.sink, reg, offset, 16);
        }
        self.adjust(self.frame.size as i32, "epilogue");
        for &r in self.frame.pushed.iter().rev() {
            self.line(|| format!("pop {}", name(r)), "epilogue", None);
            insts::pop(&mut self.s.buffer.sink, r.hw());
            self.unwind(UnwindInst::PopReg { reg: r });
        }
    }

    /// Returns, and removes the stack arguments if that is the callee's part.
    pub(super) fn epilogue(&mut self) {
        self.leave_frame();
        let pops = self.frame.pops;
        match u16::try_from(pops) {
            Ok(pops) => {
                self.line(|| if pops == 0 { "ret".into() } else { format!("ret {pops}") }, "epilogue", None);
                insts::ret(&mut self.s.buffer.sink, pops);
            }
            Err(_) => {
                self.raise_return_address(pops as i32);
                self.line(|| "ret".into(), "epilogue", None);
                insts::ret(&mut self.s.buffer.sink, 0);
            }
        }
        self.unwind(UnwindInst::EpilogueEnd);
    }

    /// Goes to another function in this one's place. Its stack arguments were put where outgoing ones are; they end up
    /// so that its caller, who was ours, finds the stack as it expects it.
    pub(super) fn tail_call(&mut self, i: u32, inst: &Inst, ops: &[u32]) -> Result<(), CodegenError> {
        let site = self.machine.sites[(inst.payload >> 32) as usize];
        let size = site.popped as i32;
        let to = self.offsets.incoming + self.frame.own as i32 - size;
        self.move_arguments(to, size)?;
        self.leave_frame();
        self.raise_return_address(self.frame.pops as i32 - size);
        self.list(i, inst, ops);
        match inst.row {
            TAIL_CALL => {
                let field = insts::jmp32(&mut self.s.buffer.sink, 0);
                self.reloc(field, self.call_reloc(site.symbol), site.symbol, -4);
            }
            _ => {
                let r = self.reg(ops[0])?;
                insts::jmp_reg(&mut self.s.buffer.sink, r);
            }
        }
        self.unwind(UnwindInst::EpilogueEnd);
        Ok(())
    }

    /// Copies `size` bytes of outgoing arguments to an offset from the stack pointer. Registers hold other arguments.
    fn move_arguments(&mut self, to: i32, size: i32) -> Result<(), CodegenError> {
        if size > UNROLLED_ARGUMENTS {
            let (again, source) = (self.s.buffer.label(), "calling convention");
            let (v, n) = (Loc::reg(VEC_SCRATCH).0, SCRATCH[0]);
            let (rsp, index) = (Loc::reg(STACK).0, Loc::reg(n).0);
            self.row(MOV32_RW, 0, size as u64, &[n], source)?;
            self.s.buffer.bind(again);
            self.emit_row(MOVF128_RM, 0, -16i32 as u32 as u64, &[v, rsp, index], source)?;
            self.emit_row(MOVF128_MR, 0, (to - 16) as u32 as u64, &[rsp, index, v], source)?;
            self.row(SUB64_RI, 0, 16 << 32, &[n, n], source)?;
            self.line(|| format!("jne L{}", again.0), source, None);
            self.s.buffer.branch(jcc_kind(Cc::Ne), again);
            return Ok(());
        }
        for at in (0..size).step_by(16) {
            self.line(|| format!("movups xmm15, [rsp + {at}]"), "calling convention", None);
            insts::load(&mut self.s.buffer.sink, VEC_SCRATCH, at, 16);
            self.line(|| format!("movups [rsp + {}], xmm15", to + at), "calling convention", None);
            insts::store(&mut self.s.buffer.sink, to + at, VEC_SCRATCH, 16);
        }
        Ok(())
    }

    /// Moves the return address, to which the stack pointer points, up by a multiple of 16, and the stack pointer with it.
    fn raise_return_address(&mut self, by: i32) {
        if by > 0 {
            self.line(|| format!("pop qword ptr [rsp + {}]", by - 8), "epilogue", None);
            insts::pop_stack(&mut self.s.buffer.sink, by - 8);
            self.shift(by - 8, "epilogue");
        }
    }

    /// Makes room above the return address for the arguments of tail calls that need more than came in.
    fn grow_arguments(&mut self) {
        let by = (self.frame.pops - self.frame.own.min(self.frame.pops)) as i32;
        if by > 0 {
            self.shift(8 - by, "prologue");
            self.line(|| format!("push qword ptr [rsp + {}]", by - 8), "prologue", None);
            insts::push_stack(&mut self.s.buffer.sink, by - 8);
            self.unwind(UnwindInst::StackAlloc { size: by as u32 });
        }
    }

    /// Traps if the frame does not fit above the function's stack limit.
    fn stack_limit(&mut self) -> Result<(), CodegenError> {
        let machine = self.machine;
        let below = self.frame.total() + (self.frame.pops - self.frame.own.min(self.frame.pops));
        if machine.limit.is_empty() || below == 0 && !machine.calls {
            return Ok(());
        }
        let t = SCRATCH[0];
        let mut at = t;
        for &step in &machine.limit {
            match step {
                Limit::Register(r) => {
                    at = r;
                    continue;
                }
                Limit::Argument(n) => {
                    self.line(|| format!("mov {}, [rsp + {}]", name(t), n + 8), "stack limit", None);
                    insts::load(&mut self.s.buffer.sink, t, n as i32 + 8, 8);
                }
                Limit::Symbol(symbol, offset) => {
                    let shown = machine.symbols[symbol as usize].display(None);
                    self.line(|| format!("movabs {}, {shown}", name(t)), "stack limit", None);
                    let field = insts::movabs(&mut self.s.buffer.sink, t.hw(), 0);
                    self.reloc(field, Reloc::Abs8, symbol, offset);
                }
                Limit::Load(offset) => self.row(MOV64_RM, 0, offset as u32 as u64, &[t, at], "stack limit")?,
                Limit::Add(k) => self.row(LEA64_RM, 0, k as u32 as u64, &[t, at], "stack limit")?,
            }
            at = t;
        }
        let label = self.s.buffer.label();
        self.s.deferred.push((label, TrapCode::STACK_OVERFLOW, 0));
        if below >= LARGE_FRAME {
            self.trap_below(at, label)?;
        }
        if below > 0 {
            self.row(LEA64_RM, 0, below as u64, &[t, at], "stack limit")?;
            at = t;
        }
        self.trap_below(at, label)
    }

    fn trap_below(&mut self, limit: PReg, label: Label) -> Result<(), CodegenError> {
        self.row(CMP64_RR, 0, 0, &[STACK, limit], "stack limit")?;
        self.line(|| "trap_if_b".into(), "stack limit", None);
        self.s.buffer.branch(jcc_kind(Cc::B), label);
        Ok(())
    }

    /// Touches each page that the frame will cover, the highest first.
    fn probe(&mut self) -> Result<(), CodegenError> {
        let Some(probe) = self.options.probe else { return Ok(()) };
        let (size, page) = (self.frame.size, 1u32 << probe.size_log2.min(31));
        let pages = size / page;
        if pages == 0 {
            return Ok(());
        }
        let [r, t] = SCRATCH;
        if !probe.inline {
            self.row(MOV32_RW, 0, size as u64, &[int(RAX)], "stack probe")?;
            let symbol = self.machine.symbols.iter().position(|s| *s == PROBESTACK);
            let symbol = symbol.ok_or_else(|| CodegenError::internal("no symbol for stack probes"))? as u32;
            self.line(|| "call %Probestack".into(), "stack probe", None);
            let field = insts::call32(&mut self.s.buffer.sink, 0);
            self.reloc(field, self.call_reloc(symbol), symbol, -4);
            self.returns_here(None);
        } else if pages <= UNROLLED_PROBES {
            for n in 1..=pages {
                self.line(|| format!("mov dword ptr [rsp - {}], esp", n * page), "stack probe", None);
                insts::store(&mut self.s.buffer.sink, -((n * page) as i32), STACK, 4);
            }
        } else {
            let again = self.s.buffer.label();
            self.row(MOV64_RR, 0, 0, &[r, STACK], "stack probe")?;
            self.s.buffer.bind(again);
            self.row(SUB64_RI, 0, (page as u64) << 32, &[r, r], "stack probe")?;
            self.emit_row(MOV32_MR, 0, 0, &[Loc::reg(r).0, NONE, Loc::reg(r).0], "stack probe")?;
            self.row(LEA64_RM, 0, (pages * page) as u64, &[t, r], "stack probe")?;
            self.row(CMP64_RR, 0, 0, &[t, STACK], "stack probe")?;
            self.line(|| format!("jne L{}", again.0), "stack probe", None);
            self.s.buffer.branch(jcc_kind(Cc::Ne), again);
        }
        Ok(())
    }

    /// Emits a row of these registers; where it has a memory operand the last one is the base.
    fn row(&mut self, row: u16, flags: u16, payload: u64, regs: &[PReg], source: &str) -> Result<(), CodegenError> {
        let mut ops = [NONE; 4];
        ops.iter_mut().zip(regs).for_each(|(op, r)| *op = Loc::reg(*r).0);
        self.emit_row(row, flags, payload, &ops, source)
    }
}

/// The routine that touches pages, given the size in rax.
const PROBESTACK: ExternalName = ExternalName::LibCall(LibCall::Probestack);
