//! Which operations random functions are made of: all that the target's rules support, as they stand in its rule set.
//! Needs the rules and the operation table; a form that is not known here is an error, so that none is forgotten.

use windlass_desc::ops::{Format, Opcode, Operand};
use windlass_desc::types::{F32, F64, I8, I16, I32, I64, I128, Type};

/// The types of integers.
pub const INTS: [Type; 5] = [I8, I16, I32, I64, I128];

/// The types that values have.
pub const TYPES: [Type; 7] = [I8, I16, I32, I64, I128, F32, F64];

/// An operation under a controlling type.
#[derive(Clone, Copy, Debug)]
pub struct Typed {
    pub op: Opcode,
    pub ty: Type,
}

/// The operations by the way in which they are made.
#[derive(Default, Debug)]
pub struct Ops {
    /// Those that only compute.
    pub pure: Vec<Typed>,
    pub loads: Vec<Typed>,
    pub stores: Vec<Typed>,
    /// Those that trap under a condition and give nothing.
    pub traps: Vec<Typed>,
    /// Sums that trap if they overflow.
    pub sums: Vec<Typed>,
}

/// Operations that the generator places by itself, to give functions their shape.
const SHAPE: [Opcode; 11] = [
    Opcode::Iconst,
    Opcode::F32const,
    Opcode::F64const,
    Opcode::Brif,
    Opcode::Trap,
    Opcode::StackAddr,
    Opcode::FuncAddr,
    Opcode::Jump,
    Opcode::Return,
    Opcode::Call,
    Opcode::CallIndirect,
];

impl Ops {
    /// All that the rules of x86-64 support.
    pub fn of_rules() -> Ops {
        let mut ops = Ops::default();
        for (op, types) in windlass_rules::x64::rules().supported {
            for ty in types.into_iter().filter(|_| !SHAPE.contains(&op)) {
                let list = match op.format() {
                    Format::Unary
                    | Format::Binary
                    | Format::Ternary
                    | Format::IntCompare
                    | Format::FloatCompare
                    | Format::LoadNoOffset => &mut ops.pure,
                    Format::Load => &mut ops.loads,
                    Format::Store => &mut ops.stores,
                    Format::CondTrap => &mut ops.traps,
                    Format::IntAddTrap => &mut ops.sums,
                    other => panic!("the generator has to learn {other:?}, the form of {op}"),
                };
                list.push(Typed { op, ty });
            }
        }
        ops
    }
}

/// The types that operand `n` may have, of those that values have.
pub fn operand_types(typed: Typed, n: usize) -> Vec<Type> {
    let ty = typed.op.row().operands[n].ty;
    let fits = |t: Type| match typed.op {
        Opcode::Bitcast => ty.admits(typed.ty, t) && t.bits() == typed.ty.bits(),
        Opcode::FcvtFromSint | Opcode::FcvtFromUint => ty.admits(typed.ty, t) && t.bits() <= 64,
        _ => ty.admits(typed.ty, t),
    };
    TYPES.into_iter().filter(|t| fits(*t)).collect()
}

/// The types of the results.
pub fn result_types(typed: Typed) -> Vec<Type> {
    let ty = |r: &Operand| r.ty.of(typed.ty).expect("the controlling type determines it");
    typed.op.row().results.iter().map(ty).collect()
}

/// The type of the only result.
pub fn result_type(typed: Typed) -> Type {
    result_types(typed)[0]
}

/// How many bytes a load or store accesses, which its name says if its type does not.
pub fn bytes(typed: Typed) -> usize {
    let digits: String = typed.op.row().name.chars().filter(char::is_ascii_digit).collect();
    digits.parse().map_or(typed.ty.bytes() as usize, |bits: usize| bits / 8)
}
