//! Writes effects as text.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what has no text of its own is written as it is"
)]

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::groups;
use crate::disk::DiskOp;
use crate::error::ErrorCode;
use crate::ids::{NodeId, Offset, TopicPartition};
use crate::machine::{ConnectionId, Effect};
use crate::message::{Message, Request, Response};
use crate::note::Note;
use crate::record::Batch;
use crate::timer::{Clock, Mark, Timer, Window};

/// One effect; `None` for those that say nothing beyond what another effect says.
pub(super) fn effect(effect: &Effect) -> Option<String> {
    match effect {
        Effect::Connect { peer, lane } => Some(format!("connect {peer} {lane:?}")),
        Effect::Send { connection, message } => Some(format!("{}: {}", end(*connection), message_text(message))),
        Effect::Disconnect(connection) => Some(format!("disconnect {}", end(*connection))),
        Effect::SetTimer {
            timer: Timer::RequestTimeout { .. },
            ..
        }
        | Effect::CancelTimer(Timer::RequestTimeout { .. }) => None,
        Effect::SetTimer { timer, window } => Some(format!("set {} {}", timer_text(timer), window_text(*window))),
        Effect::Mark(Mark::Fetched { partition, follower }) => Some(format!("mark {partition} {follower}")),
        Effect::SetTimerFromMark { timer, window, .. } => {
            Some(format!("set {} {} from mark", timer_text(timer), window_text(*window)))
        }
        Effect::CancelTimer(timer) => Some(format!("cancel {}", timer_text(timer))),
        Effect::Disk(op) => disk(op),
        Effect::Answer(answer) => Some(format!("answer {answer:?}")),
        Effect::Note(told) => note(told),
        Effect::Mark(mark) => Some(format!("mark {mark:?}")),
        Effect::Choose(question) => Some(format!("choose {question:?}")),
    }
}

fn end(connection: ConnectionId) -> String {
    if connection.peer.0 > 100 {
        format!("c{}", connection.peer.0 - 100)
    } else {
        format!("{} {:?}", connection.peer, connection.lane)
    }
}

fn timer_text(timer: &Timer) -> String {
    match timer {
        Timer::ReplicaLag { partition, follower } => format!("lag {partition} {follower}"),
        Timer::FetchWait { connection } => format!("fetch-wait {}", end(*connection)),
        Timer::ProduceWait { connection } => format!("produce-wait {}", end(*connection)),
        Timer::AlterPartitionBackoff { partition } => format!("alter {partition}"),
        Timer::ReplicaFetchBackoff { leader } => format!("fetch {leader}"),
        Timer::ReconnectBackoff { peer, lane } => format!("reconnect {peer} {lane:?}"),
        Timer::Heartbeat => "heartbeat".into(),
        Timer::RegistrationBackoff => "registration".into(),
        Timer::MetadataFetchBackoff => "metadata".into(),
        Timer::HighWatermarkCheckpoint => "checkpoint".into(),
        Timer::LogRetention => "retention".into(),
        Timer::LogCleaner => "cleaner".into(),
        Timer::ProducerExpiration => "expiration".into(),
        Timer::LogStartCheckpoint => "starts".into(),
        Timer::DeleteRecordsWait { connection } => format!("delete-wait {}", end(*connection)),
        Timer::Group { timer, .. } => groups::timer(*timer),
        other => format!("{other:?}"),
    }
}

fn window_text(window: Window) -> String {
    let clock = match window.clock {
        Clock::Wall => "wall",
        Clock::Monotonic => "monotonic",
    };
    if window.earliest_ms == window.latest_ms {
        format!("{} {clock}", window.earliest_ms)
    } else {
        format!("{}..{} {clock}", window.earliest_ms, window.latest_ms)
    }
}

