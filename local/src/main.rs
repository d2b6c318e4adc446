//! `cargo run`: builds the functions, starts the local cloud, fills it with a demo shop, and
//! serves until Ctrl-C. `cargo run -- rotate-keys` asks a shop that runs for new keys.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use local::demo::{self, ACCOUNTS, Account, Demo};
use local::operator::{self, OperatorError};
use local::rotation::{self, RotationError};
use local::template::{SecretTemplate, Template};
use local::{Cloud, LogSink, NoPorts, Options, Ports, Profile, StartError, build_functions};
use serde::Serialize;
use shared::aws::Env;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

/// The whole shop on this machine: API, database, pictures and secrets, on loopback only.
#[derive(Debug, Parser)]
#[command(
    name = "local",
    bin_name = "cargo run --",
    version,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    shop: ShopArguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Give a shop that runs new keys to sign with
    RotateKeys(RotateArguments),
    /// Invite the first super-admin of a shop: of one at AWS, with the credentials, the region and
    /// the tables that the environment names (docs/deploying.md), or of one on this machine
    FirstSuperAdmin(OperatorArguments),
}

#[derive(Debug, Args)]
struct ShopArguments {
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
    /// Set a parameter of template.yaml, such as AllowedOrigins=http://localhost:5173; may be
    /// given several times. The template's patterns are not applied
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    parameters: Vec<Parameter>,
    /// How the functions' log lines are written to standard error
    #[arg(long, value_enum, default_value_t = LogLines::Auto, value_name = "FORM")]
    logs: LogLines,
    /// File to write, as JSON, once all is up: URLs, process id and demo accounts. It is gone
    /// when the shop is
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct RotateArguments {
    /// Port of the shop's API
    #[arg(long, default_value = "9000", value_name = "N", value_parser = fixed_ports)]
    port: Ports,
    /// A secret's name in template.yaml, such as SigningKey; without it, all that have a rotation
    /// function
    secret: Option<String>,
}

#[derive(Debug, Args)]
struct OperatorArguments {
    /// The e-mail address that they will sign in with
    #[arg(long)]
    email: String,
    /// What they are called
    #[arg(long)]
    name: String,
    /// A shop that runs on this machine, by its API's port
    #[arg(long, value_name = "N", value_parser = fixed_ports)]
    port: Option<Ports>,
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

/// The command line's words for a [`LogSink`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogLines {
    /// Short lines on a terminal, otherwise as json
    Auto,
    /// As the functions write them: one JSON object a line
    Json,
}

impl LogLines {
    fn sink(self, is_terminal: bool) -> LogSink {
        match (self, is_terminal) {
            (Self::Auto, true) => LogSink::Terminal,
            (Self::Auto, false) | (Self::Json, _) => LogSink::Stderr,
        }
    }
}

/// A parameter of the template and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Parameter {
    name: String,
    value: String,
}

impl FromStr for Parameter {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok(Self {
                name: name.to_owned(),
                value: value.to_owned(),
            }),
            _ => Err("must be NAME=VALUE"),
        }
    }
}

/// Ports of a shop that can be found by one of them.
fn fixed_ports(text: &str) -> Result<Ports, String> {
    match text.parse() {
        Ok(Ports::ANY) => Err("must be the port that the shop's API has".to_owned()),
        Ok(ports) => Ok(ports),
        Err(error) => Err(NoPorts::to_string(&error)),
    }
}

