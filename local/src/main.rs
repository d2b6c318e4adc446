//! `cargo run`: builds the functions, starts the local cloud, fills it with a demo shop, and
//! serves it and its pages until Ctrl-C. With an operator's command it does that instead.

mod arguments;
mod log_lines;
mod ready;
mod shop;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use arguments::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::read();
    let done: Result<(), Box<dyn Error>> = match &arguments.command {
        None => shop::run(&arguments.shop),
        Some(command) => command.run().map_err(Into::into),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "error: {failure}");
            ExitCode::FAILURE
        }
    }
}
