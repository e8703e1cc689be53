//! What one function refers to, under the names that another has for it: imported when it is met first.

use windlass_ir::entity::{EntityRef, SecondaryMap};
use windlass_ir::ir::instructions::{BlockCall, InstructionMapper, ValueList};
use windlass_ir::ir::*;
use windlass_ir::packed_option::{PackedOption, ReservedValue};

/// New names by old ones; none where there is none yet.
type Map<K> = SecondaryMap<K, PackedOption<K>>;

/// The new names of all that has been met. Values and blocks are named by whoever makes them.
#[derive(Default)]
pub(super) struct Names {
    pub values: Map<Value>,
    pub blocks: Map<Block>,
    slots: Map<StackSlot>,
    dynamic_slots: Map<DynamicStackSlot>,
    dynamic_types: Map<DynamicType>,
    signatures: Map<SigRef>,
    functions: Map<FuncRef>,
    globals: Map<GlobalValue>,
    constants: Map<Constant>,
    immediates: Map<Immediate>,
}

impl Names {
    pub fn block(&self, block: Block) -> Block {
        self.blocks[block].expect("branches go to blocks that are reached, and all of those are named")
    }
}

/// Renames what stands in `from` to what it is in `to`.
pub(super) struct Renamer<'a> {
    pub to: &'a mut Function,
    pub from: &'a Function,
    pub names: &'a mut Names,
}

/// The new name of `old`, which `import` makes if there is none.
macro_rules! renamed {
    ($self:ident, $map:ident, $old:expr, $import:expr) => {{
        let old = $old;
        match $self.names.$map[old].expand() {
            Some(new) => new,
            None => {
                let new = $import;
                remember(&mut $self.names.$map, old, new)
            }
        }
    }};
}

fn remember<K: EntityRef + ReservedValue>(map: &mut Map<K>, old: K, new: K) -> K {
    map[old] = new.into();
    new
}

impl Renamer<'_> {
    fn external(&mut self, name: &ExternalName) -> ExternalName {
        match name {
            ExternalName::User(user) => {
                let name = self.from.params.user_named_funcs()[*user].clone();
                ExternalName::User(self.to.declare_imported_user_function(name))
            }
            other => other.clone(),
        }
    }

    /// A global value that stands on `base`, if it stands on one.
    fn global(&mut self, old: GlobalValue, base: Option<GlobalValue>) -> GlobalValue {
        let data = match (self.from.global_values[old].clone(), base) {
            (GlobalValueData::Load { offset, global_type, flags, .. }, Some(base)) => {
                let flags = self.map_mem_flags(flags);
                GlobalValueData::Load { base, offset, global_type, flags }
            }
            (GlobalValueData::IAddImm { offset, global_type, .. }, Some(base)) => {
                GlobalValueData::IAddImm { base, offset, global_type }
            }
            (GlobalValueData::Symbol { name, offset, colocated, tls }, _) => {
                GlobalValueData::Symbol { name: self.external(&name), offset, colocated, tls }
            }
            (other, _) => other,
        };
        self.to.create_global_value(data)
    }

    fn dynamic_type(&mut self, old: DynamicType) -> DynamicType {
        renamed!(self, dynamic_types, old, {
            let DynamicTypeData { base_vector_ty, dynamic_scale } = self.from.dfg.dynamic_types[old].clone();
            let dynamic_scale = self.map_global_value(dynamic_scale);
            self.to.dfg.make_dynamic_ty(DynamicTypeData { base_vector_ty, dynamic_scale })
        })
    }
}