fn disk(op: &DiskOp) -> Option<String> {
    match op {
        DiskOp::CreateLog(log) => Some(format!("disk create {log}")),
        DiskOp::DeleteLog(log) => Some(format!("disk delete {log}")),
        DiskOp::WriteHighWatermarks(all) => {
            let all: Vec<String> = all.iter().map(|(log, offset)| format!("{log}:{offset}")).collect();
            Some(format!("disk high watermarks {}", all.join(" ")).trim_end().into())
        }
        DiskOp::MarkCleanShutdown(epoch) => Some(format!("disk clean shutdown of {epoch}")),
        DiskOp::ClearCleanShutdown => Some("disk no clean shutdown".into()),
        DiskOp::WriteLogStarts(all) => {
            let all: Vec<String> = all.iter().map(|(log, offset)| format!("{log}:{offset}")).collect();
            Some(format!("disk log starts {}", all.join(" ")).trim_end().into())
        }
        // The log's own tests look at these.
        DiskOp::Append { .. }
        | DiskOp::Truncate { .. }
        | DiskOp::Roll { .. }
        | DiskOp::DeleteSegments { .. }
        | DiskOp::Compact { .. }
        | DiskOp::StartAnew { .. }
        | DiskOp::WriteEpochs { .. }
        | DiskOp::Sync { .. } => None,
    }
}

fn note(note: &Note) -> Option<String> {
    let side = |as_leader: bool| if as_leader { "leader" } else { "follower" };
    match note {
        Note::BecameLeader {
            partition,
            epoch,
            start_offset,
        } => Some(format!("leads {partition} in e{epoch} from {start_offset}")),
        Note::BecameFollower {
            partition,
            epoch,
            leader,
        } => Some(format!(
            "follows {partition} in e{epoch} {}",
            leader.unwrap_or(NodeId::NONE)
        )),
        Note::Appended {
            partition,
            batch,
            as_leader,
        } => Some(format!(
            "{} appends {partition} {}",
            side(*as_leader),
            batch_text(batch)
        )),
        Note::HighWatermark {
            partition,
            to,
            as_leader,
        } => Some(format!("{} {partition} high watermark {to}", side(*as_leader))),
        Note::IsrProposed { partition, isr, shrink } => {
            let way = if *shrink { "shrink" } else { "expand" };
            Some(format!("{way} {partition} to {}", nodes(isr)))
        }
        Note::IsrCommitted {
            partition,
            isr,
            partition_epoch,
        } => Some(format!("{partition} p{partition_epoch} in sync {}", nodes(isr))),
        // The fetch that follows says as much.
        Note::MetadataReplayed { .. } => None,
        Note::LogStart { partition, to, cause } => Some(format!("{partition} starts at {to}, {cause:?}")),
        other => Some(groups::note(other).unwrap_or_else(|| format!("{other:?}"))),
    }
}

