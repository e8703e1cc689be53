//! Numbers with types, and maps over them.

use cranelift_bforest::{Map, MapForest, Set, SetForest};
use cranelift_bitset::CompoundBitSet;
use cranelift_codegen::ir::entities::AnyEntity;
use cranelift_codegen::ir::{Block, Constant, FuncRef, GlobalValue, Inst, JumpTable, SigRef, StackSlot, Value};
use cranelift_entity::packed_option::{PackedOption, ReservedValue};
use cranelift_entity::{
    BoxedSlice, EntityList, EntityRef, EntitySet, Iter, IterMut, Keys, ListPool, PrimaryMap, SecondaryMap, SparseMap,
    SparseMapValue, SparseSet, entity_impl,
};
use wasmtime_internal_core::alloc::TryClone;
use wasmtime_internal_core::error::OutOfMemory;

/// A client's own entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Local(u32);
entity_impl!(Local);

/// One that has a prefix.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Named(u32);
entity_impl!(Named, "named");

/// Numbers.
pub fn numbers(inst: Inst, value: Value) {
    let _: (Local, usize) = (Local::new(1), Local::from_u32(1).index());
    let _: [u32; 3] = [Local::from_u32(1).as_u32(), inst.as_u32(), value.as_bits()];
    let _: (Option<Block>, Option<Value>) = (Block::with_number(1), Value::with_number(1));
    let _: (Local, bool) = (Local::reserved_value(), inst.is_reserved_value());
    let _: [AnyEntity; 4] = [inst.into(), value.into(), Block::from_bits(1).into(), StackSlot::new(1).into()];
    let _: [AnyEntity; 5] = [
        FuncRef::new(1).into(),
        SigRef::new(1).into(),
        GlobalValue::new(1).into(),
        JumpTable::new(1).into(),
        Constant::new(1).into(),
    ];
    let option: PackedOption<Local> = Some(Local::new(1)).into();
    let _: (Option<Local>, bool, bool) = (option.expand(), option.is_some(), option.is_none());
    let _: [Local; 2] = [option.unwrap(), option.expect("there is one")];
    let _: PackedOption<Inst> = PackedOption::from(inst);
    let _: PackedOption<Inst> = PackedOption::default();
}

/// Maps that own their keys.
pub fn primary(map: &mut PrimaryMap<Local, String>) {
    let key: Local = map.push(String::new());
    let _: [Local; 1] = [map.next_key()];
    let _: (Option<&String>, bool, usize, bool) = (map.get(key), map.is_valid(key), map.len(), map.is_empty());
    let _: Option<&mut String> = map.get_mut(key);
    let _: Keys<Local> = map.keys();
    let _: Iter<'_, Local, String> = map.iter();
    let _: IterMut<'_, Local, String> = map.iter_mut();
    let _: Option<&String> = map.values().next();
    map.values_mut().for_each(String::clear);
    map[key].clear();
    map.reserve(1);
    map.extend([String::new()]);
    let _: Option<(Local, &String)> = map.last();
    let _: BoxedSlice<Local, String> = std::mem::take(map).into_boxed_slice();
    let _: unsafe fn(*mut [String]) -> BoxedSlice<Local, String> = BoxedSlice::from_raw;
    let _: PrimaryMap<Local, String> = [String::new()].into_iter().collect();
    let _: PrimaryMap<Local, String> = PrimaryMap::with_capacity(3);
    map.clear();
}

/// Maps with a default.
pub fn secondary(map: &mut SecondaryMap<Local, u32>, key: Local) {
    let _: (u32, Option<&u32>, bool) = (map[key], map.get(key), map.is_empty());
    map[key] = 1;
    map.resize(3);
    map.clear();
    let _: Option<(Local, &u32)> = map.iter().next();
    let _: Option<Local> = map.keys().next();
    let _: Option<&u32> = map.values().next();
    let _: [SecondaryMap<Local, u32>; 3] =
        [SecondaryMap::new(), SecondaryMap::with_default(1), SecondaryMap::with_capacity(3)];
}

/// A sparse map's value.
pub struct Fact(Local);

impl SparseMapValue<Local> for Fact {
    fn key(&self) -> Local {
        self.0
    }
}

/// Sets, sparse maps and lists.
pub fn others(set: &mut EntitySet<Local>, key: Local, pool: &mut ListPool<Local>) {
    let _: [bool; 3] = [set.insert(key), set.contains(key), set.remove(key)];
    let _: (Option<Local>, bool) = (set.pop(), set.is_empty());
    set.clear();
    let mut sparse: SparseMap<Local, Fact> = SparseMap::new();
    let _: (Option<Fact>, Option<&Fact>) = (sparse.insert(Fact(key)), None);
    let _: (Option<&Fact>, bool) = (sparse.get(key), sparse.contains_key(key));
    let _: Option<Fact> = sparse.remove(key);
    let _: SparseSet<Local> = SparseSet::new();
    let mut list: EntityList<Local> = EntityList::from_slice(&[key], pool);
    let _: usize = list.push(key, pool);
    let _: (usize, &[Local], Option<Local>) = (list.len(pool), list.as_slice(pool), list.get(0, pool));
    list.extend([key], pool);
    list.insert(0, key, pool);
    list.remove(0, pool);
    list.truncate(1, pool);
    let _: (EntityList<Local>, bool) = (list.deep_clone(pool), list.is_empty());
    list.clear(pool);
}

/// What gives an error where there is no memory: the one that Wasmtime knows.
pub fn fallible(key: Local) -> Result<(), OutOfMemory> {
    let mut primary: PrimaryMap<Local, u32> = PrimaryMap::try_with_capacity(1)?;
    primary.try_reserve(1)?;
    primary.try_reserve_exact(1)?;
    let mut secondary: SecondaryMap<Local, u32> = SecondaryMap::try_with_capacity(1)?;
    secondary.try_resize(1)?;
    let _: Option<u32> = secondary.try_insert(key, 1)?;
    let mut set: EntitySet<Local> = EntitySet::try_with_capacity(1)?;
    set.try_ensure_capacity(2)?;
    let mut bits: CompoundBitSet = CompoundBitSet::try_with_capacity(1)?;
    bits.try_ensure_capacity(2)?;
    let (mut forest, mut map) = (MapForest::new(), Map::new());
    let _: Option<u32> = map.try_insert(1u32, 2u32, &mut forest, &())?;
    let (mut forest, mut sorted) = (SetForest::new(), Set::new());
    let _: bool = sorted.try_insert(1u32, &mut forest, &())?;
    Ok(())
}

/// Options of what can be cloned with an error where there is no memory.
pub fn fallible_options<T: ReservedValue + TryClone>(option: &PackedOption<T>) -> Result<PackedOption<T>, OutOfMemory> {
    option.try_clone()
}
