//! Functions: what can be compiled independently of names and source locations (the stencil), and the rest (parameters).

use super::builder::ReplaceBuilder;
use super::dfg::DataFlowGraph;
use super::extname::UserFuncName;
use super::globalvalue::GlobalValueData;
use super::instructions::BlockCall;
use super::layout::Layout;
use super::stackslot::{DynamicStackSlotData, DynamicStackSlots, StackSlotData, StackSlots};
use super::types::Type;
use super::{
    ArgumentPurpose, Block, DebugTags, DynamicStackSlot, DynamicType, ExtFuncData, FuncRef, GlobalValue, Inst,
    JumpTable, JumpTableData, RelSourceLoc, SigRef, Signature, SourceLoc, StackSlot, UserExternalName,
    UserExternalNameRef, Value,
};
use crate::isa::CallConv;
use rustc_hash::FxHashMap;
use std::ops::{Deref, DerefMut};
use windlass_entity::{PrimaryMap, SecondaryMap};

/// Tells stencils of different versions of this crate apart in a cache.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VersionMarker;

/// The part of a function that its code does not depend on, up to relocation.
#[derive(Clone, Debug, Default)]
#[cfg_attr(
    feature = "enable-serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(from = "Named", into = "Named")
)]
pub struct FunctionParameters {
    base_srcloc: Option<SourceLoc>,
    user_named_funcs: PrimaryMap<UserExternalNameRef, UserExternalName>,
    user_name_refs: FxHashMap<UserExternalName, UserExternalNameRef>,
}

impl FunctionParameters {
    /// No names and locations.
    pub fn new() -> Self {
        Self::default()
    }
    /// What source locations are relative to.
    pub fn base_srcloc(&self) -> SourceLoc {
        self.base_srcloc.unwrap_or_default()
    }
    /// What source locations are relative to; `srcloc` if that is not decided yet.
    pub fn ensure_base_srcloc(&mut self, srcloc: SourceLoc) -> SourceLoc {
        match self.base_srcloc {
            Some(base) => base,
            None if srcloc.is_default() => srcloc,
            None => *self.base_srcloc.insert(srcloc),
        }
    }
    /// The place of a name in the function's table.
    pub fn ensure_user_func_name(&mut self, name: UserExternalName) -> UserExternalNameRef {
        *self.user_name_refs.entry(name).or_insert_with_key(|name| self.user_named_funcs.push(name.clone()))
    }
    /// Puts another name at a place of the table.
    pub fn reset_user_func_name(&mut self, index: UserExternalNameRef, name: UserExternalName) {
        let Some(slot) = self.user_named_funcs.get_mut(index) else { return };
        let old = std::mem::replace(slot, name.clone());
        if self.user_name_refs.get(&old) == Some(&index) {
            self.user_name_refs.remove(&old);
        }
        self.user_name_refs.insert(name, index);
    }
    /// The table of names.
    pub fn user_named_funcs(&self) -> &PrimaryMap<UserExternalNameRef, UserExternalName> {
        &self.user_named_funcs
    }
    fn clear(&mut self) {
        self.base_srcloc = None;
        self.user_named_funcs.clear();
        self.user_name_refs.clear();
    }
}

/// What [`FunctionParameters`] are made of.
#[cfg(feature = "enable-serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct Named {
    base_srcloc: Option<SourceLoc>,
    user_named_funcs: PrimaryMap<UserExternalNameRef, UserExternalName>,
}

#[cfg(feature = "enable-serde")]
impl From<FunctionParameters> for Named {
    fn from(params: FunctionParameters) -> Self {
        Named { base_srcloc: params.base_srcloc, user_named_funcs: params.user_named_funcs }
    }
}

#[cfg(feature = "enable-serde")]
impl From<Named> for FunctionParameters {
    fn from(named: Named) -> Self {
        let Named { base_srcloc, user_named_funcs } = named;
        let user_name_refs = user_named_funcs.iter().map(|(index, name)| (name.clone(), index)).collect();
        FunctionParameters { base_srcloc, user_named_funcs, user_name_refs }
    }
}

impl PartialEq for FunctionParameters {
    fn eq(&self, other: &Self) -> bool {
        self.base_srcloc == other.base_srcloc && self.user_named_funcs == other.user_named_funcs
    }
}

/// The part of a function that decides its code.
#[derive(Clone, PartialEq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "RawStencil"))]
pub struct FunctionStencil {
    /// The version of this crate.
    pub version_marker: VersionMarker,
    /// What callers see.
    pub signature: Signature,
    /// Stack slots of fixed size.
    pub sized_stack_slots: StackSlots,
    /// Stack slots of dynamic vectors.
    pub dynamic_stack_slots: DynamicStackSlots,
    /// Global values.
    pub global_values: PrimaryMap<GlobalValue, GlobalValueData>,
    /// Instructions, values, and what they refer to.
    pub dfg: DataFlowGraph,
    /// The order of blocks and instructions.
    pub layout: Layout,
    /// Where instructions come from.
    pub srclocs: SecondaryMap<Inst, RelSourceLoc>,
    /// The lowest address the stack may reach.
    pub stack_limit: Option<GlobalValue>,
    /// What the user wants to find again beside the code.
    pub debug_tags: DebugTags,
}

