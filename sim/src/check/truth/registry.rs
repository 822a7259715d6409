//! What the controller has decided, replayed from its log once that is committed.

use kafkasim_core::ids::{NodeId, Offset, TopicPartition};
use kafkasim_core::metadata::PartitionImage;
use kafkasim_core::record::MetadataRecord;

use super::super::guarantee::{self, LossSteps};
use super::super::view::View;
use super::harm::has_rotten;
use super::{Change, METADATA, Parted, Truth, batches, registered_as};
use crate::fingerprint::Fingerprint;

impl Truth {
    /// The controller has committed its log up to here.
    pub(super) fn replay(&mut self, view: &dyn View, controller: NodeId, to: Offset, changes: &mut Vec<Change>) {
        let batches = view.log(controller, METADATA).map_or(&[][..], |log| &log.batches);
        let start = batches.partition_point(|batch| batch.base_offset < self.replayed);
        for batch in batches[start..].iter().take_while(|batch| batch.next_offset() <= to) {
            let records = batch.records().expect("what a controller commits can be read");
            for value in records.iter().filter_map(|record| record.value.as_ref()) {
                let record = MetadataRecord::decode(value).expect("the metadata log holds metadata records");
                self.replay_record(view, &record, changes);
            }
            self.replayed = batch.next_offset();
            changes.push(Change::MetadataCommitted {
                to: self.replayed,
                image: Fingerprint::of(&self.metadata),
            });
        }
    }

    fn replay_record(&mut self, view: &dyn View, record: &MetadataRecord, changes: &mut Vec<Change>) {
        let (MetadataRecord::Partition { partition, .. } | MetadataRecord::PartitionChange { partition, .. }) = record
        else {
            if let MetadataRecord::BrokerRegistrationChange {
                broker,
                fenced: Some(false),
                ..
            } = record
            {
                changes.push(Change::Unfenced { broker: *broker });
            } else if let MetadataRecord::RemoveTopic { id } = record {
                self.remove(*id, changes);
            }
            self.metadata.replay(record);
            return;
        };
        let old = self.registered(*partition).cloned();
        self.metadata.replay(record);
        let new = self
            .registered(*partition)
            .expect("a partition whose record was replayed is there")
            .clone();
        if let Some(old) = &old {
            self.reregistered(view, *partition, old, &new);
            let has_joined = |broker: &&NodeId| !old.isr.contains(broker) && !self.metadata.is_active(**broker);
            let brokers: Vec<_> = new.isr.iter().filter(has_joined).copied().collect();
            if !brokers.is_empty() {
                changes.push(Change::Inactive {
                    partition: *partition,
                    brokers,
                });
            }
        }
        changes.push(Change::Registered {
            partition: *partition,
            old: old.map(Box::new),
            new: Box::new(new),
        });
    }

    fn reregistered(&mut self, view: &dyn View, id: TopicPartition, old: &PartitionImage, new: &PartitionImage) {
        let Some(topic) = self.metadata.topics.get(&id.topic) else {
            return;
        };
        let partition = self.partitions.entry(id).or_default();
        let is_elected = new.leader_epoch > old.leader_epoch && new.leader.is_some();
        let reigns = partition.reign.map(|(leader, _)| leader);
        partition.others_elected |= is_elected && new.leader != reigns;
        let is_clean = new
            .leader
            .is_none_or(|leader| old.isr.contains(&leader) || old.elr.contains(&leader));
        if is_elected && !is_clean && (topic.config.unclean_leader_election_enable || partition.asked_for) {
            let steps = LossSteps {
                unclean_election: true,
                asked_for: partition.asked_for,
                ..LossSteps::default()
            };
            let verdict = guarantee::lost_committed(&topic.config, view.keeps_eligible_leader_replicas(), steps);
            partition.unclean = true;
            partition.parted = Some(Parted {
                epoch: new.leader_epoch,
                verdict,
            });
        } else if is_elected {
            partition.last_known = !is_clean;
            partition.asked_for = false;
        }
        let has_caught_up =
            |node, since| registered_as(&self.metadata, node) > since && !has_rotten(batches(view.log(node, id)));
        let min_isr = topic.effective_min_isr(new);
        partition.hits.registered(old, new, min_isr, has_caught_up);
    }
}
