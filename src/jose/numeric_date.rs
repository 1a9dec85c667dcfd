//! Numbers of seconds, as JSON writes them (RFC 8259 §6), without floating point, whose tables alone would be a tenth
//! of the module.

/// Number of digits that are read; what follows them is less than a millisecond of any possible date.
const DIGITS: usize = 18;

/// A number times a thousand, rounded down; `None` if it is negative, not a number, or larger than 10^16 (the year
/// 318857 in milliseconds).
#[must_use]
pub fn thousandths(text: &str) -> Option<u64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.strip_prefix('+').unwrap_or(exponent).parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = whole.bytes().chain(fraction.bytes());
    if whole.is_empty() || digits.clone().any(|digit| !digit.is_ascii_digit()) {
        return None;
    }
    let value = digits.by_ref().take(DIGITS).fold(0_u64, |value, digit| value * 10 + u64::from(digit - b'0'));
    if value == 0 && digits.all(|digit| digit == b'0') {
        return Some(0);
    }
    let places =
        i32::try_from(whole.len()).ok()?.saturating_sub(i32::try_from(DIGITS.min(whole.len() + fraction.len())).ok()?);
    let shift = exponent.saturating_add(places).saturating_add(3);
    let power = 10_u64.checked_pow(shift.unsigned_abs());
    let number = match (shift >= 0, power) {
        (true, power) => value.checked_mul(power?)?,
        (false, power) => power.map_or(0, |power| value / power),
    };
    (number <= 10_u64.pow(16)).then_some(number)
}
