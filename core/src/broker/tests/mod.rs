//! Conversations with one broker, as text. `script` reads the inputs (with `words`, `requests`, `answers`), `render` writes the effects.

mod answers;
mod deleting;
mod following;
mod groups;
mod lifecycle;
mod producing;
mod proposals;
mod reading;
mod render;
mod replication;
mod requests;
mod script;
mod serving;
mod words;

use alloc::string::String;
use alloc::vec::Vec;

use script::Conversation;

use crate::rules::Rules;

/// A broker (1 of 1, 2, 3; the controller is 9) that has just registered and been unfenced; t1-0 is on all three.
const IN_SERVICE: &str = "
    open 9 Lifecycle
    open 9 Metadata
    registered 0
    log register 1; register 2; register 3; unfence 1; unfence 2; unfence 3; topic 1; config topic1 min.insync.replicas=2
    alive
";

/// As [`IN_SERVICE`], and it leads t1-0 with everybody in sync.
const LEADING: &str = "
    log partition t1-0 replicas=1,2,3 isr=1,2,3 leader=1
";

/// As [`IN_SERVICE`], and it leads t1-0 without broker 3 being in sync.
const WITHOUT_3: &str = "
    log partition t1-0 replicas=1,2,3 isr=1,2 leader=1
    fetch 2 t1-0@0 e=0
";

/// As [`IN_SERVICE`], and it follows broker 2.
const FOLLOWING: &str = "
    log partition t1-0 replicas=2,1,3 isr=2,1,3 leader=2
    open 2 Replica
";

/// Plays the lines that do not start with `>` and expects that those which do tell the effects, in order.
fn check(before: &[&str], script: &str) {
    check_with(Rules::CURRENT, before, script);
}

fn check_with(rules: Rules, before: &[&str], script: &str) {
    check_from(Conversation::boot(rules), before, script);
}

fn check_from(mut conversation: Conversation, before: &[&str], script: &str) {
    for line in before
        .iter()
        .flat_map(|lines| lines.lines())
        .filter(|line| !line.trim().is_empty())
    {
        conversation.play(line);
    }
    let mut told = String::new();
    for line in script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('>'))
    {
        told.push_str(line);
        told.push('\n');
        for effect in conversation.play(line) {
            told.push_str("> ");
            told.push_str(&effect);
            told.push('\n');
        }
    }
    let expected: Vec<&str> = script.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let expected = expected.join("\n") + "\n";
    assert!(told == expected, "told:\n{told}\nexpected:\n{expected}");
}
