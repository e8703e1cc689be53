//! Prints the operands of instructions, with the constants among them in a comment. Needs the data flow graph.

use crate::aliases::Resolver;
use crate::ir::dfg::DataFlowGraph;
use crate::ir::entities::{Inst, Value};
use crate::ir::immediates::{Ieee128, Imm64};
use crate::ir::{BlockCall, ExceptionTableItem, InstructionData, MemFlags, ValueDef};
use std::fmt::{self, Display, Write};
use windlass_desc::ops::Opcode;

/// Values with `, ` between.
struct List<'a>(&'a [Value]);

impl Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, v) in self.0.iter().enumerate() {
            write!(f, "{}{v}", if i > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// Memory flags, each with a space before it.
struct Flags<'a>(&'a DataFlowGraph, MemFlags);

impl Display for Flags<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.mem_flags.is_valid(self.1) {
            true => write!(f, "{}", self.0.mem_flags[self.1]),
            false => write!(f, " {}", self.1),
        }
    }
}

/// Writes an instruction's operands with the space before them, and a comment that tells the constants among them.
pub fn write_operands(w: &mut dyn Write, dfg: &DataFlowGraph, inst: Inst) -> fmt::Result {
    write(w, dfg, Resolver::Graph(dfg), inst)
}

pub(super) fn write(w: &mut dyn Write, dfg: &DataFlowGraph, resolver: Resolver, inst: Inst) -> fmt::Result {
    operands(w, dfg, inst)?;
    stack_map(w, dfg, inst)?;
    let mut sep = "  ; ";
    for v in comment_values(dfg, inst) {
        if let Some(text) = constant_text(dfg, resolver, v) {
            write!(w, "{sep}{v} = {text}")?;
            sep = ", ";
        }
    }
    Ok(())
}

fn operands(w: &mut dyn Write, dfg: &DataFlowGraph, inst: Inst) -> fmt::Result {
    use InstructionData as I;
    let pool = &dfg.value_lists;
    let flags = |f| Flags(dfg, f);
    match &dfg.insts[inst] {
        I::NullAry { .. } => write!(w, " "),
        I::Unary { arg, .. } => write!(w, " {arg}"),
        I::Binary { args, .. } => write!(w, " {}", List(args)),
        I::Ternary { args, .. } => write!(w, " {}", List(args)),
        I::MultiAry { args, .. } if args.is_empty() => Ok(()),
        I::MultiAry { args, .. } => write!(w, " {}", List(args.as_slice(pool))),
        I::UnaryImm { imm, .. } => write!(w, " {}", iconst(dfg, inst, *imm)),
        I::UnaryIeee16 { imm, .. } => write!(w, " {imm}"),
        I::UnaryIeee32 { imm, .. } => write!(w, " {imm}"),
        I::UnaryIeee64 { imm, .. } => write!(w, " {imm}"),
        I::UnaryConst { constant_handle, .. } => write!(w, " {constant_handle}"),
        I::UnaryGlobalValue { global_value, .. } => write!(w, " {global_value}"),
        I::BinaryImm8 { arg, imm, .. } => write!(w, " {arg}, {imm}"),
        I::TernaryImm8 { args, imm, .. } => write!(w, " {}, {imm}", List(args)),
        I::Shuffle { args, imm, .. } => match dfg.immediates.get(*imm) {
            Some(mask) => write!(w, " {}, {mask}", List(args)),
            None => write!(w, " {}, {imm}", List(args)),
        },
        I::IntCompare { cond, args, .. } => write!(w, " {cond} {}", List(args)),
        I::FloatCompare { cond, args, .. } => write!(w, " {cond} {}", List(args)),
        I::IntAddTrap { args, code, .. } => write!(w, " {}, {code}", List(args)),
        I::Trap { code, .. } => write!(w, " {code}"),
        I::CondTrap { arg, code, .. } => write!(w, " {arg}, {code}"),
        I::FuncAddr { func_ref, .. } => write!(w, " {func_ref}"),
        I::StackAddr { stack_slot, offset, .. } => write!(w, " {stack_slot}{offset}"),
        I::DynamicStackAddr { dynamic_stack_slot, .. } => write!(w, " {dynamic_stack_slot}"),
        I::ExceptionHandlerAddress { block, imm, .. } => write!(w, " {block}, {imm}"),
        I::Load { flags: f, arg, offset, .. } => write!(w, "{} {arg}{offset}", flags(*f)),
        I::LoadNoOffset { flags: f, arg, .. } => write!(w, "{} {arg}", flags(*f)),
        I::Store { flags: f, args, offset, .. } => write!(w, "{} {}{offset}", flags(*f), List(args)),
        I::StoreNoOffset { flags: f, args, .. } => write!(w, "{} {}", flags(*f), List(args)),
        I::AtomicRmw { flags: f, op, args, .. } => write!(w, "{} {op} {}", flags(*f), List(args)),
        I::AtomicCas { flags: f, args, .. } => write!(w, "{} {}", flags(*f), List(args)),
        other => control(w, dfg, other),
    }
}

