//! Where our answers differ from Kafka's, and why: `ARCHITECTURE.md` says the same in its own words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

/// Fields of Kafka's answers that ours lack. APIs, fields, why.
const NOT_CARRIED: &[(&[&str], &[&str], &str)] = &[
    (
        &[
            "Produce",
            "Fetch",
            "ListOffsets",
            "Metadata",
            "CreateTopics",
            "InitProducerId",
            "OffsetForLeaderEpoch",
            "FindCoordinator",
            "JoinGroup",
            "SyncGroup",
            "Heartbeat",
            "LeaveGroup",
            "OffsetCommit",
            "OffsetFetch",
            "DescribeGroups",
            "ListGroups",
            "DeleteGroups",
        ],
        &["throttle_time_ms"],
        "there are no quotas",
    ),
    (
        &["Produce", "Fetch"],
        &["node_endpoints"],
        "a process is reached by its id",
    ),
    (&["Fetch"], &["session_id"], "there are no fetch sessions"),
    (&["Fetch"], &["aborted_transactions"], "there are no transactions"),
    (&["Fetch"], &["preferred_read_replica"], "nobody reads from followers"),
    (&["Metadata"], &["rack"], "there is no rack awareness"),
    (
        &["DescribeGroups"],
        &["authorized_operations"],
        "there is no authorizer",
    ),
    (
        &["Metadata"],
        &["is_internal", "topic_authorized_operations"],
        "there are no internal topics and no authorizer",
    ),
    (&["Metadata"], &["offline_replicas"], "no client of ours looks at them"),
    (
        &["CreateTopics"],
        &["topic_id", "num_partitions", "replication_factor"],
        "an operator gives every replica itself, and asks Metadata for the rest",
    ),
];

/// Answers to the same steps of a conversation that are others.
struct Known {
    conversation: &'static str,
    steps: &'static [usize],
    /// Field, what Kafka says, what we say.
    fields: &'static [(&'static str, &'static str, &'static str)],
    #[expect(dead_code, reason = "for whoever reads the table")]
    why: &'static str,
}

const EDGE: &str = "what a driver reads from the wire is refused there, before it is a request";
const FOLLOWERS: &str = "consumers do not read from followers (KIP-392 is out of scope)";
const STAMP: &str = "a duplicate is answered like the original, without the batch's time: two answers that no client tells apart are one state";

const FIRST: &str = "what a broker knows nothing of begins with sequence 0 (exhibit kafka-first-sequence)";

const DIFFERENT: &[Known] = &[
    Known {
        conversation: "produce_acks",
        steps: &[6],
        fields: &[("request", "understood", "there are no other acks")],
        why: EDGE,
    },
    Known {
        conversation: "produce_broken",
        steps: &[4],
        fields: &[("request", "understood", "there are no batches that cannot be framed")],
        why: EDGE,
    },
    Known {
        conversation: "compression",
        steps: &[13],
        fields: &[("request", "understood", "there are no batches that cannot be framed")],
        why: EDGE,
    },
    Known {
        conversation: "list_offsets",
        steps: &[5, 11],
        fields: &[("request", "understood", "nobody asks for the largest time")],
        why: "no client of ours asks for it",
    },
    Known {
        conversation: "produce_broken",
        steps: &[6],
        fields: &[("error_code", "87", "0"), ("base_offset", "-1", "0")],
        why: "an uncompressed batch is taken at its header's word: three records, although it holds two",
    },
    Known {
        conversation: "produce_broken",
        steps: &[10],
        fields: &[("error_code", "32", "0"), ("base_offset", "-1", "3")],
        why: "message.timestamp.* is not checked",
    },
    Known {
        conversation: "produce_broken",
        steps: &[11],
        fields: &[("offset", "0", "4")],
        why: "what the two steps above have appended",
    },
    Known {
        conversation: "asked_the_follower",
        steps: &[6],
        fields: &[
            ("error_code", "0", "6"),
            ("high_watermark", "0", "-1"),
            ("last_stable_offset", "0", "-1"),
            ("log_start_offset", "0", "-1"),
            ("current_leader", "null", r#"{"leader_epoch":0,"leader_id":1}"#),
        ],
        why: FOLLOWERS,
    },
    Known {
        conversation: "new_leader",
        steps: &[31],
        fields: &[
            ("error_code", "0", "6"),
            ("high_watermark", "3", "-1"),
            ("last_stable_offset", "3", "-1"),
            ("log_start_offset", "0", "-1"),
            ("current_leader", "null", r#"{"leader_epoch":1,"leader_id":1}"#),
            ("records", "294 characters, from \"000000000000000000000041000", "\"\""),
        ],
        why: FOLLOWERS,
    },
    Known {
        conversation: "duplicate_sequence",
        steps: &[10, 11],
        fields: &[("log_append_time_ms", "1000", "-1")],
        why: STAMP,
    },
    Known {
        conversation: "new_leader",
        steps: &[7],
        fields: &[("log_append_time_ms", "1001", "-1")],
        why: STAMP,
    },
    Known {
        conversation: "request_timed_out",
        steps: &[8, 11],
        fields: &[("log_append_time_ms", "1000", "-1")],
        why: STAMP,
    },
    Known {
        conversation: "unknown_producer",
        steps: &[3],
        fields: &[("error_code", "0", "45"), ("base_offset", "0", "-1")],
        why: FIRST,
    },
    Known {
        conversation: "unknown_producer",
        steps: &[4],
        fields: &[("error_code", "0", "45"), ("base_offset", "1", "-1")],
        why: FIRST,
    },
    Known {
        conversation: "sequence_wraps",
        steps: &[3],
        fields: &[("error_code", "0", "45"), ("base_offset", "0", "-1")],
        why: FIRST,
    },
    Known {
        conversation: "sequence_wraps",
        steps: &[4],
        fields: &[("error_code", "0", "45"), ("base_offset", "1", "-1")],
        why: FIRST,
    },
    Known {
        conversation: "sequence_wraps",
        steps: &[5],
        fields: &[("error_code", "0", "45"), ("base_offset", "3", "-1")],
        why: FIRST,
    },
    Known {
        conversation: "sequence_wraps",
        steps: &[6],
        fields: &[
            ("error_code", "0", "45"),
            ("base_offset", "1", "-1"),
            ("log_append_time_ms", "1001", "-1"),
        ],
        why: FIRST,
    },
];

/// One field that is not as in Kafka.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Difference {
    field: String,
    kafka: String,
    /// `None` if our answer has no such field.
    ours: Option<String>,
}

impl Difference {
    pub(crate) fn new(field: &str, kafka: impl fmt::Display, ours: impl fmt::Display) -> Self {
        Self {
            field: field.into(),
            kafka: shown(&kafka),
            ours: Some(shown(&ours)),
        }
    }

    /// Whether it only is that our answers have no such field at all.
    pub(crate) const fn is_of_shape(&self) -> bool {
        self.ours.is_none()
    }
}

/// Compares field by field.
pub(crate) fn between(kafka: &Value, ours: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("answer", kafka, ours, &mut found);
    found
}

fn compare(field: &str, kafka: &Value, ours: &Value, found: &mut Vec<Difference>) {
    match (kafka, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            for name in ours.keys().filter(|name| !theirs.contains_key(*name)) {
                found.push(Difference::new(name, "no such field", &ours[name]));
            }
            for (name, value) in theirs {
                match ours.get(name) {
                    Some(ours) => compare(name, value, ours, found),
                    None => found.push(Difference {
                        field: name.clone(),
                        kafka: shown(value),
                        ours: None,
                    }),
                }
            }
        }
        (Value::Array(theirs), Value::Array(ours)) if theirs.len() == ours.len() => {
            for (kafka, ours) in sorted(field, theirs).into_iter().zip(sorted(field, ours)) {
                compare(field, kafka, ours, found);
            }
        }
        (kafka, ours) if kafka == ours => {}
        (kafka, ours) => found.push(Difference::new(field, kafka, ours)),
    }
}

