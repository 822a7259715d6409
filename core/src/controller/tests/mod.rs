//! Conversations with one controller, as text: lines that start with `>` are inputs, the others are what follows from them.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what a controller hardly ever says need not be rendered nicely"
)]

mod brokers;
mod metadata_log;
mod partitions;
mod script;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Controller;
use crate::config::ControllerConfig;
use crate::disk::{DiskError, DiskImage, DiskOp, LogImage};
use crate::ids::{IncarnationId, NodeId, Timestamp, TopicPartition};
use crate::machine::{Boot, ConnectionId, Context, Effect, Input, Machine, Outbox};
use crate::message::{AlteredPartition, FetchedPartition, Message, Response};
use crate::note::Note;
use crate::record::{Batch, MetadataRecord};
use crate::rules::Rules;
use crate::timer::Timer;

const METADATA: TopicPartition = TopicPartition::CLUSTER_METADATA;

/// Runs the inputs of a conversation and compares all of it with what really happens.
fn converse(expected: &str) {
    converse_with(true, expected);
}

/// The same with or without eligible leader replicas.
fn converse_with(eligible_leader_replicas: bool, expected: &str) {
    let config = ControllerConfig {
        eligible_leader_replicas,
        ..ControllerConfig::defaults()
    };
    let mut conversation = Conversation::new(config);
    let inputs = expected
        .lines()
        .map(str::trim)
        .filter_map(|line| line.strip_prefix('>'));
    for input in inputs {
        conversation.said.push_str(&format!("> {}\n", input.trim()));
        conversation.say(input.trim());
    }
    let expected: String = expected
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .fold(String::new(), |text, line| text + line + "\n");
    assert!(
        conversation.said == expected,
        "what was said:\n{}\nexpected:\n{expected}",
        conversation.said
    );
}

/// One controller, its disk, and everything said so far.
struct Conversation {
    config: ControllerConfig,
    controller: Option<Controller>,
    disk: Disk,
    /// Whether every sync completes at once, and goes without saying.
    disk_is_fast: bool,
    said: String,
}

/// What the page cache holds, and how much of it is safe.
#[derive(Default)]
struct Disk {
    batches: Vec<Batch>,
    epochs: Vec<crate::disk::EpochEntry>,
    synced: usize,
    syncing: Option<(crate::ids::DiskToken, usize)>,
    exists: bool,
}

impl Conversation {
    fn new(config: ControllerConfig) -> Self {
        Self {
            config,
            controller: None,
            disk: Disk::default(),
            disk_is_fast: true,
            said: String::new(),
        }
    }

    fn say(&mut self, line: &str) {
        match line {
            "boot" => self.boot(),
            "power loss" => {
                self.disk.batches.truncate(self.disk.synced);
                self.boot();
            }
            "slow disk" => self.disk_is_fast = false,
            _ if line.starts_with("brokers ") => self.start_brokers(&line["brokers ".len()..]),
            "sync" => self.sync(Ok(())),
            "sync fails" => self.sync(Err(DiskError::Storage)),
            _ => self.step(script::input(line)),
        }
        while self.disk_is_fast && self.disk.syncing.is_some() {
            self.sync(Ok(()));
        }
    }

    /// Registers and unfences brokers, which goes without saying: incarnation 10 for broker 1, 20 for broker 2 and so on.
    fn start_brokers(&mut self, ids: &str) {
        let said = core::mem::take(&mut self.said);
        for id in ids.split(' ') {
            self.say(&format!("register {id} as {id}0"));
            let id: i32 = id.parse().expect("a broker");
            let controller = self.controller.as_ref().expect("the controller was booted");
            let epoch = controller.registered(NodeId(id)).expect("it has just registered").epoch;
            self.say(&format!("heartbeat {id}@{epoch} at {epoch}"));
        }
        self.said = said;
    }

