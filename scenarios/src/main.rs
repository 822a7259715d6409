//! The `kafkasim` command.

fn main() {}
