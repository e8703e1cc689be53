//! The settings of x86-64: CPU features, and presets for feature levels and CPUs. Needs the macros of
//! [`super::detail`]. A preset has what each shipped CPU of that name has, of the features that are settings.

use super::detail::settings_group;

settings_group! {
    /// The settings of x86-64.
    "x86"
    settings {
        has_sse3: bool = false, "SSE3.";
        has_ssse3: bool = false, "SSSE3: byte shuffles and absolute values, among others.";
        has_cmpxchg16b: bool = false, "CMPXCHG16B: compare and exchange of 16 bytes.";
        has_sse41: bool = false, "SSE4.1: rounding, blends, inserts and extracts.";
        has_sse42: bool = false, "SSE4.2: 64-bit lane comparison.";
        has_avx: bool = false, "AVX: three-operand forms and 256-bit floating point.";
        has_avx2: bool = false, "AVX2: 256-bit integers.";
        has_fma: bool = false, "FMA3: multiply and add with one rounding.";
        has_avx_vnni: bool = false, "AVX-VNNI: dot products in VEX encoding.";
        has_avx512bitalg: bool = false, "AVX512BITALG: counts of bits in bytes and words.";
        has_avx512dq: bool = false, "AVX512DQ: 64-bit multiplication and conversions.";
        has_avx512vl: bool = false, "AVX512VL: EVEX forms of 128 and 256 bits.";
        has_avx512vbmi: bool = false, "AVX512VBMI: permutations of bytes.";
        has_avx512f: bool = false, "AVX512F: the foundation of AVX-512.";
        has_avx512vnni: bool = false, "AVX512VNNI: dot products.";
        has_popcnt: bool = false, "POPCNT: count of set bits.";
        has_bmi1: bool = false, "BMI1: TZCNT, ANDN, BLSI, BLSR, BLSMSK, BEXTR.";
        has_bmi2: bool = false, "BMI2: shifts and multiplication without flags, RORX, PDEP, PEXT, BZHI.";
        has_lzcnt: bool = false, "LZCNT: count of leading zeros.";
    }
    presets {
        "sse3" = ["has_sse3"], "SSE3 and below.";
        "ssse3" = ["sse3", "has_ssse3"], "SSSE3 and below.";
        "sse41" = ["ssse3", "has_sse41"], "SSE4.1 and below.";
        "sse42" = ["sse41", "has_sse42"], "SSE4.2 and below.";
        "baseline" = [], "What every x86-64 CPU has.";

        "x86-64" = [], "Level 1 of the psABI.";
        "x86-64-v2" = ["sse42", "has_popcnt", "has_cmpxchg16b"], "Level 2 of the psABI.";
        "x86-64-v3" = ["x86-64-v2", "has_avx", "has_avx2", "has_fma", "has_bmi1", "has_bmi2", "has_lzcnt"],
            "Level 3 of the psABI.";
        "x86-64-v4" = ["x86-64-v3", "has_avx512f", "has_avx512dq", "has_avx512vl"], "Level 4 of the psABI.";

        "nocona" = ["sse3", "has_cmpxchg16b"], "Intel Nocona, 2004.";
        "core2" = ["nocona", "ssse3"], "Intel Core 2, 2006.";
        "penryn" = ["core2", "sse41"], "Intel Penryn, 2007.";
        "atom" = ["core2"], "Intel Atom, 2008.";
        "bonnell" = ["core2"], "Intel Bonnell, the first Atom, 2008.";
        "silvermont" = ["x86-64-v2"], "Intel Silvermont, 2013.";
        "slm" = ["silvermont"], "Intel Silvermont, by its short name.";
        "goldmont" = ["silvermont"], "Intel Goldmont, 2016.";
        "goldmont-plus" = ["goldmont"], "Intel Goldmont Plus, 2017.";
        "tremont" = ["goldmont-plus"], "Intel Tremont, 2020.";

        "nehalem" = ["x86-64-v2"], "Intel Nehalem, 2008.";
        "corei7" = ["nehalem"], "Intel Core i7 of the first generation.";
        "westmere" = ["nehalem"], "Intel Westmere, 2010.";
        "sandybridge" = ["westmere", "has_avx"], "Intel Sandy Bridge, 2011.";
        "corei7-avx" = ["sandybridge"], "Intel Core i7 of the second generation.";
        "ivybridge" = ["sandybridge"], "Intel Ivy Bridge, 2012.";
        "core-avx-i" = ["ivybridge"], "Intel Core of the third generation.";
        "haswell" = ["ivybridge", "has_avx2", "has_fma", "has_bmi1", "has_bmi2", "has_lzcnt"], "Intel Haswell, 2013.";
        "core-avx2" = ["haswell"], "Intel Core of the fourth generation.";
        "broadwell" = ["haswell"], "Intel Broadwell, 2014.";
        "skylake" = ["broadwell"], "Intel Skylake, 2015.";
        "knl" = ["broadwell", "has_avx512f"], "Intel Xeon Phi Knights Landing, 2016.";
        "knm" = ["knl"], "Intel Xeon Phi Knights Mill, 2017.";

        "skylake-avx512" = ["skylake", "x86-64-v4"], "Intel Skylake Xeon, 2017.";
        "skx" = ["skylake-avx512"], "Intel Skylake Xeon, by its short name.";
        "cascadelake" = ["skylake-avx512", "has_avx512vnni"], "Intel Cascade Lake, 2019.";
        "cooperlake" = ["cascadelake"], "Intel Cooper Lake, 2020.";
        "cannonlake" = ["skylake-avx512", "has_avx512vbmi"], "Intel Cannon Lake, 2018.";
        "icelake-client" = ["cannonlake", "has_avx512bitalg", "has_avx512vnni"], "Intel Ice Lake, 2019.";
        "icelake" = ["icelake-client"], "Intel Ice Lake, 2019.";
        "icelake-server" = ["icelake-client"], "Intel Ice Lake Xeon, 2021.";
        "tigerlake" = ["icelake-client"], "Intel Tiger Lake, 2020.";
        "sapphirerapids" = ["icelake-server", "has_avx_vnni"], "Intel Sapphire Rapids, 2023.";
        "graniterapids" = ["sapphirerapids"], "Intel Granite Rapids, 2024.";

        "alderlake" = ["skylake", "has_avx_vnni"], "Intel Alder Lake, 2021: what both kinds of its cores have.";
        "raptorlake" = ["alderlake"], "Intel Raptor Lake, 2022.";
        "meteorlake" = ["alderlake"], "Intel Meteor Lake, 2023.";
        "sierraforest" = ["alderlake"], "Intel Sierra Forest, 2024.";
        "grandridge" = ["sierraforest"], "Intel Grand Ridge, 2024.";

        "k8" = [], "AMD K8, 2003.";
        "opteron" = ["k8"], "AMD Opteron of the K8 generation.";
        "athlon64" = ["k8"], "AMD Athlon 64.";
        "athlon-fx" = ["k8"], "AMD Athlon 64 FX.";
        "k8-sse3" = ["k8", "sse3", "has_cmpxchg16b"], "AMD K8 of revision E and later, 2005.";
        "opteron-sse3" = ["k8-sse3"], "AMD Opteron of the K8 generation, revision E and later.";
        "athlon64-sse3" = ["k8-sse3"], "AMD Athlon 64, revision E and later.";
        "amdfam10" = ["k8-sse3", "has_popcnt", "has_lzcnt"], "AMD family 10h, 2007.";
        "barcelona" = ["amdfam10"], "AMD Barcelona, the first of family 10h.";
        "btver1" = ["amdfam10", "ssse3"], "AMD Bobcat, 2011.";
        "btver2" = ["btver1", "sse42", "has_avx", "has_bmi1"], "AMD Jaguar, 2013.";
        "bdver1" = ["amdfam10", "sse42", "has_avx"], "AMD Bulldozer, 2011.";
        "bdver2" = ["bdver1", "has_bmi1", "has_fma"], "AMD Piledriver, 2012.";
        "bdver3" = ["bdver2"], "AMD Steamroller, 2014.";
        "bdver4" = ["bdver3", "has_avx2", "has_bmi2"], "AMD Excavator, 2015.";
        "znver1" = ["x86-64-v3"], "AMD Zen, 2017.";
        "znver2" = ["znver1"], "AMD Zen 2, 2019.";
        "znver3" = ["znver2"], "AMD Zen 3, 2020.";
        "znver4" = ["znver3", "x86-64-v4", "has_avx512vbmi", "has_avx512bitalg", "has_avx512vnni"], "AMD Zen 4, 2022.";
    }
}
