//! Lowering: IR to machine code with virtual registers, use-first. Blocks are visited from the last to the first and
//! each from its end, so that when an instruction is reached all its uses are known: pure values without uses vanish,
//! a load may sink into its only user, and operations matched into another are never emitted by themselves.
//!
//! [`Lower`] is what the generated matchers and a target's hand-written parts work on. Effects keep their order: each
//! instruction has an *epoch*, the number of effects before it in the function, and a load sinks only within its own.
//! Needs the IR, resolved of aliases, and the block order; leaves a [`VCode`].

use crate::abi::Places;
use crate::choices::{Choices, Stage};
use crate::error::{CodegenError, CodegenResult};
use crate::options::Options;
use crate::order::BlockOrder;
use crate::vcode::{NO_RULE, VCode};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use windlass_desc::ops::{Effects, Opcode};
use windlass_desc::types::{F32, F64, I8, I8X16, I16, I64, I128, INVALID, Type};
use windlass_ir::entity::EntityRef;
use windlass_ir::ir::{Block, Endianness, Function, Inst, Value, ValueDef};
use windlass_regalloc::{Class, Clobbers, Edge, Inst as MInst, List, NONE, Operand, VReg, VRegInfo};

pub mod matched;
mod queries;
mod roles;
pub use roles::{Access, Arithmetic, Extend, Flow, MemoryOperand, Nans, Registers, Roles, Step};

/// What a target adds: its rows by role, the matchers generated from its rules, and what it lowers by hand.
pub trait Target {
    /// What it says of itself.
    fn roles(&self) -> &'static Roles;
    /// Lowers one instruction that has effects or whose result is used.
    fn lower(&self, c: &mut Lower<'_>, inst: Inst, op: Opcode, ty: Type) -> CodegenResult<()>;
    /// What the `n`-th result of an instruction, or a half of it, is another name for.
    fn alias(&self, c: &Lower<'_>, inst: Inst, op: Opcode, ty: Type, n: usize, half: u8) -> Option<Part>;
    /// Puts the function's arguments where the entry block's parameters expect them.
    fn entry(&self, c: &mut Lower<'_>, block: Block) -> CodegenResult<()>;
}

/// What one virtual register holds: a value, or its lower (0) or upper (1) half.
pub type Part = (Value, u8);

/// The virtual registers of a value: one, or its lower and its upper half.
pub type Parts = SmallVec<[VReg; 2]>;

/// How many registers a value of this type takes.
pub fn registers(ty: Type) -> u8 {
    if ty == I128 { 2 } else { 1 }
}

/// Memory kept between functions.
#[derive(Default)]
pub struct Scratch {
    /// The register of each value; that of its upper half is the next one.
    vregs: Vec<u32>,
    /// What each value, or its lower half, is a name for: a packed [`Part`].
    names: Vec<u32>,
    /// The same of upper halves.
    upper_names: FxHashMap<Value, u32>,
    uses: Vec<u8>,
    before: Vec<u32>,
    after: Vec<u32>,
    sunk: Vec<bool>,
    symbols: FxHashMap<(windlass_ir::ir::ExternalName, bool), u32>,
}

/// What is known of a function besides its body.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// What the compiler is asked for.
    pub options: &'a Options,
    /// Offsets of the explicit stack slots.
    pub slots: &'a [u64],
    /// Where its arguments and results are.
    pub places: &'a Places,
}

/// A function being lowered.
pub struct Lower<'a> {
    /// The function.
    pub func: &'a Function,
    /// The code so far, last instruction first.
    pub vcode: &'a mut VCode,
    /// What is known of the function besides its body.
    pub given: Given<'a>,
    /// What the target says of itself.
    pub roles: &'static Roles,
    /// The address of the area for results that are in no register, once something returns there.
    pub return_area: Option<VReg>,
    order: &'a BlockOrder,
    target: &'a dyn Target,
    s: &'a mut Scratch,
    pending: MInst,
    origin: u32,
    rule: u16,
    trap: Option<windlass_desc::env::TrapCode>,
    block: Option<Block>,
    choices: Choices,
    /// A type of which some value has no register.
    refused: Option<Type>,
}

/// Lowers `func` into `vcode`.
pub fn lower<T: Target>(
    func: &Function,
    order: &BlockOrder,
    target: &T,
    given: Given<'_>,
    s: &mut Scratch,
    vcode: &mut VCode,
) -> CodegenResult<()> {
    if func.dfg.num_values() > MAX_VALUES {
        return Err(CodegenError::unsupported(format!("functions of more than {MAX_VALUES} values")));
    }
    vcode.clear();
    s.reset(func);
    let mut c = Lower {
        func,
        vcode,
        given,
        roles: target.roles(),
        return_area: None,
        order,
        target,
        s,
        pending: MInst { row: 0, flags: 0, ops: 0, payload: 0 },
        origin: NONE,
        rule: NO_RULE,
        trap: None,
        block: None,
        choices: Choices::of(given.options, Stage::Lower),
        refused: None,
    };
    c.count_uses_and_effects(order);
    c.vcode.code.blocks = order.skeleton();
    for n in (0..order.blocks.len()).rev() {
        c.block(order, n, target)?;
    }
    if let Some(ty) = c.refused {
        return Err(no_registers(ty));
    }
    c.vcode.reverse();
    order.finish(&mut c.vcode.code);
    Ok(())
}

/// A packed [`Part`] has a bit less than a value.
const MAX_VALUES: usize = 1 << 31;

fn pack((v, n): Part) -> u32 {
    v.as_u32() << 1 | n as u32
}

fn unpack(p: u32) -> Part {
    (Value::from_u32(p >> 1), (p & 1) as u8)
}

impl Scratch {
    fn reset(&mut self, func: &Function) {
        fn fill<T: Copy>(v: &mut Vec<T>, n: usize, x: T) {
            v.clear();
            v.resize(n, x);
        }
        let (values, insts) = (func.dfg.num_values(), func.dfg.num_insts());
        fill(&mut self.vregs, values, NONE);
        fill(&mut self.names, values, NONE);
        fill(&mut self.uses, values, 0);
        fill(&mut self.before, insts, 0);
        fill(&mut self.after, insts, 0);
        fill(&mut self.sunk, insts, false);
        self.upper_names.clear();
        self.symbols.clear();
    }
}

impl<'a> Lower<'a> {
    fn count_uses_and_effects(&mut self, order: &BlockOrder) {
        let dfg = &self.func.dfg;
        let mut epoch = 0;
        for b in &order.blocks {
            for inst in self.func.layout.block_insts(*b) {
                for v in dfg.inst_values(inst) {
                    let n = &mut self.s.uses[v.index()];
                    *n = n.saturating_add(1);
                }
                self.s.before[inst.index()] = epoch;
                epoch += has_effect(self.func, inst) as u32;
                self.s.after[inst.index()] = epoch;
            }
        }
    }

