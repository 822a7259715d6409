//! What is found in a history alone, and what the monitors of the same run have found, who know everything.
//!
//! Both must find the same, record by record where their words name one: what `verify` finds that nothing allows, the monitors have found; and what the monitors
//! have found, allowed or not, that clients can see, `verify` finds, allowed or not. [`Excuse`] lists every reason for an exception, and each has to be shown
//! by the run itself. What is no matter of clients (logs, leaders, deadlines, limits, what lookups are told) is left to the monitors.

use std::collections::{BTreeMap, BTreeSet};

use kafkasim::check::{Finding, Promise};
use kafkasim::history::{Allowance, Anomaly, Event, History, Kind, PolledRecord, Recorder, Verified, verify};
use kafkasim::random::Report;
use kafkasim_scenarios::campaign::Trial;
use kafkasim_scenarios::{catalog, exhibits, rule_sets};
use rayon::prelude::*;

/// How many seeds of each scenario of the catalog.
const SEEDS: u64 = 30;

/// How many seeds of each exhibit, whose rule is wrong, so that there is something to find.
const SEEDS_OF_EXHIBITS: u64 = 10;

/// What is compared: a promise, a partition, and what the words begin with as far as both say the same.
type Key = (&'static str, String, String);

/// Why only one of both has found something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Excuse {
    /// The run was ended by a conviction before everything was read, so that the monitors say nothing of what was not.
    NotReadToEnd,
    /// No client has seen the record at one of the places that it is about.
    UnseenByClients,
    /// Where a consumer begins is what it wants, as far as a history says.
    Began,
    /// Not everything was read in the end, so that the history says nothing of what was not.
    NotSaidToBeRead,
    /// What a consumer has read is gone, but no client has read what is there instead.
    ReplacementUnseen,
    /// The topic was deleted and created again, and has two logs of one name.
    Recreated,
}

/// Which promises have to do with what clients see.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "those of brokers are many, and of no interest here"
)]
const fn class(promise: Promise) -> Option<&'static str> {
    Some(match promise {
        Promise::LostWrite | Promise::Unseen => "unread",
        Promise::InconsistentOffsets => "inconsistent-offsets",
        Promise::Duplicate => "duplicate",
        Promise::DefiniteFailure => "G1a",
        Promise::NonmonotonicSend => "nonmonotonic-send",
        Promise::CallbackOrder => "callback-order",
        Promise::PollSkip => "poll-skip",
        Promise::NonmonotonicPoll => "nonmonotonic-poll",
        Promise::PausedPoll => "paused-poll",
        _ => return None,
    })
}

/// What a message is about: a value, an offset, or a process with the offset that it has read.
fn subject(class: &str, message: &str) -> String {
    let words: Vec<_> = message.split(' ').collect();
    let number = words
        .iter()
        .map(|word| word.trim_matches(','))
        .find(|word| word.parse::<i64>().is_ok());
    match class {
        "unread" | "duplicate" => words[0].to_owned(),
        "inconsistent-offsets" => words[1].to_owned(),
        "poll-skip" | "nonmonotonic-poll" => format!("{} {}", words[0], number.unwrap_or_default()),
        "callback-order" => format!("{} {}", words[0], words.get(4).unwrap_or(&"")),
        _ => String::new(),
    }
}

/// One run, as both see it.
struct Run {
    report: Report,
    history: History,
    verified: Verified,
    /// Which values clients have seen at which offset.
    seen: BTreeMap<(String, i64), BTreeSet<String>>,
}

impl Run {
    fn of(trial: &Trial<'_>, seed: u64) -> Self {
        let mut recorder = Recorder::new(&trial.build(seed).1.plan.setup, "a test");
        let report = trial.run(seed, &mut recorder);
        let recorded = recorder.finish(&report.world, report.finale.as_ref());
        let bytes = recorded.to_bytes().expect("histories can be written");
        let history = History::parse(&bytes)
            .unwrap_or_else(|(line, why)| panic!("{} --seed {seed}: line {line}: {why}", trial.arguments()));
        assert_eq!(
            history,
            recorded,
            "{} --seed {seed} reads otherwise than it was written",
            trial.arguments()
        );
        let (verified, seen) = (verify(&history), seen(&history));
        Self {
            report,
            history,
            verified,
            seen,
        }
    }

