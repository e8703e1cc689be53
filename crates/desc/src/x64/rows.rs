//! The table of x86-64 instructions: a line per family with its rows and its meaning. The meaning is a function of the
//! environment, the width and the inputs (uses in order, memory where it is read, then the immediate); it gives the
//! results and the flags. Needs [`super::encode`], [`super::flags`].

use super::encode::*;
use super::flags::*;
use super::float;
use super::*;
use crate::bv::Bv;
use crate::env::{Choice, Env};
use crate::fp::{self, FpFormat, FpOp};
use crate::machine::{families, nothing, value};
use crate::ops::int;

/// A result and flags.
fn both<B: Bv>(r: B, flags: B) -> Meant<B> {
    Meant { results: vec![r], flags: Some(flags) }
}

/// Flags alone.
fn only_flags<B: Bv>(flags: B) -> Meant<B> {
    Meant { results: vec![], flags: Some(flags) }
}

/// The carry flag, one bit.
fn carry<B: Bv>(i: &Input<B>) -> B {
    i.flags.as_ref().map_or(B::lit(1, 0), |f| f.extract(0, 1))
}

/// A result, with flags that the manual leaves undefined or that nobody may rely on.
fn undefined<E: Env>(e: &mut E, r: E::B) -> Meant<E::B> {
    let flags = e.choose(Choice::Any("flags"), FLAGS_WIDTH);
    both(r, flags)
}

/// Carry and overflow as given, the other flags undefined: what products leave.
fn product_flags<E: Env>(e: &mut E, lost: &E::B) -> E::B {
    lost.concat(&e.choose(Choice::Any("flags"), 3)).concat(lost)
}

/// A search for a bit: `found`, or anything if there is none, which the zero flag tells.
fn search<E: Env>(e: &mut E, w: u32, x: &E::B, found: E::B) -> Meant<E::B> {
    let (any, low, high) =
        (e.choose(Choice::Any("upper bits"), w), e.choose(Choice::Any("flags"), 2), e.choose(Choice::Any("flags"), 2));
    let none = x.is_zero();
    both(none.ite(&any, &found), high.concat(&none).concat(&low))
}

/// Sum with carry, and its flags.
fn with_carry<B: Bv>(a: &B, b: &B, carry: &B) -> (B, B) {
    let w = a.w();
    let wide = a.zext(w + 1).add(&b.zext(w + 1)).add(&carry.zext(w + 1));
    let r = wide.extract(0, w);
    let overflow = a.xor(&r).and(&b.xor(&r)).sign();
    let flags = packed(&wide.sign(), &overflow, &r);
    (r, flags)
}

/// Difference with borrow, and its flags.
fn with_borrow<B: Bv>(a: &B, b: &B, borrow: &B) -> (B, B) {
    let w = a.w();
    let wide = a.zext(w + 1).sub(&b.zext(w + 1)).sub(&borrow.zext(w + 1));
    let r = wide.extract(0, w);
    let overflow = a.xor(b).and(&a.xor(&r)).sign();
    let flags = packed(&wide.sign(), &overflow, &r);
    (r, flags)
}

