//! `partitionsFor`: which partitions a topic has, as soon as the producer knows.

use alloc::vec::Vec;

use super::Producer;
use crate::call::{Answer, PartitionInfo, SendError};
use crate::config::ProducerConfig;
use crate::ids::{CallId, TopicName};
use crate::machine::{Context, Outbox};
use crate::message::MetadataTopic;
use crate::timer::{Timer, Window};

impl Producer {
    /// `partitionsFor(topic)`. What is known already is told at once, however old it is (`KafkaProducer.waitOnMetadata`).
    pub(super) fn on_partitions_for(
        &mut self,
        context: &Context<'_, ProducerConfig>,
        call: CallId,
        topic: TopicName,
        out: &mut Outbox,
    ) {
        if let Some(error) = self.refuses_sends() {
            answer(call, Err(error), out);
        } else if let Some(partitions) = self.partitions_of(&topic) {
            answer(call, Ok(partitions), out);
        } else {
            out.set_timer(timer(call), Window::wall(context.config.max_block_ms));
            self.asking.insert(call, topic);
        }
    }

    /// What is known of the cluster is new.
    pub(super) fn tell_partitions(&mut self, out: &mut Outbox) {
        for (call, topic) in core::mem::take(&mut self.asking) {
            match self.partitions_of(&topic) {
                Some(partitions) => self.stop_asking(call, Ok(partitions), out),
                None => drop(self.asking.insert(call, topic)),
            }
        }
    }

    /// Topics that can never be have no partitions.
    pub(super) fn refuse_to_tell(&mut self, invalid: &MetadataTopic, out: &mut Outbox) {
        let calls = self.asking.iter().filter(|(_, topic)| **topic == invalid.name);
        let calls: Vec<_> = calls.map(|(call, _)| *call).collect();
        for call in calls {
            self.stop_asking(call, Err(SendError::Kafka(invalid.error_code)), out);
        }
    }

    /// Nobody will ever be told anything again.
    pub(super) fn stop_all_asking(&mut self, error: SendError, out: &mut Outbox) {
        while let Some((call, _)) = self.asking.pop_first() {
            self.stop_asking(call, Err(error), out);
        }
    }

    /// [`Timer::MaxBlock`], if it is one of these calls that has waited for too long.
    pub(super) fn asked_too_long(&mut self, call: CallId, out: &mut Outbox) -> bool {
        let is_ours = self.asking.remove(&call).is_some();
        if is_ours {
            answer(call, Err(SendError::MaxBlock), out);
        }
        is_ours
    }

    fn stop_asking(&mut self, call: CallId, result: Result<Vec<PartitionInfo>, SendError>, out: &mut Outbox) {
        self.asking.remove(&call);
        out.cancel_timer(timer(call));
        answer(call, result, out);
    }

    fn partitions_of(&self, topic: &TopicName) -> Option<Vec<PartitionInfo>> {
        let partitions = &self.cluster.topic(topic)?.partitions;
        let told = (0..).zip(partitions).map(|(partition, view)| PartitionInfo {
            partition,
            leader: view.leader,
        });
        (!partitions.is_empty()).then(|| told.collect())
    }
}

fn timer(call: CallId) -> Timer {
    Timer::MaxBlock { call: call.0 }
}

fn answer(call: CallId, result: Result<Vec<PartitionInfo>, SendError>, out: &mut Outbox) {
    out.answer(Answer::PartitionsFor { call, result });
}
