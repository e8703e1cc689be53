//! The declarations before the first block. Needs the parser and the function's tables; leaves them filled. Numbers may be
//! left out and come in any order, so the tables are filled up with entities that say nothing.

use super::error::{Location, ParseError, ParseResult};
use super::function::FunctionReader;
use super::lexer::{Prefix, Tok};
use super::{literal, number, signature};
use crate::ir::entities::*;
use crate::ir::immediates::{Imm64, Offset32};
use crate::ir::{
    AliasRegionData, ConstantData, DynamicStackSlotData, DynamicTypeData, ExtFuncData, ExternalName, GlobalValueData,
    Signature, StackSlotData, StackSlotKey, StackSlotKind,
};
use windlass_desc::types::Type;
use windlass_entity::packed_option::ReservedValue;
use windlass_entity::{EntityRef, PrimaryMap};

/// Puts `data` at `key`, after as many fillers as that takes.
fn put<K: EntityRef, V>(table: &mut PrimaryMap<K, V>, key: K, data: V, mut filler: impl FnMut() -> V) {
    while table.len() < key.index() {
        table.push(filler());
    }
    match table.get_mut(key) {
        Some(old) => *old = data,
        None => {
            table.push(data);
        }
    }
}

impl FunctionReader<'_, '_> {
    /// All declarations, up to what is none.
    pub(super) fn preamble(&mut self) -> ParseResult<()> {
        loop {
            let loc = self.p.loc();
            let entity: AnyEntity = match self.p.peek() {
                Tok::Entity(Prefix::StackSlot, n) => self.stack_slot_decl(StackSlot::from_u32(n), loc)?.into(),
                Tok::Entity(Prefix::DynamicStackSlot, n) => self.dynamic_slot_decl(n, loc)?.into(),
                Tok::Entity(Prefix::DynamicType, n) => self.dynamic_type_decl(DynamicType::from_u32(n), loc)?.into(),
                Tok::Entity(Prefix::GlobalValue, n) => self.global_value_decl(GlobalValue::from_u32(n), loc)?.into(),
                Tok::Entity(Prefix::Sig, n) => self.signature_decl(SigRef::from_u32(n), loc)?.into(),
                Tok::Entity(Prefix::Func, n) => self.function_decl(FuncRef::from_u32(n), loc)?.into(),
                Tok::Entity(Prefix::Constant, n) => self.constant_decl(Constant::from_u32(n), loc)?.into(),
                Tok::Entity(Prefix::Region, n) => self.region_decl(n, loc)?.into(),
                Tok::Word("stack_limit") => self.stack_limit_decl(loc)?,
                _ => return Ok(()),
            };
            self.claim(entity);
        }
    }

    /// Starts the declaration of `e`, for a table that has `len` entries: `e =`.
    fn declare(&mut self, e: impl Into<AnyEntity>, n: u32, len: usize, loc: Location) -> ParseResult<()> {
        self.p.bump();
        self.p.expect(b'=')?;
        self.p.spend_gaps((n as usize).saturating_sub(len), loc)?;
        self.map.def_entity(e.into(), loc)
    }

    fn keyword(&mut self, word: &str) -> ParseResult<()> {
        if self.p.eat_word(word) { Ok(()) } else { self.p.unexpected(&format!("`{word}`")) }
    }

    fn stack_slot_decl(&mut self, ss: StackSlot, loc: Location) -> ParseResult<StackSlot> {
        self.declare(ss, ss.as_u32(), self.func.sized_stack_slots.len(), loc)?;
        self.keyword("explicit_slot")?;
        let size = self.p.u32("a size")?;
        let mut data = StackSlotData::new(StackSlotKind::ExplicitSlot, size, 0);
        while self.p.eat(b',') {
            let align = self.p.eat_word("align");
            if !align && !self.p.eat_word("key") {
                return self.p.unexpected("`align` or `key`");
            }
            self.p.expect(b'=')?;
            if align {
                let power = |s: &str| match number::unsigned(s, 32) {
                    Ok(n) if n.is_power_of_two() => Ok(n.trailing_zeros() as u8),
                    Ok(_) => Err("not a power of two"),
                    Err(e) => Err(e),
                };
                data.align_shift = self.p.number("an alignment", power)?;
            } else {
                data.key = Some(StackSlotKey::new(self.p.number("a key", |s| number::unsigned(s, 64))?));
            }
        }
        let filler = || StackSlotData::new(StackSlotKind::ExplicitSlot, 0, 0);
        put(&mut self.func.sized_stack_slots, ss, data, filler);
        Ok(ss)
    }

