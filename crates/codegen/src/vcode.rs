//! A function in machine code, before and after register allocation, with what belongs to its instructions: where each
//! comes from, which rule chose it, how it traps, and the symbols it names. Needs the allocator's [`Code`].

use std::fmt::Write;
use windlass_desc::env::TrapCode;
use windlass_ir::ir::{ExternalName, UserStackMapEntry};
use windlass_regalloc::{Code, Constraint, Inst, NONE, PReg, Role, RowSpec};

/// No rule: made by the calling convention or by the allocator.
pub const NO_RULE: u16 = u16::MAX;

/// [`windlass_regalloc::Inst::flags`]: the lowest bit of the index's scale, as a power of two.
pub const SCALE: u32 = 0;
/// [`windlass_regalloc::Inst::flags`]: the lowest bit of the memory operand's [`Base`].
pub const BASE: u32 = 2;
/// [`windlass_regalloc::Inst::flags`]: the lowest bit of the condition's number.
pub const CC: u32 = 8;

/// What a memory operand is relative to: three bits of [`windlass_regalloc::Inst::flags`] from bit [`BASE`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Base {
    /// The base register, if there is one.
    Regs = 0,
    /// The explicit stack slots; no base register.
    Slots = 1,
    /// The incoming stack arguments; no base register.
    Incoming = 2,
    /// The outgoing stack arguments; no base register.
    Outgoing = 3,
    /// The return address; no base register.
    Returns = 4,
}

/// What a call is besides its operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallSite {
    /// Whom it calls, a number among the symbols; [`NONE`] if the address is an operand.
    pub symbol: u32,
    /// Bytes of stack arguments that the callee removes; of a tail call, those that it gets.
    pub popped: u32,
    /// May the call be overwritten later with what does nothing?
    pub patchable: bool,
    /// Its stack map, a number among [`VCode::stack_maps`], or [`NONE`].
    pub stack_map: u32,
}

/// A step of computing the stack limit, before the frame is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// What an argument register holds.
    Register(PReg),
    /// What a stack argument is, so far from the first.
    Argument(u32),
    /// The address of a symbol, plus a constant.
    Symbol(u32, i64),
    /// What is in memory at the step before plus an offset.
    Load(i32),
    /// The step before plus a constant.
    Add(i32),
}

/// Machine code with its side tables, all indexed by instruction.
#[derive(Clone, Debug, Default)]
pub struct VCode {
    /// Instructions, operands, blocks.
    pub code: Code,
    /// The IR instruction each stands for, or [`NONE`].
    pub origins: Vec<u32>,
    /// The rule that chose each, or [`NO_RULE`].
    pub rules: Vec<u16>,
    /// Trap codes of the instructions that may trap, by instruction.
    pub traps: Vec<(u32, TrapCode)>,
    /// Which IR instruction's effect each instruction has, in order; one that modifies memory has two.
    pub effects: Vec<(u32, u32)>,
    /// Symbols that payloads refer to.
    pub symbols: Vec<ExternalName>,
    /// Which of them are linked together with this code, so that they are in reach.
    pub near: Vec<bool>,
    /// Calls: the upper halves of their payloads are numbers of these.
    pub sites: Vec<CallSite>,
    /// Stack maps of calls: offsets are from the first stack slot.
    pub stack_maps: Vec<Vec<UserStackMapEntry>>,
    /// How to compute the stack limit, step by step; nothing if there is none.
    pub limit: Vec<Limit>,
    /// Bytes of stack arguments of the largest tail call.
    pub tail_args: u64,
    /// Bytes of outgoing stack arguments that calls need.
    pub outgoing: u64,
    /// Does it call?
    pub calls: bool,
}

impl VCode {
    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.code.clear();
        self.origins.clear();
        self.rules.clear();
        self.traps.clear();
        self.effects.clear();
        self.symbols.clear();
        self.near.clear();
        self.sites.clear();
        self.stack_maps.clear();
        self.limit.clear();
        (self.outgoing, self.tail_args, self.calls) = (0, 0, false);
    }
    /// How instruction `i` traps, if it may.
    pub fn trap(&self, i: u32) -> Option<TrapCode> {
        self.traps.binary_search_by_key(&i, |t| t.0).ok().map(|n| self.traps[n].1)
    }
    /// The IR instruction that `i` stands for.
    pub fn origin(&self, i: u32) -> Option<u32> {
        self.origins.get(i as usize).copied().filter(|&o| o != NONE)
    }
    /// Turns the instructions around: lowering fills them from the end.
    pub fn reverse(&mut self) {
        let n = self.code.insts.len() as u32;
        self.code.insts.reverse();
        self.origins.reverse();
        self.rules.reverse();
        self.traps.reverse();
        self.effects.reverse();
        for t in &mut self.traps {
            t.0 = n - 1 - t.0;
        }
        for e in &mut self.effects {
            e.0 = n - 1 - e.0;
        }
        for b in &mut self.code.blocks {
            b.insts = (n - b.insts.1, n - b.insts.0);
        }
    }
}

/// Machine code whose registers are not allocated: a line per instruction, what it writes before the name of its row,
/// what it reads behind it, each with the place it must be in, then the rest of the instruction in hexadecimal.
pub fn text(code: &VCode, rows: &[RowSpec], name: fn(u16) -> &'static str) -> String {
    let mut out = String::new();
    let vregs = |span: (u32, u32)| {
        let names = code.code.pool[span.0 as usize..span.1 as usize].iter().map(|v| format!("v{v}"));
        names.collect::<Vec<_>>().join(", ")
    };
    for (b, block) in code.code.blocks.iter().enumerate() {
        // a string takes all that is written to it
        let _ = writeln!(out, "block{b}({}):", vregs(block.params));
        for inst in &code.code.insts[block.insts.0 as usize..block.insts.1 as usize] {
            let _ = writeln!(out, "    {}", unallocated(code, inst, rows, name));
        }
        for edge in &code.code.edges[block.succs.0 as usize..block.succs.1 as usize] {
            let _ = writeln!(out, "      to block{}({})", edge.to, vregs(edge.args));
        }
    }
    out
}

fn unallocated(code: &VCode, inst: &Inst, rows: &[RowSpec], name: fn(u16) -> &'static str) -> String {
    let (mut defs, mut uses) = (vec![], vec![]);
    let operands = code.code.operands(rows, inst);
    for (operand, &v) in operands.iter().zip(&code.code.pool[inst.ops as usize..]) {
        if v == NONE {
            continue;
        }
        let place = match operand.constraint {
            Constraint::Reg | Constraint::Any => String::new(),
            Constraint::Fixed(r) => format!("@{r:?}"),
            Constraint::Tied(n) => format!("@{n}"),
            Constraint::Incoming(n) => format!("@in+{n}"),
            Constraint::Outgoing(n) => format!("@out+{n}"),
        };
        let list = if operand.role == Role::Use { &mut uses } else { &mut defs };
        list.push(format!("v{v}{place}"));
    }
    let mut text = if defs.is_empty() { String::new() } else { format!("{} = ", defs.join(", ")) };
    text += name(inst.row);
    if !uses.is_empty() {
        text += &format!(" {}", uses.join(", "));
    }
    if inst.payload != 0 || inst.flags != 0 {
        text += &format!(" [{:x}:{:x}]", inst.flags, inst.payload);
    }
    text
}
