//! What is promised of replicas, leaders and their logs.

use super::{after, after_two, check};

#[test]
fn r1_whoever_may_be_elected_has_everything() {
    let late = "1 appends c \n 2 copies 1 \n 1 exposes 3";
    check(
        &after_two(
            "acks=all",
            "min.insync.replicas=2",
            &late.replace("1 appends", "5 sends c \n 1 appends"),
        ),
        "candidate-completeness, violated: t-0: broker-3 may be elected, but lacks what is committed at 2",
    );
    check(
        &after("0 decides isr=1,2 \n 5 sends c \n 1 appends c \n 2 copies 1 \n 1 exposes 3"),
        "",
    );
    check(
        &after("0 decides isr=1,2 \n 5 sends c \n 1 appends c \n 2 copies 1 \n 1 exposes 3 \n 0 decides isr=1,2,3"),
        "candidate-completeness, violated: t-0: broker-3 may be elected, but lacks what is committed at 2",
    );
    check(
        &after("3 truncates 1"),
        "candidate-completeness, violated: t-0: broker-3 may be elected, but lacks what is committed at 1",
    );
    check(&after("0 decides isr=1,2 \n 3 truncates 1"), "");
}

#[test]
fn r1_whoever_is_fenced_joins_nothing() {
    // KIP-841: a fenced broker may be about to lose what it has.
    check(&after("0 decides isr=1,2 \n 0 decides isr=1,2,3"), "");
    check(
        &after("0 decides isr=1,2 \n 0 fences 3 \n 0 decides isr=1,2,3"),
        "candidate-completeness, violated: t-0: broker-3 is in sync from now on, fenced or shutting down as it is",
    );
}

#[test]
fn r10_only_what_was_given_up_is_deleted() {
    let undue = |who: &str, at: i32| {
        format!("undue-deletion, violated: t-0: {who} has deleted everything before {at}, which nobody has given up")
    };
    check(&after("4 deletes 1 \n 1 starts 1 \n 2 starts-as-leader 1"), "");
    check(&after("1 starts 1"), &undue("broker-1", 1));
    check(&after("4 deletes 1 \n 1 starts 2"), &undue("broker-1", 2));
    check(&after("4 deletes 2 \n 2 starts-as-leader 1"), &undue("broker-2", 1));
    check(
        &after("5 sends c \n 1 appends c \n 4 deletes 3 \n 1 starts 3"),
        &undue("broker-1", 3),
    );
}

#[test]
fn what_was_deleted_is_not_lost_and_what_was_not_is() {
    let elected = "0 decides leader=2 isr=2,3 \n 2 leads epoch=1 waits-for=2,3";
    let deleted = "4 deletes 1 \n 1 starts 1 \n 1 drops 1 \n 2 starts-as-leader 1";
    check(
        &after(&format!(
            "{deleted} \n 2 drops 1 \n {elected} \n 7 seeks 1 \n 7 reads 1:b \n 0 ends"
        )),
        "",
    );
    check(
        &after(&format!("{deleted} \n 2 drops 2 \n {elected}")),
        "leader-completeness, violated: t-0: leader broker-2 begins without what was committed: b at 1",
    );
}

#[test]
fn r2_a_new_leader_has_what_was_committed() {
    let elected_without = "
        0 decides isr=1,2
        3 truncates 1
        0 decides leader=3 isr=3
        3 leads epoch=1 waits-for=3
    ";
    let lost = "t-0: leader broker-3 begins without what was committed: b at 1";
    check(
        &after(elected_without),
        &format!(
            "candidate-completeness, violated: t-0: broker-3 may be elected, but lacks what is committed at 1
             leader-completeness, violated: {lost}"
        ),
    );
    let unclean = "unclean.leader.election.enable=true";
    check(
        &after_two("acks=all", unclean, elected_without),
        &format!("leader-completeness, allowed by {unclean}: {lost}"),
    );
}

#[test]
fn r2_what_only_the_old_leader_had_is_lost_with_acks_1() {
    let story = "
        5 sends c
        1 appends c
        5 is-told c @2
        0 decides leader=2 isr=2,3
        2 leads epoch=1 waits-for=2,3
        1 truncates 2
        7 reads 0:a 1:b
        5 sends d
        2 appends d
        3 copies 2
        2 exposes 3
        5 is-told d @2
        7 reads 2:d
        0 ends
    ";
    check(
        &after_two("acks=1", "min.insync.replicas=2", story),
        "inconsistent-offsets, allowed by acks=1: t-0: offset 2 was seen to hold c and d
         lost-write, allowed by acks=1: t-0: c was acknowledged to client-5 at 2, but not read",
    );
    check(
        &after(story),
        "leader-completeness, violated: t-0: leader broker-2 begins without c, acknowledged at 2
         inconsistent-offsets, violated: t-0: offset 2 was seen to hold c and d
         lost-write, violated: t-0: c was acknowledged to client-5 at 2, but not read",
    );
}

