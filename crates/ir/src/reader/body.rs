//! Blocks, aliases, and what instructions have in common: tags, results, type suffix, stack map. Needs the parser and the
//! operation table; the operands of each format are read next door.

use super::error::{Location, ParseError, ParseResult};
use super::former::unknown_opcode;
use super::function::FunctionReader;
use super::lexer::{Prefix, Tok};
use crate::ir::entities::*;
use crate::ir::{DebugTag, SourceLoc, UserStackMapEntry};
use smallvec::SmallVec;
use windlass_desc::ops::{Ctv, Effects, Format, OpRow, Opcode};
use windlass_desc::types::{self, Type};

/// Blocks have numbers below this.
const MAX_BLOCKS: u32 = 100_000;
/// A block has at most so many parameters.
const MAX_PARAMS: usize = 65_535;

/// What stands before an instruction.
#[derive(Default)]
struct Place {
    tags: SmallVec<[DebugTag; 2]>,
    srcloc: SourceLoc,
}

type Results = SmallVec<[(Value, Location); 4]>;

impl FunctionReader<'_, '_> {
    /// All blocks, up to what starts none.
    pub(super) fn blocks(&mut self) -> ParseResult<()> {
        while let Tok::Entity(Prefix::Block, _) = self.p.peek() {
            let block = self.block_header()?;
            self.claim(block);
            while let Tok::Entity(Prefix::Value, _) | Tok::Word(_) | Tok::SrcLoc(_) | Tok::Punct(b'<') = self.p.peek() {
                self.item(block)?;
            }
        }
        match self.p.peek() {
            Tok::Punct(b'}') => Ok(()),
            _ if self.func.layout.entry_block().is_some() => self.p.unexpected("an instruction, a block or `}`"),
            _ => self.p.unexpected("a declaration, a block or `}`"),
        }
    }

    /// Takes the name of a block, which need not exist.
    pub(super) fn block_name(&mut self) -> ParseResult<Block> {
        let loc = self.p.loc();
        let n = self.p.entity(Prefix::Block, "a block")?;
        if n >= MAX_BLOCKS {
            return Err(ParseError::new(loc, format!("too many blocks: block{n}")));
        }
        Ok(Block::from_u32(n))
    }

    fn block_header(&mut self) -> ParseResult<Block> {
        let loc = self.p.loc();
        let block = self.block_name()?;
        let blocks = self.func.dfg.num_blocks();
        self.p.spend_gaps((block.as_u32() as usize).saturating_sub(blocks), loc)?;
        self.map.def_block(block, loc)?;
        while self.func.dfg.num_blocks() <= block.as_u32() as usize {
            self.func.dfg.make_block();
        }
        self.func.layout.append_block(block);
        if self.p.peek() == Tok::Punct(b'(') {
            self.block_params(block)?;
        }
        if self.p.eat_word("cold") {
            self.func.layout.set_cold(block);
        }
        self.p.expect(b':')?;
        Ok(block)
    }

    fn block_params(&mut self, block: Block) -> ParseResult<()> {
        self.p.expect(b'(')?;
        while !self.p.eat(b')') {
            if self.func.dfg.num_block_params(block) > 0 {
                self.p.expect(b',')?;
            }
            let loc = self.p.loc();
            let v = self.value_name()?;
            self.p.expect(b':')?;
            let ty = self.p.type_name()?;
            if self.func.dfg.num_block_params(block) == MAX_PARAMS {
                return Err(ParseError::new(loc, "too many block parameters"));
            }
            self.define_value(v, loc)?;
            self.func.dfg.append_block_param_for_parser(block, ty, v);
        }
        Ok(())
    }

