//! Where the entities of a function are defined, and thereby which ones are. Needs the entities; the reader fills it, test
//! tools ask it.

use super::error::{Location, ParseError, ParseResult};
use super::lexer::{Lexer, Prefix, Tok};
use crate::ir::entities::*;

/// A location in 8 bytes; line 0 means "not defined".
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Place {
    line: u32,
    column: u32,
}

/// The places where entities are defined.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    /// By kind of entity, then by number.
    places: [Vec<Place>; KINDS],
}

/// How many kinds of entities there are; the last holds those that a function has once.
const KINDS: usize = 14;

/// The kind and the number of an entity.
fn kind(entity: AnyEntity) -> (usize, usize) {
    let (kind, n) = match entity {
        AnyEntity::Value(e) => (0, e.as_u32()),
        AnyEntity::Inst(e) => (1, e.as_u32()),
        AnyEntity::Block(e) => (2, e.as_u32()),
        AnyEntity::StackSlot(e) => (3, e.as_u32()),
        AnyEntity::DynamicStackSlot(e) => (4, e.as_u32()),
        AnyEntity::DynamicType(e) => (5, e.as_u32()),
        AnyEntity::GlobalValue(e) => (6, e.as_u32()),
        AnyEntity::JumpTable(e) => (7, e.as_u32()),
        AnyEntity::Constant(e) => (8, e.as_u32()),
        AnyEntity::FuncRef(e) => (9, e.as_u32()),
        AnyEntity::SigRef(e) => (10, e.as_u32()),
        AnyEntity::ExceptionTable(e) => (11, e.as_u32()),
        AnyEntity::AliasRegion(e) => (12, e.as_u32()),
        AnyEntity::Function => (13, 0),
        AnyEntity::StackLimit => (13, 1),
    };
    (kind, n as usize)
}

/// Fails because an entity is defined twice.
fn duplicate(entity: AnyEntity, loc: Location) -> ParseError {
    ParseError::new(loc, format!("duplicate entity: {entity}"))
}

impl SourceMap {
    /// A map of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the entity is defined.
    pub fn location(&self, entity: AnyEntity) -> Option<Location> {
        let (kind, n) = kind(entity);
        let place = self.places[kind].get(n)?;
        (place.line != 0).then_some(Location { line_number: place.line as usize, column: place.column as usize })
    }

    /// The entity that is written like this, if it is defined.
    pub fn lookup_str(&self, name: &str) -> Option<AnyEntity> {
        let mut lexer = Lexer::new(name, false);
        let Tok::Entity(prefix, n) = lexer.next().tok else { return None };
        let entity = match prefix {
            Prefix::Value => Value::from_u32(n).into(),
            Prefix::Block => Block::from_u32(n).into(),
            Prefix::StackSlot => StackSlot::from_u32(n).into(),
            Prefix::DynamicStackSlot => DynamicStackSlot::from_u32(n).into(),
            Prefix::DynamicType => DynamicType::from_u32(n).into(),
            Prefix::GlobalValue => GlobalValue::from_u32(n).into(),
            Prefix::Constant => Constant::from_u32(n).into(),
            Prefix::Func => FuncRef::from_u32(n).into(),
            Prefix::Sig => SigRef::from_u32(n).into(),
            Prefix::Region => AliasRegion::from_u32(n).into(),
            _ => return None,
        };
        self.location(entity).map(|_| entity)
    }

    /// How many values, defined or not, have a number up to the highest defined one.
    pub(crate) fn num_values(&self) -> usize {
        self.places[0].len()
    }

    /// Notes a definition; it is an error if there is one already.
    pub fn def_entity(&mut self, entity: AnyEntity, loc: Location) -> ParseResult<()> {
        let place = Place { line: loc.line_number as u32, column: loc.column as u32 };
        let (kind, n) = kind(entity);
        let places = &mut self.places[kind];
        if n >= places.len() {
            places.resize(n + 1, Place::default());
        }
        let slot = &mut places[n];
        if slot.line != 0 {
            return Err(duplicate(entity, loc));
        }
        *slot = place;
        Ok(())
    }
}

macro_rules! by_kind { ($($contains:ident $def:ident $kind:ident;)*) => {
    impl SourceMap { $(
        /// Is it defined?
        pub fn $contains(&self, e: $kind) -> bool {
            self.location(e.into()).is_some()
        }
        /// Notes a definition; it is an error if there is one already.
        pub fn $def(&mut self, e: $kind, loc: Location) -> ParseResult<()> {
            self.def_entity(e.into(), loc)
        }
    )* }
} }

by_kind! {
    contains_value def_value Value;
    contains_block def_block Block;
    contains_ss def_ss StackSlot;
    contains_dss def_dss DynamicStackSlot;
    contains_dt def_dt DynamicType;
    contains_gv def_gv GlobalValue;
    contains_jt def_jt JumpTable;
    contains_sig def_sig SigRef;
    contains_fn def_fn FuncRef;
    contains_constant def_constant Constant;
    contains_region def_region AliasRegion;
}
