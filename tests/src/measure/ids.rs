//! Ids in the form that the shop's have.

/// The digits of Crockford's base 32, in lower case.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Returns a ULID in lower case: 48 bits of milliseconds since 1970 and 80 others, so that ids sort
/// in the order of time. <https://github.com/ulid/spec>
pub fn ulid(millis: u64, others: u128) -> String {
    let bits = u128::from(millis) << 80 | others & ((1 << 80) - 1);
    let digits = (0..26).rev().map(|place| bits >> (5 * place) & 31);
    digits
        .map(|digit| char::from(DIGITS[digit as usize]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ulid_is_as_its_specification_writes_it() {
        assert_eq!(ulid(1_469_918_176_385, 0), "01aryz6s410000000000000000");
        assert_eq!(ulid((1 << 48) - 1, u128::MAX), "7zzzzzzzzzzzzzzzzzzzzzzzzz");
        assert_eq!(ulid(0, 31), "0000000000000000000000000z");
    }

    #[test]
    fn ulids_sort_by_time() {
        assert!(ulid(1_700_000_000_000, u128::MAX) < ulid(1_700_000_000_001, 0));
    }
}
