//! What breaks, and what goes on and on because of it.

use kafkasim_core::error::ErrorCode;
use kafkasim_core::ids::Offset;
use kafkasim_core::machine::Lane;
use kafkasim_core::message::Acks;
use kafkasim_core::note::Note;
use kafkasim_core::timer::Timer;

use super::super::ShowOptions;
use super::stage::*;
use super::{check, wide};
use crate::check::{Finding, Promise, Verdict};
use crate::world::{Action, Event, Fault, KeptTail};

#[test]
fn faults_last() {
    let mut stage = Stage::new();
    for node in [CONTROLLER, BROKER_1, BROKER_2, PRODUCER] {
        stage.start(node);
    }
    let produce_link = link(PRODUCER, BROKER_1, Lane::Client);
    let others = [CONTROLLER, BROKER_2, PRODUCER, READER, OPERATOR];
    stage
        .at(5)
        .happens(Action::Call { node: BROKER_1 }, &[leads(BROKER_1, 0, 0)]);
    stage.at(10).fault(Fault::Pause { node: BROKER_1 }).at(11).send("p1-0");
    stage
        .at(12)
        .fault(Fault::Resume { node: BROKER_1 })
        .at(13)
        .send("p1-1")
        .at(14)
        .send("p1-2");
    stage.at(20);
    for other in others {
        stage
            .fault(Fault::Cut {
                from: BROKER_1,
                to: other,
            })
            .fault(Fault::Cut {
                from: other,
                to: BROKER_1,
            });
    }
    stage.at(21).send("p1-3").at(22);
    for other in others {
        stage
            .fault(Fault::Mend {
                from: BROKER_1,
                to: other,
            })
            .fault(Fault::Mend {
                from: other,
                to: BROKER_1,
            });
    }
    stage
        .at(30)
        .fault(Fault::Cut {
            from: BROKER_2,
            to: CONTROLLER,
        })
        .at(31)
        .send("p1-4");
    stage.at(32).fault(Fault::Mend {
        from: BROKER_2,
        to: CONTROLLER,
    });
    stage
        .at(40)
        .fault(Fault::Reset(produce_link))
        .at(41)
        .fault(Fault::ClockJump {
            node: BROKER_2,
            by_ms: -500,
        });
    stage.at(42).late(
        produce_link,
        produce("p1-4", Acks::Leader),
        &[appended(BROKER_1, 0, 0, "p1-4")],
    );
    let kept = KeptTail {
        log: ORDERS,
        whole: 0,
        torn_bytes: 20,
    };
    stage.at(50).fault(Fault::PowerLoss {
        node: BROKER_1,
        kept: vec![kept],
    });
    let recovered = Note::LogRecovered {
        partition: ORDERS,
        end: Offset(0),
        high_watermark: Offset(0),
        lost_batches: 1,
    };
    let events = [Event::Started { node: BROKER_1 }, note(BROKER_1, recovered)];
    stage.at(60).happens(Action::Start { node: BROKER_1 }, &events);
    stage.at(70).fault(Fault::ShutDown { node: BROKER_2 }).at(71);
    stage.fault(Fault::Crash { node: PRODUCER });
    check(
        &stage,
        &wide(90),
        r#"
hand-made · rules current · orders-0 · 41 actions · 0.071s
│ up   ┃ leads   ┊ down   ░ paused   ╳ cut off   ──► request   ╌╌► answer

            controller
            │     broker-1
            │     │     broker-2
      s  #  │     │     │     producer-1
  0.000  1  ↺     ↺     ↺     ↺  4 processes start
  0.005  5  │     ●     │     │  ★ leads from 0 in e0
  0.010  6  │     ⏸     │     │  ⏸ broker-1 pauses
  0.011  7  │     ░     │     ●  send p1-0
  0.012  8  │     ▸     │     │  ▸ broker-1 resumes
  0.013  9  │     ┃     │     ●  send p1-1 p1-2
  0.020 11  │     ╳     │     │  ╳ cut: broker-1 ⇄ everybody
  0.021 21  │     ╳     │     ●  send p1-3
  0.022 22  │     ▸     │     │  mended: broker-1 ⇄ everybody
  0.030 32  │◄────╳─────╳     │  ╳ cut: broker-2 → controller
  0.031 33  │     ┃     ╳     ●  send p1-4
  0.032 34  │◄──────────┤     │  mended: broker-2 → controller
  0.040 35  │     ┃◄────╳─────┤  ╳ connection breaks (Client)
  0.041 36  │     ┃     ◇     │  ◇ broker-2's clock jumps -500 ms
  0.042 37  │     ┃◄──────────┤  late from #35: Produce p1-4 acks=1
            │     ┃     │     │    broker-1 [0:e0 p1-4) hw=0
  0.050 38  │     ✗     │     │  ✗ broker-1 loses power, keeps a torn batch of orders-0
  0.060 39  │     ↺     │     │  broker-1 starts again · recovers only to 0, loses p1-4
            │     │     │     │    broker-1 [) hw=0
  0.070 40  │     │     ●     │  broker-2 is asked to shut down
  0.071 41  │     │     │     ✗  ✗ producer-1 crashes · p1-0 p1-1 … p1-4 unknown

✓ Every promise that was watched was kept.

│ orders-0 broker-1 [) hw=0
"#,
    );
}

