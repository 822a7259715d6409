//! One run in many views: a follower that restarts truncates to its high watermark, then leads (KIP-101). What was acknowledged is gone.

use kafkasim_core::error::ErrorCode;
use kafkasim_core::ids::{DiskToken, Offset};
use kafkasim_core::machine::Lane;
use kafkasim_core::message::Acks;
use kafkasim_core::note::Note;
use kafkasim_core::timer::Timer;

use super::super::ShowOptions;
use super::stage::*;
use super::{check, wide};
use crate::check::{Finding, Promise, Verdict};
use crate::world::{Action, Event, Fault};

pub(super) fn kip_101(mut stage: Stage) -> Stage {
    let produce_link = link(PRODUCER, BROKER_1, Lane::Client);
    let replica_link = link(BROKER_2, BROKER_1, Lane::Replica);
    for node in [CONTROLLER, BROKER_1, BROKER_2, PRODUCER] {
        stage.start(node);
    }
    stage
        .at(10)
        .happens(
            Action::Sync {
                node: CONTROLLER,
                token: DiskToken(0),
                ok: true,
            },
            &[elected(BROKER_1, 0, &[BROKER_1, BROKER_2])],
        )
        .response(
            link(BROKER_1, CONTROLLER, Lane::Metadata),
            metadata(),
            &[leads(BROKER_1, 0, 0)],
        )
        .response(
            link(BROKER_2, CONTROLLER, Lane::Metadata),
            metadata(),
            &[follows(BROKER_2, 0, BROKER_1)],
        )
        .at(20)
        .send("p1-0")
        .request(
            produce_link,
            produce("p1-0", Acks::All),
            &[appended(BROKER_1, 0, 0, "p1-0")],
        )
        .at(21)
        .response(replica_link, fetched(&["p1-0"]), &[appended(BROKER_2, 0, 0, "p1-0")])
        .at(22)
        .request(replica_link, fetch(1, 0), &[high_watermark(BROKER_1, 1)]);
    let acknowledged = stage.answered("p1-0", Ok(0));
    stage
        .at(23)
        .response(produce_link, produced(ErrorCode::None, 0), &[acknowledged])
        .at(24);
    for _ in 0..9 {
        stage.happens(
            Action::Fire {
                node: BROKER_1,
                timer: Timer::Heartbeat,
            },
            &[],
        );
    }
    let recovered = Note::LogRecovered {
        partition: ORDERS,
        end: Offset(1),
        high_watermark: Offset(0),
        lost_batches: 0,
    };
    let truncated = Note::Truncated {
        partition: ORDERS,
        from: Offset(1),
        to: Offset(0),
    };
    stage
        .at(30)
        .fault(Fault::Crash { node: BROKER_2 })
        .at(1500)
        .happens(
            Action::Start { node: BROKER_2 },
            &[Event::Started { node: BROKER_2 }, note(BROKER_2, recovered)],
        )
        .response(
            link(BROKER_2, CONTROLLER, Lane::Metadata),
            metadata(),
            &[follows(BROKER_2, 0, BROKER_1), note(BROKER_2, truncated)],
        )
        .at(1600)
        .fault(Fault::Crash { node: BROKER_1 })
        .at(9000)
        .happens(
            Action::Fire {
                node: CONTROLLER,
                timer: Timer::Session { broker: BROKER_1 },
            },
            &[
                note(CONTROLLER, Note::BrokerFenced { broker: BROKER_1 }),
                elected(BROKER_2, 1, &[BROKER_2]),
            ],
        )
        .response(
            link(BROKER_2, CONTROLLER, Lane::Metadata),
            metadata(),
            &[leads(BROKER_2, 1, 0)],
        );
    stage.diagram.finding(&Finding {
        promise: Promise::LeaderCompleteness,
        verdict: Verdict::Violated,
        message: "orders-0: leader 2 begins without p1-0, acknowledged at 0".to_owned(),
    });
    stage
}

