//! Writes the trait `InstBuilder` from the table of operations: a method for each row and one for each format, and the
//! conveniences that expand to rows which exist. Needs the rows of `windlass-desc`; leaves `inst_builder.rs` in `OUT_DIR`.

use std::fmt::Write;
use windlass_desc::ops::{Ctv, Format, OPS, OpRow, Opcode};

/// A parameter of a builder method besides value operands; its name is that of the instruction's field.
#[derive(Clone, Copy)]
enum Param {
    /// Memory flags, put into the function's set.
    Flags,
    /// Anything that converts into this type.
    Into(&'static str, &'static str),
    /// This type.
    Plain(&'static str, &'static str),
    /// A variable number of values.
    Values,
    /// A block with arguments.
    Target(&'static str),
}
use Param::*;

/// The value operands that instructions of a format have.
#[derive(Clone, Copy)]
enum Args {
    Fixed(usize),
    List,
}

/// How instructions of a format are made: operands, parameters before them and after them.
struct Shape {
    format: Format,
    args: Args,
    before: &'static [Param],
    after: &'static [Param],
}

const fn shape(format: Format, args: Args, before: &'static [Param], after: &'static [Param]) -> Shape {
    Shape { format, args, before, after }
}

const OFFSET: Param = Into("offset", "Offset32");
const CODE: Param = Into("code", "TrapCode");
const LANE: Param = Into("imm", "Uimm8");
const FUNC: Param = Plain("func_ref", "FuncRef");
const HANDLERS: Param = Plain("exception", "ExceptionTable");

const SHAPES: [Shape; 36] = [
    shape(Format::AtomicCas, Args::Fixed(3), &[Flags], &[]),
    shape(Format::AtomicRmw, Args::Fixed(2), &[Flags, Into("op", "AtomicRmwOp")], &[]),
    shape(Format::Binary, Args::Fixed(2), &[], &[]),
    shape(Format::BinaryImm8, Args::Fixed(1), &[], &[LANE]),
    shape(Format::BranchTable, Args::Fixed(1), &[], &[Plain("table", "JumpTable")]),
    shape(Format::Brif, Args::Fixed(1), &[], &[Target("block_then"), Target("block_else")]),
    shape(Format::Call, Args::List, &[FUNC], &[Values]),
    shape(Format::CallIndirect, Args::List, &[Plain("sig_ref", "SigRef")], &[Values]),
    shape(Format::CondTrap, Args::Fixed(1), &[], &[CODE]),
    shape(Format::DynamicStackAddr, Args::Fixed(0), &[Plain("dynamic_stack_slot", "DynamicStackSlot")], &[]),
    shape(Format::ExceptionHandlerAddress, Args::Fixed(0), &[Plain("block", "Block"), Into("imm", "Imm64")], &[]),
    shape(Format::FloatCompare, Args::Fixed(2), &[Into("cond", "FloatCC")], &[]),
    shape(Format::FuncAddr, Args::Fixed(0), &[FUNC], &[]),
    shape(Format::IntAddTrap, Args::Fixed(2), &[], &[CODE]),
    shape(Format::IntCompare, Args::Fixed(2), &[Into("cond", "IntCC")], &[]),
    shape(Format::Jump, Args::Fixed(0), &[Target("block")], &[]),
    shape(Format::Load, Args::Fixed(1), &[Flags], &[OFFSET]),
    shape(Format::LoadNoOffset, Args::Fixed(1), &[Flags], &[]),
    shape(Format::MultiAry, Args::List, &[], &[Values]),
    shape(Format::NullAry, Args::Fixed(0), &[], &[]),
    shape(Format::Shuffle, Args::Fixed(2), &[], &[Plain("imm", "Immediate")]),
    shape(Format::StackAddr, Args::Fixed(0), &[Plain("stack_slot", "StackSlot"), OFFSET], &[]),
    shape(Format::Store, Args::Fixed(2), &[Flags], &[OFFSET]),
    shape(Format::StoreNoOffset, Args::Fixed(2), &[Flags], &[]),
    shape(Format::Ternary, Args::Fixed(3), &[], &[]),
    shape(Format::TernaryImm8, Args::Fixed(2), &[], &[LANE]),
    shape(Format::Trap, Args::Fixed(0), &[CODE], &[]),
    shape(Format::TryCall, Args::List, &[FUNC], &[Values, HANDLERS]),
    shape(Format::TryCallIndirect, Args::List, &[], &[Values, HANDLERS]),
    shape(Format::Unary, Args::Fixed(1), &[], &[]),
    shape(Format::UnaryConst, Args::Fixed(0), &[Plain("constant_handle", "Constant")], &[]),
    shape(Format::UnaryGlobalValue, Args::Fixed(0), &[Plain("global_value", "GlobalValue")], &[]),
    shape(Format::UnaryIeee16, Args::Fixed(0), &[Into("imm", "Ieee16")], &[]),
    shape(Format::UnaryIeee32, Args::Fixed(0), &[Into("imm", "Ieee32")], &[]),
    shape(Format::UnaryIeee64, Args::Fixed(0), &[Into("imm", "Ieee64")], &[]),
    shape(Format::UnaryImm, Args::Fixed(0), &[Into("imm", "Imm64")], &[]),
];

impl Shape {
    fn params(&self) -> impl Iterator<Item = Param> {
        self.before.iter().chain(self.after).copied()
    }
}

/// The method that makes any instruction of a format from its fields.
fn format_method(s: &Shape) -> String {
    let (mut signature, mut fields, mut targets) = (String::new(), String::new(), vec![]);
    for p in s.params() {
        let (name, ty) = match p {
            Flags => ("flags", "MemFlags"),
            Into(name, ty) | Plain(name, ty) => (name, ty),
            Target(name) => (name, "BlockCall"),
            Values => continue,
        };
        write!(signature, ", {name}: {ty}").unwrap();
        match p {
            Target(_) => targets.push(name),
            _ => write!(fields, ", {name}").unwrap(),
        }
    }
    match targets[..] {
        [] => {}
        [target] => write!(fields, ", destination: {target}").unwrap(),
        _ => write!(fields, ", blocks: [{}]", targets.join(", ")).unwrap(),
    }
    match s.args {
        Args::Fixed(0) => {}
        Args::Fixed(1) => {
            signature += ", arg: Value";
            fields += ", arg";
        }
        Args::Fixed(n) => {
            let names: Vec<String> = (0..n).map(|i| format!("arg{i}")).collect();
            names.iter().for_each(|name| write!(signature, ", {name}: Value").unwrap());
            write!(fields, ", args: [{}]", names.join(", ")).unwrap();
        }
        Args::List => {
            signature += ", args: ValueList";
            fields += ", args";
        }
    }
    let name = format!("{:?}", s.format);
    format!(
        "    /// Makes an instruction of format `{name}` from its fields.
    #[allow(non_snake_case, clippy::too_many_arguments)]
    fn {name}(self, opcode: Opcode, ctrl_typevar: Type{signature}) -> (Inst, &'f mut DataFlowGraph) {{
        self.build(InstructionData::{name} {{ opcode{fields} }}, ctrl_typevar)
    }}\n"
    )
}

