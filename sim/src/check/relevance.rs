//! Which events any monitor looks at: the others cost nothing.

use kafkasim_core::call::{Answer, Call};
use kafkasim_core::note::Note;

use crate::world::{Event, Fault};

/// Whether any monitor looks at events of this kind.
pub(super) fn is_relevant(event: &Event) -> bool {
    match event {
        Event::Started { .. } | Event::WriteRefused { .. } => false,
        Event::Fault(fault) => matches!(fault, Fault::PowerLoss { .. } | Fault::Disk { .. } | Fault::Reset(_)),
        Event::Called { call, .. } => matches!(
            call,
            Call::Send { .. }
                | Call::Flush
                | Call::Close { .. }
                | Call::Assign(_)
                | Call::Subscribe(_)
                | Call::Unsubscribe
                | Call::ListenerReturned
                | Call::CommitSync { .. }
                | Call::CommitAsync { .. }
                | Call::Steer(_)
                | Call::LookUp { .. }
                | Call::DeleteRecords(_)
        ),
        Event::Answered { answer, .. } => match answer {
            Answer::Sent { .. }
            | Answer::Flushed
            | Answer::Closed
            | Answer::LookedUp(_)
            | Answer::Rebalanced(_)
            | Answer::Unsubscribed => true,
            Answer::Polled(result) => result.as_ref().is_ok_and(|records| !records.is_empty()),
            Answer::PartitionsFor { .. }
            | Answer::Committed(_)
            | Answer::CommitCompleted { .. }
            | Answer::ShutDown
            | Answer::Administered { .. }
            | Answer::RecordsDeleted(_) => false,
        },
        Event::Processed { .. } | Event::Stopped { .. } | Event::Late { .. } | Event::Severed { .. } => true,
        Event::Note { note, .. } => is_relevant_note(note),
    }
}

fn is_relevant_note(note: &Note) -> bool {
    match note {
        Note::BecameLeader { .. }
        | Note::BecameFollower { .. }
        | Note::LogRecovered { .. }
        | Note::Appended { .. }
        | Note::ProduceRefused { .. }
        | Note::Truncated { .. }
        | Note::LogStart { .. }
        | Note::LogStartedAnew { .. }
        | Note::Compacted { .. }
        | Note::ProducersExpired { .. }
        | Note::HighWatermark { .. }
        | Note::IsrProposed { .. }
        | Note::IsrCommitted { .. }
        | Note::MetadataReplayed { .. }
        | Note::BatchSent { .. }
        | Note::BatchRetried { .. }
        | Note::PositionReset { .. }
        | Note::FetchedTooMuch { .. }
        | Note::TruncationDetected { .. }
        | Note::ElectionGranted { .. }
        | Note::GroupsLoaded { .. }
        | Note::GroupsUnloaded { .. }
        | Note::GroupState { .. }
        | Note::OffsetsAccepted { .. }
        | Note::MemberJoined { .. }
        | Note::MemberSynced { .. }
        | Note::MembershipEnded { .. }
        | Note::CommitSent { .. }
        | Note::OffsetsCommitted { .. }
        | Note::CommittedTold { .. }
        | Note::LogDeleted { .. } => true,
        // What the controller decides is read in its log, where nothing is missing after a crash.
        Note::BrokerRegistered { .. }
        | Note::BrokerUnfenced { .. }
        | Note::TopicDeleted { .. }
        | Note::BrokerFenced { .. }
        | Note::PartitionChanged { .. }
        | Note::AlterPartitionRefused { .. }
        | Note::DuplicateSuppressed { .. }
        | Note::FetchDiverged { .. }
        | Note::EpochRefused { .. }
        | Note::Parked { .. }
        | Note::ParkedExpired { .. }
        | Note::OversizedBatchRead { .. }
        | Note::BatchSplit { .. }
        | Note::MemoryAwaited
        | Note::StickyPartitionDrawn { .. }
        | Note::BatchExpired { .. }
        | Note::SequenceLost { .. }
        | Note::ProducerEpochBumped { .. }
        | Note::ProducerIdAssigned { .. }
        | Note::PositionOutOfRange { .. }
        | Note::CoordinatorFound { .. }
        | Note::CoordinatorUnknown { .. }
        | Note::PositionValidated { .. } => false,
    }
}
