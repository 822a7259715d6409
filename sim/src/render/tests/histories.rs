//! What clients saw.

use kafkasim_core::call::{SendError, SendFailure};
use kafkasim_core::error::ErrorCode;
use kafkasim_core::machine::Lane;

use super::kip_101::kip_101;
use super::stage::*;
use crate::world::{Action, Fault};

#[track_caller]
fn check(stage: &Stage, expected: &str) {
    assert_eq!(stage.history.to_string().trim_end(), expected.trim());
}

#[test]
fn a_history_is_what_clients_saw() {
    let mut stage = kip_101(Stage::new());
    let produce_link = link(PRODUCER, BROKER_1, Lane::Client);
    stage.at(9100).start(READER);
    stage.at(9200).send("p1-1").send("p1-2").send("p1-3").send("p1-4");
    let failed = |error, maybe_appended| Err(SendFailure { error, maybe_appended });
    let events = [
        stage.answered("p1-1", failed(SendError::DeliveryTimeout, true)),
        stage.answered("p1-2", failed(SendError::Kafka(ErrorCode::MessageTooLarge), false)),
    ];
    stage
        .at(9300)
        .response(produce_link, produced(ErrorCode::None, 1), &events);
    stage
        .at(9400)
        .happens(Action::Call { node: READER }, &[read(&["p1-0", "p1-1"], 0)]);
    stage.at(9500).fault(Fault::Crash { node: PRODUCER });
    check(
        &stage,
        r#"
0.000s producer-1 starts
0.020s producer-1 send p1-0 to orders-0
0.023s producer-1 send p1-0 -> ok orders-0@0
9.100s reader starts
9.200s producer-1 send p1-1 to orders-0
9.200s producer-1 send p1-2 to orders-0
9.200s producer-1 send p1-3 to orders-0
9.200s producer-1 send p1-4 to orders-0
9.300s producer-1 send p1-1 -> unknown delivery.timeout.ms went by
9.300s producer-1 send p1-2 -> fail MESSAGE_TOO_LARGE
9.400s reader poll -> p1-0 orders-0@0 p1-1 orders-0@1
9.500s producer-1 stops
9.500s producer-1 send p1-3 -> unknown stopped
9.500s producer-1 send p1-4 -> unknown stopped
"#,
    );
}

#[test]
fn a_history_without_time_counts_actions() {
    let mut stage = Stage::without_time();
    stage.start(PRODUCER).send("p1-0").send("p1-1");
    let events = [stage.answered("p1-0", Ok(0))];
    stage.response(
        link(PRODUCER, BROKER_1, Lane::Client),
        produced(ErrorCode::None, 0),
        &events,
    );
    check(
        &stage,
        r#"
#1 producer-1 starts
#2 producer-1 send p1-0 to orders-0
#3 producer-1 send p1-1 to orders-0
#4 producer-1 send p1-0 -> ok orders-0@0
end producer-1 send p1-1 -> unknown never answered
"#,
    );
}