/// A method under construction.
#[derive(Default)]
struct Method {
    generics: Vec<String>,
    signature: String,
    body: String,
    /// What the format's method is given.
    fields: String,
}

impl Method {
    fn param(&mut self, p: Param, fixed: &[&str]) {
        let generic = format!("T{}", self.generics.len());
        match p {
            Flags => {
                write!(self.signature, ", flags: {generic}").unwrap();
                self.generics.push(format!("{generic}: Into<MemFlagsData>"));
                self.body +=
                    "        let flags = self.data_flow_graph_mut().mem_flags.insert_unchecked(flags.into());\n";
                self.fields += ", flags";
            }
            Into(name, ty) => {
                write!(self.signature, ", {name}: {generic}").unwrap();
                self.generics.push(format!("{generic}: Into<{ty}>"));
                writeln!(self.body, "        let {name}: {ty} = {name}.into();").unwrap();
                write!(self.fields, ", {name}").unwrap();
            }
            Plain(name, ty) => {
                write!(self.signature, ", {name}: {ty}").unwrap();
                write!(self.fields, ", {name}").unwrap();
            }
            Target(name) => {
                if self.generics.is_empty() {
                    self.generics.push("'a".into());
                }
                write!(self.signature, ", {name}: Block, {name}_args: impl IntoIterator<Item = &'a BlockArg>").unwrap();
                writeln!(self.body, "        let {name} = self.data_flow_graph_mut().block_call({name}, {name}_args);")
                    .unwrap();
                write!(self.fields, ", {name}").unwrap();
            }
            Values => {
                self.signature += ", args: &[Value]";
                self.body += "        let pool = &mut self.data_flow_graph_mut().value_lists;\n";
                writeln!(self.body, "        let mut values = ValueList::from_slice(&[{}], pool);", fixed.join(", "))
                    .unwrap();
                self.body += "        values.extend(args.iter().copied(), pool);\n";
            }
        }
    }
}

