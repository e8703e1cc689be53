//! Branches and traps on riscv64, what is lowered by hand, and what is not lowered.

use super::inst::*;
use super::operands::ALL_INTS;
use crate::pat::*;
use crate::term::*;
use windlass_desc::ops::Opcode;
use windlass_desc::types::INVALID;

pub fn rules(r: &mut RuleSet) {
    r.custom = vec![
        (Opcode::Jump, "flow::jump"),
        (Opcode::Return, "calls::return_"),
        (Opcode::Call, "calls::call"),
        (Opcode::CallIndirect, "calls::call_indirect"),
        (Opcode::ReturnCall, "calls::return_call"),
        (Opcode::ReturnCallIndirect, "calls::return_call_indirect"),
        (Opcode::BrTable, "flow::br_table"),
        (Opcode::Nop, "flow::nop"),
        (Opcode::Debugtrap, "flow::debugtrap"),
        (Opcode::SymbolValue, "flow::symbol_value"),
        (Opcode::SequencePoint, "flow::sequence_point"),
        (Opcode::GetFramePointer, "flow::get_frame_pointer"),
        (Opcode::GetStackPointer, "flow::get_stack_pointer"),
        (Opcode::GetReturnAddress, "flow::get_return_address"),
        (Opcode::GetPinnedReg, "flow::get_pinned_reg"),
        (Opcode::SetPinnedReg, "flow::set_pinned_reg"),
    ];
    for (why, names) in DECLINED {
        let parse = |n| Opcode::parse(n).unwrap_or_else(|| panic!("there is no operation {n}"));
        r.declined.extend(names.split_whitespace().map(|n| (parse(n), *why)));
    }
    r.supported.push((Opcode::Brif, ALL_INTS.into()));
    r.supported.push((Opcode::Trapz, ALL_INTS.into()));
    r.supported.push((Opcode::Trapnz, ALL_INTS.into()));
    r.supported.push((Opcode::Trap, vec![INVALID]));
    r.rule(ALL_INTS, |_| brif(C).to(branch(C)));
    r.rule(ALL_INTS, |_| trapz(C).to(trap_if(C.negate())));
    r.rule(ALL_INTS, |_| trapnz(C).to(trap_if(C)));
    r.rule(&[INVALID], |_| trap().to(unimp()));
}

/// What has no lowering yet, by name, with a reason for each group.
const DECLINED: &[(&str, &str)] = &[
    ("not lowered yet: control", "try_call try_call_indirect stack_switch"),
    ("not lowered yet: atomics", "atomic_rmw atomic_cas atomic_load atomic_store fence"),
    (
        "not lowered yet: addresses and registers of the machine",
        "get_exception_handler_address dynamic_stack_addr tls_value",
    ),
    (
        "not lowered yet: vectors",
        "uload8x8 sload8x8 uload16x4 sload16x4 uload32x2 sload32x2 vconst blendv splat scalar_to_vector \
         insertlane extractlane extract_vector swizzle x86_pshufb shuffle vany_true vall_true vhigh_bits \
         avg_round uadd_sat sadd_sat usub_sat ssub_sat sqmul_round_sat x86_pmulhrsw x86_pmaddubsw \
         iadd_pairwise snarrow unarrow uunarrow swiden_low swiden_high uwiden_low uwiden_high",
    ),
    (
        "not lowered yet: floats",
        "f16const f32const f64const f128const fcmp fadd fsub fmul fdiv sqrt fma fneg fabs fcopysign fmin fmax ceil floor \
         trunc nearest fpromote fdemote fvdemote fvpromote_low fcvt_to_uint fcvt_to_sint fcvt_to_uint_sat \
         fcvt_to_sint_sat fcvt_from_uint fcvt_from_sint x86_cvtt2dq",
    ),
];
