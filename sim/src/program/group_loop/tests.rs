//! Members of groups, told by hand what a consumer would tell them.

use kafkasim_core::call::CommitError;
use kafkasim_core::error::ErrorCode;
use kafkasim_core::ids::{CallId, LeaderEpoch, Timestamp};
use kafkasim_core::message::OffsetCommitPartition;

use super::*;

fn member(habits: Habits) -> GroupLoop {
    let mut member = GroupLoop::new(Subscribed::Topics(vec!["t".into()]), habits);
    while member.has_work() {
        member.work();
    }
    call(&mut member);
    member
}

fn habits(commits: Commits, hand_off: HandOff) -> Habits {
    Habits {
        commits,
        hand_off,
        ..Habits::plain(100)
    }
}

/// It makes the call that it wants to make.
fn call(member: &mut GroupLoop) -> Call {
    let call = member.next_call().expect("it has a call to make");
    member.called(&call);
    call
}

fn polls(member: &mut GroupLoop) {
    assert_eq!(call(member), Call::Poll { timeout_ms: 100 });
}

fn partition(partition: i32) -> (TopicName, i32) {
    ("t".into(), partition)
}

fn is_assigned(member: &mut GroupLoop, partitions: &[i32]) {
    polls(member);
    let assigned = partitions.iter().copied().map(partition).collect();
    member.answered(&Answer::Rebalanced(Rebalance::Assigned(assigned)));
    assert_eq!(call(member), Call::ListenerReturned);
    member.answered(&Answer::Polled(Ok(Vec::new())));
}

/// The poll that waits returns these offsets of a partition.
fn is_given(member: &mut GroupLoop, of: i32, offsets: impl IntoIterator<Item = i64>) {
    let records = offsets.into_iter().map(|offset| ConsumerRecord {
        topic: "t".into(),
        partition: of,
        offset: Offset(offset),
        leader_epoch: LeaderEpoch(0),
        timestamp: Timestamp(0),
        key: None,
        value: None,
    });
    member.answered(&Answer::Polled(Ok(records.collect())));
}

fn revoked(partitions: &[i32]) -> Answer {
    Answer::Rebalanced(Rebalance::Revoked(partitions.iter().copied().map(partition).collect()))
}

fn offset(of: i32, offset: i64) -> OffsetCommitPartition {
    OffsetCommitPartition {
        topic: "t".into(),
        partition: of,
        committed_offset: Offset(offset),
        committed_leader_epoch: LeaderEpoch(0),
        committed_metadata: String::new(),
    }
}

const fn commit(offsets: Option<Vec<OffsetCommitPartition>>) -> Call {
    Call::CommitSync {
        offsets,
        timeout_ms: None,
    }
}

#[test]
fn who_commits_after_processing_processes_everything_first() {
    let mut member = member(habits(Commits::AfterProcessing, HandOff::Never));
    is_assigned(&mut member, &[0]);
    polls(&mut member);
    is_given(&mut member, 0, [0, 1]);
    assert!(!member.has_call(), "the thread that polls is at work");
    assert_eq!(member.work(), [("t".into(), 0, Offset(0))]);
    assert_eq!(member.work(), [("t".into(), 0, Offset(1))]);
    assert_eq!(call(&mut member), commit(None));
    member.answered(&Answer::Committed(Err(CommitError::Timeout)));
    polls(&mut member);
    member.answered(&revoked(&[0]));
    assert_eq!(
        call(&mut member),
        commit(Some(vec![offset(0, 2)])),
        "what it could not commit it tries to commit once more"
    );
    assert!(!member.has_call(), "the listener waits for the commit");
    member.answered(&Answer::Committed(Ok(vec![offset(0, 2)])));
    assert_eq!(call(&mut member), Call::ListenerReturned);
}

#[test]
fn who_commits_before_processing_processes_only_what_is_committed() {
    let mut member = member(habits(Commits::BeforeProcessing, HandOff::Never));
    is_assigned(&mut member, &[0]);
    polls(&mut member);
    is_given(&mut member, 0, [0]);
    assert!(!member.has_work(), "nothing is committed");
    assert_eq!(call(&mut member), commit(None));
    member.answered(&Answer::Committed(Ok(vec![offset(0, 1)])));
    assert_eq!(member.work(), [("t".into(), 0, Offset(0))]);
    polls(&mut member);
    is_given(&mut member, 0, [1]);
    assert_eq!(call(&mut member), commit(None));
    member.answered(&Answer::Committed(Err(CommitError::CommitFailed)));
    assert!(!member.has_work(), "somebody else may process it");
    polls(&mut member);
}

#[test]
fn asynchronous_commits_are_not_waited_for_but_for_the_last() {
    let mut member = member(habits(Commits::Asynchronously, HandOff::Never));
    is_assigned(&mut member, &[0]);
    for offset in 0..2 {
        polls(&mut member);
        is_given(&mut member, 0, [offset]);
        member.work();
        let call_id = CallId(u32::try_from(offset).expect("small"));
        let expected = Call::CommitAsync {
            call: call_id,
            offsets: None,
        };
        assert_eq!(call(&mut member), expected);
    }
    polls(&mut member);
    assert!(member.shut_down());
    assert_eq!(call(&mut member), Call::Steer(Steering::Wakeup));
    let first = Answer::CommitCompleted {
        call: CallId(0),
        result: Ok(vec![offset(0, 1)]),
    };
    member.answered(&first);
    member.answered(&Answer::Polled(Err(PollError::Wakeup)));
    assert_eq!(call(&mut member), commit(None), "the second is not known to be there");
    member.answered(&Answer::Committed(Ok(vec![offset(0, 2)])));
    assert_eq!(call(&mut member), Call::Close { timeout_ms: None });
    assert!(!member.has_exited());
    member.answered(&Answer::Closed);
    assert!(member.has_exited() && member.is_done());
}

