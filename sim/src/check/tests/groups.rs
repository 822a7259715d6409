//! Stories of consumer groups. What members and coordinators do in the group `g` comes after the word `group`; its log is that of
//! `__consumer_offsets`, and the topic `t` has as many partitions as a story needs.

use kafkasim_core::broker::group::GROUP_METADATA_TOPIC;
use kafkasim_core::call::{Answer, Call, Rebalance, Steering, Subscribed};
use kafkasim_core::error::ErrorCode;
use kafkasim_core::group::{Assignment, CommittedOffset, GroupMember, GroupMetadata, GroupRecord, Subscription};
use kafkasim_core::ids::{
    CallId, GenerationId, GroupId, LeaderEpoch, MemberId, NodeId, Offset, PartitionEpoch, Timestamp, TopicId,
    TopicName, TopicPartition,
};
use kafkasim_core::lookup::OffsetLookup;
use kafkasim_core::message::{Api, OffsetCommitPartition};
use kafkasim_core::note::{MembershipEnd, Note};
use kafkasim_core::record::{BatchBuilder, MetadataRecord};

use super::super::Verdict;
use super::stage::{Stage, link, nodes, number, split};
use super::{check, told};
use crate::world::Event;

const LOG: TopicPartition = TopicPartition {
    topic: TopicId(2),
    partition: 0,
};

fn group() -> GroupId {
    "g".into()
}

/// `0,1`: partitions of `t`.
fn places(indices: &str) -> Vec<(TopicName, i32)> {
    let indices = indices.split(',').filter(|index| !index.is_empty() && *index != "-");
    indices.map(|index| ("t".into(), number(index))).collect()
}

/// `a,b`: members.
fn members(ids: &str) -> Vec<MemberId> {
    let ids = ids.split(',').filter(|id| !id.is_empty() && *id != "-");
    ids.map(MemberId::from).collect()
}

