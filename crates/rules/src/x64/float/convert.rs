//! Conversions between floats and integers, and between floats. The CPU converts signed integers of 32 and 64 bits, and
//! gives the smallest one for all that does not fit.

use super::*;
use windlass_desc::env::TrapCode;

pub fn rules(r: &mut RuleSet) {
    formats(r);
    from_integers(r);
    for (signed, trapping, saturating) in [
        (false, fcvt_to_uint as fn(Val) -> OpPat, fcvt_to_uint_sat as fn(Val) -> OpPat),
        (true, fcvt_to_sint, fcvt_to_sint_sat),
    ] {
        for &from in FLOATS {
            r.rule(INTS, |t| trapping(X.at(from)).to(trapping_steps(from, t, signed)));
            r.rule(INTS, |t| saturating(X.at(from)).to(saturating_steps(from, t, signed)));
        }
    }
    for op in [Opcode::FcvtToUint, Opcode::FcvtToSint, Opcode::FcvtToUintSat, Opcode::FcvtToSintSat] {
        r.supported.push((op, INTS.into()));
    }
}

fn formats(r: &mut RuleSet) {
    r.supported.push((Opcode::Fpromote, vec![F64]));
    r.supported.push((Opcode::Fdemote, vec![F32]));
    r.rule(&[F64], |_| fpromote(load(A).at(F32)).to(widen(64, A)));
    r.rule(&[F64], |_| fpromote(X.at(F32)).to(widen(64, X)));
    r.rule(&[F32], |_| fdemote(load(A).at(F64)).to(narrow(32, A)));
    r.rule(&[F32], |_| fdemote(X.at(F64)).to(narrow(32, X)));
}

/// A float from a signed integer of `w` bits. The rest of the register comes from a zero, so that nothing waits for its
/// old content.
fn from_signed(s: Seq, t: Type, w: u16, x: impl Into<Arg>, to: Tmp) -> Seq {
    let zero = Tmp::new("zero");
    let s = s.set(zero, zerof());
    s.set(to, if t == F64 { int_to_f64(w, zero, x) } else { int_to_f32(w, zero, x) })
}

fn from_integers(r: &mut RuleSet) {
    r.supported.push((Opcode::FcvtFromSint, FLOATS.into()));
    r.supported.push((Opcode::FcvtFromUint, FLOATS.into()));
    let s = Seq::default;
    r.rule(FLOATS, |t| fcvt_from_sint(X.at(I8)).to(from_signed(s().set(U, movsx8(32, X)), t, 32, U, T).gives([T])));
    r.rule(FLOATS, |t| fcvt_from_sint(X.at(I16)).to(from_signed(s().set(U, movsx16(32, X)), t, 32, U, T).gives([T])));
    r.rule(FLOATS, |t| fcvt_from_sint(X.at(I32)).to(from_signed(s(), t, 32, X, T).gives([T])));
    r.rule(FLOATS, |t| fcvt_from_sint(X.at(I64)).to(from_signed(s(), t, 64, X, T).gives([T])));
    r.rule(FLOATS, |t| fcvt_from_uint(X.at(I8)).to(from_signed(s().set(U, movzx8(32, X)), t, 32, U, T).gives([T])));
    r.rule(FLOATS, |t| fcvt_from_uint(X.at(I16)).to(from_signed(s().set(U, movzx16(32, X)), t, 32, U, T).gives([T])));
    r.rule(FLOATS, |t| fcvt_from_uint(X.at(I32)).to(from_signed(s().set(U, mov(32, X)), t, 64, U, T).gives([T])));
    // of numbers with the highest bit set the half is converted, kept odd if a bit falls off, and the exponent raised
    r.rule(FLOATS, |t| {
        let (w, n) = (width(t), |name| Tmp::new(name));
        let s = s().set(n("high"), shr(64, X, 63)).set(n("half"), shr(64, X, n("high")));
        let s = s.set(n("low"), and(64, X, n("high"))).set(U, or(64, n("half"), n("low")));
        let s = from_signed(s, t, 64, U, T).set(n("bits"), from_vec(w, T));
        let s = s.set(n("raise"), shl(w, n("high"), if t == F64 { 52 } else { 23 }));
        let s = s.set(n("raised"), add(w, n("bits"), n("raise")));
        fcvt_from_uint(X.at(I64)).to(s.set(n("result"), to_vec(w, n("raised"))).gives([n("result")]))
    });
}

fn format(t: Type) -> FpFormat {
    FpFormat::of(t.bits())
}

/// The float 2 to a power.
fn power(from: Type, exponent: u32) -> MInst {
    constf(width(from), format(from).power_of_two(exponent) as i64)
}

/// The float that an integer is.
fn number(from: Type, k: i64) -> MInst {
    let bits = if from == F64 { (k as f64).to_bits() as i64 } else { (k as f32).to_bits() as i64 };
    constf(width(from), bits)
}

