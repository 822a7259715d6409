//! Stories of consumers that ask where something is, and of what they get at a time.

use kafkasim_core::call::{Answer, Call};
use kafkasim_core::ids::{NodeId, Offset, Timestamp, TopicName};
use kafkasim_core::lookup::{LookedUp, OffsetLookup};

use super::stage::{Stage, number};
use super::{after, after_two, check};
use crate::world::Event;

impl Stage {
    /// `asks position`, `asks end`, `asks beginning`, `asks time 5`; `is-answered 3`, `is-answered nowhere`, `is-answered 3 at 5`.
    pub(super) fn ask(&mut self, node: NodeId, what: &str, with: &[&str]) {
        let at: (TopicName, i32) = ("t".into(), 0);
        let (topic, partition) = at.clone();
        let lookup = match (what, with) {
            ("asks", ["position"]) => OffsetLookup::Position { topic, partition },
            ("asks", ["beginning"]) => OffsetLookup::Beginning([at].into()),
            ("asks", ["end"]) => OffsetLookup::End([at].into()),
            ("asks", ["time", time]) => OffsetLookup::ForTimes([(topic, partition, Timestamp(number(time)))].into()),
            ("is-answered", [offset, rest @ ..]) => {
                let found = LookedUp {
                    topic,
                    partition,
                    offset: (*offset != "nowhere").then(|| Offset(number(offset))),
                    timestamp: rest.get(1).map_or(Timestamp::NONE, |time| Timestamp(number(time))),
                };
                let answer = Answer::LookedUp(Ok([found].into()));
                return self.event(Event::Answered { node, answer });
            }
            _ => panic!("{what} {with:?}: nobody can do that"),
        };
        let timeout_ms = None;
        let call = Call::LookUp { lookup, timeout_ms };
        self.event(Event::Called { node, call });
    }
}

fn finding(promise: &str, what: &str) -> String {
    format!("{promise}, violated: t-0: client-7 {what}")
}

#[test]
fn a_position_is_told_as_it_is() {
    let wrong = |at: i32| {
        finding(
            "told-position",
            &format!("tells {at} as its position, which is not where it reads on"),
        )
    };
    check(&after("7 asks position \n 7 is-answered 2"), "");
    check(&after("7 seeks 1 \n 7 asks position \n 7 is-answered 1"), "");
    check(&after("7 seeks 1 \n 7 asks position \n 7 is-answered 2"), &wrong(2));
    check(&after("7 reads 0:a \n 7 asks position \n 7 is-answered 1"), "");
    check(&after("7 reads 0:a \n 7 asks position \n 7 is-answered 0"), &wrong(0));
    check(&after("7 reads 0:a \n 7 asks position \n 7 is-answered 2"), &wrong(2));
}

#[test]
fn an_end_is_neither_beyond_what_is_committed_nor_before_what_is_known() {
    let beyond = "is told that the log ends at 3, beyond 2, up to where it is committed";
    let before = "is told that the log ends at 1, after it has been told, or has read, of 2";
    check(
        &after("7 asks end \n 7 is-answered 2 \n 7 asks end \n 7 is-answered 2"),
        "",
    );
    check(&after("7 asks end \n 7 is-answered 1"), "");
    check(&after("7 asks end \n 7 is-answered 3"), &finding("end-offset", beyond));
    check(
        &after("7 asks end \n 7 is-answered 2 \n 7 asks end \n 7 is-answered 1"),
        &finding("end-offset", before),
    );
    check(
        &after("7 reads 0:a 1:b \n 7 asks end \n 7 is-answered 1"),
        &finding("end-offset", before),
    );
    check(
        &after("7 asks end \n 7 is-answered 2 \n 8 asks end \n 8 is-answered 1"),
        "",
    );
    check(
        &after("7 asks end \n 7 is-answered 2 \n 7 stops \n 7 asks end \n 7 is-answered 1"),
        "",
    );
    let unclean = "0 decides leader=3 isr=3 \n 3 truncates 1 \n 3 leads epoch=1 waits-for=3 \n 3 exposes 1";
    let story =
        format!("0 decides isr=1 \n 7 asks end \n 7 is-answered 2 \n {unclean} \n 7 asks end \n 7 is-answered 1");
    let told = super::told(&after_two("acks=all", "unclean.leader.election.enable=true", &story));
    let last = told.findings.last().expect("an end that goes back");
    assert_eq!(
        (last.promise.name(), &last.verdict),
        (
            "end-offset",
            &super::Verdict::Allowed {
                because: "unclean.leader.election.enable=true".to_owned()
            }
        )
    );
}

#[test]
fn a_beginning_is_not_behind_what_nobody_gave_up() {
    let wrong = "is told that the log starts at 1, but only what lies before 0 was given up";
    check(&after("7 asks beginning \n 7 is-answered 0"), "");
    check(
        &after("7 asks beginning \n 7 is-answered 1"),
        &finding("beginning-offset", wrong),
    );
    check(
        &after("4 deletes 1 \n 1 starts 1 \n 7 asks beginning \n 7 is-answered 1"),
        "",
    );
    check(
        &after("4 deletes 1 \n 1 starts 1 \n 7 asks beginning \n 7 is-answered 0"),
        "",
    );
}

#[test]
fn what_is_found_for_a_time_is_the_first_record_that_late() {
    // Everything on this stage happens at time 0.
    let wrong = |what: &str| finding("offset-for-time", what);
    check(&after("7 asks time 0 \n 7 is-answered 0 at 0"), "");
    check(&after("7 asks time 1 \n 7 is-answered nowhere"), "");
    check(
        &after("7 asks time 0 \n 7 is-answered 1 at 0"),
        &wrong("finds 1 for time 0, though there is 0"),
    );
    check(
        &after("4 deletes 1 \n 1 starts 1 \n 7 asks time 0 \n 7 is-answered 1 at 0"),
        "",
    );
    check(
        &after("7 asks time 1 \n 7 is-answered 0 at 1"),
        &wrong("finds 0 for time 1 with time 1, which is not what is committed there"),
    );
    check(
        &after("7 asks time 0 \n 7 is-answered 2 at 0 \n"),
        &wrong("finds 2 for time 0, though there is 0"),
    );
    check(&after("7 asks time 0 \n 7 is-answered nowhere"), "");
    check(
        &after("7 reads 0:a \n 7 asks time 0 \n 7 is-answered nowhere"),
        &wrong("finds nothing at or after time 0, though there is 0"),
    );
    check(
        &after("7 asks end \n 7 is-answered 2 \n 7 asks time 0 \n 7 is-answered nowhere"),
        &wrong("finds nothing at or after time 0, though there is 0"),
    );
}

#[test]
fn a_consumer_gets_no_more_than_it_asks_for() {
    check(&after("7 reads-with max.poll.records=2 \n 7 reads 0:a 1:b"), "");
    check(
        &after("7 reads-with max.poll.records=1 \n 7 reads 0:a 1:b"),
        "consumer-limits, violated: client-7 is given 2 records by one poll, with max.poll.records=1",
    );
    check(
        &after("7 is-sent-too-much 300"),
        "consumer-limits, violated: t-0: client-7 is sent 300 bytes at once, more than max.partition.fetch.bytes",
    );
}

#[test]
fn nobody_is_answered_by_a_consumer_that_is_closed() {
    let wrong = "flush-completion, violated: client-7 is answered by its consumer, which it has closed";
    check(&after("7 reads 0:a \n 7 closes \n 7 is-closed"), "");
    check(&after("7 closes \n 7 reads 0:a"), wrong);
    check(&after("7 closes \n 7 asks end \n 7 is-answered 2"), wrong);
}
