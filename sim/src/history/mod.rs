//! What clients saw, and nothing else, in a file; and what is wrong with it.
//!
//! A history is what the client programs of one run called and were told, in the order in which it happened, whoever ran it: a seeded
//! world, or a test against a real cluster. [`History::read`] reads one, [`Recorder`] writes that of a simulated run, [`verify()`] looks for the
//! anomalies that Jepsen's checker of Kafka knows, and for what a history alone shows of committed offsets. Nothing in a history says which faults there were or
//! how the cluster was configured, so what is found are *anomalies, not verdicts*.
//!
//! # The format
//!
//! JSON lines in UTF-8, one object a line. Keys that are not listed here are refused.
//!
//! The first line is the header:
//!
//! ```json
//! {"kafkasim_history":1,"recorded_by":"OrdersTest","all_producers":true,"read_to_end":["orders-0"],"forgets":["audit"]}
//! ```
//!
//! | Key | Meaning |
//! |---|---|
//! | `kafkasim_history` | the version of the format: 1 |
//! | `recorded_by` | optional text: what has recorded it |
//! | `all_producers` | optional, false by default: every send to the topics is in it, so that a value that nobody has sent is an anomaly |
//! | `read_to_end` | optional: the partitions that somebody has read from their start to their end after everything was sent, so that an acknowledged record that nobody has read is an anomaly |
//! | `forgets` | optional: the topics that delete records (by retention, compaction or DeleteRecords), so that a record that is gone is no anomaly |
//! | `recreated` | optional: the topics that were deleted and created again under the same name, so that their offsets began anew |
//!
//! The last line counts the lines between the two, so that a file that was cut off is noticed:
//!
//! ```json
//! {"lines":42}
//! ```
//!
//! Every line in between is something that one process called or was told:
//!
//! ```json
//! {"at_us":1204000,"process":"producer-1","event":"send","id":7,"topic":"orders","partition":0,"value":"p1-7"}
//! {"at_us":1209000,"process":"producer-1","event":"send-ok","id":7,"partition":0,"offset":3}
//! ```
//!
//! `process` names the process, `event` what happens, and `at_us`, which may be left out, when: in microseconds since any moment. Lines are in the order in
//! which things happened: a call when it was made, an answer when it was there.
//!
//! | `event` | Further keys | Meaning |
//! |---|---|---|
//! | `start` | `group`, `auto_commit` | the process starts; the `group.id` of its consumer, if it has one, and then also its `enable.auto.commit`. A process that begins with anything else has no group |
//! | `stop` | | it crashed or ended. Whatever was under way, nobody will learn what became of it |
//! | `send` | `id`, `topic`, `partition`, `key`, `value` | `send(record)`. The `id` comes back in the answer; it may be used again after that. Without `partition` the partitioner chooses |
//! | `send-ok` | `id`, `partition`, `offset` | the send is acknowledged; no `offset` if the producer was not told one (`acks=0`) |
//! | `send-fail` | `id`, `error` | it failed, and **no attempt was written**: before it was sent, or refused in a way that rules every attempt out |
//! | `send-info` | `id`, `error` | it failed, and may have been written: timeouts, lost connections |
//! | `assign` | `partitions` | `assign(partitions)` |
//! | `subscribe` | `topics` or `pattern` | `subscribe(…)` |
//! | `unsubscribe`, `unsubscribe-ok` | | `unsubscribe()`, and its return |
//! | `poll` | | `poll(timeout)` |
//! | `poll-ok` | `records` | it returned these: `{"in":"orders-0","offset":3,"value":"p1-7"}`, with `epoch`, the record's leader epoch, if the client tells |
//! | `poll-fail` | `error` | it threw |
//! | `pause`, `resume` | `partitions` | |
//! | `seek` | `in`, `offset` | `seek(partition, offset)` |
//! | `seek-to-beginning`, `seek-to-end` | `partitions` | |
//! | `wakeup` | | |
//! | `assigned`, `revoked`, `lost` | `partitions` | the rebalance listener is called, within a poll, an unsubscribe or a close. It may make calls of its own meanwhile |
//! | `commit` | `id`, `offsets` | `commitAsync` if there is an `id`, else `commitSync`; `{"orders-0":4}`, or no `offsets` for the positions |
//! | `commit-ok` | `id`, `offsets` | it is acknowledged: these offsets |
//! | `commit-fail`, `commit-info` | `id`, `error` | it failed, and was certainly not carried out; or may have been |
//! | `committed` | `partitions` | `committed(partitions)` |
//! | `committed-ok` | `offsets` | `{"orders-0":4,"orders-1":null}`: `null` if nothing is committed |
//! | `committed-fail` | `error` | it threw |
//! | `position` | `in` | `position(partition)` |
//! | `position-ok` | `offset` | |
//! | `position-fail` | `error` | it threw |
//! | `close`, `close-ok` | | `close()` of the producer or the consumer, and its return |
//!
//! Partitions are written like `orders-0`. Keys and values are text, or `{"hex":"00ff"}` if they are no UTF-8; a record that has none leaves the key out.
//! Records are told apart by their values, so a value may be sent to a topic once. A consumer does one thing at a time: between `poll` and its
//! answer there is nothing of the same process but sends, `wakeup`, answers to `commitAsync`, and the rebalance listener with its calls.

mod event;
mod fields;
mod file;
mod name;
mod processes;
mod recorder;
pub mod verify;

pub use event::{Event, PolledRecord};
pub use file::{Header, History, HistoryError, Line};
pub use name::{Partition, Value};
pub use recorder::Recorder;
pub use verify::{Allowance, Anomaly, Kind, Verified, verify};