/// Why the program ends without having done what it was asked for.
#[derive(Debug)]
enum Failure {
    Start(StartError),
    NoSuchSecret {
        name: String,
        known: Vec<String>,
    },
    Rotation {
        secret: String,
        error: RotationError,
    },
    Environment(shared::aws::StartError),
    Operator(OperatorError),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => error.fmt(f),
            Self::NoSuchSecret { name, known } => write!(
                f,
                "the template has no secret {name} that is rotated; it has {}",
                known.join(", ")
            ),
            Self::Rotation { secret, error } => write!(f, "{secret} was not rotated: {error}"),
            Self::Environment(error) => write!(
                f,
                "{error}. For a shop at AWS set what docs/deploying.md says; for one on this machine \
                 add `--port 9000`"
            ),
            Self::Operator(error) => write!(f, "nobody was invited: {error}"),
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.command {
        None => run(&arguments.shop).map_err(Failure::from),
        Some(Command::RotateKeys(arguments)) => rotate_keys(arguments),
        Some(Command::FirstSuperAdmin(arguments)) => first_super_admin(arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &ShopArguments) -> Result<(), StartError> {
    // What is wrong with the command line is told before a build of minutes, not after it.
    arguments.port.check()?;
    let mut options = Options {
        ports: arguments.port,
        data: arguments.data.clone(),
        profile: Profile::from(arguments.profile),
        logs: arguments.logs.sink(io::stderr().is_terminal()),
        ..Options::default()
    };
    let declared = Template::parameter_names(&options.template)?;
    options
        .deployment
        .parameters
        .extend(parameters(&arguments.parameters, &declared)?);
    // After the ports: until then a shop that runs may be the one that the file is about.
    let ready_file = arguments.ready_file.as_deref().map(ReadyFile::begin);
    let ready_file = ready_file.transpose()?;
    say("Building the functions ...");
    build_functions(options.profile)?;
    runtime()?.block_on(serve(arguments, options, ready_file))
}

/// The values that were given, if the template has parameters of these names. What is wrong with
/// a value the template's own patterns can't say here: they demand https, and a laptop has none.
fn parameters(
    given: &[Parameter],
    declared: &[String],
) -> Result<BTreeMap<String, String>, StartError> {
    if let Some(unknown) = given.iter().find(|it| !declared.contains(&it.name)) {
        return Err(StartError::UnknownParameter {
            name: unknown.name.clone(),
            known: declared.to_vec(),
        });
    }
    let given = given.iter().cloned();
    Ok(given.map(|it| (it.name, it.value)).collect())
}

fn rotate_keys(arguments: &RotateArguments) -> Result<(), Failure> {
    let options = Options::default();
    let template =
        Template::load(&options.template, &options.deployment).map_err(StartError::from)?;
    let secrets = rotated(&template.secrets, arguments.secret.as_deref())?;
    runtime()?.block_on(async {
        for secret in secrets {
            let name = &secret.logical_id;
            let rotated = rotation::rotate(arguments.port, secret).await;
            let version = rotated.map_err(|error| Failure::Rotation {
                secret: name.clone(),
                error,
            })?;
            say(&format!(
                "{name} is rotated: its version {version} is current. A function that keeps the \
                 one before takes it up within minutes."
            ));
        }
        Ok(())
    })
}

fn first_super_admin(arguments: &OperatorArguments) -> Result<(), Failure> {
    let env = match arguments.port {
        None => Env::of_process(),
        Some(ports) => {
            let variables = operator::of_local(ports).map_err(StartError::from)?;
            Env::of(move |name| variables.get(name).cloned())
        }
    };
    let env = env.map_err(Failure::Environment)?;
    let (email, name) = (&arguments.email, &arguments.name);
    let invited = runtime()?.block_on(operator::invite_first_super_admin(&env, email, name));
    say(&invited.map_err(Failure::Operator)?);
    Ok(())
}

/// The secret of that name, or all that are rotated.
fn rotated<'a>(
    secrets: &'a [SecretTemplate],
    name: Option<&str>,
) -> Result<Vec<&'a SecretTemplate>, Failure> {
    let all = secrets.iter().filter(|it| it.rotation_function.is_some());
    let chosen: Vec<_> = all
        .clone()
        .filter(|it| name.is_none_or(|name| it.logical_id == name))
        .collect();
    match name {
        Some(name) if chosen.is_empty() => Err(Failure::NoSuchSecret {
            name: name.to_owned(),
            known: all.map(|it| it.logical_id.clone()).collect(),
        }),
        _ => Ok(chosen),
    }
}

