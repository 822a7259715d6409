//! `kafkasim list`: what there is to run, to reach and to configure.

use clap::Args;
use kafkasim::check::{Promise, situations};
use kafkasim_core::config;
use kafkasim_scenarios::exhibits::{self, Kind};
use kafkasim_scenarios::scenario::{Expectation, Scenario};
use kafkasim_scenarios::{catalog, rule_sets};
use serde::Serialize;

use super::output::{Output, command, faint, strong};
use super::verdict::names;
use super::{CommandError, Exit};

/// List scenarios and exhibits, situations, or configuration keys
///
/// A scenario runs under Kafka's own rules, and says what must come of it. An exhibit is one wrong or historical rule with the scenario
/// in which it matters; it must be convicted.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// List the situations that a scenario may have to reach ([expect] reached = [...])
    #[arg(long, group = "what")]
    situations: bool,
    /// List the promises that are checked ([expect] finds = [...])
    #[arg(long, group = "what")]
    promises: bool,
    /// List every configuration key that is simulated, with its default
    #[arg(long, group = "what")]
    keys: bool,
    /// Print one JSON document instead of a table
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn list(arguments: &Arguments, output: &mut Output) -> Result<Exit, CommandError> {
    let document = if arguments.situations {
        Document::Situations(
            situations()
                .map(|situation| Named {
                    name: situation.name,
                    about: situation.sentence,
                })
                .collect(),
        )
    } else if arguments.promises {
        Document::Promises(
            Promise::ALL
                .iter()
                .map(|promise| Named {
                    name: promise.name(),
                    about: promise.sentence(),
                })
                .collect(),
        )
    } else if arguments.keys {
        Document::Keys(config::keys().map(KeyRow::of).collect())
    } else {
        let exhibits = exhibits::all().iter().map(ExhibitRow::of).collect();
        Document::Everything {
            scenarios: catalog::all()?.into_iter().map(ScenarioRow::of).collect(),
            exhibits,
        }
    };
    if arguments.json {
        output.json(&document);
    } else {
        document.tell(output);
    }
    Ok(Exit::AsExpected)
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum Document {
    Situations(Vec<Named>),
    Promises(Vec<Named>),
    Keys(Vec<KeyRow>),
    #[serde(untagged)]
    Everything {
        scenarios: Vec<ScenarioRow>,
        exhibits: Vec<ExhibitRow>,
    },
}

#[derive(Serialize)]
struct ScenarioRow {
    name: String,
    about: String,
    #[serde(flatten)]
    expect: Expectation,
    explorable: bool,
}

#[derive(Serialize)]
struct ExhibitRow {
    name: &'static str,
    about: &'static str,
    historical: bool,
    convicted_by: &'static [Promise],
    scenario: Option<String>,
    smallest_scope: &'static str,
}

#[derive(Serialize)]
struct Named {
    name: &'static str,
    about: &'static str,
}

#[derive(Serialize)]
struct KeyRow {
    of: String,
    key: &'static str,
    default: &'static str,
    accepts: String,
    about: &'static str,
}

impl ScenarioRow {
    fn of(scenario: Scenario) -> Self {
        Self {
            name: scenario.name,
            about: scenario.about,
            expect: scenario.expect,
            explorable: scenario.explore.is_some(),
        }
    }
}

impl ExhibitRow {
    fn of(exhibit: &exhibits::Exhibit) -> Self {
        Self {
            name: exhibit.name,
            about: exhibit.about,
            historical: exhibit.kind == Kind::History,
            convicted_by: exhibit.convicted_by,
            scenario: exhibit.scenario().ok().map(|scenario| scenario.name),
            smallest_scope: exhibit.scope,
        }
    }
}

impl KeyRow {
    fn of(key: &config::KeyDescription) -> Self {
        Self {
            of: key.kind.to_string(),
            key: key.key,
            default: key.default,
            accepts: key.accepts(),
            about: key.doc,
        }
    }
}

impl Document {
    fn tell(&self, output: &mut Output) {
        match self {
            Self::Everything { scenarios, exhibits } => {
                let row = |row: &ScenarioRow| vec![strong(&row.name), row.about.clone(), expectation(&row.expect)];
                output.table(&["scenario", "what", "expectation"], scenarios.iter().map(row));
                output.gap();
                let row = |row: &ExhibitRow| {
                    vec![
                        strong(row.name),
                        row.about.to_owned(),
                        format!("must break {}", names(row.convicted_by)),
                    ]
                };
                output.table(&["exhibit", "what", "expectation"], exhibits.iter().map(row));
                output.gap();
                let first = scenarios.first().map_or("default", |row| row.name.as_str());
                output.labelled("run", command(format_args!("run {first}")));
                let exhibit = exhibits.first().map_or(rule_sets::CURRENT.name, |row| row.name);
                output.labelled("convict", command(format_args!("run {exhibit}")));
                if let Some(small) = scenarios.iter().find(|row| row.explorable) {
                    output.labelled("explore", command(format_args!("explore {}", small.name)));
                }
                output.labelled("more", faint("list --situations, list --promises, list --keys"));
            }
            Self::Situations(rows) => {
                output.table(&["situation", "what happened"], rows.iter().map(Named::cells));
                output.gap();
                output.line(faint(
                    "A scenario that is about one says so: [expect] reached = [\"leader-change\"]",
                ));
            }
            Self::Promises(rows) => {
                output.table(&["promise", "what is promised"], rows.iter().map(Named::cells));
                output.gap();
                output.line(faint(
                    "A scenario whose configuration gives one up says so: [expect] finds = [\"lost-write\"]",
                ));
            }
            Self::Keys(rows) => {
                let row = |row: &KeyRow| {
                    vec![
                        row.of.clone(),
                        strong(row.key),
                        row.default.to_owned(),
                        row.accepts.clone(),
                        row.about.to_owned(),
                    ]
                };
                output.table(
                    &["of", "key", "default", "accepts", "what it decides"],
                    rows.iter().map(row),
                );
                output.gap();
                output.line(faint("In a scenario: config.\"acks\" = 1 in [[producer]], broker.\"…\" in [cluster], config.\"…\" in [[topic]]"));
            }
        }
    }
}

impl Named {
    fn cells(&self) -> Vec<String> {
        vec![strong(self.name), self.about.to_owned()]
    }
}

fn expectation(expect: &Expectation) -> String {
    let finds = expect
        .finds
        .iter()
        .map(|promise| promise.name())
        .collect::<Vec<_>>()
        .join(", ");
    if finds.is_empty() {
        "keeps every promise".to_owned()
    } else {
        format!("finds {finds}")
    }
}
