//! What producers and consumers were promised.

use super::{TWO_COMMITTED, after, after_two, check};

#[test]
fn acks_0_excuses_only_lost_requests() {
    let story = "5 sends c \n 5 is-told c @ \n 7 reads 0:a 1:b";
    let lost = "t-0: c was acknowledged to client-5, but never written";
    let unanswered = |rest: &str| {
        after_two(
            "acks=0",
            "min.insync.replicas=2",
            &format!("{story} \n {rest} \n 0 ends"),
        )
    };
    check(&unanswered(""), &format!("lost-write, violated: {lost}"));
    check(
        &unanswered("5 is-severed"),
        &format!("lost-write, allowed by acks=0: {lost}"),
    );
    check(
        &unanswered("1 refuses"),
        &format!("lost-write, allowed by acks=0: {lost}"),
    );
}

#[test]
fn p1_records_are_there_once() {
    let twice = |producer: &str, retry: &str| {
        after_two(
            producer,
            "min.insync.replicas=2",
            &format!("{retry} \n 1 appends b \n 2 copies 1 \n 3 copies 1 \n 1 exposes 3"),
        )
    };
    let duplicate = "t-0: b at 2 is in t-0 at 1, too";
    check(
        &twice("acks=all", "5 retries lost"),
        &format!("duplicate, violated: {duplicate}"),
    );
    let off = "enable.idempotence=false";
    check(
        &twice(off, "5 retries lost"),
        &format!("duplicate, allowed by {off}: {duplicate}"),
    );
    check(
        &twice(off, "5 retries refused"),
        &format!("duplicate, violated: {duplicate}"),
    );
    check(&twice(off, "5 is-late"), &format!("duplicate, violated: {duplicate}"));
}

#[test]
fn p2_records_are_in_the_order_in_which_they_were_sent() {
    let swapped = |producer: &str, fault: &str| {
        let story = "5 sends c \n 5 sends d \n 1 appends d \n 1 appends c \n 2 copies 1 \n 3 copies 1 \n 1 exposes 4";
        after_two(producer, "min.insync.replicas=2", &format!("{fault} \n {story}"))
    };
    let order = "t-0: c at 3 was sent by client-5 before what precedes it there";
    let one = "enable.idempotence=false max.in.flight.requests.per.connection=1";
    check(
        &swapped("acks=all", "5 retries lost"),
        &format!("nonmonotonic-send, violated: {order}"),
    );
    check(
        &swapped("enable.idempotence=false", "5 retries refused"),
        &format!("nonmonotonic-send, allowed by max.in.flight.requests.per.connection=5: {order}"),
    );
    check(
        &swapped("enable.idempotence=false", "7 reads"),
        &format!("nonmonotonic-send, violated: {order}"),
    );
    check(
        &swapped(one, "5 retries lost"),
        &format!("nonmonotonic-send, violated: {order}"),
    );
    check(
        &swapped(one, "5 is-late"),
        &format!("nonmonotonic-send, allowed by enable.idempotence=false: {order}"),
    );
}

#[test]
fn p4_flush_and_close_wait_for_what_was_sent_before() {
    check(
        &after("5 sends c \n 5 flushes \n 5 is-flushed \n 5 is-told c open"),
        "flush-completion, violated: flush returns to client-5 with 1 send before it not answered",
    );
    check(
        &after("5 sends c \n 5 flushes \n 5 sends d \n 5 is-told c failed \n 5 is-flushed"),
        "",
    );
    check(
        &after("5 sends c \n 5 sends d \n 5 closes \n 5 is-closed"),
        "flush-completion, violated: close returns to client-5 with 2 sends before it not answered",
    );
    check(
        &after("5 sends c \n 5 closes \n 5 is-told c open \n 5 sends d \n 5 is-closed \n 5 is-told d failed"),
        "",
    );
    check(
        &after("5 closes \n 5 is-closed \n 5 sends c \n 5 is-told c @"),
        "flush-completion, violated: client-5 is told that call 2 succeeded, which it made after close",
    );
    // Another start is another producer.
    check(
        &after("5 sends c \n 5 flushes \n 5 closes \n 5 stops \n 5 starts \n 5 flushes \n 5 is-flushed"),
        "",
    );
}

#[test]
fn another_start_is_another_producer() {
    let story = "
        5 sends c
        5 stops
        5 starts
        5 sends d
        1 appends d
        1 appends c
        2 copies 1
        3 copies 1
        1 exposes 4
    ";
    check(&after(story), "");
}

