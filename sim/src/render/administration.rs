//! What operators have the controller do, as people say it.

use kafkasim_core::call::Administration;
use kafkasim_core::ids::NodeId;
use kafkasim_core::message::ElectionType;

use super::names::{Names, listed as listed_names};

/// `create orders on {1,2}`
pub(super) fn task(task: &Administration, names: &Names) -> String {
    match task {
        Administration::CreateTopic(topic) => format!("create {} on {}", topic.name, listed(&topic.assignments, names)),
        Administration::DeleteTopic(topic) => format!("delete {topic}"),
        Administration::CreatePartitions(topic) => format!(
            "expand {} to {} on {}",
            topic.topic,
            topic.count,
            listed(&topic.assignments, names)
        ),
        Administration::ElectLeaders(election) => elections(*election).to_owned(),
        Administration::Reassign(wanted) => {
            let partition = format!("{}-{}", wanted.topic, wanted.partition);
            match &wanted.replicas {
                Some(replicas) => format!("reassign {partition} to {}", names.replicas(replicas)),
                None => format!("take the reassignment of {partition} back"),
            }
        }
    }
}

/// What it is called in a history.
pub(super) const fn verb(task: &Administration) -> &'static str {
    match task {
        Administration::CreateTopic(_) => "create",
        Administration::DeleteTopic(_) => "delete",
        Administration::CreatePartitions(_) => "expand",
        Administration::ElectLeaders(_) => "elect",
        Administration::Reassign(_) => "reassign",
    }
}

/// What has come of it.
pub(super) const fn done(task: &Administration) -> &'static str {
    match task {
        Administration::CreateTopic(_) => "topic created",
        Administration::DeleteTopic(_) => "topic deleted",
        Administration::CreatePartitions(_) => "topic expanded",
        Administration::ElectLeaders(_) => "elections held",
        Administration::Reassign(_) => "reassignment begun",
    }
}

/// Which elections somebody asks for.
pub(super) const fn elections(election: ElectionType) -> &'static str {
    match election {
        ElectionType::Preferred => "elect preferred leaders",
        ElectionType::Unclean => "elect leaders, cleanly or not",
    }
}

fn listed(assignments: &[Vec<NodeId>], names: &Names) -> String {
    let replicas: Vec<String> = assignments.iter().map(|replicas| names.replicas(replicas)).collect();
    listed_names(&replicas)
}
