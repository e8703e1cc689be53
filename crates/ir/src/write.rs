//! Prints functions as CLIF, the inverse of the reader. Needs the data structures, whose parts know their own text; what
//! depends on the function as a whole is written here. A [`FuncWriter`] may change or add to each part.

mod operands;
mod preamble;

use crate::aliases::{Aliases, Resolver};
use crate::entity::SecondaryMap;
use crate::entity::packed_option::ReservedValue;
use crate::ir::dfg::{DataFlowGraph, DisplayInst};
use crate::ir::entities::{AnyEntity, Block, Inst, Value};
use crate::ir::function::{DisplayFunction, DisplayFunctionSpec};
use crate::ir::{DynamicTypeData, Function, ValueDef};
use std::fmt::{self, Write};
use windlass_desc::ops::Ctv;

pub use operands::write_operands;

/// How far instructions are indented.
const INDENT: usize = 4;
/// How far they are indented if any has a source location or debug tags.
const WIDE_INDENT: usize = 36;

/// For each value its direct aliases, in the order of their numbers.
pub(crate) type DirectAliases = SecondaryMap<Value, Vec<Value>>;

/// Writes the parts of a function. The methods that have a default do what [`PlainWriter`] does.
pub trait FuncWriter {
    /// Writes a block's first line.
    fn write_block_header(&mut self, w: &mut dyn Write, func: &Function, block: Block, indent: usize) -> fmt::Result;

    /// Writes an instruction, with the aliases of its results.
    fn write_instruction(
        &mut self,
        w: &mut dyn Write,
        func: &Function,
        aliases: &SecondaryMap<Value, Vec<Value>>,
        inst: Inst,
        indent: usize,
    ) -> fmt::Result;

    /// Writes the declarations, and says whether there are any.
    fn write_preamble(&mut self, w: &mut dyn Write, func: &Function) -> Result<bool, fmt::Error> {
        self.super_preamble(w, func)
    }

    /// What [`FuncWriter::write_preamble`] does by default.
    fn super_preamble(&mut self, w: &mut dyn Write, func: &Function) -> Result<bool, fmt::Error> {
        preamble::write(self, w, func)
    }

    /// Writes a declaration.
    fn write_entity_definition(
        &mut self,
        w: &mut dyn Write,
        func: &Function,
        entity: AnyEntity,
        value: &dyn fmt::Display,
    ) -> fmt::Result {
        self.super_entity_definition(w, func, entity, value)
    }

    /// What [`FuncWriter::write_entity_definition`] does by default.
    fn super_entity_definition(
        &mut self,
        w: &mut dyn Write,
        _func: &Function,
        entity: AnyEntity,
        value: &dyn fmt::Display,
    ) -> fmt::Result {
        writeln!(w, "    {entity} = {value}")
    }
}

/// Writes plain CLIF.
pub struct PlainWriter;

impl FuncWriter for PlainWriter {
    fn write_block_header(&mut self, w: &mut dyn Write, func: &Function, block: Block, indent: usize) -> fmt::Result {
        write_block_header(w, func, block, indent)
    }

    fn write_instruction(
        &mut self,
        w: &mut dyn Write,
        func: &Function,
        aliases: &SecondaryMap<Value, Vec<Value>>,
        inst: Inst,
        indent: usize,
    ) -> fmt::Result {
        write_instruction(w, func, (aliases, Resolver::Graph(&func.dfg)), inst, indent)
    }
}

/// Writes plain CLIF of one function, whose aliases it has resolved beforehand.
pub(crate) struct FunctionWriter {
    aliases: Aliases,
}

impl FunctionWriter {
    pub(crate) fn new(func: &Function) -> Self {
        FunctionWriter { aliases: Aliases::of(&func.dfg) }
    }
}

impl FuncWriter for FunctionWriter {
    fn write_block_header(&mut self, w: &mut dyn Write, func: &Function, block: Block, indent: usize) -> fmt::Result {
        write_block_header(w, func, block, indent)
    }

