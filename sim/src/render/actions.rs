//! Actions in words: what happened, before what came of it.

use std::collections::BTreeSet;

use kafkasim_core::ids::NodeId;
use kafkasim_core::message::{Api, DeleteBefore};
use kafkasim_core::timer::{GroupTimer, Timer, TimerClass};

use super::administration;
use super::lanes::{Figure, Shaft};
use super::messages::{Weight, Words, message};
use super::names::Names;
use super::scene::{Life, hubs};
use super::story::View;
use super::text::{Line, Tone};
use super::transit::Sent;
use crate::world::{Action, Delivery, Direction, DiskFault, Fault, KeptTail, Link};

/// An action: what is drawn across the lanes, and what is written beside them (nothing, if events say it all).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Headline {
    pub(super) figure: Figure,
    pub(super) words: Words,
}

impl Headline {
    fn at(node: NodeId, char: char, words: Words) -> Self {
        let tone = if words.weight == Weight::Routine {
            Tone::Dim
        } else {
            Tone::Strong
        };
        Self {
            figure: Figure::At(vec![(node, char, tone)]),
            words,
        }
    }

    fn bad(node: NodeId, char: char, text: String) -> Self {
        Self {
            figure: Figure::At(vec![(node, char, Tone::Bad)]),
            words: Words::notable(Line::of(Tone::Bad, text)),
        }
    }

    /// What a row needs of it, if nothing else is told there.
    pub(super) fn in_one(self) -> (Figure, Vec<Words>) {
        (self.figure, vec![self.words])
    }

    fn good(nodes: &[NodeId], char: char, text: String) -> Self {
        let points = nodes.iter().map(|node| (*node, char, Tone::Good)).collect();
        Self {
            figure: Figure::At(points),
            words: Words::notable(Line::plain(text)),
        }
    }
}

/// An action in words, told by the scene before it. `carried` is the message that it delivers or loses.
pub(super) fn action(action: &Action, carried: Option<&Sent>, view: View<'_>) -> Headline {
    let View { names, scene, .. } = view;
    match action {
        Action::Start { node } => {
            let again = if scene.life(*node) == Life::Unborn {
                ""
            } else {
                " again"
            };
            Headline::good(&[*node], '↺', format!("{} starts{again}", names.process(*node)))
        }
        Action::Connect(link) => arrow(
            *link,
            Direction::ToServer,
            Shaft::Solid,
            Words::routine(lane("connects", *link)),
        ),
        Action::Refuse(link) => arrow(
            *link,
            Direction::ToServer,
            Shaft::Broken,
            Words::routine(lane("cannot connect", *link)),
        ),
        Action::Deliver {
            link,
            direction,
            what: Delivery::End,
        } => arrow(
            *link,
            *direction,
            Shaft::Broken,
            Words::routine(lane("connection ended", *link)),
        ),
        Action::Deliver {
            link,
            direction: Direction::ToServer,
            what: Delivery::Message(api),
        } => arrow(*link, Direction::ToServer, Shaft::Solid, contents(*api, carried, view)),
        Action::Deliver {
            link,
            direction: Direction::ToClient,
            what: Delivery::Message(api),
        } => arrow(*link, Direction::ToClient, Shaft::Dashed, contents(*api, carried, view)),
        Action::Deliver {
            link,
            direction,
            what: Delivery::Late(api),
        } => arrow(
            *link,
            *direction,
            Shaft::Solid,
            late(contents(*api, carried, view), carried),
        ),
        Action::Fire { node, timer } => {
            let line = Line::plain(timer_words(timer, names));
            let is_suspicion = timer.class() == TimerClass::Suspicion;
            Headline::at(
                *node,
                '●',
                if is_suspicion {
                    Words::notable(line)
                } else {
                    Words::routine(line)
                },
            )
        }
        Action::Sync { node, ok: true, .. } => Headline::at(*node, '●', Words::routine(Line::plain("synced"))),
        Action::Sync { node, ok: false, .. } => {
            Headline::bad(*node, '✗', format!("{}'s disk fails to sync", names.process(*node)))
        }
        Action::Choose { node, option } => Headline::at(
            *node,
            '●',
            Words::routine(Line::plain(format!("chance picks option {option}"))),
        ),
        Action::Call { node } | Action::Work { node } => Headline::at(*node, '●', Words::routine(Line::new())),
        Action::Fault(fault) => self::fault(fault, carried, view),
    }
}

