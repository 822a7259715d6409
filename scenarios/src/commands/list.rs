//! `kafkasim list`: what there is to run, to reach and to configure.

use clap::Args;
use kafkasim::check::{Promise, situations};
use kafkasim_core::config;
use kafkasim_scenarios::catalog::{self, Entry};
use kafkasim_scenarios::exhibits::{self, Kind};
use kafkasim_scenarios::rule_sets;
use kafkasim_scenarios::scenario::Expectation;
use serde::Serialize;

use super::output::{Output, bad, command, faint, strong};
use super::verdict::some;
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
            scenarios: catalog::entries().into_iter().map(ScenarioRow::of).collect(),
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
    finds: Vec<Promise>,
    may_find: Vec<Promise>,
    reached: Vec<String>,
    never: Vec<String>,
    explorable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    broken: Option<String>,
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
    fn of(entry: Entry) -> Self {
        let mut row = Self {
            name: entry.name,
            about: String::new(),
            finds: Vec::new(),
            may_find: Vec::new(),
            reached: Vec::new(),
            never: Vec::new(),
            explorable: false,
            broken: None,
        };
        match entry.scenario {
            Ok(scenario) => {
                let Expectation {
                    finds,
                    may_find,
                    reached,
                    never,
                } = scenario.expect;
                row.about = scenario.about;
                (row.finds, row.may_find, row.reached, row.never) = (finds, may_find, reached, never);
                row.explorable = scenario.explore.is_some();
            }
            Err(error) => row.broken = Some(error.to_string()),
        }
        row
    }

    fn cells(&self) -> Vec<String> {
        match &self.broken {
            Some(why) => vec![strong(&self.name), bad(why), bad("cannot be run")],
            None => vec![strong(&self.name), self.about.clone(), expectation(&self.finds)],
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
                let header = ["scenario", "what", "expectation"];
                output.table(&header, 1, scenarios.iter().map(ScenarioRow::cells));
                output.gap();
                let row = |row: &ExhibitRow| {
                    vec![
                        strong(row.name),
                        row.about.to_owned(),
                        format!("convicted of {}", some(row.convicted_by, "or")),
                    ]
                };
                output.table(&["exhibit", "what", "expectation"], 1, exhibits.iter().map(row));
                output.gap();
                let first = scenarios.iter().find(|row| row.broken.is_none());
                let first = first.map_or("default", |row| row.name.as_str());
                output.labelled("run", command(format_args!("run {first}")));
                let exhibit = exhibits.first().map_or(rule_sets::CURRENT.name, |row| row.name);
                output.labelled("convict", command(format_args!("run {exhibit}")));
                if let Some(small) = scenarios.iter().find(|row| row.explorable) {
                    output.labelled("explore", command(format_args!("explore {}", small.name)));
                }
                output.labelled("more", faint("list --situations, list --promises, list --keys"));
            }
            Self::Situations(rows) => {
                output.table(&["situation", "what happened"], 1, rows.iter().map(Named::cells));
                output.gap();
                output.hanging(
                    "",
                    &faint("A scenario that is about one says so: [expect] reached = [\"leader-change\"]"),
                );
            }
            Self::Promises(rows) => {
                output.table(&["promise", "what is promised"], 1, rows.iter().map(Named::cells));
                output.gap();
                output.hanging(
                    "",
                    &faint("A scenario whose configuration gives one up says so: [expect] finds = [\"lost-write\"]"),
                );
            }
            Self::Keys(rows) => {
                tell_keys(rows, output);
                output.gap();
                let places = [
                    "config.\"acks\" = 1 in [[producer]], [[consumer]] and [[topic]];",
                    "broker.\"…\" and controller.\"…\" in [cluster];",
                    "a list is drawn from: config.\"linger.ms\" = [0, 5]",
                ];
                output.flow("in a file", places.map(str::to_owned));
            }
        }
    }
}

/// Key by key, under the name of what has them.
fn tell_keys(rows: &[KeyRow], output: &mut Output) {
    let mut of = "";
    for row in rows {
        if of != row.of {
            of = &row.of;
            output.gap();
            output.line(format_args!("{} {}", faint("keys:"), strong(of)));
        }
        output.gap();
        let default = if row.default.is_empty() { "none" } else { row.default };
        output.line(format_args!("  {} = {default}", strong(row.key)));
        output.paragraph("", &faint(&row.accepts));
        output.paragraph("", row.about);
    }
}

impl Named {
    fn cells(&self) -> Vec<String> {
        vec![strong(self.name), self.about.to_owned()]
    }
}

fn expectation(finds: &[Promise]) -> String {
    if finds.is_empty() {
        "keeps every promise".to_owned()
    } else {
        format!("finds {}", some(finds, "and"))
    }
}