    fn write_instruction(
        &mut self,
        w: &mut dyn Write,
        func: &Function,
        aliases: &SecondaryMap<Value, Vec<Value>>,
        inst: Inst,
        indent: usize,
    ) -> fmt::Result {
        write_instruction(w, func, (aliases, Resolver::Known(&self.aliases)), inst, indent)
    }
}

/// Writes a function.
pub fn write_function(w: &mut dyn Write, func: &Function) -> fmt::Result {
    decorate_function(&mut FunctionWriter::new(func), w, func)
}

/// Writes a function's name and signature, as its first line has them.
pub fn write_function_spec(w: &mut dyn Write, func: &Function) -> fmt::Result {
    write!(w, "{}{}", func.name, func.signature)
}

/// Writes a function part by part with `writer`.
pub fn decorate_function<FW: FuncWriter>(writer: &mut FW, w: &mut dyn Write, func: &Function) -> fmt::Result {
    w.write_str("function ")?;
    write_function_spec(w, func)?;
    w.write_str(" {\n")?;
    let aliases = direct_aliases(func);
    let mut any = writer.write_preamble(w, func)?;
    let indent = if has_places(func) { WIDE_INDENT } else { INDENT };
    for block in func.layout.blocks() {
        if any {
            w.write_char('\n')?;
        }
        writer.write_block_header(w, func, block, indent)?;
        for &param in func.dfg.block_params(block) {
            write_aliases(w, &aliases, param, indent)?;
        }
        for inst in func.layout.block_insts(block) {
            writer.write_instruction(w, func, &aliases, inst, indent)?;
        }
        any = true;
    }
    w.write_str("}\n")
}

fn write_indent(w: &mut dyn Write, indent: usize) -> fmt::Result {
    const BLANKS: &str = "                                    ";
    w.write_str(&BLANKS[..indent.min(BLANKS.len())])
}

/// Has any instruction a source location or debug tags?
fn has_places(func: &Function) -> bool {
    !func.debug_tags.is_empty()
        || func.layout.blocks().any(|b| func.layout.block_insts(b).any(|i| !func.srclocs[i].is_default()))
}

fn direct_aliases(func: &Function) -> DirectAliases {
    let mut aliases = DirectAliases::new();
    for v in func.dfg.values() {
        if let Some(to) = func.dfg.value_alias_dest_for_serialization(v) {
            aliases[to].push(v);
        }
    }
    aliases
}

/// Writes a block's first line, for a function whose instructions are indented by `indent`.
pub fn write_block_header(w: &mut dyn Write, func: &Function, block: Block, indent: usize) -> fmt::Result {
    write_indent(w, indent.saturating_sub(INDENT))?;
    write!(w, "{block}")?;
    let params = func.dfg.block_params(block);
    for (i, &v) in params.iter().enumerate() {
        write!(w, "{}{v}: {}", if i == 0 { "(" } else { ", " }, func.dfg.value_type(v))?;
    }
    w.write_str(if params.is_empty() { "" } else { ")" })?;
    w.write_str(if func.layout.is_cold(block) { " cold:\n" } else { ":\n" })
}

/// Writes the aliases of a value, and theirs.
fn write_aliases(w: &mut dyn Write, aliases: &DirectAliases, of: Value, indent: usize) -> fmt::Result {
    let mut todo = vec![of];
    while let Some(to) = todo.pop() {
        for &alias in &aliases[to] {
            write_indent(w, indent)?;
            writeln!(w, "{alias} -> {to}")?;
            todo.push(alias);
        }
    }
    Ok(())
}

impl fmt::Display for DisplayFunction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_function(f, self.0)
    }
}

impl fmt::Display for DisplayFunctionSpec<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_function_spec(f, self.0)
    }
}

/// An instruction's text for messages, cut off where it becomes long.
pub(crate) fn short_text(dfg: &DataFlowGraph, inst: Inst) -> String {
    let mut short = Short { text: String::new() };
    // It fails where it is cut off.
    if write!(short, "{}", dfg.display_inst(inst)).is_err() {
        short.text.push_str("...");
    }
    short.text
}

/// A text of limited length.
struct Short {
    text: String,
}

