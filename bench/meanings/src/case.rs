//! One operation at one type: a function around it, and what we say that it gives.
//!
//! Floats go in and come out as integers of their size, so that NaNs keep their bits. Operations on memory get a stack
//! slot that holds the last parameter, and what it holds afterwards is a result.

use crate::values::{Random, World, parse, text};
use std::fmt::Write;
use windlass_desc::bv::{Bv, Num};
use windlass_desc::cc::{FloatCC, IntCC};
use windlass_desc::env::TrapCode;
use windlass_desc::fp;
use windlass_desc::ops::{AtomicRmwOp, Format, Imms, Opcode, Ty, meaning};
use windlass_desc::types::{I64, I128, INVALID, Type};

/// An operation at a type with what it has besides operands.
pub struct Case {
    op: Opcode,
    ctv: Type,
    operands: Vec<Type>,
    results: Vec<Type>,
    imms: Imms<Num>,
}

/// What comparing says.
pub enum Outcome {
    Same,
    /// What we expected.
    Different(String),
    /// Why the reference gave no result.
    Refused(String),
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{} {:?} {} {} {:?}", self.op, self.ctv, self.operands, self.imms.cc, self.imms.fcc, self.imms.imm)
    }
}

/// Types that the reference has values of.
fn types() -> impl Iterator<Item = Type> {
    let all = (0..512).map(Type::from_repr).filter(|t| !t.is_invalid() && !t.is_dynamic_vector());
    all.filter(|t| t.is_lane() || [16, 32, 64, 128].contains(&t.bits()))
}

/// All operations that compute something, at all types, once or more often.
pub fn cases(random: &mut Random) -> Vec<Case> {
    let mut out = vec![];
    for &op in Opcode::all() {
        let ctvs: Vec<Type> = match op.row().ctv.set() {
            Some(set) => types().filter(|t| set.contains(*t)).collect(),
            None => vec![INVALID],
        };
        // conditions, masks and lanes are part of the function, so there are several
        let several = matches!(
            op.row().format,
            Format::IntCompare | Format::FloatCompare | Format::Shuffle | Format::AtomicRmw | Format::UnaryImm
        );
        for ctv in ctvs {
            for _ in 0..if several { 8 } else { 2 } {
                out.extend(case(op, ctv, random));
            }
        }
    }
    out
}

fn case(op: Opcode, ctv: Type, random: &mut Random) -> Option<Case> {
    let row = op.row();
    let known = !matches!(
        row.format,
        Format::NullAry | Format::CondTrap | Format::Trap | Format::Brif | Format::StackAddr | Format::DynamicStackAddr
    );
    let constant = matches!(row.format, Format::UnaryConst | Format::UnaryGlobalValue | Format::FuncAddr)
        || matches!(row.format, Format::UnaryIeee16 | Format::UnaryIeee32 | Format::UnaryIeee64);
    if row.no_meaning.is_some() || !known || constant {
        return None;
    }
    let mut operands = vec![];
    for o in row.operands {
        let same = |t: &Type| op != Opcode::Bitcast || t.bits() == ctv.bits();
        let lanes =
            |t: &Type| !matches!(o.ty, Ty::In(_)) || o.name == "p" || t.is_lane() || t.lane_count() == ctv.lane_count();
        let free = op == Opcode::VhighBits || op == Opcode::Bitcast;
        let all: Vec<Type> = types().filter(|t| o.ty.admits(ctv, *t) && same(t) && (free || lanes(t))).collect();
        // vectors are converted lane by lane to others of their size, which is all that compilers are asked for
        let alike: Vec<Type> = all
            .iter()
            .copied()
            .filter(|t| t.lane_count() == ctv.lane_count() && (t.is_lane() || t.bits() == ctv.bits()))
            .collect();
        let all = if matches!(row.format, Format::Unary) && !free && !alike.is_empty() { alike } else { all };
        let address = o.name == "p";
        operands.push(if address { I64 } else { *all.get(random.below(all.len().max(1)))? });
    }
    if matches!(row.ctv, windlass_desc::ops::Ctv::Operand(..))
        && operands.len() == 1
        && row.operands[0].name == "p"
        && ctv != I64
    {
        return None;
    }
    let results: Vec<Type> = row.results.iter().map(|r| r.ty.of(ctv)).collect::<Option<_>>()?;
    let first = |all: &[Type]| all.first().copied().unwrap_or(INVALID);
    let mut imms = Imms::new(ctv, first(&results), first(&operands));
    let pick = random.word() as usize;
    (imms.cc, imms.fcc) = (IntCC::all()[pick % 10], FloatCC::all()[pick % 14]);
    imms.rmw = AtomicRmwOp::all()[pick % 11];
    imms.imm = match row.format {
        Format::BinaryImm8 | Format::TernaryImm8 => Num::lit(64, (pick % ctv.lane_count() as usize) as u128),
        Format::UnaryImm => random.value(ctv).sext(64),
        Format::Shuffle => {
            let mask: Vec<Num> = (0..16).map(|_| Num::lit(8, random.below(32) as u128)).collect();
            Num::from_lanes(&mask)
        }
        _ => Num::lit(64, 0),
    };
    Some(Case { op, ctv, operands, results, imms })
}