    fn boot(&mut self) {
        self.disk.syncing = None;
        let image = LogImage {
            batches: self.disk.batches.clone(),
            segments: Vec::new(),
            epochs: self.disk.epochs.clone(),
        };
        let logs = if self.disk.exists {
            BTreeMap::from([(METADATA, image)])
        } else {
            BTreeMap::new()
        };
        let disk = DiskImage {
            logs,
            ..DiskImage::default()
        };
        let boot = Boot {
            incarnation: IncarnationId(1),
            disk: &disk,
        };
        let mut out = Outbox::new();
        self.controller = Some(Controller::boot(&context(&self.config), boot, &mut out));
        self.hear(out);
    }

    fn sync(&mut self, result: Result<(), DiskError>) {
        let (token, length) = self.disk.syncing.take().expect("a sync is outstanding");
        if result.is_ok() {
            self.disk.synced = length;
        }
        self.step(Input::Synced(token, result));
    }

    fn step(&mut self, input: Input) {
        let mut out = Outbox::new();
        let controller = self.controller.as_mut().expect("the controller was booted");
        controller.step(&context(&self.config), input, &mut out);
        self.hear(out);
    }

    fn hear(&mut self, mut out: Outbox) {
        for effect in out.drain() {
            if let Some(line) = self.render(effect) {
                self.said.push_str(line.trim_end());
                self.said.push('\n');
            }
        }
    }

    fn render(&mut self, effect: Effect) -> Option<String> {
        match effect {
            Effect::Send {
                connection,
                message: Message::Response(response),
            } => Some(format!("to {}: {}", connection.peer, render_response(&response))),
            Effect::SetTimer { timer, window } => Some(format!("arm {} {}ms", render_timer(timer), window.latest_ms)),
            Effect::CancelTimer(timer) => Some(format!("cancel {}", render_timer(timer))),
            Effect::Disk(op) => self.write(op),
            Effect::Note(Note::HighWatermark { to, .. }) => {
                (!self.disk_is_fast).then(|| format!("committed below {to}"))
            }
            Effect::Note(note) => render_note(&note),
            other @ (Effect::Send {
                message: Message::Request(_),
                ..
            }
            | Effect::Connect { .. }
            | Effect::Disconnect(_)
            | Effect::Mark(_)
            | Effect::SetTimerFromMark { .. }
            | Effect::Choose(_)
            | Effect::Answer(_)) => panic!("a controller does not cause {other:?}"),
        }
    }

    fn write(&mut self, op: DiskOp) -> Option<String> {
        let disk = &mut self.disk;
        match op {
            DiskOp::CreateLog(METADATA) => disk.exists = true,
            DiskOp::Append { batch, .. } => disk.batches.push(batch),
            DiskOp::WriteEpochs { entries, .. } => disk.epochs = entries,
            DiskOp::Sync { token, .. } => {
                assert!(disk.syncing.is_none(), "one sync at a time");
                disk.syncing = Some((token, disk.batches.len()));
                return (!self.disk_is_fast).then(|| "sync?".to_string());
            }
            DiskOp::Truncate { to, .. } => disk.batches.retain(|batch| batch.next_offset() <= to),
            other @ (DiskOp::CreateLog(_)
            | DiskOp::DeleteLog(_)
            | DiskOp::Roll { .. }
            | DiskOp::DeleteSegments { .. }
            | DiskOp::Compact { .. }
            | DiskOp::StartAnew { .. }
            | DiskOp::WriteHighWatermarks(_)
            | DiskOp::WriteLogStarts(_)
            | DiskOp::MarkCleanShutdown(_)
            | DiskOp::ClearCleanShutdown) => panic!("a controller does not write {other:?}"),
        }
        None
    }
}

fn context(config: &ControllerConfig) -> Context<'_, ControllerConfig> {
    Context {
        node: NodeId(100),
        config,
        rules: &Rules::CURRENT,
        wall_clock: Timestamp(0),
    }
}

