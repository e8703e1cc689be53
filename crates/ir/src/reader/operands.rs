//! The operands of instructions, one function for each shape that several formats share. Needs the parser; leaves
//! instruction data whose entities are declared, except blocks and values, which may come later.

use super::error::{Location, ParseError, ParseResult};
use super::function::FunctionReader;
use super::lexer::{Prefix, Tok};
use super::{literal, number};
use crate::ir::entities::*;
use crate::ir::immediates::{Ieee128, Imm64, Offset32};
use crate::ir::{
    BlockArg, BlockCall, ConstantData, Endianness, ExceptionTableData, ExceptionTableItem, InstructionData,
    JumpTableData, MemFlags, MemFlagsData, ValueList,
};
use smallvec::SmallVec;
use std::str::FromStr;
use windlass_desc::env::TrapCode;
use windlass_desc::ops::{Format, Opcode};
use windlass_desc::types::{self, Type};

impl FunctionReader<'_, '_> {
    /// What follows the opcode and its suffix `ty`.
    pub(super) fn operands(&mut self, opcode: Opcode, ty: Type) -> ParseResult<InstructionData> {
        use InstructionData as I;
        Ok(match opcode.row().format {
            Format::NullAry => I::NullAry { opcode },
            Format::Unary => I::Unary { opcode, arg: self.value()? },
            Format::Binary => I::Binary { opcode, args: self.values()? },
            Format::Ternary => I::Ternary { opcode, args: self.values()? },
            Format::MultiAry => I::MultiAry { opcode, args: self.open_values()? },
            Format::UnaryImm => {
                let imm = self.p.number("an integer", |s| number::int(s, ty.bits(), ty == types::I64))?;
                I::UnaryImm { opcode, imm: Imm64::new(imm as i64) }
            }
            Format::UnaryIeee16 => I::UnaryIeee16 { opcode, imm: literal::float(self.p)? },
            Format::UnaryIeee32 => I::UnaryIeee32 { opcode, imm: literal::float(self.p)? },
            Format::UnaryIeee64 => I::UnaryIeee64 { opcode, imm: literal::float(self.p)? },
            Format::UnaryConst => I::UnaryConst { opcode, constant_handle: self.constant(ty)? },
            Format::UnaryGlobalValue => {
                let global_value = self.declared(Prefix::GlobalValue, "global value", GlobalValue::from_u32)?;
                I::UnaryGlobalValue { opcode, global_value }
            }
            Format::BinaryImm8 => {
                let arg = self.value()?;
                I::BinaryImm8 { opcode, arg, imm: self.lane()? }
            }
            Format::TernaryImm8 => {
                let args = self.values()?;
                I::TernaryImm8 { opcode, args, imm: self.lane()? }
            }
            Format::Shuffle => {
                let args = self.values()?;
                self.p.expect(b',')?;
                let mask = literal::vector(self.p, types::I8.by(16).unwrap_or(types::INVALID))?;
                I::Shuffle { opcode, args, imm: self.func.dfg.immediates.push(ConstantData::from(mask)) }
            }
            Format::IntCompare => {
                let cond = self.named("an integer condition code")?;
                I::IntCompare { opcode, cond, args: self.values()? }
            }
            Format::FloatCompare => {
                let cond = self.named("a float condition code")?;
                I::FloatCompare { opcode, cond, args: self.values()? }
            }
            Format::Trap => I::Trap { opcode, code: self.trap_code()? },
            Format::CondTrap => {
                let arg = self.value()?;
                self.p.expect(b',')?;
                I::CondTrap { opcode, arg, code: self.trap_code()? }
            }
            Format::IntAddTrap => {
                let args = self.values()?;
                self.p.expect(b',')?;
                I::IntAddTrap { opcode, args, code: self.trap_code()? }
            }
            _ => return self.branch_or_call(opcode),
        })
    }

    fn branch_or_call(&mut self, opcode: Opcode) -> ParseResult<InstructionData> {
        use InstructionData as I;
        Ok(match opcode.row().format {
            Format::Jump => I::Jump { opcode, destination: self.block_call()? },
            Format::Brif => {
                let arg = self.value()?;
                self.p.expect(b',')?;
                let then = self.block_call()?;
                self.p.expect(b',')?;
                I::Brif { opcode, arg, blocks: [then, self.block_call()?] }
            }
            Format::BranchTable => {
                let arg = self.value()?;
                self.p.expect(b',')?;
                I::BranchTable { opcode, arg, table: self.jump_table()? }
            }
            Format::Call => {
                let func_ref = self.func_ref()?;
                I::Call { opcode, func_ref, args: self.call_args(None)? }
            }
            Format::CallIndirect => {
                let sig_ref = self.sig_ref()?;
                self.p.expect(b',')?;
                let callee = self.value()?;
                I::CallIndirect { opcode, sig_ref, args: self.call_args(Some(callee))? }
            }
            Format::TryCall => {
                let func_ref = self.func_ref()?;
                let args = self.call_args(None)?;
                self.p.expect(b',')?;
                I::TryCall { opcode, func_ref, args, exception: self.exception_table()? }
            }
            Format::TryCallIndirect => {
                let callee = self.value()?;
                let args = self.call_args(Some(callee))?;
                self.p.expect(b',')?;
                I::TryCallIndirect { opcode, args, exception: self.exception_table()? }
            }
            _ => return self.address_or_memory(opcode),
        })
    }

