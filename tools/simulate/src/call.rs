//! What happens between functions: arguments and results, frames, what a call destroys and what a callee must keep. The
//! layout of frames is the simulator's own; code knows only what its parts are relative to.

use crate::program::{Compiled, Symbol};
use crate::run::{Frame, Next, Run};
use crate::{Result, unsupported, wrong};
use windlass_codegen::abi::{Piece, Pieces, Place};
use windlass_desc::bv::{Bv, Num};
use windlass_desc::env::TrapCode;
use windlass_desc::fp::{FpFormat, FpOp, is_nan};
use windlass_desc::machine::Machine;
use windlass_desc::types::{I128, Type};
use windlass_ir::data_value::DataValue;
use windlass_ir::interpreter::{FUNCTION_STEP, FUNCTIONS};
use windlass_ir::ir::{AbiParam, ArgumentExtension, ArgumentPurpose, LibCall};
use windlass_regalloc::{Class, Inst, NONE, PReg, RegSet, Role};

/// Bits of a part of a value that one piece has.
fn bits(ty: Type, pieces: &Pieces) -> u32 {
    if pieces.len() == 2 { 64 } else { ty.bits() }
}

impl<'a, M: Machine> Run<'a, M> {
    /// Puts arguments where a function expects them, and enters it. Gives the address of the area for results.
    pub fn begin(&mut self, function: usize, args: &[DataValue]) -> Result<u64> {
        let f = &self.p.functions[function];
        let (stack, size) = (f.places.stack, f.places.area_size);
        let incoming = (self.state.top() - 64 - stack - size - f.places.copies) & !15;
        let area = incoming + stack;
        let mut copies = area + size;
        if let Some(piece) = f.places.area {
            self.pass(piece, incoming, &Num::lit(64, area as u128))?;
        }
        if args.len() != f.signature.params.len() {
            return wrong(format!("{} takes {} arguments", f.name, f.signature.params.len()));
        }
        for ((p, pieces), arg) in f.signature.params.iter().zip(&f.places.args).zip(args) {
            let mut parts = parts::<M>(p, arg)?;
            if parts.len() > pieces.len() {
                // the address of a copy
                for (n, part) in (0..).zip(&parts) {
                    self.state.write_own(copies + 8 * n, part)?;
                }
                parts = vec![Num::lit(64, copies as u128)];
                copies += 16;
            }
            for (&piece, value) in pieces.iter().zip(parts) {
                self.pass(piece, incoming, &value)?;
            }
        }
        match self.push(function, incoming)? {
            Next::Trap(code) => unsupported(format!("the frame of {} has no room: {code}", f.name)),
            _ => Ok(area),
        }
    }

    /// Puts a part of an argument where it goes, with anything above it.
    fn pass(&mut self, piece: Piece, incoming: u64, value: &Num) -> Result<()> {
        match piece.at {
            Place::Reg(r) => self.state.set_low(r, value),
            Place::Stack(n) => self.state.write_own(incoming + n as u64, &value.zext(8 * piece.width as u32)),
            Place::Copy { .. } => unsupported("structures as arguments"),
        }
    }

    /// The results of a function that has returned.
    pub fn results(&self, function: usize, area: u64) -> Result<Vec<DataValue>> {
        let f = &self.p.functions[function];
        let mut out = vec![];
        for (p, pieces) in f.signature.returns.iter().zip(&f.places.results) {
            let ty = p.value_type;
            let mut parts = vec![];
            for piece in pieces {
                parts.push(match piece.at {
                    Place::Reg(r) => self.state.get(r).extract(0, bits(ty, pieces)),
                    Place::Stack(n) => {
                        self.state.read_own(area + n as u64, 8 * piece.width as u32)?.extract(0, bits(ty, pieces))
                    }
                    Place::Copy { .. } => return unsupported("structures as results"),
                });
            }
            let in_order = if M::BIG_ENDIAN { parts } else { parts.into_iter().rev().collect() };
            let whole = in_order.into_iter().reduce(|high, low| high.concat(&low));
            match whole.and_then(|whole| DataValue::from_bits(whole.get(), ty)) {
                Some(value) => out.push(value),
                None => return unsupported(format!("results of type {ty}")),
            }
        }
        Ok(out)
    }

