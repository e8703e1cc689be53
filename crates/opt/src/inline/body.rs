//! Copies the body of a function into another, in the place of a call: what returned goes on behind the call, and what
//! calls in a `try_call`'s place goes to its handlers too. Needs both functions to verify.

use super::Refused;
use super::names::{Names, Renamer};
use windlass_ir::dominator_tree::DominatorTree;
use windlass_ir::flowgraph::ControlFlowGraph;
use windlass_ir::ir::instructions::{BlockCall, InstructionData, InstructionMapper};
use windlass_ir::ir::*;

/// Where the body's returns go.
#[derive(Clone, Copy)]
enum After {
    /// To this block, with the results: the place of a `call`.
    Block(Block),
    /// To the caller's caller: the place of a `return_call`.
    Caller,
    /// Where the table says, as do exceptions: the place of a `try_call`.
    Table(ExceptionTable),
}

/// A copied body.
pub(super) struct Copied {
    /// Its blocks, the entry first.
    pub blocks: Vec<Block>,
    /// Which of them is the last in the layout.
    pub last: Block,
}

/// A body being copied.
struct Copy<'a> {
    func: &'a mut Function,
    callee: &'a Function,
    names: Names,
    after: After,
    call: Inst,
    /// Is the call in a cold block?
    cold: bool,
    blocks: Vec<Block>,
    /// The block being filled.
    block: Block,
}

/// Copies the body of `callee` behind the block `behind`, for a call whose results `rest` gets.
pub(super) fn copy(
    func: &mut Function,
    call: Inst,
    rest: Option<Block>,
    behind: Block,
    callee: &Function,
) -> Result<Copied, Refused> {
    check(func, call, callee)?;
    let after = match (func.dfg.insts[call], rest) {
        (InstructionData::TryCall { exception, .. }, _) => After::Table(exception),
        (_, Some(rest)) => After::Block(rest),
        (_, None) => After::Caller,
    };
    let cold = func.layout.inst_block(call).is_some_and(|b| func.layout.is_cold(b));
    let names = Names::default();
    let mut copy = Copy { func, callee, names, after, call, cold, blocks: vec![], block: behind };
    let last = copy.run(behind);
    Ok(Copied { blocks: copy.blocks, last })
}

/// Can the body take the place of the call?
fn check(func: &Function, call: Inst, callee: &Function) -> Result<(), Refused> {
    fn types(of: &[AbiParam]) -> impl PartialEq {
        of.iter().map(|p| p.value_type).collect::<Vec<Type>>()
    }
    let own = &callee.signature;
    let fits = |s: &Signature| types(&s.params) == types(&own.params) && types(&s.returns) == types(&own.returns);
    if !func.dfg.call_signature(call).is_some_and(|sig| fits(&func.dfg.signatures[sig])) {
        return Err(Refused::Signature);
    }
    if own.params.iter().any(|p| matches!(p.purpose, ArgumentPurpose::StructArgument(_))) {
        return Err(Refused::Copies);
    }
    if callee.layout.entry_block().is_none() {
        return Err(Refused::NoBody);
    }
    let InstructionData::TryCall { exception, .. } = func.dfg.insts[call] else { return Ok(()) };
    let first = func.dfg.exception_tables[exception].items().next();
    let without = first.is_some_and(|item| !matches!(item, ExceptionTableItem::Context(_)));
    let has_context = |inst: Inst| {
        let table = callee.dfg.insts[inst].exception_table();
        table.is_some_and(|t| callee.dfg.exception_tables[t].contexts().next().is_some())
    };
    let mut insts = callee.layout.blocks().flat_map(|b| callee.layout.block_insts(b));
    if without && insts.any(has_context) { Err(Refused::Context) } else { Ok(()) }
}