    fn online(&self) -> BTreeMap<Key, &Finding> {
        let keyed = |finding: &'_ Finding| {
            let (partition, message) = finding.message.split_once(": ")?;
            let class = class(finding.promise)?;
            Some((class, partition.to_owned(), subject(class, message)))
        };
        self.report
            .findings
            .iter()
            .filter_map(|finding| Some((keyed(finding)?, finding)))
            .collect()
    }

    fn offline(&self) -> BTreeMap<Key, &Anomaly> {
        let keyed = |anomaly: &'_ Anomaly| {
            let class = class(anomaly.kind.promise()?)?;
            Some((class, anomaly.partition.to_string(), subject(class, &anomaly.message)))
        };
        // If there are several of a key, one that nothing allows is kept.
        let mut anomalies: Vec<_> = self.verified.anomalies.iter().collect();
        anomalies.sort_by_key(|anomaly| anomaly.allowed.is_none());
        anomalies
            .into_iter()
            .filter_map(|anomaly| Some((keyed(anomaly)?, anomaly)))
            .collect()
    }

    /// Why the monitors may have found something that the history does not show.
    fn excuse_online(&self, (class, partition, subject): &Key, message: &str) -> Option<Excuse> {
        let topic = partition.rsplit_once('-').map_or("", |(topic, _)| topic);
        let after = |before: &str| message.split_once(before).map(|(_, rest)| rest);
        let number = |text: &str| text.split([' ', ',']).next()?.parse::<i64>().ok();
        let values_at = |offset| self.seen.get(&(partition.clone(), offset)).map_or(0, BTreeSet::len);
        if self
            .history
            .header
            .recreated
            .iter()
            .any(|recreated| **recreated == *topic)
        {
            return Some(Excuse::Recreated);
        }
        match *class {
            "duplicate" => {
                let places = self.seen.iter().filter(|(_, values)| values.contains(subject)).count();
                (places < 2).then_some(Excuse::UnseenByClients)
            }
            "nonmonotonic-send" | "G1a" => {
                let value = after(": ")?.split(' ').next()?;
                let is_seen =
                    values_at(number(after(" at ")?)?) > 0 && self.seen.values().any(|values| values.contains(value));
                (!is_seen).then_some(Excuse::UnseenByClients)
            }
            "unread" if message.contains("but not read") => {
                let mut to_end = self.history.header.read_to_end.iter();
                (!to_end.any(|read| read.to_string() == *partition)).then_some(Excuse::NotSaidToBeRead)
            }
            "poll-skip" if message.contains(" begins at ") || self.is_first_of(partition, subject) => {
                Some(Excuse::Began)
            }
            "poll-skip" => match (
                after("but not ").and_then(number),
                after("has read at ").and_then(number),
            ) {
                (Some(missed), _) => (values_at(missed) == 0).then_some(Excuse::UnseenByClients),
                (None, Some(gone)) => {
                    (!self.is_replaced(partition, gone, subject)).then_some(Excuse::ReplacementUnseen)
                }
                (None, None) => None,
            },
            _ => None,
        }
    }

    /// Whether somebody has read at this offset in a later epoch than the consumer that a message is about: `consumer-1 17`.
    fn is_replaced(&self, partition: &str, at: i64, subject: &str) -> bool {
        let (process, _) = subject.split_once(' ').unwrap_or_default();
        let read = self.history.lines.iter().flat_map(|line| {
            let records = polled(&line.event).iter();
            records.map(|record| (&*line.process, record))
        });
        let here: Vec<_> = read
            .filter(|(_, record)| record.offset.0 == at && record.partition.to_string() == partition)
            .collect();
        let by_process = here.iter().filter(|(by, _)| *by == process);
        here.iter().map(|(_, record)| record.epoch).max() > by_process.map(|(_, record)| record.epoch).max()
    }

    /// Whether a consumer was given nothing of a partition before it was given this offset: `consumer-1 17`.
    fn is_first_of(&self, partition: &str, subject: &str) -> bool {
        let given = self.history.lines.iter().filter_map(|line| {
            let mut records = polled(&line.event).iter();
            let first = records.find(|record| record.partition.to_string() == partition)?;
            Some(format!("{} {}", line.process, first.offset))
        });
        let (process, _) = subject.split_once(' ').unwrap_or_default();
        let mut of_process = given.filter(|given| given.split(' ').next() == Some(process));
        of_process.next().as_deref() == Some(subject)
    }

    /// Why a history may show something that the monitors have not found.
    fn excuse_offline(&self, (class, ..): &Key) -> Option<Excuse> {
        (*class == "unread" && self.report.finale.is_none()).then_some(Excuse::NotReadToEnd)
    }

    /// What they disagree about, and which excuses were needed.
    fn differences(&self, excuses: &mut BTreeSet<Excuse>) -> Vec<String> {
        let (online, offline) = (self.online(), self.offline());
        let mut differences = Vec::new();
        for (key, finding) in online.iter().filter(|(key, _)| !offline.contains_key(*key)) {
            match self.excuse_online(key, &finding.message) {
                Some(excuse) => drop(excuses.insert(excuse)),
                None => differences.push(format!(
                    "only the monitors find {}: {}",
                    finding.promise, finding.message
                )),
            }
        }
        for (key, anomaly) in offline
            .iter()
            .filter(|(key, anomaly)| anomaly.allowed.is_none() && !online.contains_key(*key))
        {
            match self.excuse_offline(key) {
                Some(excuse) => drop(excuses.insert(excuse)),
                None => differences.push(format!("only verify finds {anomaly}")),
            }
        }
        // The others have no monitor that sees what clients see; under whatever rules, nobody reads what is not sent.
        let others = self
            .verified
            .anomalies
            .iter()
            .filter(|anomaly| anomaly.kind == Kind::PrecommittedRead);
        differences.extend(others.map(|anomaly| format!("verify finds {anomaly}")));
        differences
    }
}