/// Division of the double-width number `a[1]:a[0]` by `a[2]`. An upper half that only extends the lower makes it an
/// ordinary division, written as one so that a proof can see through it.
fn divide<E: Env>(e: &mut E, w: u32, i: &Input<E::B>, a: &[E::B], signed: bool) -> Meant<E::B> {
    let (lo, hi, d) = (&a[0], &a[1], &a[2]);
    let wide = hi.concat(lo);
    let by = if signed { d.sext(2 * w) } else { d.zext(2 * w) };
    let (q, r) = if signed { (wide.sdiv(&by), wide.srem(&by)) } else { (wide.udiv(&by), wide.urem(&by)) };
    let low = q.extract(0, w);
    let back = if signed { low.sext(2 * w) } else { low.zext(2 * w) };
    let smallest = E::B::ones(w).shl(&E::B::lit(w, w as u128 - 1));
    let (narrow, narrow_q, narrow_r, narrow_overflow) = if signed {
        let overflow = lo.eq(&smallest).and(&d.eq(&E::B::ones(w)));
        (hi.eq(&lo.sign().sext(w)), lo.sdiv(d), lo.srem(d), overflow)
    } else {
        (hi.is_zero(), lo.udiv(d), lo.urem(d), E::B::lit(1, 0))
    };
    let overflow = narrow.ite(&narrow_overflow, &back.eq(&q).not());
    e.trap_if(&d.is_zero().or(&overflow), i.code);
    let flags = e.choose(Choice::Any("flags"), FLAGS_WIDTH);
    let results = vec![narrow.ite(&narrow_q, &low), narrow.ite(&narrow_r, &r.extract(0, w))];
    Meant { results, flags: Some(flags) }
}

/// A shift count as the CPU takes it: modulo 64 for 64-bit operations, else modulo 32.
fn count<B: Bv>(w: u32, c: &B) -> B {
    let mask = if w == 64 { 63 } else { 31 };
    c.resize(8).and(&B::lit(8, mask)).resize(w.max(8))
}

