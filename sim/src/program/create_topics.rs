//! A program of operators: it sees to it that there are topics.

use kafkasim_core::call::{Administration, Answer, Call, NewTopic};

use super::Program;

/// Creates topics, one after the other, and creates again what is deleted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateTopics {
    topics: Vec<NewTopic>,
    /// Those that are not there, by index; the next one last.
    missing: Vec<usize>,
    waiting: bool,
}

impl CreateTopics {
    /// All of these.
    #[must_use]
    pub fn new(topics: Vec<NewTopic>) -> Self {
        let missing = (0..topics.len()).rev().collect();
        Self {
            topics,
            missing,
            waiting: false,
        }
    }
}

impl Program for CreateTopics {
    fn next_call(&self) -> Option<Call> {
        if self.waiting {
            return None;
        }
        let next = *self.missing.last()?;
        Some(Call::Administer(Administration::CreateTopic(self.topics[next].clone())))
    }

    fn called(&mut self, _: &Call) {
        self.waiting = true;
    }

    fn answered(&mut self, answer: &Answer) {
        let Answer::Administered { task, result } = answer else {
            return;
        };
        if self.waiting {
            self.waiting = false;
            self.missing.pop();
        } else if let (Administration::DeleteTopic(deleted), Ok(())) = (task, result) {
            self.missing
                .extend(self.topics.iter().position(|topic| topic.name == *deleted));
        }
    }

    fn is_done(&self) -> bool {
        self.missing.is_empty()
    }
}
