//! What to write for opcodes that are none: those of older CLIF, conveniences of builders, and misspelt ones. Needs the
//! operation table; leaves the end of an error message.

use crate::near::did_you_mean;
use windlass_desc::ops::Opcode;

/// Opcodes that were, each with what does the same now.
const FORMER: &[(&str, &str)] = &[
    ("adjust_sp_down", "a stack slot and `stack_addr`"),
    ("band_not", "`bnot` and `band`"),
    ("bconst", "`iconst.i8` with 0 or 1"),
    ("bextend", "`uextend`, or `sextend` of a mask"),
    ("bint", "`uextend` or `ireduce`: a condition is an integer"),
    ("bor_not", "`bnot` and `bor`"),
    ("br_icmp", "`icmp` and `brif`"),
    ("breduce", "`ireduce`"),
    ("brff", "`fcmp` and `brif`"),
    ("brnz", "`brif v, block_if_not_zero, block_if_zero`"),
    ("brz", "`brif v, block_if_not_zero, block_if_zero`"),
    ("bxor_not", "`bnot` and `bxor`"),
    ("const_addr", "`symbol_value` of data"),
    ("copy", "the value itself, or an alias: `v1 -> v0`"),
    ("copy_nop", "the value itself, or an alias: `v1 -> v0`"),
    ("dynamic_stack_load", "`dynamic_stack_addr` and `load`"),
    ("dynamic_stack_store", "`dynamic_stack_addr` and `store`"),
    ("fallthrough", "`jump`"),
    ("fallthrough_return", "`return`"),
    ("fcvt_low_from_sint", "`swiden_low` and `fcvt_from_sint`"),
    ("ffcmp", "`fcmp`"),
    ("fmax_pseudo", "`fcmp gt` and `select`"),
    ("fmin_pseudo", "`fcmp lt` and `select`"),
    ("global_value", "`symbol_value` of a symbol, or `load` and `iadd` on the context's parameter"),
    ("heap_addr", "the bounds check and the address in plain operations: `icmp`, `trapnz`, `iadd`"),
    ("heap_load", "the bounds check and the address in plain operations, and `load`"),
    ("heap_store", "the bounds check and the address in plain operations, and `store`"),
    ("iadd_carry", "`uadd_overflow_cin`"),
    ("iadd_cin", "`iadd` twice"),
    ("iadd_cout", "`uadd_overflow`"),
    ("ifcmp", "`icmp`"),
    ("indirect_jump_table_br", "`br_table`"),
    ("irsub_imm", "`iconst` and `isub`, the constant first"),
    ("is_invalid", "`icmp eq` with an integer: there are no references"),
    ("is_null", "`icmp eq` with 0: there are no references"),
    ("isub_bin", "`isub` twice"),
    ("isub_borrow", "`usub_overflow_bin`"),
    ("isub_bout", "`usub_overflow`"),
    ("jump_table_base", "`br_table`"),
    ("jump_table_entry", "`br_table`"),
    ("load_complex", "`iadd` and `load`"),
    ("null", "`iconst` of 0: there are no references"),
    ("raw_bitcast", "`bitcast`, of vectors with `big` or `little`"),
    ("resumable_trap", "`trap`"),
    ("resumable_trapnz", "`trapnz`"),
    ("safepoint", "a stack map at a call: `stack_map=[...]`"),
    ("selectif", "`icmp` and `select`"),
    ("selectif_spectre_guard", "`icmp` and `select_spectre_guard`"),
    ("stack_load", "`stack_addr` and `load`"),
    ("stack_store", "`stack_addr` and `store`"),
    ("store_complex", "`iadd` and `store`"),
    ("table_addr", "the bounds check and the address in plain operations: `icmp`, `trapnz`, `iadd`"),
    ("trapff", "`fcmp` and `trapnz`"),
    ("trapif", "`icmp` and `trapnz`"),
    ("trueff", "`fcmp`"),
    ("trueif", "`icmp`"),
    ("vselect", "`bitselect`"),
    ("widening_pairwise_dot_product_s", "`swiden_low`, `swiden_high`, `imul` and `iadd_pairwise`"),
    ("x86_sdivmodx", "`sdiv` and `srem`"),
    ("x86_udivmodx", "`udiv` and `urem`"),
];

/// The message for an opcode that does not exist.
pub(super) fn unknown_opcode(name: &str) -> String {
    let former = FORMER.iter().find(|row| row.0 == name).map(|row| row.1.to_owned());
    match former.or_else(|| with_immediate(name)) {
        Some(instead) => format!("there is no opcode {name}: write {instead}"),
        None => {
            let known = Opcode::ALL.iter().map(|op| op.row().name);
            format!("unknown opcode: {name}{}", did_you_mean(name, known))
        }
    }
}

/// What an operation with a constant as its last operand is written as.
fn with_immediate(name: &str) -> Option<String> {
    let plain = name.strip_suffix("_imm").filter(|plain| Opcode::parse(plain).is_some())?;
    Some(format!("`iconst` and `{plain}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Does the text between backquotes start with an opcode? Aliases, stack maps and constants are no opcodes.
    fn names_opcodes(instead: &str) -> bool {
        let quoted = instead.split('`').skip(1).step_by(2).map(|text| text.split([' ', '.']).next().unwrap_or(""));
        let other = |word: &str| ["v1", "big", "little"].contains(&word) || word.starts_with("stack_map=");
        quoted.into_iter().all(|word| Opcode::parse(word).is_some() || other(word))
    }

    #[test]
    fn what_is_advised_exists_and_what_is_gone_does_not() {
        for (name, instead) in FORMER {
            assert!(Opcode::parse(name).is_none(), "{name}");
            assert!(names_opcodes(instead), "{name}: {instead}");
        }
        assert!(FORMER.is_sorted_by(|a, b| a.0 < b.0));
    }
}