    fn address_or_memory(&mut self, opcode: Opcode) -> ParseResult<InstructionData> {
        use InstructionData as I;
        Ok(match opcode.row().format {
            Format::FuncAddr => I::FuncAddr { opcode, func_ref: self.func_ref()? },
            Format::StackAddr => {
                let stack_slot = self.stack_slot()?;
                I::StackAddr { opcode, stack_slot, offset: self.offset()? }
            }
            Format::DynamicStackAddr => {
                let make = DynamicStackSlot::from_u32;
                let dynamic_stack_slot = self.declared(Prefix::DynamicStackSlot, "dynamic stack slot", make)?;
                I::DynamicStackAddr { opcode, dynamic_stack_slot }
            }
            Format::ExceptionHandlerAddress => {
                let block = self.block_name()?;
                self.p.expect(b',')?;
                I::ExceptionHandlerAddress { opcode, block, imm: Imm64::new(self.p.imm64()?) }
            }
            Format::Load => {
                let flags = self.mem_flags()?;
                let arg = self.value()?;
                I::Load { opcode, flags, arg, offset: self.offset()? }
            }
            Format::LoadNoOffset => {
                let flags = self.mem_flags()?;
                I::LoadNoOffset { opcode, flags, arg: self.value()? }
            }
            Format::Store => {
                let flags = self.mem_flags()?;
                let args = self.values()?;
                I::Store { opcode, flags, args, offset: self.offset()? }
            }
            Format::StoreNoOffset => {
                let flags = self.mem_flags()?;
                I::StoreNoOffset { opcode, flags, args: self.values()? }
            }
            Format::AtomicRmw => {
                let flags = self.mem_flags()?;
                let op = self.named("an atomic operation")?;
                I::AtomicRmw { opcode, flags, op, args: self.values()? }
            }
            Format::AtomicCas => {
                let flags = self.mem_flags()?;
                I::AtomicCas { opcode, flags, args: self.values()? }
            }
            other => return self.p.fail(format!("operands of format {other:?} cannot be read")),
        })
    }

    /// A fixed number of values with commas between.
    fn values<const N: usize>(&mut self) -> ParseResult<[Value; N]> {
        let mut values = [Value::from_u32(0); N];
        for (i, v) in values.iter_mut().enumerate() {
            if i > 0 {
                self.p.expect(b',')?;
            }
            *v = self.value()?;
        }
        Ok(values)
    }

    /// Values with commas between, as many as there are.
    fn open_values(&mut self) -> ParseResult<ValueList> {
        let mut values = SmallVec::<[Value; 8]>::new();
        if let Tok::Entity(Prefix::Value, _) = self.p.peek() {
            values.push(self.value()?);
            while self.p.eat(b',') {
                values.push(self.value()?);
            }
        }
        Ok(ValueList::from_slice(&values, &mut self.func.dfg.value_lists))
    }

    /// Arguments in parentheses, after the callee where that is a value.
    fn call_args(&mut self, callee: Option<Value>) -> ParseResult<ValueList> {
        let mut values: SmallVec<[Value; 8]> = callee.into_iter().collect();
        self.p.expect(b'(')?;
        if !self.p.eat(b')') {
            values.push(self.value()?);
            while self.p.eat(b',') {
                values.push(self.value()?);
            }
            self.p.expect(b')')?;
        }
        Ok(ValueList::from_slice(&values, &mut self.func.dfg.value_lists))
    }

    /// A word that names something.
    fn named<T: FromStr>(&mut self, what: &str) -> ParseResult<T> {
        let Tok::Word(word) = self.p.peek() else { return self.p.unexpected(what) };
        match word.parse() {
            Ok(v) => {
                self.p.bump();
                Ok(v)
            }
            Err(_) => self.p.unexpected(what),
        }
    }

    fn trap_code(&mut self) -> ParseResult<TrapCode> {
        self.named("a trap code")
    }

    fn offset(&mut self) -> ParseResult<Offset32> {
        self.p.offset().map(Offset32::new)
    }

    fn lane(&mut self) -> ParseResult<u8> {
        self.p.expect(b',')?;
        self.p.u8("a lane index")
    }

    /// A declared constant, or a literal of type `ty` (a float where there is none), which enters the pool.
    fn constant(&mut self, ty: Type) -> ParseResult<Constant> {
        if let Tok::Entity(Prefix::Constant, _) = self.p.peek() {
            return self.declared(Prefix::Constant, "constant", Constant::from_u32);
        }
        let data = if ty == types::INVALID {
            ConstantData::from(literal::float::<Ieee128>(self.p)?)
        } else {
            ConstantData::from(literal::vector(self.p, ty)?)
        };
        Ok(self.func.dfg.constants.insert(data))
    }