    /// An alias or an instruction.
    fn item(&mut self, block: Block) -> ParseResult<()> {
        let place = self.place()?;
        let loc = self.p.loc();
        let mut results = Results::new();
        while let Tok::Entity(Prefix::Value, _) = self.p.peek() {
            let loc = self.p.loc();
            results.push((self.value_name()?, loc));
            if !self.p.eat(b',') {
                break;
            }
            if !matches!(self.p.peek(), Tok::Entity(Prefix::Value, _)) {
                return self.p.unexpected("a value (`vN`)");
            }
        }
        if self.p.peek() == Tok::Arrow {
            return self.alias(&results, loc);
        }
        if !results.is_empty() && !self.p.eat(b'=') {
            return self.p.unexpected("`=` or `->`");
        }
        let inst = self.instruction(block, &results, loc)?;
        if place.srcloc != SourceLoc::default() {
            self.func.set_srcloc(inst, place.srcloc);
        }
        if !place.tags.is_empty() {
            self.func.debug_tags.set(inst, place.tags);
        }
        self.claim(inst);
        Ok(())
    }

    /// Debug tags and source location.
    fn place(&mut self) -> ParseResult<Place> {
        let mut place = Place::default();
        if self.p.peek() == Tok::Punct(b'<') {
            self.p.list(*b"<>", true, |p| {
                place.tags.push(match p.peek() {
                    Tok::Entity(Prefix::StackSlot, n) => {
                        p.bump();
                        DebugTag::StackSlot(StackSlot::from_u32(n))
                    }
                    _ => DebugTag::User(p.u32("a debug tag: a number or a stack slot")?),
                });
                Ok(())
            })?;
        }
        if let Tok::SrcLoc(hex) = self.p.peek() {
            match u32::from_str_radix(hex, 16) {
                Ok(n) => place.srcloc = SourceLoc::new(n),
                Err(_) => return self.p.fail(format!("source location too large: @{hex}")),
            }
            self.p.bump();
        }
        Ok(place)
    }

    /// `vN -> vN`. Comments after it belong to nothing.
    fn alias(&mut self, results: &[(Value, Location)], loc: Location) -> ParseResult<()> {
        let &[(alias, _)] = results else {
            return Err(ParseError::new(loc, format!("an alias defines one value, not {}", results.len())));
        };
        self.p.bump();
        let to_loc = self.p.loc();
        let to = self.value_name()?;
        if alias == to {
            return Err(ParseError::new(loc, format!("value alias cycle: {alias} -> {to}")));
        }
        if !self.map.contains_value(to) {
            return Err(ParseError::new(to_loc, format!("value alias of an undefined value: {to}")));
        }
        if self.map.contains_value(alias) {
            if self.func.dfg.value_alias_dest_for_serialization(alias) != Some(to) {
                return Err(ParseError::new(loc, format!("duplicate entity: {alias}")));
            }
        } else {
            self.define_value(alias, loc)?;
            self.func.dfg.make_value_alias_for_serialization(to, alias);
        }
        self.p.take_comments();
        Ok(())
    }

    fn instruction(&mut self, block: Block, results: &[(Value, Location)], loc: Location) -> ParseResult<Inst> {
        let op_loc = self.p.loc();
        let name = self.p.word("an opcode")?;
        let Some(opcode) = Opcode::parse(name) else {
            return Err(ParseError::new(op_loc, unknown_opcode(name)));
        };
        let row = opcode.row();
        let suffix = self.type_suffix(row)?;
        let data = self.operands(opcode, suffix.unwrap_or(types::INVALID))?;
        let inst = self.func.dfg.make_inst(data);
        let ctv = self.controlling_type(row, inst, suffix, op_loc)?;
        self.make_results(row, inst, ctv, results, loc)?;
        self.func.layout.append_inst(inst, block);
        self.map.def_entity(inst.into(), loc)?;
        if self.p.eat(b',') {
            self.stack_map(row, inst)?;
        }
        Ok(inst)
    }

