//! Arithmetic on lists of words of 64 bits, the lowest first: schoolbook methods, since nothing here is often needed.
//! Results are as long as the operands, modulo their size. Needs nothing.

/// Sum.
pub fn add(a: &[u64], b: &[u64]) -> Vec<u64> {
    let mut carry = 0;
    let add = |(a, b): (&u64, &u64)| {
        let sum = *a as u128 + *b as u128 + carry;
        carry = sum >> 64;
        sum as u64
    };
    a.iter().zip(b).map(add).collect()
}

/// Difference.
pub fn sub(a: &[u64], b: &[u64]) -> Vec<u64> {
    let mut borrow = false;
    let sub = |(a, b): (&u64, &u64)| {
        let (d, under) = a.overflowing_sub(*b);
        let (d, again) = d.overflowing_sub(borrow as u64);
        borrow = under | again;
        d
    };
    a.iter().zip(b).map(sub).collect()
}

/// Product.
pub fn mul(a: &[u64], b: &[u64]) -> Vec<u64> {
    let mut out = vec![0; a.len()];
    for (i, x) in a.iter().enumerate() {
        let mut carry = 0;
        for (o, y) in out[i..].iter_mut().zip(b) {
            let t = *x as u128 * *y as u128 + *o as u128 + carry;
            *o = t as u64;
            carry = t >> 64;
        }
    }
    out
}

/// Quotient and remainder, bit by bit; of a division by 0 all ones and the dividend.
pub fn divide(a: &[u64], b: &[u64]) -> (Vec<u64>, Vec<u64>) {
    let (mut q, mut r) = (vec![0; a.len()], vec![0; a.len()]);
    for i in (0..64 * a.len() as u32).rev() {
        let over = r[r.len() - 1] >> 63 != 0;
        r = shl(&r, 1);
        r[0] |= bit(a, i) as u64;
        if over || !r.iter().rev().lt(b.iter().rev()) {
            r = sub(&r, b);
            q[i as usize / 64] |= 1 << (i % 64);
        }
    }
    (q, r)
}

/// Shifted to the left by less than the size.
pub fn shl(a: &[u64], n: u32) -> Vec<u64> {
    let (whole, part) = (n as usize / 64, n % 64);
    let word = |i: usize| if i < whole { 0 } else { a[i - whole] };
    let shifted = |i: usize| match (part, i) {
        (0, _) => word(i),
        (_, 0) => word(0) << part,
        _ => word(i) << part | word(i - 1) >> (64 - part),
    };
    (0..a.len()).map(shifted).collect()
}

/// Shifted to the right by less than 64.
pub fn shr(a: &[u64], n: u32) -> Vec<u64> {
    let above = |i: usize| if n == 0 { 0 } else { a.get(i + 1).map_or(0, |x| x << (64 - n)) };
    a.iter().enumerate().map(|(i, x)| x >> n | above(i)).collect()
}

/// `a` with ones from bit `from` to bit `to`.
pub fn ones_from(mut a: Vec<u64>, from: u32, to: u32) -> Vec<u64> {
    a.resize(to.div_ceil(64) as usize, 0);
    for (i, word) in (0..).zip(&mut a) {
        *word |= match from.checked_sub(64 * i) {
            None => u64::MAX,
            Some(n @ 0..64) => u64::MAX << n,
            Some(_) => 0,
        };
    }
    a
}

fn bit(a: &[u64], i: u32) -> bool {
    a[i as usize / 64] >> (i % 64) & 1 != 0
}
