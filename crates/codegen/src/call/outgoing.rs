//! Values on their way out, as arguments of a call or results of a return: each goes to where the convention has it,
//! extended as the signature asks, and what must be in memory is copied there. Needs [`crate::access`].

use crate::abi::{Piece, Place, Places};
use crate::access::{self, Memory};
use crate::error::CodegenResult;
use crate::lower::{Lower, Parts, Step};
use smallvec::smallvec;
use windlass_desc::types::{I8, I16, I32};
use windlass_ir::ir::{AbiParam, ArgumentExtension, Signature, Value};
use windlass_regalloc::{Constraint, Operand, Role, VReg};

/// How a narrow value is extended as a parameter asks, if it asks.
fn extension(c: &Lower<'_>, p: &AbiParam) -> Option<&'static [Step]> {
    let steps = match p.extension {
        ArgumentExtension::Uext => &c.roles.extend.unsigned,
        ArgumentExtension::Sext => &c.roles.extend.signed,
        ArgumentExtension::None => return None,
    };
    let width = [I8, I16, I32].iter().position(|&ty| ty == p.value_type)?;
    Some(steps[width])
}

/// An operand of a call, a return or the entry that is a piece of a value.
pub(super) fn operand(role: Role, p: Piece, constraint: Constraint) -> Operand {
    Operand { role, class: p.class, width: p.width, constraint }
}

/// What the instruction takes, and what has to be emitted before it.
#[derive(Default)]
pub(super) struct Outgoing {
    /// Operands of the instruction.
    pub operands: Vec<(VReg, Operand)>,
    extend: Vec<(&'static [Step], VReg, Value)>,
    /// Integers of 128 bits whose address is passed: where it is wanted, their halves, and where the copy is among the
    /// outgoing arguments.
    references: Vec<(VReg, Parts, u64)>,
    /// Addresses, where the bytes there go among the outgoing arguments, and how many they are.
    copies: Vec<(VReg, u32, u32)>,
}

impl Outgoing {
    /// The registers of a value in the order of memory, extended as the parameter asks.
    pub(super) fn regs(&mut self, c: &mut Lower<'_>, v: Value, p: &AbiParam) -> Parts {
        match extension(c, p) {
            Some(steps) => {
                let t = c.temp();
                self.extend.push((steps, t, v));
                smallvec![t]
            }
            None => {
                let parts = c.parts(v);
                c.as_in_memory(parts)
            }
        }
    }

    /// A register goes to where a piece is.
    pub(super) fn pass(&mut self, reg: VReg, p: Piece) {
        let constraint = match p.at {
            Place::Reg(r) => Constraint::Fixed(r),
            Place::Stack(n) => Constraint::Outgoing(n),
            Place::Copy { at, size } => return self.copies.push((reg, at, size)),
        };
        self.operands.push((reg, operand(Role::Use, p, constraint)));
    }

    /// All arguments go to where they are passed.
    pub(super) fn args(&mut self, c: &mut Lower<'_>, args: &[Value], sig: &Signature, places: &Places) {
        let mut copy = places.stack + places.area_size;
        for ((&v, p), pieces) in args.iter().zip(&sig.params).zip(&places.args) {
            let mut regs = self.regs(c, v, p);
            if regs.len() > pieces.len() {
                let halves = std::mem::replace(&mut regs, smallvec![c.temp()]);
                self.references.push((regs[0], halves, copy));
                copy += 16;
            }
            for (reg, &piece) in regs.into_iter().zip(pieces) {
                self.pass(reg, piece);
            }
        }
    }

    /// Emits the extensions and copies.
    pub(super) fn finish(self, c: &mut Lower<'_>) -> CodegenResult<()> {
        for (address, halves, at) in self.references {
            access::address(c, address, Memory::Outgoing(at));
            access::store_halves(c, &halves, |n| Memory::Outgoing(at + n))?;
        }
        for (from, to, size) in self.copies {
            access::copy(c, from, to, size)?;
        }
        for (steps, t, v) in self.extend {
            extend(c, steps, t, v);
        }
        Ok(())
    }
}

/// Extends a value into `d`, step by step; the last step is emitted first.
fn extend(c: &mut Lower<'_>, steps: &[Step], d: VReg, v: Value) {
    let mut to = d;
    for (n, step) in steps.iter().enumerate().rev() {
        let from = if n == 0 { c.val(v) } else { c.temp() };
        c.start(step.row);
        c.operand(to);
        c.operand(from);
        c.pending().payload = step.payload;
        c.end();
        to = from;
    }
}
