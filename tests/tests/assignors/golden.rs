//! What Kafka's own client assigns, we assign.

use kafkasim_core::consumer::assignor::Assignor;

use super::notation::{Case, cases};
use super::properties::Group;

const RANGE: &str = include_str!("../../golden/assignors/range.txt");
const ROUND_ROBIN: &str = include_str!("../../golden/assignors/roundrobin.txt");
const STICKY: &str = include_str!("../../golden/assignors/sticky.txt");
const COOPERATIVE_STICKY: &str = include_str!("../../golden/assignors/cooperative-sticky.txt");
const FAULTY: &str = include_str!("../../golden/assignors/faulty.txt");

fn check(assignor: Assignor, file: &str, expected_cases: usize) {
    let cases = cases(file);
    assert_eq!(cases.len(), expected_cases, "{assignor:?}");
    for case in cases {
        assert_eq!((case.assignor, case.fault), (assignor, None));
        let ours = assignor.assign(&case.partitions_of, &case.members);
        assert_eq!(ours, case.theirs, "{}", describe(&case));
    }
}

fn describe(case: &Case<'_>) -> String {
    format!("{}, case of line {}, {}", case.assignor.name(), case.line, case.title)
}

#[test]
fn ranges_are_kafkas() {
    check(Assignor::Range, RANGE, 130);
}

#[test]
fn turns_are_kafkas() {
    check(Assignor::RoundRobin, ROUND_ROBIN, 130);
}

#[test]
fn sticky_assignments_are_kafkas() {
    check(Assignor::Sticky, STICKY, 445);
}

#[test]
fn cooperative_assignments_are_kafkas() {
    check(Assignor::CooperativeSticky, COOPERATIVE_STICKY, 445);
}

/// Where Kafka's fail, ours do not.
#[test]
fn faults_are_not_kafkas() {
    let cases = cases(FAULTY);
    assert_eq!(cases.len(), 50);
    for case in cases {
        assert!(case.fault.is_some(), "{}", describe(&case));
        let ours = case.assignor.assign(&case.partitions_of, &case.members);
        assert_ne!(ours, case.theirs, "{}", describe(&case));
        let group = Group {
            partitions_of: case.partitions_of,
            members: case.members,
        };
        group.check(&ours);
    }
}
