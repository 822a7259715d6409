//! Hand-written histories, three for each anomaly: one that has it, one that looks like it but is allowed or does not count, one that is clean. They are
//! derived from the definitions of Jepsen's checker of Kafka, and of commits from what Kafka promises.

use std::fs;
use std::path::{Path, PathBuf};

use kafkasim::history::{Allowance, Event, History, Kind, Value, Verified, verify};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("histories")
}

fn verified(name: &str) -> Verified {
    let path = folder().join(name);
    let history = History::read(&path).unwrap_or_else(|error| panic!("{error}"));
    let again = History::parse(&history.to_bytes().expect("histories can be written"));
    assert_eq!(
        again.as_ref(),
        Ok(&history),
        "{name} is not what it was after being written again"
    );
    verify(&history)
}

fn told(verified: &Verified) -> String {
    let lines: Vec<_> = verified.anomalies.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

#[test]
fn every_anomaly_is_found() {
    for kind in Kind::ALL {
        let verified = verified(&format!("{kind}.found.jsonl"));
        assert!(
            verified
                .anomalies
                .iter()
                .any(|anomaly| anomaly.kind == *kind && anomaly.allowed.is_none()),
            "{kind} is not found"
        );
        assert!(
            verified
                .anomalies
                .iter()
                .all(|anomaly| anomaly.kind == *kind || anomaly.allowed == Some(Allowance::Rewritten)),
            "{kind} comes with others:\n{}",
            told(&verified)
        );
        assert!(!verified.is_clean());
        assert!(
            verified.anomalies.iter().all(|anomaly| !anomaly.lines.is_empty()),
            "no lines are shown"
        );
    }
}

#[test]
fn what_is_allowed_is_no_anomaly() {
    let mut seen = Vec::new();
    for kind in Kind::ALL {
        let verified = verified(&format!("{kind}.allowed.jsonl"));
        assert!(verified.is_clean(), "{kind}:\n{}", told(&verified));
        seen.extend(verified.anomalies.iter().filter_map(|anomaly| anomaly.allowed));
    }
    for allowance in [
        Allowance::Rebalance,
        Allowance::Subscribe,
        Allowance::Forgets,
        Allowance::Recreated,
    ] {
        assert!(
            seen.contains(&allowance),
            "no history is allowed because {}",
            allowance.reason()
        );
    }
}

#[test]
fn clean_histories_are_clean() {
    for kind in Kind::ALL {
        let verified = verified(&format!("{kind}.clean.jsonl"));
        assert_eq!(told(&verified), "", "{kind}");
        assert!(verified.counts.sends_ok > 0, "{kind}: nothing happens");
    }
}

/// Recorded from real clients against a real broker, by `histories/make/Record.java`.
const REAL: &str = "real.kafka-4.1.0.jsonl";

#[test]
fn the_history_of_a_real_cluster_is_clean() {
    let verified = verified(REAL);
    let allowed: Vec<_> = verified.anomalies.iter().map(|anomaly| anomaly.allowed).collect();
    assert!(verified.is_clean(), "{}", told(&verified));
    assert!(
        allowed.iter().all(|allowance| *allowance == Some(Allowance::Rebalance)),
        "{allowed:?}"
    );
    let counts = verified.counts;
    assert_eq!(
        (
            counts.processes,
            counts.sends_ok,
            counts.sends_failed,
            counts.sends_open,
            counts.never_read
        ),
        (4, 30, 1, 0, 0)
    );
    assert!(
        counts.rebalances >= 6 && counts.commits_ok >= 10 && counts.records >= 60,
        "{counts:?}"
    );
}

/// Whatever is taken out of what a real cluster has said, or put into it, is noticed.
#[test]
fn the_history_of_a_real_cluster_does_not_hide_anything() {
    let path = folder().join(REAL);
    let whole = History::read(&path).unwrap_or_else(|error| panic!("{error}"));
    let damaged = |damage: &dyn Fn(&mut Event)| {
        let mut history = whole.clone();
        history.lines.iter_mut().for_each(|line| damage(&mut line.event));
        let mut kinds: Vec<_> = verify(&history)
            .anomalies
            .iter()
            .filter(|anomaly| anomaly.allowed.is_none())
            .map(|anomaly| anomaly.kind)
            .collect();
        kinds.dedup();
        kinds
    };
    assert_eq!(damaged(&|_| ()), []);
    let without_a4 = damaged(&|event| {
        if let Event::PollOk { records } = event {
            records.retain(|record| record.value != Some(Value("a4".into())));
        }
    });
    assert!(
        without_a4.contains(&Kind::LostWrite) && without_a4.contains(&Kind::IntPollSkip),
        "{without_a4:?}"
    );
    let told_too_little = damaged(&|event| {
        if let Event::CommittedOk { offsets } = event {
            offsets.values_mut().flatten().for_each(|offset| offset.0 -= 1);
        }
    });
    assert_eq!(told_too_little, [Kind::CommittedOffset]);
    let failed_for_certain = damaged(&|event| {
        if let Event::SendOk { id: id @ 3, .. } = *event {
            *event = Event::SendFail {
                id,
                error: "nothing".to_owned(),
            };
        }
    });
    assert_eq!(failed_for_certain, [Kind::G1a]);
}

/// A log that was lost and begins anew has nothing where a consumer has sought to.
#[test]
fn who_seeks_into_a_lost_log_may_begin_elsewhere() {
    let history = |read: &str| {
        let text = format!(
            r#"{{"kafkasim_history":1}}
{{"process":"p","event":"send","id":0,"topic":"orders","partition":0,"value":"a"}}
{{"process":"p","event":"send-ok","id":0,"partition":0,"offset":0}}
{{"process":"p","event":"send","id":1,"topic":"orders","partition":0,"value":"b"}}
{{"process":"p","event":"send-ok","id":1,"partition":0,"offset":1}}
{{"process":"c","event":"assign","partitions":["orders-0"]}}
{{"process":"c","event":"seek","in":"orders-0","offset":1}}
{{"process":"p","event":"send","id":2,"topic":"orders","partition":0,"value":"c"}}
{{"process":"c","event":"poll"}}
{{"process":"c","event":"poll-ok","records":[{{"in":"orders-0","offset":0,"value":"{read}"}}]}}
{{"lines":9}}
"#
        );
        verify(&History::parse(text.as_bytes()).unwrap_or_else(|(line, why)| panic!("{line}: {why}")))
    };
    let begins_early = |verified: &Verified| {
        let mut anomalies = verified.anomalies.iter();
        let found = anomalies.find(|anomaly| anomaly.kind == Kind::NonmonotonicPoll);
        found.expect("it begins before where it has sought to").allowed
    };
    assert_eq!(begins_early(&history("a")), None);
    assert_eq!(begins_early(&history("c")), Some(Allowance::Rewritten));
}

/// What is wrong with the history of one send and one poll if in some place something else is written.
fn refused(from: &str, to: &str) -> String {
    const RIGHT: &str = r#"{"kafkasim_history":1,"all_producers":true}
{"at_us":5,"process":"p","event":"send","id":0,"topic":"orders","value":"a"}
{"at_us":7,"process":"p","event":"send-ok","id":0,"partition":0,"offset":0}
{"process":"c","event":"start","group":"g","auto_commit":false}
{"process":"c","event":"subscribe","topics":["orders"]}
{"process":"c","event":"poll"}
{"process":"c","event":"assigned","partitions":["orders-0"]}
{"process":"c","event":"poll-ok","records":[{"in":"orders-0","offset":0,"value":"a"}]}
{"process":"c","event":"commit","offsets":{"orders-0":1}}
{"process":"c","event":"commit-ok","offsets":{"orders-0":1}}
{"lines":9}
"#;
    assert!(History::parse(RIGHT.as_bytes()).is_ok_and(|history| verify(&history).anomalies.is_empty()));
    assert!(RIGHT.contains(from), "{from}");
    let (line, why) = History::parse(RIGHT.replacen(from, to, 1).as_bytes()).expect_err(to);
    format!("{line}: {why}")
}

#[test]
fn what_is_no_history_is_refused_in_one_line_that_says_what_would_be_right() {
    let sent_again = "{\"process\":\"c\",\"event\":\"start\",\"group\":\"g\"";
    for (from, to, expected) in [
        (
            "{\"kafkasim_history\":1,",
            "{\"history\":1,",
            "1: this is no history: its first line must be a header like {\"kafkasim_history\":1}",
        ),
        (
            "{\"kafkasim_history\":1,",
            "{\"kafkasim_trace\":1,",
            "1: this is a trace, not a history; `kafkasim replay TRACE --history FILE`",
        ),
        ("{\"kafkasim_history\":1,", "<html>", "1: this is no history"),
        (
            "_history\":1",
            "_history\":2",
            "1: the history has format version 2; this kafkasim reads version 1",
        ),
        (
            "all_producers",
            "all_producer",
            "1: there is no key \"all_producer\" here; did you mean \"all_producers\"?",
        ),
        (
            "\"value\"",
            "\"valeu\"",
            "2: there is no key \"valeu\" here; did you mean \"value\"?",
        ),
        (
            "\"event\":\"send-ok\"",
            "\"event\":\"sendok\"",
            "3: there is no event \"sendok\" here; did you mean \"send-ok\"?",
        ),
        (
            "\"topic\"",
            "\"topc\"",
            "2: the key \"topic\" is missing; is \"topc\" meant to be it?",
        ),
        ("\"offset\":0}\n", "\"offset\":\"0\"}\n", "3: \"offset\": invalid type"),
        (
            "\"offset\":0}\n",
            "\"offset\":-1}\n",
            "3: p has to do with the offset -1; offsets are 0 or more",
        ),
        (
            "\"in\":\"orders-0\"",
            "\"in\":\"orders\"",
            "8: \"records\": \"orders\" is no partition; expected one like \"orders-0\"",
        ),
        (
            "\"at_us\":7",
            "\"at_us\":4",
            "3: \"at_us\" is earlier than in a line before",
        ),
        (
            "\"event\":\"send\"",
            "\"event\":\"wakeup\"",
            "2: there is no key \"id\" here",
        ),
        (
            "\"id\":0,\"partition\"",
            "\"id\":1,\"partition\"",
            "3: p is answered send-ok, but no send with the id 1 is under way; a line with the event \"send\" must come first",
        ),
        (
            "\"event\":\"poll\"}\n",
            "\"event\":\"wakeup\"}\n",
            "7: c is told of a rebalance outside of a poll",
        ),
        (
            "\"event\":\"subscribe\",\"topics\":[\"orders\"]",
            "\"event\":\"poll\"",
            "6: c still waits for the poll of line 5; a consumer does one thing at a time",
        ),
        (
            "\"topics\":[\"orders\"]",
            "\"topics\":[\"orders\"],\"pattern\":\"o.*\"",
            "5: c subscribes to either",
        ),
        (
            sent_again,
            "{\"process\":\"c\",\"event\":\"start\"",
            "4: c starts with only one of \"group\" and \"auto_commit\"",
        ),
        (
            "{\"process\":\"c\",\"event\":\"start\",\"group\":\"g\",\"auto_commit\":false}",
            "{\"process\":\"c\",\"event\":\"start\"}",
            "9: c commits, but is in no group",
        ),
        (
            "{\"process\":\"c\",\"event\":\"start\",\"group\":\"g\",\"auto_commit\":false}",
            "{\"process\":\"p\",\"event\":\"start\"}",
            "4: p is running already",
        ),
        (
            "{\"process\":\"c\",\"event\":\"start\",\"group\":\"g\",\"auto_commit\":false}",
            "{\"process\":\"c\",\"event\":\"stop\"}",
            "5: c has stopped in line 4; a line with the event \"start\" must come first",
        ),
        (
            ",\"event\":\"commit-ok\",",
            ",\"event\":\"commit-ok\",\"id\":3,",
            "10: c is answered commit-ok, but no commit with the id 3 is under way",
        ),
        (
            "\"event\":\"subscribe\",\"topics\":[\"orders\"]",
            "\"event\":\"send\",\"id\":0,\"topic\":\"orders\",\"value\":\"a\"",
            "5: a was sent to orders in line 2 already",
        ),
        (
            "{\"lines\":9}\n",
            "",
            "10: the history is truncated: its last line must be {\"lines\": N}",
        ),
        (
            "orders-0\":1}}\n{\"lines\":9}\n",
            "orders",
            "10: the history is truncated",
        ),
        (
            "{\"lines\":9}",
            "{\"lines\":8}",
            "11: the last line counts 8 lines between itself and the header, but there are 9",
        ),
        (
            "{\"lines\":9}\n",
            "{\"lines\":9}\n{}",
            "12: nothing may follow the last line",
        ),
        (
            "{\"process\":\"c\",\"event\":\"poll\"}\n",
            "\n",
            "6: this line is empty; expected a JSON object",
        ),
        (
            "{\"process\":\"c\",\"event\":\"poll\"}\n",
            "[]\n",
            "6: expected a JSON object, not []",
        ),
    ] {
        let told = refused(from, to);
        assert!(
            told.starts_with(expected),
            "{to}\n  says     {told}\n  expected {expected}"
        );
        assert!(!told.contains('\n'), "{told}");
    }
    for file in [&b""[..], b"\n", b"\xff\xfe\n", b"{}"] {
        assert!(History::parse(file).is_err_and(|(line, _)| line == 1));
    }
}

#[test]
fn there_is_a_history_for_every_file_and_a_file_for_every_history() {
    let files = fs::read_dir(folder())
        .expect("the folder of histories")
        .map(|entry| entry.expect("an entry").file_name());
    let names: Vec<_> = files
        .map(|name| name.into_string().expect("UTF-8"))
        .filter(|name| name.ends_with(".jsonl"))
        .collect();
    let is_known = |name: &str| {
        let parts: Vec<_> = name.split('.').collect();
        name == REAL
            || Kind::ALL.iter().any(|kind| parts[0] == kind.name()) && ["found", "allowed", "clean"].contains(&parts[1])
    };
    for name in names {
        assert!(is_known(&name), "{name} is not the history of an anomaly");
    }
}
