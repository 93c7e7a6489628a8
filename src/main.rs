//! The `countersign` binary: parses the command line and calls the library.

use std::process::ExitCode;

use clap::Parser as _;
use countersign::cli::{self, Arguments};

/// The code where the process cannot begin.
const NO_RUNTIME: &str = "start.runtime";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error[{NO_RUNTIME}]: the asynchronous runtime does not start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(cli::run(arguments));
    // A second of grace for what must not be cut; then the process ends whatever is left.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    ExitCode::from(code)
}
