//! Kafka's brokers, controllers, producers and consumers as pure state machines.
//!
//! Nothing in here has a clock, chance, a thread, a file, a socket or a logger. Every [`Machine`](machine::Machine) takes one input at
//! a time and leaves every consequence in an [`Outbox`](machine::Outbox); whoever drives it decides when, in which order and whether.
//!
//! - The contract: [`machine`], [`timer`], [`call`] and [`lookup`], [`note`], [`disk`].
//! - Vocabulary: [`ids`], [`error`], [`message`], [`record`], [`group`], [`config`].
//! - What may be contested: [`rules`].
//! - The machines: [`broker`] (over [`log`]), [`controller`], [`producer`], [`consumer`], [`operator`]; what they share: [`connections`],
//!   [`metadata`].

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod broker;
pub mod call;
pub mod cluster;
pub mod config;
pub mod connections;
pub mod consumer;
pub mod controller;
pub mod disk;
pub mod error;
pub mod group;
pub mod ids;
pub mod log;
pub mod lookup;
pub mod machine;
pub mod message;
pub mod metadata;
pub mod note;
pub mod operator;
pub mod producer;
pub mod record;
pub mod rules;
pub mod timer;
