//! The high watermarks are written down from time to time, so that a restarted broker does not start from nothing.

use super::{Broker, Changes};
use crate::config::BrokerConfig;
use crate::disk::DiskOp;
use crate::machine::{Context, Outbox};
use crate::timer::{Timer, Window};

impl Broker {
    /// Plans the next checkpoint once there is something to write. Kafka writes at fixed times; what has not changed looks the same.
    pub(super) fn plan_checkpoint(&mut self, context: &Context<'_, BrokerConfig>, changes: &Changes, out: &mut Outbox) {
        if changes.high_watermark_moved && !self.checkpoint_is_due {
            self.checkpoint_is_due = true;
            let earliest_ms = 0;
            let latest_ms = context.config.replica_high_watermark_checkpoint_interval_ms;
            let window = Window {
                earliest_ms,
                ..Window::monotonic(latest_ms)
            };
            out.set_timer(Timer::HighWatermarkCheckpoint, window);
        }
    }

    /// [`Timer::HighWatermarkCheckpoint`]
    pub(super) fn write_high_watermarks(&mut self, out: &mut Outbox) {
        self.checkpoint_is_due = false;
        let logs = self
            .partitions
            .iter()
            .map(|(partition, replica)| (*partition, replica.log().high_watermark()));
        out.disk(DiskOp::WriteHighWatermarks(logs.collect()));
    }
}
