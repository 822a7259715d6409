//! Decides, for one partition, who leads it, who is in sync and who else may be elected: KIP-966's rules, as pure functions.
//!
//! What Kafka calls `PartitionChangeBuilder`. Callers say which in-sync replicas they want; what follows from that for the leader
//! and for the eligible leader replicas is decided here and nowhere else.

use alloc::vec::Vec;

use super::reassignment::Assignment;
use crate::ids::{NodeId, TopicPartition};
use crate::metadata::PartitionImage;
use crate::record::MetadataRecord;
use crate::rules::{LeaderCandidate, Rules};

/// What somebody wants of a partition, and what the decision has to respect.
#[derive(Clone, Debug)]
pub(super) struct Proposal<'a> {
    /// The partition as it is.
    pub(super) partition: &'a PartitionImage,
    /// The in-sync replicas wanted, in the order of the partition's replicas.
    pub(super) isr: Vec<NodeId>,
    /// Whether the leader shall count as recovering from an unclean election.
    pub(super) recovering: bool,
    /// A replica that may have lost the end of its log.
    pub(super) unclean_shutdown: Option<NodeId>,
    /// `min.insync.replicas`, capped at the number of replicas.
    pub(super) min_isr: usize,
    /// Who may be elected, and who goes first.
    pub(super) election: Election,
    /// Who is to replicate it.
    pub(super) assignment: Assignment,
    /// Whether eligible leader replicas are kept (KIP-966).
    pub(super) eligible_leader_replicas: bool,
}

/// How a leader is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Election {
    /// The leader stays if it may; otherwise one that is known to have every committed record.
    Online,
    /// The same, but the preferred replica goes before the leader.
    Preferred,
    /// Anybody, if nobody has every committed record.
    Unclean,
}

impl Election {
    /// What is held without anybody asking for it, given `unclean.leader.election.enable`.
    pub(super) const fn automatic(unclean_enabled: bool) -> Self {
        if unclean_enabled { Self::Unclean } else { Self::Online }
    }
}

/// What is to change; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    isr: Option<Vec<NodeId>>,
    replicas: Option<Vec<NodeId>>,
    removing: Option<Vec<NodeId>>,
    adding: Option<Vec<NodeId>>,
    leader: Option<Option<NodeId>>,
    recovering: Option<bool>,
    elr: Option<Vec<NodeId>>,
    last_known_elr: Option<Vec<NodeId>>,
    /// The new leader is not known to have every committed record.
    pub(super) unclean: bool,
}

impl Change {
    /// The leader that the change brings, if it is another than this one.
    pub(super) fn leader_other_than(&self, leader: NodeId) -> bool {
        self.leader.is_some_and(|new| new != Some(leader))
    }

    /// The record that carries the change.
    pub(super) fn into_record(self, partition: TopicPartition) -> MetadataRecord {
        MetadataRecord::PartitionChange {
            partition,
            isr: self.isr,
            replicas: self.replicas,
            removing: self.removing,
            adding: self.adding,
            leader: self.leader,
            recovering: self.recovering,
            elr: self.elr,
            last_known_elr: self.last_known_elr,
        }
    }
}

/// What a proposal makes of the partition; `None` if nothing changes.
///
/// `rules` are those on trial; `is_active` says which brokers will be registered, unfenced and staying once the event that caused the proposal
/// has taken effect.
pub(super) fn decide(mut proposal: Proposal<'_>, rules: &Rules, is_active: impl Fn(NodeId) -> bool) -> Option<Change> {
    let partition = proposal.partition;
    if let Some((assignment, isr)) = proposal.assignment.completed(&proposal.isr, rules) {
        (proposal.assignment, proposal.isr) = (assignment, isr);
    }
    let elr = eligible_after(&proposal);
    let elected = elect(&proposal, &elr, rules.may_lead, is_active);
    let (isr, elr) = with_leader(&proposal, elr, elected);

    // A leader that stays has its epoch left alone even if the in-sync replicas shrink (KAFKA-15021), but not if a replica goes.
    let Assignment {
        replicas,
        removing,
        adding,
    } = &proposal.assignment;
    let drops_replica = partition.replicas.iter().any(|replica| !replicas.contains(replica));
    let leader = (elected.leader() != partition.leader || drops_replica).then(|| elected.leader());
    let recovering = matches!(elected, Elected::Uncleanly(_)) || proposal.recovering;
    let last_known_elr = last_known_after(&proposal, &isr, leader);
    let change = Change {
        replicas: (*replicas != partition.replicas).then(|| replicas.clone()),
        removing: (*removing != partition.removing).then(|| removing.clone()),
        adding: (*adding != partition.adding).then(|| adding.clone()),
        isr: (isr != partition.isr).then_some(isr),
        leader,
        recovering: (recovering != partition.recovering).then_some(recovering),
        elr: (elr != partition.elr).then_some(elr),
        last_known_elr,
        unclean: matches!(elected, Elected::Uncleanly(_)),
    };
    let changes_nothing = Change {
        unclean: change.unclean,
        ..Change::default()
    };
    (change != changes_nothing).then_some(change)
}

