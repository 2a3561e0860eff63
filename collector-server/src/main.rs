//! The `firsthand` command.

use std::process::ExitCode;

use clap::Parser as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[allow(clippy::print_stderr)] // where a command says why it failed
fn main() -> ExitCode {
    match firsthand_collector::cli::run(firsthand_collector::cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("firsthand: {error:#}");
            ExitCode::FAILURE
        }
    }
}