    /// The type after the opcode, if there is one. Where it is needed it must be there, and fit.
    fn type_suffix(&mut self, row: &OpRow) -> ParseResult<Option<Type>> {
        let loc = self.p.loc();
        if !self.p.eat(b'.') {
            return match row.ctv {
                Ctv::Suffix(_) => Err(ParseError::new(loc, format!("type variable required for {}", row.name))),
                _ => Ok(None),
            };
        }
        let ty = if let Tok::Entity(Prefix::DynamicType, _) = self.p.peek() {
            let dt = self.dynamic_type()?;
            self.func.get_concrete_dynamic_ty(dt).unwrap_or(types::INVALID)
        } else {
            self.p.type_name()?
        };
        match row.ctv.set() {
            None => Err(ParseError::new(loc, format!("{} takes no type", row.name))),
            Some(set) if !set.contains(ty) => {
                Err(ParseError::new(loc, format!("type {ty} is not valid for {}", row.name)))
            }
            Some(_) => Ok(Some(ty)),
        }
    }

    /// The controlling type: the suffix, or the type of the operand that determines it, if that is known by now.
    fn controlling_type(&self, row: &OpRow, inst: Inst, suffix: Option<Type>, loc: Location) -> ParseResult<Type> {
        let (Ctv::Operand(n, set), None) = (row.ctv, suffix) else { return Ok(suffix.unwrap_or(types::INVALID)) };
        let operand = self.func.dfg.inst_args(inst).get(n as usize).filter(|v| self.map.contains_value(**v));
        let Some(&v) = operand else {
            return Err(ParseError::new(loc, format!("type variable required for {}", row.name)));
        };
        let ty = self.func.dfg.value_type(v);
        if !set.contains(ty) {
            return Err(ParseError::new(loc, format!("type {ty} of {v} is not valid for {}", row.name)));
        }
        Ok(ty)
    }

    fn make_results(
        &mut self,
        row: &OpRow,
        inst: Inst,
        ctv: Type,
        results: &[(Value, Location)],
        loc: Location,
    ) -> ParseResult<()> {
        let call = matches!(row.format, Format::Call | Format::CallIndirect) && !row.effects.has(Effects::TERMINATOR);
        let sig = if call { self.func.dfg.call_signature(inst) } else { None };
        let expected = sig.map_or(row.results.len(), |sig| self.func.dfg.signatures[sig].returns.len());
        if results.len() != expected {
            let message = format!("{} produces {expected} results, found {}", row.name, results.len());
            return Err(ParseError::new(loc, message));
        }
        for &(v, loc) in results {
            self.define_value(v, loc)?;
        }
        let values: SmallVec<[Value; 4]> = results.iter().map(|r| r.0).collect();
        self.func.dfg.make_inst_results_for_parser(inst, ctv, &values);
        Ok(())
    }

    /// `stack_map=[type @ ssN + u32, ...]`
    fn stack_map(&mut self, row: &OpRow, inst: Inst) -> ParseResult<()> {
        if !self.p.eat_word("stack_map") {
            return self.p.unexpected("`stack_map`");
        }
        if !row.effects.has(Effects::CALL) || row.effects.has(Effects::RETURN) {
            return self.p.fail(format!("a stack map belongs to calls, not to {}", row.name));
        }
        self.p.expect(b'=')?;
        self.p.expect(b'[')?;
        while !self.p.eat(b']') {
            let ty = self.p.type_name()?;
            self.p.expect(b'@')?;
            // That the slot exists is left to the verifier, as with debug tags.
            let slot = StackSlot::from_u32(self.p.entity(Prefix::StackSlot, "a stack slot")?);
            if !self.p.eat(b'+') && !matches!(self.p.peek(), Tok::Int(s) if s.starts_with('+')) {
                return self.p.unexpected("`+` and an offset");
            }
            let offset = self.p.u32("an offset")?;
            self.func.dfg.append_user_stack_map_entry(inst, UserStackMapEntry { ty, slot, offset });
            if self.p.peek() != Tok::Punct(b']') {
                self.p.expect(b',')?;
            }
        }
        Ok(())
    }
}