/// The signed integer of `w` bits.
fn truncate(from: Type, w: u16, x: impl Into<Arg>) -> MInst {
    if from == F64 { f64_to_int(w, x) } else { f32_to_int(w, x) }
}

/// How wide the signed conversion must be that has room for all numbers of a type.
fn room(t: Type, signed: bool) -> u16 {
    match (t, signed) {
        (I64, _) | (I32, false) => 64,
        _ => 32,
    }
}

/// The unsigned integer of 64 bits of `x`, which is not negative. From 2^63 on the significand stands at the top.
fn truncate_u64(s: Seq, from: Type, x: impl Into<Arg> + Copy, to: Tmp) -> Seq {
    let n = |name| Tmp::new(name);
    let s = s.set(n("low"), truncate(from, 64, x)).set(n("float"), from_vec(width(from), x));
    let s = s.set(n("moved"), shl(64, n("float"), if from == F64 { 11 } else { 40 }));
    let s = s.set(n("top"), mov_64(i64::MIN)).set(n("high"), or(64, n("moved"), n("top")));
    let s = s.set(n("bound"), power(from, 63)).run(cmpf(width(from), x, n("bound")));
    s.set(to, cmov(64, is(Cc::Ae), n("low"), n("high")))
}

fn trapping_steps(from: Type, t: Type, signed: bool) -> Seq {
    let (w, bits, n) = (width(from), t.bits(), |name| Tmp::new(name));
    let s = Seq::default().run(cmpf(w, X, X)).run(trap_if(is(Cc::P)).traps(TrapCode::BAD_CONVERSION_TO_INTEGER));
    let s = s.set(n("large"), power(from, if signed { bits - 1 } else { bits })).run(cmpf(w, X, n("large")));
    let s = s.run(trap_if(is(Cc::Ae)).traps(TrapCode::INTEGER_OVERFLOW));
    let s = s.set(n("small"), constf(w, too_small(format(from), signed, bits) as i64)).run(cmpf(w, X, n("small")));
    let s = s.run(trap_if(is(Cc::Be)).traps(TrapCode::INTEGER_OVERFLOW));
    match (t, signed) {
        (I64, false) => truncate_u64(s, from, X, T).gives([T]),
        _ => s.set(T, truncate(from, room(t, signed), X)).gives([T]),
    }
}

fn saturating_steps(from: Type, t: Type, signed: bool) -> Seq {
    match (from, t, signed) {
        (_, I8 | I16, _) | (F64, I32, false) => clamped(from, t, signed),
        (_, _, true) => clamped_after(from, t),
        _ => clamped_unsigned(from, t),
    }
}

/// Where both bounds are floats, they are applied before. A NaN stays one, of which the conversion leaves zeros in the
/// low half.
fn clamped(from: Type, t: Type, signed: bool) -> Seq {
    let (w, bits, n) = (width(from), t.bits(), |name| Tmp::new(name));
    let (smallest, largest) =
        if signed { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1i64 << bits) - 1) };
    let s = Seq::default().set(n("largest"), number(from, largest)).set(n("below"), minf(w, n("largest"), X));
    let s = s.set(n("smallest"), if signed { number(from, smallest) } else { zerof() });
    let s = s.set(n("within"), maxf(w, n("smallest"), n("below")));
    s.set(T, truncate(from, if bits == 32 { 64 } else { 32 }, n("within"))).gives([T])
}

/// Signed: what is too small is right already.
fn clamped_after(from: Type, t: Type) -> Seq {
    let (w, bits, n) = (width(from), t.bits() as u16, |name| Tmp::new(name));
    let s = Seq::default().set(T, truncate(from, bits, X));
    let s = s.set(n("largest"), if bits == 64 { mov_64(i64::MAX) } else { mov_u32(i32::MAX as i64) });
    let s = s.set(n("bound"), power(from, bits as u32 - 1)).run(cmpf(w, X, n("bound")));
    let s = s.set(U, cmov(bits, is(Cc::Ae), T, n("largest"))).set(n("zero"), mov_u32(0)).run(cmpf(w, X, X));
    s.set(n("result"), cmov(bits, is(Cc::P), U, n("zero"))).gives([n("result")])
}

/// Unsigned, where the largest integer is no float: negative numbers and NaNs become 0 before.
fn clamped_unsigned(from: Type, t: Type) -> Seq {
    let (w, bits, n) = (width(from), t.bits() as u16, |name| Tmp::new(name));
    let s = Seq::default().set(n("zero"), zerof()).set(n("x"), maxf(w, X, n("zero")));
    let s = match t {
        I64 => truncate_u64(s, from, n("x"), T),
        _ => s.set(T, truncate(from, 64, n("x"))),
    };
    let s = s.set(n("largest"), mov_s32(-1)).set(n("limit"), power(from, bits as u32));
    s.run(cmpf(w, n("x"), n("limit"))).set(U, cmov(bits, is(Cc::Ae), T, n("largest"))).gives([U])
}
