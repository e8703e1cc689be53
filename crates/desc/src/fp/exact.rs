//! The operations on numbers. Square roots are computed here, all else by `rustc_apfloat`, which is the arithmetic that
//! compilers fold constants with. Needs formats.

use super::{FpFormat, FpOp};
use crate::bv::{Bv, Num};
use rustc_apfloat::ieee::{Double, Half, Quad, Single};
use rustc_apfloat::{Float, FloatConvert, Round};

/// What an operation gives.
pub(crate) fn exact(op: FpOp, format: FpFormat, args: &[&Num]) -> Num {
    let bits: Vec<u128> = args.iter().map(|a| a.get()).collect();
    let result = match (op, format) {
        (FpOp::Sqrt, _) => square_root(format, bits[0]),
        (FpOp::FromInt { signed: true }, _) => from_signed(format, args[0].signed()),
        (_, FpFormat::Half) => compute::<Half>(op, &bits),
        (_, FpFormat::Single) => compute::<Single>(op, &bits),
        (_, FpFormat::Double) => compute::<Double>(op, &bits),
        (_, FpFormat::Quad) => compute::<Quad>(op, &bits),
    };
    Num::lit(op.result_width(format), result)
}

const NEAREST: Round = Round::NearestTiesToEven;

/// A format that converts to all.
trait Convertible: Float + FloatConvert<Half> + FloatConvert<Single> + FloatConvert<Double> + FloatConvert<Quad> {}
impl<T> Convertible for T where
    T: Float + FloatConvert<Half> + FloatConvert<Single> + FloatConvert<Double> + FloatConvert<Quad>
{
}

fn compute<F: Convertible>(op: FpOp, args: &[u128]) -> u128 {
    let x = || F::from_bits(args[0]);
    let y = || F::from_bits(args[1]);
    let result = match op {
        FpOp::Add => x().add_r(y(), NEAREST),
        FpOp::Sub => x().sub_r(y(), NEAREST),
        FpOp::Mul => x().mul_r(y(), NEAREST),
        FpOp::Div => x().div_r(y(), NEAREST),
        FpOp::Fma => x().mul_add_r(y(), F::from_bits(args[2]), NEAREST),
        FpOp::Ceil => x().round_to_integral(Round::TowardPositive),
        FpOp::Floor => x().round_to_integral(Round::TowardNegative),
        FpOp::Trunc => x().round_to_integral(Round::TowardZero),
        FpOp::Nearest => x().round_to_integral(NEAREST),
        FpOp::FromInt { .. } => F::from_u128_r(args[0], NEAREST),
        FpOp::To(FpFormat::Half) => return convert::<F, Half>(x()),
        FpOp::To(FpFormat::Single) => return convert::<F, Single>(x()),
        FpOp::To(FpFormat::Double) => return convert::<F, Double>(x()),
        FpOp::To(FpFormat::Quad) => return convert::<F, Quad>(x()),
        FpOp::Sqrt => unreachable!("roots are computed below"),
    };
    result.value.to_bits()
}

fn convert<F: FloatConvert<T>, T: Float>(x: F) -> u128 {
    x.convert_r(NEAREST, &mut false).value.to_bits()
}

fn from_signed(format: FpFormat, x: i128) -> u128 {
    match format {
        FpFormat::Half => Half::from_i128_r(x, NEAREST).value.to_bits(),
        FpFormat::Single => Single::from_i128_r(x, NEAREST).value.to_bits(),
        FpFormat::Double => Double::from_i128_r(x, NEAREST).value.to_bits(),
        FpFormat::Quad => Quad::from_i128_r(x, NEAREST).value.to_bits(),
    }
}

/// The square root of a float, as bits.
///
/// A positive number is M times 2^E with M of exactly p bits, the precision. With s, p + 1 or p + 2, such that E - s is
/// even, the integer root of M times 2^s has p + 1 bits, one more than needed. It is never half way between two floats:
/// the square of such an odd number of p + 1 bits has more than p significant ones. So that last bit decides.
fn square_root(format: FpFormat, bits: u128) -> u128 {
    let (fraction, sign) = (format.fraction_bits(), 1 << (format.bits() - 1));
    if bits & !sign == 0 || bits == format.infinity() {
        return bits;
    }
    if bits > format.infinity() {
        return format.quiet_nan();
    }
    let stored = (bits >> fraction) as i32;
    let hidden = (stored > 0) as u128;
    let significand = bits & ((1 << fraction) - 1) | hidden << fraction;
    let lift = fraction as i32 + 1 - (128 - significand.leading_zeros()) as i32;
    let bias = format.max_exponent() as i32;
    let exponent = stored.max(1) - bias - fraction as i32 - lift;
    let shift = fraction as i32 + 2 + (exponent - fraction as i32).rem_euclid(2);
    let root = integer_root(significand << lift, shift as u32).div_ceil(2);
    let stored = (exponent - shift) / 2 + 1 + fraction as i32 + bias;
    // the root's highest bit adds 1 to the exponent
    (((stored - 1) as u128) << fraction) + root
}

