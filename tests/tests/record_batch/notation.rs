//! The notation of the files in `golden/record_batch`, which scripts in three languages share.

use std::fmt::Write;

use bytes::Bytes;
use kafkasim_core::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};
use kafkasim_core::record::{Batch, BatchBuilder, Compression, Compressor, Header, Record};

/// One case of a file: its name, and the lines that follow.
pub(crate) struct Case<'a> {
    pub(crate) name: &'a str,
    pub(crate) lines: Vec<&'a str>,
}

/// The cases of a file, without its comments.
pub(crate) fn cases(text: &str) -> Vec<Case<'_>> {
    let mut cases: Vec<Case<'_>> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match (line.strip_prefix("case "), cases.last_mut()) {
            (Some(name), _) => cases.push(Case {
                name,
                lines: Vec::new(),
            }),
            (None, Some(case)) => case.lines.push(line),
            (None, None) => panic!("{line:?} comes before the first case"),
        }
    }
    cases
}

impl<'a> Case<'a> {
    /// What follows `word` in the first line that starts with it.
    pub(crate) fn find(&self, word: &str) -> Option<&'a str> {
        self.lines
            .iter()
            .find_map(|line| line.strip_prefix(word)?.strip_prefix(' '))
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> Bytes {
        Bytes::from(from_hex(self.find("hex").expect("a case has bytes")))
    }

    /// What another implementation saw in the bytes.
    pub(crate) fn seen(&self, words: &[&str]) -> Vec<&'a str> {
        let is_wanted = |line: &&&str| words.iter().any(|word| line.split(' ').next() == Some(word));
        self.lines.iter().filter(is_wanted).copied().collect()
    }

    /// The batch of a case of `cases.txt`, as ours.
    pub(crate) fn build(&self) -> Batch {
        let mut builder = BatchBuilder::new();
        for line in self.seen(&["record"]) {
            let timestamp = Timestamp(number(line, "timestamp"));
            let (key, value) = (field(value_of(line, "key")), field(value_of(line, "value")));
            let headers = headers(value_of(line, "headers"));
            let times = if line.contains("times=") {
                number(line, "times")
            } else {
                1
            };
            for _ in 0..times {
                let expected = builder.size_with(timestamp, key.as_ref(), value.as_ref(), &headers);
                builder.append(timestamp, key.clone(), value.clone(), &headers);
                assert_eq!(builder.size(), expected);
            }
        }
        let producer = self.find("producer").map(|line| {
            let epoch = i16::try_from(number(line, "epoch")).expect("an epoch has 16 bits");
            let sequence = i32::try_from(number(line, "sequence")).expect("a sequence has 32 bits");
            (ProducerId(number(line, "id")), ProducerEpoch(epoch), Sequence(sequence))
        });
        let codec = self.find("codec").map_or(Compression::None, |name| {
            let named = (0..)
                .map_while(Compression::from_number)
                .find(|codec| codec.name() == name);
            named.expect("a codec has one of Kafka's names")
        });
        let compressor = Compressor { codec, gzip_level: -1 };
        let batch = builder.build_compressed(producer, compressor);
        assert!(codec != Compression::None || batch.size() == builder.size());
        self.find("at").map_or(batch.clone(), |line| {
            let epoch = i32::try_from(number(line, "epoch")).expect("a leader epoch has 32 bits");
            batch.at(Offset(number(line, "offset")), LeaderEpoch(epoch))
        })
    }
}

/// A batch in the words of the files.
pub(crate) fn show(batch: &Batch) -> String {
    let mut text = format!(
        "batch base_offset={} last_offset={} leader_epoch={} codec={} control={} transactional={} producer={}/{} \
         sequences={}..{} timestamps={}..{} records={} crc={}",
        batch.base_offset,
        batch.last_offset(),
        batch.leader_epoch,
        batch.compression(),
        batch.is_control(),
        batch.is_transactional(),
        batch.producer_id(),
        batch.producer_epoch(),
        batch.base_sequence(),
        batch.last_sequence(),
        batch.base_timestamp(),
        batch.max_timestamp(),
        batch.record_count(),
        if batch.verify().is_ok() { "ok" } else { "wrong" },
    );
    for record in batch.records().unwrap_or_else(|error| panic!("{batch:?}: {error}")) {
        text.push('\n');
        text.push_str(&show_record(&record));
    }
    text
}

fn show_record(record: &Record) -> String {
    let headers: Vec<String> = record
        .headers
        .iter()
        .map(|header| format!("{}:{}", to_hex(&header.key), show_field(header.value.as_ref())))
        .collect();
    format!(
        "record offset={} timestamp={} key={} value={} headers={}",
        record.offset,
        record.timestamp,
        show_field(record.key.as_ref()),
        show_field(record.value.as_ref()),
        headers.join(",")
    )
}

fn show_field(field: Option<&Bytes>) -> String {
    field.map_or("null".to_owned(), |bytes| to_hex(bytes))
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string takes everything");
        hex
    })
}

pub(crate) fn from_hex(hex: &str) -> Vec<u8> {
    let digits = |at: usize| hex.get(at..at + 2).expect("every byte has two digits");
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(digits(at), 16).expect("hexadecimal digits"))
        .collect()
}

fn value_of<'a>(line: &'a str, name: &str) -> &'a str {
    line.split(' ')
        .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
        .unwrap_or_else(|| panic!("{line:?} has no {name}"))
}

fn number(line: &str, name: &str) -> i64 {
    value_of(line, name)
        .parse()
        .unwrap_or_else(|error| panic!("{name} in {line:?}: {error}"))
}

fn field(text: &str) -> Option<Bytes> {
    if text == "null" {
        return None;
    }
    let (unit, times) = text.split_once('x').unwrap_or((text, "1"));
    Some(Bytes::from(
        from_hex(unit).repeat(times.parse().expect("a number follows the x")),
    ))
}

fn headers(text: &str) -> Vec<Header> {
    text.split_terminator(',')
        .map(|pair| {
            let (key, value) = pair.split_once(':').expect("a header is a pair");
            Header {
                key: field(key).expect("a header has a key"),
                value: field(value),
            }
        })
        .collect()
}
