//! Instructions, one after the other, with the allocator's edits between them. Needs a [`Program`]; calls are `call.rs`'s.

use crate::program::{Compiled, Program, Symbol};
use crate::state::State;
use crate::{Error, Outcome, Result, unsupported, wrong};
use windlass_codegen::vcode::{BASE, Base, CC, SCALE};
use windlass_desc::bv::{Bv, Num};
use windlass_desc::env::{Access, TrapCode};
use windlass_desc::machine::{self, Cc, Emission, Imm, Input, Machine, Operand, Row, SymbolReach};
use windlass_ir::data_value::DataValue;
use windlass_ir::interpreter::{FUNCTION_STEP, FUNCTIONS, LIBCALLS};
use windlass_regalloc::{Edit, Inst, Loc, LocKind, NONE, PReg, Place, Role};

/// How many instructions a run may take.
const FUEL: u64 = 2_000_000;
/// A trap whose code nobody says.
const NO_CODE: TrapCode = TrapCode::unwrap_user(250);

/// A function that runs.
pub(crate) struct Frame {
    /// Which.
    pub function: usize,
    /// Its stack pointer: where outgoing arguments start.
    pub sp: u64,
    /// Where its parts are: spill slots, stack slots, the return address, incoming arguments.
    pub spill: u64,
    pub slots: u64,
    pub returns: u64,
    pub incoming: u64,
    /// The present instruction.
    pub at: u32,
    /// What callee-saved registers held when it was entered.
    pub saved: Vec<(PReg, Num)>,
}

/// A run of a program.
pub(crate) struct Run<'a, M> {
    pub p: &'a Program<M>,
    pub state: State,
    pub frames: Vec<Frame>,
}

/// What comes after an instruction.
pub(crate) enum Next {
    /// The next one in the block.
    On,
    /// Its block's edge with this number.
    Edge(u32),
    /// Whatever the innermost frame says: a call began.
    Entered,
    /// The innermost function has returned and its frame is gone.
    Left,
    /// The trap ends the run.
    Trap(TrapCode),
}

/// Calls a function.
pub(crate) fn call<M: Machine>(p: &Program<M>, name: &str, args: &[DataValue], seed: u64) -> Result<Outcome> {
    let Some(&function) = p.by_name.get(name) else { return unsupported(format!("there is no {name}")) };
    let state = State::new(p.banks, M::BANKS, (M::FLAGS_WIDTH, M::BIG_ENDIAN), seed);
    let mut run = Run { p, state, frames: vec![] };
    let area = run.begin(function, args)?;
    let mut fuel = FUEL;
    while !run.frames.is_empty() {
        let Some(left) = fuel.checked_sub(1) else { return unsupported(format!("more than {FUEL} instructions")) };
        fuel = left;
        if let Some(code) = run.step().map_err(|e| run.located(e))? {
            return Ok(Outcome::Trapped(code));
        }
    }
    run.results(function, area).map(Outcome::Returned)
}

impl<'a, M: Machine> Run<'a, M> {
    pub fn frame(&self) -> Result<&Frame> {
        self.frames.last().map_or_else(|| wrong("nothing runs"), Ok)
    }

