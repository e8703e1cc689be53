//! Changes of left sides: tests, conditions, promises, byte orders, types and the operations below the root. Also serves
//! the right sides of simplifications, which are patterns too.

use super::inst::{Functions, pairs};
use super::{Change, change};
use std::collections::BTreeMap;
use std::sync::Mutex;
use windlass_desc::cc::{FloatCC, IntCC};
use windlass_desc::machine::Above;
use windlass_desc::ops::Opcode;
use windlass_desc::types::{I8, I16, I32, I64};
use windlass_rules::term::*;

/// The nth node of a pattern, counted from the root.
pub fn nth<'a>(p: &'a mut Pat, n: &mut usize) -> Option<&'a mut Pat> {
    if *n == 0 {
        return Some(p);
    }
    *n -= 1;
    match p {
        Pat::Op(p) => p.args.iter_mut().find_map(|a| nth(a, n)),
        _ => None,
    }
}

/// All changes of a pattern: of its operations and of what they take.
pub fn changes(f: &Functions, p: &Pat) -> Vec<Change<Pat>> {
    let mut out = vec![];
    for n in 0.. {
        let mut copy = p.clone();
        let Some(node) = nth(&mut copy, &mut { n }) else { break };
        for c in node_changes(f, node, n == 0) {
            let mut to = p.clone();
            if let Some(node) = nth(&mut to, &mut { n }) {
                *node = c.to;
            }
            out.push(change(c.kind, c.what, to));
        }
    }
    out
}

fn node_changes(f: &Functions, p: &Pat, root: bool) -> Vec<Change<Pat>> {
    match p {
        Pat::Val(v) => value(v).into_iter().map(|c| c.map(Pat::Val)).collect(),
        Pat::Op(p) => {
            let mut out = operation(f, p);
            if !root {
                out.extend(siblings(p.op).map(|op| {
                    let what = format!("left: {} becomes {}", p.op.row().name, op.row().name);
                    change("operation", what, OpPat { op, ..(**p).clone() })
                }));
            }
            out.into_iter().map(|c| c.map(Pat::from)).collect()
        }
        Pat::Rmi(_) | Pat::Cond(_) => vec![],
    }
}

fn value(v: &Val) -> Vec<Change<Val>> {
    let mut out = vec![];
    match v.promised {
        None => {}
        Some(above) => {
            let what = |other: &str| format!("left: {} promises {other} instead of {above:?}", v.name);
            out.push(change("promise", what("nothing"), Val { promised: None, ..*v }));
            let other = if above == Above::Zero { Above::Sign } else { Above::Zero };
            out.push(change("promise", what(&format!("{other:?}")), Val { promised: Some(other), ..*v }));
        }
    }
    if let Some(ty) = v.ty {
        for t in [I8, I16, I32, I64].into_iter().filter(|&t| t != ty) {
            out.push(change("width", format!("left: {} is {t}, not {ty}", v.name), Val { ty: Some(t), ..*v }));
        }
    }
    out
}

/// Operations with the same operands and results.
pub fn siblings(op: Opcode) -> impl Iterator<Item = Opcode> {
    let row = op.row();
    let alike = move |o: &Opcode| {
        let other = o.row();
        let types = |all: &[windlass_desc::ops::Operand]| all.iter().map(|o| o.ty).collect::<Vec<_>>();
        *o != op
            && other.format == row.format
            && types(other.operands) == types(row.operands)
            && types(other.results) == types(row.results)
            && other.no_meaning.is_none()
    };
    Opcode::ALL.iter().copied().filter(alike)
}

/// Changes of what an operation has besides operands, and of their order.
fn operation(f: &Functions, p: &OpPat) -> Vec<Change<OpPat>> {
    let mut out = vec![];
    if let Some((k, test)) = p.imm.and_then(|k| Some((k, k.test?))) {
        out.push(change(
            "test",
            format!("left: {} without {}", k.name, test.name),
            OpPat { imm: Some(Im { test: None, ..k }), ..p.clone() },
        ));
        for other in f.tests.iter().filter(|t| t.name != test.name) {
            let what = format!("left: {} passes {} instead of {}", k.name, other.name, test.name);
            out.push(change("test", what, OpPat { imm: Some(k.when(*other)), ..p.clone() }));
        }
    }
    if let Some(cv) = p.cc {
        for c in conditions(cv) {
            out.push(change(c.kind, c.what, OpPat { cc: Some(c.to), ..p.clone() }));
        }
    }
    if let Some(cc) = p.fcc {
        for &other in FloatCC::all().iter().filter(|&&c| c != cc) {
            let what = format!("left: the condition is {other} instead of {cc}");
            out.push(change("condition", what, OpPat { fcc: Some(other), ..p.clone() }));
        }
    }
    if let Some(a) = p.addr {
        let what = |what: &str| format!("left: address {} {what}", a.name);
        let turned = OpPat { addr: Some(Addr { swapped: !a.swapped, ..a }), ..p.clone() };
        out.push(change("byte order", what("in the other byte order"), turned));
        if a.more != 0 {
            out.push(change(
                "test",
                what("asks for no room"),
                OpPat { addr: Some(Addr { more: 0, ..a }), ..p.clone() },
            ));
        }
    }
    for (a, b) in pairs(p.args.len()) {
        let mut to = p.clone();
        to.args.swap(a, b);
        out.push(change("order of operands", format!("{}: operands {a} and {b} exchanged", p.op.row().name), to));
    }
    out
}

/// One condition more or less, or any.
fn conditions(cv: Cv) -> Vec<Change<Cv>> {
    let Some(among) = cv.1 else { return vec![] };
    let mut out = vec![change("condition", format!("left: {} is any", cv.0), Cv(cv.0, None))];
    for &cc in IntCC::all().iter().filter(|c| !among.contains(c)) {
        let more = IntCC::all().iter().copied().filter(|&c| c == cc || among.contains(&c)).collect();
        out.push(change("condition", format!("left: {} may be {cc} too", cv.0), Cv(cv.0, Some(kept(more)))));
    }
    out
}

/// The list, for the rest of the program. Each is kept once.
fn kept(list: Vec<IntCC>) -> &'static [IntCC] {
    static LISTS: Mutex<BTreeMap<Vec<u8>, &'static [IntCC]>> = Mutex::new(BTreeMap::new());
    let key = list.iter().map(|&c| c as u8).collect();
    let mut lists = LISTS.lock().unwrap_or_else(|e| e.into_inner());
    lists.entry(key).or_insert_with(|| list.leak())
}
