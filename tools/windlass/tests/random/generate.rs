//! Random functions in CLIF: any flow of control, with fuel so that they end; calls of earlier functions; memory in a
//! stack slot; values that stay live throughout; traps. Needs the shape and the operations; leaves text that verifies and
//! whose meaning depends on nothing but the arguments.

use crate::ops::{INTS, Ops, TYPES, Typed, bytes, operand_types, result_type, result_types};
use crate::rng::Rng;
use crate::shape::{End, Shape};
use std::fmt::Write;
use windlass_desc::cc::{FloatCC, IntCC};
use windlass_desc::ops::{Effects, Format};
use windlass_desc::types::{F32, I8, I32, I64, I128, Type};
use windlass_ir::ir::immediates::{Ieee32, Ieee64};

/// Bytes of the slot that functions load from and store to.
const SLOT: usize = 64;
/// How many instructions a call may run, callees included, roughly.
const MOST_COST: usize = 6_000;
/// The block that is gone to without fuel, and what is added to the number of a block to name its body.
const DRY: usize = 99;
const BODY: usize = 100;
const CODES: [&str; 6] = ["user1", "user2", "user250", "int_ovf", "heap_oob", "int_divz"];

/// A function that was made.
pub struct Made {
    pub name: String,
    pub params: Vec<Type>,
    pub text: String,
    /// Numbers of the functions it calls.
    pub calls: Vec<usize>,
    signature: String,
    returns: Vec<Type>,
    cost: usize,
}

#[derive(Clone)]
struct Value {
    name: String,
    ty: Type,
}

/// A function in the making.
struct Gen<'a> {
    rng: &'a mut Rng,
    ops: &'a Ops,
    made: &'a [Made],
    shape: Shape,
    /// The types of each block's parameters.
    params: Vec<Vec<Type>>,
    /// Values that each block defines.
    defs: Vec<Vec<Value>>,
    /// Values that can be used here.
    visible: Vec<Value>,
    /// Values that are used at the end, whatever happens.
    kept: Vec<Value>,
    returns: Vec<Type>,
    imports: Vec<usize>,
    next: usize,
    cost: usize,
    out: String,
}

/// Makes a function that may call those made before.
pub fn function(rng: &mut Rng, ops: &Ops, made: &[Made], name: &str) -> Made {
    let param = |rng: &mut Rng| {
        let ty = *rng.pick(&TYPES);
        (ty, if ty.bits() >= 64 || ty.is_float() { "" } else { *rng.pick(&["", "", " uext", " sext"]) })
    };
    let params: Vec<_> = (0..rng.pick(&[0, 1, 2, 3, 5, 7, 11]).to_owned()).map(|_| param(rng)).collect();
    let mut returns: Vec<_> = (0..*rng.pick(&[0, 1, 1, 1, 2])).map(|_| param(rng)).collect();
    // there are two registers for results
    if returns.iter().map(|r| r.0.bytes().max(8)).sum::<u32>() > 16 {
        returns.truncate(1);
    }
    let list = |all: &[(Type, &str)]| all.iter().map(|(t, e)| format!("{t}{e}")).collect::<Vec<_>>().join(", ");
    let arrow = if returns.is_empty() { String::new() } else { format!(" -> {}", list(&returns)) };
    let signature = format!("({}){arrow} {}", list(&params), rng.pick(&["system_v", "fast"]));
    let most = *rng.pick(&[1, 3, 6, 10, 20]);
    let shape = Shape::random(rng, most);
    let blocks = shape.ends.len();
    let mut block_params = vec![params.iter().map(|p| p.0).collect::<Vec<_>>()];
    block_params.extend((1..blocks).map(|_| (0..rng.below(5)).map(|_| *rng.pick(&TYPES)).collect()));
    let mut making = Gen {
        rng,
        ops,
        made,
        shape,
        params: block_params,
        defs: vec![vec![]; blocks],
        visible: vec![],
        kept: vec![],
        returns: returns.iter().map(|r| r.0).collect(),
        imports: vec![],
        next: 0,
        cost: 0,
        out: String::new(),
    };
    let text = making.text(name, &signature);
    let (cost, calls) = (making.cost, making.imports);
    let returns = making.returns;
    Made {
        name: name.to_owned(),
        params: params.into_iter().map(|p| p.0).collect(),
        text,
        calls,
        signature,
        returns,
        cost,
    }
}

