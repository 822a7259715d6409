//! Batches of librdkafka, kafka-python and Kafka itself, read and made by us; and ours, as those three read them.

use std::collections::BTreeMap;
use std::path::Path;

use kafkasim_core::record::Batch;

use super::notation::{Case, cases, show, to_hex};

const CASES: &str = include_str!("../../golden/record_batch/cases.txt");
const OURS: &str = include_str!("../../golden/record_batch/ours.txt");
const BY_JAVA: &str = include_str!("../../golden/record_batch/java.txt");
const BY_KAFKA_PYTHON: &str = include_str!("../../golden/record_batch/kafka_python.txt");
const BY_LIBRDKAFKA: &str = include_str!("../../golden/record_batch/librdkafka.txt");
const READ_BY_JAVA: &str = include_str!("../../golden/record_batch/ours.read_by_java.txt");
const READ_BY_KAFKA_PYTHON: &str = include_str!("../../golden/record_batch/ours.read_by_kafka_python.txt");
const READ_BY_LIBRDKAFKA: &str = include_str!("../../golden/record_batch/ours.read_by_librdkafka.txt");

fn decode(case: &Case<'_>) -> Batch {
    let bytes = case.bytes();
    let (batch, taken) = Batch::decode(&bytes).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    assert_eq!(taken, bytes.len(), "{}: bytes are left over", case.name);
    batch
}

/// We see in every batch what its maker saw, and have not changed a byte of it.
fn check_reading(file: &str, words: &[&str]) {
    for case in cases(file) {
        let batch = decode(&case);
        let shown = show(&batch);
        let ours = Case {
            name: case.name,
            lines: shown.lines().collect(),
        };
        assert_eq!(ours.seen(words), case.seen(words), "{}", case.name);
        assert_eq!(batch.verify(), Ok(()), "{}", case.name);
        assert_eq!(batch.encode(), case.bytes(), "{}", case.name);
    }
}

/// Of the same records we make the same bytes. The leader epoch is not the producer's business, and makers disagree on it.
fn check_making(file: &str, expected_cases: usize) {
    let wanted: BTreeMap<&str, Case<'_>> = cases(CASES).into_iter().map(|case| (case.name, case)).collect();
    let mut made = 0;
    for theirs in cases(file) {
        let Some(case) = wanted.get(theirs.name).filter(|case| case.find("codec").is_none()) else {
            continue;
        };
        let batch = decode(&theirs);
        let ours = case.build().at(batch.base_offset, batch.leader_epoch);
        assert_eq!(to_hex(&ours.encode()), to_hex(&theirs.bytes()), "{}", case.name);
        assert_eq!(ours, batch, "{}", case.name);
        made += 1;
    }
    assert_eq!(made, expected_cases, "cases that both of us make");
}

#[test]
fn batches_of_kafka_itself_are_read() {
    check_reading(BY_JAVA, &["batch", "record"]);
}

#[test]
fn batches_of_kafka_python_are_read() {
    check_reading(BY_KAFKA_PYTHON, &["batch", "record"]);
}

#[test]
fn batches_of_librdkafka_are_read() {
    check_reading(BY_LIBRDKAFKA, &["record"]);
}

#[test]
fn batches_of_kafka_itself_are_made() {
    check_making(BY_JAVA, 15);
}

#[test]
fn batches_of_kafka_python_are_made() {
    check_making(BY_KAFKA_PYTHON, 15);
}

#[test]
fn batches_of_librdkafka_are_made() {
    check_making(BY_LIBRDKAFKA, 14);
}

#[test]
fn every_codec_is_carried() {
    let asked: BTreeMap<&str, &str> = cases(CASES)
        .iter()
        .filter_map(|case| Some((case.name, case.find("codec")?)))
        .collect();
    assert_eq!(asked.len(), 4);
    for file in [BY_JAVA, BY_KAFKA_PYTHON, BY_LIBRDKAFKA] {
        let made = cases(file);
        for (name, codec) in &asked {
            let case = made
                .iter()
                .find(|case| case.name == *name)
                .expect("every maker can compress");
            assert_eq!(decode(case).compression().name(), *codec);
        }
    }
}

fn ours() -> String {
    let mut text = "# Made by us, for others to read.\n".to_owned();
    for case in &cases(CASES) {
        let batch = case.build();
        text.push_str(&format!(
            "\ncase {}\n{}\nhex {}\n",
            case.name,
            show(&batch),
            to_hex(&batch.encode())
        ));
    }
    text
}

#[test]
fn ours_are_still_what_the_others_read() {
    assert_eq!(
        ours(),
        OURS,
        "after an intended change: write_ours, then the scripts in golden/record_batch/make"
    );
}

#[test]
#[ignore = "writes golden/record_batch/ours.txt, for the scripts in golden/record_batch/make"]
fn write_ours() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/record_batch/ours.txt");
    std::fs::write(path, ours()).expect("the golden files can be written");
}

#[test]
fn ours_are_read_by_the_others_as_we_read_them() {
    let theirs = [
        (READ_BY_JAVA, &["batch", "record"] as &[&str]),
        (READ_BY_KAFKA_PYTHON, &["batch", "record"]),
        // Its application interface shows records only.
        (READ_BY_LIBRDKAFKA, &["record"]),
    ];
    for (file, words) in theirs {
        let seen = |file| -> Vec<(&str, Vec<&str>)> {
            cases(file)
                .into_iter()
                .map(|case| (case.name, case.seen(words)))
                .collect()
        };
        assert_eq!(seen(file), seen(OURS));
    }
}