#[test]
fn who_tries_commits_again_does_so_whatever_came_meanwhile() {
    let mut member = member(Habits {
        tries_commits_again: true,
        ..habits(Commits::Asynchronously, HandOff::Never)
    });
    is_assigned(&mut member, &[0, 1]);
    let sends = |call: u32, offsets: Vec<OffsetCommitPartition>| Call::CommitAsync {
        call: CallId(call),
        offsets: Some(offsets),
    };
    let fails = |member: &mut GroupLoop, call: u32, error| {
        let (call, result) = (CallId(call), Err(error));
        member.answered(&Answer::CommitCompleted { call, result });
    };
    let passing = CommitError::Retriable(ErrorCode::NotCoordinator);
    for (id, next) in [(0, 0), (1, 1)] {
        polls(&mut member);
        is_given(&mut member, 0, [next]);
        member.work();
        assert_eq!(call(&mut member), sends(id, vec![offset(0, next + 1)]));
    }
    polls(&mut member);
    fails(&mut member, 0, passing);
    let first = Answer::CommitCompleted {
        call: CallId(1),
        result: Ok(vec![offset(0, 2)]),
    };
    member.answered(&first);
    is_given(&mut member, 1, [5]);
    member.work();
    assert_eq!(
        call(&mut member),
        sends(0, vec![offset(0, 1)]),
        "though it has come to 2"
    );
    assert_eq!(
        call(&mut member),
        sends(1, vec![offset(1, 6)]),
        "what is due is committed nevertheless"
    );
    polls(&mut member);
    fails(&mut member, 0, passing);
    fails(&mut member, 1, CommitError::CommitFailed);
    member.answered(&revoked(&[0]));
    assert_eq!(call(&mut member), Call::ListenerReturned);
    member.answered(&Answer::Polled(Ok(Vec::new())));
    assert_eq!(
        call(&mut member),
        sends(0, vec![offset(1, 6)]),
        "what it has lost is not its to commit, and the other failed for good"
    );
}

#[test]
fn who_hands_off_polls_on_and_commits_what_the_worker_has_done() {
    let mut member = member(habits(Commits::AfterProcessing, HandOff::WithoutPause));
    is_assigned(&mut member, &[0, 1]);
    polls(&mut member);
    is_given(&mut member, 0, [5, 6]);
    polls(&mut member);
    member.work();
    is_given(&mut member, 1, [3]);
    assert_eq!(call(&mut member), commit(Some(vec![offset(0, 6)])));
    member.answered(&Answer::Committed(Ok(vec![offset(0, 6)])));
    polls(&mut member);
    member.answered(&revoked(&[0]));
    assert_eq!(
        call(&mut member),
        Call::ListenerReturned,
        "nothing is left to commit of it"
    );
    assert_eq!(
        member.work(),
        [("t".into(), 1, Offset(3))],
        "what is revoked is dropped"
    );
    assert!(!member.has_work());
}

#[test]
fn who_pauses_does_so_while_there_is_work_and_again_after_a_rebalance() {
    let mut member = member(habits(Commits::LeftToConsumer, HandOff::WithPause));
    is_assigned(&mut member, &[0]);
    polls(&mut member);
    is_given(&mut member, 0, [0]);
    let pause = |of: &[i32]| Call::Steer(Steering::Pause(of.iter().copied().map(partition).collect()));
    let resume = |of: &[i32]| Call::Steer(Steering::Resume(of.iter().copied().map(partition).collect()));
    assert_eq!(call(&mut member), pause(&[0]));
    is_assigned(&mut member, &[1]);
    assert_eq!(call(&mut member), pause(&[0, 1]), "what came is not paused");
    polls(&mut member);
    member.work();
    member.answered(&Answer::Polled(Ok(Vec::new())));
    assert_eq!(call(&mut member), resume(&[0, 1]));
    polls(&mut member);
}

#[test]
fn members_come_late_stand_still_and_leave_as_they_are_told_to() {
    let habits = Habits {
        joins_after_ms: (1, 5),
        stands_still: Some((1, (7, 9))),
        closes_after: Some(2),
        ..Habits::plain(100)
    };
    let mut late = GroupLoop::new(Subscribed::Pattern("t.*".to_owned()), habits);
    assert!(!late.has_call() && late.has_work() && !late.is_done());
    assert_eq!(late.work_ms(), (1, 5));
    let mut again = late.clone();
    again.started(1);
    assert!(again.has_call(), "only the first time");
    assert!(late.work().is_empty());
    assert_eq!(call(&mut late), Call::Subscribe(Subscribed::Pattern("t.*".to_owned())));
    polls(&mut late);
    is_given(&mut late, 0, []);
    assert!(!late.has_call() && late.has_work());
    assert_eq!(late.work_ms(), (7, 9));
    late.work();
    polls(&mut late);
    is_given(&mut late, 0, []);
    assert_eq!(call(&mut late), Call::Close { timeout_ms: None });
}

#[test]
fn who_is_fenced_gives_up() {
    let mut member = member(habits(Commits::AfterProcessing, HandOff::Never));
    polls(&mut member);
    member.answered(&Answer::Polled(Err(PollError::FencedInstanceId)));
    assert_eq!(call(&mut member), Call::Close { timeout_ms: None });
}
