//! Stories of what groups commit, and of what becomes of that.

use super::super::{Promise, Verdict};
use super::groups::{SEVEN_OWNS_TWO, five_records, two_members};
use super::{check, told};

#[test]
fn nobody_commits_beyond_what_it_was_given() {
    let story = |rest: &str| five_records(&format!("{SEVEN_OWNS_TWO} {rest}"));
    let beyond = |to: i32, missed: i32| {
        format!("commit-bound, violated: t-0: client-7 commits {to}, but was not given {missed}")
    };
    check(&story("7 reads 0:a 1:b \n 7 group commits 2"), "");
    check(&story("7 reads 0:a 1:b \n 7 group commits 1"), "");
    check(&story("7 reads 0:a 1:b \n 7 group commits 3"), &beyond(3, 2));
    check(&story("7 group commits 1"), &beyond(1, 0));
    check(
        &story("1 group writes-offset 4 \n 7 group is-told 4 \n 7 group commits 4"),
        "",
    );
    check(&story("7 group seeks 3 \n 7 group commits 3"), "");
    check(&story("7 seeks 5 \n 7 group commits 5"), "");
    // Another process knows nothing of what was read before.
    check(&story("7 reads 0:a 1:b \n 7 stops \n 7 group commits 2"), &beyond(2, 0));
    // Behind the last record there is nothing to miss.
    check(&story("7 reads 0:a 1:b 2:c 3:d 4:e \n 7 group commits 9"), "");
}

#[test]
fn what_is_acknowledged_is_in_the_log_of_the_group() {
    let story = |rest: &str| five_records(&format!("{SEVEN_OWNS_TWO} 7 reads 0:a 1:b 2:c \n {rest}"));
    let missing = "acknowledged-commit, violated: t-0: client-7 is told that g has come to 2, which is not in the log of the group";
    check(
        &story("7 group commits 2 \n 1 group writes-offset 2 \n 7 group is-acknowledged 2"),
        "",
    );
    check(&story("7 group commits 2 \n 7 group is-acknowledged 2"), missing);
    check(
        &story("1 group writes-offset 2 \n 7 group commits 2 \n 7 group is-acknowledged 2"),
        missing,
    );
    check(
        &story("7 group commits 2 \n 1 group writes-offset 3 \n 7 group is-acknowledged 2"),
        missing,
    );
    // Two of the same are on their way, and a third is sent between their answers.
    let twice = "7 group commits 2 \n 1 group writes-offset 2 \n 7 group commits 2 \n 1 group writes-offset 2 \n \
                 7 group is-acknowledged 2 \n 7 group commits 2 \n 7 group is-acknowledged 2 \n";
    check(&story(twice), "");
    check(&story(&format!("{twice} 7 group is-acknowledged 2")), missing);
}

#[test]
fn who_has_committed_is_told_of_that_or_of_what_came_later() {
    let commits = "7 reads 0:a 1:b 2:c \n 1 group writes-offset 1 \n 7 group commits 2 \n 1 group writes-offset 2 \n \
                   7 group is-acknowledged 2 \n";
    let story = |rest: &str| five_records(&format!("{SEVEN_OWNS_TWO} {commits} {rest}"));
    let wrong = |node: i32, to: &str, was: i32| {
        format!(
            "committed-offset, violated: t-0: client-{node} is told that g has come to {to}, but it had come to {was}"
        )
    };
    check(&story("7 group is-told 2"), "");
    check(&story("7 group is-told 1"), &wrong(7, "1", 2));
    check(&story("7 group is-told nowhere"), &wrong(7, "nowhere", 2));
    check(&story("1 group writes-offset 1 \n 7 group is-told 1"), "");
    check(
        &story("7 group asks \n 7 group is-told 1 \n 7 is-answered 1"),
        &wrong(7, "1", 2),
    );
    // Who has no part in that may be late to hear of it, but not of what it was told itself.
    check(&story("8 group is-told 1"), "");
    check(&story("8 group is-told 2 \n 8 group is-told 1"), &wrong(8, "1", 2));
    // What was never committed.
    check(
        &story("8 group is-told 3"),
        &wrong(8, "3", 0).replace("had come to 0", "had come to nowhere"),
    );
    // A member of a generation knows all that was committed before it.
    let synced = "1 group writes 4 7=1 8=0 \n 8 group joins 4 \n 8 group syncs 4 \n 8 group gets 0 \n";
    check(&story(&format!("{synced} 8 group is-told 2")), "");
    check(&story(&format!("{synced} 8 group is-told 1")), &wrong(8, "1", 2));
    // A static member that comes back into the same generation knows what was committed in it.
    let returned =
        "1 group writes-offset 3 \n 1 group writes 4 7=1 9=0 \n 9 reads-with group.id=g \n 9 group syncs 4 \n";
    check(
        &story(&format!("{synced} {returned} 9 group is-told 2")),
        &wrong(9, "2", 3),
    );
    // Somebody who was deposed may still answer.
    let two = "1 group is-read \n 2 group is-read \n";
    check(&story(&format!("{two} {synced} 8 group is-told 1")), "");
    check(
        &story(&format!("{two} 1 group is-left \n {synced} 8 group is-told 1")),
        &wrong(8, "1", 2),
    );
}