/// The type in which a value goes in and out.
fn outside(ty: Type) -> Type {
    if ty.is_float() { Type::int(ty.bits() as u16).unwrap_or(ty) } else { ty }
}

impl Case {
    pub fn name(&self) -> &'static str {
        self.op.row().name
    }
    fn is_address(&self, k: usize) -> bool {
        self.op.row().operands[k].name == "p"
    }
    fn uses_memory(&self) -> bool {
        (0..self.operands.len()).any(|k| self.is_address(k))
    }
    /// The types of parameters and results of the function, from outside.
    fn signature(&self) -> (Vec<Type>, Vec<Type>) {
        let values = (0..self.operands.len()).filter(|k| !self.is_address(*k)).map(|k| outside(self.operands[k]));
        let memory = self.uses_memory().then_some(I128);
        let results = self.results.iter().map(|t| outside(*t));
        (values.chain(memory).collect(), results.chain(memory).collect())
    }
    /// The function's text.
    pub fn function(&self, n: usize) -> String {
        let (params, results) = self.signature();
        let list = |types: &[Type]| types.iter().map(Type::to_string).collect::<Vec<_>>().join(", ");
        let mut out = format!("function %f{n}({}) -> {} {{\n", list(&params), list(&results));
        let names: Vec<String> = params.iter().enumerate().map(|(k, t)| format!("v{k}: {t}")).collect();
        if self.uses_memory() {
            out += "    ss0 = explicit_slot 16, align = 16\n";
        }
        let _ = writeln!(out, "block0({}):", names.join(", "));
        if self.uses_memory() {
            let _ = writeln!(out, "    v90 = stack_addr.i64 ss0\n    store.i128 v{}, v90", params.len() - 1);
        }
        let mut operands = vec![];
        let mut next = 0;
        for (k, ty) in self.operands.iter().enumerate() {
            if self.is_address(k) {
                operands.push("v90".to_string());
                continue;
            }
            if outside(*ty) != *ty {
                let _ = writeln!(out, "    v{} = bitcast.{ty} v{next}", 20 + k);
                operands.push(format!("v{}", 20 + k));
            } else {
                operands.push(format!("v{next}"));
            }
            next += 1;
        }
        let mut returned = vec![];
        let made: Vec<String> = (0..self.results.len()).map(|k| format!("v{}", 40 + k)).collect();
        let left = if made.is_empty() { String::new() } else { made.join(", ") + " = " };
        let _ = writeln!(out, "    {left}{}", self.instruction(&operands));
        for (k, ty) in self.results.iter().enumerate() {
            if outside(*ty) != *ty {
                let _ = writeln!(out, "    v{} = bitcast.{} v{}", 60 + k, outside(*ty), 40 + k);
                returned.push(format!("v{}", 60 + k));
            } else {
                returned.push(format!("v{}", 40 + k));
            }
        }
        if self.uses_memory() {
            out += "    v91 = load.i128 v90\n";
            returned.push("v91".into());
        }
        let _ = writeln!(out, "    return {}\n}}", returned.join(", "));
        out
    }
    fn instruction(&self, operands: &[String]) -> String {
        let i = &self.imms;
        let suffix = if self.ctv.is_invalid() { String::new() } else { format!(".{}", self.ctv) };
        let extra = match self.op.row().format {
            Format::IntCompare => format!(" {}", i.cc),
            Format::FloatCompare => format!(" {}", i.fcc),
            Format::AtomicRmw => format!(" {}", i.rmw),
            Format::LoadNoOffset if self.op == Opcode::Bitcast => " little".into(),
            Format::UnaryImm => format!(" {}", i.imm.signed()),
            _ => String::new(),
        };
        let after = match self.op.row().format {
            Format::BinaryImm8 | Format::TernaryImm8 => format!(", {}", i.imm.get()),
            Format::Shuffle => format!(", 0x{:032x}", i.imm.get()),
            Format::IntAddTrap => ", user1".into(),
            _ => String::new(),
        };
        format!("{}{suffix}{extra} {}{after}", self.name(), operands.join(", "))
    }
    /// Random operands; those of operations on memory end with what is in memory.
    pub fn operands(&self, random: &mut Random) -> Vec<Num> {
        let mut out: Vec<Num> =
            (0..self.operands.len()).filter(|k| !self.is_address(*k)).map(|k| random.value(self.operands[k])).collect();
        if self.uses_memory() {
            out.push(random.value(I128));
        }
        // comparing and exchanging is dull if nothing is ever equal
        if self.op == Opcode::AtomicCas && random.below(2) == 0 {
            out[0] = out[2].extract(0, self.ctv.bits());
        }
        out
    }
    /// The call with these operands.
    pub fn call(&self, n: usize, operands: &[Num]) -> String {
        let (params, _) = self.signature();
        let args: Vec<String> = operands.iter().zip(params).map(|(x, t)| text(x, t)).collect();
        format!("%f{n}({})", args.join(", "))
    }
    /// Compares the reference's answer with ours.
    pub fn check(&self, operands: &[Num], answer: &str) -> Outcome {
        let mut world = World::default();
        let base = Num::lit(64, 0x100);
        let mut rest = operands.iter();
        let mut args: Vec<Num> = vec![];
        for k in 0..self.operands.len() {
            args.push(if self.is_address(k) { base.clone() } else { rest.next().expect("an operand each").clone() });
        }
        let access = self.imms.access;
        if let Some(memory) = rest.next() {
            windlass_desc::env::Env::store(&mut world, &base, memory, access);
        }
        let mut imms = self.imms.clone();
        imms.code = TrapCode::unwrap_user(1);
        let mut want = meaning(self.op, &mut world, &imms, &args);
        if self.uses_memory() {
            want.push(windlass_desc::env::Env::load(&mut world, &base, 128, access));
        }
        let (_, types) = self.signature();
        let ours = match world.trap {
            Some(code) => format!("trap {code}"),
            None => want.iter().zip(&types).map(|(x, t)| text(x, *t)).collect::<Vec<_>>().join(", "),
        };
        if answer.starts_with("error") {
            return Outcome::Refused(answer.chars().take(60).collect());
        }
        let same = match (parse(answer, &types), world.trap) {
            (_, Some(_)) => answer.trim() == ours,
            (Some(found), None) => found.iter().zip(&want).enumerate().all(|(k, (f, w))| self.same(k, f, w)),
            (None, None) => false,
        };
        if same { Outcome::Same } else { Outcome::Different(ours) }
    }
    /// Is a result the same, with any NaN for a NaN that was chosen?
    fn same(&self, k: usize, found: &Num, want: &Num) -> bool {
        let lane = |t: &Type| t.lane_type().is_float().then_some(t.lane_count());
        let bits = matches!(self.op, Opcode::Bitcast | Opcode::Select | Opcode::SelectSpectreGuard);
        match self.results.get(k).and_then(lane).filter(|_| !bits) {
            None => found == want,
            Some(n) => found.lanes(n).iter().zip(want.lanes(n)).all(|(f, w)| {
                let chosen = w.get() == fp::FpFormat::of(w.w()).quiet_nan();
                *f == w || chosen && fp::is_nan(f).is_true()
            }),
        }
    }
}