fn render_timer(timer: Timer) -> String {
    match timer {
        Timer::Session { broker } => format!("session {broker}"),
        Timer::FetchWait {
            connection: ConnectionId { peer, .. },
        } => format!("fetch wait {peer}"),
        other => format!("{other:?}"),
    }
}

fn render_response(response: &Response) -> String {
    match response {
        Response::BrokerRegistration(response) => {
            format!(
                "BrokerRegistration {} epoch {}",
                response.error_code, response.broker_epoch
            )
        }
        Response::BrokerHeartbeat(response) => format!(
            "BrokerHeartbeat {}{}{}{}",
            response.error_code,
            if response.is_caught_up { " caught-up" } else { "" },
            if response.is_fenced { " fenced" } else { "" },
            if response.should_shut_down { " stop" } else { "" },
        ),
        Response::AlterPartition(response) => {
            let partitions: Vec<_> = response.partitions.iter().map(render_altered).collect();
            format!("AlterPartition {} {}", response.error_code, partitions.join("; "))
        }
        Response::CreateTopics(response) => format!("CreateTopics {}", response.error_code),
        Response::DeleteTopics(response) => format!("DeleteTopics {}", response.error_code),
        Response::CreatePartitions(response) => format!("CreatePartitions {}", response.error_code),
        Response::ElectLeaders(response) => {
            let elected = response
                .replica_election_results
                .iter()
                .map(|result| format!(" {} {}", result.partition, result.error_code));
            format!("ElectLeaders {}{}", response.error_code, elected.collect::<String>())
        }
        Response::AlterPartitionReassignments(response) => {
            format!("AlterPartitionReassignments {}", response.error_code)
        }
        Response::AllocateProducerIds(response) => format!(
            "AllocateProducerIds {} {} from {}",
            response.error_code, response.producer_id_len, response.producer_id_start
        ),
        Response::Fetch(response) => {
            let partitions: Vec<_> = response.responses.iter().map(render_fetched).collect();
            format!("Fetch {} {}", response.error_code, partitions.join("; "))
        }
        other => format!("{other:?}"),
    }
}

fn render_altered(altered: &AlteredPartition) -> String {
    match altered.error_code {
        crate::error::ErrorCode::None => format!(
            "{} NONE leader {} epoch {} isr {:?} partition epoch {}{}",
            altered.partition,
            altered.leader_id,
            altered.leader_epoch,
            numbers(&altered.isr),
            altered.partition_epoch,
            if altered.recovering { " recovering" } else { "" },
        ),
        error => format!("{} {error}", altered.partition),
    }
}

fn render_fetched(fetched: &FetchedPartition) -> String {
    let offsets: Vec<_> = fetched
        .records
        .iter()
        .map(|batch| format!("{}..{}", batch.base_offset, batch.next_offset()))
        .collect();
    let diverging = fetched.diverging_epoch.map_or(String::new(), |end| {
        format!(" diverging epoch {} ends at {}", end.leader_epoch, end.end_offset)
    });
    let leader = fetched.current_leader.map_or(String::new(), |leader| {
        format!(" leader {} epoch {}", leader.leader_id, leader.leader_epoch)
    });
    format!(
        "{} committed {} records [{}]{diverging}{leader}",
        fetched.error_code,
        fetched.high_watermark,
        offsets.join(", ")
    )
}