#[test]
fn a_group_does_not_go_back_while_a_member_goes_on() {
    let both = "7 reads 0:a 1:b \n 7 group commits 1 \n 7 group commits 2 \n";
    let story = |rest: &str| five_records(&format!("{SEVEN_OWNS_TWO} {both} {rest}"));
    let back =
        |verdict: &str| format!("commit-regression, {verdict}: t-0: g goes back from 2 to 1 by a commit of client-7");
    let in_order = "1 group writes-offset 1 \n 1 group writes-offset 2 \n";
    check(&story(in_order), "");
    let overtaken = "1 group writes-offset 2 \n 1 group writes-offset 1 \n";
    check(&story(overtaken), &back("violated"));
    check(
        &story(&format!("7 group commit-is-late \n {overtaken}")),
        &back("allowed by a commit that outlived its connection"),
    );
    // Sent again, by itself or because the application has asked for that, which is no excuse for what it has not asked for.
    let again = "7 group commits 1 \n 1 group writes-offset 1 \n";
    check(&story(&format!("{in_order} {again}")), &back("violated"));
    check(
        &story(&format!("7 group commit-is-late \n {in_order} {again}")),
        &back("violated"),
    );
    check(
        &story(&format!("7 group tries-to-commit 1 \n {in_order} {again}")),
        &back("allowed by an application that tries a commit again"),
    );
    check(
        &story(&format!("7 group tries-to-commit 2 \n {in_order} {again}")),
        &back("violated"),
    );
    // Behind where it has begun.
    let begins =
        "8 group is-told 2 \n 8 group seeks 1 \n 8 group is-told 2 \n 8 group commits 1 \n 1 group writes-offset 1";
    check(
        &five_records(&format!("{SEVEN_OWNS_TWO} 1 group writes-offset 2 \n {begins}")),
        &back("violated").replace("client-7", "client-8"),
    );
    // Where it begins anew, it commits what it likes; and so do others.
    for anew in [
        "7 group seeks 0",
        "7 seeks 0",
        "7 group gives-up 0 \n 7 group gets 0",
        "7 stops \n 7 reads 0:a",
    ] {
        check(&story(&format!("{in_order} {anew} \n {again}")), "");
    }
    check(
        &story(&format!(
            "{in_order} 8 group seeks 1 \n 8 group commits 1 \n 1 group writes-offset 1"
        )),
        "",
    );
}