#[test]
fn p3_an_acknowledgement_tells_the_truth() {
    check(
        &after("5 sends c \n 5 is-told c @1"),
        "acknowledged-payload, violated: t-0: c was acknowledged at 1, where b is committed
         inconsistent-offsets, violated: t-0: offset 1 was seen to hold b and c
         acknowledged-exists, violated: t-0: no replica has c at 1",
    );
    check(
        &after("5 sends c to 1 \n 5 is-told c @2"),
        "acknowledged-payload, violated: c was sent to t-1, but acknowledged in t-0
         acknowledged-exists, violated: t-0: no replica has c at 2",
    );
    check(
        &after("1 appends x \n 2 copies 1 \n 3 copies 1 \n 1 exposes 3"),
        "acknowledged-payload, violated: t-0: x at 2 was never sent",
    );
}

#[test]
fn a_definite_failure_is_one() {
    let failed = "definite-failure, violated: t-0: c at 2 is committed, but client-5 was told that it was not written";
    let commit = "1 appends c \n 2 copies 1 \n 3 copies 1 \n 1 exposes 3";
    check(&after(&format!("5 sends c \n {commit} \n 5 is-told c failed")), failed);
    check(&after(&format!("5 sends c \n 5 is-told c failed \n {commit}")), failed);
    check(&after(&format!("5 sends c \n 5 is-told c open \n {commit}")), "");
}

#[test]
fn p2_acknowledgements_come_in_the_order_of_sends() {
    let story = |uses: &str, before: &str| {
        format!(
            "5 uses {uses}
             0 creates min.insync.replicas=2
             1 leads epoch=0
             5 sends a
             5 sends b
             {before}
             1 appends a
             1 appends b
             2 copies 1
             3 copies 1
             1 exposes 2
             5 is-told b @1
             5 is-told a @0"
        )
    };
    let late = "t-0: client-5 is told of a after what it has sent behind it";
    let allowed = format!("callback-order, allowed by max.in.flight.requests.per.connection=5: {late}");
    let violated = format!("callback-order, violated: {late}");
    check(&story("acks=all", ""), &violated);
    check(&story("acks=all", "5 retries refused"), &violated);
    check(&story("acks=all", "5 retries lost"), &allowed);
    let one = "acks=all max.in.flight.requests.per.connection=1";
    check(&story(one, "5 retries lost"), &violated);
    check(&story("acks=all enable.idempotence=false", "5 retries lost"), &allowed);
}

#[test]
fn p4_sends_complete_once() {
    check(
        &after("5 is-told b @1"),
        "send-completion, violated: client-5 is told how call 1 ended, which is not outstanding",
    );
    check(&after("5 hands-over 5"), "");
    check(
        &after("5 hands-over 6"),
        "send-completion, violated: client-5 has 6 Produces under way when it sends to t-0, of 5 allowed",
    );
}

#[test]
fn who_was_to_read_a_partition_before_there_was_one_misses_what_comes_before_it_begins() {
    let skipped = "poll-skip, allowed by auto.offset.reset=latest: t-0: client-7 begins at 1 and skips 0, though it was to read the partition \
                   before there was one";
    let by = |reset: &str, first: &str, then: &str| {
        let before = format!("7 reads-with auto.offset.reset={reset} \n {first} \n");
        before + TWO_COMMITTED + then
    };
    check(&by("latest", "7 is-assigned 0", "7 seeks 1 \n 7 reads 1:b"), skipped);
    check(&by("latest", "7 is-assigned 0", "7 seeks 0 \n 7 seeks 1"), "");
    check(&by("latest", "", "7 is-assigned 0 \n 7 seeks 1"), "");
    check(
        &by("earliest", "7 is-assigned 0", "7 seeks 1"),
        &skipped.replace("allowed by auto.offset.reset=latest", "violated"),
    );
}

#[test]
fn consumers_read_everything_once_and_in_order() {
    check(
        &after("7 seeks 0 \n 7 reads 1:b"),
        "poll-skip, violated: t-0: client-7 has read 1, but not 0 before it",
    );
    check(
        &after("7 reads 0:a 1:b \n 7 seeks 0 \n 7 reads 0:a"),
        "nonmonotonic-poll, violated: t-0: client-7 has read 0 after it had read as much or more",
    );
    let unclean = "
        7 reads 0:a 1:b
        0 decides isr=1,2
        3 truncates 1
        0 decides leader=3 isr=3
        3 leads epoch=1 waits-for=3
        5 sends c
        3 appends c
        3 exposes 2
        7 seeks 1
        7 reads 1:c
    ";
    let because = "unclean.leader.election.enable=true";
    check(
        &after_two("acks=all", because, unclean),
        &format!(
            "leader-completeness, allowed by {because}: t-0: leader broker-3 begins without what was committed: b at 1
             inconsistent-offsets, allowed by {because}: t-0: offset 1 was seen to hold b and c
             nonmonotonic-poll, allowed by {because}: t-0: client-7 has read 1 after it had read as much or more"
        ),
    );
}
