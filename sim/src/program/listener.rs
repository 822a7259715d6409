//! What a program has to remember of its rebalance listener.

use kafkasim_core::call::{Answer, Call, Rebalance};

/// The rebalance listener of a program: whether it is being called, and with what.
///
/// Everybody who subscribes has one, and until it returns, the poll that called it does not. A program that does not care about rebalances keeps one
/// of these, tells it of every call and every answer, and begins its [`Program::next_call`](super::Program::next_call) with
///
/// ```
/// # use kafkasim::program::Listener;
/// # use kafkasim_core::call::Call;
/// # fn next_call(listener: &Listener) -> Option<Call> {
/// if listener.is_called() {
///     return Some(Call::ListenerReturned);
/// }
/// # None
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Listener {
    called_with: Option<Rebalance>,
}

impl Listener {
    /// One that is not being called.
    #[must_use]
    pub const fn new() -> Self {
        Self { called_with: None }
    }

    /// Whether it is being called, so that it has to return.
    #[must_use]
    pub const fn is_called(&self) -> bool {
        self.called_with.is_some()
    }

    /// What it is being called with.
    #[must_use]
    pub const fn called_with(&self) -> Option<&Rebalance> {
        self.called_with.as_ref()
    }

    /// The program made a call.
    pub fn called(&mut self, call: &Call) {
        if *call == Call::ListenerReturned {
            self.called_with = None;
        }
    }

    /// The program was answered.
    pub fn answered(&mut self, answer: &Answer) {
        if let Answer::Rebalanced(rebalance) = answer {
            self.called_with = Some(rebalance.clone());
        }
    }
}