impl Write for Short {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        const LIMIT: usize = 300;
        if self.text.len() + s.len() > LIMIT {
            return Err(fmt::Error);
        }
        self.text.push_str(s);
        Ok(())
    }
}

/// As nothing is known of what stands before it, the controlling type is always there.
impl fmt::Display for DisplayInst<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_results(f, self.0, self.1)?;
        write_suffix(f, self.0, self.1)?;
        write_operands(f, self.0, self.1)
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_function(f, self)
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_function(f, self)
    }
}

fn write_instruction(
    w: &mut dyn Write,
    func: &Function,
    (direct, resolver): (&DirectAliases, Resolver),
    inst: Inst,
    indent: usize,
) -> fmt::Result {
    let tags = tags(func, inst)?;
    let srcloc = func.srcloc(inst);
    let place = if srcloc.is_default() { String::new() } else { format!("{srcloc} ") };
    w.write_str(&tags)?;
    w.write_str(&place)?;
    write_indent(w, indent.saturating_sub(tags.len() + place.len()))?;
    write_results(w, &func.dfg, inst)?;
    if !is_suffix_known(func, resolver, inst) {
        write_suffix(w, &func.dfg, inst)?;
    }
    operands::write(w, &func.dfg, resolver, inst)?;
    w.write_char('\n')?;
    for &v in func.dfg.inst_results(inst) {
        write_aliases(w, direct, v, indent.saturating_sub(tags.len()))?;
    }
    Ok(())
}

fn tags(func: &Function, inst: Inst) -> Result<String, fmt::Error> {
    let mut s = String::new();
    for (i, tag) in func.debug_tags.get(inst).iter().enumerate() {
        write!(s, "{}{tag}", if i == 0 { "<" } else { ", " })?;
    }
    s.push_str(if s.is_empty() { "" } else { "> " });
    Ok(s)
}

/// Writes an instruction's results and its opcode.
fn write_results(w: &mut dyn Write, dfg: &DataFlowGraph, inst: Inst) -> fmt::Result {
    let results = dfg.inst_results(inst);
    for (i, v) in results.iter().enumerate() {
        write!(w, "{}{v}", if i > 0 { ", " } else { "" })?;
    }
    w.write_str(if results.is_empty() { "" } else { " = " })?;
    w.write_str(dfg.insts[inst].opcode().row().name)
}

/// Writes the controlling type, if the operation has one.
fn write_suffix(w: &mut dyn Write, dfg: &DataFlowGraph, inst: Inst) -> fmt::Result {
    if dfg.insts[inst].opcode().row().ctv == Ctv::None {
        return Ok(());
    }
    let ty = dfg.ctrl_typevar(inst);
    if ty.is_dynamic_vector() {
        // It goes by the name of a declaration that is printed.
        let declares = |d: &DynamicTypeData| d.concrete() == Some(ty) && !d.dynamic_scale.is_reserved_value();
        if let Some((dt, _)) = dfg.dynamic_types.iter().find(|(_, d)| declares(d)) {
            return write!(w, ".{dt}");
        }
    }
    write!(w, ".{ty}")
}

/// Does the reader know the controlling type by an operand?
fn is_suffix_known(func: &Function, resolver: Resolver, inst: Inst) -> bool {
    let Ctv::Operand(n, _) = func.dfg.insts[inst].opcode().row().ctv else { return false };
    func.dfg.inst_args(inst).get(n as usize).is_some_and(|v| is_known_before(func, resolver, *v, inst))
}

/// Is the value defined in the instruction's block, before it?
fn is_known_before(func: &Function, resolver: Resolver, v: Value, inst: Inst) -> bool {
    if !func.dfg.value_is_valid(v) {
        return false;
    }
    let block = func.layout.inst_block(inst);
    match func.dfg.value_def(resolver.resolve(v)) {
        ValueDef::Result(def, _) => {
            func.layout.inst_block(def) == block && func.layout.pp_cmp(def, inst) == std::cmp::Ordering::Less
        }
        ValueDef::Param(def, _) => Some(def) == block,
    }
}