impl Stage {
    pub(super) fn group(&mut self, node: NodeId, what: &str, with: &[&str]) {
        let group = group();
        match (what, with) {
            ("has-a-log", []) => self.create_log(),
            ("is-subscribed", []) => self.event(Event::Called {
                node,
                call: Call::Subscribe(Subscribed::Topics(vec!["t".into()])),
            }),
            ("gets" | "gives-up" | "loses", [indices]) => {
                let places = places(indices);
                let rebalance = match what {
                    "gets" => Rebalance::Assigned(places),
                    "gives-up" => Rebalance::Revoked(places),
                    _ => Rebalance::Lost(places),
                };
                let answer = Answer::Rebalanced(rebalance);
                self.event(Event::Answered { node, answer });
            }
            ("unsubscribes", []) => self.event(Event::Answered {
                node,
                answer: Answer::Unsubscribed,
            }),
            ("joins", [generation]) => self.note(
                node,
                Note::MemberJoined {
                    group,
                    generation: GenerationId(number(generation)),
                    member: node.to_string().into(),
                    is_leader: false,
                },
            ),
            ("syncs", [generation]) => self.note(
                node,
                Note::MemberSynced {
                    group,
                    generation: GenerationId(number(generation)),
                    member: node.to_string().into(),
                    partitions: 1,
                },
            ),
            ("is-expelled", [generation]) => self.note(
                node,
                Note::MembershipEnded {
                    group,
                    generation: GenerationId(number(generation)),
                    member: node.to_string().into(),
                    because: MembershipEnd::Refused(ErrorCode::UnknownMemberId),
                },
            ),
            ("is-read", []) => {
                let (log, epoch) = (LOG, LeaderEpoch(0));
                self.note(node, Note::GroupsLoaded { log, epoch });
            }
            ("is-left", []) => {
                let (log, epoch) = (LOG, LeaderEpoch(0));
                self.note(node, Note::GroupsUnloaded { log, epoch });
            }
            ("is", [state, generation, ids]) => {
                let state = match *state {
                    "preparing" => "PreparingRebalance",
                    "completing" => "CompletingRebalance",
                    "stable" => "Stable",
                    "empty" => "Empty",
                    other => panic!("{other} is no state of a group"),
                };
                self.note(
                    node,
                    Note::GroupState {
                        log: LOG,
                        group,
                        generation: GenerationId(number(generation)),
                        state,
                        members: members(ids),
                    },
                );
            }
            ("accepts", [generation, member]) => self.note(
                node,
                Note::OffsetsAccepted {
                    log: LOG,
                    group,
                    generation: GenerationId(number(generation)),
                    member: members(member).pop().unwrap_or_else(|| "".into()),
                },
            ),
            ("writes", [generation, shares @ ..]) => {
                let record = generation_of(number(generation), shares);
                self.write(node, &[record], Timestamp(0));
            }
            ("processes", [offset]) => self.event(Event::Processed {
                node,
                topic: "t".into(),
                partition: 0,
                offset: Offset(number(offset)),
            }),
            ("commits", [offset]) => self.note(
                node,
                Note::CommitSent {
                    group,
                    generation: GenerationId(1),
                    member: node.to_string().into(),
                    offsets: vec![committed(offset)],
                    is_automatic: true,
                },
            ),
            ("tries-to-commit", [offset]) => self.event(Event::Called {
                node,
                call: Call::CommitAsync {
                    call: CallId(0),
                    offsets: Some(vec![committed(offset)]),
                },
            }),
            ("commit-is-late", []) => self.event(Event::Late {
                link: link(node),
                api: Api::OffsetCommit,
            }),
            ("is-acknowledged", [offset]) => {
                let offsets = vec![committed(offset)];
                self.note(node, Note::OffsetsCommitted { group, offsets });
            }
            ("is-told", [offset]) => self.note(
                node,
                Note::CommittedTold {
                    group,
                    topic: "t".into(),
                    partition: 0,
                    offset: (*offset != "nowhere").then(|| Offset(number(offset))),
                },
            ),
            ("asks", []) => self.event(Event::Called {
                node,
                call: Call::LookUp {
                    lookup: OffsetLookup::Committed(places("0")),
                    timeout_ms: None,
                },
            }),
            ("seeks", [offset]) => self.event(Event::Called {
                node,
                call: Call::Steer(Steering::Seek {
                    topic: "t".into(),
                    partition: 0,
                    offset: Offset(number(offset)),
                }),
            }),
            ("pauses", []) => self.event(Event::Called {
                node,
                call: Call::Steer(Steering::Pause(places("0"))),
            }),
            ("writes-offset" | "forgets-offset", offset_and_time) => {
                let time = Timestamp(offset_and_time.last().map_or(0, |time| number(time)));
                let value = (what == "writes-offset").then(|| CommittedOffset {
                    offset: Offset(number(offset_and_time[0])),
                    leader_epoch: LeaderEpoch::NONE,
                    metadata: String::new(),
                    commit_timestamp: time,
                });
                let record = GroupRecord::OffsetCommit {
                    group,
                    topic: "t".into(),
                    partition: 0,
                    value,
                };
                self.write(node, &[record], time);
            }
            ("is-forgotten", []) => {
                let record = GroupRecord::GroupMetadata { group, value: None };
                self.write(node, &[record], Timestamp(0));
            }
            _ => panic!("group {what} {with:?}: nobody can do that"),
        }
    }

    /// `__consumer_offsets`, with one partition.
    fn create_log(&mut self) {
        let replicas = nodes("1,2,3");
        self.commit(&[
            MetadataRecord::Topic {
                name: GROUP_METADATA_TOPIC.into(),
                id: LOG.topic,
            },
            MetadataRecord::Partition {
                partition: LOG,
                replicas: replicas.clone(),
                isr: replicas,
                leader: Some(NodeId(1)),
                leader_epoch: LeaderEpoch(0),
                partition_epoch: PartitionEpoch(0),
            },
        ]);
    }

    /// Records that are in everybody's log at once, and committed.
    fn write(&mut self, node: NodeId, records: &[GroupRecord], now: Timestamp) {
        let mut builder = BatchBuilder::new();
        for record in records {
            let (key, value) = record.encode();
            builder.append(now, Some(key), value, &[]);
        }
        let end = self.scenery.logs.entry((node, LOG)).or_default().end();
        let batch = builder.build(None).at(end, LeaderEpoch(0));
        for replica in nodes("1,2,3") {
            let log = self.scenery.logs.entry((replica, LOG)).or_default();
            log.batches.push(batch.clone());
        }
        self.note(
            node,
            Note::HighWatermark {
                partition: LOG,
                to: batch.next_offset(),
                as_leader: true,
            },
        );
    }
}

fn committed(offset: &str) -> OffsetCommitPartition {
    OffsetCommitPartition {
        topic: "t".into(),
        partition: 0,
        committed_offset: Offset(number(offset)),
        committed_leader_epoch: LeaderEpoch::NONE,
        committed_metadata: String::new(),
    }
}