/// A value, shortened if it is as long as records are.
fn shown(value: &impl fmt::Display) -> String {
    let text = value.to_string();
    if text.len() > 80 {
        format!("{} characters, from {:.28}", text.len(), text)
    } else {
        text
    }
}

/// Where order has no meaning, an order.
fn sorted<'a>(field: &str, values: &'a [Value]) -> Vec<&'a Value> {
    let mut sorted: Vec<&Value> = values.iter().collect();
    match field {
        "isr_nodes" => sorted.sort_by_key(|node| node.as_i64()),
        "partitions" => sorted.sort_by_key(|partition| partition["partition_index"].as_i64()),
        "brokers" => sorted.sort_by_key(|broker| broker["node_id"].as_i64()),
        _ => {}
    }
    sorted
}

/// What was found in all conversations.
#[derive(Default)]
pub(crate) struct Differences {
    not_carried: BTreeSet<(String, String)>,
    different: BTreeMap<(String, usize, Difference), String>,
}

impl Differences {
    pub(crate) fn found(&mut self, conversation: &str, step: usize, api: &str, differences: Vec<Difference>) {
        for difference in differences {
            if difference.is_of_shape() {
                self.not_carried.insert((api.into(), difference.field));
            } else {
                self.different
                    .insert((conversation.into(), step, difference), api.into());
            }
        }
    }

    /// Everything that was found has a reason, and every reason was needed.
    pub(crate) fn check(mut self) {
        let mut wrong = Vec::new();
        for (apis, fields, _) in NOT_CARRIED {
            for (api, field) in apis
                .iter()
                .flat_map(|api| fields.iter().map(move |field| (*api, *field)))
            {
                if !self.not_carried.remove(&(api.into(), field.into())) {
                    wrong.push(format!("no answer to {api} lacks {field} any more: take the entry out"));
                }
            }
        }
        for known in DIFFERENT {
            let differ = known
                .steps
                .iter()
                .flat_map(|step| known.fields.iter().map(move |field| (*step, *field)));
            for (step, (field, kafka, ours)) in differ {
                let conversation = known.conversation;
                let entry = (conversation.into(), step, Difference::new(field, kafka, ours));
                if self.different.remove(&entry).is_none() {
                    wrong.push(format!(
                        "{conversation}, step {step}: it is not so any more that {field} is {kafka} in Kafka and {ours} here: take the entry out"
                    ));
                }
            }
        }
        let lacking = self.not_carried.iter();
        wrong.extend(lacking.map(|(api, field)| format!("{api}: our answers have no {field}")));
        let others = self.different.iter();
        wrong.extend(others.map(|((conversation, step, difference), api)| {
            let Difference { field, kafka, ours } = difference;
            let ours = ours.as_deref().unwrap_or("nothing");
            format!("{conversation}, step {step}, {api}: {field} is {kafka} in Kafka, ours is {ours}")
        }));
        assert!(
            wrong.is_empty(),
            "{} differences have no reason:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
    }
}
