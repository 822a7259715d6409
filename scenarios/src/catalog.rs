//! The built-in scenarios: every file in `scenarios/catalog`, so that adding one is dropping a file.

use std::path::Path;

use include_dir::{Dir, include_dir};

use crate::scenario::{Scenario, ScenarioError, nearest};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/catalog");

/// Every built-in scenario, by name.
pub fn all() -> Result<Vec<Scenario>, ScenarioError> {
    let mut files: Vec<_> = FILES
        .files()
        .filter(|file| file.path().extension().is_some_and(|ending| ending == "toml"))
        .collect();
    files.sort_by_key(|file| file.path());
    files
        .into_iter()
        .map(|file| {
            let path = Path::new("scenarios/catalog").join(file.path());
            let scenario = Scenario::parse(file.contents_utf8().unwrap_or_default(), &path)?;
            let stem = file
                .path()
                .file_stem()
                .and_then(|stem| stem.to_str())
                .unwrap_or_default();
            if scenario.name == stem {
                Ok(scenario)
            } else {
                let why = format!(
                    "the scenario is named \"{}\", but its file {stem}.toml: they must agree",
                    scenario.name
                );
                Err(ScenarioError::Line { path, line: 1, why })
            }
        })
        .collect()
}

/// A scenario by its name, or by the path of its file.
pub fn find(name: &str) -> Result<Scenario, ScenarioError> {
    if name.ends_with(".toml") {
        return Scenario::read(Path::new(name));
    }
    let mut scenarios = all()?;
    let exhibits = crate::exhibits::all();
    if let Some(index) = scenarios.iter().position(|scenario| scenario.name == name) {
        return Ok(scenarios.swap_remove(index));
    }
    if let Some(exhibit) = crate::exhibits::by_name(name) {
        return exhibit.scenario();
    }
    // Several exhibits may share a scenario, which then has a name of its own.
    for exhibit in exhibits {
        scenarios.push(exhibit.scenario()?);
    }
    if let Some(index) = scenarios.iter().position(|scenario| scenario.name == name) {
        return Ok(scenarios.swap_remove(index));
    }
    let known = scenarios
        .iter()
        .map(|scenario| scenario.name.as_str())
        .chain(exhibits.iter().map(|exhibit| exhibit.name));
    Err(ScenarioError::Unknown {
        name: name.to_owned(),
        nearest: nearest(name, known),
    })
}