impl Gen<'_> {
    fn text(&mut self, name: &str, signature: &str) -> String {
        let blocks = self.shape.ends.len();
        let mut texts = vec![String::new(); blocks];
        let fuel = self.rng.between(1, 8);
        // dominators come before what they dominate
        let depth = |mut block: usize| {
            let mut depth = 0;
            while let Some(up) = self.shape.idom[block].filter(|up| *up != block) {
                (block, depth) = (up, depth + 1);
            }
            depth
        };
        let mut order: Vec<usize> = (0..blocks).collect();
        order.sort_by_key(|b| depth(*b));
        for block in order {
            self.block(block, fuel);
            texts[block] = std::mem::take(&mut self.out);
        }
        self.visible = self.defs[0].clone();
        self.line(format_args!("block{DRY}:"));
        self.finish();
        let dry = std::mem::take(&mut self.out);
        self.cost = (self.cost * (fuel + 2) / 2).max(1);
        let align = *self.rng.pick(&[1, 8, 16, 32, 64, 4096]);
        let mut text = format!(
            "function {name}{signature} {{\n    ss0 = explicit_slot {SLOT}, align = {align}\n    ss1 = explicit_slot 4\n"
        );
        for (n, callee) in self.imports.iter().enumerate() {
            let Made { name, signature, .. } = &self.made[*callee];
            let near = if callee % 2 == 0 { "colocated " } else { "" };
            write!(text, "    sig{n} = {signature}\n    fn{n} = {near}{name} sig{n}\n").expect("strings take all");
        }
        text + &texts.concat() + &dry + "}\n"
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        writeln!(self.out, "{text}").expect("strings take all");
    }

    fn name(&mut self) -> String {
        self.next += 1;
        format!("v{}", self.next)
    }

    /// Makes a value of an instruction, which nothing else gets to see yet.
    fn hidden(&mut self, ty: Type, text: std::fmt::Arguments<'_>) -> Value {
        let name = self.name();
        self.cost += 1;
        self.line(format_args!("    {name} = {text}"));
        Value { name, ty }
    }

    fn define(&mut self, ty: Type, text: std::fmt::Arguments<'_>) -> Value {
        let value = self.hidden(ty, text);
        self.visible.push(value.clone());
        value
    }

    fn constant(&mut self, ty: Type) -> Value {
        if ty.is_float() {
            let bits = self.rng.float(ty.bits());
            let text = match ty {
                F32 => Ieee32::with_bits(bits as u32).to_string(),
                _ => Ieee64::with_bits(bits).to_string(),
            };
            return self.hidden(ty, format_args!("{ty}const {text}"));
        }
        if ty == I128 {
            let low = self.constant(I64).name;
            return match self.rng.below(4) {
                0 => self.hidden(ty, format_args!("uextend.i128 {low}")),
                1 => self.hidden(ty, format_args!("sextend.i128 {low}")),
                _ => {
                    let high = self.constant(I64).name;
                    self.hidden(ty, format_args!("iconcat.i64 {low}, {high}"))
                }
            };
        }
        let n = self.rng.integer(ty.bits());
        self.hidden(ty, format_args!("iconst.{ty} {n}"))
    }

    /// A value of a type: one of those there are, or a constant.
    fn value(&mut self, ty: Type) -> String {
        let of_type: Vec<&Value> = self.visible.iter().filter(|v| v.ty == ty).collect();
        if of_type.is_empty() || self.rng.percent(15) {
            return self.constant(ty).name;
        }
        // the latest ones often, so that operations become operands of each other
        let from = if self.rng.percent(50) { of_type.len().saturating_sub(3) } else { 0 };
        self.rng.pick(&of_type[from..]).name.clone()
    }

    fn block(&mut self, block: usize, fuel: usize) {
        self.visible.clear();
        let mut up = block;
        while let Some(next) = self.shape.idom[up].filter(|next| *next != up) {
            self.visible.extend(self.defs[next].iter().cloned());
            up = next;
        }
        let inherited = self.visible.len();
        let params: Vec<String> = self.params[block].clone().into_iter().map(|ty| self.param(ty)).collect();
        let list = if params.is_empty() { String::new() } else { format!("({})", params.join(", ")) };
        self.line(format_args!("block{block}{list}:"));
        if block == 0 {
            self.start(fuel);
        } else if self.shape.looped[block] {
            let at = self.hidden(I64, format_args!("stack_addr.i64 ss1")).name;
            let left = self.hidden(I32, format_args!("load.i32 notrap {at}")).name;
            let one = self.hidden(I32, format_args!("iconst.i32 1")).name;
            let less = self.hidden(I32, format_args!("isub {left}, {one}")).name;
            self.line(format_args!("    store notrap {less}, {at}"));
            self.line(format_args!("    brif {less}, block{}, block{DRY}\nblock{}:", BODY + block, BODY + block));
        }
        for _ in 0..*self.rng.pick(&[1, 3, 8, 16]) {
            self.statement();
        }
        self.end(block);
        self.defs[block] = self.visible.split_off(inherited);
    }

    fn param(&mut self, ty: Type) -> String {
        let name = self.name();
        self.visible.push(Value { name: name.clone(), ty });
        format!("{name}: {ty}")
    }

    /// What the entry does first: fuel, the slot's contents, values to keep.
    fn start(&mut self, fuel: usize) {
        let at = self.hidden(I64, format_args!("stack_addr.i64 ss1")).name;
        let n = self.hidden(I32, format_args!("iconst.i32 {fuel}")).name;
        self.line(format_args!("    store notrap {n}, {at}"));
        let slot = self.hidden(I64, format_args!("stack_addr.i64 ss0")).name;
        for word in 0..SLOT / 8 {
            let value = self.value(I64);
            self.line(format_args!("    store.i64 notrap aligned {value}, {slot}+{}", 8 * word));
        }
        if self.rng.percent(30) {
            let ty = self.returns.first().copied().filter(|t| t.is_int()).unwrap_or(I64);
            for _ in 0..48 {
                let (x, y) = (self.value(ty), self.constant(ty).name);
                let op = *self.rng.pick(&["iadd", "bxor", "isub", "imul"]);
                let value = self.define(ty, format_args!("{op}.{ty} {x}, {y}"));
                self.kept.push(value);
            }
        }
    }

    fn statement(&mut self) {
        match self.rng.below(100) {
            0..66 => self.compute(),
            66..76 => {
                let typed = *self.rng.pick(&self.ops.loads);
                let (at, flags) = (self.address(bytes(typed)), self.flags());
                self.define(result_type(typed), format_args!("{}.{} {flags}{at}", typed.op, typed.ty));
            }
            76..86 => {
                let typed = *self.rng.pick(&self.ops.stores);
                let types = operand_types(typed, 0);
                let x = self.value(types[0]);
                let (at, flags) = (self.address(bytes(typed)), self.flags());
                self.line(format_args!("    {}.{} {flags}{x}, {at}", typed.op, typed.ty));
            }
            86..92 => self.modify(),
            92..94 => self.trap(),
            94 => self.sum(),
            _ => self.call(),
        }
    }

    /// An operation that only computes.
    fn compute(&mut self) {
        let typed = *self.rng.pick(&self.ops.pure);
        let Typed { op, ty } = typed;
        let (mut operands, mut float) = (vec![], None);
        for n in 0..op.row().operands.len() {
            let types = operand_types(typed, n);
            let of = *self.rng.pick(&types);
            operands.push(self.value(of));
            float = of.is_float().then_some(of);
        }
        let condition = match op.format() {
            Format::IntCompare => format!("{} ", self.rng.pick(IntCC::all())),
            Format::FloatCompare => format!("{} ", self.rng.pick(FloatCC::all())),
            _ => String::new(),
        };
        if let (true, Some(from), true) = (op.row().effects.has(Effects::TRAP), float, self.rng.percent(95)) {
            operands[0] = self.small_float(from);
        } else if op.row().effects.has(Effects::TRAP) && float.is_none() && self.rng.percent(95) {
            // a division, which is to trap now and then only
            let one = self.hidden(ty, format_args!("iconst.{ty} 1")).name;
            operands[1] = self.hidden(ty, format_args!("bor.{ty} {}, {one}", operands[1])).name;
        }
        let results: Vec<Value> = result_types(typed).into_iter().map(|ty| Value { name: self.name(), ty }).collect();
        let names: Vec<&str> = results.iter().map(|v| v.name.as_str()).collect();
        self.line(format_args!("    {} = {op}.{ty} {condition}{}", names.join(", "), operands.join(", ")));
        match results[..] {
            [ref r] if r.ty.is_float() && op.row().effects.has(Effects::MAKES_NANS) => self.without_free_bits(r),
            _ => self.visible.extend(results),
        }
    }

    /// The same value, of NaNs one that all agree on: what becomes of their bits could be seen.
    fn without_free_bits(&mut self, x: &Value) {
        let (ty, name) = (x.ty, &x.name);
        let nan = self.hidden(I8, format_args!("fcmp.{ty} uno {name}, {name}")).name;
        let one = self.hidden(ty, format_args!("{ty}const +NaN")).name;
        self.define(ty, format_args!("select.{ty} {nan}, {one}, {name}"));
    }

    /// A float between 0 and 63, with a fraction.
    fn small_float(&mut self, ty: Type) -> String {
        let (x, mask) = (self.value(I8), self.hidden(I8, format_args!("iconst.i8 63")).name);
        let low = self.hidden(I8, format_args!("band.i8 {x}, {mask}")).name;
        let whole = self.hidden(ty, format_args!("fcvt_from_uint.{ty} {low}")).name;
        let scale = self.hidden(ty, format_args!("{ty}const 0x1.6p-1")).name;
        self.hidden(ty, format_args!("fmul.{ty} {whole}, {scale}")).name
    }

    fn flags(&mut self) -> &'static str {
        const FLAGS: [&str; 5] = ["", "notrap ", "little ", "notrap little ", "user9 "];
        FLAGS[self.rng.below(FLAGS.len())]
    }

    /// Base and offset of some bytes of the slot, the base made in one of many ways.
    fn address(&mut self, bytes: usize) -> String {
        let room = SLOT - bytes;
        let target = self.rng.below(room + 1);
        let near = *self.rng.pick(&[0, 0, target, target / 2]);
        let base = self.hidden(I64, format_args!("stack_addr.i64 ss0+{near}")).name;
        match self.rng.below(6) {
            0..2 => format!("{base}+{}", target - near),
            2 => {
                let n = self.rng.below(20) as i64 - 10;
                let step = self.hidden(I64, format_args!("iconst.i64 {n}")).name;
                let sum = self.hidden(I64, format_args!("iadd.i64 {base}, {step}")).name;
                format!("{sum}{:+}", (target - near) as i64 - n)
            }
            form => self.indexed(form, room),
        }
    }

    /// An address with an index, which may be narrow, scaled, or on the left.
    fn indexed(&mut self, form: usize, room: usize) -> String {
        let base = self.hidden(I64, format_args!("stack_addr.i64 ss0")).name;
        let ty = if form == 3 { I32 } else { I64 };
        let (x, mask) = (self.value(ty), self.hidden(ty, format_args!("iconst.{ty} 3")).name);
        let mut index = self.hidden(ty, format_args!("band.{ty} {x}, {mask}")).name;
        if form == 3 {
            index = self.hidden(I64, format_args!("uextend.i64 {index}")).name;
        }
        let shift = self.rng.below(4);
        if self.rng.percent(80) {
            let by = self.hidden(I64, format_args!("iconst.i64 {shift}")).name;
            index = self.hidden(I64, format_args!("ishl.i64 {index}, {by}")).name;
        }
        let (a, b) = if self.rng.percent(50) { (base, index) } else { (index, base) };
        let sum = self.hidden(I64, format_args!("iadd.i64 {a}, {b}")).name;
        format!("{sum}+{}", self.rng.below(room - 24 + 1))
    }

    /// A load, an operation and a store at one address.
    fn modify(&mut self) {
        let ty = *self.rng.pick(&INTS);
        let (at, flags) = (self.address(ty.bytes() as usize), self.flags());
        let x = self.value(ty);
        let op = *self.rng.pick(&["iadd", "isub", "band", "bor", "bxor"]);
        let old = self.hidden(ty, format_args!("load.{ty} {flags}{at}")).name;
        let (a, b) = if self.rng.percent(80) { (old.clone(), x) } else { (x, old.clone()) };
        let new = self.hidden(ty, format_args!("{op}.{ty} {a}, {b}"));
        self.line(format_args!("    store.{ty} {flags}{}, {at}", new.name));
        if self.rng.percent(20) {
            self.visible.push(if self.rng.percent(50) { Value { name: old, ty } } else { new });
        }
    }

    /// A trap that seldom happens.
    fn trap(&mut self) {
        let Typed { op, ty } = *self.rng.pick(&self.ops.traps);
        let (x, code) = (self.value(I8), *self.rng.pick(&CODES));
        let (y, z) = (self.value(ty), self.value(ty));
        let c = match self.rng.below(4) {
            0 => y,
            1 => self.define(ty, format_args!("bor.{ty} {y}, {z}")).name,
            _ => {
                self.define(
                    I8,
                    format_args!("icmp.{ty} {} {y}, {z}", if op.row().name == "trapz" { "ne" } else { "eq" }),
                )
                .name
            }
        };
        let narrow = self.visible.iter().any(|v| v.name == c && v.ty == I8);
        let ty = if narrow { I8 } else { ty };
        let c = if self.rng.percent(3) { (x, I8) } else { (c, ty) };
        self.line(format_args!("    {op}.{} {}, {code}", c.1, c.0));
    }

    /// A sum that seldom overflows: most often of halves.
    fn sum(&mut self) {
        let Typed { op, ty } = *self.rng.pick(&self.ops.sums);
        let (mut x, mut y) = (self.value(ty), self.value(ty));
        if self.rng.percent(90) {
            let one = self.hidden(ty, format_args!("iconst.{ty} 1")).name;
            x = self.hidden(ty, format_args!("ushr.{ty} {x}, {one}")).name;
            y = self.hidden(ty, format_args!("ushr.{ty} {y}, {one}")).name;
        }
        let code = *self.rng.pick(&CODES);
        self.define(ty, format_args!("{op}.{ty} {x}, {y}, {code}"));
    }

    fn call(&mut self) {
        let cheap: Vec<usize> =
            (0..self.made.len()).filter(|&n| self.made[n].cost + self.cost < MOST_COST / 6).collect();
        if cheap.is_empty() {
            return self.compute();
        }
        let callee = *self.rng.pick(&cheap);
        let number = self.imports.iter().position(|n| *n == callee).unwrap_or_else(|| {
            self.imports.push(callee);
            self.imports.len() - 1
        });
        let made = &self.made[callee];
        self.cost += made.cost;
        let args: Vec<String> = made.params.iter().map(|ty| self.value(*ty)).collect();
        let args = args.join(", ");
        let indirect = self.rng.percent(30);
        let address =
            if indirect { self.hidden(I64, format_args!("func_addr.i64 fn{number}")).name } else { String::new() };
        let results: Vec<Value> = made.returns.iter().map(|ty| Value { name: self.name(), ty: *ty }).collect();
        let names: Vec<&str> = results.iter().map(|v| v.name.as_str()).collect();
        let equals = if names.is_empty() { String::new() } else { format!("{} = ", names.join(", ")) };
        match indirect {
            true => self.line(format_args!("    {equals}call_indirect sig{number}, {address}({args})")),
            false => self.line(format_args!("    {equals}call fn{number}({args})")),
        }
        self.visible.extend(results);
    }

    fn end(&mut self, block: usize) {
        match self.shape.ends[block].clone() {
            End::Return => self.finish(),
            End::Trap => {
                let code = *self.rng.pick(&CODES);
                self.line(format_args!("    trap {code}"));
            }
            End::Jump(to) => {
                let to = self.edge(to);
                self.line(format_args!("    jump {to}"));
            }
            End::Brif(yes, no) => {
                let ty = *self.rng.pick(&[I8, I8, I8, I32, I64, I128]);
                let c = self.value(ty);
                let (yes, no) = (self.edge(yes), self.edge(no));
                self.line(format_args!("    brif.{ty} {c}, {yes}, {no}"));
            }
        }
    }

    fn edge(&mut self, to: usize) -> String {
        let args: Vec<String> = self.params[to].clone().into_iter().map(|ty| self.value(ty)).collect();
        if args.is_empty() { format!("block{to}") } else { format!("block{to}({})", args.join(", ")) }
    }

    /// Returns, and uses what was kept.
    fn finish(&mut self) {
        let mut values: Vec<String> = self.returns.clone().into_iter().map(|ty| self.value(ty)).collect();
        if let (Some(first), Some(&ty)) = (values.first_mut(), self.returns.first().filter(|t| t.is_int())) {
            let mut sum = first.clone();
            for kept in self.kept.clone() {
                sum = self.hidden(ty, format_args!("bxor.{ty} {sum}, {}", kept.name)).name;
            }
            values[0] = sum;
        }
        self.line(format_args!("    return {}", values.join(", ")));
    }
}
