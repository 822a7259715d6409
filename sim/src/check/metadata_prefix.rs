//! R7, for what brokers know: each has replayed a prefix of the metadata log that the controller committed, so that two at the same offset
//! know the same.

use std::collections::BTreeMap;

use kafkasim_core::ids::{NodeId, Offset};

use super::view::View;
use super::{Finding, Promise, Verdict};
use crate::fingerprint::Fingerprint;

/// Remembers what the cluster looked like at each offset at which the controller has committed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct MetadataPrefix {
    images: BTreeMap<Offset, Fingerprint>,
}

impl MetadataPrefix {
    /// The controller has committed its log up to here; replayed, it shows this.
    pub(crate) fn committed(&mut self, to: Offset, image: Fingerprint) {
        self.images.insert(to, image);
    }

    /// A broker has replayed the log up to here.
    pub(crate) fn replayed(&self, view: &dyn View, broker: NodeId, to: Offset) -> Option<Finding> {
        let message = match (self.images.get(&to), view.metadata(broker)) {
            (None, _) => {
                format!("{broker} has replayed the metadata log up to {to}, where the controller has committed nothing")
            }
            (Some(committed), Some(image)) if Fingerprint::of(image) != *committed => {
                format!(
                    "{broker} has replayed the metadata log up to {to}, and knows something else than the controller committed"
                )
            }
            (Some(_), Some(_) | None) => return None,
        };
        Some(Finding::new(Promise::MetadataPrefix, Verdict::Violated, message))
    }
}