/// A stencil as it was read.
#[cfg(feature = "enable-serde")]
#[derive(serde::Deserialize)]
struct RawStencil {
    version_marker: VersionMarker,
    signature: Signature,
    sized_stack_slots: StackSlots,
    dynamic_stack_slots: DynamicStackSlots,
    global_values: PrimaryMap<GlobalValue, GlobalValueData>,
    dfg: DataFlowGraph,
    layout: Layout,
    srclocs: SecondaryMap<Inst, RelSourceLoc>,
    stack_limit: Option<GlobalValue>,
    debug_tags: DebugTags,
}

#[cfg(feature = "enable-serde")]
impl TryFrom<RawStencil> for FunctionStencil {
    type Error = &'static str;

    /// What is laid out must be in the graph; all else is for the verifier to say.
    fn try_from(raw: RawStencil) -> Result<Self, &'static str> {
        let (dfg, layout) = (&raw.dfg, &raw.layout);
        let known = |block| dfg.block_is_valid(block) && layout.block_insts(block).all(|inst| dfg.inst_is_valid(inst));
        if !layout.blocks().all(known) {
            return Err("a block or an instruction is laid out that does not exist");
        }
        Ok(FunctionStencil {
            version_marker: raw.version_marker,
            signature: raw.signature,
            sized_stack_slots: raw.sized_stack_slots,
            dynamic_stack_slots: raw.dynamic_stack_slots,
            global_values: raw.global_values,
            dfg: raw.dfg,
            layout: raw.layout,
            srclocs: raw.srclocs,
            stack_limit: raw.stack_limit,
            debug_tags: raw.debug_tags,
        })
    }
}

impl FunctionStencil {
    fn new(signature: Signature) -> Self {
        FunctionStencil {
            version_marker: VersionMarker,
            signature,
            sized_stack_slots: StackSlots::new(),
            dynamic_stack_slots: DynamicStackSlots::new(),
            global_values: PrimaryMap::new(),
            dfg: DataFlowGraph::new(),
            layout: Layout::new(),
            srclocs: SecondaryMap::new(),
            stack_limit: None,
            debug_tags: DebugTags::default(),
        }
    }
    fn clear(&mut self) {
        self.signature.clear(CallConv::Fast);
        self.sized_stack_slots.clear();
        self.dynamic_stack_slots.clear();
        self.global_values.clear();
        self.dfg.clear();
        self.layout.clear();
        self.srclocs.clear();
        self.stack_limit = None;
        self.debug_tags.clear();
    }
    /// Adds the targets of a `br_table`.
    pub fn create_jump_table(&mut self, data: JumpTableData) -> JumpTable {
        self.dfg.jump_tables.push(data)
    }
    /// Adds a stack slot.
    pub fn create_sized_stack_slot(&mut self, data: StackSlotData) -> StackSlot {
        self.sized_stack_slots.push(data)
    }
    /// Adds a stack slot of a dynamic vector.
    pub fn create_dynamic_stack_slot(&mut self, data: DynamicStackSlotData) -> DynamicStackSlot {
        self.dynamic_stack_slots.push(data)
    }
    /// Adds a signature.
    pub fn import_signature(&mut self, signature: Signature) -> SigRef {
        self.dfg.signatures.push(signature)
    }
    /// Adds a global value.
    pub fn create_global_value(&mut self, data: GlobalValueData) -> GlobalValue {
        self.global_values.push(data)
    }
    /// How often a dynamic type repeats its fixed vector.
    pub fn get_dyn_scale(&self, ty: DynamicType) -> GlobalValue {
        self.dfg.dynamic_types[ty].dynamic_scale
    }
    /// How often the type of a dynamic slot repeats its fixed vector.
    pub fn get_dynamic_slot_scale(&self, dss: DynamicStackSlot) -> GlobalValue {
        self.get_dyn_scale(self.dynamic_stack_slots[dss].dyn_ty)
    }
    /// The type that values of a dynamic type have.
    pub fn get_concrete_dynamic_ty(&self, ty: DynamicType) -> Option<Type> {
        self.dfg.dynamic_types.get(ty)?.concrete()
    }
    /// The value of the function's parameter with a purpose.
    pub fn special_param(&self, purpose: ArgumentPurpose) -> Option<Value> {
        let entry = self.layout.entry_block()?;
        let index = self.signature.special_param_index(purpose)?;
        self.dfg.block_params(entry).get(index).copied()
    }
    /// From now on, keeps labels of values.
    pub fn collect_debug_info(&mut self) {
        self.dfg.collect_debug_info();
    }
    fn branches(&self, inst: Inst) -> &[BlockCall] {
        self.dfg.insts[inst].branch_destination(&self.dfg.jump_tables, &self.dfg.exception_tables)
    }
    /// Makes a branch that goes to `old_dest` go to `new_dest`, with the same arguments.
    pub fn rewrite_branch_destination(&mut self, inst: Inst, old_dest: Block, new_dest: Block) {
        let dfg = &mut self.dfg;
        for target in dfg.insts[inst].branch_destination_mut(&mut dfg.jump_tables, &mut dfg.exception_tables) {
            if target.block(&dfg.value_lists) == old_dest {
                target.set_block(new_dest, &mut dfg.value_lists);
            }
        }
    }
    /// Where a block goes, in the order of its terminator's targets.
    pub fn block_successors(&self, block: Block) -> impl DoubleEndedIterator<Item = Block> + '_ {
        let targets = self.layout.last_inst(block).map_or(&[][..], |inst| self.branches(inst));
        targets.iter().map(|t| t.block(&self.dfg.value_lists))
    }
    /// Does the block end in a terminator and have no other? If not, which instruction is wrong, and why.
    pub fn is_block_basic(&self, block: Block) -> Result<(), (Inst, &'static str)> {
        let last = self.layout.last_inst(block);
        for inst in self.layout.block_insts(block) {
            match (self.dfg.insts[inst].opcode().is_terminator(), Some(inst) == last) {
                (true, false) => return Err((inst, "terminator before the end of its block")),
                (false, true) => return Err((inst, "block does not end in a terminator")),
                _ => {}
            }
        }
        Ok(())
    }
    /// Is the block seldom reached, because that was said or because it only leads to a trap?
    pub fn is_effectively_cold(&self, block: Block) -> bool {
        let traps = |inst| self.dfg.insts[inst].trap_code().is_some() && self.dfg.insts[inst].opcode().is_terminator();
        self.layout.is_cold(block) || self.layout.last_inst(block).is_some_and(traps)
    }
    /// Makes `dst` do what `src` does, and takes `src` out of the layout. They must have as many results; `dst` keeps its.
    pub fn transplant_inst(&mut self, dst: Inst, src: Inst) {
        debug_assert_eq!(self.dfg.inst_results(dst).len(), self.dfg.inst_results(src).len());
        self.dfg.insts[dst] = self.dfg.insts[src];
        self.layout.remove_inst(src);
    }
    /// The bytes of all stack slots of fixed size.
    pub fn fixed_stack_size(&self) -> u32 {
        self.sized_stack_slots.values().fold(0, |sum, slot| sum.saturating_add(slot.size))
    }
    /// Builds an instruction in the place of an old one.
    pub fn replace(&mut self, inst: Inst) -> ReplaceBuilder<'_> {
        ReplaceBuilder::new(&mut self.dfg, &mut self.layout, inst)
    }
}