impl Copy<'_> {
    /// Copies all that is reached; gives the last block in the layout.
    fn run(&mut self, behind: Block) -> Block {
        let callee = self.callee;
        let domtree = DominatorTree::with_function(callee, &ControlFlowGraph::with_function(callee));
        let mut last = behind;
        for block in callee.layout.blocks().filter(|&b| domtree.is_reachable(b)) {
            last = self.new_block(last, callee.layout.is_cold(block));
            self.names.blocks[block] = last.into();
            for &param in callee.dfg.block_params(block) {
                let value = self.func.dfg.append_block_param(last, callee.dfg.value_type(param));
                self.names.values[param] = value.into();
            }
        }
        let last_copied = last;
        // in this order definitions come before uses
        for &block in domtree.cfg_rpo() {
            self.block = self.names.block(block);
            let is_last = self.block == last_copied;
            callee.layout.block_insts(block).for_each(|inst| self.inst(inst));
            if is_last {
                last = self.block;
            }
        }
        last
    }

    fn new_block(&mut self, behind: Block, cold: bool) -> Block {
        let new = self.func.dfg.make_block();
        self.func.layout.insert_block_after(new, behind);
        if cold || self.cold {
            self.func.layout.set_cold(new);
        }
        self.blocks.push(new);
        new
    }

    fn renamer(&mut self) -> Renamer<'_> {
        Renamer { to: self.func, from: self.callee, names: &mut self.names }
    }

    /// Copies an instruction, or what it becomes in the call's place.
    fn inst(&mut self, old: Inst) {
        let callee = self.callee;
        let data = callee.dfg.insts[old].map(self.renamer());
        match (data, self.after) {
            (InstructionData::MultiAry { opcode: Opcode::Return, args }, After::Block(_) | After::Table(_)) => {
                let values = args.as_slice(&self.func.dfg.value_lists).to_vec();
                self.leave(old, &values);
            }
            (InstructionData::Call { .. } | InstructionData::CallIndirect { .. }, After::Block(_)) => {
                self.plain_call(old, data);
            }
            (InstructionData::Call { .. } | InstructionData::CallIndirect { .. }, After::Table(table)) => {
                self.guarded_call(old, data, table);
            }
            (
                InstructionData::TryCall { exception, .. } | InstructionData::TryCallIndirect { exception, .. },
                After::Table(table),
            ) => {
                self.add_handlers(exception, table);
                self.append(old, data);
            }
            _ => {
                let new = self.append(old, data);
                self.results(old, new);
            }
        }
    }

    /// Puts an instruction at the end, with what belongs to the one it is a copy of and to the call.
    fn append(&mut self, old: Inst, data: InstructionData) -> Inst {
        let (callee, call) = (self.callee, self.call);
        let new = self.func.dfg.make_inst(data);
        self.func.dfg.make_inst_results(new, callee.dfg.ctrl_typevar(old));
        self.func.layout.append_inst(new, self.block);
        let place = callee.srcloc(old);
        let place = if place.is_default() { self.func.srcloc(call) } else { place };
        if !place.is_default() {
            self.func.set_srcloc(new, place);
        }
        let op = data.opcode();
        if op.is_call() && !op.is_return() {
            // what the caller keeps over the call, it keeps over those within
            let mut entries = self.func.dfg.user_stack_map_entries(call).unwrap_or_default().to_vec();
            for entry in callee.dfg.user_stack_map_entries(old).unwrap_or_default() {
                let slot = self.renamer().map_stack_slot(entry.slot);
                entries.push(UserStackMapEntry { slot, ..entry.clone() });
            }
            self.func.dfg.append_user_stack_map_entries(new, entries);
        }
        if callee.debug_tags.has(old) && (op.is_call() || op == Opcode::SequencePoint) {
            let mut tags = self.func.debug_tags.get(call).to_vec();
            for tag in callee.debug_tags.get(old) {
                tags.push(match *tag {
                    DebugTag::StackSlot(slot) => DebugTag::StackSlot(self.renamer().map_stack_slot(slot)),
                    DebugTag::User(n) => DebugTag::User(n),
                });
            }
            self.func.debug_tags.set(new, tags);
        }
        new
    }

    /// The results of the old instruction are those of the new one.
    fn results(&mut self, old: Inst, new: Inst) {
        for (&was, &is) in self.callee.dfg.inst_results(old).iter().zip(self.func.dfg.inst_results(new)) {
            self.names.values[was] = is.into();
        }
    }

    /// Goes on behind the call with these results.
    fn leave(&mut self, old: Inst, results: &[Value]) {
        let pool = &self.func.dfg.value_lists;
        let (block, args): (Block, Vec<BlockArg>) = match self.after {
            After::Caller => return,
            After::Block(rest) => (rest, results.iter().map(|&v| v.into()).collect()),
            After::Table(table) => {
                let normal = self.func.dfg.exception_tables[table].normal_return();
                let given = |arg| match arg {
                    BlockArg::TryCallRet(n) => results.get(n as usize).map_or(arg, |&v| v.into()),
                    other => other,
                };
                (normal.block(pool), normal.args(pool).map(given).collect())
            }
        };
        let destination = self.func.dfg.block_call(block, &args);
        self.append(old, InstructionData::Jump { opcode: Opcode::Jump, destination });
    }

    /// A call that stays one, or that returns here before it goes on behind the call it was in.
    fn plain_call(&mut self, old: Inst, data: InstructionData) {
        match data {
            InstructionData::Call { opcode: Opcode::ReturnCall, args, func_ref } => {
                self.call_and_leave(old, InstructionData::Call { opcode: Opcode::Call, args, func_ref });
            }
            InstructionData::CallIndirect { opcode: Opcode::ReturnCallIndirect, args, sig_ref } => {
                self.call_and_leave(old, InstructionData::CallIndirect { opcode: Opcode::CallIndirect, args, sig_ref });
            }
            _ => {
                let new = self.append(old, data);
                self.results(old, new);
            }
        }
    }

    /// What was a tail call returns here first.
    fn call_and_leave(&mut self, old: Inst, data: InstructionData) {
        let new = self.append(old, data);
        let results = self.func.dfg.inst_results(new).to_vec();
        self.leave(old, &results);
    }

    /// A call in the place of a `try_call` may throw to its handlers, if its convention lets exceptions pass.
    fn guarded_call(&mut self, old: Inst, data: InstructionData, table: ExceptionTable) {
        let sig = match data {
            InstructionData::Call { func_ref, .. } => self.func.dfg.ext_funcs[func_ref].signature,
            InstructionData::CallIndirect { sig_ref, .. } => sig_ref,
            _ => return,
        };
        let tail = data.opcode().is_return();
        if !self.func.dfg.signatures[sig].call_conv.supports_exceptions() {
            return self.plain_call(old, data);
        }
        let returns: Vec<Type> = self.func.dfg.signatures[sig].returns.iter().map(|p| p.value_type).collect();
        let normal = if tail {
            let dfg = &mut self.func.dfg;
            dfg.exception_tables[table].normal_return().deep_clone(&mut dfg.value_lists)
        } else {
            let next = self.new_block(self.block, false);
            for (&was, &ty) in self.callee.dfg.inst_results(old).iter().zip(&returns) {
                self.names.values[was] = self.func.dfg.append_block_param(next, ty).into();
            }
            let args: Vec<BlockArg> = (0..returns.len() as u32).map(BlockArg::TryCallRet).collect();
            self.func.dfg.block_call(next, &args)
        };
        let items = self.handlers(table);
        let exception = self.func.dfg.exception_tables.push(ExceptionTableData::new(sig, normal, items));
        let data = match data {
            InstructionData::Call { args, func_ref, .. } => {
                InstructionData::TryCall { opcode: Opcode::TryCall, args, func_ref, exception }
            }
            InstructionData::CallIndirect { args, .. } => {
                InstructionData::TryCallIndirect { opcode: Opcode::TryCallIndirect, args, exception }
            }
            other => other,
        };
        self.append(old, data);
        if let (false, Some(next)) = (tail, self.blocks.last()) {
            self.block = *next;
        }
    }

    /// The handlers of a table, to be tried elsewhere too.
    fn handlers(&mut self, table: ExceptionTable) -> Vec<ExceptionTableItem> {
        let dfg = &mut self.func.dfg;
        dfg.exception_tables[table].deep_clone(&mut dfg.value_lists).items().collect()
    }

    /// The handlers of `from` are tried after those of `table`, unless these handle all.
    fn add_handlers(&mut self, table: ExceptionTable, from: ExceptionTable) {
        let own = &self.func.dfg.exception_tables[table];
        let (sig, normal): (SigRef, BlockCall) = (own.signature(), *own.normal_return());
        let mut items: Vec<ExceptionTableItem> = own.items().collect();
        if !items.iter().any(|item| matches!(item, ExceptionTableItem::Default(_))) {
            items.extend(self.handlers(from));
        }
        self.func.dfg.exception_tables[table] = ExceptionTableData::new(sig, normal, items);
    }
}