    fn dynamic_slot_decl(&mut self, n: u32, loc: Location) -> ParseResult<DynamicStackSlot> {
        let dss = DynamicStackSlot::from_u32(n);
        self.declare(dss, n, self.func.dynamic_stack_slots.len(), loc)?;
        self.keyword("explicit_dynamic_slot")?;
        let ty = DynamicType::from_u32(self.p.entity(Prefix::DynamicType, "a dynamic type")?);
        let data = |ty| DynamicStackSlotData::new(StackSlotKind::ExplicitDynamicSlot, ty);
        put(&mut self.func.dynamic_stack_slots, dss, data(ty), || data(DynamicType::reserved_value()));
        Ok(dss)
    }

    fn dynamic_type_decl(&mut self, dt: DynamicType, loc: Location) -> ParseResult<DynamicType> {
        self.declare(dt, dt.as_u32(), self.func.dfg.dynamic_types.len(), loc)?;
        let base = self.vector_type()?;
        self.p.expect(b'*')?;
        let scale = GlobalValue::from_u32(self.p.entity(Prefix::GlobalValue, "a global value")?);
        let filler = || DynamicTypeData::new(base, GlobalValue::reserved_value());
        put(&mut self.func.dfg.dynamic_types, dt, DynamicTypeData::new(base, scale), filler);
        Ok(dt)
    }

    fn vector_type(&mut self) -> ParseResult<Type> {
        match self.p.peek() {
            Tok::Type(t) if t.is_vector() => self.p.type_name(),
            _ => self.p.unexpected("a vector type"),
        }
    }

    fn dot_type(&mut self) -> ParseResult<Type> {
        self.p.expect(b'.')?;
        self.p.type_name()
    }

    fn global_value_decl(&mut self, gv: GlobalValue, loc: Location) -> ParseResult<GlobalValue> {
        self.declare(gv, gv.as_u32(), self.func.global_values.len(), loc)?;
        let kind_loc = self.p.loc();
        let data = match self.p.word("a kind of global value")? {
            "vmctx" => GlobalValueData::VMContext,
            "load" => self.global_load(kind_loc)?,
            "iadd_imm" => {
                let global_type = self.dot_type()?;
                let base = self.base_global()?;
                self.p.expect(b',')?;
                GlobalValueData::IAddImm { base, offset: Imm64::new(self.p.imm64()?), global_type }
            }
            "symbol" => {
                let colocated = self.p.eat_word("colocated");
                let tls = self.p.eat_word("tls");
                let name = signature::external_name(self.p, &mut self.func)?;
                let signed = matches!(self.p.peek(), Tok::Int(s) if s.starts_with(['+', '-']));
                let offset = Imm64::new(if signed { self.p.imm64()? } else { 0 });
                GlobalValueData::Symbol { name, offset, colocated, tls }
            }
            "dyn_scale_target_const" => {
                self.p.expect(b'.')?;
                GlobalValueData::DynScaleTargetConst { vector_type: self.vector_type()? }
            }
            other => return Err(ParseError::new(kind_loc, format!("unknown kind of global value: {other}"))),
        };
        let filler = || GlobalValueData::Symbol {
            name: ExternalName::testcase(""),
            offset: Imm64::new(0),
            colocated: false,
            tls: false,
        };
        put(&mut self.func.global_values, gv, data, filler);
        Ok(gv)
    }