/// Several processes that start for the first time, at once.
pub(super) fn starts(nodes: &[NodeId]) -> Headline {
    Headline::good(nodes, '↺', format!("{} processes start", nodes.len()))
}

fn contents(api: Api, carried: Option<&Sent>, view: View<'_>) -> Words {
    carried.map_or_else(
        || Words::notable(Line::of(Tone::Strong, api.name())),
        |sent| message(&sent.message, view),
    )
}

fn late(words: Words, carried: Option<&Sent>) -> Words {
    let since = carried.map_or_else(String::new, |sent| format!(" from #{}", sent.by));
    Words {
        line: Line::of(Tone::Unsure, format!("late{since}: ")).then_line(words.line),
        ..words
    }
}

fn arrow(link: Link, direction: Direction, shaft: Shaft, words: Words) -> Headline {
    let (from, to) = (link.sender(direction), link.receiver(direction));
    Headline {
        figure: Figure::Arrow { from, to, shaft },
        words,
    }
}

fn lane(what: &str, link: Link) -> Line {
    Line::plain(what).then(Tone::Dim, format!(" ({:?})", link.lane))
}

fn fault(fault: &Fault, carried: Option<&Sent>, view: View<'_>) -> Headline {
    let names = view.names;
    match fault {
        Fault::Crash { node } => Headline::bad(*node, '✗', format!("✗ {} crashes", names.process(*node))),
        Fault::PowerLoss { node, kept } => Headline::bad(
            *node,
            '✗',
            format!("✗ {} loses power{}", names.process(*node), tails(kept, names)),
        ),
        Fault::Pause { node } => Headline::bad(*node, '⏸', format!("⏸ {} pauses", names.process(*node))),
        Fault::Resume { node } => Headline::good(&[*node], '▸', format!("▸ {} resumes", names.process(*node))),
        Fault::ShutDown { node } => {
            Headline::bad(*node, '●', format!("{} is asked to shut down", names.process(*node)))
        }
        Fault::Administer { node, task } => Headline::good(&[*node], '●', administration::task(task, names)),
        Fault::Cut { from, to } => cut(&[(*from, *to)], names),
        Fault::Mend { from, to } => mend(&[(*from, *to)], names),
        Fault::Reset(link) => {
            let line = Line::of(Tone::Bad, "╳ connection breaks").then(Tone::Dim, format!(" ({:?})", link.lane));
            arrow(*link, Direction::ToServer, Shaft::Broken, Words::notable(line))
        }
        Fault::Lose(link) => {
            let Some(sent) = carried else {
                return arrow(
                    *link,
                    Direction::ToServer,
                    Shaft::Broken,
                    Words::routine(Line::of(Tone::Bad, "╳ lost")),
                );
            };
            let Words { line, weight } = late(message(&sent.message, view), carried);
            let line = Line::of(Tone::Bad, "╳ lost: ").then_line(line);
            arrow(*link, Direction::ToServer, Shaft::Broken, Words { line, weight })
        }
        Fault::DeleteRecords {
            node,
            partition,
            before,
            leader,
        } => {
            let whose = names.partition(*partition);
            let what = match before {
                DeleteBefore::HighWatermark => "everything committed".to_owned(),
                DeleteBefore::Offset(offset) => format!("what is before {offset}"),
            };
            let text = format!("deletes {what} of {whose} at {}", names.process(*leader));
            Headline::bad(*node, '◇', text)
        }
        Fault::Disk { node, what } => disk(*node, *what, names),
        Fault::ClockJump { node, by_ms } => Headline::bad(
            *node,
            '◇',
            format!("◇ {}'s clock jumps {by_ms:+} ms", names.process(*node)),
        ),
    }
}

