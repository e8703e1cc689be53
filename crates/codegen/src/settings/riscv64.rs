//! The settings of riscv64; the baseline is RV64G. Needs the macros of [`super::detail`].

use super::detail::settings_group;

settings_group! {
    /// The settings of riscv64.
    "riscv64"
    settings {
        has_m: bool = true, "M: multiplication and division.";
        has_a: bool = true, "A: atomic operations.";
        has_f: bool = true, "F: single precision.";
        has_d: bool = true, "D: double precision.";
        has_zfa: bool = false, "Zfa: further floating-point instructions.";
        has_zfhmin: bool = false, "Zfhmin: half precision: loads, stores, moves and conversions.";
        has_zfh: bool = false, "Zfh: half precision: arithmetic.";
        has_v: bool = false, "V: vectors.";
        has_zvfh: bool = false, "Zvfh: vectors of half precision.";
        has_zca: bool = false, "Zca: compressed instructions without those of floating point.";
        has_zcd: bool = false, "Zcd: compressed loads and stores of double precision.";
        has_zcb: bool = false, "Zcb: further compressed instructions.";
        has_zbkb: bool = false, "Zbkb: bit operations for cryptography.";
        has_zba: bool = false, "Zba: address computation.";
        has_zbb: bool = false, "Zbb: basic bit operations.";
        has_zbc: bool = false, "Zbc: carry-less multiplication.";
        has_zbs: bool = false, "Zbs: single bits.";
        has_zicond: bool = false, "Zicond: conditional zero.";
        has_zvbb: bool = false, "Zvbb: vectors: basic bit operations.";
        has_zicsr: bool = true, "Zicsr: control and status registers.";
        has_zifencei: bool = true, "Zifencei: fence for fetched instructions.";
        has_zvl32b: bool = false, "Zvl32b: vector registers have at least 32 bits.";
        has_zvl64b: bool = false, "Zvl64b: vector registers have at least 64 bits.";
        has_zvl128b: bool = false, "Zvl128b: vector registers have at least 128 bits.";
        has_zvl256b: bool = false, "Zvl256b: vector registers have at least 256 bits.";
        has_zvl512b: bool = false, "Zvl512b: vector registers have at least 512 bits.";
        has_zvl1024b: bool = false, "Zvl1024b: vector registers have at least 1024 bits.";
        has_zvl2048b: bool = false, "Zvl2048b: vector registers have at least 2048 bits.";
        has_zvl4096b: bool = false, "Zvl4096b: vector registers have at least 4096 bits.";
        has_zvl8192b: bool = false, "Zvl8192b: vector registers have at least 8192 bits.";
        has_zvl16384b: bool = false, "Zvl16384b: vector registers have at least 16384 bits.";
        has_zvl32768b: bool = false, "Zvl32768b: vector registers have at least 32768 bits.";
        has_zvl65536b: bool = false, "Zvl65536b: vector registers have at least 65536 bits.";
    }
    presets {
        "has_c" = ["has_zca", "has_zcd"], "C: compressed instructions, as far as 64-bit CPUs have them.";
        "zvl32b" = ["has_zvl32b"], "Vector registers of at least 32 bits.";
        "zvl64b" = ["zvl32b", "has_zvl64b"], "Vector registers of at least 64 bits.";
        "zvl128b" = ["zvl64b", "has_zvl128b"], "Vector registers of at least 128 bits.";
        "zvl256b" = ["zvl128b", "has_zvl256b"], "Vector registers of at least 256 bits.";
        "zvl512b" = ["zvl256b", "has_zvl512b"], "Vector registers of at least 512 bits.";
        "zvl1024b" = ["zvl512b", "has_zvl1024b"], "Vector registers of at least 1024 bits.";
        "zvl2048b" = ["zvl1024b", "has_zvl2048b"], "Vector registers of at least 2048 bits.";
        "zvl4096b" = ["zvl2048b", "has_zvl4096b"], "Vector registers of at least 4096 bits.";
        "zvl8192b" = ["zvl4096b", "has_zvl8192b"], "Vector registers of at least 8192 bits.";
        "zvl16384b" = ["zvl8192b", "has_zvl16384b"], "Vector registers of at least 16384 bits.";
        "zvl32768b" = ["zvl16384b", "has_zvl32768b"], "Vector registers of at least 32768 bits.";
        "zvl65536b" = ["zvl32768b", "has_zvl65536b"], "Vector registers of at least 65536 bits.";
    }
}