/// `a=0,1 b=2`: who gets which partitions.
fn generation_of(generation: i32, shares: &[&str]) -> GroupRecord {
    let subscription = Subscription {
        topics: vec!["t".into()],
        user_data: None,
        owned_partitions: Vec::new(),
        generation_id: GenerationId::NONE,
    };
    let members = shares.iter().map(|share| {
        let (id, indices) = split(share, '=');
        let assignment = Assignment {
            partitions: places(indices),
            user_data: None,
        };
        GroupMember {
            member_id: id.into(),
            group_instance_id: None,
            client_id: String::new(),
            client_host: String::new(),
            rebalance_timeout_ms: 1,
            session_timeout_ms: 1,
            subscription: subscription.encode(),
            assignment: assignment.encode(),
        }
    });
    let members: Vec<_> = members.collect();
    let value = GroupMetadata {
        protocol_type: "consumer".to_owned(),
        generation: GenerationId(generation),
        protocol: Some("range".to_owned()),
        leader: members.first().map(|first| first.member_id.clone()),
        current_state_timestamp: Some(Timestamp(0)),
        members,
    };
    GroupRecord::GroupMetadata {
        group: group(),
        value: Some(value),
    }
}

/// Consumers 7 and 8 have subscribed to `t`.
pub(super) fn two_members(rest: &str) -> String {
    let start = "
        7 reads-with group.id=g
        8 reads-with group.id=g
        0 creates min.insync.replicas=2
        0 group has-a-log
        7 group is-subscribed
        8 group is-subscribed
    ";
    start.to_owned() + rest
}

pub(super) const SEVEN_OWNS_TWO: &str = "7 group joins 1 \n 7 group syncs 1 \n 7 group gets 0,1 \n";

#[test]
fn a_generation_gives_a_partition_to_one_member() {
    check(&two_members("1 group writes 3 a=0,1 b=2"), "");
    check(
        &two_members("1 group writes 3 a=0,1 b=1,2"),
        "exclusive-ownership, violated: t-1: generation 3 of g gives it to a and to b",
    );
}

#[test]
fn who_takes_part_in_a_generation_has_given_up_what_another_is_given() {
    let story = |rest: &str| two_members(&format!("{SEVEN_OWNS_TWO} {rest}"));
    let joins = "7 group joins 2 \n 8 group joins 2 \n 8 group syncs 2 \n";
    let wrong = "exclusive-ownership, violated: t-1: client-8 is given it in generation 2 of g, in which client-7 takes part \
                 and still owns it";
    check(&story(&format!("{joins} 8 group gets 1")), wrong);
    check(&story(&format!("7 group gives-up 1 \n {joins} 8 group gets 1")), "");
    check(&story(&format!("7 group loses 0,1 \n {joins} 8 group gets 0,1")), "");
    // The answer to its JoinGroup may come late.
    let late = "8 group joins 2 \n 8 group syncs 2 \n 8 group gets 1 \n";
    check(&story(&format!("{late} 7 group joins 2")), wrong);
    // The other way round, it is not told yet of what it has lost.
    check(&story(late), "");
    check(&story(&format!("{late} 7 group is-expelled 1 \n 7 group joins 3")), "");
    check(&story(&format!("7 stops \n {joins} 8 group gets 1")), "");
    check(&story(&format!("7 group unsubscribes \n {joins} 8 group gets 1")), "");
}

#[test]
fn who_was_told_of_another_generation_of_the_same_number_knows_of_none() {
    let again = "1 group is completing 2 7,8 \n 7 group joins 2 \n 2 group is completing 2 8 \n";
    let story = format!("{SEVEN_OWNS_TWO} {again} 8 group joins 2 \n 8 group syncs 2 \n 8 group gets 1");
    check(&two_members(&story), "");
    assert_ne!(
        told(&two_members(&story.replace("2 group is completing 2 8", ""))).findings,
        []
    );
}

/// The same, with the records from `a` to `e` in the partition 0.
pub(super) fn five_records(rest: &str) -> String {
    let sends: String = ["a", "b", "c", "d", "e"]
        .map(|value| format!("5 sends {value} \n 1 appends {value} \n"))
        .concat();
    let records = format!("5 uses acks=all \n 1 leads epoch=0 \n {sends} 2 copies 1 \n 3 copies 1 \n 1 exposes 5 \n");
    two_members(&format!("{records} {rest}"))
}

