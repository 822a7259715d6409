//! What we read and write of groups, against what Kafka's own classes do (`tests/golden/groups`).

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use bytes::Bytes;
use proptest::prelude::*;

use super::{Assignment, CommittedOffset, GroupMember, GroupMetadata, GroupRecord, Subscription, partition_for};
use crate::ids::{GenerationId, LeaderEpoch, MemberId, Offset, Timestamp, TopicName};

const RECORDS: &str = include_str!("../../../tests/golden/groups/records.txt");
const PROTOCOL: &str = include_str!("../../../tests/golden/groups/protocol.txt");
const HOMES: &str = include_str!("../../../tests/golden/groups/homes.txt");

/// What is separated by empty lines, without comments.
fn cases(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.split("\n\n").skip(1).map(|case| case.lines().collect())
}

fn from_hex(text: &str) -> Bytes {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("two digits");
    (0..text.len()).step_by(2).map(byte).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As Java shows a string that may be null.
fn or_null(text: Option<&str>) -> &str {
    text.unwrap_or("null")
}

fn show_record(record: &GroupRecord) -> String {
    match record {
        GroupRecord::OffsetCommit {
            group,
            topic,
            partition,
            value,
        } => {
            let value = value.as_ref().map_or("nothing".to_string(), show_commit);
            format!("OffsetCommit {group} {topic}-{partition} {value}")
        }
        GroupRecord::GroupMetadata { group, value } => {
            let value = value.as_ref().map_or("nothing".to_string(), show_generation);
            format!("GroupMetadata {group} {value}")
        }
    }
}

fn show_commit(commit: &CommittedOffset) -> String {
    format!(
        "offset={} leader_epoch={} metadata={} commit_timestamp={}",
        commit.offset, commit.leader_epoch, commit.metadata, commit.commit_timestamp
    )
}

fn show_generation(group: &GroupMetadata) -> String {
    let members: Vec<String> = group.members.iter().map(show_member).collect();
    format!(
        "protocol_type={} generation={} protocol={} leader={} since={} members=[{}]",
        group.protocol_type,
        group.generation,
        or_null(group.protocol.as_deref()),
        or_null(group.leader.as_deref()),
        group.current_state_timestamp.unwrap_or(Timestamp::NONE),
        members.join(";")
    )
}

fn show_member(member: &GroupMember) -> String {
    format!(
        "{},{},{},{},{},{},{},{}",
        member.member_id,
        or_null(member.group_instance_id.as_deref()),
        member.client_id,
        member.client_host,
        member.rebalance_timeout_ms,
        member.session_timeout_ms,
        to_hex(&member.subscription),
        to_hex(&member.assignment)
    )
}

#[test]
fn records_of_kafka_itself_are_read_and_made() {
    let (mut written, mut read) = (0, 0);
    for case in cases(RECORDS) {
        let (word, description) = case[0].split_once(' ').expect("a word and a description");
        let key = from_hex(case[1].strip_prefix("key ").expect("a key"));
        let value = case[2].strip_prefix("value ").map(from_hex);
        let record = GroupRecord::decode(&key, value.as_ref()).unwrap_or_else(|_| panic!("{description}"));
        assert_eq!(show_record(&record), description);
        match word {
            "written" => {
                assert_eq!(record.encode(), (key, value), "{description}");
                written += 1;
            }
            "read" => read += 1,
            _ => panic!("{word}"),
        }
    }
    assert_eq!((written, read), (7, 20));
}

#[test]
fn no_part_of_a_record_is_read() {
    for case in cases(RECORDS) {
        let key = from_hex(case[1].strip_prefix("key ").expect("a key"));
        let value = case[2].strip_prefix("value ").map(from_hex);
        for length in 0..key.len() {
            assert!(GroupRecord::decode(&key.slice(..length), value.as_ref()).is_err());
        }
        if let Some(value) = value {
            for length in 0..value.len() {
                assert!(
                    GroupRecord::decode(&key, Some(&value.slice(..length))).is_err(),
                    "{}",
                    case[0]
                );
            }
        }
    }
}

fn show_partitions(partitions: &[(TopicName, i32)]) -> String {
    let partitions: Vec<String> = partitions
        .iter()
        .map(|(topic, partition)| format!("{topic}-{partition}"))
        .collect();
    format!("[{}]", partitions.join(", "))
}

fn show_user_data(user_data: Option<&Bytes>) -> String {
    user_data.map_or("none".to_string(), |bytes| to_hex(bytes))
}

fn show_subscription(it: &Subscription) -> String {
    format!(
        "Subscription topics=[{}] user_data={} owned={} generation={}",
        it.topics.join(", "),
        show_user_data(it.user_data.as_ref()),
        show_partitions(&it.owned_partitions),
        it.generation_id
    )
}

fn show_assignment(it: &Assignment) -> String {
    format!(
        "Assignment partitions={} user_data={}",
        show_partitions(&it.partitions),
        show_user_data(it.user_data.as_ref())
    )
}

#[test]
fn what_members_tell_each_other_is_read_and_written_as_by_kafka() {
    let (mut written, mut read) = (0, 0);
    for case in cases(PROTOCOL) {
        let (word, description) = case[0].split_once(' ').expect("a word and a description");
        let bytes = from_hex(case[1].strip_prefix("hex ").expect("bytes"));
        let (shown, again) = if description.starts_with("Subscription") {
            let it = Subscription::decode(&bytes).expect(description);
            (show_subscription(&it), it.encode())
        } else {
            let it = Assignment::decode(&bytes).expect(description);
            (show_assignment(&it), it.encode())
        };
        assert_eq!(shown, description);
        match word {
            "written" => {
                assert_eq!(again, bytes, "{description}");
                written += 1;
            }
            "read" => read += 1,
            _ => panic!("{word}"),
        }
    }
    assert_eq!((written, read), (4, 12));
}

#[test]
fn groups_live_where_java_puts_them() {
    let homes: Vec<&str> = HOMES.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(homes.len(), 30);
    for line in homes {
        let mut words = line.splitn(4, ' ');
        let partition = words.next().and_then(|word| word.parse().ok());
        let count = words.nth(1).and_then(|word| word.parse().ok()).expect("a count");
        let group = words.next().expect("a group");
        assert_eq!(Some(partition_for(group, count)), partition, "{line}");
    }
}

fn bytes() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..200).prop_map(Bytes::from)
}

