//! What Kafka's own client assigns, we assign.

use kafkasim_core::consumer::assignor::Assignor;

use super::notation::{Case, cases};

const RANGE: &str = include_str!("../../golden/assignors/range.txt");
const ROUND_ROBIN: &str = include_str!("../../golden/assignors/roundrobin.txt");

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
    check(Assignor::Range, RANGE, 127);
}

#[test]
fn turns_are_kafkas() {
    check(Assignor::RoundRobin, ROUND_ROBIN, 127);
}