/// The method of an operation.
fn row_method(op: Opcode, row: &OpRow) -> String {
    let s = SHAPES.iter().find(|s| s.format == row.format).expect("every format has a shape");
    let operands: Vec<&str> = row.operands.iter().map(|o| o.name).collect();
    assert!(!matches!(s.args, Args::Fixed(n) if n != operands.len()), "{}: its format has other operands", row.name);
    let mut m = Method::default();
    if let Ctv::Suffix(_) = row.ctv {
        m.signature += ", ctrl_typevar: Type";
    }
    s.before.iter().for_each(|p| m.param(*p, &operands));
    for name in &operands {
        assert!(!m.signature.contains(&format!(" {name}: ")), "{}: operand `{name}` needs another name", row.name);
        write!(m.signature, ", {name}: Value").unwrap();
    }
    s.after.iter().for_each(|p| m.param(*p, &operands));
    match s.args {
        Args::Fixed(_) => operands.iter().for_each(|name| write!(m.fields, ", {name}").unwrap()),
        Args::List => m.fields += ", values",
    }
    match row.ctv {
        Ctv::None => m.body += "        let ctrl_typevar = types::INVALID;\n",
        Ctv::Suffix(_) => {}
        Ctv::Operand(n, _) => {
            let of = operands[usize::from(n)];
            writeln!(m.body, "        let ctrl_typevar = self.data_flow_graph().value_type({of});").unwrap();
        }
    }
    if row.format == Format::UnaryImm {
        m.body += "        let imm = imm.zero_extend_from_width(ctrl_typevar.bits());\n";
    }
    let (returned, bind, result) = match row.results.len() {
        0 => ("Inst", "let (inst, _)", "inst"),
        1 => ("Value", "let (inst, dfg)", "dfg.first_result(inst)"),
        2 => ("(Value, Value)", "let (inst, dfg)", "(dfg.inst_results(inst)[0], dfg.inst_results(inst)[1])"),
        n => panic!("{} has {n} results", row.name),
    };
    // a word of Rust
    let name = match row.name {
        "return" => "return_",
        name => name,
    };
    let generics = if m.generics.is_empty() { String::new() } else { format!("<{}>", m.generics.join(", ")) };
    let this = if m.body.contains("_mut()") { "mut self" } else { "self" };
    let doc: String = row.doc.lines().map(|line| format!("    ///{line}\n")).collect();
    format!(
        "{doc}    #[allow(clippy::too_many_arguments)]
    fn {name}{generics}({this}{signature}) -> {returned} {{
{body}        {bind} = self.{format:?}(Opcode::{op:?}, ctrl_typevar{fields});
        {result}
    }}\n",
        signature = m.signature,
        body = m.body,
        fields = m.fields,
        format = row.format,
    )
}

/// Methods with an immediate operand instead of the second value.
fn immediate_methods() -> String {
    let mut out = String::new();
    for op in [
        "iadd", "imul", "udiv", "sdiv", "urem", "srem", "band", "bor", "bxor", "rotl", "rotr", "ishl", "ushr", "sshr",
        "icmp",
    ] {
        let (cond, pass) = if op == "icmp" { (", cond: IntCC", "cond, ") } else { ("", "") };
        let shifts = matches!(op, "rotl" | "rotr" | "ishl" | "ushr" | "sshr");
        let amount = if shifts { "        let ty = amount_type(ty);\n" } else { "" };
        let signed = matches!(op, "iadd" | "imul" | "sdiv" | "srem" | "icmp");
        for (suffix, signed) in [("", signed), ("_s", true), ("_u", false)] {
            let how = if signed { "sign-extended" } else { "zero-extended" };
            writeln!(
                out,
                "    /// `{op}` with a constant of `x`'s type as second operand: `y`, {how} where 64 bits are too few.
    fn {op}_imm{suffix}<T: Into<Imm64>>(mut self{cond}, x: Value, y: T) -> Value {{
        let ty = self.data_flow_graph().value_type(x);
{amount}        let y = self.build_imm_const(ty, y.into(), {signed});
        self.{op}({pass}x, y)
    }}"
            )
            .unwrap();
        }
    }
    out
}