#[test]
fn kip_101_at_80_columns() {
    check(
        &kip_101(Stage::new()),
        &wide(80),
        r#"
hand-made · rules current · orders-0 · 27 actions · 9.000s
│ up   ┃ leads   ┊ down   ░ paused   ╳ cut off   ──► request   ╌╌► answer
► what the verdict is about

            controller
            │     broker-1
            │     │     broker-2
      s  #  │     │     │     producer-1
  0.000  1  ↺     ↺     ↺     ↺  4 processes start
  0.010  5  ●     │     │     │  leader broker-1 e0 ISR {1,2}
  0.010  6  ├╌╌╌╌►┃     │     │  Fetch answer metadata ×2 · ★ leads from 0 in e0
  0.010  7  ├╌╌╌╌╌╌╌╌╌╌►│     │  Fetch answer metadata ×2
            │     ┃     │     │    follows broker-1 in e0
► 0.020  8  │     ┃     │     ●  send ►p1-0
► 0.020  9  │     ┃◄──────────┤  Produce ►p1-0 acks=all
            │     ┃     │     │    broker-1 [►0:e0 p1-0) hw=0
► 0.021 10  │     ┣╌╌╌╌►│     │  Fetch answer ►p1-0
            │     ┃     │     │    broker-2 [►0:e0 p1-0) hw=0
  0.022 11  │     ┃◄────┤     │  Fetch from 1 after e0 · hw 0→1
► 0.023 12  │     ┣╌╌╌╌╌╌╌╌╌╌►│  Produce answer @0 · ►p1-0 ok @0
            │     ┃     │     │  … 9 routine actions
  0.030 22  │     ┃     ✗     │  ✗ broker-2 crashes
  1.500 23  │     ┃     ↺     │  broker-2 starts again
            │     ┃     │     │    broker-2 [►0:e0 p1-0) hw=0
► 1.500 24  ├╌╌╌╌╌╌╌╌╌╌►│     │  Fetch answer metadata ×2
            │     ┃     │     │    follows broker-1 in e0
            │     ┃     │     │    truncates 1→0, loses ►p1-0
            │     ┃     │     │    broker-2 [) hw=0
  1.600 25  │     ✗     │     │  ✗ broker-1 crashes
  9.000 26  ●     ┊     │     │  session of broker-1 expires · fences broker-1
            │     ┊     │     │    leader broker-2 e1 ISR {2}
► 9.000 27  ├╌╌╌╌╌╌╌╌╌╌►┃     │  Fetch answer metadata ×2
            │     ┊     ┃     │    ★ leads from 0 in e1 without ►p1-0

✗ leader-completeness is violated: a new leader has every acknowledged record.
  orders-0: leader 2 begins without p1-0, acknowledged at 0

► p1-0
  #8   sent by producer-1
  #9   appended on broker-1 @0
  #10  appended on broker-2 @0
  #12  acknowledged @0
  #24  lost by broker-2
  #27  missing on new leader broker-2

┊ orders-0 broker-1 [►0:e0 p1-0) hw=1
┃ orders-0 broker-2 [) hw=0
"#,
    );
}

#[test]
fn kip_101_at_130_columns_has_its_names_in_one_line() {
    check(
        &kip_101(Stage::new()),
        &wide(130),
        r#"
hand-made · rules current · orders-0 · 27 actions · 9.000s
│ up   ┃ leads   ┊ down   ░ paused   ╳ cut off   ──► request   ╌╌► answer   ► what the verdict is about

      s  #  controller broker-1   broker-2   producer-1
  0.000  1  ↺          ↺          ↺          ↺  4 processes start
  0.010  5  ●          │          │          │  leader broker-1 e0 ISR {1,2}
  0.010  6  ├╌╌╌╌╌╌╌╌╌►┃          │          │  Fetch answer metadata ×2 · ★ leads from 0 in e0
  0.010  7  ├╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌►│          │  Fetch answer metadata ×2 · follows broker-1 in e0
► 0.020  8  │          ┃          │          ●  send ►p1-0
► 0.020  9  │          ┃◄────────────────────┤  Produce ►p1-0 acks=all
            │          ┃          │          │    broker-1 [►0:e0 p1-0) hw=0
► 0.021 10  │          ┣╌╌╌╌╌╌╌╌╌►│          │  Fetch answer ►p1-0
            │          ┃          │          │    broker-2 [►0:e0 p1-0) hw=0
  0.022 11  │          ┃◄─────────┤          │  Fetch from 1 after e0 · hw 0→1
► 0.023 12  │          ┣╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌►│  Produce answer @0 · ►p1-0 ok @0
            │          ┃          │          │  … 9 routine actions
  0.030 22  │          ┃          ✗          │  ✗ broker-2 crashes
  1.500 23  │          ┃          ↺          │  broker-2 starts again
            │          ┃          │          │    broker-2 [►0:e0 p1-0) hw=0
► 1.500 24  ├╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌►│          │  Fetch answer metadata ×2 · follows broker-1 in e0 · truncates 1→0, loses ►p1-0
            │          ┃          │          │    broker-2 [) hw=0
  1.600 25  │          ✗          │          │  ✗ broker-1 crashes
  9.000 26  ●          ┊          │          │  session of broker-1 expires · fences broker-1 · leader broker-2 e1 ISR {2}
► 9.000 27  ├╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌►┃          │  Fetch answer metadata ×2 · ★ leads from 0 in e1 without ►p1-0

✗ leader-completeness is violated: a new leader has every acknowledged record.
  orders-0: leader 2 begins without p1-0, acknowledged at 0

► p1-0
  #8   sent by producer-1
  #9   appended on broker-1 @0
  #10  appended on broker-2 @0
  #12  acknowledged @0
  #24  lost by broker-2
  #27  missing on new leader broker-2

┊ orders-0 broker-1 [►0:e0 p1-0) hw=1
┃ orders-0 broker-2 [) hw=0
"#,
    );
}