impl InstructionMapper for Renamer<'_> {
    fn map_value(&mut self, old: Value) -> Value {
        let old = self.from.dfg.resolve_aliases(old);
        self.names.values[old].expect("a value is defined before it is used, in the order of copying")
    }
    fn map_value_list(&mut self, old: ValueList) -> ValueList {
        let values: Vec<Value> = old.as_slice(&self.from.dfg.value_lists).iter().map(|&v| self.map_value(v)).collect();
        ValueList::from_slice(&values, &mut self.to.dfg.value_lists)
    }
    fn map_block(&mut self, old: Block) -> Block {
        self.names.block(old)
    }
    fn map_block_call(&mut self, old: BlockCall) -> BlockCall {
        let pool = &self.from.dfg.value_lists;
        let block = self.map_block(old.block(pool));
        let args: Vec<BlockArg> = old.args(pool).map(|arg| arg.map_value(|v| self.map_value(v))).collect();
        BlockCall::new(block, args, &mut self.to.dfg.value_lists)
    }
    fn map_func_ref(&mut self, old: FuncRef) -> FuncRef {
        renamed!(self, functions, old, {
            let data = self.from.dfg.ext_funcs[old].clone();
            let (name, signature) = (self.external(&data.name), self.map_sig_ref(data.signature));
            self.to.import_function(ExtFuncData { name, signature, ..data })
        })
    }
    fn map_sig_ref(&mut self, old: SigRef) -> SigRef {
        renamed!(self, signatures, old, self.to.import_signature(self.from.dfg.signatures[old].clone()))
    }
    fn map_global_value(&mut self, old: GlobalValue) -> GlobalValue {
        // what it stands on comes first; a circle, which does not verify, ends somewhere
        let mut way = vec![old];
        while let GlobalValueData::Load { base, .. } | GlobalValueData::IAddImm { base, .. } =
            self.from.global_values[way[way.len() - 1]]
            && way.len() <= self.from.global_values.len()
        {
            way.push(base);
        }
        let mut base = None;
        for old in way.into_iter().rev() {
            base = Some(renamed!(self, globals, old, self.global(old, base)));
        }
        base.unwrap_or(old)
    }
    fn map_jump_table(&mut self, old: JumpTable) -> JumpTable {
        let table = &self.from.dfg.jump_tables[old];
        let default = self.map_block_call(table.default_block());
        let entries: Vec<BlockCall> = table.as_slice().iter().map(|&call| self.map_block_call(call)).collect();
        self.to.create_jump_table(JumpTableData::new(default, &entries))
    }
    fn map_exception_table(&mut self, old: ExceptionTable) -> ExceptionTable {
        let table = &self.from.dfg.exception_tables[old];
        let (sig, normal) = (self.map_sig_ref(table.signature()), self.map_block_call(*table.normal_return()));
        let item = |item| match item {
            ExceptionTableItem::Tag(tag, call) => ExceptionTableItem::Tag(tag, self.map_block_call(call)),
            ExceptionTableItem::Default(call) => ExceptionTableItem::Default(self.map_block_call(call)),
            ExceptionTableItem::Context(v) => ExceptionTableItem::Context(self.map_value(v)),
        };
        let items: Vec<ExceptionTableItem> = table.items().map(item).collect();
        self.to.dfg.exception_tables.push(ExceptionTableData::new(sig, normal, items))
    }
    fn map_stack_slot(&mut self, old: StackSlot) -> StackSlot {
        renamed!(self, slots, old, self.to.create_sized_stack_slot(self.from.sized_stack_slots[old].clone()))
    }
    fn map_dynamic_stack_slot(&mut self, old: DynamicStackSlot) -> DynamicStackSlot {
        renamed!(self, dynamic_slots, old, {
            let data = self.from.dynamic_stack_slots[old].clone();
            let dyn_ty = self.dynamic_type(data.dyn_ty);
            self.to.create_dynamic_stack_slot(DynamicStackSlotData { dyn_ty, ..data })
        })
    }
    fn map_constant(&mut self, old: Constant) -> Constant {
        renamed!(self, constants, old, self.to.dfg.constants.insert(self.from.dfg.constants.get(old).clone()))
    }
    fn map_immediate(&mut self, old: Immediate) -> Immediate {
        renamed!(self, immediates, old, self.to.dfg.immediates.push(self.from.dfg.immediates[old].clone()))
    }
    fn map_mem_flags(&mut self, old: MemFlags) -> MemFlags {
        let data = self.from.dfg.mem_flags[old];
        // regions are the same if the user's numbers are
        let region = |r| self.to.dfg.alias_regions.insert(self.from.dfg.alias_regions[r].clone());
        let data = data.with_alias_region(data.alias_region().map(region));
        self.to.dfg.mem_flags.insert_unchecked(data)
    }
}
