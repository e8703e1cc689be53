//! The settings of aarch64. Needs the macros of [`super::detail`].

use super::detail::settings_group;

settings_group! {
    /// The settings of aarch64.
    "arm64"
    settings {
        has_lse: bool = false, "FEAT_LSE: single instructions for atomic operations.";
        has_pauth: bool = false, "FEAT_PAuth: signed pointers.";
        has_fp16: bool = false, "FEAT_FP16: arithmetic on half precision.";
        has_dotprod: bool = false, "FEAT_DotProd: dot products of bytes.";
        has_i8mm: bool = false, "FEAT_I8MM: matrix products of bytes.";
        sign_return_address_all: bool = false, "Sign return addresses in leaf functions too.";
        sign_return_address: bool = false, "Sign return addresses in functions that store them.";
        sign_return_address_with_bkey: bool = false, "Sign with key B in place of key A.";
        use_bti: bool = false, "Mark the targets of indirect branches.";
        use_csdb: bool = false, "Put the barrier CSDB after selects that guard against misspeculation.";
    }
    presets {}
}
