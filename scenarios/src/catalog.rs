//! The built-in scenarios: every file in `scenarios/catalog`, so that adding one is dropping a file.

use std::path::Path;

use include_dir::{Dir, File, include_dir};

use crate::exhibits;
use crate::scenario::{Scenario, ScenarioError, nearest};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/catalog");

/// One file of the catalog. A broken one concerns only those who ask for it.
#[derive(Debug)]
pub struct Entry {
    /// The name by which it is run: that of the file, without its ending.
    pub name: String,
    /// What it says, or why it is refused.
    pub scenario: Result<Scenario, ScenarioError>,
}

/// Every file of the catalog, by name.
#[must_use]
pub fn entries() -> Vec<Entry> {
    let is_scenario = |file: &&File<'_>| file.path().extension().is_some_and(|ending| ending == "toml");
    let mut files: Vec<_> = FILES.files().filter(is_scenario).collect();
    files.sort_by_key(|file| file.path());
    files.into_iter().map(entry).collect()
}

fn entry(file: &File<'_>) -> Entry {
    let name = file
        .path()
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let path = Path::new("scenarios/catalog").join(file.path());
    let scenario = Scenario::parse_bytes(file.contents(), &path).and_then(|scenario| scenario.named(&name, &path));
    Entry { name, scenario }
}

/// Every built-in scenario, by name. One broken file among them is an error: this is for those who need them all.
pub fn all() -> Result<Vec<Scenario>, ScenarioError> {
    entries().into_iter().map(|entry| entry.scenario).collect()
}

/// A scenario by its name, or by the path of its file.
pub fn find(name: &str) -> Result<Scenario, ScenarioError> {
    if name.ends_with(".toml") {
        return Scenario::read(Path::new(name));
    }
    let mut entries = entries();
    if let Some(index) = entries.iter().position(|entry| entry.name == name) {
        return entries.swap_remove(index).scenario;
    }
    if let Some(exhibit) = exhibits::by_name(name) {
        return exhibit.scenario();
    }
    // Several exhibits may share a scenario, which then has a name of its own.
    let of_exhibits = || exhibits::all().iter().filter_map(|exhibit| exhibit.scenario().ok());
    if let Some(scenario) = of_exhibits().find(|scenario| scenario.name == name) {
        return Ok(scenario);
    }
    let of_exhibits: Vec<_> = of_exhibits().map(|scenario| scenario.name).collect();
    let known = entries
        .iter()
        .map(|entry| entry.name.as_str())
        .chain(of_exhibits.iter().map(String::as_str))
        .chain(exhibits::all().iter().map(|exhibit| exhibit.name));
    Err(ScenarioError::Unknown {
        name: name.to_owned(),
        nearest: nearest(name, known),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_file_is_told_by_name_and_line_and_concerns_only_itself() {
        let refused = |name: &'static str, text: &'static str| {
            let Entry { name, scenario } = entry(&File::new(name, text.as_bytes()));
            let why = scenario.map_or_else(|error| error.to_string(), |_| "fine".to_owned());
            format!("{name}: {why}")
        };
        assert_eq!(
            refused("x.toml", "name = \"y\"\nabout = \"y\"\n[[topic]]\nname = \"t\"\n"),
            "x: scenarios/catalog/x.toml:1: name = \"y\": expected \"x\", the name of the file"
        );
        assert!(refused("x.toml", "name = \"x\"\nabuot = \"x\"\n").starts_with("x: scenarios/catalog/x.toml:2: "));
        assert_eq!(
            entry(&File::new("x.toml", b"name = \"\xff\"\n"))
                .scenario
                .map_err(|error| error.to_string()),
            Err("scenarios/catalog/x.toml:1: this is not a text in UTF-8".to_owned())
        );
    }
}