    fn block(&mut self, order: &BlockOrder, n: usize, target: &impl Target) -> CodegenResult<()> {
        let block = order.blocks[n];
        self.block = Some(block);
        let start = self.vcode.code.insts.len() as u32;
        self.edges(order, n)?;
        let mut at = self.func.layout.last_inst(block);
        while let Some(inst) = at {
            at = self.func.layout.prev_inst(inst);
            self.inst(inst, target)?;
        }
        if n == 0 {
            self.origin = NONE;
            self.rule = NO_RULE;
            target.entry(self, block)?;
        } else {
            let params = self.vcode.code.pool.len() as u32;
            for &p in self.func.dfg.block_params(block) {
                let regs = self.parts_of(p)?;
                self.vcode.code.pool.extend(regs.iter().map(|r| r.0));
            }
            self.vcode.code.blocks[n].params = (params, self.vcode.code.pool.len() as u32);
        }
        self.vcode.code.blocks[n].insts = (start, self.vcode.code.insts.len() as u32);
        Ok(())
    }

    /// The block's outgoing edges with their arguments, which are uses at its end.
    fn edges(&mut self, order: &BlockOrder, n: usize) -> CodegenResult<()> {
        let Some(last) = self.func.layout.last_inst(order.blocks[n]) else { return Ok(()) };
        let dfg = &self.func.dfg;
        let calls = dfg.insts[last].branch_destination(&dfg.jump_tables, &dfg.exception_tables);
        for call in calls {
            let first = self.vcode.code.pool.len() as u32;
            for arg in call.args(&dfg.value_lists) {
                let Some(v) = arg.as_value() else {
                    return Err(CodegenError::unsupported("block arguments that are results of a try_call"));
                };
                let regs = self.parts(v);
                self.vcode.code.pool.extend(regs.iter().map(|r| r.0));
            }
            let args = (first, self.vcode.code.pool.len() as u32);
            self.vcode.code.edges.push(Edge { from: n as u32, to: order.number(call.block(&dfg.value_lists)), args });
        }
        let end = self.vcode.code.edges.len() as u32;
        self.vcode.code.blocks[n].succs = (end - calls.len() as u32, end);
        Ok(())
    }

