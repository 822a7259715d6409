//! Which seeds a command runs: from the command line, else from the environment, else as many as suit it.

use std::env;
use std::ops::Range;

use clap::Args;

use super::CommandError;

/// Which seeds.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Seeds {
    /// How many seeds to run [default: as many as suit the scenario; or KAFKASIM_SEEDS]
    #[arg(long, value_name = "N", value_parser = number)]
    seeds: Option<u64>,
    /// The first of them [default: 0]
    #[arg(long, value_name = "SEED", value_parser = number)]
    from: Option<u64>,
    /// One seed alone, like 17 or 0x9e37; what it drew is printed [default: KAFKASIM_SEED, if that is set]
    #[arg(long, value_name = "SEED", value_parser = number, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
}

/// The seeds chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// One alone.
    One(u64),
    /// Many.
    Many(Range<u64>),
    /// As many as suit the scenario, from this one on.
    Fitting(u64),
}

impl Seeds {
    /// The command line goes before the environment.
    pub(crate) fn choose(&self) -> Result<Chosen, CommandError> {
        if let Some(seed) = self.seed {
            return Ok(Chosen::One(seed));
        }
        if self.seeds.is_none()
            && self.from.is_none()
            && let Some(seed) = from_environment("KAFKASIM_SEED")?
        {
            return Ok(Chosen::One(seed));
        }
        let from = self.from.unwrap_or(0);
        match count(self.seeds)? {
            Some(0) => Err(CommandError::Usage(
                "0 seeds show nothing: ask for at least 1".to_owned(),
            )),
            Some(count) => {
                let end = from
                    .checked_add(count)
                    .ok_or(CommandError::SeedsBeyondEnd { from, count })?;
                Ok(Chosen::Many(from..end))
            }
            None => Ok(Chosen::Fitting(from)),
        }
    }
}

impl Chosen {
    /// The seeds, if `fitting` is how many suit the scenario.
    pub(crate) const fn range(&self, fitting: u64) -> Range<u64> {
        match self {
            Self::One(seed) => *seed..seed.saturating_add(1),
            Self::Many(range) => range.start..range.end,
            Self::Fitting(from) => *from..from.saturating_add(fitting),
        }
    }
}

/// How many seeds, from the command line or else from the environment.
pub(crate) fn count(given: Option<u64>) -> Result<Option<u64>, CommandError> {
    if given.is_some() {
        Ok(given)
    } else {
        from_environment("KAFKASIM_SEEDS")
    }
}

fn from_environment(variable: &'static str) -> Result<Option<u64>, CommandError> {
    let Some(value) = env::var_os(variable) else {
        return Ok(None);
    };
    let value = value.to_string_lossy().into_owned();
    number(&value)
        .map(Some)
        .map_err(|_| CommandError::Environment { variable, value })
}

/// Reads a number like 17, 1_000 or 0x9e37.
pub(crate) fn number(text: &str) -> Result<u64, String> {
    let digits = text.replace('_', "");
    let number = digits
        .strip_prefix("0x")
        .map_or_else(|| digits.parse(), |hex| u64::from_str_radix(hex, 16));
    number.map_err(|error| format!("{error}; expected a number like 17 or 0x9e37"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_decimal_or_hexadecimal() {
        assert_eq!(number("0x9e37"), Ok(0x9e37));
        assert_eq!(number("1_000"), Ok(1000));
        assert!(number("9e37").is_err_and(|why| why.contains("0x9e37")));
    }

    #[test]
    fn one_seed_is_a_range_of_one() {
        assert_eq!(Chosen::One(7).range(100), 7..8);
        assert_eq!(Chosen::Fitting(7).range(100), 7..107);
    }
}