#[test]
fn acks_1_does_not_excuse_what_no_other_leader_took() {
    let story = "
        5 sends c
        1 appends c
        5 is-told c @2
        1 truncates 2
        0 decides leader=1
        1 leads epoch=1
    ";
    let lost = "leader-completeness, violated: t-0: leader broker-1 begins without c, acknowledged at 2";
    check(&after_two("acks=1", "min.insync.replicas=2", story), lost);
}

#[test]
fn power_failures_are_allowed_up_to_min_isr() {
    let all_but_one = "2 loses-power 1 \n 3 loses-power 1";
    check(&after(all_but_one), "");
    let last = "acknowledged-exists, allowed by min.insync.replicas=2: t-0: no replica has b at 1";
    check(&after(&format!("{all_but_one} \n 1 loses-power 1")), last);
    let without = after(&format!("0 keeps-no-elr \n {all_but_one} \n 1 loses-power 1"));
    let last = "acknowledged-exists, allowed by eligible.leader.replicas.version=0: t-0: no replica has b at 1";
    check(&without, last);
}

#[test]
fn a_broker_that_lost_power_must_not_be_eligible_when_it_is_back() {
    let lost = "candidate-completeness, violated: t-0: broker-3 may be elected, but lost to a power failure what is committed at 1";
    check(&after("3 loses-power 1 \n 0 registers 3"), lost);
    check(&after("3 loses-power 1 \n 0 decides isr=1,2 \n 0 registers 3"), "");
    // A late heartbeat of the registration that lost power brings nobody back.
    check(&after("0 registers 3 \n 3 loses-power 1 \n 0 unfences 3"), "");
}

#[test]
fn the_last_known_leader_may_have_lost_power() {
    let story = |power: &str| {
        after(&format!(
            "0 decides isr=1,2 \n 0 decides isr=2 elr=1 leader=2 \n 2 {power} \n 0 decides isr= elr=1 leader= \n 0 decides elr=
             0 decides leader=2 isr=2 \n 2 leads epoch=3 waits-for=2"
        ))
    };
    check(
        &story("loses-power 1"),
        "leader-completeness, allowed by min.insync.replicas=2: t-0: leader broker-2 begins without what was committed: b at 1",
    );
    check(&story("stops"), "");
}

#[test]
fn r3_replicas_agree_below_their_high_watermarks() {
    check(
        &after("3 truncates 1 \n 0 decides isr=1,2 \n 3 leads epoch=0 \n 3 appends x \n 3 believes 2"),
        "candidate-completeness, violated: t-0: broker-3 may be elected, but lacks what is committed at 1
         single-leader, violated: t-0: broker-3 leads in epoch 0, which is broker-1's
         log-matching, violated: t-0: broker-3 has its high watermark beyond 1, where it does not have what is committed",
    );
    check(&after("2 believes 1 \n 2 believes 2 \n 2 believes 1"), "");
}

#[test]
fn r4_a_leader_waits_for_whom_the_controller_counts_on() {
    let story = |then: &str| format!("0 creates min.insync.replicas=2 \n 1 leads epoch=0 {then}");
    let missing = "quorum-superset, violated: t-0: leader broker-1 waits for broker-1, broker-2, but not for broker-3, on whom others count";
    check(&story("waits-for=1,2"), missing);
    check(&story("waits-for=1,2,3 \n 0 decides isr=1,2"), "");
    check(
        &story("waits-for=1,2,3 \n 0 decides isr=1 elr=2,3 \n 1 leads epoch=0 waits-for=1,2"),
        missing,
    );
    check(
        &story("waits-for=1,2,3 \n 0 decides isr=1 elr=2,3 \n 1 leads epoch=0 waits-for=1,2 in-sync=1"),
        "",
    );
}

#[test]
fn r5_reads_see_what_is_committed() {
    check(
        &after("5 sends c \n 1 appends c \n 7 reads 2:c"),
        "consistent-read, violated: t-0: client-7 has read c at 2, where nothing is committed",
    );
    check(
        &after("7 reads 0:a 1:x"),
        "consistent-read, violated: t-0: client-7 has read x at 1, where b is committed
         inconsistent-offsets, violated: t-0: offset 1 was seen to hold b and x",
    );
}

#[test]
fn r6_a_leaders_high_watermark_does_not_go_back() {
    check(
        &after("1 exposes 1"),
        "monotone-watermark, violated: t-0: the high watermark of leader broker-1 goes back from 2 to 1",
    );
}