fn disk(node: NodeId, what: DiskFault, names: &Names) -> Headline {
    let process = names.process(node);
    let bad = |text: String| Headline::bad(node, '◇', format!("◇ {process}'s {text}"));
    match what {
        DiskFault::Wiped => bad("disk is wiped".to_owned()),
        DiskFault::StaleCheckpoints { epochs } => bad(format!(
            "checkpoints are stale: no high watermarks, at most {epochs} epochs of each log"
        )),
        DiskFault::Rotten { log, batch, .. } => bad(format!("disk rots: batch {batch} of {}", names.partition(log))),
        DiskFault::Full { .. } => bad("disk is full".to_owned()),
        DiskFault::Freed => Headline::good(&[node], '▸', format!("▸ {process}'s disk has room again")),
    }
}

/// Some cuts at once.
pub(super) fn cut(pairs: &[(NodeId, NodeId)], names: &Names) -> Headline {
    let figure = match pairs {
        [(from, to)] => Figure::Arrow {
            from: *from,
            to: *to,
            shaft: Shaft::Broken,
        },
        _ => Figure::At(hubs(pairs).into_iter().map(|node| (node, '╳', Tone::Bad)).collect()),
    };
    Headline {
        figure,
        words: Words::notable(Line::of(Tone::Bad, format!("╳ cut: {}", routes(pairs, names)))),
    }
}

/// Some cuts mended at once.
pub(super) fn mend(pairs: &[(NodeId, NodeId)], names: &Names) -> Headline {
    let words = Words::notable(Line::plain(format!("mended: {}", routes(pairs, names))));
    let figure = match pairs {
        [(from, to)] => Figure::Arrow {
            from: *from,
            to: *to,
            shaft: Shaft::Solid,
        },
        _ => Figure::At(hubs(pairs).into_iter().map(|node| (node, '▸', Tone::Good)).collect()),
    };
    Headline { figure, words }
}

/// Who cannot reach whom: `broker-1 ⇄ everybody`, `broker-1 → broker-2, broker-3`.
fn routes(pairs: &[(NodeId, NodeId)], names: &Names) -> String {
    let mut rest = pairs.to_vec();
    let mut routes = Vec::new();
    for hub in hubs(pairs) {
        let process = names.process(hub);
        let others = |(from, to): &(NodeId, NodeId)| (*from == hub).then_some(*to).or((*to == hub).then_some(*from));
        let cut: BTreeSet<NodeId> = rest.iter().filter_map(others).collect();
        let reaches = |from: NodeId, to: NodeId| !rest.contains(&(from, to));
        let (one_way, both): (Vec<NodeId>, Vec<NodeId>) = cut
            .into_iter()
            .partition(|other| reaches(hub, *other) || reaches(*other, hub));
        let (inwards, outwards): (Vec<NodeId>, Vec<NodeId>) =
            one_way.into_iter().partition(|other| reaches(hub, *other));
        for (others, sign) in [(both, "⇄"), (outwards, "→")] {
            if !others.is_empty() {
                routes.push(format!("{process} {sign} {}", crowd(hub, &others, names)));
            }
        }
        if !inwards.is_empty() {
            routes.push(format!("{} → {process}", crowd(hub, &inwards, names)));
        }
        rest.retain(|(from, to)| *from != hub && *to != hub);
    }
    routes.join("; ")
}

/// Some of those that a process has to do with.
fn crowd(of: NodeId, others: &[NodeId], names: &Names) -> String {
    let missing: Vec<NodeId> = names
        .nodes()
        .filter(|node| *node != of && !others.contains(node))
        .collect();
    let listed = |nodes: &[NodeId]| {
        nodes
            .iter()
            .map(|node| names.process(*node))
            .collect::<Vec<_>>()
            .join(", ")
    };
    if missing.is_empty() {
        "everybody".to_owned()
    } else if missing.len() < others.len() {
        format!("everybody but {}", listed(&missing))
    } else {
        listed(others)
    }
}

fn tails(kept: &[KeptTail], names: &Names) -> String {
    let tail = |tail: &KeptTail| {
        let kept = match (tail.whole, tail.torn_bytes > 0) {
            (0, false) => "nothing unsynced".to_owned(),
            (0, true) => "a torn batch".to_owned(),
            (whole, torn) => format!("{whole} unsynced{}", if torn { " and a torn batch" } else { "" }),
        };
        format!(", keeps {kept} of {}", names.partition(tail.log))
    };
    kept.iter().map(tail).collect()
}

