//! The command as people and scripts use it: what it refuses and how, what its exit status means, and that threads change nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder of its own for each test, empty.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}

fn kafkasim(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kafkasim"));
    command.args(arguments.split_whitespace()).current_dir(folder);
    command
        .env_remove("KAFKASIM_SEED")
        .env_remove("KAFKASIM_SEEDS")
        .env("NO_COLOR", "1");
    command
}

fn run(folder: &Path, arguments: &str) -> Output {
    kafkasim(folder, arguments).output().expect("the command runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

/// Runs a command that must succeed, and returns what it says.
fn said(folder: &Path, arguments: &str) -> String {
    let output = run(folder, arguments);
    let said = text(&output.stdout);
    assert!(
        output.status.success(),
        "kafkasim {arguments}: {}\n{said}{}",
        output.status,
        text(&output.stderr)
    );
    said
}

fn catalog(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog").join(name);
    fs::read_to_string(path).expect("a file of the catalog")
}

#[test]
fn bad_input_is_refused_with_one_message_and_status_2() {
    let folder = folder("bad-input");
    said(&folder, "run replication-2 --seeds 1");
    let default = catalog("default.toml");
    for (name, from, to) in [
        ("key.toml", "\"linger.ms\"", "\"linger.sm\""),
        ("value.toml", "\"linger.ms\" = [0, 5, 50]", "\"linger.ms\" = -5"),
        ("field.toml", "replication-factor", "replication-facto"),
        ("topic.toml", "topic = \"orders\"", "topic = \"order\""),
        ("number.toml", "outstanding = \"1..20\"", "outstanding = 0"),
        (
            "found.toml",
            "reached = [\"leader-change\"",
            "finds = [\"leader-change\"]\nreached = [\"truncation\"",
        ),
        (
            "reached.toml",
            "reached = [\"leader-change\"",
            "reached = [\"lost-write\"",
        ),
        ("nothing.toml", "\"linger.ms\" = [0, 5, 50]", "\"linger.ms\" = []"),
        (
            "replicas.toml",
            "replication-factor = 3",
            "replication-factor = \"2..4\"",
        ),
    ] {
        assert!(default.contains(from), "{from} is in the default scenario");
        fs::write(folder.join(name), default.replace(from, to)).expect("a file can be written");
    }
    fs::create_dir(folder.join("folder.trace")).expect("a folder can be made");
    fs::write(folder.join("foreign.trace"), "root:x:0:0\n").expect("a file can be written");
    let misspelt = "{\"kafkasim_history\":1}\n{\"process\":\"p\",\"event\":\"send\",\"id\":0,\"topic\":\"t\",\"valeu\":\"a\"}\n{\"lines\":1}\n";
    fs::write(folder.join("misspelt.jsonl"), misspelt).expect("a file can be written");
    for (arguments, expected) in [
        ("run defualt", "did you mean \"default\"?"),
        ("run nowhere.toml", "nowhere.toml: No such file"),
        (
            "run key.toml",
            "linger.sm is no key of a producer; did you mean linger.ms?",
        ),
        ("run value.toml", "linger.ms=-5: expected an integer of at least 0"),
        ("run field.toml", "did you mean \"replication-factor\"?"),
        (
            "run topic.toml",
            "there is no topic \"order\"; did you mean \"orders\"?",
        ),
        ("run number.toml", "outstanding may be 0: expected at least 1"),
        (
            "run found.toml",
            "\"leader-change\" is a situation, not a promise: it belongs in `reached`",
        ),
        (
            "run reached.toml",
            "\"lost-write\" is a promise, not a situation: it belongs in `finds`",
        ),
        ("run nothing.toml", "linger.ms = []: expected at least one value"),
        ("run replicas.toml", "wants 4 replicas of 3 brokers"),
        ("run foreign.trace", "is a trace"),
        ("show folder.trace", "folder.trace: Is a directory"),
        ("run default --seeds -1", "expected a number"),
        ("run default --rules kip-11", "did you mean \"kip-101\"?"),
        ("run default --seeds 0", "at least 1"),
        ("run default --seed 1 --seeds 2", "cannot be used with"),
        ("replay foreign.trace", "foreign.trace:1: this is not a kafkasim trace"),
        ("replay default", "add --seed S"),
        ("replay foreign.trace --seed 1", "is a trace"),
        ("shrink nowhere.trace", "nowhere.trace: No such file"),
        ("show foreign.trace", "foreign.trace:1: this is not a kafkasim trace"),
        ("explore defualt", "did you mean \"default\"?"),
        ("verify foreign.trace", "foreign.trace:1: this is no history"),
        ("verify nowhere.jsonl", "nowhere.jsonl: No such file"),
        (
            "verify misspelt.jsonl",
            "misspelt.jsonl:2: there is no key \"valeu\" here; did you mean \"value\"?",
        ),
        ("run default --history many.jsonl", "name one scenario and one seed"),
        (
            "replay default --seed 1 --history misspelt.jsonl",
            "misspelt.jsonl exists already",
        ),
    ] {
        let output = run(&folder, arguments);
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(2), "kafkasim {arguments}: {stdout}{stderr}");
        assert!(stdout.is_empty(), "kafkasim {arguments} printed: {stdout}");
        assert!(
            stderr.starts_with("error: ") && stderr.contains(expected),
            "kafkasim {arguments}: {stderr}"
        );
        if arguments.starts_with("run ") && arguments.ends_with(".toml") && !arguments.contains("nowhere") {
            assert!(stderr.contains(".toml:"), "no line is named: {stderr}");
        }
    }
}

#[test]
fn an_exhibit_is_convicted_kept_replayed_shrunk_and_drawn() {
    let folder = folder("exhibit");
    let exhibit = "canary-duplicate-lookup-skipped";
    let convicted = said(&folder, &format!("run {exhibit}"));
    assert!(convicted.contains("convicted of duplicate"), "{convicted}");
    let failures = fs::read_dir(folder.join("results/failures")).expect("a trace was kept");
    let traces: Vec<_> = failures
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    let [trace] = traces.as_slice() else {
        panic!("one trace, not {traces:?}")
    };
    let trace = format!("results/failures/{trace}");
    assert!(convicted.contains(&format!("replay {trace}")), "{convicted}");
    let small = trace.replace(".trace", ".shrunk.trace");
    assert!(said(&folder, &format!("replay {trace} --quiet")).contains("equal, event for event"));
    let shrunk = said(&folder, &format!("shrink {trace}"));
    assert!(
        shrunk.contains("shrunk for duplicate") && shrunk.contains(&format!("replay {small}")),
        "{shrunk}"
    );
    let again = run(&folder, &format!("shrink {trace}"));
    assert_eq!(again.status.code(), Some(2), "an existing file was overwritten");
    assert!(said(&folder, &format!("replay {small}")).contains("equal, event for event"));
    assert!(said(&folder, &format!("show {small}")).contains("broker-1"));
}

#[test]
fn a_trace_that_was_tampered_with_drifts() {
    let folder = folder("drift");
    said(&folder, "run canary-duplicate-lookup-skipped --keep .");
    let mut entries = fs::read_dir(&folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path());
    let is_trace = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "trace");
    let path = entries.find(is_trace).expect("a trace was kept");
    let whole = fs::read_to_string(&path).expect("a trace can be read");
    let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
    let check = |text: &str, status: i32, expected: &str| {
        fs::write(&path, text).expect("a trace can be written");
        let output = run(&folder, &format!("replay {name} --quiet"));
        let said = text_of(&output);
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert!(said.contains(expected), "{said}");
    };
    check(&whole, 0, "equal, event for event");
    check(
        &whole.replacen("{\"node\":1}", "{\"node\":99}", 1),
        4,
        "there is no such process",
    );
    check(
        &whole.replacen("{\"node\":1}", "{\"node\":-1}", 1),
        4,
        "there is no such process",
    );
    check(&whole[..whole.len() / 2], 2, "truncated");
    let (steps, _) = whole.trim_end().rsplit_once('\n').expect("many lines");
    check(steps, 2, "truncated");
    check(
        &whole.replacen("\"kafkasim_trace\":1", "\"kafkasim_trace\":9", 1),
        2,
        "format version 9",
    );
}

