//! Variable-length integers: seven bits to a byte, least significant first; signed ones are zigzagged so that small negatives stay short.

use alloc::vec::Vec;

/// The most bytes that an integer of 32 bits takes.
pub(crate) const MAX_BYTES_32: usize = 5;
/// The most bytes that an integer of 64 bits takes.
pub(super) const MAX_BYTES_64: usize = 10;

/// Moves the sign into the lowest bit.
pub(super) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// Undoes [`zigzag`].
pub(super) const fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// How many bytes [`write_unsigned`] takes.
pub(super) const fn unsigned_size(value: u64) -> usize {
    // Zero takes a byte too, hence at least one significant bit.
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// How many bytes [`write_signed`] takes.
pub(super) const fn signed_size(value: i64) -> usize {
    unsigned_size(zigzag(value))
}

/// Appends an unsigned integer.
pub(crate) fn write_unsigned(into: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        into.push(value as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

/// Reads an unsigned integer byte by byte; `None` if it has not ended after `max_bytes`.
pub(crate) fn read_unsigned<E>(
    max_bytes: usize,
    mut next_byte: impl FnMut() -> Result<u8, E>,
) -> Result<Option<u64>, E> {
    let mut value = 0;
    for index in 0..max_bytes {
        let byte = next_byte()?;
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// Appends a signed integer. One of 32 bits has the same bytes as the same number in 64 bits.
pub(super) fn write_signed(into: &mut Vec<u8>, value: i64) {
    write_unsigned(into, zigzag(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: i64, expected: &[u8]) {
        let mut bytes = Vec::new();
        write_signed(&mut bytes, value);
        assert_eq!(bytes, expected);
        assert_eq!(signed_size(value), expected.len());
        assert_eq!(unzigzag(zigzag(value)), value);
    }

    #[test]
    fn signed_integers_take_the_bytes_of_protocol_buffers() {
        check(0, &[0]);
        check(-1, &[1]);
        check(1, &[2]);
        check(63, &[0x7e]);
        check(-64, &[0x7f]);
        check(64, &[0x80, 1]);
        check(i64::from(i32::MAX), &[0xfe, 0xff, 0xff, 0xff, 0x0f]);
        check(i64::from(i32::MIN), &[0xff, 0xff, 0xff, 0xff, 0x0f]);
        check(i64::MAX, &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
        check(i64::MIN, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
    }
}
