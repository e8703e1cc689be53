//! Listings of x86-64 against llvm-mc.

use crate::listings::{check, target};
use std::collections::BTreeSet;
use windlass_codegen::isa::OwnedTargetIsa;
use windlass_desc::x64::{Feature, rows};

/// What code is compiled for: little, and what makes other instructions.
fn targets() -> [OwnedTargetIsa; 2] {
    let features: BTreeSet<_> = rows().iter().filter_map(|row| row.feature).map(|f| f.0).collect();
    let features: String = features.iter().map(|&f| format!(" {}", Feature::ALL[f as usize].setting)).collect();
    let more = ["is_pic=true", "preserve_frame_pointers=true", "enable_probestack=true", "probestack_strategy=inline"];
    let more = [&more[..], &["enable_pinned_reg=true", "bb_padding_log2_minus_one=3"]].concat();
    [target("x86_64", &[]), target(&format!("x86_64{features}"), &more)]
}

#[test]
fn listings_are_what_llvm_assembles_to_the_same_bytes() {
    check(&["-triple=x86_64"], &targets());
}