fn text_of(output: &Output) -> String {
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn the_same_is_found_whatever_the_number_of_threads() {
    let folder = folder("threads");
    for arguments in [
        "run acks-1-leader-loss --seeds 20",
        "run canary-isr-never-expands",
        "run default --seeds 12 --json",
    ] {
        let one = run(&folder, &format!("{arguments} --threads 1"));
        let three = run(&folder, &format!("{arguments} --threads 3"));
        assert_eq!(text(&one.stdout), text(&three.stdout), "kafkasim {arguments}");
        assert_eq!(one.status, three.status);
    }
}

#[test]
fn json_is_one_document() {
    let folder = folder("json");
    for arguments in [
        "list --json",
        "list --keys --json",
        "run replication-2 --seeds 2 --json",
        "replay replication-2 --seed 1 --json",
        "explore replication-2 --crashes 0 --json",
    ] {
        let said = said(&folder, arguments);
        let parsed: Result<serde_json::Value, _> = serde_json::from_str(&said);
        assert!(
            parsed.is_ok_and(|document| document.is_object()),
            "kafkasim {arguments}: {said}"
        );
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = folder("pipe");
    let mut child = kafkasim(&folder, "replay default --seed 1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

#[test]
fn seeds_come_from_the_environment_unless_they_are_given() {
    let folder = folder("environment");
    let ran = |arguments: &str, variable: &str, value: &str| {
        text_of(
            &kafkasim(&folder, arguments)
                .env(variable, value)
                .output()
                .expect("the command runs"),
        )
    };
    assert!(ran("run replication-2", "KAFKASIM_SEEDS", "3").contains("3 seeds (0 to 2)"));
    assert!(ran("run replication-2", "KAFKASIM_SEED", "0x10").contains("seed 16"));
    assert!(ran("run replication-2 --seeds 4", "KAFKASIM_SEED", "5").contains("4 seeds (0 to 3)"));
    assert!(ran("run replication-2", "KAFKASIM_SEEDS", "many").contains("KAFKASIM_SEEDS=many: expected a number"));
}

#[test]
fn the_history_of_a_run_is_written_once_and_verified() {
    let folder = folder("history");
    said(&folder, "run acks-all-leader-loss --seed 3 --history 3.jsonl");
    let clean = said(&folder, "verify 3.jsonl");
    assert!(
        clean.contains("by kafkasim run acks-all-leader-loss --seed 3") && clean.contains("no anomalies"),
        "{clean}"
    );
    let whole = fs::read_to_string(folder.join("3.jsonl")).expect("the history was written");
    said(
        &folder,
        "replay acks-all-leader-loss --seed 3 --quiet --history 3.jsonl --force",
    );
    let again = fs::read_to_string(folder.join("3.jsonl")).expect("the history was written again");
    assert_eq!(again, whole, "run and replay tell different histories");
    let lost = whole
        .lines()
        .find(|line| line.contains("\"send-ok\""))
        .expect("a send was acknowledged");
    let failed = lost
        .split_once("\"partition\"")
        .map(|(before, _)| before.replace("send-ok", "send-fail") + "\"error\":\"x\"}");
    fs::write(
        folder.join("bad.jsonl"),
        whole.replacen(lost, &failed.expect("it has a partition"), 1),
    )
    .expect("a file can be written");
    let output = run(&folder, "verify bad.jsonl");
    let told = text_of(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("G1a") && told.contains("1 anomaly") && told.contains("sed -n '"),
        "{told}"
    );
    let json: serde_json::Value =
        serde_json::from_slice(&run(&folder, "verify bad.jsonl --json").stdout).expect("one document");
    assert_eq!(
        (json["clean"].as_bool(), json["anomalies"][0]["kind"].as_str()),
        (Some(false), Some("G1a"))
    );
}

#[test]
fn the_headline_is_shrunk_unless_another_promise_is_asked_for() {
    let folder = folder("headline");
    let found = said(&folder, "run acks-1-leader-loss --seeds 150");
    let seed = found
        .split_once("lost-write in ")
        .and_then(|(_, rest)| rest.split_once("first in ")?.1.split_once(','))
        .map(|(seed, _)| seed.to_owned())
        .expect("a seed loses a record");
    assert!(
        found.contains("was acknowledged to producer-"),
        "processes go by name: {found}"
    );
    let alone = said(&folder, &format!("run acks-1-leader-loss --seed {seed} --keep ."));
    let trace = format!("acks-1-leader-loss-{seed}.trace");
    let headline = said(&folder, &format!("shrink {trace}"));
    assert!(
        headline.contains("shrunk for lost-write, allowed by acks=1"),
        "{headline}"
    );
    assert!(
        !headline.contains("→ 0 (") || headline.contains("no fault is needed"),
        "{headline}"
    );
    if alone.contains("inconsistent-offsets") {
        assert!(headline.contains("besides"), "{headline}");
        let other = said(
            &folder,
            &format!("shrink {trace} --promise inconsistent-offsets -o other.trace"),
        );
        assert!(other.contains("shrunk for inconsistent-offsets"), "{other}");
    }
}

#[test]
fn few_seeds_are_not_taken_for_a_failure() {
    let folder = folder("few");
    for arguments in ["--seeds 1", "run acks-1-leader-loss --seeds 1"] {
        let output = run(&folder, arguments);
        let said = text(&output.stdout);
        assert_eq!(output.status.code(), Some(3), "kafkasim {arguments}: {said}");
        assert!(!said.contains("FAIL"), "kafkasim {arguments}: {said}");
        assert!(said.contains("at least 150 are usual"), "kafkasim {arguments}: {said}");
    }
    let alone = kafkasim(&folder, "")
        .env("KAFKASIM_SEED", "7")
        .output()
        .expect("the command runs");
    let said = text(&alone.stdout);
    assert_eq!(alone.status.code(), Some(0), "{said}");
    assert!(
        said.contains("left out") && !said.contains("exhibit, its own rule"),
        "{said}"
    );
}

#[test]
fn lists_fit_on_a_page() {
    let folder = folder("lists");
    for arguments in [
        "list",
        "list --keys",
        "list --situations",
        "list --promises",
        "verify --kinds",
    ] {
        let said = said(&folder, arguments);
        let longest = said.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(120), "kafkasim {arguments} takes {longest:?} columns");
    }
}
