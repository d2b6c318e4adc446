//! `cargo run`: builds the functions, starts the local cloud, fills it with a demo shop, and
//! serves until Ctrl-C.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use local::demo::{self, ACCOUNTS, Account, Demo};
use local::{Cloud, LogSink, Options, Ports, Profile, StartError, build_functions};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

/// The whole shop on this machine: API, database, pictures and secrets, on loopback only.
#[derive(Debug, Parser)]
#[command(name = "local", version)]
struct Arguments {
    /// Port of the API; DynamoDB, S3 and Secrets Manager take the three after it. With 0, all
    /// take any free ones
    #[arg(long, default_value = "9000", value_name = "N")]
    port: Ports,
    /// Folder that keeps tables, pictures and secrets; without it all is in memory
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Which build of the functions to run
    #[arg(long, value_enum, default_value_t = Build::Dev)]
    profile: Build,
    /// Start with empty tables instead of a demo shop
    #[arg(long)]
    no_seed: bool,
    /// File to write, as JSON, once all is up: URLs, process id and demo accounts
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
}

/// The command line's word for [`Profile`].
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Build {
    /// Debug builds: quick to make
    Dev,
    /// Release builds: what is deployed
    Release,
}

impl From<Build> for Profile {
    fn from(build: Build) -> Self {
        match build {
            Build::Dev => Self::Dev,
            Build::Release => Self::Release,
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), StartError> {
    // A port that is taken is told before a build of minutes, not after it.
    arguments.port.check()?;
    say("Building the functions ...");
    let profile = Profile::from(arguments.profile);
    build_functions(profile)?;
    let options = Options {
        ports: arguments.port,
        data: arguments.data.clone(),
        profile,
        logs: LogSink::Stderr,
        ..Options::default()
    };
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| StartError::Listen {
            service: "the local cloud",
            error,
        })?
        .block_on(serve(arguments, options))
}

async fn serve(arguments: &Arguments, options: Options) -> Result<(), StartError> {
    // Before the first process starts, so that none is left behind by an early Ctrl-C.
    let mut stop = Stop::listen()?;
    let cloud = Cloud::start(options).await?;
    let outcome = tokio::select! {
        ready = prepare(arguments, &cloud) => ready,
        () = stop.wait() => {
            cloud.stop().await;
            return Ok(());
        }
    };
    if outcome.is_ok() {
        stop.wait().await;
        say("Stopping ...");
    }
    cloud.stop().await;
    outcome
}

/// What comes between the start and the first request.
async fn prepare(arguments: &Arguments, cloud: &Cloud) -> Result<(), StartError> {
    // A secret is born empty; its first rotation makes its value, as after a deployment.
    cloud.make_secrets().await?;
    if !arguments.no_seed {
        say("Filling the demo shop ...");
        demo::fill(cloud, Demo::Full).await?;
    }
    let accounts: &[Account] = if arguments.no_seed { &[] } else { &ACCOUNTS };

    // Last, since some functions read at their start what the lines above made.
    cloud.warm().await?;

    if let Some(path) = &arguments.ready_file {
        let ready = json!({
            "api": cloud.api_url(),
            "s3": cloud.s3_url(),
            "dynamodb": cloud.dynamodb_url(),
            "secretsManager": cloud.secrets_manager_url(),
            "pid": std::process::id(),
            "accounts": accounts,
        });
        write_whole(path, &ready.to_string()).map_err(|error| StartError::Data {
            path: path.clone(),
            reason: format!("the ready file cannot be written: {error}"),
        })?;
    }
    say(&welcome(cloud, accounts));
    Ok(())
}

/// What a newcomer needs to begin.
fn welcome(cloud: &Cloud, accounts: &[Account]) -> String {
    let api = cloud.api_url();
    let mut text = format!(
        "\nThe shop is open.\n\n  API              {api}\n  DynamoDB         {}\n  \
         S3               {}\n  Secrets Manager  {}\n",
        cloud.dynamodb_url(),
        cloud.s3_url(),
        cloud.secrets_manager_url(),
    );
    if !accounts.is_empty() {
        text.push_str("\n  Accounts of the demo\n");
    }
    for account in accounts {
        let line = format!(
            "    {:<12} {:<20} {}\n",
            account.role, account.email, account.password
        );
        text.push_str(&line);
    }
    text.push_str(&format!(
        "\nTo begin:\n\n  curl '{api}/api/products?limit=3'\n\nThe README's tour goes on from \
         there. Press Ctrl-C to close the shop."
    ));
    text
}

/// Writes a file so that whoever waits for it never sees half of it.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    fs::write(&new, text)?;
    fs::rename(new, path)
}

/// Ctrl-C and the signal that service managers send.
struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn listen() -> Result<Self, StartError> {
        let listen = |kind| {
            signal(kind).map_err(|error| StartError::Listen {
                service: "the local cloud",
                error,
            })
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

fn say(text: &str) {
    // Nobody may be listening, as when the output is a closed pipe.
    let _ = writeln!(io::stdout(), "{text}");
}
