//! Constants: which values are some, what operations on them give, and how a number becomes one. What an operation gives
//! is its meaning, run on numbers, for all operations alike. Nothing is computed that traps, or that the definition
//! leaves open: which NaN it is stays the machine's choice.

use windlass_desc::bv::{Bv, Num};
use windlass_desc::env::{Access, Choice, Env, TrapCode};
use windlass_desc::ops::{Opcode, meaning};
use windlass_desc::types::{F16, F32, F64, F128, I128, Type};
use windlass_ir::ir::constant::ConstantData;
use windlass_ir::ir::dfg::{DataFlowGraph, ValueDef};
use windlass_ir::ir::immediates::{Ieee16, Ieee32, Ieee64, Imm64};
use windlass_ir::ir::{Inst, InstructionData, Value};
use windlass_ir::meaning::{constant, imm_of, imms};

/// The number that a value always is. Of 128 bits that is the two halves together.
pub fn number(dfg: &DataFlowGraph, v: Value) -> Option<Num> {
    let ValueDef::Result(inst, 0) = dfg.value_def(v) else { return None };
    let w = dfg.value_type(v).bits();
    let data = &dfg.insts[inst];
    match data {
        InstructionData::UnaryImm { .. }
        | InstructionData::UnaryIeee16 { .. }
        | InstructionData::UnaryIeee32 { .. }
        | InstructionData::UnaryIeee64 { .. } => imm_of(dfg, inst).map(|imm| Num::lit(w, imm as u64 as u128)),
        InstructionData::UnaryConst { constant_handle, .. } if !dfg.value_type(v).is_dynamic_vector() => {
            Some(constant(dfg.constants.get(*constant_handle).as_slice()).resize(w))
        }
        InstructionData::Binary { opcode: Opcode::Iconcat, args: [low, high] } if w == 128 => {
            Some(number(dfg, *high)?.concat(&number(dfg, *low)?))
        }
        _ => None,
    }
}

/// Runs without memory; takes note of what cannot be done at compile time.
#[derive(Default)]
struct Pure {
    trapped: bool,
    chose: bool,
    /// Choose ones instead of zeros.
    ones: bool,
}

impl Env for Pure {
    type B = Num;
    fn choose(&mut self, set: Choice, w: u32) -> Num {
        self.chose = true;
        let bits = if self.ones { Num::ones(w) } else { Num::lit(w, 0) };
        match set {
            Choice::Any(_) => bits,
            Choice::Nan(format) => format.nan(&bits),
        }
    }
    fn trap_if(&mut self, cond: &Num, _: TrapCode) {
        self.trapped |= cond.is_true();
    }
    fn load(&mut self, _: &Num, w: u32, _: Access) -> Num {
        self.trapped = true;
        Num::lit(w, 0)
    }
    fn store(&mut self, _: &Num, _: &Num, _: Access) {
        self.trapped = true;
    }
    fn branch(&mut self, _: &Num) {
        self.trapped = true;
    }
}

/// The results of an operation all of whose operands are constants, at least one.
pub fn fold(dfg: &DataFlowGraph, inst: Inst) -> Option<Vec<Num>> {
    let args = dfg.inst_args(inst);
    let first = number(dfg, *args.first()?)?;
    let op = dfg.insts[inst].opcode();
    // halves that are constants are a constant of 128 bits already; a guard is to be seen by nobody
    let kept = match op {
        Opcode::Iconcat => first.w() == 64,
        Opcode::SelectSpectreGuard => true,
        _ => op.row().no_meaning.is_some(),
    };
    let results = dfg.inst_results(inst);
    if kept || results.iter().any(|v| dfg.value_type(*v).is_dynamic_vector()) {
        return None;
    }
    let rest = args[1..].iter().map(|v| number(dfg, *v));
    let args: Vec<Num> = std::iter::once(Some(first)).chain(rest).collect::<Option<_>>()?;
    let imms = imms(dfg, inst);
    let mut env = Pure::default();
    let found = meaning(op, &mut env, &imms, &args);
    let open = env.chose && meaning(op, &mut Pure { ones: true, ..Pure::default() }, &imms, &args) != found;
    (!env.trapped && !open && found.len() == results.len()).then_some(found)
}

/// A constant.
pub enum Constant {
    /// One instruction.
    One(InstructionData),
    /// Two of 64 bits, low and high, to be put together.
    Halves([InstructionData; 2]),
}

/// A number as a constant of a type, which is no dynamic vector.
pub fn constant_of(dfg: &mut DataFlowGraph, ty: Type, n: &Num) -> Constant {
    let bits = n.get() as u64;
    let integer = |bits: u64| InstructionData::UnaryImm { opcode: Opcode::Iconst, imm: Imm64::new(bits as i64) };
    Constant::One(match ty {
        I128 => return Constant::Halves([integer(bits), integer((n.get() >> 64) as u64)]),
        F16 => InstructionData::UnaryIeee16 { opcode: Opcode::F16const, imm: Ieee16::with_bits(bits as u16) },
        F32 => InstructionData::UnaryIeee32 { opcode: Opcode::F32const, imm: Ieee32::with_bits(bits as u32) },
        F64 => InstructionData::UnaryIeee64 { opcode: Opcode::F64const, imm: Ieee64::with_bits(bits) },
        _ if ty.is_int() => integer(bits),
        _ => {
            let bytes: Vec<u8> = n.words().iter().flat_map(|w| w.to_le_bytes()).take(ty.bytes() as usize).collect();
            let constant_handle = dfg.constants.insert(ConstantData::from(&bytes[..]));
            let opcode = if ty == F128 { Opcode::F128const } else { Opcode::Vconst };
            InstructionData::UnaryConst { opcode, constant_handle }
        }
    })
}
