//! Which seeds a command runs: from the command line, else from the environment, else as many as suit it.

use std::env;
use std::ops::Range;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use kafkasim_scenarios::seeds::{NONE, SEED, SEEDS};

pub(crate) use kafkasim_scenarios::seeds::number;

use super::CommandError;

/// Which seeds. What is typed goes before what the environment says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seeds {
    given: Given,
    /// Whether the one seed was typed, or nothing was that goes before it.
    is_alone: bool,
}

#[derive(Clone, Copy, Debug, Args)]
struct Given {
    /// How many seeds to run [default: as many as suit the scenario]
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true, env = SEEDS, hide_env_values = true)]
    seeds: Option<u64>,
    /// The first of them [default: 0]
    #[arg(long, value_name = "SEED", value_parser = number, allow_negative_numbers = true)]
    from: Option<u64>,
    /// One seed alone, like 17 or 0x9e37; goes before KAFKASIM_SEEDS
    #[arg(long, value_name = "SEED", value_parser = seed, allow_negative_numbers = true, env = SEED, hide_env_values = true)]
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

impl FromArgMatches for Seeds {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let is_typed = |name| matches.value_source(name) == Some(ValueSource::CommandLine);
        let others = [("seeds", "--seeds <N>"), ("from", "--from <SEED>")];
        let other = others.into_iter().find(|(name, _)| is_typed(name));
        if let Some((_, other)) = other.filter(|_| is_typed("seed")) {
            let why = format!("the argument '--seed <SEED>' cannot be used with '{other}'");
            return Err(clap::Error::raw(ErrorKind::ArgumentConflict, why));
        }
        Ok(Self {
            given: Given::from_arg_matches(matches)?,
            is_alone: other.is_none(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Seeds {
    fn augment_args(command: Command) -> Command {
        Given::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Given::augment_args_for_update(command)
    }
}

impl Seeds {
    /// The seeds meant.
    pub(crate) fn choose(&self) -> Result<Chosen, CommandError> {
        let Given { seeds, from, seed } = self.given;
        if let Some(seed) = seed.filter(|_| self.is_alone) {
            return Ok(Chosen::One(seed));
        }
        let from = from.unwrap_or(0);
        let Some(count) = seeds else {
            return Ok(Chosen::Fitting(from));
        };
        let end = from
            .checked_add(count)
            .ok_or(CommandError::SeedsBeyondEnd { from, count })?;
        Ok(Chosen::Many(from..end))
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

fn seed(text: &str) -> Result<u64, String> {
    number(text).map_err(|why| blame(SEED, text, why))
}

fn count(text: &str) -> Result<u64, String> {
    match number(text) {
        Ok(0) => Err(blame(SEEDS, text, NONE.to_owned())),
        Ok(count) => Ok(count),
        Err(why) => Err(blame(SEEDS, text, why)),
    }
}

/// Reads a number that must not be 0.
pub(crate) fn at_least_one(text: &str) -> Result<u64, String> {
    match number(text)? {
        0 => Err("expected at least 1".to_owned()),
        number => Ok(number),
    }
}

/// Names the variable that a value comes from: nobody has typed the option that it stands for.
fn blame(variable: &str, text: &str, why: String) -> String {
    if env::var_os(variable).is_some_and(|value| *value == *text) {
        format!("{variable}={text}: {why}")
    } else {
        why
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_is_a_range_of_one() {
        assert_eq!(Chosen::One(7).range(100), 7..8);
        assert_eq!(Chosen::Fitting(7).range(100), 7..107);
    }
}
