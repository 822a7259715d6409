//! From time to time a broker cleans its compacted logs, whether they lead or follow (Kafka's `LogCleaner`).

use super::Broker;
use crate::config::BrokerConfig;
use crate::ids::TopicPartition;
use crate::machine::{Context, Outbox};
use crate::timer::{Timer, Window};

impl Broker {
    /// Plans the first look at compacted logs, once there is one. Kafka looks in any case.
    pub(super) fn plan_cleaning(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        partition: TopicPartition,
        out: &mut Outbox,
    ) {
        let topic = self.metadata.image().topics.get(&partition.topic);
        let is_compacted = topic.is_some_and(|topic| topic.config.cleanup_policy.compacts());
        if is_compacted && !self.cleaning_is_planned {
            self.cleaning_is_planned = true;
            self.clean_later(context, out);
        }
    }

    /// [`Timer::LogCleaner`]
    pub(super) fn clean_logs(&mut self, context: &Context<'_, BrokerConfig>, out: &mut Outbox) {
        for (partition, replica) in &mut self.partitions {
            let topic = self.metadata.image().topics.get(&partition.topic);
            if let Some(topic) = topic.filter(|topic| topic.config.cleanup_policy.compacts()) {
                replica.clean(&topic.config, context, out);
            }
        }
        self.clean_later(context, out);
    }

    fn clean_later(&self, context: &Context<'_, BrokerConfig>, out: &mut Outbox) {
        let backoff_ms = context.config.log_cleaner_backoff_ms;
        out.set_timer(Timer::LogCleaner, Window::monotonic(backoff_ms));
    }
}