/// What a poll has returned.
fn polled(event: &Event) -> &[PolledRecord] {
    if let Event::PollOk { records } = event {
        records
    } else {
        &[]
    }
}

fn seen(history: &History) -> BTreeMap<(String, i64), BTreeSet<String>> {
    let mut seen: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    let mut sends = BTreeMap::new();
    for line in &history.lines {
        if let Event::Send {
            id,
            topic,
            value: Some(value),
            ..
        } = &line.event
        {
            sends.insert((&line.process, *id), (topic, value));
        } else if let Event::SendOk {
            id,
            partition,
            offset: Some(offset),
        } = &line.event
            && let Some((topic, value)) = sends.get(&(&line.process, *id))
        {
            seen.entry((format!("{topic}-{partition}"), offset.0))
                .or_default()
                .insert(value.to_string());
        } else if let Event::PollOk { records } = &line.event {
            for record in records {
                let values = seen.entry((record.partition.to_string(), record.offset.0)).or_default();
                values.extend(record.value.as_ref().map(ToString::to_string));
            }
        }
    }
    seen
}

/// What came of many runs.
#[derive(Default)]
struct Tally {
    differences: Vec<String>,
    excuses: BTreeSet<Excuse>,
    kinds: BTreeSet<Kind>,
    allowances: BTreeSet<Allowance>,
    runs: u64,
}

impl Tally {
    fn of(trial: &Trial<'_>, seed: u64) -> Self {
        let run = Run::of(trial, seed);
        let mut tally = Self {
            runs: 1,
            ..Self::default()
        };
        let differences = run.differences(&mut tally.excuses);
        tally.differences.extend(
            differences
                .iter()
                .map(|difference| format!("{} --seed {seed}: {difference}", trial.arguments())),
        );
        tally
            .kinds
            .extend(run.verified.anomalies.iter().map(|anomaly| anomaly.kind));
        tally
            .allowances
            .extend(run.verified.anomalies.iter().filter_map(|anomaly| anomaly.allowed));
        tally
    }

    fn merge(mut self, other: Self) -> Self {
        self.differences.extend(other.differences);
        self.excuses.extend(other.excuses);
        self.kinds.extend(other.kinds);
        self.allowances.extend(other.allowances);
        self.runs += other.runs;
        self
    }
}

fn seeds(otherwise: u64) -> std::ops::Range<u64> {
    kafkasim_scenarios::seeds::from_environment(otherwise).unwrap_or_else(|why| panic!("{why}"))
}

#[test]
fn verify_and_the_monitors_agree_on_every_scenario() {
    let scenarios = catalog::all().unwrap_or_else(|error| panic!("{error}"));
    let trials = scenarios
        .par_iter()
        .flat_map(|scenario| seeds(SEEDS).into_par_iter().map(move |seed| (scenario, seed)));
    let tally = trials
        .map(|(scenario, seed)| {
            Tally::of(
                &Trial {
                    scenario,
                    rules: &rule_sets::CURRENT,
                },
                seed,
            )
        })
        .reduce(Tally::default, Tally::merge);
    assert!(tally.differences.is_empty(), "{}", tally.differences.join("\n"));
    // A quiet campaign would show nothing.
    for kind in [
        Kind::LostWrite,
        Kind::InconsistentOffsets,
        Kind::NonmonotonicSend,
        Kind::PollSkip,
    ] {
        assert!(
            tally.kinds.contains(&kind),
            "{kind} is never found in {} runs",
            tally.runs
        );
    }
    println!(
        "{} runs; found {:?}; allowed {:?}; excused {:?}",
        tally.runs, tally.kinds, tally.allowances, tally.excuses
    );
}

#[test]
fn verify_and_the_monitors_agree_on_every_exhibit() {
    let exhibits: Vec<_> = exhibits::all()
        .iter()
        .map(|exhibit| {
            (
                exhibit.scenario().unwrap_or_else(|error| panic!("{error}")),
                exhibit.rule_set(),
            )
        })
        .collect();
    let trials = exhibits.par_iter().flat_map(|exhibit| {
        seeds(SEEDS_OF_EXHIBITS)
            .into_par_iter()
            .map(move |seed| (exhibit, seed))
    });
    let tally = trials
        .map(|((scenario, rules), seed)| Tally::of(&Trial { scenario, rules }, seed))
        .reduce(Tally::default, Tally::merge);
    assert!(tally.differences.is_empty(), "{}", tally.differences.join("\n"));
    println!(
        "{} runs; found {:?}; allowed {:?}; excused {:?}",
        tally.runs, tally.kinds, tally.allowances, tally.excuses
    );
}
