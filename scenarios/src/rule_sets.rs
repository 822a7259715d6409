//! Rule sets by name: Kafka's own, those of the exhibits, and the steps between them.

use kafkasim_core::rules::Rules;

use crate::exhibits;
use crate::scenario::{did_you_mean, nearest};

/// Rules with the name by which a trace embeds them.
#[derive(Clone, Copy, Debug)]
pub struct RuleSet {
    /// The name.
    pub name: &'static str,
    /// The rules.
    pub rules: Rules,
}

/// There are no rules of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are no rules \"{name}\"; {}", did_you_mean(.nearest.as_deref(), "rules are \"current\" or the name of an exhibit, see `kafkasim list`"))]
pub struct UnknownRules {
    /// The name.
    pub name: String,
    /// The name that was probably meant.
    pub nearest: Option<String>,
}

/// What Kafka 4.1 does.
pub const CURRENT: RuleSet = RuleSet {
    name: "current",
    rules: Rules::CURRENT,
};

impl RuleSet {
    /// The rule set of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::all().find(|set| set.name == name)
    }

    /// The rule set of this name, or what is wrong with the name.
    pub fn find(name: &str) -> Result<Self, UnknownRules> {
        Self::by_name(name).ok_or_else(|| {
            let nearest = nearest(name, Self::all().map(|set| set.name));
            UnknownRules {
                name: name.to_owned(),
                nearest,
            }
        })
    }

    /// Every rule set, Kafka's own first.
    pub fn all() -> impl Iterator<Item = Self> {
        std::iter::once(CURRENT)
            .chain(exhibits::all().iter().map(|exhibit| exhibit.rule_set()))
            .chain(exhibits::FOUR_STEPS)
    }
}
