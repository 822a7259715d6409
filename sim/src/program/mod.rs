//! What applications do with their clients.

mod create_topics;
mod filler;
mod group_loop;
mod listener;
mod poll_loop;
mod send_loop;
mod stream_stage;
mod table;

use std::any::Any;
use std::fmt::Debug;
use std::hash::Hash;

use kafkasim_core::call::{Answer, Call};
use kafkasim_core::ids::{Offset, TopicName};

pub use create_topics::CreateTopics;
pub use group_loop::{Commits, GroupLoop, Habits, HandOff};
pub use listener::Listener;
pub use poll_loop::PollLoop;
pub use send_loop::{Placement, SendLoop};
pub use stream_stage::{Part, StreamStage};
pub use table::Table;

use crate::fingerprint::Fingerprint;

/// An application on top of one client: it makes calls and is told answers, and may work on what it was told. It has no clock either; how long
/// it thinks between two calls, and how long it works, is the scheduler's business.
pub trait Program: Clone + Eq + Hash + Debug + Send + Sync + 'static {
    /// Its process started, for the `incarnation`th time (from 0). What it knew before is gone.
    fn started(&mut self, _incarnation: u32) {}

    /// The call that it would make now, if it is not waiting for anything.
    fn next_call(&self) -> Option<Call>;

    /// Whether there is one. It is asked after whatever happens to the process; a program that can tell without putting the call together says
    /// so here.
    fn has_call(&self) -> bool {
        self.next_call().is_some()
    }

    /// Whether it thinks before that call. If not, the call is made at once.
    fn thinks(&self) -> bool {
        true
    }

    /// That call was made.
    fn called(&mut self, call: &Call);

    /// A call was answered.
    fn answered(&mut self, answer: &Answer);

    /// Whether it has something to do besides its calls, such as records to process. An application that works in the thread that polls has no
    /// [`Self::next_call`] meanwhile; one that has handed its work to another thread may have both.
    fn has_work(&self) -> bool {
        false
    }

    /// How long the next piece of work takes, at least and at most, in milliseconds. The scheduler draws it.
    fn work_ms(&self) -> (u64, u64) {
        (0, 0)
    }

    /// That piece of work is done: says which records have been processed by that. They are told to the monitors, who compare them with what was
    /// polled and committed, in this order and before anything else happens.
    fn work(&mut self) -> Vec<(TopicName, i32, Offset)> {
        Vec::new()
    }

    /// Whether nobody has to wait for it before a run ends: it has done all that it ever wants to do, or it goes on for ever and has nothing that
    /// it must still finish.
    fn is_done(&self) -> bool;

    /// Its process is asked to stop (SIGTERM). Says whether it takes care of that, and will have [`Self::has_exited`]; if not, the process just ends.
    fn shut_down(&mut self) -> bool {
        false
    }

    /// Whether it has come to its end, and its process with it. It is asked after each answer.
    fn has_exited(&self) -> bool {
        false
    }
}

/// Any [`Program`], so that worlds can hold programs that this crate does not know.
#[derive(Debug)]
pub struct AnyProgram(Box<dyn Erased>);

impl AnyProgram {
    /// Wraps a program.
    pub fn new(program: impl Program) -> Self {
        Self(Box::new(program))
    }

    /// See [`Program::started`].
    pub fn started(&mut self, incarnation: u32) {
        self.0.started(incarnation);
    }

    /// See [`Program::next_call`].
    #[must_use]
    pub fn next_call(&self) -> Option<Call> {
        self.0.next_call()
    }

    /// See [`Program::has_call`].
    #[must_use]
    pub fn has_call(&self) -> bool {
        self.0.has_call()
    }

    /// See [`Program::thinks`].
    #[must_use]
    pub fn thinks(&self) -> bool {
        self.0.thinks()
    }

    /// See [`Program::called`].
    pub fn called(&mut self, call: &Call) {
        self.0.called(call);
    }

    /// See [`Program::answered`].
    pub fn answered(&mut self, answer: &Answer) {
        self.0.answered(answer);
    }

    /// See [`Program::has_work`].
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.0.has_work()
    }

    /// See [`Program::work_ms`].
    #[must_use]
    pub fn work_ms(&self) -> (u64, u64) {
        self.0.work_ms()
    }

    /// See [`Program::work`].
    pub fn work(&mut self) -> Vec<(TopicName, i32, Offset)> {
        self.0.work()
    }

    /// See [`Program::is_done`].
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.0.is_done()
    }

    /// See [`Program::shut_down`].
    pub fn shut_down(&mut self) -> bool {
        self.0.shut_down()
    }

    /// See [`Program::has_exited`].
    #[must_use]
    pub fn has_exited(&self) -> bool {
        self.0.has_exited()
    }

    /// The program itself, if it is a `P`.
    #[must_use]
    pub fn downcast_ref<P: Program>(&self) -> Option<&P> {
        self.0.as_any().downcast_ref()
    }
}

impl Clone for AnyProgram {
    fn clone(&self) -> Self {
        Self(self.0.boxed_clone())
    }
}

impl PartialEq for AnyProgram {
    fn eq(&self, other: &Self) -> bool {
        self.0.equals(other.0.as_any())
    }
}

impl Eq for AnyProgram {}

impl Hash for AnyProgram {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.fingerprint().hash(state);
    }
}

/// [`Program`] without the parts that cannot be called through a pointer.
trait Erased: Debug + Send + Sync {
    fn started(&mut self, incarnation: u32);
    fn next_call(&self) -> Option<Call>;
    fn has_call(&self) -> bool;
    fn thinks(&self) -> bool;
    fn called(&mut self, call: &Call);
    fn answered(&mut self, answer: &Answer);
    fn has_work(&self) -> bool;
    fn work_ms(&self) -> (u64, u64);
    fn work(&mut self) -> Vec<(TopicName, i32, Offset)>;
    fn is_done(&self) -> bool;
    fn shut_down(&mut self) -> bool;
    fn has_exited(&self) -> bool;
    fn boxed_clone(&self) -> Box<dyn Erased>;
    fn as_any(&self) -> &dyn Any;
    fn equals(&self, other: &dyn Any) -> bool;
    fn fingerprint(&self) -> Fingerprint;
}

impl<P: Program> Erased for P {
    fn started(&mut self, incarnation: u32) {
        Program::started(self, incarnation);
    }

    fn next_call(&self) -> Option<Call> {
        Program::next_call(self)
    }

    fn has_call(&self) -> bool {
        Program::has_call(self)
    }

    fn thinks(&self) -> bool {
        Program::thinks(self)
    }

    fn called(&mut self, call: &Call) {
        Program::called(self, call);
    }

    fn answered(&mut self, answer: &Answer) {
        Program::answered(self, answer);
    }

    fn has_work(&self) -> bool {
        Program::has_work(self)
    }

    fn work_ms(&self) -> (u64, u64) {
        Program::work_ms(self)
    }

    fn work(&mut self) -> Vec<(TopicName, i32, Offset)> {
        Program::work(self)
    }

    fn is_done(&self) -> bool {
        Program::is_done(self)
    }

    fn shut_down(&mut self) -> bool {
        Program::shut_down(self)
    }

    fn has_exited(&self) -> bool {
        Program::has_exited(self)
    }

    fn boxed_clone(&self) -> Box<dyn Erased> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<P>().is_some_and(|other| self == other)
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self)
    }
}