/// The operands of branches and calls.
fn control(w: &mut dyn Write, dfg: &DataFlowGraph, data: &InstructionData) -> fmt::Result {
    use InstructionData as I;
    let pool = &dfg.value_lists;
    match data {
        I::Jump { destination, .. } => write!(w, " {}", destination.display(pool)),
        I::Brif { arg, blocks: [then, otherwise], .. } => {
            write!(w, " {arg}, {}, {}", then.display(pool), otherwise.display(pool))
        }
        I::BranchTable { arg, table, .. } => match dfg.jump_tables.get(*table) {
            Some(t) => write!(w, " {arg}, {}", t.display(pool)),
            None => write!(w, " {arg}, {table}"),
        },
        I::Call { func_ref, args, .. } => write!(w, " {func_ref}({})", List(args.as_slice(pool))),
        I::CallIndirect { sig_ref, args, .. } => {
            let (callee, args) = split_callee(args.as_slice(pool));
            write!(w, " {sig_ref}, {}({})", List(callee), List(args))
        }
        I::TryCall { func_ref, args, exception, .. } => {
            write!(w, " {func_ref}({}), ", List(args.as_slice(pool)))?;
            exception_table(w, dfg, *exception)
        }
        I::TryCallIndirect { args, exception, .. } => {
            let (callee, args) = split_callee(args.as_slice(pool));
            write!(w, " {}({}), ", List(callee), List(args))?;
            exception_table(w, dfg, *exception)
        }
        _ => Ok(()),
    }
}

/// The callee of an indirect call stands first among its values.
fn split_callee(args: &[Value]) -> (&[Value], &[Value]) {
    args.split_at(args.len().min(1))
}

fn exception_table(w: &mut dyn Write, dfg: &DataFlowGraph, table: crate::ir::ExceptionTable) -> fmt::Result {
    match dfg.exception_tables.get(table) {
        Some(t) => write!(w, "{}", t.display(&dfg.value_lists)),
        None => write!(w, "{table}"),
    }
}

fn stack_map(w: &mut dyn Write, dfg: &DataFlowGraph, inst: Inst) -> fmt::Result {
    let entries = dfg.user_stack_map_entries(inst).unwrap_or(&[]);
    for (i, e) in entries.iter().enumerate() {
        let start = if i == 0 { ", stack_map=[" } else { ", " };
        write!(w, "{start}{} @ {}+{}", e.ty, e.slot, e.offset)?;
    }
    w.write_str(if entries.is_empty() { "" } else { "]" })
}

/// An `iconst`'s number, sign-extended from its type.
fn iconst(dfg: &DataFlowGraph, inst: Inst, imm: Imm64) -> Imm64 {
    let bits = dfg.ctrl_typevar(inst).bits();
    if (1..64).contains(&bits) { imm.sign_extend_from_width(bits) } else { imm }
}

/// The values whose constants a comment tells: operands, then branch arguments by edge, then exception contexts.
fn comment_values(dfg: &DataFlowGraph, inst: Inst) -> Vec<Value> {
    let data = &dfg.insts[inst];
    let mut values = dfg.inst_args(inst).to_vec();
    let mut edge = |call: &BlockCall| values.extend(call.args(&dfg.value_lists).filter_map(|a| a.as_value()));
    match data {
        InstructionData::Jump { destination, .. } => edge(destination),
        InstructionData::Brif { blocks, .. } => blocks.iter().for_each(edge),
        InstructionData::BranchTable { table, .. } => {
            dfg.jump_tables.get(*table).into_iter().flat_map(|t| t.all_branches()).for_each(edge);
        }
        _ => {
            let table = data.exception_table().and_then(|t| dfg.exception_tables.get(t));
            if let Some(t) = table {
                t.all_branches().iter().for_each(edge);
                values.extend(t.items().filter_map(|i| match i {
                    ExceptionTableItem::Context(v) => Some(v),
                    _ => None,
                }));
            }
        }
    }
    values
}

/// The constant that a value is, as a comment tells it.
fn constant_text(dfg: &DataFlowGraph, resolver: Resolver, v: Value) -> Option<String> {
    if !dfg.value_is_valid(v) {
        return None;
    }
    let ValueDef::Result(def, _) = dfg.value_def(resolver.resolve(v)) else { return None };
    Some(match &dfg.insts[def] {
        InstructionData::UnaryImm { imm, .. } => iconst(dfg, def, *imm).to_string(),
        InstructionData::UnaryIeee16 { imm, .. } => imm.to_string(),
        InstructionData::UnaryIeee32 { imm, .. } => imm.to_string(),
        InstructionData::UnaryIeee64 { imm, .. } => imm.to_string(),
        InstructionData::UnaryConst { opcode, constant_handle } => match f128(dfg, *opcode, *constant_handle) {
            Some(float) => float.to_string(),
            None => constant_handle.to_string(),
        },
        _ => return None,
    })
}

fn f128(dfg: &DataFlowGraph, opcode: Opcode, constant: crate::ir::Constant) -> Option<Ieee128> {
    if opcode != Opcode::F128const {
        return None;
    }
    Ieee128::try_from(dfg.constants.get(constant)).ok()
}