#[test]
fn an_explored_run_has_no_time() {
    let options = ShowOptions {
        around: Some((26, 1)),
        ascii: true,
        ..wide(80)
    };
    check(
        &kip_101(Stage::without_time()),
        &options,
        r#"
hand-made . rules current . orders-0 . 27 actions
| up   # leads   : down   % paused   X cut off   --> request   ..> answer
> what the verdict is about

      controller
      |     broker-1
      |     |     broker-2
   #  |     |     |     producer-1
      |     #     |     |  ~ 24 other actions
  25  |     X     |     |  X broker-1 crashes
  26  o     :     |     |  session of broker-1 expires . fences broker-1
      |     :     |     |    leader broker-2 e1 ISR {2}
> 27  |..........>#     |  Fetch answer metadata x2
      |     :     #     |    * leads from 0 in e1 without >p1-0

X leader-completeness is violated: a new leader has every acknowledged record.
  orders-0: leader 2 begins without p1-0, acknowledged at 0

> p1-0
  #8   sent by producer-1
  #9   appended on broker-1 @0
  #10  appended on broker-2 @0
  #12  acknowledged @0
  #24  lost by broker-2
  #27  missing on new leader broker-2

: orders-0 broker-1 [>0:e0 p1-0) hw=1
# orders-0 broker-2 [) hw=0
"#,
    );
}

#[test]
fn only_some_lanes() {
    let options = ShowOptions {
        only: vec![CONTROLLER, PRODUCER],
        ..wide(80)
    };
    check(
        &kip_101(Stage::new()),
        &options,
        r#"
hand-made · rules current · orders-0 · 27 actions · 9.000s
│ up   ┃ leads   ┊ down   ░ paused   ╳ cut off   ──► request   ╌╌► answer
► what the verdict is about

            controller
      s  #  │     producer-1
  0.000  1  ↺     ↺  4 processes start
  0.010  5  ●     │  leader broker-1 e0 ISR {1,2}
  0.010  6  ●     │  to broker-1: Fetch answer metadata ×2
            │     │    ★ leads from 0 in e0
  0.010  7  ●     │  to broker-2: Fetch answer metadata ×2
            │     │    follows broker-1 in e0
► 0.020  8  │     ●  send ►p1-0
► 0.020  9  │     ●  to broker-1: Produce ►p1-0 acks=all
            │     │    broker-1 [►0:e0 p1-0) hw=0
► 0.023 12  │     ●  from broker-1: Produce answer @0 · ►p1-0 ok @0
            │     │  … 11 other actions
► 1.500 24  ●     │  to broker-2: Fetch answer metadata ×2
            │     │    follows broker-1 in e0 · truncates 1→0, loses ►p1-0
            │     │    broker-2 [) hw=0
  9.000 26  ●     │  session of broker-1 expires · fences broker-1
            │     │    leader broker-2 e1 ISR {2}
► 9.000 27  ●     │  to broker-2: Fetch answer metadata ×2
            │     │    ★ leads from 0 in e1 without ►p1-0

✗ leader-completeness is violated: a new leader has every acknowledged record.
  orders-0: leader 2 begins without p1-0, acknowledged at 0

► p1-0
  #8   sent by producer-1
  #9   appended on broker-1 @0
  #10  appended on broker-2 @0
  #12  acknowledged @0
  #24  lost by broker-2
  #27  missing on new leader broker-2

┊ orders-0 broker-1 [►0:e0 p1-0) hw=1
┃ orders-0 broker-2 [) hw=0
"#,
    );
}

#[test]
fn lines_are_never_too_wide_and_never_end_with_a_blank() {
    let stage = kip_101(Stage::new());
    for width in 40..=200 {
        for full in [false, true] {
            let drawn = stage.diagram.render(&ShowOptions { full, ..wide(width) });
            for line in drawn.lines() {
                let columns = unicode_width::UnicodeWidthStr::width(line);
                assert!(columns <= width, "{columns} columns of {width}: {line}");
                assert_eq!(line, line.trim_end());
            }
        }
    }
}

#[test]
fn ascii_is_ascii_and_colours_change_nothing_else() {
    let stage = kip_101(Stage::new());
    let plain = stage.diagram.render(&wide(100));
    let ascii = stage.diagram.render(&ShowOptions {
        ascii: true,
        ..wide(100)
    });
    assert!(ascii.is_ascii() && !ascii.contains('?'), "{ascii}");
    assert_eq!(ascii.chars().count(), plain.chars().count());
    let colour = stage.diagram.render(&ShowOptions {
        colour: true,
        ..wide(100)
    });
    let mut parts = colour.split('\x1b');
    let mut stripped = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        stripped.push_str(part.split_once('m').expect("a code ends with m").1);
    }
    assert_eq!(stripped, plain);
}