    fn inst(&mut self, inst: Inst, target: &impl Target) -> CodegenResult<()> {
        if self.s.sunk[inst.index()] {
            return Ok(());
        }
        let used = |v: &Value| self.s.vregs[v.index()] != NONE;
        if !has_effect(self.func, inst) && !self.func.dfg.inst_results(inst).iter().any(used) {
            return Ok(());
        }
        let op = self.opcode(inst);
        if self.choices.unusual(3) {
            self.junk(inst);
        }
        self.origin = inst.index() as u32;
        self.rule = NO_RULE;
        target.lower(self, inst, op, self.ctv(inst))
    }

    /// Changes what stands above the value that the instruction gives, if it is narrow, for nobody may rely on it.
    fn junk(&mut self, i: Inst) {
        let [v] = *self.func.dfg.inst_results(i) else { return };
        let ty = self.ty(v);
        // of 32 bits contracts may say what stands above; names and booleans of conditions have no code of their own
        if !matches!(ty, I8 | I16) || self.s.vregs[v.index()] == NONE || self.named((v, 0)).is_some() {
            return;
        }
        let (changed, made, above) = (self.result(i, 0, 0), self.temp(), self.temp());
        self.start(self.roles.arithmetic.add);
        [changed, made, above].into_iter().for_each(|r| self.operand(r));
        self.end();
        self.start(self.roles.arithmetic.constant);
        self.operand(above);
        self.pending.payload = 0x5a5a_a5a5_5a5a << ty.bits();
        self.end();
        self.redirect(i, made);
    }

    // What right sides do.