fn runtime() -> Result<Runtime, StartError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| StartError::Listen {
            service: "the local cloud",
            error,
        })
}

async fn serve(
    arguments: &ShopArguments,
    options: Options,
    ready_file: Option<ReadyFile>,
) -> Result<(), StartError> {
    // Before the first process starts, so that none is left behind by an early Ctrl-C.
    let mut stop = Stop::listen()?;
    let cloud = Cloud::start(options).await?;
    let outcome = tokio::select! {
        ready = prepare(arguments, &cloud, ready_file.as_ref()) => ready,
        () = stop.wait() => {
            drop(ready_file);
            cloud.stop().await;
            return Ok(());
        }
    };
    if outcome.is_ok() {
        stop.wait().await;
        say("Stopping ...");
    }
    // While all still answers: whoever finds the file may count on it.
    drop(ready_file);
    cloud.stop().await;
    outcome
}

/// What comes between the start and the first request.
async fn prepare(
    arguments: &ShopArguments,
    cloud: &Cloud,
    ready_file: Option<&ReadyFile>,
) -> Result<(), StartError> {
    // A secret is born empty; its first rotation makes its value, as after a deployment.
    cloud.make_secrets().await?;
    if !arguments.no_seed {
        say("Filling the demo shop ...");
        demo::fill(cloud, Demo::Full).await?;
    }

    // Last, since some functions read at their start what the lines above made.
    cloud.warm().await?;

    let ready = Ready {
        api: cloud.api_url(),
        s3: cloud.s3_url(),
        dynamodb: cloud.dynamodb_url(),
        secrets_manager: cloud.secrets_manager_url(),
        pid: std::process::id(),
        accounts: if arguments.no_seed { &[] } else { &ACCOUNTS },
    };
    if let Some(file) = ready_file {
        file.write(&ready)?;
    }
    say(&ready.welcome());
    Ok(())
}

/// A shop that is open, as the ready file tells of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Ready {
    api: String,
    s3: String,
    dynamodb: String,
    secrets_manager: String,
    pid: u32,
    /// None if it was not filled.
    accounts: &'static [Account],
}

impl Ready {
    /// What a newcomer needs to begin.
    fn welcome(&self) -> String {
        let api = &self.api;
        let mut text = format!(
            "\nThe shop is open.\n\n  API              {api}\n  DynamoDB         {}\n  \
             S3               {}\n  Secrets Manager  {}\n",
            self.dynamodb, self.s3, self.secrets_manager,
        );
        if self.accounts.is_empty() {
            text.push_str(&format!(
                "\nIt was not filled with a demo. To begin, make a customer's account:\n\n  \
                 curl '{api}/api/auth/register' -H 'content-type: application/json' \\\n    \
                 -d '{{\"email\":\"customer@example.com\",\"password\":\"owls fly at night\",\
                 \"name\":\"Some One\"}}'\n\nor invite the first super-admin (here with the \
                 shop's port):\n\n  cargo run -- first-super-admin --port 9000 \
                 --email you@example.com --name You\n\nPress Ctrl-C to close the shop."
            ));
            return text;
        }
        text.push_str("\n  Accounts of the demo\n");
        for account in self.accounts {
            let line = format!(
                "    {:<12} {:<20} {}\n",
                account.role, account.email, account.password
            );
            text.push_str(&line);
        }
        text.push_str(&format!(
            "\nTo begin:\n\n  curl '{api}/api/products?limit=3'\n\nThe README's tour goes on \
             from there. Press Ctrl-C to close the shop."
        ));
        text
    }
}

/// The file that is there while the shop is open, and only then. Dropping it removes the file.
#[derive(Debug)]
struct ReadyFile(PathBuf);