    /// Makes a frame for a function whose stack arguments start at `incoming`.
    fn push(&mut self, function: usize, incoming: u64) -> Result<Next> {
        let f = &self.p.functions[function];
        if !f.vcode.limit.is_empty() {
            return unsupported("stack limits");
        }
        let grown = if f.conv.callee_pops { f.vcode.tail_args.saturating_sub(f.places.stack) } else { 0 };
        let below = |at: u64, bytes: u64, align: u64| at.saturating_sub(bytes) & !(align.max(16) - 1);
        let returns = (incoming - grown).saturating_sub(8);
        let slots = below(returns.saturating_sub(8), f.slots.0, f.slots.1);
        let spill = below(slots, f.alloc.spill_size as u64, f.alloc.spill_align as u64);
        let sp = below(spill, f.vcode.outgoing, 16);
        if !self.state.has_room(sp) {
            return Ok(Next::Trap(TrapCode::STACK_OVERFLOW));
        }
        let caller = self.frames.last().map_or(0, |frame| frame.returns - 8);
        self.state.write_own(returns - 8, &Num::lit(64, caller as u128))?;
        let saved = f.conv.callee_saved.iter().map(|r| (r, self.state.get(r))).collect();
        self.frames.push(Frame { function, sp, spill, slots, returns, incoming, at: 0, saved });
        Ok(Next::Entered)
    }

    /// What a call calls.
    fn callee(&self, f: &'a Compiled, inst: &Inst, ops: &[u32]) -> Result<Symbol> {
        let site = f.vcode.sites[(inst.payload >> 32) as usize];
        if site.symbol != NONE {
            return Ok(f.symbols[site.symbol as usize].clone());
        }
        let address = self.state.get(self.register(ops[0])?).extract(0, 64).get() as u64;
        let n = address.checked_sub(FUNCTIONS).filter(|n| n % FUNCTION_STEP == 0).map(|n| n / FUNCTION_STEP);
        match n.and_then(|n| self.p.functions.get(n as usize)) {
            Some(f) => Ok(Symbol::Function(f.name.clone())),
            None => unsupported(format!("a call of {address:#x}, which is no function of the file")),
        }
    }

    fn number(&self, name: &str) -> Result<usize> {
        match self.p.by_name.get(name) {
            Some(&n) => Ok(n),
            None => unsupported(format!("a call of {name}, which is not in the file")),
        }
    }

    /// A call: what it destroys is gone before the callee runs, so that nothing is passed in it by mistake.
    pub fn enter(&mut self, f: &'a Compiled, inst: &Inst, ops: &[u32]) -> Result<Next> {
        let callee = self.callee(f, inst, ops)?;
        let operands = f.vcode.code.operands(self.p.specs, inst);
        let used = operands.iter().zip(ops).filter(|(o, _)| o.role == Role::Use);
        let passed = used.filter_map(|(_, &op)| self.register(op).ok()).fold(RegSet::EMPTY, RegSet::with);
        let Symbol::Function(name) = callee else {
            let Symbol::LibCall(call) = callee else { return wrong("a call of nothing") };
            return self.library(f, call, inst, ops);
        };
        for r in f.vcode.code.clobbers(self.p.specs, inst).lost.minus(passed).iter() {
            self.state.destroy(r, 0)?;
        }
        self.state.lose_flags();
        let (function, sp) = (self.number(&name)?, self.frame()?.sp);
        self.push(function, sp)
    }

    /// The instruction after which a callee has returned: what the call destroys is gone, whatever the callee left.
    pub fn returned(&mut self, f: &'a Compiled, i: u32) -> Result<()> {
        let inst = f.vcode.code.insts[i as usize];
        self.lose(f, &inst, &f.vcode.code.pool[inst.ops as usize..])?;
        self.state.lose_flags();
        Ok(())
    }

    /// Returns: callee-saved registers are as they were, by the function's own epilogue where it says that it saves them.
    pub fn leave(&mut self, f: &'a Compiled) -> Result<Next> {
        self.restore(f)?;
        self.frames.pop();
        Ok(Next::Left)
    }

    fn restore(&mut self, f: &'a Compiled) -> Result<()> {
        let Some(frame) = self.frames.last_mut() else { return wrong("nothing runs") };
        let pinned = PReg::new(Class::Int, self.p.roles.registers.pinned);
        for (r, before) in std::mem::take(&mut frame.saved) {
            let kept = (8 * f.kept[r.class() as usize] as u32).min(before.w());
            if kept == 0 || self.p.options.pinned && r == pinned {
                continue;
            }
            let before = before.extract(0, kept);
            if f.alloc.saved.contains(r) {
                self.state.set_low(r, &before)?;
            } else if self.state.get(r).extract(0, kept) != before {
                return wrong(format!("{r:?} must be preserved, but is changed and not saved"));
            }
        }
        Ok(())
    }

