//! The `kafkasim` command.

mod commands;

use std::process::ExitCode;

/// Worlds are copied and dropped all the time, by many threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    commands::main()
}
