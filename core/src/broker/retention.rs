//! From time to time a broker deletes the old segments of its logs, and forgets idle producers, whether they lead or follow.

use super::Broker;
use super::partition::Changes;
use crate::config::BrokerConfig;
use crate::ids::TopicPartition;
use crate::machine::{Context, Outbox};
use crate::timer::{Timer, Window};

/// `producer.id.expiration.ms`, unless somebody wants another.
const DAY_MS: i64 = 86_400_000;

impl Broker {
    /// Plans the first look at old segments, once there is a log from which anything may ever go. Kafka looks in any case.
    pub(super) fn plan_retention(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        partition: TopicPartition,
        out: &mut Outbox,
    ) {
        let topic = self.metadata.image().topics.get(&partition.topic);
        if !self.retention_is_planned && topic.is_some_and(|topic| topic.config.lets_go_soon()) {
            self.retention_is_planned = true;
            let delay_ms = context.config.log_initial_task_delay_ms;
            out.set_timer(Timer::LogRetention, Window::monotonic(delay_ms));
        }
    }

    /// [`Timer::LogRetention`]
    pub(super) fn delete_old_segments(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        for (partition, replica) in &mut self.partitions {
            if let Some(topic) = self.metadata.image().topics.get(&partition.topic) {
                replica.delete_old_segments(&topic.config, context, changes, out);
            }
        }
        let interval_ms = context.config.log_retention_check_interval_ms;
        out.set_timer(Timer::LogRetention, Window::monotonic(interval_ms));
    }

    /// Plans the first look at idle producers, if any may be forgotten within less than Kafka's day. Kafka looks in any case.
    pub(super) fn plan_producer_expiration(context: &Context<'_, BrokerConfig>, out: &mut Outbox) {
        if context.config.producer_id_expiration_ms < DAY_MS {
            let interval_ms = context.config.producer_id_expiration_check_interval_ms;
            out.set_timer(Timer::ProducerExpiration, Window::monotonic(interval_ms));
        }
    }

    /// [`Timer::ProducerExpiration`]
    pub(super) fn forget_idle_producers(&mut self, context: &Context<'_, BrokerConfig>, out: &mut Outbox) {
        for replica in self.partitions.values_mut() {
            replica.forget_idle_producers(context, out);
        }
        Self::plan_producer_expiration(context, out);
    }
}