families! {
    /// ADD: sum.
    Add "add" "add" |f| alu_commuting(f, 0), is |_, _, _, a| { let r = a[0].add(&a[1]); let f = of_add(&a[0], &a[1], &r); both(r, f) };
    /// OR: bitwise or.
    Or "or" "or" |f| alu_bitwise(f, 1), is |_, _, _, a| { let r = a[0].or(&a[1]); let f = of_logic(&r); both(r, f) };
    /// AND: bitwise and.
    And "and" "and" |f| alu_bitwise(f, 4), is |_, _, _, a| { let r = a[0].and(&a[1]); let f = of_logic(&r); both(r, f) };
    /// SUB: difference.
    Sub "sub" "sub" |f| alu(f, 5), is |_, _, _, a| { let r = a[0].sub(&a[1]); let f = of_sub(&a[0], &a[1], &r); both(r, f) };
    /// XOR: bitwise exclusive or.
    Xor "xor" "xor" |f| alu_bitwise(f, 6), is |_, _, _, a| { let r = a[0].xor(&a[1]); let f = of_logic(&r); both(r, f) };
    /// ADC: sum with the carry flag.
    Adc "adc" "adc" |f| alu_with_carry(f, 2), is |_, _, i, a| { let (r, f) = with_carry(&a[0], &a[1], &carry(i)); both(r, f) };
    /// SBB: difference with the carry flag.
    Sbb "sbb" "sbb" |f| alu_with_carry(f, 3), is |_, _, i, a| { let (r, f) = with_borrow(&a[0], &a[1], &carry(i)); both(r, f) };
    /// CMP: flags of a difference.
    Cmp "cmp" "cmp" |f| compare(f, 0x39, (0x81, 7, 0x3d), true, true), is |_, _, _, a| only_flags(of_sub(&a[0], &a[1], &a[0].sub(&a[1])));
    /// TEST: flags of a bitwise and.
    Test "test" "test" |f| sparing(compare(f, 0x85, (0xf7, 0, 0xa9), false, false)), is |_, _, _, a| only_flags(of_logic(&a[0].and(&a[1])));
    /// BT: the carry flag is a bit.
    Bt "bt" "bt" bit_test, is |e, w, _, a| {
        let bit = a[0].lshr(&count(w, &a[1])).extract(0, 1);
        only_flags(e.choose(Choice::Any("flags"), FLAGS_WIDTH - 1).concat(&bit))
    };
    /// NEG: negation.
    Neg "neg" "neg" |f| telling(Told::Result, unary(f, 3, States::FLAGS)), is |_, w, _, a| { let z = E::B::lit(w, 0); let r = a[0].neg(); let f = of_sub(&z, &a[0], &r); both(r, f) };
    /// NOT: bitwise not.
    Not "not" "not" |f| unary(f, 2, States::NONE), is |_, _, _, a| value(a[0].not());
    /// IMUL: product, low half; carry and overflow tell whether it is not all.
    Imul "imul" "imul" product, is |e, w, _, a| {
        let (exact, r) = (a[0].sext(2 * w).mul(&a[1].sext(2 * w)), a[0].mul(&a[1]));
        let f = product_flags(e, &r.sext(2 * w).eq(&exact).not());
        both(r, f)
    };
    /// MUL: product of double width, unsigned; carry and overflow tell whether the upper half is not 0.
    MulWide "mul" "mul" |f| wide(f, 4, true), is |e, w, _, a| {
        let r = a[0].zext(2 * w).mul(&a[1].zext(2 * w));
        let f = product_flags(e, &r.extract(0, w).zext(2 * w).eq(&r).not());
        Meant { results: vec![r.extract(0, w), r.extract(w, w)], flags: Some(f) }
    };
    /// IMUL: product of double width, signed; carry and overflow tell whether the upper half is not the lower's sign.
    ImulWide "imul_wide" "imul" |f| wide(f, 5, true), is |e, w, _, a| {
        let r = a[0].sext(2 * w).mul(&a[1].sext(2 * w));
        let f = product_flags(e, &r.extract(0, w).sext(2 * w).eq(&r).not());
        Meant { results: vec![r.extract(0, w), r.extract(w, w)], flags: Some(f) }
    };
    /// DIV: quotient and remainder of a double-width number, unsigned. Traps if the quotient does not fit.
    Div "div" "div" |f| wide(f, 6, false), is |e, w, i, a| divide(e, w, i, a, false);
    /// IDIV: quotient and remainder of a double-width number, signed. Traps if the quotient does not fit.
    Idiv "idiv" "idiv" |f| wide(f, 7, false), is |e, w, i, a| divide(e, w, i, a, true);
    /// CWD, CDQ, CQO: the sign of rax in every bit of rdx.
    Sign "sign" "cdq" sign, is |_, w, _, a| value(a[0].sign().sext(w));
    /// BSF: the number of the lowest one; undefined for 0, which the zero flag tells.
    Bsf "bsf" "bsf" |f| count_bits(f, 0xbc, None), is |e, w, _, a| search(e, w, &a[0], int::ctz(&a[0]));
    /// BSR: the number of the highest one; undefined for 0, which the zero flag tells.
    Bsr "bsr" "bsr" |f| count_bits(f, 0xbd, None), is |e, w, _, a| {
        let n = E::B::lit(w, w as u128 - 1).sub(&int::clz(&a[0]));
        search(e, w, &a[0], n)
    };
    /// TZCNT: the number of trailing zeros.
    Tzcnt "tzcnt" "tzcnt" |f| count_bits(f, 0xbc, Some(Feature::Bmi1)), is |e, _, _, a| undefined(e, int::ctz(&a[0]));
    /// LZCNT: the number of leading zeros.
    Lzcnt "lzcnt" "lzcnt" |f| count_bits(f, 0xbd, Some(Feature::Lzcnt)), is |e, _, _, a| undefined(e, int::clz(&a[0]));
    /// POPCNT: the number of ones.
    Popcnt "popcnt" "popcnt" |f| count_bits(f, 0xb8, Some(Feature::Popcnt)), is |e, _, _, a| undefined(e, int::popcnt(&a[0]));
    /// BSWAP: the bytes turned around.
    Bswap "bswap" "bswap" swap, is |_, _, _, a| value(int::bswap(&a[0]));
    /// SHL: shift left.
    Shl "shl" "shl" |f| shift(f, 4), is |e, w, _, a| { let r = a[0].shl(&count(w, &a[1])); undefined(e, r) };
    /// SHR: logical shift right.
    Shr "shr" "shr" |f| shift(f, 5), is |e, w, _, a| { let r = a[0].lshr(&count(w, &a[1])); undefined(e, r) };
    /// SAR: arithmetic shift right.
    Sar "sar" "sar" |f| shift(f, 7), is |e, w, _, a| { let r = a[0].ashr(&count(w, &a[1])); undefined(e, r) };
    /// ROL: rotate left.
    Rol "rol" "rol" |f| shift(f, 0), is |e, w, _, a| { let r = a[0].rotl(&count(w, &a[1])); undefined(e, r) };
    /// ROR: rotate right.
    Ror "ror" "ror" |f| shift(f, 1), is |e, w, _, a| { let r = a[0].rotr(&count(w, &a[1])); undefined(e, r) };
    /// SHLD: shift left, the high bits of the second operand coming in.
    Shld "shld" "shld" |f| shift_double(f, 0xa4), is |e, w, _, a| {
        let n = count(w, &a[2]);
        let r = a[0].concat(&a[1]).shl(&n.zext(2 * w)).extract(w, w);
        undefined(e, r)
    };
    /// SHRD: shift right, the low bits of the second operand coming in.
    Shrd "shrd" "shrd" |f| shift_double(f, 0xac), is |e, w, _, a| {
        let n = count(w, &a[2]);
        let r = a[1].concat(&a[0]).lshr(&n.zext(2 * w)).extract(0, w);
        undefined(e, r)
    };
    /// SHLX: shift left, no flags.
    Shlx "shlx" "shlx" |f| shift_vex(f, 0x66), is |_, w, _, a| value(a[0].shl(&count(w, &a[1])));
    /// SHRX: logical shift right, no flags.
    Shrx "shrx" "shrx" |f| shift_vex(f, 0xf2), is |_, w, _, a| value(a[0].lshr(&count(w, &a[1])));
    /// SARX: arithmetic shift right, no flags.
    Sarx "sarx" "sarx" |f| shift_vex(f, 0xf3), is |_, w, _, a| value(a[0].ashr(&count(w, &a[1])));
    /// MOV: copies.
    Mov "mov" "mov" moves, is |_, _, _, a| value(a[0].clone());
    /// MOVZX from 8 bits.
    Movzx8 "movzx8_" "movzx" |f| extend(f, Map::Two, 0xb6, 8, &[32]), is |_, w, _, a| value(a[0].zext(w));
    /// MOVZX from 16 bits.
    Movzx16 "movzx16_" "movzx" |f| extend(f, Map::Two, 0xb7, 16, &[32]), is |_, w, _, a| value(a[0].zext(w));
    /// MOVSX from 8 bits.
    Movsx8 "movsx8_" "movsx" |f| extend(f, Map::Two, 0xbe, 8, &[32, 64]), is |_, w, _, a| value(a[0].sext(w));
    /// MOVSX from 16 bits.
    Movsx16 "movsx16_" "movsx" |f| extend(f, Map::Two, 0xbf, 16, &[32, 64]), is |_, w, _, a| value(a[0].sext(w));
    /// MOVSXD: sign-extends 32 bits.
    Movsx32 "movsx32_" "movsxd" |f| extend(f, Map::One, 0x63, 32, &[64]), is |_, w, _, a| value(a[0].sext(w));
    /// LEA: the address of a memory operand.
    Lea "lea" "lea" address, is |_, w, _, a| value(a[0].resize(w));
    /// SETcc: 1 if the condition holds, else 0.
    Set "set" "set" set, is |_, w, i, _| value(i.condition::<X64>().zext(w));
    /// CMOVcc: the second operand if the condition holds, else the first.
    Cmov "cmov" "cmov" conditional_move, is |_, _, i, a| value(i.condition::<X64>().ite(&a[1], &a[0]));
    /// MOVSS, MOVSD, MOVUPS, MOVAPS: copies.
    MovF "movf" "movaps" float::moves, is |_, _, _, a| value(a[0].clone());
    /// XORPS of a register with itself: zero.
    ZeroF "zerof" "xorps" float::zero, is |_, w, _, _| value(E::B::lit(w, 0));
    /// MOVSS, MOVSD of a constant in the function's pool.
    ConstF "constf" "movss" |f| float::constant(f, "movsd"), is |_, _, _, a| value(a[0].clone());
    /// MOVD, MOVQ: the bits of a general register.
    ToVec "tovec" "movd" |f| float::to_vector(f, "movq"), is |_, _, _, a| value(a[0].clone());
    /// MOVD, MOVQ: the bits of a vector register.
    FromVec "fromvec" "movd" |f| float::from_vector(f, "movq"), is |_, _, _, a| value(a[0].clone());
    /// ADDSS, ADDSD: sum.
    AddF "addf" "addss" |f| float::or_constant(float::arithmetic_commuting(f, 0x58, "addsd")), is |e, _, _, a| value(float::rounded(e, FpOp::Add, a));
    /// VADDSS, VADDSD: sum, in three operands.
    VAddF "vaddf" "vaddss" |f| float::or_constant(float::arithmetic_vex(f, 0x58, "vaddsd")), is |e, _, _, a| value(float::rounded(e, FpOp::Add, a));
    /// SUBSS, SUBSD: difference.
    SubF "subf" "subss" |f| float::or_constant(float::arithmetic(f, 0x5c, "subsd")), is |e, _, _, a| value(float::rounded(e, FpOp::Sub, a));
    /// VSUBSS, VSUBSD: difference, in three operands.
    VSubF "vsubf" "vsubss" |f| float::or_constant(float::arithmetic_vex(f, 0x5c, "vsubsd")), is |e, _, _, a| value(float::rounded(e, FpOp::Sub, a));
    /// MULSS, MULSD: product.
    MulF "mulf" "mulss" |f| float::or_constant(float::arithmetic_commuting(f, 0x59, "mulsd")), is |e, _, _, a| value(float::rounded(e, FpOp::Mul, a));
    /// VMULSS, VMULSD: product, in three operands.
    VMulF "vmulf" "vmulss" |f| float::or_constant(float::arithmetic_vex(f, 0x59, "vmulsd")), is |e, _, _, a| value(float::rounded(e, FpOp::Mul, a));
    /// DIVSS, DIVSD: quotient.
    DivF "divf" "divss" |f| float::or_constant(float::arithmetic(f, 0x5e, "divsd")), is |e, _, _, a| value(float::rounded(e, FpOp::Div, a));
    /// VDIVSS, VDIVSD: quotient, in three operands.
    VDivF "vdivf" "vdivss" |f| float::or_constant(float::arithmetic_vex(f, 0x5e, "vdivsd")), is |e, _, _, a| value(float::rounded(e, FpOp::Div, a));
    /// MINSS, MINSD: the first if it is less, else the second.
    MinF "minf" "minss" |f| float::arithmetic(f, 0x5d, "minsd"), is |_, _, _, a| value(fp::relation(&a[0], &a[1]).less.ite(&a[0], &a[1]));
    /// VMINSS, VMINSD: the first if it is less, else the second, in three operands.
    VMinF "vminf" "vminss" |f| float::arithmetic_vex(f, 0x5d, "vminsd"), is |_, _, _, a| value(fp::relation(&a[0], &a[1]).less.ite(&a[0], &a[1]));
    /// MAXSS, MAXSD: the first if it is greater, else the second.
    MaxF "maxf" "maxss" |f| float::arithmetic(f, 0x5f, "maxsd"), is |_, _, _, a| value(fp::relation(&a[1], &a[0]).less.ite(&a[0], &a[1]));
    /// VMAXSS, VMAXSD: the first if it is greater, else the second, in three operands.
    VMaxF "vmaxf" "vmaxss" |f| float::arithmetic_vex(f, 0x5f, "vmaxsd"), is |_, _, _, a| value(fp::relation(&a[1], &a[0]).less.ite(&a[0], &a[1]));
    /// CMPUNORDSS, CMPUNORDSD: ones if one is a NaN, else zeros.
    UnordF "unordf" "cmpunordss" |f| float::unordered(f, "cmpunordsd"), is |_, w, _, a| value(fp::relation(&a[0], &a[1]).unordered.sext(w));
    /// SQRTSS, SQRTSD: square root.
    SqrtF "sqrtf" "sqrtss" |f| float::unary(f, 0x51, "sqrtsd"), is |e, _, _, a| value(float::rounded(e, FpOp::Sqrt, a));
    /// VSQRTSS, VSQRTSD: square root.
    VSqrtF "vsqrtf" "vsqrtss" |f| float::unary_vex(f, 0x51, "vsqrtsd"), is |e, _, _, a| value(float::rounded(e, FpOp::Sqrt, a));
    /// ROUNDSS, ROUNDSD: to an integer.
    RoundF "roundf" "roundss" |f| float::round(f, "roundsd"), is |e, _, _, a| value(float::round_by(e, &a[0], &a[1]));
    /// VROUNDSS, VROUNDSD: to an integer.
    VRoundF "vroundf" "vroundss" |f| float::round_vex(f, "vroundsd"), is |e, _, _, a| value(float::round_by(e, &a[0], &a[1]));
    /// VFMADD213SS, VFMADD213SD: product and sum, rounded once.
    FmaF "fmaf" "vfmadd213ss" |f| float::or_constant(float::multiply_add(f, "vfmadd213sd")), is |e, _, _, a| value(float::rounded(e, FpOp::Fma, a));
    /// ANDPS: bitwise and.
    AndF "andf" "andps" |f| float::logic(f, 0x54, true), is |_, _, _, a| value(a[0].and(&a[1]));
    /// VANDPS: bitwise and, in three operands.
    VAndF "vandf" "vandps" |f| float::logic_vex(f, 0x54), is |_, _, _, a| value(a[0].and(&a[1]));
    /// ANDNPS: bitwise and of the first's opposite and the second.
    AndnF "andnf" "andnps" |f| float::logic(f, 0x55, false), is |_, _, _, a| value(a[0].not().and(&a[1]));
    /// VANDNPS: bitwise and of the first's opposite and the second, in three operands.
    VAndnF "vandnf" "vandnps" |f| float::logic_vex(f, 0x55), is |_, _, _, a| value(a[0].not().and(&a[1]));
    /// ORPS: bitwise or.
    OrF "orf" "orps" |f| float::logic(f, 0x56, true), is |_, _, _, a| value(a[0].or(&a[1]));
    /// VORPS: bitwise or, in three operands.
    VOrF "vorf" "vorps" |f| float::logic_vex(f, 0x56), is |_, _, _, a| value(a[0].or(&a[1]));
    /// XORPS: bitwise exclusive or.
    XorF "xorf" "xorps" |f| float::logic(f, 0x57, true), is |_, _, _, a| value(a[0].xor(&a[1]));
    /// VXORPS: bitwise exclusive or, in three operands.
    VXorF "vxorf" "vxorps" |f| float::logic_vex(f, 0x57), is |_, _, _, a| value(a[0].xor(&a[1]));
    /// UCOMISS, UCOMISD: compares.
    CmpF "cmpf" "ucomiss" |f| float::or_constant(float::compare(f, "ucomisd")), is |_, _, _, a| only_flags(float::flags_of_compare(&a[0], &a[1]));
    /// CVTSS2SD: to 64 bits.
    Widen "widen" "cvtss2sd" |f| float::convert(f, 64), is |e, _, _, a| value(float::rounded(e, FpOp::To(FpFormat::Double), a));
    /// CVTSD2SS: to 32 bits.
    Narrow "narrow" "cvtsd2ss" |f| float::convert(f, 32), is |e, _, _, a| value(float::rounded(e, FpOp::To(FpFormat::Single), a));
    /// CVTSI2SS: a float of 32 bits from a signed integer.
    IntToF32 "int_to_f32_" "cvtsi2ss" |f| float::from_int(f, 32), is |_, _, _, a| value(fp::from_int(&a[1], true, FpFormat::Single));
    /// CVTSI2SD: a float of 64 bits from a signed integer.
    IntToF64 "int_to_f64_" "cvtsi2sd" |f| float::from_int(f, 64), is |_, _, _, a| value(fp::from_int(&a[1], true, FpFormat::Double));
    /// CVTTSS2SI: the signed integer of a float of 32 bits, toward 0; the smallest where there is none.
    F32ToInt "f32_to_int" "cvttss2si" |f| float::to_int(f, 32), is |_, w, _, a| value(float::truncated(&a[0], w));
    /// CVTTSD2SI: the signed integer of a float of 64 bits, toward 0; the smallest where there is none.
    F64ToInt "f64_to_int" "cvttsd2si" |f| float::to_int(f, 64), is |_, w, _, a| value(float::truncated(&a[0], w));
    /// A copy on a condition: a branch around it.
    SelectF "selectf" "select_{cc}" float::select, is |_, _, i, a| value(i.condition::<X64>().ite(&a[1], &a[0]));
    /// PUSH: prologues only.
    Push "push" "push" |f| stack(f, 0x50, Operand::Use(64, At::In(GENERAL)), (0xff, 6), MemMode::Load), no_meaning "moves the stack pointer, which only the frame code does";
    /// POP: epilogues only.
    Pop "pop" "pop" |f| stack(f, 0x58, Operand::Def(64, At::In(GENERAL)), (0x8f, 0), MemMode::Store), no_meaning "moves the stack pointer, which only the frame code does";
    /// XCHG: exchanges two registers, for parallel moves only.
    Xchg "xchg" "xchg" exchange, no_meaning "two operands are read and written; made by the allocator's edits alone";
    /// REP MOVSQ: copies words upwards, the direction flag being clear by every convention.
    CopyWords "copy_words" "rep movsq qword ptr es:[rdi], qword ptr [rsi]" copy_words, no_meaning "a loop over memory; made by calls alone";
    /// RET: the bytes of a return.
    Ret "ret" "ret" returns, no_meaning "control: the frame code makes it";
    /// UD2: an invalid instruction, to trap.
    Ud2 "ud2" "ud2" |f| vec![Row { flow: Flow::Terminator, traps: true, emission: Emission::Trap, ..plain(f, Map::Two, 0x0b) }],
        is |e, _, i, _| { e.trap_if(&E::B::lit(1, 1), i.code); nothing() };
    /// INT3: stops for a debugger.
    Int3 "int3" "int3" |f| vec![plain(f, Map::One, 0xcc)], no_meaning "the debugger decides what happens";
    /// Traps if a condition holds: a branch to a UD2 out of line.
    TrapIf "trap_if" "trap_if_{cc}" |f| vec![Row { reads: States::FLAGS, asks: BRANCHING, traps: true, ..special(f, Emission::TrapIf, vec![]) }],
        is |e, _, i, _| { e.trap_if(&i.condition::<X64>(), i.code); nothing() };
    /// Leaves the block to one of two targets by a condition.
    Branch "branch" "branch_{cc}" |f| vec![Row { reads: States::FLAGS, asks: BRANCHING, flow: Flow::Terminator, ..special(f, Emission::Branch, vec![]) }],
        is |e, _, i, _| { e.branch(&i.condition::<X64>()); nothing() };
    /// Leaves the block to its only target.
    Jump "jump" "jump" |f| vec![Row { flow: Flow::Terminator, ..special(f, Emission::Jump, vec![]) }], no_meaning "control: one target, nothing computed";
    /// JMP to an address in a register: jumps through tables only.
    JumpReg "jump_reg" "jmp" jump_to_register, no_meaning "control: the code around it says where to";
    /// The values that arrive in a function.
    Args "args" "args" |f| vec![Row { listed: true, ..special(f, Emission::Args, vec![]) }], no_meaning "calling convention";
    /// Returns, with the values that the convention wants in registers.
    Leave "leave" "ret" |f| vec![Row { listed: true, flow: Flow::Terminator, ..special(f, Emission::Return, vec![]) }], no_meaning "calling convention";
    /// CALL of a symbol.
    Call "call" "call" |f| to_symbol(f, 0xe8, Flow::Call), no_meaning "calling convention";
    /// CALL of an address in a register, the first operand.
    CallReg "call_reg" "call" |f| to_register(f, 2, Flow::Call), no_meaning "calling convention";
    /// JMP to a symbol in this function's place, which has left its frame: a tail call.
    TailCall "tail_call" "jmp" |f| to_symbol(f, 0xe9, Flow::Terminator), no_meaning "calling convention";
    /// JMP to an address in a register, the first operand, in this function's place.
    TailCallReg "tail_call_reg" "jmp" |f| to_register(f, 4, Flow::Terminator), no_meaning "calling convention";
    /// Goes to one of many targets by an index, through a table in the code. Two more registers are lost.
    BrTable "br_table" "br_table" |f| vec![Row { listed: true, writes: States::FLAGS, flow: Flow::Terminator, ..special(f, Emission::Table, vec![]) }],
        no_meaning "control: the targets are the block's edges";
    /// MOV from a register that is never given out.
    GetReg "get_reg" "mov" |f| vec![special(f, Emission::Expand, vec![Operand::Def(64, At::In(GENERAL))])], no_meaning "the register has a purpose of its own";
    /// MOV to a register that is never given out.
    SetReg "set_reg" "mov" |f| vec![special(f, Emission::Expand, vec![Operand::Use(64, At::In(GENERAL))])], no_meaning "the register has a purpose of its own";
    /// The address of a symbol near by: LEA relative to the instruction pointer.
    SymNear "sym_near" "lea" |f| symbol(f, 0x8d, Link::Near, SymbolReach::Near, Emission::Plain), is |_, w, i, _| value(i.imm.resize(w));
    /// The address of a symbol anywhere: MOVABS, or the next row in code that runs wherever it is loaded.
    SymFar "sym_far" "movabs" |f| symbol(f, 0xb8, Link::Address, SymbolReach::Far, Emission::Expand), is |_, w, i, _| value(i.imm.resize(w));
    /// The address of a symbol anywhere: MOV from a table of addresses.
    SymTable "sym_table" "mov" |f| symbol(f, 0x8b, Link::Table, SymbolReach::Far, Emission::Plain), is |_, w, i, _| value(i.imm.resize(w));
    /// Nothing: what a deleted instruction becomes.
    Nop "nop" "nop" |f| vec![special(f, Emission::Point, vec![])], is |_, _, _, _| nothing();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_well_formed() {
        let rows = rows();
        let mut names = std::collections::HashSet::new();
        for r in &rows {
            assert!(names.insert(r.name.clone()), "two rows are called {}", r.name);
            let mem = r.operands.iter().filter(|o| matches!(o, Operand::Mem(_))).count();
            assert_eq!(mem, (r.mem != MemMode::None) as usize, "{}", r.name);
            for o in &r.operands {
                if let Operand::Def(_, At::Tied(i)) = o {
                    assert!(matches!(r.operands[*i as usize], Operand::Use(..)), "{}", r.name);
                }
            }
            assert!(!FAMILIES[r.family.0 as usize].doc.is_empty());
        }
        let without = families().iter().filter(|f| f.info().no_meaning.is_some()).count();
        assert_eq!(without, 17, "families without a meaning are counted: change this number knowingly");
    }
}