#[test]
fn r7_an_epoch_has_one_leader() {
    check(
        &after("2 leads epoch=0"),
        "single-leader, violated: t-0: broker-2 leads in epoch 0, which is broker-1's",
    );
    check(
        &after("2 leads epoch=4"),
        "single-leader, violated: t-0: broker-2 leads in epoch 4, which nobody decided on",
    );
    let back = "0 decides leader=1 \n 1 leads epoch=1 \n 1 leads epoch=0";
    check(
        &after(back),
        "single-leader, violated: t-0: broker-1 goes back from epoch 1 to 0",
    );
}

#[test]
fn r7_brokers_have_replayed_prefixes_of_what_the_controller_committed() {
    let story = |then: &str| format!("0 registers 1 \n 0 registers 2 \n {then}");
    check(&story("1 replays 0 1 2 3 \n 2 replays 0 1 \n 2 replays 2 3"), "");
    check(
        &story("1 replays 0 2 3"),
        "metadata-prefix, violated: 1 has replayed the metadata log up to 4, and knows something else than the controller committed",
    );
    check(
        &story("1 believes-metadata 3"),
        "metadata-prefix, violated: 1 has replayed the metadata log up to 3, and knows something else than the controller committed",
    );
    check(
        &story("1 believes-metadata 7"),
        "metadata-prefix, violated: 1 has replayed the metadata log up to 7, where the controller has committed nothing",
    );
}

#[test]
fn a_deposed_leader_cannot_contradict_its_successor() {
    let story = "
        0 decides leader=2 isr=2,3
        2 leads epoch=1 waits-for=2,3
        5 sends c
        5 sends d
        1 appends c
        2 appends d
        3 copies 2
        2 exposes 3
        1 exposes 3
    ";
    check(
        &after(story),
        "log-matching, violated: t-0: broker-1 has its high watermark beyond 2, where it does not have what is committed",
    );
    // After an unclean election it lives in a world of its own.
    let unclean = story.replacen(
        "0 decides leader=2 isr=2,3",
        "0 decides isr=1 \n 0 decides leader=2 isr=2",
        1,
    );
    check(
        &after_two("acks=all", "unclean.leader.election.enable=true", &unclean),
        "",
    );
}

#[test]
fn r3_a_high_watermark_that_falls_claims_nothing() {
    // Broker 3 was elected uncleanly with one record, and broker 1 truncates in two steps, as KIP-279 has it.
    let story = |moved: &str| {
        let story = "
            0 decides isr=1
            5 sends c
            1 appends c
            1 exposes 3
            3 truncates 1
            0 decides leader=3 isr=3
            3 leads epoch=1 waits-for=3
            1 follows 1
        ";
        after_two(
            "acks=all",
            "unclean.leader.election.enable=true",
            &format!("{story}{moved}"),
        )
    };
    let given_up = "leader-completeness, allowed by unclean.leader.election.enable=true: t-0: leader broker-3 begins without what was \
                    committed: b at 1, c at 2";
    check(&story("1 truncates 2 \n 1 believes 2"), given_up);
    check(
        &story("1 believes 4"),
        &format!(
            "{given_up}
             log-matching, violated: t-0: broker-1 has its high watermark beyond 1, where it does not have what is committed"
        ),
    );
}

#[test]
fn r9_the_epoch_cache_agrees_with_the_log() {
    check(
        &after("1 caches 7 1 \n 5 sends c \n 1 appends c"),
        "epoch-cache, violated: t-0: at broker-1, the batch at 2 is of epoch 0, the cache says 7",
    );
    check(
        &after("0 decides isr=1,2 \n 3 caches 7 9 \n 3 truncates 1"),
        "epoch-cache, violated: t-0: at broker-3, the log ends at 1, before epoch 7 starts",
    );
}

#[test]
fn r11_cleaners_leave_what_is_needed() {
    // `a` is written twice, `b` is deleted.
    let after = |rest: &str| {
        let start = "
            5 uses acks=all
            0 creates min.insync.replicas=2 cleanup.policy=compact delete.retention.ms=10
            1 leads epoch=0
            5 sends a=1
            5 sends a=2
            5 sends c=1
            1 appends a=1 a=2
            1 appends b=
            1 appends c=1
            2 copies 1
            3 copies 1
            1 exposes 4
        ";
        start.to_owned() + rest
    };
    let lacks = |at: u32| {
        format!(
            "compaction, violated: t-0: broker-1 has cleaned its log, and lacks at {at} what nothing committed supersedes"
        )
    };
    check(&after("1 cleans 0 0 \n 7 seeks 0 \n 7 reads 1:a=2 3:c=1"), "");
    check(
        &after("7 seeks 0 \n 7 reads 1:a=2"),
        "poll-skip, violated: t-0: client-7 has read 1, but not 0 before it",
    );
    check(&after("1 cleans 1 0"), &lacks(0));
    check(&after("1 cleans 2 0"), &lacks(2));
    check(&after("2 cleans - 5 \n 1 cleans 2 14"), &lacks(2));
    check(&after("2 cleans - 5 \n 1 cleans 2 15"), "");
}