/// Other conveniences.
const CONVENIENCES: [&str; 7] = [
    "    /// Bitwise and of `x` and the complement of `y`.
    fn band_not(mut self, x: Value, y: Value) -> Value {
        let y = bnot(&mut self, y);
        self.band(x, y)
    }",
    "    /// Bitwise or of `x` and the complement of `y`.
    fn bor_not(mut self, x: Value, y: Value) -> Value {
        let y = bnot(&mut self, y);
        self.bor(x, y)
    }",
    "    /// Bitwise exclusive or of `x` and the complement of `y`.
    fn bxor_not(mut self, x: Value, y: Value) -> Value {
        let y = bnot(&mut self, y);
        self.bxor(x, y)
    }",
    "    /// Loads a value of type `ty` from a stack slot, by an address of type `pointer`.
    fn stack_load<T: Into<Offset32>>(mut self, pointer: Type, ty: Type, stack_slot: StackSlot, offset: T) -> Value {
        let data = InstructionData::StackAddr { opcode: Opcode::StackAddr, stack_slot, offset: offset.into() };
        let address = aux_value(&mut self, data, pointer);
        self.load(ty, MemFlagsData::new().with_notrap(), address, 0)
    }",
    "    /// Stores `x` to a stack slot, by an address of type `pointer`.
    fn stack_store<T: Into<Offset32>>(mut self, pointer: Type, x: Value, stack_slot: StackSlot, offset: T) -> Inst {
        let data = InstructionData::StackAddr { opcode: Opcode::StackAddr, stack_slot, offset: offset.into() };
        let address = aux_value(&mut self, data, pointer);
        self.store(MemFlagsData::new().with_notrap(), x, address, 0)
    }",
    "    /// Loads a dynamic vector of type `ty` from its stack slot, by an address of type `pointer`.
    fn dynamic_stack_load(mut self, pointer: Type, ty: Type, dynamic_stack_slot: DynamicStackSlot) -> Value {
        let data = InstructionData::DynamicStackAddr { opcode: Opcode::DynamicStackAddr, dynamic_stack_slot };
        let address = aux_value(&mut self, data, pointer);
        self.load(ty, MemFlagsData::new().with_notrap(), address, 0)
    }",
    "    /// Stores the dynamic vector `x` to its stack slot, by an address of type `pointer`.
    fn dynamic_stack_store(mut self, pointer: Type, x: Value, dynamic_stack_slot: DynamicStackSlot) -> Inst {
        let data = InstructionData::DynamicStackAddr { opcode: Opcode::DynamicStackAddr, dynamic_stack_slot };
        let address = aux_value(&mut self, data, pointer);
        self.store(MemFlagsData::new().with_notrap(), x, address, 0)
    }",
];

fn main() {
    let mut out = String::from(
        "/// Builds instructions: a method for each operation, which returns its result or results, or else the instruction.
pub trait InstBuilder<'f>: InstBuilderBase<'f> {\n",
    );
    for (op, row) in Opcode::ALL.iter().zip(OPS) {
        out += &row_method(*op, row);
    }
    out += &immediate_methods();
    for method in CONVENIENCES {
        writeln!(out, "{method}").unwrap();
    }
    for s in &SHAPES {
        out += &format_method(s);
    }
    out += "}\n\nimpl<'f, T: InstBuilderBase<'f>> InstBuilder<'f> for T {}\n";
    let dir = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    std::fs::write(std::path::Path::new(&dir).join("inst_builder.rs"), out).expect("OUT_DIR can be written to");
    println!("cargo::rerun-if-changed=build.rs");
}