    /// The virtual register of a value of one register, under the name it has in the end.
    pub fn val(&mut self, v: Value) -> VReg {
        self.part((v, 0))
    }
    /// All virtual registers of a value.
    pub fn parts(&mut self, v: Value) -> Parts {
        (0..registers(self.ty(v))).map(|n| self.part((v, n))).collect()
    }
    /// One virtual register of a value, under the name it has in the end.
    pub fn part(&mut self, p: Part) -> VReg {
        let (v, n) = self.representative(p);
        let first = match self.s.vregs[v.index()] {
            NONE => {
                let r = self.new_vregs(self.ty(v));
                self.s.vregs[v.index()] = r.0;
                r.0
            }
            r => r,
        };
        if v != p.0 && self.ty(p.0).bits() > 32 {
            // a name counts on the upper half too
            self.vcode.code.vregs[first as usize].width = 8;
        }
        VReg(first + n as u32)
    }
    /// Follows names to what they stand for, and remembers it for all on the way.
    fn representative(&mut self, p: Part) -> Part {
        let mut way: SmallVec<[u32; 4]> = SmallVec::new();
        let mut at = pack(p);
        loop {
            let known = *self.name_of(at);
            if known != NONE {
                at = known;
                break;
            }
            way.push(at);
            match self.named(unpack(at)) {
                Some(next) => at = pack(next),
                None => break,
            }
        }
        for p in way {
            *self.name_of(p) = at;
        }
        unpack(at)
    }
    fn name_of(&mut self, p: u32) -> &mut u32 {
        match unpack(p) {
            (v, 0) => &mut self.s.names[v.index()],
            (v, _) => self.s.upper_names.entry(v).or_insert(NONE),
        }
    }
    /// What a register of a value is another name for.
    fn named(&self, (v, n): Part) -> Option<Part> {
        let ValueDef::Result(i, k) = self.func.dfg.value_def(v) else { return None };
        self.target.alias(self, i, self.opcode(i), self.ctv(i), k, n)
    }
    /// The register of a value defined here, whether it is used or not; an error if its type has none, or two.
    pub fn vreg_of(&mut self, v: Value) -> CodegenResult<VReg> {
        match self.parts_of(v)?[..] {
            [r] => Ok(r),
            _ => Err(CodegenError::unsupported(format!("values of type {}: two registers", self.ty(v)))),
        }
    }
    /// The registers of a value defined here, whether they are used or not; an error if its type has none.
    pub fn parts_of(&mut self, v: Value) -> CodegenResult<Parts> {
        let ty = self.ty(v);
        self.check_type(ty)?;
        let first = match self.s.vregs[v.index()] {
            NONE => self.new_vregs(ty).0,
            r => r,
        };
        Ok((0..registers(ty) as u32).map(|n| VReg(first + n)).collect())
    }
    /// Are there registers for values of this type?
    pub fn check_type(&self, ty: Type) -> CodegenResult<()> {
        if ty.is_int() || matches!(ty, F32 | F64) { Ok(()) } else { Err(no_registers(ty)) }
    }
    /// The registers of a value in the order that its parts have in memory.
    pub fn as_in_memory(&self, mut parts: Parts) -> Parts {
        if self.roles.byte_order == Endianness::Big {
            parts.reverse();
        }
        parts
    }
    /// As many new registers as the type takes, one after the other; the first.
    fn new_vregs(&mut self, ty: Type) -> VReg {
        let first = self.new_vreg(ty);
        if registers(ty) == 2 {
            self.new_vreg(ty);
        }
        first
    }
    fn new_vreg(&mut self, ty: Type) -> VReg {
        let info = if ty.is_float() || ty.is_vector() {
            let width = (ty.bits() / 8).max(4);
            if width > self.roles.vector as u32 {
                self.refused = Some(ty);
            }
            let class = if ty.is_vector() { Class::Vec } else { self.roles.floats };
            VRegInfo { class, width: width.min(self.roles.vector as u32) as u8 }
        } else {
            VRegInfo { class: Class::Int, width: if ty.bits() > 32 { 8 } else { self.roles.narrow } }
        };
        self.vcode.code.vregs.push(info);
        VReg(self.vcode.code.vregs.len() as u32 - 1)
    }
    /// A register for an intermediate result.
    pub fn temp(&mut self) -> VReg {
        self.new_vreg(I64)
    }
    /// A vector register for an intermediate result of at most 64 bits.
    pub fn vector_temp(&mut self) -> VReg {
        self.new_vreg(F64)
    }
    /// A vector register for 128 bits.
    pub fn wide_temp(&mut self) -> VReg {
        self.new_vreg(I8X16)
    }
    /// The register of the instruction's `n`-th result, used or not; `part` 1 is its upper half.
    pub fn result(&mut self, i: Inst, n: usize, part: u8) -> VReg {
        let v = self.func.dfg.inst_results(i).get(n).copied();
        match v.map(|v| self.s.vregs[v.index()]) {
            Some(r) if r != NONE => VReg(r + part as u32),
            _ => self.new_vreg(v.map_or(I64, |v| self.ty(v))),
        }
    }
    /// What is lowered as the instruction's first result is in `r`, from which its users get it.
    pub fn redirect(&mut self, i: Inst, r: VReg) {
        if let Some(v) = self.func.dfg.inst_results(i).first() {
            self.s.vregs[v.index()] = r.0;
        }
    }
    /// The instruction that comes next takes over a load, with its trap.
    pub fn sink(&mut self, i: Inst) {
        self.s.sunk[i.index()] = true;
        self.stands_for(i);
    }
    /// The instruction that comes next has the effect of `i`.
    pub fn has_effect_of(&mut self, i: Inst) {
        self.vcode.effects.push((self.vcode.code.insts.len() as u32, i.as_u32()));
    }
    /// The instruction traps with the code of this number, whatever it stands for.
    pub fn traps_with(&mut self, code: u8) {
        self.trap = std::num::NonZeroU8::new(code).map(windlass_desc::env::TrapCode::from_raw);
    }
    /// Begins an instruction.
    pub fn start(&mut self, row: u16) {
        self.pending = MInst { row, flags: 0, ops: self.vcode.code.pool.len() as u32, payload: 0 };
        self.trap = None;
    }
    /// Which rule the next instructions come from.
    pub fn set_rule(&mut self, rule: u16) {
        self.rule = rule;
    }
    /// The instruction has the effects of `i` and traps as it does.
    pub fn stands_for(&mut self, i: Inst) {
        if !self.func.dfg.insts[i].opcode().row().effects.is_pure() {
            self.has_effect_of(i);
        }
        let data = &self.func.dfg.insts[i];
        let memory = data.memflags_data(&self.func.dfg).and_then(|f| f.trap_code());
        self.trap = data.trap_code().or(memory).or(self.trap);
    }
    /// A register as its next operand, be it defined or used.
    pub fn operand(&mut self, r: VReg) {
        self.vcode.code.pool.push(r.0);
    }
    /// A value as its next operand.
    pub fn use_val(&mut self, v: Value) {
        let r = self.val(v);
        self.vcode.code.pool.push(r.0);
    }
    /// The upper half of a value as its next operand.
    pub fn use_upper(&mut self, v: Value) {
        let r = self.part((v, 1));
        self.vcode.code.pool.push(r.0);
    }
    /// An absent register of a memory operand.
    pub fn use_none(&mut self) {
        self.vcode.code.pool.push(NONE);
    }
    /// The instruction under construction.
    pub fn pending(&mut self) -> &mut MInst {
        &mut self.pending
    }
    /// Ends the instruction.
    pub fn end(&mut self) {
        if let Some(code) = self.trap {
            self.vcode.traps.push((self.vcode.code.insts.len() as u32, code));
        }
        self.vcode.code.insts.push(self.pending);
        self.vcode.origins.push(self.origin);
        self.vcode.rules.push(self.rule);
    }
    /// An instruction whose operands are listed with it; `site` goes into the upper half of its payload.
    pub fn listed(&mut self, row: u16, operands: &[(VReg, Operand)], clobbers: impl Into<Clobbers>, site: u32) {
        self.start(row);
        let code = &mut self.vcode.code;
        let first = code.list_operands.len() as u32;
        code.list_operands.extend(operands.iter().map(|o| o.1));
        code.pool.extend(operands.iter().map(|o| o.0.0));
        code.lists.push(List { operands: (first, code.list_operands.len() as u32), clobbers: clobbers.into() });
        self.pending.payload = (code.lists.len() as u64 - 1) | ((site as u64) << 32);
        self.end();
    }
    /// The number, in the code's table, of a symbol that may be anywhere.
    pub fn symbol_number(&mut self, name: windlass_ir::ir::ExternalName) -> u32 {
        self.placed_symbol_number(name, false)
    }
    /// The number of a symbol in the code's table; `near` if it is linked together with this code.
    pub fn placed_symbol_number(&mut self, name: windlass_ir::ir::ExternalName, near: bool) -> u32 {
        let vcode = &mut *self.vcode;
        *self.s.symbols.entry((name, near)).or_insert_with_key(|(name, near)| {
            vcode.symbols.push(name.clone());
            vcode.near.push(*near);
            vcode.symbols.len() as u32 - 1
        })
    }
}

/// Must the instruction be kept, and in its place among others like it? Loads that cannot trap need not.
pub fn has_effect(func: &Function, inst: Inst) -> bool {
    let data = &func.dfg.insts[inst];
    let effects = data.opcode().row().effects;
    let beyond_loads = Effects(effects.0 & !Effects::LOAD.0);
    !beyond_loads.is_pure()
        || effects.has(Effects::LOAD) && data.memflags_data(&func.dfg).is_none_or(|f| f.trap_code().is_some())
}

/// The error for a type that no register is for.
fn no_registers(ty: Type) -> CodegenError {
    CodegenError::unsupported(format!("values of type {ty}: only i8 to i128, f32 and f64 are lowered yet"))
}

/// The error for an operation that no rule covers. It names the types of operands, unless the controlling type is all of
/// them.
pub fn unsupported(c: &Lower<'_>, inst: Inst) -> CodegenError {
    let ty = c.ctv(inst);
    let suffix = if ty == INVALID { String::new() } else { format!(".{ty}") };
    let operands = c.func.dfg.inst_args(inst).iter().map(|v| c.ty(*v));
    let of = match operands.clone().any(|operand| operand != ty) {
        true => format!(" of {}", operands.map(|operand| operand.to_string()).collect::<Vec<_>>().join(", ")),
        false => String::new(),
    };
    let (name, target) = (c.opcode(inst).row().name, c.roles.name);
    CodegenError::unsupported(format!("{name}{suffix}{of} on {target}: see the README's table of what is missing"))
}
