//! ElectLeaders: an operator has other leaders elected than there are (KIP-183, KIP-460).

use alloc::vec::Vec;

use super::commit::Records;
use super::election::{self, Election, Proposal};
use super::partitions::proposal;
use super::{Controller, ControllerContext};
use crate::error::ErrorCode;
use crate::machine::{ConnectionId, Outbox};
use crate::message::{ElectLeadersRequest, ElectLeadersResponse, ElectionType, PartitionElection};
use crate::metadata::PartitionImage;
use crate::note::Note;

impl Controller {
    pub(super) fn on_elect_leaders(
        &mut self,
        context: &ControllerContext<'_>,
        connection: ConnectionId,
        request: ElectLeadersRequest,
        out: &mut Outbox,
    ) {
        let election = request.election_type;
        let mut records = Records::default();
        let mut results = Vec::new();
        let is_active = |broker| self.image.is_active(broker);
        let needed = self
            .image
            .partitions()
            .filter(|(_, _, image)| is_needed(election, image));
        for (partition, topic, image) in needed {
            let wanted = Proposal {
                election: match election {
                    ElectionType::Preferred => Election::Preferred,
                    ElectionType::Unclean => Election::Unclean,
                },
                ..proposal(context, topic, image, image.isr.clone())
            };
            let error_code = match election::decide(wanted, context.rules, is_active) {
                Some(change) => {
                    out.note(Note::ElectionGranted { partition, election });
                    records.push_change(partition, change);
                    ErrorCode::None
                }
                None => not_available(election),
            };
            results.push(PartitionElection { partition, error_code });
        }
        self.append(context, records, out);
        let response = ElectLeadersResponse {
            error_code: ErrorCode::None,
            replica_election_results: results,
        };
        self.answer(connection, response, out);
    }
}

/// Kafka leaves partitions out of its answer in which no election is needed, if all are asked for.
fn is_needed(election: ElectionType, partition: &PartitionImage) -> bool {
    match election {
        ElectionType::Preferred => partition.leader != partition.replicas.first().copied(),
        ElectionType::Unclean => partition.leader.is_none(),
    }
}

const fn not_available(election: ElectionType) -> ErrorCode {
    match election {
        ElectionType::Preferred => ErrorCode::PreferredLeaderNotAvailable,
        ElectionType::Unclean => ErrorCode::EligibleLeadersNotAvailable,
    }
}
