//! Consumers that are members of a group.

mod commits;
mod cooperative;
mod membership;
mod patterns;
