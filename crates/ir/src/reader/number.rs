//! What the digits of a number token mean: integers of every width, offsets, and constants given as hexadecimal bytes.
//! Needs nothing. Floats are read by their own types.

/// Why a text is no number of the kind wanted.
pub(crate) type NumberError = &'static str;

const OUT_OF_RANGE: NumberError = "integer out of range";

/// An integer of `bits` bits, signed or unsigned, as its bits. Underscores may part the digits of hexadecimal numbers,
/// and those of decimal ones where `underscores` says so.
pub(crate) fn int(text: &str, bits: u32, underscores: bool) -> Result<u128, NumberError> {
    let (negative, body) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let magnitude = match body.strip_prefix("0x") {
        Some(hex) => digits(hex, 16, true, if bits == 64 { 16 } else { u32::MAX })?,
        None => digits(body, 10, underscores, u32::MAX)?,
    };
    let limit = u128::MAX >> (128 - bits);
    match negative {
        false if magnitude > limit => Err(OUT_OF_RANGE),
        true if magnitude > 1 << (bits - 1) => Err("negative number too small"),
        false => Ok(magnitude),
        true => Ok(magnitude.wrapping_neg() & limit),
    }
}

fn digits(s: &str, radix: u32, underscores: bool, max: u32) -> Result<u128, NumberError> {
    let (mut value, mut count) = (0u128, 0);
    for c in s.chars() {
        if c == '_' && underscores {
            continue;
        }
        let d = c.to_digit(radix).ok_or("invalid digit")?;
        count += 1;
        value = value.checked_mul(radix as u128).and_then(|v| v.checked_add(d as u128)).ok_or(OUT_OF_RANGE)?;
    }
    match count {
        0 => Err("no digits in number"),
        _ if count > max => Err("too many hexadecimal digits"),
        _ => Ok(value),
    }
}

/// An unsigned integer of `bits` bits. One of 32 bits may have a sign.
pub(crate) fn unsigned(text: &str, bits: u32) -> Result<u64, NumberError> {
    if bits != 32 && text.starts_with(['-', '+']) {
        return Err("the number must have no sign");
    }
    match int(text, bits, bits >= 32)? as u64 {
        1.. if text.starts_with('-') => Err("the number must not be negative"),
        value => Ok(value),
    }
}

/// An offset of 32 bits, which must have a sign.
pub(crate) fn offset(text: &str) -> Result<i32, NumberError> {
    if !text.starts_with(['-', '+']) {
        return Err("an offset must have a sign");
    }
    // With one bit more, a positive number that needs the sign's bit is seen.
    let wide = int(text, 33, true)? as u64;
    i32::try_from((wide << 31) as i64 >> 31).map_err(|_| "offset out of range")
}

/// The bytes of the largest vector, 256 lanes of 128 bits: no constant has more.
const MAX_BYTES: usize = 256 * 16;

/// The bytes of `0x...`, whose first digits are the most significant ones, least significant byte first.
pub(crate) fn hex_bytes(text: &str) -> Result<Vec<u8>, NumberError> {
    let hex = text.strip_prefix("0x").ok_or("expected a constant that starts with `0x`")?;
    let mut nibbles = Vec::with_capacity(hex.len());
    for c in hex.chars().filter(|c| *c != '_') {
        nibbles.push(c.to_digit(16).ok_or("invalid hexadecimal digit in constant")? as u8);
    }
    match nibbles.len() {
        0 => Err("no digits in constant"),
        n if n > 2 * MAX_BYTES => Err("constant longer than any vector"),
        n if n % 2 != 0 => Err("odd number of hexadecimal digits in constant"),
        _ => Ok(nibbles.rchunks(2).map(|b| b[0] << 4 | b[1]).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_readings_of_the_top_bit() {
        assert_eq!(int("255", 8, false), Ok(0xff));
        assert_eq!(int("-1", 8, false), Ok(0xff));
        assert_eq!(int("-128", 8, false), Ok(0x80));
        assert_eq!(int("-129", 8, false), Err("negative number too small"));
        assert_eq!(int("256", 8, false), Err(OUT_OF_RANGE));
        assert_eq!(int("0x1_0", 16, false), Ok(16));
        assert_eq!(int("1_0", 16, false), Err("invalid digit"));
        assert_eq!(int("1_0", 64, true), Ok(10));
        assert_eq!(int("-0x8000_0000_0000_0000", 64, true), Ok(1 << 63));
        assert_eq!(int("340282366920938463463374607431768211455", 128, false), Ok(u128::MAX));
        assert!(int("340282366920938463463374607431768211456", 128, false).is_err());
        assert!(int("0x0_00000000_00000001", 64, true).is_err());
        assert!(int("", 8, false).is_err() && int("1-2", 8, false).is_err());
    }

    #[test]
    fn signs_of_unsigned_numbers() {
        assert_eq!((unsigned("-0", 32), unsigned("+0x1_0", 32)), (Ok(0), Ok(16)));
        assert_eq!(unsigned("-1", 32), Err("the number must not be negative"));
        assert!(unsigned("+1", 64).is_err() && unsigned("+1", 8).is_err() && unsigned("256", 8).is_err());
    }

    #[test]
    fn offsets_and_bytes() {
        assert_eq!(offset("+0x1_0000"), Ok(0x1_0000));
        assert_eq!(offset("-2147483648"), Ok(i32::MIN));
        assert!(offset("8").is_err() && offset("+0x8000_0000").is_err() && offset("-2147483649").is_err());
        assert_eq!(hex_bytes("0x01_02"), Ok(vec![2, 1]));
        assert_eq!(hex_bytes(&format!("0x{}01", "00".repeat(MAX_BYTES - 1))).unwrap()[..2], [1, 0]);
        assert!(hex_bytes(&format!("0x{}01", "00".repeat(MAX_BYTES))).is_err());
        assert!(hex_bytes("0x012").is_err() && hex_bytes("12").is_err() && hex_bytes("0x").is_err());
    }
}