    /// A block and what is passed to it.
    pub(super) fn block_call(&mut self) -> ParseResult<BlockCall> {
        let block = self.block_name()?;
        let mut args = SmallVec::<[BlockArg; 8]>::new();
        if self.p.eat(b'(') {
            while !self.p.eat(b')') {
                args.push(match self.p.peek() {
                    Tok::Entity(Prefix::Ret, n) => self.payload(BlockArg::TryCallRet, n)?,
                    Tok::Entity(Prefix::Exn, n) => self.payload(BlockArg::TryCallExn, n)?,
                    Tok::Entity(Prefix::Value, _) => BlockArg::Value(self.value()?),
                    _ => return self.p.unexpected("a block argument"),
                });
                if self.p.peek() != Tok::Punct(b')') {
                    self.p.expect(b',')?;
                }
            }
        }
        Ok(BlockCall::new(block, args, &mut self.func.dfg.value_lists))
    }

    /// What a call that may throw leaves: its `n`-th result or payload.
    fn payload(&mut self, make: fn(u32) -> BlockArg, n: u32) -> ParseResult<BlockArg> {
        // Block arguments are packed into 32 bits with their kind.
        if n >= 1 << 30 {
            return self.p.fail("number too large");
        }
        self.p.bump();
        Ok(make(n))
    }

    fn jump_table(&mut self) -> ParseResult<JumpTable> {
        let default = self.block_call()?;
        self.p.expect(b',')?;
        self.p.expect(b'[')?;
        let mut entries = Vec::new();
        if !self.p.eat(b']') {
            entries.push(self.block_call()?);
            while self.p.eat(b',') {
                entries.push(self.block_call()?);
            }
            self.p.expect(b']')?;
        }
        Ok(self.func.dfg.jump_tables.push(JumpTableData::new(default, &entries)))
    }

    fn exception_table(&mut self) -> ParseResult<ExceptionTable> {
        let sig = SigRef::from_u32(self.p.entity(Prefix::Sig, "a signature")?);
        self.p.expect(b',')?;
        let normal = self.block_call()?;
        self.p.expect(b',')?;
        self.p.expect(b'[')?;
        let mut items = Vec::new();
        while !self.p.eat(b']') {
            items.push(match self.p.peek() {
                Tok::Entity(Prefix::Tag, n) => {
                    self.p.bump();
                    self.p.expect(b':')?;
                    ExceptionTableItem::Tag(ExceptionTag::from_u32(n), self.block_call()?)
                }
                Tok::Word("default") => {
                    self.p.bump();
                    self.p.expect(b':')?;
                    ExceptionTableItem::Default(self.block_call()?)
                }
                Tok::Word("context") => {
                    self.p.bump();
                    ExceptionTableItem::Context(self.value()?)
                }
                _ => return self.p.unexpected("`tagN`, `default`, `context` or `]`"),
            });
            if self.p.peek() != Tok::Punct(b']') {
                self.p.expect(b',')?;
            }
        }
        Ok(self.func.dfg.exception_tables.push(ExceptionTableData::new(sig, normal, items)))
    }

    /// How memory is accessed: flags in any order.
    pub(super) fn mem_flags(&mut self) -> ParseResult<MemFlags> {
        let loc = self.p.loc();
        let mut flags = MemFlagsData::new();
        loop {
            match self.p.peek() {
                Tok::Word(word) => match mem_flag(&flags, word) {
                    Some(Ok(f)) => flags = f,
                    Some(Err(why)) => return self.p.fail(why),
                    None => break,
                },
                Tok::Entity(Prefix::Region, n) => {
                    let region = AliasRegion::from_u32(n);
                    if flags.alias_region().is_some() {
                        return self.p.fail("an access has at most one alias region");
                    }
                    flags = flags.with_alias_region(Some(region));
                }
                _ => break,
            }
            self.p.bump();
        }
        self.insert_flags(flags, loc)
    }

    fn insert_flags(&mut self, flags: MemFlagsData, loc: Location) -> ParseResult<MemFlags> {
        let inserted = self.func.dfg.mem_flags.insert(flags);
        inserted.map_err(|_| ParseError::new(loc, "too many different sets of memory flags"))
    }
}

/// The flags with one more, none if the word is no flag.
fn mem_flag(flags: &MemFlagsData, word: &str) -> Option<Result<MemFlagsData, &'static str>> {
    let order = |e| match flags.explicit_endianness() {
        Some(old) if old != e => Err("an access cannot be both `big` and `little`"),
        _ => Ok(flags.with_endianness(e)),
    };
    Some(match word {
        "notrap" => Ok(flags.with_notrap()),
        "aligned" => Ok(flags.with_aligned()),
        "readonly" => Ok(flags.with_readonly()),
        "can_move" => Ok(flags.with_can_move()),
        "big" => order(Endianness::Big),
        "little" => order(Endianness::Little),
        _ => Ok(flags.with_trap_code(Some(word.parse().ok()?))),
    })
}