/// The eligible leader replicas that follow from the in-sync replicas wanted. Whoever leaves while too few are in sync to advance
/// the high watermark still has every committed record, unless it lost its tail to an unclean shutdown (KIP-966).
fn eligible_after(proposal: &Proposal<'_>) -> Vec<NodeId> {
    let partition = proposal.partition;
    if !proposal.eligible_leader_replicas || proposal.isr.len() >= proposal.min_isr {
        return Vec::new();
    }
    let had_everything = |replica: &NodeId| partition.isr.contains(replica) || partition.elr.contains(replica);
    let eligible = |replica: &NodeId| {
        had_everything(replica) && !proposal.isr.contains(replica) && proposal.unclean_shutdown != Some(*replica)
    };
    let replicas = proposal.assignment.replicas.iter();
    replicas.copied().filter(eligible).collect()
}

/// The outcome of an election.
#[derive(Clone, Copy, Debug)]
enum Elected {
    Nobody,
    Cleanly(NodeId),
    Uncleanly(NodeId),
}

impl Elected {
    const fn leader(self) -> Option<NodeId> {
        match self {
            Self::Nobody => None,
            Self::Cleanly(leader) | Self::Uncleanly(leader) => Some(leader),
        }
    }
}

fn elect(
    proposal: &Proposal<'_>,
    elr: &[NodeId],
    may_lead: fn(&LeaderCandidate) -> bool,
    is_active: impl Fn(NodeId) -> bool,
) -> Elected {
    let partition = proposal.partition;
    let is_valid = |replica: &NodeId| {
        may_lead(&LeaderCandidate {
            broker: *replica,
            is_active: is_active(*replica),
            in_isr: proposal.isr.contains(replica),
            in_elr: proposal.isr.is_empty() && elr.contains(replica),
        })
    };
    // A leader that may stay stays, even if it is not the preferred one, unless that is what is asked for.
    let replicas = &proposal.assignment.replicas;
    let preferred = replicas.first().filter(|_| proposal.election == Election::Preferred);
    let clean = preferred
        .into_iter()
        .chain(&partition.leader)
        .chain(replicas)
        .find(|replica| is_valid(replica));
    if let Some(leader) = clean {
        return Elected::Cleanly(*leader);
    }
    let last_known = last_known_leader(proposal, elr).filter(|leader| is_active(*leader));
    let any = || replicas.iter().copied().find(|replica| is_active(*replica));
    match last_known.or_else(|| (proposal.election == Election::Unclean).then(any).flatten()) {
        Some(leader) => Elected::Uncleanly(leader),
        None => Elected::Nobody,
    }
}

/// When nobody is known to have everything, the last leader is the best guess, though not before it is back (KAFKA-19522).
fn last_known_leader(proposal: &Proposal<'_>, elr: &[NodeId]) -> Option<NodeId> {
    match proposal.partition.last_known_elr[..] {
        [leader] if proposal.eligible_leader_replicas && proposal.isr.is_empty() && elr.is_empty() => Some(leader),
        _ => None,
    }
}

/// The in-sync and the eligible leader replicas, given who was elected.
fn with_leader(proposal: &Proposal<'_>, mut elr: Vec<NodeId>, elected: Elected) -> (Vec<NodeId>, Vec<NodeId>) {
    let partition = proposal.partition;
    match elected {
        // What anybody else has and the leader has not is given up, so nobody else is eligible any more.
        Elected::Uncleanly(leader) => (Vec::from([leader]), Vec::new()),
        Elected::Cleanly(leader) if !proposal.isr.contains(&leader) => {
            elr.retain(|replica| *replica != leader);
            (Vec::from([leader]), elr)
        }
        // Without eligible leader replicas the last in-sync replica stays on record: who else should be elected?
        Elected::Nobody if proposal.isr.is_empty() && !proposal.eligible_leader_replicas => {
            (partition.isr.clone(), elr)
        }
        Elected::Cleanly(_) | Elected::Nobody => (proposal.isr.clone(), elr),
    }
}

/// The last known leader is written down when the last in-sync replica goes, and struck out once there is a leader again.
fn last_known_after(proposal: &Proposal<'_>, isr: &[NodeId], leader: Option<Option<NodeId>>) -> Option<Vec<NodeId>> {
    let partition = proposal.partition;
    if !proposal.eligible_leader_replicas {
        return None;
    }
    let loses_last_isr = isr.is_empty() && !partition.isr.is_empty();
    let will_have_leader = leader.unwrap_or(partition.leader).is_some();
    match partition.leader {
        Some(last) if loses_last_isr && partition.last_known_elr != [last] => Some(Vec::from([last])),
        Some(_) | None if will_have_leader && !partition.last_known_elr.is_empty() => Some(Vec::new()),
        Some(_) | None => None,
    }
}

#[cfg(test)]
mod tests;
