//! The notation of the files in `golden/assignors`.

use std::collections::BTreeMap;

use kafkasim_core::consumer::assignor::{Assignment, Assignor, Member};
use kafkasim_core::ids::{GenerationId, TopicName};

/// What Kafka's assignor was asked, and what it made of it.
pub(crate) struct Case<'a> {
    pub(crate) title: &'a str,
    /// Line of the file on which it starts.
    pub(crate) line: usize,
    pub(crate) assignor: Assignor,
    pub(crate) partitions_of: BTreeMap<TopicName, i32>,
    pub(crate) members: Vec<Member>,
    /// Empty if it threw an exception.
    pub(crate) theirs: Assignment,
    /// What is wrong with that.
    pub(crate) fault: Option<&'a str>,
}

/// The cases of a file, without its comments.
pub(crate) fn cases(text: &str) -> Vec<Case<'_>> {
    let mut cases = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if word == "case" {
            cases.push(Case::new(rest, index + 1));
        } else if !word.is_empty() && word != "#" {
            let case: &mut Case<'_> = cases.last_mut().expect("the first line is a case's");
            match word {
                "exist" => case.partitions_of = rest.split_terminator(' ').map(topic).collect(),
                "member" => case.member(rest),
                "fault" => case.fault = Some(rest),
                _ => panic!("line {}: {word:?} is no word of cases", index + 1),
            }
        }
    }
    cases
}

impl<'a> Case<'a> {
    fn new(heading: &'a str, line: usize) -> Self {
        let (name, title) = heading.split_once(' ').expect("a case has an assignor and a title");
        Self {
            title,
            line,
            assignor: Assignor::from_name(name).expect("a case has an assignor that we know"),
            partitions_of: BTreeMap::new(),
            members: Vec::new(),
            theirs: Assignment::new(),
            fault: None,
        }
    }

    fn member(&mut self, line: &str) {
        let mut words = line.split(' ');
        let mut member = Member {
            member_id: words.next().expect("a member has an id").into(),
            group_instance_id: None,
            topics: Vec::new(),
            owned_partitions: Vec::new(),
            generation: GenerationId::NONE,
        };
        for word in words {
            match word.split_once('=').expect("what a member says has a name") {
                ("instance", id) => member.group_instance_id = Some(id.into()),
                ("topics", topics) => member.topics = topics.split_terminator(',').map(TopicName::from).collect(),
                ("generation", generation) => member.generation = GenerationId(number(generation)),
                ("owns", owned) => member.owned_partitions = partitions(owned),
                ("gets", given) => {
                    self.theirs.insert(member.member_id.clone(), partitions(given));
                }
                (other, _) => panic!("{other:?} is nothing that a member says"),
            }
        }
        self.members.push(member);
    }
}

/// `orders:3`, a topic with three partitions.
fn topic(text: &str) -> (TopicName, i32) {
    let (name, count) = text.split_once(':').expect("a topic has a number of partitions");
    (name.into(), number(count))
}

/// `orders:0,2/clicks:1`, three partitions.
pub(crate) fn partitions(text: &str) -> Vec<(TopicName, i32)> {
    text.split_terminator('/')
        .flat_map(|run| {
            let (name, indexes) = run.split_once(':').expect("partitions follow their topic");
            indexes.split(',').map(|index| (name.into(), number(index)))
        })
        .collect()
}

pub(crate) fn number(text: &str) -> i32 {
    text.parse().expect("a number")
}
