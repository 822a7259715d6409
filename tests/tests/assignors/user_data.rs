//! What assignors have members send is what Kafka's own client sends, and is read as it reads it.

use std::collections::BTreeMap;
use std::fmt::Write;

use bytes::Bytes;
use kafkasim_core::consumer::assignor::{Assignor, LastAssignment, Member};
use kafkasim_core::group::Subscription;
use kafkasim_core::ids::{GenerationId, TopicName};

use super::notation::{number, partitions};

const USER_DATA: &str = include_str!("../../golden/assignors/user_data.txt");

fn hex(bytes: Option<&Bytes>) -> String {
    let Some(bytes) = bytes else {
        return "nothing".into();
    };
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("strings take anything");
        text
    })
}

fn read(assignor: Assignor, user_data: Option<Bytes>, generation_id: GenerationId) -> Member {
    let subscription = Subscription {
        topics: vec!["orders".into()],
        user_data,
        owned_partitions: owned(),
        generation_id,
    };
    Member::new(assignor, "member".into(), None, subscription)
}

/// What the subscription itself says.
fn owned() -> Vec<(TopicName, i32)> {
    partitions("orders:2/clicks:1")
}

#[test]
fn user_data_is_kafkas() {
    let lines: Vec<&str> = USER_DATA.lines().skip(1).collect();
    assert_eq!(lines.len(), 22);
    for line in lines {
        let mut words = line.split(' ');
        let name = words.next().expect("a line has an assignor");
        let assignor = Assignor::from_name(name).expect("an assignor that we know");
        let says: BTreeMap<&str, &str> = words.filter_map(|word| word.split_once('=')).collect();
        let last = says.get("given").map(|given| LastAssignment {
            partitions: partitions(given),
            generation: GenerationId(number(says["generation"])),
        });
        let sends = assignor.user_data(last.as_ref());
        assert_eq!(hex(sends.as_ref()), says["sends"], "{line}");

        let generation = last.map_or(GenerationId::NONE, |last| last.generation);
        let member = read(assignor, sends, GenerationId::NONE);
        match assignor {
            Assignor::Range | Assignor::RoundRobin => assert_eq!(member.owned_partitions, owned()),
            Assignor::Sticky => {
                let reads = says.get("reads").map(|reads| partitions(reads)).unwrap_or_default();
                assert_eq!(
                    (member.owned_partitions, member.generation),
                    (reads, generation),
                    "{line}"
                );
            }
            Assignor::CooperativeSticky => {
                assert_eq!(
                    (member.owned_partitions, member.generation),
                    (owned(), generation),
                    "{line}"
                );
            }
        }
    }
}

#[test]
fn a_subscription_with_a_generation_needs_no_user_data() {
    let old = Some(Bytes::from_static(&[0, 0, 0, 3]));
    let member = read(Assignor::CooperativeSticky, old, GenerationId(4));
    assert_eq!((member.owned_partitions, member.generation), (owned(), GenerationId(4)));
}

#[test]
fn earlier_user_data_has_no_generation_and_broken_user_data_says_nothing() {
    let last = LastAssignment {
        partitions: partitions("orders:1,0"),
        generation: GenerationId(4),
    };
    let sent = Assignor::Sticky
        .user_data(Some(&last))
        .expect("the sticky assignor sends something");
    let (end, generation) = (sent.len() - 4, GenerationId(9));
    let earlier = read(Assignor::Sticky, Some(sent.slice(..end)), generation);
    assert_eq!(
        (earlier.owned_partitions, earlier.generation),
        (last.partitions, GenerationId::NONE)
    );
    let broken = read(Assignor::Sticky, Some(sent.slice(..end - 1)), generation);
    assert_eq!(
        (broken.owned_partitions, broken.generation),
        (Vec::new(), GenerationId::NONE)
    );
    let broken = read(Assignor::CooperativeSticky, Some(sent.slice(..3)), GenerationId::NONE);
    assert_eq!(
        (broken.owned_partitions, broken.generation),
        (owned(), GenerationId::NONE)
    );
}
