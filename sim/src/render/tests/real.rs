//! A real world, watched while it settles.

use std::sync::Arc;

use kafkasim_core::call::NewTopic;
use kafkasim_core::ids::{NodeId, Timestamp};

use super::super::{Diagram, ShowOptions, history};
use super::stage::{BROKER_1, BROKER_2, setup};
use crate::check::Monitors;
use crate::explore::settle;
use crate::program::{AnyProgram, CreateTopics, Placement, SendLoop};
use crate::random::EPOCH_MS;
use crate::run::Observer;
use crate::setup::{Role, Setup};
use crate::world::{Action, Delivery, Outcome, Step, World};

/// The stage's cluster, with something to do.
fn busy_setup() -> Setup {
    let mut setup = setup();
    for process in &mut setup.processes {
        if let Role::Operator(_, program) = &mut process.role {
            let orders = NewTopic {
                name: "orders".into(),
                assignments: vec![vec![BROKER_1, BROKER_2]],
                configs: Vec::new(),
            };
            *program = AnyProgram::new(CreateTopics::new(vec![orders]));
        } else if let Role::Producer(_, program) = &mut process.role {
            *program = AnyProgram::new(SendLoop::new("p1", &"orders".into(), Placement::Partition(0), 2, 1));
        }
    }
    setup
}

fn watched() -> (Diagram, String) {
    let setup = Arc::new(busy_setup());
    let mut world = World::new(Arc::clone(&setup), Monitors::new(&setup));
    let mut diagram = Diagram::new("settling", "current", &setup);
    let mut history = history(&setup);
    let mut outcome = Outcome::default();
    // The operator first: clients ask for metadata only once there is some.
    for node in [0, 1, 2, 5, 3, 4].map(NodeId) {
        let step = Step {
            at_us: 0,
            wall_ms: Timestamp(EPOCH_MS),
            action: Action::Start { node },
        };
        world.apply(&step.action, step.wall_ms, &mut outcome);
        (&mut diagram, &mut history).observe(&mut world, &step, &outcome);
        // A consumer polls for ever.
        settle(&mut world, 300, &mut (&mut diagram, &mut history));
    }
    (diagram, history.to_string())
}

#[test]
fn everything_that_is_delivered_was_under_way() {
    let (diagram, _) = watched();
    let mut deliveries = 0;
    for moment in &diagram.moments {
        if let Action::Deliver {
            what: Delivery::Message(api),
            ..
        } = &moment.step.action
        {
            let carried = moment.carried.as_ref().expect("what is delivered was sent");
            assert_eq!(carried.message.api(), *api);
            deliveries += 1;
        }
    }
    assert!(deliveries > 20, "only {deliveries} deliveries");
}

#[test]
fn topics_and_values_are_named() {
    let (diagram, history) = watched();
    let drawn = diagram.render(&ShowOptions::default());
    for part in [
        "create orders on {1,2}",
        "send p1-0",
        "Produce p1-0",
        "[0:e0 p1-0|1 p1-1) hw=2",
        "p1-1 ok @1",
        "reads p1-0",
    ] {
        assert!(drawn.contains(part), "no {part} in\n{drawn}");
    }
    for part in [
        "producer-1 send p1-0 to orders-0",
        "producer-1 send p1-1 -> ok orders-0@1",
        "p1-1 orders-0@1",
    ] {
        assert!(history.contains(part), "no {part} in\n{history}");
    }
}

#[test]
fn equal_runs_give_equal_text() {
    let options = ShowOptions {
        full: true,
        ..ShowOptions::default()
    };
    let ((first, first_history), (second, second_history)) = (watched(), watched());
    assert_eq!(first.render(&options), second.render(&options));
    assert_eq!(first_history, second_history);
}