/// The root of `m` times 2^`shift`, rounded down: two bits of the number make one of the root.
fn integer_root(m: u128, shift: u32) -> u128 {
    let bit = |i: u32| i.checked_sub(shift).map_or(0, |i| if i < 128 { m >> i & 1 } else { 0 });
    let (mut root, mut rest) = (0u128, 0u128);
    for i in (0..128).rev() {
        rest = rest << 2 | bit(2 * i + 1) << 1 | bit(2 * i);
        let next = root << 2 | 1;
        root <<= 1;
        if rest >= next {
            rest -= next;
            root |= 1;
        }
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(op: FpOp, format: FpFormat, args: &[u128]) -> u128 {
        let args: Vec<Num> = args.iter().map(|a| Num::lit(format.bits(), *a)).collect();
        exact(op, format, &args.iter().collect::<Vec<_>>()).get()
    }

    /// Numbers all over the range, and special ones.
    fn samples(n: u64) -> impl Iterator<Item = u64> {
        let special = [0, 1, 0x7ff0 << 48, 0x3ff0 << 48, 0x7fef << 48, 0x000f_ffff_ffff_ffff, 0x0010 << 48];
        special.into_iter().chain((1..n).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(i as u32)))
    }

    #[test]
    fn roots_are_those_of_the_cpu() {
        for bits in samples(20_000) {
            let x = f64::from_bits(bits);
            let want = x.sqrt();
            if !want.is_nan() {
                assert_eq!(run(FpOp::Sqrt, FpFormat::Double, &[bits as u128]), want.to_bits() as u128, "{x}");
            }
            let x = f32::from_bits(bits as u32);
            if !x.sqrt().is_nan() {
                let found = run(FpOp::Sqrt, FpFormat::Single, &[bits as u32 as u128]);
                assert_eq!(found, x.sqrt().to_bits() as u128, "{x}");
            }
        }
    }

    #[test]
    fn roots_of_all_halves_are_rounded_roots() {
        // f64 has more than twice the precision of f16, so rounding its root again is right
        for bits in 0..0x7c00 {
            let wide = run(FpOp::To(FpFormat::Double), FpFormat::Half, &[bits]);
            let root = f64::from_bits(wide as u64).sqrt().to_bits() as u128;
            let want = run(FpOp::To(FpFormat::Half), FpFormat::Double, &[root]);
            assert_eq!(run(FpOp::Sqrt, FpFormat::Half, &[bits]), want, "{bits:#x}");
        }
        assert_eq!(
            (run(FpOp::Sqrt, FpFormat::Half, &[0x8000]), run(FpOp::Sqrt, FpFormat::Half, &[0xbc00])),
            (0x8000, 0x7e00)
        );
    }

    #[test]
    fn roots_of_quads_undo_squares() {
        for bits in samples(2000).filter(|b| b >> 52 & 0x7ff != 0x7ff) {
            // the square of a number of 53 bits is exact in 113
            let x = run(FpOp::To(FpFormat::Quad), FpFormat::Double, &[(bits & !(1 << 63)) as u128]);
            let square = run(FpOp::Mul, FpFormat::Quad, &[x, x]);
            assert_eq!(run(FpOp::Sqrt, FpFormat::Quad, &[square]), x, "{bits:#x}");
            // and a root lies between neighbours whose squares lie around the number
            let r = run(FpOp::Sqrt, FpFormat::Quad, &[x]);
            let residue = |r| run(FpOp::Fma, FpFormat::Quad, &[r, r, x ^ 1 << 127]) & !(1 << 127);
            assert!(x == 0 || residue(r) <= residue(r - 1) && residue(r) <= residue(r + 1), "{bits:#x}");
        }
    }

    #[test]
    fn arithmetic_is_that_of_the_cpu() {
        let num = |x: f64| x.to_bits() as u128;
        for (a, b) in samples(20_000).zip(samples(30_000).skip(7919)) {
            let (x, y) = (f64::from_bits(a), f64::from_bits(b.rotate_left(17)));
            let z = f64::from_bits(a ^ b);
            let cases = [
                (FpOp::Add, x + y),
                (FpOp::Sub, x - y),
                (FpOp::Mul, x * y),
                (FpOp::Div, x / y),
                (FpOp::Fma, x.mul_add(y, z)),
                (FpOp::Ceil, x.ceil()),
                (FpOp::Floor, x.floor()),
                (FpOp::Trunc, x.trunc()),
                (FpOp::Nearest, x.round_ties_even()),
            ];
            for (op, want) in cases.into_iter().filter(|c| !c.1.is_nan()) {
                assert_eq!(run(op, FpFormat::Double, &[num(x), num(y), num(z)]), num(want), "{op:?} {x} {y} {z}");
            }
            let narrow = run(FpOp::To(FpFormat::Single), FpFormat::Double, &[num(x)]);
            assert!(x.is_nan() || narrow == (x as f32).to_bits() as u128, "{x}");
            let from = |signed| exact(FpOp::FromInt { signed }, FpFormat::Single, &[&Num::lit(64, a as u128)]).get();
            assert_eq!(from(true), (a as i64 as f32).to_bits() as u128);
            assert_eq!(from(false), (a as f32).to_bits() as u128);
        }
    }
}