#[test]
fn members_read_what_they_own() {
    let unowned = "unowned-poll, violated: t-0: client-7 has read 0, but does not own the partition";
    check(&five_records(&format!("{SEVEN_OWNS_TWO} 7 reads 0:a")), "");
    check(
        &five_records("7 group joins 1 \n 7 group syncs 1 \n 7 reads 0:a"),
        unowned,
    );
    check(
        &five_records(&format!("{SEVEN_OWNS_TWO} 7 group gives-up 0 \n 7 reads 0:a")),
        unowned,
    );
    // Who reads what it has assigned itself owns nothing.
    check(&five_records("7 is-assigned 0 \n 7 reads 0:a"), "");
}

#[test]
fn members_begin_where_their_group_has_come_to() {
    let story = |rest: &str| five_records(&format!("1 group writes-offset 2 \n {SEVEN_OWNS_TWO} {rest}"));
    check(&story("7 group is-told 2 \n 7 reads 2:c 3:d"), "");
    check(
        &story("7 group is-told 2 \n 7 reads 3:d"),
        "poll-skip, violated: t-0: client-7 has read 3, but not 2 before it",
    );
    check(
        &story("7 group is-told 2 \n 7 reads 1:b"),
        "nonmonotonic-poll, violated: t-0: client-7 has read 1, which is not where it has sought to",
    );
    // What is kept goes on, what comes back begins anew.
    let reads = "7 group is-told 2 \n 7 reads 2:c \n 7 group gets 2 \n 7 reads 3:d \n";
    check(&story(reads), "");
    let back = "7 group gives-up 0 \n 7 group joins 2 \n 7 group syncs 2 \n 7 group gets 0 \n 7 group is-told 2 \n";
    check(&story(&format!("{reads} {back} 7 reads 2:c")), "");
    // An application that asks is told, too, but does not begin there.
    let asks =
        "7 group is-told 2 \n 1 group writes-offset 4 \n 7 group asks \n 7 group is-told 4 \n 7 is-answered 4 \n";
    check(&story(&format!("{asks} 7 reads 2:c")), "");
    check(&story("7 group is-told 2 \n 7 group seeks 4 \n 7 reads 4:e"), "");
}

#[test]
fn what_comes_back_is_not_paused() {
    let paused = "paused-poll, violated: t-0: client-7 has read 0, though it had paused the partition";
    let story = |rest: &str| five_records(&format!("{SEVEN_OWNS_TWO} 7 group pauses \n {rest} 7 reads 0:a"));
    check(&story(""), paused);
    check(&story("7 group gets 2 \n"), paused);
    check(&story("7 group gives-up 0 \n 7 group gets 0 \n"), "");
}

#[test]
fn who_has_subscribed_misses_what_comes_into_a_new_partition_before_it_is_known() {
    let story = |reset: &str, rest: &str| {
        let members = five_records(&format!("{SEVEN_OWNS_TWO} {rest}"));
        let members = members.replace("7 reads-with group.id=g", &format!("7 reads-with group.id=g {reset}"));
        // The subscription comes first.
        members
            .replace("7 group is-subscribed\n", "")
            .replace("0 creates", "7 group is-subscribed \n 0 creates")
    };
    check(
        &story("auto.offset.reset=latest", "7 group is-told nowhere \n 7 seeks 4"),
        "poll-skip, allowed by auto.offset.reset=latest: t-0: client-7 begins at 4 and skips 0, though it was to read the \
         partition before there was one",
    );
    check(
        &story("auto.offset.reset=earliest", "7 group is-told nowhere \n 7 seeks 0"),
        "",
    );
    check(
        &story(
            "auto.offset.reset=latest",
            "1 group writes-offset 3 \n 7 group is-told 3 \n 7 reads 3:d",
        ),
        "",
    );
}

