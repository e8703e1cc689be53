//! The settings of s390x; the baseline is z14. Needs the macros of [`super::detail`].

use super::detail::settings_group;

settings_group! {
    /// The settings of s390x.
    "s390x"
    settings {
        has_mie3: bool = false, "Miscellaneous instruction extensions, facility 3: selects, NAND and their kin.";
        has_vxrs_ext2: bool = false, "Vector enhancements, facility 2: byte-reversing loads and stores.";
        has_mie4: bool = false, "Miscellaneous instruction extensions, facility 4: counts of outer zeros.";
        has_vxrs_ext3: bool = false, "Vector enhancements, facility 3: 128-bit integers.";
    }
    presets {
        "arch13" = ["has_mie3", "has_vxrs_ext2"], "The thirteenth edition of the architecture.";
        "arch14" = ["arch13"], "The fourteenth edition of the architecture.";
        "arch15" = ["arch14", "has_mie4", "has_vxrs_ext3"], "The fifteenth edition of the architecture.";
        "z15" = ["arch13"], "IBM z15, 2019.";
        "z16" = ["arch14"], "IBM z16, 2022.";
        "z17" = ["arch15"], "IBM z17, 2025.";
    }
}