impl ReadyFile {
    /// Removes what a shop that was killed left behind.
    fn begin(path: &Path) -> Result<Self, StartError> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StartError::Data {
                path: path.to_owned(),
                reason: format!("the ready file of an earlier start cannot be removed: {error}"),
            }),
            Ok(()) | Err(_) => Ok(Self(path.to_owned())),
        }
    }

    fn write(&self, ready: &Ready) -> Result<(), StartError> {
        let written = serde_json::to_string(ready)
            .map_err(io::Error::from)
            .and_then(|text| write_whole(&self.0, &text));
        written.map_err(|error| StartError::Data {
            path: self.0.clone(),
            reason: format!("the ready file cannot be written: {error}"),
        })
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        // It may never have been written.
        let _ = fs::remove_file(&self.0);
    }
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use clap::error::ErrorKind;

    use super::*;

    fn parse(words: &[&str]) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(["local"].iter().chain(words))
    }

    #[test]
    fn without_a_word_it_is_the_shop_and_help_says_how_to_run_it() {
        Arguments::command().debug_assert();
        let arguments = parse(&[]).unwrap();
        assert!(arguments.command.is_none());
        assert_eq!(arguments.shop.port.api(), 9000);
        assert_eq!(arguments.shop.logs, LogLines::Auto);
        let help = Arguments::command().render_help().to_string();
        assert!(help.contains("cargo run -- [OPTIONS]"), "{help}");
        for told in [
            "rotate-keys",
            "DynamoDB, S3 and Secrets Manager take the three after it",
            "[default: 9000]",
            "NAME=VALUE",
        ] {
            assert!(help.contains(told), "{told}: {help}");
        }
    }

    #[test]
    fn a_port_must_leave_room_for_the_services_after_it() {
        assert_eq!(parse(&["--port", "0"]).unwrap().shop.port, Ports::ANY);
        assert_eq!(parse(&["--port", "8000"]).unwrap().shop.port.s3(), 8002);
        for wrong in ["65533", "70000", "x", ""] {
            let refused = parse(&["--port", wrong]).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ValueValidation, "{wrong}");
        }
    }

    #[test]
    fn keys_are_rotated_of_a_shop_that_is_named_by_its_port() {
        let rotate = |words: &[&str]| {
            let command = parse(words)?.command;
            let Some(Command::RotateKeys(arguments)) = command else {
                panic!("{words:?} is {command:?}");
            };
            Ok(arguments)
        };
        let plain = rotate(&["rotate-keys"]).unwrap();
        assert_eq!(plain.port.secrets_manager(), 9003);
        assert_eq!(plain.secret, None);
        let other = rotate(&["rotate-keys", "SigningKey", "--port", "8000"]).unwrap();
        assert_eq!(other.port.api(), 8000);
        assert_eq!(other.secret.as_deref(), Some("SigningKey"));
        let refused: Result<RotateArguments, clap::Error> = rotate(&["rotate-keys", "--port", "0"]);
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::ValueValidation);
        // Options of the shop would do nothing there.
        assert!(parse(&["--no-seed", "rotate-keys"]).is_err());
    }

    #[test]
    fn the_templates_rotated_secrets_are_found_by_their_names() {
        let options = Options::default();
        let template = Template::load(&options.template, &options.deployment).unwrap();
        let names = |name| {
            rotated(&template.secrets, name).map(|secrets| {
                let names = secrets.iter().map(|it| it.logical_id.clone());
                names.collect::<Vec<_>>()
            })
        };
        assert!(names(None).unwrap().contains(&"SigningKey".to_owned()));
        assert_eq!(names(Some("SigningKey")).unwrap(), ["SigningKey"]);
        let refused = names(Some("Nobody")).unwrap_err().to_string();
        assert!(
            refused.starts_with("the template has no secret Nobody that is rotated; it has "),
            "{refused}"
        );
        assert!(refused.contains("SigningKey"), "{refused}");
    }

    #[test]
    fn a_parameter_replaces_the_local_default_and_must_be_one_of_the_templates() {
        let given = |words: &[&str]| parse(words).unwrap().shop.parameters;
        let options = Options::default();
        let declared = Template::parameter_names(&options.template).unwrap();
        let two = given(&[
            "--parameter",
            "AllowedOrigins=http://localhost:5173,http://127.0.0.1:5173/?a=b",
            "--parameter=Currency=",
        ]);
        let mut deployment = options.deployment;
        deployment
            .parameters
            .extend(parameters(&two, &declared).unwrap());
        assert_eq!(
            deployment.parameters,
            BTreeMap::from([
                (
                    "AllowedOrigins".to_owned(),
                    "http://localhost:5173,http://127.0.0.1:5173/?a=b".to_owned()
                ),
                ("Currency".to_owned(), String::new()),
            ])
        );
        let template = Template::load(&options.template, &deployment).unwrap();
        assert_eq!(
            template.cors.unwrap().allow_origins.first().unwrap(),
            "http://localhost:5173"
        );

        let unknown = given(&["--parameter", "AllowedOrigin=x"]);
        let refused = parameters(&unknown, &declared).unwrap_err().to_string();
        assert!(
            refused.starts_with("the template has no parameter AllowedOrigin; it has "),
            "{refused}"
        );
        assert!(refused.contains("AllowedOrigins, "), "{refused}");
        for wrong in ["AllowedOrigins", "=x", ""] {
            let refused = parse(&["--parameter", wrong]).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ValueValidation, "{wrong}");
        }
    }

    #[test]
    fn only_a_terminal_that_did_not_ask_for_json_gets_short_lines() {
        let json = parse(&["--logs", "json"]).unwrap().shop.logs;
        assert!(matches!(LogLines::Auto.sink(true), LogSink::Terminal));
        assert!(matches!(LogLines::Auto.sink(false), LogSink::Stderr));
        assert!(matches!(json.sink(true), LogSink::Stderr));
        assert!(matches!(json.sink(false), LogSink::Stderr));
    }

    fn ready(accounts: &'static [Account]) -> Ready {
        Ready {
            api: "http://127.0.0.1:9000".into(),
            s3: "http://127.0.0.1:9002".into(),
            dynamodb: "http://127.0.0.1:9001".into(),
            secrets_manager: "http://127.0.0.1:9003".into(),
            pid: 1,
            accounts,
        }
    }

    #[test]
    fn a_shop_without_a_demo_has_no_hints_of_one() {
        let full = ready(&ACCOUNTS).welcome();
        assert!(full.contains("alice@example.com") && full.contains("/api/products"));
        let empty = ready(&[]).welcome();
        assert!(empty.contains("http://127.0.0.1:9003"));
        assert!(empty.contains("/api/auth/register"), "{empty}");
        for hint in ["Accounts", "/api/products", "tour"] {
            assert!(full.contains(hint), "{hint}");
            assert!(!empty.contains(hint), "{hint}: {empty}");
        }
        for account in &ACCOUNTS {
            assert!(!empty.contains(account.email), "{empty}");
        }
    }

    #[test]
    fn the_ready_file_is_there_while_the_shop_is_open_and_only_then() {
        let folder = std::env::temp_dir().join(format!("local-ready-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("ready.json");
        fs::write(&path, "stale").unwrap();
        let file = ReadyFile::begin(&path).unwrap();
        assert!(!path.exists());
        file.write(&ready(&ACCOUNTS)).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let told: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(told["secretsManager"], "http://127.0.0.1:9003");
        assert_eq!(told["accounts"][0]["email"], "alice@example.com");
        drop(file);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);

        // One that was never written is no fault; one that can't be removed is.
        drop(ReadyFile::begin(&path).unwrap());
        let refused = ReadyFile::begin(&folder).unwrap_err().to_string();
        assert!(refused.contains("cannot be removed"), "{refused}");
        fs::remove_dir_all(folder).unwrap();
    }
}
