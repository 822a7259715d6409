//! R9: the leader-epoch cache agrees with the log.

use kafkasim_core::disk::{EpochEntry, LogImage};
use kafkasim_core::ids::{LeaderEpoch, NodeId, TopicPartition};
use kafkasim_core::note::Note;
use kafkasim_core::record::Batch;

use super::{Finding, Promise, Scene, Verdict};

/// A replica told that its log or its leadership changed.
pub(crate) fn noted(scene: &Scene<'_>, node: NodeId, note: &Note) -> Option<Finding> {
    match note {
        Note::Appended { partition, .. } => {
            let image = scene.view.log(node, *partition)?;
            let wrong = disagreement(image.batches.last()?, &image.epochs)?;
            Some(finding(scene, *partition, node, &wrong))
        }
        Note::Truncated { partition, .. }
        | Note::LogRecovered { partition, .. }
        | Note::LogStart { partition, .. }
        | Note::Compacted { partition, .. }
        | Note::LogStartedAnew { partition, .. } => {
            let wrong = disorder(scene.view.log(node, *partition)?)?;
            Some(finding(scene, *partition, node, &wrong))
        }
        Note::BecameLeader { .. } => None,
        Note::MetadataReplayed { .. }
        | Note::TopicDeleted { .. }
        | Note::BrokerRegistered { .. }
        | Note::BrokerUnfenced { .. }
        | Note::BrokerFenced { .. }
        | Note::PartitionChanged { .. }
        | Note::AlterPartitionRefused { .. }
        | Note::ElectionGranted { .. }
        | Note::LogDeleted { .. }
        | Note::BecameFollower { .. }
        | Note::DuplicateSuppressed { .. }
        | Note::ProduceRefused { .. }
        | Note::GroupsLoaded { .. }
        | Note::GroupsUnloaded { .. }
        | Note::GroupState { .. }
        | Note::CoordinatorFound { .. }
        | Note::CoordinatorUnknown { .. }
        | Note::MemberJoined { .. }
        | Note::MemberSynced { .. }
        | Note::MembershipEnded { .. }
        | Note::CommitSent { .. }
        | Note::OffsetsCommitted { .. }
        | Note::CommittedTold { .. }
        | Note::OffsetsAccepted { .. }
        | Note::FetchDiverged { .. }
        | Note::EpochRefused { .. }
        | Note::HighWatermark { .. }
        | Note::IsrProposed { .. }
        | Note::IsrCommitted { .. }
        | Note::Parked { .. }
        | Note::ParkedExpired { .. }
        | Note::OversizedBatchRead { .. }
        | Note::BatchSent { .. }
        | Note::BatchRetried { .. }
        | Note::BatchSplit { .. }
        | Note::MemoryAwaited
        | Note::StickyPartitionDrawn { .. }
        | Note::BatchExpired { .. }
        | Note::SequenceLost { .. }
        | Note::ProducerEpochBumped { .. }
        | Note::ProducerIdAssigned { .. }
        | Note::ProducersExpired { .. }
        | Note::FetchedTooMuch { .. }
        | Note::PositionOutOfRange { .. }
        | Note::PositionReset { .. }
        | Note::PositionValidated { .. }
        | Note::TruncationDetected { .. } => None,
    }
}

/// Whether the cache says something else about a batch than the batch itself.
fn disagreement(batch: &Batch, entries: &[EpochEntry]) -> Option<String> {
    let covering = entries
        .iter()
        .rev()
        .find(|entry| entry.start_offset <= batch.base_offset);
    let cached = covering.map_or(LeaderEpoch::NONE, |entry| entry.epoch);
    let (own, base) = (batch.leader_epoch, batch.base_offset);
    (cached != own).then(|| format!("the batch at {base} is of epoch {own}, the cache says {cached}"))
}

/// Whether entries do not grow, or reach beyond the log.
fn disorder(image: &LogImage) -> Option<String> {
    let end = image.end();
    let grows = |pair: &[EpochEntry]| pair[0].epoch < pair[1].epoch && pair[0].start_offset <= pair[1].start_offset;
    if let Some(pair) = image.epochs.windows(2).find(|pair| !grows(pair)) {
        return Some(format!(
            "epoch {} does not follow epoch {}",
            pair[1].epoch, pair[0].epoch
        ));
    }
    let beyond = image.epochs.iter().find(|entry| entry.start_offset > end)?;
    Some(format!("the log ends at {end}, before epoch {} starts", beyond.epoch))
}

fn finding(scene: &Scene<'_>, partition: TopicPartition, node: NodeId, wrong: &str) -> Finding {
    let message = format!("{}: at {}, {wrong}", scene.truth.name(partition), scene.name(node));
    Finding::new(Promise::EpochCache, Verdict::Violated, message)
}
