//! The Rust reference peers of Levin's interop suite and benchmark.

mod args;
mod bench;
mod cases;
mod hostile;
mod imposter;
mod keys;
mod miner;
mod refusals;
mod subnet;
mod validator;

use args::Args;
use std::process::ExitCode;

const USAGE: &str = "usage: levin-peer COMMAND [OPTIONS]
  miner        --port P [--seed 01] [--handler-timeout SECS] [--admit 02,03]
  validator    --port P [--seed 02] [--miner-seed 01] [--cases a,b] [--expect-timeout] [--lossy] [--give-up STREAMS]
  refusals     --port P [--seed 02] [--miner-seed 01] [--cases a,b]
  imposter     --port P [--seed 01]
  bench-miner  --port P [--seed 01]
  bench-client --port P --size BYTES --inflight K --seconds S [--setups N] [--seed 02] [--miner-seed 01]
  bench-stream --port P --size BYTES --bytes N --streams N --short N --firsts N [--seed 02] [--miner-seed 01]
  rounds       --axons FILE --rounds N --size BYTES [--seed 02]
  hotkey       SEED...
A seed is one byte in hex, repeated 32 times. --port 0 lets the system choose.
Cases print one JSON line each; the exit code is 1 when one failed, 2 when the command makes no sense.";

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Args::read(std::env::args().skip(1)) {
        Ok(args) => run(&args).await,
        Err(error) => Err(format!("{error}\n{USAGE}")),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("levin-peer: {error}");
            ExitCode::from(2)
        }
    }
}

async fn run(args: &Args) -> Result<ExitCode, String> {
    match args.command.as_str() {
        "miner" => miner::serve(args).await,
        "validator" => validator::run(args).await,
        "refusals" => refusals::run(args).await,
        "imposter" => imposter::serve(args).await,
        "bench-miner" => bench::serve(args).await,
        "bench-client" => bench::measure(args).await,
        "bench-stream" => bench::measure_streams(args).await,
        "rounds" => subnet::rounds(args).await,
        "hotkey" => {
            for word in &args.words {
                println!("{}", keys::hotkey(args::seed_byte(word)?));
            }
            Ok(ExitCode::SUCCESS)
        }
        other => Err(format!("unknown command {other}\n{USAGE}")),
    }
}

/// What the harness waits for before it starts the other side.
pub fn announce(port: u16) {
    use std::io::Write;
    println!("listening {port}");
    let _ = std::io::stdout().flush();
}