fn member() -> impl Strategy<Value = GroupMember> {
    let names = (".{0,9}", prop::option::of(".{0,9}"), ".{0,9}", ".{0,9}");
    let timeouts = (0..i32::MAX, 0..i32::MAX);
    (names, timeouts, bytes(), bytes()).prop_map(|(names, timeouts, subscription, assignment)| GroupMember {
        member_id: names.0.into(),
        group_instance_id: names.1.map(Into::into),
        client_id: names.2,
        client_host: names.3,
        rebalance_timeout_ms: timeouts.0,
        session_timeout_ms: timeouts.1,
        subscription,
        assignment,
    })
}

fn generation() -> impl Strategy<Value = GroupMetadata> {
    let names = (".{0,9}", prop::option::of(".{0,9}"), prop::option::of(".{0,9}"));
    let members = prop::collection::vec(member(), 0..4);
    (names, any::<i32>(), prop::option::of(0..i64::MAX), members).prop_map(|(names, generation, since, members)| {
        GroupMetadata {
            protocol_type: names.0,
            generation: GenerationId(generation),
            protocol: names.1,
            leader: names.2.map(MemberId::from),
            current_state_timestamp: since.map(Timestamp),
            members,
        }
    })
}

fn commit() -> impl Strategy<Value = CommittedOffset> {
    let numbers = (any::<i64>(), any::<i32>(), any::<i64>());
    (numbers, ".{0,200}").prop_map(|((offset, epoch, at), metadata)| CommittedOffset {
        offset: Offset(offset),
        leader_epoch: LeaderEpoch(epoch),
        metadata,
        commit_timestamp: Timestamp(at),
    })
}

fn partitions() -> impl Strategy<Value = Vec<(TopicName, i32)>> {
    prop::collection::vec(("[a-c]".prop_map(TopicName::from), any::<i32>()), 0..9).prop_map(|mut partitions| {
        // Both messages group partitions by topic.
        partitions.sort();
        partitions
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn records_come_back(
        group in ".{0,9}",
        topic in ".{0,9}",
        partition: i32,
        commit in prop::option::of(commit()),
        generation in prop::option::of(generation()),
    ) {
        let records = [
            GroupRecord::OffsetCommit { group: group.as_str().into(), topic: topic.into(), partition, value: commit },
            GroupRecord::GroupMetadata { group: group.into(), value: generation },
        ];
        for record in records {
            let (key, value) = record.encode();
            prop_assert_eq!(GroupRecord::decode(&key, value.as_ref()), Ok(record));
        }
    }

    #[test]
    fn messages_come_back(
        mut topics in prop::collection::vec("[a-z]{0,9}", 0..9),
        partitions in partitions(),
        user_data in prop::option::of(bytes()),
        generation: i32,
    ) {
        topics.sort();
        let assignment = Assignment { partitions: partitions.clone(), user_data: user_data.clone() };
        prop_assert_eq!(Assignment::decode(&assignment.encode()), Ok(assignment));
        let subscription = Subscription {
            topics: topics.into_iter().map(TopicName::from).collect(),
            user_data,
            owned_partitions: partitions,
            generation_id: GenerationId(generation),
        };
        prop_assert_eq!(Subscription::decode(&subscription.encode()), Ok(subscription));
    }

    #[test]
    fn a_changed_record_or_message_never_panics(case: prop::sample::Index, at: prop::sample::Index, byte: u8) {
        let change = |bytes: Bytes| {
            let mut changed = bytes.to_vec();
            changed[at.index(bytes.len())] = byte;
            Bytes::from(changed)
        };
        let records: Vec<_> = cases(RECORDS).filter(|case| case[2] != "none").collect();
        let record = case.get(&records);
        let (key, value) = (from_hex(&record[1][4..]), from_hex(&record[2][6..]));
        let _ = GroupRecord::decode(&change(key.clone()), Some(&value));
        let _ = GroupRecord::decode(&key, Some(&change(value)));
        let messages: Vec<_> = cases(PROTOCOL).collect();
        let message = change(from_hex(&case.get(&messages)[1][4..]));
        let _ = Subscription::decode(&message);
        let _ = Assignment::decode(&message);
    }
}