    /// A tail call: its stack arguments go to where this function's own ones end.
    pub fn enter_instead(&mut self, f: &'a Compiled, inst: &Inst, ops: &[u32]) -> Result<Next> {
        let Symbol::Function(name) = self.callee(f, inst, ops)? else {
            return unsupported("a tail call of a routine of the runtime");
        };
        let function = self.number(&name)?;
        let popped = f.vcode.sites[(inst.payload >> 32) as usize].popped as u64;
        self.restore(f)?;
        let Some(frame) = self.frames.pop() else { return wrong("nothing runs") };
        let incoming = frame.incoming + f.places.stack - popped;
        let words: Vec<Num> =
            (0..popped / 8).map(|n| self.state.read_own(frame.sp + 8 * n, 64)).collect::<Result<_>>()?;
        for (n, word) in words.iter().enumerate() {
            self.state.write_own(incoming + 8 * n as u64, word)?;
        }
        self.push(function, incoming)
    }

    /// A routine of the runtime: floats are rounded, memory is copied and filled.
    fn library(&mut self, f: &'a Compiled, call: LibCall, inst: &Inst, ops: &[u32]) -> Result<Next> {
        let (op, w) = match call {
            LibCall::CeilF32 => (FpOp::Ceil, 32),
            LibCall::CeilF64 => (FpOp::Ceil, 64),
            LibCall::FloorF32 => (FpOp::Floor, 32),
            LibCall::FloorF64 => (FpOp::Floor, 64),
            LibCall::TruncF32 => (FpOp::Trunc, 32),
            LibCall::TruncF64 => (FpOp::Trunc, 64),
            LibCall::NearestF32 => (FpOp::Nearest, 32),
            LibCall::NearestF64 => (FpOp::Nearest, 64),
            LibCall::FmaF32 => (FpOp::Fma, 32),
            LibCall::FmaF64 => (FpOp::Fma, 64),
            LibCall::Memcpy | LibCall::Memmove | LibCall::Memset => (FpOp::Trunc, 64),
            other => return unsupported(format!("a call of {other}")),
        };
        let operands = f.vcode.code.operands(self.p.specs, inst);
        let of = |role| operands.iter().zip(ops).filter(move |(o, _)| o.role == role);
        let mut args = vec![];
        for (_, &op) in of(Role::Use) {
            args.push(self.state.get(self.register(op)?).extract(0, w));
        }
        let result = match (call, &args[..]) {
            (LibCall::Memcpy | LibCall::Memmove | LibCall::Memset, [to, from, size]) => {
                self.fill(to, from, size, call == LibCall::Memset)?;
                to.clone()
            }
            _ => {
                let format = FpFormat::of(w);
                let result = Num::fp(op, format, &args.iter().collect::<Vec<_>>());
                is_nan(&result).ite(&Num::lit(w, format.quiet_nan()), &result)
            }
        };
        self.lose(f, inst, ops)?;
        self.state.lose_flags();
        let Some((_, &to)) = of(Role::Def).next() else { return Ok(Next::On) };
        self.state.set_low(self.register(to)?, &result)?;
        Ok(Next::On)
    }

    /// Copies `size` bytes, or fills them with one.
    fn fill(&mut self, to: &Num, from: &Num, size: &Num, with_byte: bool) -> Result<()> {
        let [to, source, size] = [to, from, size].map(|n| n.get() as u64);
        let byte = |n: u64| match with_byte {
            true => Ok(from.extract(0, 8)),
            false => self.state.read_own(source.wrapping_add(n), 8),
        };
        let bytes: Vec<Num> = (0..size).map(byte).collect::<Result<_>>()?;
        for (n, byte) in (0..).zip(&bytes) {
            self.state.write_own(to.wrapping_add(n), byte)?;
        }
        Ok(())
    }
}

/// The parts of an argument in the order of memory, extended as the signature says.
fn parts<M: Machine>(p: &AbiParam, arg: &DataValue) -> Result<Vec<Num>> {
    let ty = p.value_type;
    if let ArgumentPurpose::StructArgument(_) = p.purpose {
        return unsupported("structures as arguments");
    }
    let value = Num::lit(ty.bits(), arg.to_bits());
    if ty == I128 {
        let (low, high) = (value.extract(0, 64), value.extract(64, 64));
        return Ok(if M::BIG_ENDIAN { vec![high, low] } else { vec![low, high] });
    }
    Ok(vec![match p.extension {
        ArgumentExtension::Uext if ty.bits() < 64 => value.zext(64),
        ArgumentExtension::Sext if ty.bits() < 64 => value.sext(64),
        _ => value,
    }])
}
