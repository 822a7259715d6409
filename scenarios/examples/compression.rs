//! Writes `results/compression.md`: what `compression.type` and `linger.ms` make of small records, measured on the real machines.
//!
//! ```text
//! cargo run -p kafkasim-scenarios --example compression
//! ```

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cpu_time::ProcessTime;
use kafkasim::run::Observer;
use kafkasim::world::{Event, Outcome, Step, World};
use kafkasim_core::ids::TopicPartition;
use kafkasim_core::note::Note;
use kafkasim_core::record::{Batch, BatchBuilder};
use kafkasim_scenarios::campaign::Trial;
use kafkasim_scenarios::rule_sets;
use kafkasim_scenarios::scenario::Scenario;

const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];
const LINGERS_MS: [u64; 4] = [0, 5, 50, 500];
/// Each with the same draws for every codec.
const SEEDS: u64 = 2;
const RECORDS: usize = 10_000;
/// How often the time is taken; the shortest is what it takes, the rest is what else the machine had to do.
const TIMES: usize = 3;

fn main() {
    let mut text = format!(
        "# Compression of small records\n\nMade by `cargo run -p kafkasim-scenarios --example compression`.\n\n\
         One producer sends {RECORDS} records of some 200 bytes, of a text like JSON that is different in every record, to three partitions of\n\
         three replicas each, with acks=all; the application thinks for up to 2 ms between two sends and keeps at most 1000 unanswered. Nothing\n\
         fails. {SEEDS} seeds each. A batch's bytes are those that the producer sends and each replica fetches and keeps, with the header of 61\n\
         bytes; the ratio is that of the same batch without compression. The processor's time is that of the whole simulated cluster for one\n\
         record, producer, three brokers, readers and checks included, so what a codec costs is the difference to `none`; it is the shortest\n\
         of {TIMES}, on one thread of the machine at hand, with the profile `dev` (opt-level 2), and the only column that another machine changes.\n\n\
         A producer expects a batch to compress as the last ones of its topic did, and comes to expect it slowly, by 0.005 of the ratio a batch\n\
         (KIP-126): so with much linger a compressed batch gets more records than `batch.size` has room for uncompressed.\n\n\
         | compression.type | linger.ms | Records in a batch | Bytes a record | Ratio | Processor time a record, µs |\n\
         |---|---:|---:|---:|---:|---:|\n"
    );
    for codec in CODECS {
        for linger_ms in LINGERS_MS {
            let measured = measure(codec, linger_ms);
            let _ = writeln!(text, "| {codec} | {linger_ms} | {measured}");
        }
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../results/compression.md");
    fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn measure(codec: &str, linger_ms: u64) -> String {
    let text = format!(
        "name = \"compression\"\nabout = \"small records\"\n\
         [[topic]]\nname = \"t\"\npartitions = 3\nreplication-factor = 3\n\
         [[producer]]\ntopic = \"t\"\nrecords = {RECORDS}\noutstanding = 1000\nvalue-bytes = 200\n\
         config.\"compression.type\" = \"{codec}\"\nconfig.\"linger.ms\" = {linger_ms}\n\
         [run]\nthink-us = 2000\n"
    );
    let path = Path::new("scenarios/examples/compression.rs");
    let scenario = Scenario::parse(&text, path).unwrap_or_else(|error| panic!("{error}"));
    let trial = Trial {
        scenario: &scenario,
        rules: &rule_sets::CURRENT,
    };
    let mut shortest = Duration::MAX;
    let mut taken = Taken::default();
    for _ in 0..TIMES {
        taken.0.clear();
        let start = ProcessTime::now();
        for seed in 0..SEEDS {
            let report = trial.run(seed, &mut taken);
            assert!(report.findings.is_empty(), "seed {seed}: {:?}", report.findings);
        }
        shortest = shortest.min(start.elapsed());
    }
    taken.told(shortest)
}

/// Every batch that a leader has taken.
#[derive(Default)]
struct Taken(Vec<Batch>);

impl Observer for Taken {
    fn observe(&mut self, _: &mut World, _: &Step, outcome: &Outcome) {
        for event in &outcome.events {
            if let Event::Note {
                note:
                    Note::Appended {
                        partition,
                        batch,
                        as_leader: true,
                    },
                ..
            } = event
                && *partition != TopicPartition::CLUSTER_METADATA
            {
                self.0.push(batch.clone());
            }
        }
    }
}

impl Taken {
    fn told(&self, time: Duration) -> String {
        let records: usize = self.0.iter().map(|batch| count(batch.record_count())).sum();
        assert_eq!(records, RECORDS * count(SEEDS), "everything was appended once");
        let bytes: usize = self.0.iter().map(Batch::size).sum();
        let uncompressed: usize = self.0.iter().map(uncompressed).sum();
        format!(
            "{} | {} | {} | {} |",
            tenths(records, self.0.len()),
            tenths(bytes, records),
            hundredths(bytes, uncompressed),
            tenths(count(time.as_nanos()), records * 1000)
        )
    }
}

/// How many bytes a batch would have without compression.
fn uncompressed(batch: &Batch) -> usize {
    let mut builder = BatchBuilder::new();
    for record in batch.records().expect("a leader takes only what can be read") {
        builder.append(record.timestamp, record.key, record.value, &record.headers);
    }
    builder.size()
}

fn count(number: impl TryInto<usize, Error: std::fmt::Debug>) -> usize {
    number.try_into().expect("a small number")
}

fn tenths(number: usize, of: usize) -> String {
    let tenths = (number * 10 + of / 2) / of;
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn hundredths(number: usize, of: usize) -> String {
    let hundredths = (number * 100 + of / 2) / of;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
