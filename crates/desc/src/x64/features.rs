//! The features of x86-64 CPUs, a row each.

use crate::machine::{self, FeatureRow};

/// Does this CPU have the feature that the standard library calls so?
#[cfg(target_arch = "x86_64")]
macro_rules! detected {
    ($name:tt) => {
        || std::arch::is_x86_feature_detected!($name)
    };
}

#[cfg(not(target_arch = "x86_64"))]
macro_rules! detected {
    ($name:tt) => {
        || false
    };
}

/// Builds [`Feature`] and [`Feature::ALL`]. A row reads: documentation, name here, setting, name for LLVM's assembler, name
/// in the standard library.
macro_rules! features { ($( #[doc = $doc:literal] $name:ident $setting:literal $llvm:literal $std:tt; )*) => {
    /// CPU features: those that rows may need, and those that are only settings.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    #[repr(u8)]
    pub enum Feature { $( #[doc = $doc] $name ),* }

    impl Feature {
        /// All features, in the order of their numbers.
        pub const ALL: &'static [FeatureRow] = &[$( FeatureRow {
            number: Feature::$name as u8,
            setting: $setting,
            llvm: $llvm,
            detected: detected!($std),
        } ),*];
    }
} }

features! {
    /// BMI2: shifts without flags.
    Bmi2 "has_bmi2" "bmi2" "bmi2";
    /// BMI1: counts of trailing zeros.
    Bmi1 "has_bmi1" "bmi" "bmi1";
    /// LZCNT: counts of leading zeros.
    Lzcnt "has_lzcnt" "lzcnt" "lzcnt";
    /// POPCNT: counts of ones.
    Popcnt "has_popcnt" "popcnt" "popcnt";
    /// SSE4.1: rounding of floats.
    Sse41 "has_sse41" "sse4.1" "sse4.1";
    /// AVX: operations on floats with three operands.
    Avx "has_avx" "avx" "avx";
    /// FMA3: products and sums with one rounding.
    Fma "has_fma" "fma" "fma";
    /// SSE3.
    Sse3 "has_sse3" "sse3" "sse3";
    /// SSSE3: shuffles of bytes.
    Ssse3 "has_ssse3" "ssse3" "ssse3";
    /// CMPXCHG16B.
    Cmpxchg16b "has_cmpxchg16b" "cx16" "cmpxchg16b";
    /// SSE4.2.
    Sse42 "has_sse42" "sse4.2" "sse4.2";
    /// AVX2: integers of 256 bits.
    Avx2 "has_avx2" "avx2" "avx2";
    /// AVX-VNNI.
    AvxVnni "has_avx_vnni" "avxvnni" "avxvnni";
    /// AVX512BITALG.
    Avx512bitalg "has_avx512bitalg" "avx512bitalg" "avx512bitalg";
    /// AVX512DQ.
    Avx512dq "has_avx512dq" "avx512dq" "avx512dq";
    /// AVX512VL.
    Avx512vl "has_avx512vl" "avx512vl" "avx512vl";
    /// AVX512VBMI.
    Avx512vbmi "has_avx512vbmi" "avx512vbmi" "avx512vbmi";
    /// AVX512F.
    Avx512f "has_avx512f" "avx512f" "avx512f";
    /// AVX512VNNI.
    Avx512vnni "has_avx512vnni" "avx512vnni" "avx512vnni";
}

impl From<Feature> for machine::Feature {
    fn from(f: Feature) -> machine::Feature {
        machine::Feature(f as u8)
    }
}

impl Feature {
    /// Its row.
    pub fn row(self) -> &'static FeatureRow {
        &Feature::ALL[self as usize]
    }
}
