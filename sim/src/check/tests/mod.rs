//! Monitors, told of events by hand: each case is a story as text, and what is found in it.

mod clients;
mod commits;
mod forgotten;
mod groups;
mod lookups;
mod replicas;
mod scenery;
mod stage;

use std::fmt::Write;

use super::Verdict;
use crate::fingerprint::Fingerprint;
use stage::Stage;

/// Tells a story and compares what is found. Each line of a story is a process and what it does: 0 is the controller, 1
/// to 3 are the replicas of `t-0`, higher numbers are clients.
#[track_caller]
fn check(story: &str, expected: &str) {
    let found = told(story)
        .findings
        .into_iter()
        .fold(String::new(), |mut found, finding| {
            let verdict = match finding.verdict {
                Verdict::Violated => "violated".to_owned(),
                Verdict::Allowed { because } => format!("allowed by {because}"),
            };
            let _ = writeln!(found, "{}, {verdict}: {}", finding.promise, finding.message);
            found
        });
    let trimmed: Vec<_> = expected
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(found.lines().collect::<Vec<_>>(), trimmed, "{story}");
}

fn told(story: &str) -> Stage {
    let mut stage = Stage::default();
    story
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .for_each(|line| stage.tell(line));
    stage
}

/// Producer 5 has written `a` and `b`, and everybody has them.
const TWO_COMMITTED: &str = "
    5 uses acks=all
    0 creates min.insync.replicas=2
    1 leads epoch=0
    5 sends a
    5 sends b
    1 appends a
    1 appends b
    2 copies 1
    3 copies 1
    1 exposes 2
    5 is-told a @0
    5 is-told b @1
";

/// The same with another producer, topic and rest of the story.
fn after_two(producer: &str, topic: &str, rest: &str) -> String {
    let start = TWO_COMMITTED.replace("5 uses acks=all", &format!("5 uses {producer}"));
    start.replace("min.insync.replicas=2", topic) + rest
}

fn after(rest: &str) -> String {
    TWO_COMMITTED.to_owned() + rest
}

#[test]
fn a_quiet_run_finds_nothing() {
    check(&after("7 seeks 0 \n 7 reads 0:a 1:b \n 0 ends"), "");
}

#[test]
fn nothing_is_promised_of_what_was_in_a_topic_that_is_deleted() {
    check(
        &after("0 ends"),
        "unseen, violated: t-0: a was acknowledged to client-5 at 0, but not read
         unseen, violated: t-0: b was acknowledged to client-5 at 1, but not read",
    );
    check(&after("0 removes \n 0 ends"), "");
    // A leader that has not heard of it goes on for a while.
    check(
        &after("0 removes \n 5 sends c \n 1 appends c \n 5 is-told c @2 \n 1 exposes 3 \n 0 ends"),
        "",
    );
    let everywhere = "1 loses-power 0 \n 2 loses-power 0 \n 3 loses-power 0";
    assert_ne!(told(&after(everywhere)).findings, [], "what is there is missed");
    check(&after(&format!("0 removes \n {everywhere}")), "");
    check(&after("0 removes \n 5 sends c \n 5 is-told c @2 \n 0 ends"), "");
}

#[test]
fn in_the_end_everything_was_read() {
    let unseen = "unseen, violated: t-0: b was acknowledged to client-5 at 1, but not read";
    check(&after("7 reads 0:a \n 0 ends"), unseen);
    check(&after("7 reads 0:a \n 0 ends core=1"), "");
}

#[test]
fn what_acks_1_acknowledged_may_wait_for_another_append() {
    let story = |producer, then: &str| {
        let rest = format!("5 sends c \n 1 appends c \n 5 is-told c @2 \n 7 reads 0:a 1:b {then} \n 0 ends");
        after_two(producer, "min.insync.replicas=2", &rest)
    };
    let unseen = |verdict: &str| format!("unseen, {verdict}: t-0: c was acknowledged to client-5 at 2, but not read");
    check(&story("acks=1", ""), &unseen("violated"));
    check(&story("acks=1", "\n 1 is-held-back"), &unseen("allowed by acks=1"));
}

#[test]
fn a_stuck_run_is_judged() {
    let stuck = "5 sends c \n 7 reads 0:a 1:b \n 0 ends finished=false";
    check(
        &after(stuck),
        "liveness, violated: client-5 was not told what became of c",
    );
    check(&after(&format!("{stuck} core=1")), "");
    check(
        &after(&format!("0 decides leader= isr=1 \n {stuck}")),
        "liveness, violated: t-0 has no leader, but broker-1 could lead
         liveness, violated: client-5 was not told what became of c",
    );
    check(
        &after("7 reads 0:a 1:b \n 0 ends finished=false"),
        "liveness, violated: enough is healed, but not everything was read",
    );
}

#[test]
fn what_no_verdict_needs_is_not_remembered() {
    let fingerprint = |story: &str| Fingerprint::of(&told(story).state);
    let quiet = fingerprint(TWO_COMMITTED);
    assert_eq!(
        fingerprint(&after("5 retries refused \n 5 is-late \n 5 is-severed \n 1 refuses")),
        quiet
    );
    assert_eq!(fingerprint(&after("7 seeks 0 \n 7 stops")), quiet);
    assert_ne!(fingerprint(&after("7 reads 0:a")), quiet);
    assert_ne!(fingerprint(&after("3 loses-power 1")), quiet);
}