/// A function. What its code depends on is the stencil, whose fields are the function's own.
#[derive(Clone, PartialEq)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Function {
    /// Its name.
    pub name: UserFuncName,
    /// What decides its code.
    pub stencil: FunctionStencil,
    /// What does not.
    pub params: FunctionParameters,
}

impl Function {
    /// An empty function without a name.
    pub fn new() -> Self {
        Self::with_name_signature(UserFuncName::default(), Signature::new(CallConv::Fast))
    }
    /// An empty function.
    pub fn with_name_signature(name: UserFuncName, sig: Signature) -> Self {
        Function { name, stencil: FunctionStencil::new(sig), params: FunctionParameters::new() }
    }
    /// Makes it an empty function without a name, and keeps the memory.
    pub fn clear(&mut self) {
        self.stencil.clear();
        self.params.clear();
        self.name = UserFuncName::default();
    }
    /// The place of a name in the function's table.
    pub fn declare_imported_user_function(&mut self, name: UserExternalName) -> UserExternalNameRef {
        self.params.ensure_user_func_name(name)
    }
    /// Adds a function to be called.
    pub fn import_function(&mut self, data: ExtFuncData) -> FuncRef {
        self.stencil.dfg.ext_funcs.push(data)
    }
    /// Where an instruction comes from.
    pub fn srcloc(&self, inst: Inst) -> SourceLoc {
        self.stencil.srclocs[inst].expand(self.params.base_srcloc())
    }
    /// Says where an instruction comes from.
    pub fn set_srcloc(&mut self, inst: Inst, srcloc: SourceLoc) {
        let base = self.params.ensure_base_srcloc(srcloc);
        self.stencil.srclocs[inst] = RelSourceLoc::from_base_offset(base, srcloc);
    }
    /// The function as CLIF.
    pub fn display(&self) -> DisplayFunction<'_> {
        DisplayFunction(self)
    }
    /// The function's name and signature as CLIF.
    pub fn display_spec(&self) -> DisplayFunctionSpec<'_> {
        DisplayFunctionSpec(self)
    }
}

impl Default for Function {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Function {
    type Target = FunctionStencil;
    fn deref(&self) -> &FunctionStencil {
        &self.stencil
    }
}

impl DerefMut for Function {
    fn deref_mut(&mut self) -> &mut FunctionStencil {
        &mut self.stencil
    }
}

/// See [`Function::display`].
pub struct DisplayFunction<'a>(pub(crate) &'a Function);

/// See [`Function::display_spec`].
pub struct DisplayFunctionSpec<'a>(pub(crate) &'a Function);

impl std::fmt::Debug for DisplayFunctionSpec<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}