#[test]
fn offsets_expire_once_nobody_reads_the_topic() {
    let story = |rest: &str| two_members(&format!("1 group writes-offset 2 10 \n {rest}"));
    let live = "undue-expiry, violated: t-0: where g has come to is forgotten, though its members read the topic";
    let early = "undue-expiry, violated: t-0: where g has come to is forgotten after 59990 ms, before \
                 offsets.retention.minutes are over";
    check(&story("1 group forgets-offset 60010"), "");
    check(&story("1 group forgets-offset 60000"), early);
    check(&story("1 group writes 1 a=0 \n 1 group forgets-offset 99999"), live);
    // The last member has gone at the time 0.
    check(
        &story("1 group writes 1 a=0 \n 1 group writes 2 \n 1 group forgets-offset 60000"),
        "",
    );
    check(
        &story("1 group writes 1 a=0 \n 1 group writes 2 \n 1 group forgets-offset 59990"),
        early,
    );
    check(
        &story("1 group writes 1 a=0 \n 0 removes \n 1 group forgets-offset 20"),
        "",
    );
    let forgotten = "undue-expiry, violated: g is forgotten, though it has members";
    check(&story("1 group writes 1 a=0 \n 1 group is-forgotten"), forgotten);
    check(&story("1 group writes 1 \n 1 group is-forgotten"), "");
}

#[test]
fn what_a_group_has_passed_was_processed() {
    let reads = "7 reads 0:a 1:b 2:c \n 7 group processes 0 \n 7 group commits 3 \n 1 group writes-offset 3 \n";
    let story = |config: &str, rest: &str| {
        let story =
            five_records(&format!("{SEVEN_OWNS_TWO} {rest}")).replace("group.id=g", &format!("group.id=g {config}"));
        let found = told(&format!("{story} 0 ends")).findings.into_iter();
        let mut found = found.filter(|finding| finding.promise == Promise::ProcessedLoss);
        let first = found.next().map(|finding| (finding.message, finding.verdict));
        assert_eq!(found.next(), None);
        first
    };
    let lost = |offset: i32, verdict: Verdict| {
        let message = format!("t-0: nobody in g has processed {offset}, but the group has come to 3");
        Some((message, verdict))
    };
    let allowed = |because: &str| Verdict::Allowed {
        because: because.to_owned(),
    };
    let earliest = "auto.offset.reset=earliest";
    // It may still be processed.
    assert_eq!(story(earliest, reads), None);
    let gone = format!("{reads} 7 stops \n");
    assert_eq!(story(earliest, &gone), lost(1, allowed("enable.auto.commit=true")));
    // Somebody else has processed one of the two.
    let other = format!("{gone} 8 reads 1:b \n 8 group processes 1 \n");
    assert_eq!(story(earliest, &other), lost(2, allowed("enable.auto.commit=true")));
    // Nobody was ever given the first.
    let skipped = "7 reads 1:b 2:c \n 7 group processes 1 \n 7 group processes 2 \n 7 group seeks 3 \n 7 group commits 3 \n \
                   1 group writes-offset 3 \n";
    assert_eq!(story(earliest, skipped), lost(0, Verdict::Violated));
    assert_eq!(story("auto.offset.reset=latest", skipped), None);
    // What is processed and not committed is not passed.
    assert_eq!(
        story(earliest, "7 reads 0:a 1:b \n 7 group processes 0 \n 7 stops \n"),
        None
    );
}

#[test]
fn who_begins_anew_may_process_again() {
    let again = |node: i32, verdict: &str| {
        format!("processed-twice, {verdict}: t-0: client-{node} has processed 0, which was processed before")
    };
    let story = |rest: &str| {
        let start = format!("{SEVEN_OWNS_TWO} 7 reads 0:a 1:b \n 7 group processes 0 \n 7 group processes 1 \n");
        five_records(&format!("{start} {rest}"))
    };
    check(&story(""), "");
    check(&story("7 group processes 0"), &again(7, "violated"));
    let allowed = "allowed by enable.auto.commit=true";
    check(
        &story("7 group gives-up 0 \n 7 group gets 0 \n 7 group processes 0"),
        &again(7, allowed),
    );
    check(&story("7 stops \n 7 group processes 0"), &again(7, allowed));
    check(&story("7 group seeks 0 \n 7 group processes 0"), &again(7, allowed));
    check(&story("8 group processes 0"), &again(8, allowed));
}
