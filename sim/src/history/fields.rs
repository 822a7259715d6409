//! The keys of one line, taken one by one, so that whoever wrote a wrong one is told which, and what would be right.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What is left of a line's keys.
pub(super) struct Fields {
    left: Map<String, Value>,
    asked: Vec<&'static str>,
}

impl Fields {
    /// All keys of an object.
    pub(super) const fn new(object: Map<String, Value>) -> Self {
        Self {
            left: object,
            asked: Vec::new(),
        }
    }

    /// What must be there.
    pub(super) fn required<T: DeserializeOwned>(&mut self, key: &'static str) -> Result<T, String> {
        let found = self.optional(key)?;
        found.ok_or_else(|| match self.nearest_to(key) {
            Some(wrong) => format!("the key \"{key}\" is missing; is \"{wrong}\" meant to be it?"),
            None => format!("the key \"{key}\" is missing"),
        })
    }

    /// What may be there. `null` is as good as nothing.
    pub(super) fn optional<T: DeserializeOwned>(&mut self, key: &'static str) -> Result<Option<T>, String> {
        self.asked.push(key);
        match self.left.remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => serde_json::from_value(value)
                .map(Some)
                .map_err(|error| format!("\"{key}\": {error}")),
        }
    }

    /// Nothing else may be there.
    pub(super) fn finish(self) -> Result<(), String> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(left) => Err(unknown("key", left, self.asked.into_iter())),
        }
    }

    /// A key of another name that was probably meant to be this one.
    fn nearest_to(&self, key: &str) -> Option<String> {
        nearest(key, self.left.keys().map(String::as_str))
    }
}

/// Says that there is nothing of this name, and which name was probably meant.
pub(super) fn unknown<'a>(what: &str, wrong: &str, right: impl Iterator<Item = &'a str> + Clone) -> String {
    let hint = match nearest(wrong, right.clone()) {
        Some(nearest) => format!("did you mean \"{nearest}\"?"),
        None => format!("expected one of {}", right.collect::<Vec<_>>().join(", ")),
    };
    format!("there is no {what} \"{wrong}\" here; {hint}")
}

fn nearest<'a>(wrong: &str, right: impl Iterator<Item = &'a str>) -> Option<String> {
    let near = right.map(|name| (strsim::damerau_levenshtein(wrong, name), name));
    let near = near.filter(|(distance, name)| *distance <= name.len().max(wrong.len()).div_ceil(3));
    near.min().map(|(_, name)| name.to_owned())
}