    pub fn function(&self) -> Result<&'a Compiled> {
        Ok(&self.p.functions[self.frame()?.function])
    }

    /// An error with the place where it happened.
    fn located(&self, e: Error) -> Error {
        let place = || {
            let (frame, f) = (self.frames.last()?, self.p.functions.get(self.frames.last()?.function)?);
            let row = &self.p.rows[f.vcode.code.insts.get(frame.at as usize)?.row as usize];
            Some(format!(" ({}, instruction {}: {})", f.name, frame.at, row.name))
        };
        let place = place().unwrap_or_default();
        match e {
            Error::Unsupported(why) => Error::Unsupported(why + &place),
            Error::Wrong(why) => Error::Wrong(why + &place),
        }
    }

    /// Runs an instruction and what stands around it.
    fn step(&mut self) -> Result<Option<TrapCode>> {
        let (f, i) = (self.function()?, self.frame()?.at);
        self.edits(f, Place::Before(i))?;
        let next = self.inst(f, i)?;
        match next {
            Next::Trap(code) => return Ok(Some(code)),
            Next::Entered => {}
            Next::Left => {
                // the caller goes on behind its call
                if let Some(frame) = self.frames.last() {
                    let (f, i) = (&self.p.functions[frame.function], frame.at);
                    self.returned(f, i)?;
                    self.go_on(f, i)?;
                }
            }
            Next::On => self.go_on(f, i)?,
            Next::Edge(edge) => {
                let blocks = &f.alloc.edge_blocks;
                if let Some((_, (first, end))) = blocks.iter().find(|b| b.0 == edge) {
                    for &edit in &f.alloc.edge_edits[*first as usize..*end as usize] {
                        self.edit(f, edit)?;
                    }
                }
                let to = f.vcode.code.edges[edge as usize].to;
                self.goto(f.vcode.code.blocks[to as usize].insts.0);
            }
        }
        Ok(None)
    }

    fn go_on(&mut self, f: &Compiled, i: u32) -> Result<()> {
        self.edits(f, Place::After(i))?;
        self.goto(i + 1);
        Ok(())
    }

    fn goto(&mut self, i: u32) {
        if let Some(frame) = self.frames.last_mut() {
            frame.at = i;
        }
    }

    fn edits(&mut self, f: &Compiled, place: Place) -> Result<()> {
        let key = |p: Place| match p {
            Place::Before(i) => (i, false),
            Place::After(i) => (i, true),
        };
        let edits = &f.alloc.edits;
        let first = edits.partition_point(|e| key(e.0) < key(place));
        for &(_, edit) in edits[first..].iter().take_while(|e| e.0 == place) {
            self.edit(f, edit)?;
        }
        Ok(())
    }

    fn edit(&mut self, f: &Compiled, edit: Edit) -> Result<()> {
        match edit {
            Edit::Exchange { a, b, .. } => {
                let (x, y) = (self.state.get(a), self.state.get(b));
                self.state.set(a, y);
                self.state.set(b, x);
                Ok(())
            }
            Edit::Move { from, to, width, .. } => self.copy(from, to, 8 * width as u32),
            Edit::Remat { inst, to } => {
                let inst = f.vcode.code.insts[inst as usize];
                self.plain(f, &inst, None, &[Loc::reg(to).0]).map(|_| ())
            }
        }
    }

    /// Copies the low bits of one location to another. Between registers a machine may copy more.
    fn copy(&mut self, from: Loc, to: Loc, w: u32) -> Result<()> {
        match (from.as_reg(), to.as_reg()) {
            (Some(from), Some(to)) => {
                let whole = self.state.get(from);
                match w >= whole.w() || self.state.random.flip() {
                    true => self.state.set(to, whole),
                    false => self.state.copied(to, &whole.extract(0, w))?,
                }
                Ok(())
            }
            (None, Some(to)) => {
                let low = self.state.read_own(self.stack(from)?, w)?;
                self.state.copied(to, &low)
            }
            (Some(from), None) => {
                let low = self.state.get(from).extract(0, w);
                self.state.write_own(self.stack(to)?, &low)
            }
            (None, None) => wrong("a move from memory to memory"),
        }
    }

    /// Where a location on the stack is.
    pub fn stack(&self, loc: Loc) -> Result<u64> {
        let frame = self.frame()?;
        match loc.kind() {
            LocKind::Reg(r) => wrong(format!("{r:?} is not on the stack")),
            LocKind::Spill(n) => Ok(frame.spill + n as u64),
            LocKind::Incoming(n) => Ok(frame.incoming + n as u64),
            LocKind::Outgoing(n) => Ok(frame.sp + n as u64),
        }
    }

    /// An instruction of a function, by what emission makes of it.
    fn inst(&mut self, f: &'a Compiled, i: u32) -> Result<Next> {
        let inst = f.vcode.code.insts[i as usize];
        let ops = &f.vcode.code.pool[inst.ops as usize..];
        let row = &self.p.rows[inst.row as usize];
        let registers = &self.p.roles.registers;
        match row.emission {
            Emission::Args | Emission::Point => Ok(Next::On),
            Emission::Return => self.leave(f),
            Emission::Call => self.enter(f, &inst, ops),
            Emission::TailCall => self.enter_instead(f, &inst, ops),
            Emission::Jump => Ok(Next::Edge(self.succs(f, i)?.0)),
            Emission::Table => self.table(f, i, &inst, ops),
            Emission::Branch => {
                self.plain(f, &inst, Some(i), ops)?;
                let first = self.succs(f, i)?.0;
                match self.state.taken.take() {
                    Some(true) => Ok(Next::Edge(first)),
                    Some(false) => Ok(Next::Edge(first + 1)),
                    None => wrong("a branch that goes nowhere"),
                }
            }
            _ if inst.row == registers.get => {
                let value = self.reserved(inst.payload as u8)?;
                self.define(ops[0], &value)?;
                Ok(Next::On)
            }
            _ if inst.row == registers.set => {
                let (from, to) = (self.register(ops[0])?, inst.payload as u8);
                let value = self.state.get(from);
                self.state.set(PReg::new(windlass_regalloc::Class::Int, to), value);
                Ok(Next::On)
            }
            _ => {
                if let Some(code) = self.plain(f, &inst, Some(i), ops)? {
                    return Ok(Next::Trap(code));
                }
                Ok(Next::On)
            }
        }
    }

    /// The edges of the block that ends with instruction `i`.
    fn succs(&self, f: &Compiled, i: u32) -> Result<(u32, u32)> {
        let blocks = &f.vcode.code.blocks;
        let b = blocks.partition_point(|b| b.insts.1 <= i);
        blocks.get(b).map_or_else(|| wrong("an instruction in no block"), |b| Ok(b.succs))
    }

    fn table(&mut self, f: &Compiled, i: u32, inst: &Inst, ops: &[u32]) -> Result<Next> {
        let (first, end) = self.succs(f, i)?;
        let index = self.state.get(self.register(ops[0])?).extract(0, 32).get() as u32;
        self.lose(f, inst, ops)?;
        Ok(Next::Edge(if index < end - first - 1 { first + 1 + index } else { first }))
    }

    /// Destroys what an instruction destroys besides its results.
    pub fn lose(&mut self, f: &Compiled, inst: &Inst, ops: &[u32]) -> Result<()> {
        let operands = f.vcode.code.operands(self.p.specs, inst);
        for (operand, &op) in operands.iter().zip(ops) {
            if operand.role == Role::Temp {
                self.state.destroy(self.register(op)?, 0)?;
            }
        }
        let clobbers = f.vcode.code.clobbers(self.p.specs, inst);
        for r in clobbers.lost.iter() {
            self.state.destroy(r, 0)?;
        }
        for r in clobbers.narrowed.minus(clobbers.lost).iter() {
            self.state.destroy(r, clobbers.kept[r.class() as usize] as u32)?;
        }
        if self.p.specs[inst.row as usize].writes_flags {
            self.state.lose_flags();
        }
        Ok(())
    }

    /// The register at a place of the pool.
    pub fn register(&self, op: u32) -> Result<PReg> {
        match Loc(op).as_reg().filter(|_| op != NONE) {
            Some(r) => Ok(r),
            None => wrong(format!("an operand is in {:?}, which is no register", Loc(op))),
        }
    }

    /// What a register outside of allocation holds.
    fn reserved(&self, n: u8) -> Result<Num> {
        let (frame, registers) = (self.frame()?, &self.p.roles.registers);
        let address = |a: u64| Ok(Num::lit(64, a as u128));
        match n {
            _ if n == registers.stack_pointer => address(frame.sp),
            _ if n == registers.frame_pointer && self.p.options.frame_pointer => address(frame.returns - 8),
            _ => Ok(self.state.get(PReg::new(windlass_regalloc::Class::Int, n))),
        }
    }

    fn define(&mut self, op: u32, value: &Num) -> Result<()> {
        match Loc(op).as_reg() {
            Some(r) => self.state.set(r, value.clone()),
            None => self.state.write_own(self.stack(Loc(op))?, value)?,
        }
        Ok(())
    }

    /// Runs a row by its meaning. `i` is the instruction's number, unless it is a repeated one.
    fn plain(&mut self, f: &Compiled, inst: &Inst, i: Option<u32>, ops: &[u32]) -> Result<Option<TrapCode>> {
        let row = &self.p.rows[inst.row as usize];
        if let Some(why) = M::FAMILIES[row.family.0 as usize].no_meaning {
            return unsupported(format!("{} has no meaning: {why}", row.name));
        }
        let trap = i.and_then(|i| f.vcode.trap(i));
        let input = self.input(f, row, inst, trap, ops)?;
        let flags = self.state.flags.clone();
        let out = machine::simulate::<M, _>(row, &mut self.state, &Input { flags: Some(flags), ..input });
        if let Some(fault) = self.state.fault.take() {
            return wrong(fault);
        }
        if let Some(code) = self.state.trap.take() {
            return if trap.is_none() {
                wrong(format!("a trap ({code}) where none is expected"))
            } else {
                Ok(Some(code))
            };
        }
        self.lose(f, inst, ops)?;
        if let Some(flags) = out.flags {
            self.state.flags = flags;
        }
        let mut defs = out.defs.iter();
        for n in (0..row.operands.len()).filter(|&n| matches!(row.operands[n], Operand::Def(..))) {
            let value = defs.next().map_or_else(|| wrong("too few results"), Ok)?;
            self.define(ops[row.place(n) as usize], value)?;
        }
        Ok(None)
    }

    fn input(&self, f: &Compiled, row: &Row, inst: &Inst, trap: Option<TrapCode>, ops: &[u32]) -> Result<Input<Num>> {
        let (mut uses, mut addr) = (vec![], None);
        for (n, operand) in row.operands.iter().enumerate() {
            let at = row.place(n) as usize;
            match operand {
                Operand::Def(..) => {}
                Operand::Use(w, _) => uses.push(match Loc(ops[at]).as_reg() {
                    Some(r) => self.state.get(r),
                    None => self.state.read_own(self.stack(Loc(ops[at]))?, *w as u32)?,
                }),
                Operand::Mem(_) => addr = Some(Num::lit(64, self.address(inst, &ops[at..at + 2])? as u128)),
            }
        }
        let imm = match (row.symbol, row.whole_payload, row.imm) {
            (SymbolReach::None, true, _) => inst.payload,
            (SymbolReach::None, false, Imm::Unsigned(_)) => inst.payload >> 32,
            (SymbolReach::None, false, _) => (inst.payload as i64 >> 32) as u64,
            _ => self.symbol(f, inst.payload as u32)?,
        };
        Ok(Input {
            uses,
            addr,
            imm: Num::lit(64, imm as u128),
            flags: None,
            cc: Cc((inst.flags >> CC) as u8 & 31),
            holds: None,
            code: trap.unwrap_or(NO_CODE),
            access: Access { trap, big_endian: M::BIG_ENDIAN, atomic: false },
        })
    }

    /// The address of a memory operand.
    fn address(&self, inst: &Inst, ops: &[u32]) -> Result<u64> {
        let frame = self.frame()?;
        let part = |op: u32| if op == NONE { Ok(0) } else { Ok(self.state.get(self.register(op)?).get() as u64) };
        let base = match inst.flags >> BASE & 7 {
            n if n == Base::Regs as u16 => part(ops[0])?,
            n if n == Base::Slots as u16 => frame.slots,
            n if n == Base::Incoming as u16 => frame.incoming,
            n if n == Base::Outgoing as u16 => frame.sp,
            _ => frame.returns,
        };
        let index = part(ops[1])? << (inst.flags >> SCALE & 3);
        Ok(base.wrapping_add(index).wrapping_add(inst.payload as i32 as u64))
    }

    /// The address of a symbol.
    fn symbol(&self, f: &Compiled, n: u32) -> Result<u64> {
        match &f.symbols[n as usize] {
            Symbol::Function(name) => match self.p.by_name.get(name) {
                Some(&n) => Ok(FUNCTIONS + n as u64 * FUNCTION_STEP),
                None => unsupported(format!("the address of {name}, which is no function of the file")),
            },
            Symbol::LibCall(call) => {
                let all = windlass_ir::ir::LibCall::all_libcalls();
                Ok(LIBCALLS + all.iter().position(|c| c == call).unwrap_or(0) as u64 * FUNCTION_STEP)
            }
        }
    }
}