fn nodes(nodes: &[NodeId]) -> String {
    nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn batch_text(batch: &Batch) -> String {
    format!(
        "[{}-{}:e{}]",
        batch.base_offset,
        batch.last_offset(),
        batch.leader_epoch
    )
}

fn message_text(message: &Message) -> String {
    match message {
        Message::Request(request) => request_text(request),
        Message::Response(response) => response_text(response),
    }
}

fn request_text(request: &Request) -> String {
    match request {
        Request::BrokerRegistration(request) => {
            format!(
                "register {} after {}",
                request.incarnation_id, request.previous_broker_epoch
            )
        }
        Request::BrokerHeartbeat(request) => {
            let wants = [
                (request.want_fence, " want-fence"),
                (request.want_shut_down, " want-shut-down"),
            ];
            let wants: String = wants
                .iter()
                .filter(|(wanted, _)| *wanted)
                .map(|(_, text)| *text)
                .collect();
            format!(
                "heartbeat of {} at {}{wants}",
                request.broker_epoch, request.current_metadata_offset
            )
        }
        Request::Fetch(request) => {
            let each = request.partitions.iter().map(|fetch| {
                let at = partition_text(fetch.partition);
                format!(
                    "{at}@{} e={} last={}",
                    fetch.fetch_offset, fetch.current_leader_epoch, fetch.last_fetched_epoch
                )
            });
            format!("fetch {}", each.collect::<Vec<_>>().join(", "))
        }
        Request::ListOffsets(request) => {
            let each = request.partitions.iter().map(|query| {
                format!(
                    "{} {:?} e={}",
                    query.partition, query.timestamp, query.current_leader_epoch
                )
            });
            format!("list {}", each.collect::<Vec<_>>().join(", "))
        }
        Request::OffsetForLeaderEpoch(request) => {
            let each = request.partitions.iter().map(|query| {
                format!(
                    "{} {} e={}",
                    query.partition, query.leader_epoch, query.current_leader_epoch
                )
            });
            format!("end-of {}", each.collect::<Vec<_>>().join(", "))
        }
        Request::AlterPartition(request) => {
            let each = request.partitions.iter().map(|data| {
                let isr = data
                    .new_isr
                    .iter()
                    .map(|state| format!("{}@{}", state.broker_id, state.broker_epoch));
                let isr = isr.collect::<Vec<_>>().join(",");
                format!(
                    "{} e={} p={} isr={isr}",
                    data.partition, data.leader_epoch, data.partition_epoch
                )
            });
            format!(
                "alter as {} {}",
                request.broker.broker_epoch,
                each.collect::<Vec<_>>().join(", ")
            )
        }
        other => format!("{other:?}"),
    }
}

fn partition_text(partition: TopicPartition) -> String {
    if partition == TopicPartition::CLUSTER_METADATA {
        "metadata".into()
    } else {
        partition.to_string()
    }
}

fn response_text(response: &Response) -> String {
    match response {
        Response::Produce(response) => {
            let each = response.responses.iter().map(|each| {
                let leader = each
                    .current_leader
                    .map_or_else(String::new, |leader| format!(" leader={}", leader.leader_id));
                format!(
                    "{} {}{leader}",
                    each.partition,
                    outcome(each.error_code, || at(each.base_offset))
                )
            });
            format!("produced {}", each.collect::<Vec<_>>().join(", "))
        }
        Response::Fetch(response) => {
            let each = response.responses.iter().map(|each| {
                let leader = each
                    .current_leader
                    .map_or_else(String::new, |leader| format!(" leader={}", leader.leader_id));
                let found = || {
                    let batches: Vec<String> = each.records.iter().map(batch_text).collect();
                    let diverging = each.diverging_epoch.map_or_else(String::new, |epoch| {
                        format!(" diverging={}:{}", epoch.leader_epoch, epoch.end_offset)
                    });
                    format!("hw={} {}{diverging}", each.high_watermark, batches.join(" "))
                };
                format!(
                    "{} {}{leader}",
                    each.partition,
                    outcome(each.error_code, found).trim_end()
                )
            });
            format!("fetched {}", each.collect::<Vec<_>>().join(", "))
        }
        Response::ListOffsets(response) => {
            let each = response.partitions.iter().map(|each| {
                let found = || format!("{} e{} time {}", each.offset, each.leader_epoch, each.timestamp);
                format!("{} {}", each.partition, outcome(each.error_code, found))
            });
            format!("listed {}", each.collect::<Vec<_>>().join(", "))
        }
        Response::DeleteRecords(response) => {
            let each = response.partitions.iter().map(|each| {
                let found = || format!("low watermark {}", each.low_watermark);
                format!("{} {}", each.partition, outcome(each.error_code, found))
            });
            format!("deleted {}", each.collect::<Vec<_>>().join(", "))
        }
        Response::OffsetForLeaderEpoch(response) => {
            let each = response.partitions.iter().map(|each| {
                let found = || format!("e{} ends at {}", each.end.leader_epoch, each.end.end_offset);
                format!("{} {}", each.partition, outcome(each.error_code, found))
            });
            each.collect::<Vec<_>>().join(", ")
        }
        Response::Metadata(response) => {
            let topics = response.topics.iter().map(|topic| {
                let partitions = topic.partitions.iter().map(|each| {
                    let error = outcome(each.error_code, String::new);
                    format!(
                        " {}:{} e{} isr={} {error}",
                        each.partition_index,
                        each.leader_id,
                        each.leader_epoch,
                        nodes(&each.isr_nodes)
                    )
                });
                let partitions: String = partitions.collect();
                format!(
                    "{} {}{}",
                    topic.name,
                    outcome(topic.error_code, String::new),
                    partitions.trim_end()
                )
            });
            format!(
                "brokers {}; {}",
                nodes(&response.brokers),
                topics.collect::<Vec<_>>().join(", ")
            )
        }
        Response::InitProducerId(response) => outcome(response.error_code, || {
            format!("producer {} epoch {}", response.producer_id, response.producer_epoch)
        }),
        other => groups::response(other).unwrap_or_else(|| format!("{other:?}")),
    }
}

pub(super) fn outcome(error: ErrorCode, success: impl FnOnce() -> String) -> String {
    if error == ErrorCode::None {
        success()
    } else {
        error.name().into()
    }
}

fn at(offset: Offset) -> String {
    format!("@{offset}")
}