#[test]
fn what_repeats_is_told_once() {
    let mut stage = Stage::new();
    stage.start(BROKER_1).start(PRODUCER).send("p1-0");
    let produce_link = link(PRODUCER, BROKER_1, Lane::Client);
    for ms in [10, 20, 30] {
        stage
            .at(ms)
            .response(produce_link, produced(ErrorCode::NotEnoughReplicas, -1), &[]);
        for _ in 0..3 {
            stage.happens(
                Action::Fire {
                    node: BROKER_1,
                    timer: Timer::Heartbeat,
                },
                &[],
            );
        }
    }
    check(
        &stage,
        &wide(80),
        r#"
hand-made · rules current · orders-0 · 15 actions · 0.030s
│ up   ┃ leads   ┊ down   ░ paused   ╳ cut off   ──► request   ╌╌► answer

            broker-1
      s  #  │     producer-1
  0.000  1  ↺     ↺  2 processes start
  0.000  3  │     ●  send p1-0
  0.010  4  ├╌╌╌╌►│  Produce answer NOT_ENOUGH_REPLICAS
            │     │  … 11 routine actions

✓ Every promise that was watched was kept.
"#,
    );
    check(
        &stage,
        &ShowOptions {
            full: true,
            around: Some((7, 1)),
            ..wide(80)
        },
        r#"
hand-made · rules current · orders-0 · 15 actions · 0.030s
│ up   ┃ leads   ┊ down   ░ paused   ╳ cut off   ──► request   ╌╌► answer

            broker-1
      s  #  │     producer-1
  0.010  6  ●     │  heartbeat is due
  0.010  7  ●     │  heartbeat is due
  0.020  8  ├╌╌╌╌►│  Produce answer NOT_ENOUGH_REPLICAS

✓ Every promise that was watched was kept.
"#,
    );
}

