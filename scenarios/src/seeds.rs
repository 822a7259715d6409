//! Seeds as people write them: on the command line, and in `KAFKASIM_SEED` and `KAFKASIM_SEEDS`, which mean the same to the command and to `cargo test`.

use std::env;
use std::ops::Range;

/// One seed alone.
pub const SEED: &str = "KAFKASIM_SEED";

/// How many seeds.
pub const SEEDS: &str = "KAFKASIM_SEEDS";

/// The seeds of a test: the one that `KAFKASIM_SEED` names, or as many as `KAFKASIM_SEEDS` says, or else `count`. An error says which variable is wrong.
pub fn from_environment(count: u64) -> Result<Range<u64>, String> {
    let variable = |name| env::var(name).map_or(Ok(None), |text| of_variable(name, &text).map(Some));
    if let Some(seed) = variable(SEED)? {
        return Ok(seed..seed.saturating_add(1));
    }
    match variable(SEEDS)? {
        Some(0) => Err(format!("{SEEDS}=0: {NONE}")),
        Some(count) => Ok(0..count),
        None => Ok(0..count),
    }
}

/// Reads a number like 17, 1_000 or 0x9e37.
pub fn number(text: &str) -> Result<u64, String> {
    let digits = text.replace('_', "");
    let number = digits
        .strip_prefix("0x")
        .map_or_else(|| digits.parse(), |hex| u64::from_str_radix(hex, 16));
    number.map_err(|_| "expected a number like 17 or 0x9e37, of at most 64 bits".to_owned())
}

/// What is wrong with no seeds at all.
pub const NONE: &str = "no seeds show nothing; expected at least 1";

fn of_variable(name: &str, text: &str) -> Result<u64, String> {
    number(text).map_err(|why| format!("{name}={text}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_decimal_or_hexadecimal() {
        assert_eq!(number("0x9e37"), Ok(0x9e37));
        assert_eq!(number("1_000"), Ok(1000));
        assert!(number("9e37").is_err_and(|why| why.contains("0x9e37")));
        assert!(number("-1").is_err() && number("").is_err());
    }

    #[test]
    fn a_wrong_variable_is_named() {
        let why = of_variable(SEEDS, "many").expect_err("it is no number");
        assert!(why.starts_with("KAFKASIM_SEEDS=many: expected a number"), "{why}");
    }
}
