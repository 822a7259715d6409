//! Rule sets by name: Kafka's own, and those of the exhibits.

use kafkasim_core::rules::Rules;

use crate::exhibits;

/// Rules with the name by which a trace embeds them.
#[derive(Clone, Copy, Debug)]
pub struct RuleSet {
    /// The name.
    pub name: &'static str,
    /// The rules.
    pub rules: Rules,
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

    /// Every rule set, Kafka's own first.
    pub fn all() -> impl Iterator<Item = Self> {
        std::iter::once(CURRENT).chain(exhibits::all().iter().map(|exhibit| exhibit.rule_set()))
    }

    /// How a command line asks for it.
    #[must_use]
    pub fn argument(&self) -> String {
        if self.name == CURRENT.name {
            String::new()
        } else {
            format!(" --rules {}", self.name)
        }
    }
}