    /// A global value another one is based on; it may be declared later.
    fn base_global(&mut self) -> ParseResult<GlobalValue> {
        self.p.entity(Prefix::GlobalValue, "a global value").map(GlobalValue::from_u32)
    }

    fn global_load(&mut self, loc: Location) -> ParseResult<GlobalValueData> {
        let global_type = self.dot_type()?;
        let flags = self.mem_flags()?;
        let base = self.base_global()?;
        let offset = Offset32::new(self.p.offset()?);
        let data = self.func.dfg.mem_flags[flags];
        if !(data.notrap() && data.aligned()) {
            return Err(ParseError::new(loc, "a global value's load must be `notrap` and `aligned`"));
        }
        Ok(GlobalValueData::Load { base, offset, global_type, flags })
    }

    fn signature_decl(&mut self, sig: SigRef, loc: Location) -> ParseResult<SigRef> {
        self.declare(sig, sig.as_u32(), self.func.dfg.signatures.len(), loc)?;
        let (data, cc) = (signature::signature(self.p, self.default_cc)?, self.default_cc);
        put(&mut self.func.dfg.signatures, sig, data, || Signature::new(cc));
        Ok(sig)
    }

    fn function_decl(&mut self, f: FuncRef, loc: Location) -> ParseResult<FuncRef> {
        self.declare(f, f.as_u32(), self.func.dfg.ext_funcs.len(), loc)?;
        let colocated = self.p.eat_word("colocated");
        let patchable = self.p.eat_word("patchable");
        let name = signature::external_name(self.p, &mut self.func)?;
        let signature = if let Tok::Entity(Prefix::Sig, _) = self.p.peek() {
            self.sig_ref()?
        } else {
            let data = signature::signature(self.p, self.default_cc)?;
            let sig = self.func.dfg.signatures.push(data);
            self.map.def_sig(sig, loc)?;
            sig
        };
        let filler = || ExtFuncData {
            name: ExternalName::testcase(""),
            signature: SigRef::reserved_value(),
            colocated: false,
            patchable: false,
        };
        put(&mut self.func.dfg.ext_funcs, f, ExtFuncData { name, signature, colocated, patchable }, filler);
        Ok(f)
    }

    fn constant_decl(&mut self, c: Constant, loc: Location) -> ParseResult<Constant> {
        self.declare(c, c.as_u32(), self.func.dfg.constants.len(), loc)?;
        let data = match self.p.peek() {
            Tok::Type(t) => {
                self.p.bump();
                match self.p.peek() {
                    Tok::Punct(b'[') if !t.is_vector() => return self.p.unexpected("a hexadecimal constant"),
                    _ => literal::vector(self.p, t)?,
                }
            }
            Tok::Int(_) => literal::bytes(self.p)?,
            _ => return self.p.unexpected("a type or a hexadecimal constant"),
        };
        self.func.dfg.constants.set(c, ConstantData::from(data));
        Ok(c)
    }

    fn region_decl(&mut self, n: u32, loc: Location) -> ParseResult<AliasRegion> {
        let region = AliasRegion::from_u32(n);
        let expected = self.func.dfg.alias_regions.len();
        if n as usize != expected {
            return self.p.fail(format!("alias regions must be declared in order: expected region{expected}"));
        }
        self.declare(region, n, expected, loc)?;
        let decimal = |s: &str| s.parse().map_err(|_| "expected decimal digits");
        let user_id = self.p.number("an id", decimal)?;
        let Tok::Str(text) = self.p.peek() else { return self.p.unexpected("a description in quotes") };
        self.p.bump();
        self.func.dfg.alias_regions.push(AliasRegionData { user_id, description: text.to_string().into() });
        Ok(region)
    }

    fn stack_limit_decl(&mut self, loc: Location) -> ParseResult<AnyEntity> {
        self.declare(AnyEntity::StackLimit, 0, 0, loc)?;
        self.func.stack_limit = Some(self.base_global()?);
        Ok(AnyEntity::StackLimit)
    }
}