fn timer_words(timer: &Timer, names: &Names) -> String {
    match timer {
        Timer::RequestTimeout { connection, .. } => format!("request to {} times out", names.process(connection.peer)),
        Timer::ReconnectBackoff { peer, .. } => format!("may connect to {} again", names.process(*peer)),
        Timer::RegistrationBackoff => "may register again".to_owned(),
        Timer::Heartbeat => "heartbeat is due".to_owned(),
        Timer::MetadataFetchBackoff => "may fetch metadata again".to_owned(),
        Timer::ReplicaFetchBackoff { leader } | Timer::FetchBackoff { leader } => {
            format!("may fetch from {} again", names.process(*leader))
        }
        Timer::AlterPartitionBackoff { partition } => format!("{}may alter the ISR again", names.whose(*partition)),
        Timer::ReplicaLag { partition, follower } => {
            format!("{}{} lags", names.whose(*partition), names.process(*follower))
        }
        Timer::HighWatermarkCheckpoint => "writes high watermarks down".to_owned(),
        Timer::LogRetention => "looks for old segments".to_owned(),
        Timer::LogCleaner => "looks for logs to clean".to_owned(),
        Timer::ProducerExpiration => "looks for idle producers".to_owned(),
        Timer::LogStartCheckpoint => "writes down where logs start".to_owned(),
        Timer::DeleteRecordsWait { .. } => "a DeleteRecords has waited".to_owned(),
        Timer::FetchWait { .. } => "a Fetch has waited".to_owned(),
        Timer::ProduceWait { .. } => "a Produce has waited".to_owned(),
        Timer::Session { broker } => format!("session of {} expires", names.process(*broker)),
        Timer::Linger { partition } => format!("{}has lingered", names.whose(*partition)),
        Timer::RetryBackoff { partition } => format!("{}may retry", names.whose(*partition)),
        Timer::DeliveryTimeout { partition, .. } => format!("{}delivery.timeout.ms is over", names.whose(*partition)),
        Timer::InitProducerIdBackoff => "may ask for a producer id again".to_owned(),
        Timer::CloseTimeout => "the timeout of close is over".to_owned(),
        Timer::MaxBlock { .. } => "max.block.ms is over".to_owned(),
        Timer::MetadataBackoff => "may ask for metadata again".to_owned(),
        Timer::MetadataMaxAge => "metadata is old".to_owned(),
        Timer::PollTimeout => "poll has waited".to_owned(),
        Timer::PositionBackoff { partition } => format!("{}may look the position up again", names.whose(*partition)),
        Timer::ListenerCallTimeout => "the listener's call has waited".to_owned(),
        Timer::CoordinatorBackoff => "may look for its coordinator again".to_owned(),
        Timer::OffsetsBackoff => "may ask its coordinator again".to_owned(),
        Timer::MemberHeartbeat => "heartbeat to its coordinator is due".to_owned(),
        Timer::MemberSession => "its coordinator was not heard from".to_owned(),
        Timer::MaxPollInterval => "max.poll.interval.ms is over".to_owned(),
        Timer::AutoCommit => "commit is due".to_owned(),
        Timer::JoinPrepare => "has waited for its commit before the rebalance".to_owned(),
        Timer::OperatorBackoff => "may try again".to_owned(),
        Timer::Group { timer, .. } => group_timer_words(timer).to_owned(),
    }
}

const fn group_timer_words(timer: &GroupTimer) -> &'static str {
    match timer {
        GroupTimer::Load => "has read what it has to know of groups",
        GroupTimer::Session { .. } => "a member was not heard from",
        GroupTimer::InitialDelay { .. } => "a group has waited for more members",
        GroupTimer::Join { .. } => "members have had their time to join",
        GroupTimer::Sync { .. } => "members have had their time to sync",
        GroupTimer::Write { .. } => "a commit has waited too long",
        GroupTimer::Expiration => "looks for expired commits",
    }
}