fn render_note(note: &Note) -> Option<String> {
    match note {
        Note::ElectionGranted { partition, election } => Some(format!("note {partition} elects {election:?}")),
        Note::Appended { batch, .. } => Some(render_batch(batch)),
        Note::PartitionChanged {
            partition,
            leader,
            leader_epoch,
            isr,
            elr,
            partition_epoch,
            unclean,
        } => Some(format!(
            "note {partition} leader {} epoch {leader_epoch} isr {:?} elr {:?} partition epoch {partition_epoch}{}",
            leader.map_or("none".to_string(), |leader| leader.to_string()),
            numbers(isr),
            numbers(elr),
            if *unclean { " unclean" } else { "" },
        )),
        Note::BrokerRegistered { broker, epoch } => Some(format!("note registered {broker}@{epoch}")),
        Note::BrokerFenced { broker } => Some(format!("note fenced {broker}")),
        Note::BrokerUnfenced { broker } => Some(format!("note unfenced {broker}")),
        Note::AlterPartitionRefused { partition, error } => Some(format!("note refused {partition} {error}")),
        Note::EpochRefused { error, .. } => Some(format!("note refused {error}")),
        Note::Parked { .. } => Some("note parked".to_string()),
        Note::ParkedExpired { .. } => Some("note wait over".to_string()),
        Note::BecameLeader {
            epoch, start_offset, ..
        } => Some(format!("note epoch {epoch} from {start_offset}")),
        Note::LogRecovered { end, lost_batches, .. } => Some(format!("note recovered to {end}, lost {lost_batches}")),
        other => Some(format!("note {other:?}")),
    }
}

fn render_batch(batch: &Batch) -> String {
    let records = batch.records().expect("the controller writes batches that can be read");
    let lines: Vec<_> = records
        .iter()
        .map(|record| {
            let value = record.value.as_ref().expect("metadata records have a value");
            let decoded = MetadataRecord::decode(value).expect("the controller writes metadata records");
            format!("log {} {}", record.offset, render_record(&decoded))
        })
        .collect();
    lines.join("\n")
}

fn render_record(record: &MetadataRecord) -> String {
    match record {
        MetadataRecord::RegisterBroker {
            broker,
            incarnation,
            epoch,
        } => {
            format!("RegisterBroker {broker} as {incarnation} epoch {epoch}")
        }
        MetadataRecord::BrokerRegistrationChange {
            broker,
            epoch,
            fenced,
            in_controlled_shutdown,
        } => format!(
            "BrokerRegistrationChange {broker}@{epoch}{}{}",
            fenced.map_or("", |fenced| if fenced { " fence" } else { " unfence" }),
            in_controlled_shutdown.map_or("", |_| " shutdown"),
        ),
        MetadataRecord::RemoveTopic { id } => format!("RemoveTopic t{id}"),
        MetadataRecord::Topic { name, id } => format!("Topic {name} is t{id}"),
        MetadataRecord::Config { topic, key, value } => format!("Config {topic} {key}={value}"),
        MetadataRecord::Partition {
            partition,
            replicas,
            isr,
            leader,
            ..
        } => format!(
            "Partition {partition} replicas {:?} isr {:?} leader {:?}",
            numbers(replicas),
            numbers(isr),
            leader.map_or(-1, |leader| leader.0)
        ),
        MetadataRecord::PartitionChange {
            partition,
            isr,
            replicas,
            removing,
            adding,
            leader,
            recovering,
            elr,
            last_known_elr,
        } => format!(
            "PartitionChange {partition}{}{}{}{}{}{}{}{}",
            leader.map_or(String::new(), |leader| format!(
                " leader {}",
                leader.map_or(-1, |leader| leader.0)
            )),
            list("isr", isr.as_ref()),
            list("replicas", replicas.as_ref()),
            list("removing", removing.as_ref()),
            list("adding", adding.as_ref()),
            list("elr", elr.as_ref()),
            list("last known", last_known_elr.as_ref()),
            recovering.map_or(String::new(), |recovering| format!(" recovering {recovering}")),
        ),
        MetadataRecord::ProducerIds {
            broker,
            epoch,
            next_producer_id,
        } => {
            format!("ProducerIds {broker}@{epoch} next {next_producer_id}")
        }
        MetadataRecord::NoOp => "NoOp".to_string(),
    }
}

fn list(name: &str, nodes: Option<&Vec<NodeId>>) -> String {
    nodes.map_or(String::new(), |nodes| format!(" {name} {:?}", numbers(nodes)))
}

fn numbers(nodes: &[NodeId]) -> Vec<i32> {
    nodes.iter().map(|node| node.0).collect()
}