#[test]
fn commits_come_from_members_of_the_generation() {
    let wrong =
        |why: &str| format!("stale-commit, violated: g: broker-1 accepts a commit of a in generation 2, though {why}");
    let story = |rest: &str| two_members(&format!("1 group is-read \n {rest}"));
    check(&story("1 group is stable 2 a,b \n 1 group accepts 2 a"), "");
    check(&story("1 group is preparing 2 a,b \n 1 group accepts 2 a"), "");
    check(
        &story("1 group is stable 3 a,b \n 1 group accepts 2 a"),
        &wrong("the group is in generation 3"),
    );
    check(
        &story("1 group is preparing 2 b \n 1 group accepts 2 a"),
        &wrong("it is no member any more"),
    );
    let undecided = wrong("the partitions of that generation are not handed out yet");
    check(&story("1 group is completing 2 a,b \n 1 group accepts 2 a"), &undecided);
    check(&story("1 group accepts 2 a"), &wrong("there is no such group"));
    // Who commits without being a member.
    check(&story("1 group accepts -1 -"), "");
    check(&story("1 group is empty 2 - \n 1 group accepts -1 -"), "");
    check(
        &story("1 group is stable 2 a \n 1 group accepts -1 -"),
        "stale-commit, violated: g: broker-1 accepts a commit of nobody in generation -1, though the group is in generation 2",
    );
}

#[test]
fn a_coordinator_that_begins_knows_what_its_log_says() {
    let written = "1 group writes 2 a=0 \n 1 group writes 3 a=0 b=1 \n 1 group is-read \n";
    check(&two_members(&format!("{written} 1 group accepts 3 b")), "");
    check(
        &two_members(&format!("{written} 1 group accepts 2 a")),
        "stale-commit, violated: g: broker-1 accepts a commit of a in generation 2, though the group is in generation 3",
    );
    let again = "1 group is stable 5 c \n 1 group is-left \n 1 group is-read \n 1 group accepts 3 b";
    check(&two_members(&format!("{written} {again}")), "");
}

#[test]
fn groups_come_to_rest() {
    let end = "7 group joins 3 \n 7 group syncs 3 \n 8 group joins 3 \n 8 group syncs 3 \n 7 group gets 0 \n";
    let unrest = |story: &str, verdict: &str, why: &str| {
        let finds = told(&two_members(&format!("{story} 0 ends finished=false"))).findings;
        let expected = format!("g does not come to rest: {why}");
        let found = finds.iter().find(|finding| finding.message == expected);
        let verdict = match verdict {
            "violated" => Verdict::Violated,
            because => Verdict::Allowed {
                because: because.to_owned(),
            },
        };
        assert_eq!(found.map(|found| &found.verdict), Some(&verdict), "{story}: {finds:?}");
    };
    unrest("", "violated", "client-7 is no member");
    unrest(
        "7 group joins 2 \n 8 group joins 3 \n",
        "violated",
        "client-7 is in generation 2, not in 3",
    );
    unrest(
        &end.replace("8 group syncs 3", ""),
        "violated",
        "client-8 is not told what it gets in generation 3",
    );
    unrest(&end.replace("7 group gets 0", ""), "violated", "nobody has t-0");
    // Everybody is where they belong, and yet something else is wrong.
    let liveness = "liveness, violated: enough is healed, but not everything was read";
    check(&two_members(&format!("{end} 0 ends finished=false")), liveness);
    check(&two_members(&format!("{end} 0 ends")), "");
    // What cannot be led keeps nobody's rest.
    check(&two_members("0 ends finished=false core=1"), "");
}

#[test]
fn a_static_member_that_comes_back_has_nothing_to_give_up() {
    let story = |assignor: &str, rest: &str| {
        let uses = format!("group.id=g partition.assignment.strategy={assignor}");
        let members = two_members("7 group joins 3 \n 7 group syncs 3 \n 8 group joins 3 \n 8 group syncs 3 \n");
        format!(
            "{} {rest} \n 0 ends finished=false",
            members.replace("group.id=g", &uses)
        )
    };
    let returns = "1 group is stable 3 a,b \n 1 group is stable 3 a,c";
    let orphan = |assignor: &str, rest: &str| {
        let found = told(&story(assignor, rest)).findings;
        let found = found
            .into_iter()
            .find(|finding| finding.message.ends_with("nobody has t-0"));
        found.expect("it is nobody's").verdict
    };
    assert_ne!(orphan("cooperative-sticky", returns), Verdict::Violated);
    assert_eq!(orphan("range", returns), Verdict::Violated);
    assert_eq!(
        orphan("cooperative-sticky", "1 group is stable 3 a,b"),
        Verdict::Violated
    );
    let again = "1 group is stable 2 a,b \n 1 group is stable 2 a,c \n 1 group is stable 3 a,c";
    assert_eq!(orphan("cooperative-sticky", again), Verdict::Violated);
}

#[test]
fn nobody_has_sent_what_coordinators_write() {
    let story = two_members("1 group writes 1 a=0 \n 0 ends");
    check(&story, "");
}
