//! The high watermarks, and where logs start, are written down from time to time, so that a restarted broker does not start from nothing.

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
        if changes.log_start_moved && !self.log_start_checkpoint_is_due {
            self.log_start_checkpoint_is_due = true;
            let latest_ms = context.config.log_flush_start_offset_checkpoint_interval_ms;
            let window = Window {
                earliest_ms: 0,
                ..Window::monotonic(latest_ms)
            };
            out.set_timer(Timer::LogStartCheckpoint, window);
        }
    }

    /// Whether a log's start has moved since it was written down.
    pub(super) fn has_to_write_log_starts(&self) -> bool {
        self.log_start_checkpoint_is_due
    }

    /// [`Timer::LogStartCheckpoint`]
    pub(super) fn write_log_starts(&mut self, out: &mut Outbox) {
        self.log_start_checkpoint_is_due = false;
        let starts = self
            .partitions
            .iter()
            .filter_map(|(partition, replica)| Some((*partition, replica.log().start_to_be_written()?)));
        out.disk(DiskOp::WriteLogStarts(starts.collect()));
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
