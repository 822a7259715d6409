//! A seeded world, an explorer and checks for the machines of `kafkasim-core`.
//!
//! - [`setup`] says what a world is made of, [`program`] what its applications do.
//! - [`world`] is every process, disk and connection at one moment; one [`Action`](world::Action) at a time happens to it.
//! - Three drive it: [`random`] by a seed, [`explore`] exhaustively, [`replay`] by a list.
//! - [`check`] watches; [`trace`] is what remains; [`shrink`] makes it small; [`render`] makes it readable.

pub mod check;
pub mod conclude;
pub mod explore;
pub mod fingerprint;
pub mod history;
pub mod program;
pub mod random;
pub mod render;
pub mod replay;
pub mod run;
pub mod setup;
pub mod shrink;
mod sorted;
pub mod trace;
pub mod world;
