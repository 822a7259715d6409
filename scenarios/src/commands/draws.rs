//! What a seed has decided.

use std::collections::BTreeMap;

use kafkasim_scenarios::scenario::Scenario;

use super::output::{Output, faint};
use super::target::Target;

/// Tells every draw of one seed.
pub(crate) fn tell_draws(target: &Target, seed: u64, output: &mut Output) {
    let resolved = target.scenario.resolve(seed);
    let drawn = draws(&target.scenario, &resolved);
    output.line(format_args!("seed {seed} {}", faint("drew")));
    for (key, value) in drawn {
        output.prose("", &format!("{} {value}", faint(format_args!("{key} ="))));
    }
}

/// Every value of a scenario that a seed has decided.
fn draws(scenario: &Scenario, resolved: &Scenario) -> BTreeMap<String, String> {
    let tree = |scenario: &Scenario| toml::Value::try_from(scenario).expect("a scenario can be written as TOML");
    let mut found = BTreeMap::new();
    differences(String::new(), &tree(scenario), &tree(resolved), &mut found);
    found.remove("faults.all-kinds");
    found
}

fn differences(path: String, before: &toml::Value, after: &toml::Value, found: &mut BTreeMap<String, String>) {
    match (before, after) {
        (toml::Value::Table(before), toml::Value::Table(after)) => {
            for (key, after) in after {
                let name = if key.contains('.') {
                    format!("\"{key}\"")
                } else {
                    key.clone()
                };
                let path = if path.is_empty() {
                    name
                } else {
                    format!("{path}.{name}")
                };
                if let Some(before) = before.get(key) {
                    differences(path, before, after, found);
                }
            }
        }
        (_, toml::Value::Array(kinds)) if path == "faults.kinds" => {
            found.insert(path, kinds.iter().map(fault_in_words).collect::<Vec<_>>().join(", "));
        }
        (toml::Value::Array(before), toml::Value::Array(after)) => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                let path = if before == after || path.is_empty() {
                    path.clone()
                } else {
                    format!("{path}[{index}]")
                };
                differences(path, before, after, found);
            }
        }
        (before, after) if before != after => {
            found.insert(path, after.to_string());
        }
        (_, _) => {}
    }
}

fn fault_in_words(kind: &toml::Value) -> String {
    let word = |key: &str| {
        kind.get(key)
            .and_then(toml::Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    format!("{} {}", word("kind"), word("target"))
}
