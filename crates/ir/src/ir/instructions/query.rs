//! What is asked of instructions: calls, branches, memory, conditions and traps. Needs the formats.

use super::{BlockCall, InstructionData, ValueListPool};
use crate::ir::condcodes::{FloatCC, IntCC};
use crate::ir::dfg::DataFlowGraph;
use crate::ir::{
    AliasRegion, AtomicRmwOp, ExceptionTable, ExceptionTables, FuncRef, JumpTables, MemFlags, MemFlagsData, SigRef,
    StackSlot, TrapCode, Value,
};
use std::slice;

/// What an instruction calls, and its arguments without the callee.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallInfo<'a> {
    /// Nothing.
    NotACall,
    /// A known function.
    Direct(FuncRef, &'a [Value]),
    /// A known function, with a signature that the instruction says.
    DirectWithSig(FuncRef, SigRef, &'a [Value]),
    /// A function whose address is a value.
    Indirect(SigRef, &'a [Value]),
}

impl InstructionData {
    /// What the instruction calls, and its arguments.
    pub fn analyze_call<'a>(&'a self, pool: &'a ValueListPool, exception_tables: &ExceptionTables) -> CallInfo<'a> {
        let args = self.arguments(pool);
        let after_callee = args.get(1..).unwrap_or(&[]);
        match *self {
            Self::Call { func_ref, .. } => CallInfo::Direct(func_ref, args),
            Self::CallIndirect { sig_ref, .. } => CallInfo::Indirect(sig_ref, after_callee),
            Self::TryCall { func_ref, exception, .. } => {
                CallInfo::DirectWithSig(func_ref, exception_tables[exception].signature(), args)
            }
            Self::TryCallIndirect { exception, .. } => {
                CallInfo::Indirect(exception_tables[exception].signature(), after_callee)
            }
            _ => CallInfo::NotACall,
        }
    }
    /// The exception table of a `try_call`.
    pub fn exception_table(&self) -> Option<ExceptionTable> {
        match *self {
            Self::TryCall { exception, .. } | Self::TryCallIndirect { exception, .. } => Some(exception),
            _ => None,
        }
    }
    /// Where the instruction may go. A `br_table`'s default comes first, the normal return of a `try_call` last.
    pub fn branch_destination<'a>(
        &'a self,
        jump_tables: &'a JumpTables,
        exception_tables: &'a ExceptionTables,
    ) -> &'a [BlockCall] {
        match self {
            Self::Jump { destination, .. } => slice::from_ref(destination),
            Self::Brif { blocks, .. } => blocks,
            Self::BranchTable { table, .. } => jump_tables.get(*table).map_or(&[], |t| t.all_branches()),
            Self::TryCall { exception, .. } | Self::TryCallIndirect { exception, .. } => {
                exception_tables.get(*exception).map_or(&[], |t| t.all_branches())
            }
            _ => &[],
        }
    }
    /// Where the instruction may go, to be changed.
    pub fn branch_destination_mut<'a>(
        &'a mut self,
        jump_tables: &'a mut JumpTables,
        exception_tables: &'a mut ExceptionTables,
    ) -> &'a mut [BlockCall] {
        match self {
            Self::Jump { destination, .. } => slice::from_mut(destination),
            Self::Brif { blocks, .. } => blocks,
            Self::BranchTable { table, .. } => jump_tables.get_mut(*table).map_or(&mut [], |t| t.all_branches_mut()),
            Self::TryCall { exception, .. } | Self::TryCallIndirect { exception, .. } => {
                exception_tables.get_mut(*exception).map_or(&mut [], |t| t.all_branches_mut())
            }
            _ => &mut [],
        }
    }
    /// Changes every value the instruction uses: operands, branch arguments, contexts of exception tables.
    pub fn map_values(
        &mut self,
        pool: &mut ValueListPool,
        jump_tables: &mut JumpTables,
        exception_tables: &mut ExceptionTables,
        mut f: impl FnMut(Value) -> Value,
    ) {
        for arg in self.arguments_mut(pool) {
            *arg = f(*arg);
        }
        for target in self.branch_destination_mut(jump_tables, exception_tables) {
            target.update_args(pool, |arg| arg.map_value(&mut f));
        }
        if let Some(table) = self.exception_table().and_then(|t| exception_tables.get_mut(t)) {
            for context in table.contexts_mut() {
                *context = f(*context);
            }
        }
    }
    /// The condition of an integer comparison.
    pub fn cond_code(&self) -> Option<IntCC> {
        if let Self::IntCompare { cond, .. } = self { Some(*cond) } else { None }
    }
    /// The condition of a float comparison.
    pub fn fp_cond_code(&self) -> Option<FloatCC> {
        if let Self::FloatCompare { cond, .. } = self { Some(*cond) } else { None }
    }
    /// What an atomic read-modify-write does.
    pub fn atomic_rmw_op(&self) -> Option<AtomicRmwOp> {
        if let Self::AtomicRmw { op, .. } = self { Some(*op) } else { None }
    }
    /// The stack slot whose address is taken.
    pub fn stack_slot(&self) -> Option<StackSlot> {
        if let Self::StackAddr { stack_slot, .. } = self { Some(*stack_slot) } else { None }
    }
    /// What is added to an address.
    pub fn load_store_offset(&self) -> Option<i32> {
        match *self {
            Self::Load { offset, .. } | Self::Store { offset, .. } | Self::StackAddr { offset, .. } => {
                Some(offset.into())
            }
            _ => None,
        }
    }
    /// The trap that the instruction itself names.
    pub fn trap_code(&self) -> Option<TrapCode> {
        let mut copy = *self;
        copy.trap_code_mut().copied()
    }
    /// The trap that the instruction itself names, to be changed.
    pub fn trap_code_mut(&mut self) -> Option<&mut TrapCode> {
        match self {
            Self::CondTrap { code, .. } | Self::IntAddTrap { code, .. } | Self::Trap { code, .. } => Some(code),
            _ => None,
        }
    }
    /// How memory is accessed.
    pub fn memflags(&self) -> Option<MemFlags> {
        let mut copy = *self;
        copy.memflags_mut().copied()
    }
    /// How memory is accessed, to be changed.
    pub fn memflags_mut(&mut self) -> Option<&mut MemFlags> {
        match self {
            Self::AtomicCas { flags, .. }
            | Self::AtomicRmw { flags, .. }
            | Self::Load { flags, .. }
            | Self::LoadNoOffset { flags, .. }
            | Self::Store { flags, .. }
            | Self::StoreNoOffset { flags, .. } => Some(flags),
            _ => None,
        }
    }
    /// How memory is accessed, looked up.
    pub fn memflags_data(&self, dfg: &DataFlowGraph) -> Option<MemFlagsData> {
        self.memflags().map(|f| dfg.mem_flags[f])
    }
    /// The trap that an inaccessible address raises.
    pub fn memflags_trap_code(&self, dfg: &DataFlowGraph) -> Option<TrapCode> {
        self.memflags_data(dfg)?.trap_code()
    }
    /// The region of memory that is accessed.
    pub fn alias_region(&self, dfg: &DataFlowGraph) -> Option<AliasRegion> {
        self.memflags_data(dfg)?.alias_region()
    }
}
