//! What is said of accesses to memory, of places in programs, and of values for debuggers and collectors.

use cranelift_codegen::ir::immediates::{Imm64, Offset32};
use cranelift_codegen::ir::{
    AliasRegion, AliasRegionData, AliasRegionSet, Endianness, ExternalName, GlobalValue, GlobalValueData, MemFlags,
    MemFlagsData, MemFlagsSet, RelSourceLoc, SourceLoc, StackSlotData, StackSlotKey, StackSlotKind, TrapCode, Type,
    UserStackMap, ValueLabel, ValueLabelStart, types,
};
use cranelift_codegen::isa::TargetIsa;

/// Flags.
pub fn flags(region: AliasRegion, set: &mut MemFlagsSet) {
    const CONSTANT: MemFlagsData = MemFlagsData::trusted().with_readonly().with_can_move();
    let mut flags: MemFlagsData =
        MemFlagsData::new().with_notrap().with_aligned().with_endianness(Endianness::Big).with_trap_code(None);
    flags.set_notrap();
    flags.set_aligned();
    flags.set_readonly();
    flags.set_can_move();
    flags.set_endianness(Endianness::Little);
    flags.set_alias_region(Some(region));
    let _: [bool; 5] = [flags.notrap(), flags.aligned(), flags.readonly(), flags.can_move(), flags == CONSTANT];
    let _: (Option<AliasRegion>, Option<TrapCode>) = (flags.with_alias_region(None).alias_region(), flags.trap_code());
    let _: (Endianness, Option<Endianness>) = (flags.endianness(Endianness::Big), flags.explicit_endianness());
    let _: Result<bool, &'static str> = flags.set_by_name("notrap");
    let number: MemFlags = set.insert(flags).expect("there is room");
    let _: MemFlagsData = set[number];
}

/// Regions.
pub fn regions(set: &mut AliasRegionSet) {
    let region: AliasRegion = set.insert(AliasRegionData { user_id: 7, description: "heap".into() });
    let _: (Option<AliasRegion>, bool, &AliasRegionData) = (set.get(7), set.contains(7), &set[region]);
    let _: (Option<(AliasRegion, &AliasRegionData)>, usize) = (set.iter().next(), set.len());
}

/// Global values and slots.
pub fn declarations(base: GlobalValue, flags: MemFlags) -> [GlobalValueData; 4] {
    let slot = StackSlotData::new_with_key(StackSlotKind::ExplicitSlot, 8, 3, StackSlotKey::new(1));
    let _: (u32, Option<StackSlotKey>, StackSlotKind) = (slot.size, slot.key, slot.kind);
    let offset: Imm64 = Imm64::new(8);
    [
        GlobalValueData::VMContext,
        GlobalValueData::Load { base, offset: Offset32::new(8), global_type: types::I64, flags },
        GlobalValueData::IAddImm { base, offset, global_type: types::I64 },
        GlobalValueData::Symbol { name: ExternalName::testcase("x"), offset, colocated: true, tls: false },
    ]
}

/// Global values and targets.
pub fn pointers(data: &GlobalValueData, isa: &dyn TargetIsa, set: &MemFlagsSet) {
    let _: (Type, &ExternalName) = (data.global_type(isa), data.symbol_name());
    let _: String = format!("{data} {}", data.display(set));
}

/// Places and labels.
pub fn places(map: &UserStackMap) {
    let loc: SourceLoc = SourceLoc::new(3);
    let rel: RelSourceLoc = RelSourceLoc::from_base_offset(loc, loc);
    let _: (u32, bool, SourceLoc) = (loc.bits(), loc.is_default(), rel.expand(loc));
    let _: ValueLabelStart = ValueLabelStart { from: rel, label: ValueLabel::from_u32(1) };
    let _: Option<(Type, u32)> = map.entries().next();
}