#[test]
fn long_ordinary_stretches_are_abridged() {
    let mut stage = Stage::new();
    stage
        .start(BROKER_1)
        .start(PRODUCER)
        .happens(Action::Call { node: BROKER_1 }, &[leads(BROKER_1, 0, 0)]);
    let produce_link = link(PRODUCER, BROKER_1, Lane::Client);
    for number in 0..12 {
        let value = format!("p1-{number}");
        stage.at(10 + 10 * number);
        stage.send(&value);
        let offset = i64::try_from(number).expect("few records");
        let events = [
            appended(BROKER_1, offset, 0, &value),
            high_watermark(BROKER_1, offset + 1),
        ];
        stage.request(produce_link, produce(&value, Acks::Leader), &events);
        let acknowledged = stage.answered(&value, Ok(offset));
        stage.response(produce_link, produced(ErrorCode::None, offset), &[acknowledged]);
    }
    stage.fault(Fault::Crash { node: BROKER_1 });
    check(
        &stage,
        &wide(100),
        r#"
hand-made · rules current · orders-0 · 40 actions · 0.120s
│ up   ┃ leads   ┊ down   ░ paused   ╳ cut off   ──► request   ╌╌► answer

            broker-1
      s  #  │     producer-1
  0.000  1  ↺     ↺  2 processes start
  0.000  3  ●     │  ★ leads from 0 in e0
  0.010  4  ┃     ●  send p1-0
  0.010  5  ┃◄────┤  Produce p1-0 acks=1
            ┃     │    broker-1 [0:e0 p1-0) hw=1
  0.010  6  ┣╌╌╌╌►│  Produce answer @0 · p1-0 ok @0
  0.020  7  ┃     ●  send p1-1
  0.020  8  ┃◄────┤  Produce p1-1 acks=1
            ┃     │    broker-1 [0:e0 p1-0|1 p1-1) hw=2
  0.020  9  ┣╌╌╌╌►│  Produce answer @1 · p1-1 ok @1
  0.030 10  ┃     ●  send p1-2
  0.030 11  ┃◄────┤  Produce p1-2 acks=1
            ┃     │    broker-1 [0:e0 p1-0|1 p1-1|2 p1-2) hw=3
  0.030 12  ┣╌╌╌╌►│  Produce answer @2 · p1-2 ok @2
  0.040 13  ┃     ●  send p1-3
            ┃     │  … 16 ordinary actions
  0.090 30  ┣╌╌╌╌►│  Produce answer @8 · p1-8 ok @8
  0.100 31  ┃     ●  send p1-9
  0.100 32  ┃◄────┤  Produce p1-9 acks=1
            ┃     │    broker-1 […|3:e0 p1-3|4 p1-4|5 p1-5|6 p1-6|7 p1-7|8 p1-8|9 p1-9) hw=10
  0.100 33  ┣╌╌╌╌►│  Produce answer @9 · p1-9 ok @9
  0.110 34  ┃     ●  send p1-10
  0.110 35  ┃◄────┤  Produce p1-10 acks=1
            ┃     │    broker-1 […|4:e0 p1-4|5 p1-5|6 p1-6|7 p1-7|8 p1-8|9 p1-9|10 p1-10) hw=11
  0.110 36  ┣╌╌╌╌►│  Produce answer @10 · p1-10 ok @10
  0.120 37  ┃     ●  send p1-11
  0.120 38  ┃◄────┤  Produce p1-11 acks=1
            ┃     │    broker-1 […|5:e0 p1-5|6 p1-6|7 p1-7|8 p1-8|9 p1-9|10 p1-10|11 p1-11) hw=12
  0.120 39  ┣╌╌╌╌►│  Produce answer @11 · p1-11 ok @11
  0.120 40  ✗     │  ✗ broker-1 crashes

✓ Every promise that was watched was kept.

┊ orders-0 broker-1 […|3:e0 p1-3|4 p1-4|5 p1-5|6 p1-6|7 p1-7|8 p1-8|9 p1-9|10 p1-10|11 p1-11) hw=12
"#,
    );
    let full = stage.diagram.render(&ShowOptions {
        full: true,
        ..wide(100)
    });
    assert_eq!(full.matches("Produce p1-").count(), 12, "{full}");
}

#[test]
fn what_is_allowed_is_told_so() {
    let mut stage = Stage::new();
    stage.start(BROKER_1);
    stage.diagram.finding(&Finding {
        promise: Promise::LostWrite,
        verdict: Verdict::Allowed {
            because: "acks=1".to_owned(),
        },
        message: "orders-0: p1-0 was acknowledged to 3 at 0, but not read".to_owned(),
    });
    let ascii = ShowOptions {
        ascii: true,
        ..wide(80)
    };
    check(
        &stage,
        &ascii,
        r#"
hand-made . rules current . orders-0 . 1 action
| up   # leads   : down   % paused   X cut off   --> request   ..> answer

   #  broker-1
   1  ^  broker-1 starts

o lost-write is broken, as acks=1 allows: an acknowledged record is read by
    somebody once anybody has read beyond its offset.
  orders-0: p1-0 was acknowledged to 3 at 0, but not read
"#,
    );
}
