//! The command line.

use std::path::PathBuf;
use std::str::FromStr;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, ValueEnum};
use cloud::{LogSink, Ports};
use local::{Profile, operator};

use crate::log_lines::short_line;

/// The whole shop on this machine: API, database, pictures and secrets, on loopback only.
#[derive(Debug, Parser)]
#[command(
    name = "local",
    bin_name = "cargo run --",
    version,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    subcommand_help_heading = "Operator's commands"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<operator::Command>,
    #[command(flatten)]
    pub(crate) shop: ShopArguments,
}

/// Arguments of the shop itself.
#[derive(Debug, Args)]
pub(crate) struct ShopArguments {
    /// Port of the API; DynamoDB, S3, Secrets Manager and SQS take the four after it. With 0, all
    /// take any free ones
    #[arg(long, default_value = "9000", value_name = "N")]
    pub(crate) port: Ports,
    /// Port of the pages: the storefront at /, the console at /console/. With 0 any free one, as
    /// with --port 0
    #[arg(
        long,
        default_value = "3000",
        default_value_if("port", "0", "0"),
        value_name = "N"
    )]
    pub(crate) web_port: u16,
    /// Folder that keeps tables, pictures and secrets; without it all is in memory
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Which build of the functions to run
    #[arg(long, value_enum, default_value_t = Build::Dev)]
    pub(crate) profile: Build,
    /// Start with empty tables instead of a demo shop
    #[arg(long)]
    pub(crate) no_seed: bool,
    /// Set a parameter of template.yaml, such as AllowedOrigins=http://localhost:5173; may be
    /// given several times. The template's patterns are not applied
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<Parameter>,
    /// Throttle the API's routes as template.yaml says
    #[arg(long)]
    pub(crate) throttle: bool,
    /// How the functions' log lines are written to standard error
    #[arg(long, value_enum, default_value_t = LogLines::Auto, value_name = "FORM")]
    pub(crate) logs: LogLines,
    /// Part of the functions' calls of DynamoDB, from 0 to 1, that go wrong once all is up: they
    /// conflict, are throttled, fail, or lose their answers. What retries heal, heals
    #[arg(long, value_name = "RATE")]
    pub(crate) faults: Option<FaultRate>,
    /// Which faults these are; the same seed draws the same ones. Without it any
    #[arg(long, value_name = "N", requires = "faults")]
    pub(crate) fault_seed: Option<u64>,
    /// File to write, as JSON, once all is up: URLs, process id and demo accounts. It is gone
    /// when the shop is
    #[arg(long, value_name = "PATH")]
    pub(crate) ready_file: Option<PathBuf>,
}

impl Arguments {
    /// Reads the command line; ends the program with a sentence if it is wrong.
    pub(crate) fn read() -> Self {
        let arguments = Self::parse();
        arguments.checked().unwrap_or_else(|error| error.exit())
    }

    /// Checks what no argument can say alone.
    fn checked(self) -> Result<Self, clap::Error> {
        let ShopArguments { port, web_port, .. } = self.shop;
        if self.command.is_none() && port.includes(web_port) {
            let reason = format!(
                "--web-port {web_port} is one of the five ports from {} that --port takes: choose \
                 another",
                port.api()
            );
            return Err(Self::command().error(ErrorKind::ArgumentConflict, reason));
        }
        Ok(self)
    }
}

/// Values of `--profile`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Build {
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

/// Values of `--logs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLines {
    /// Short lines on a terminal, otherwise as json
    Auto,
    /// As the functions write them: one JSON object a line
    Json,
}

impl LogLines {
    pub(crate) fn sink(self, is_terminal: bool) -> LogSink {
        match (self, is_terminal) {
            (Self::Auto, true) => LogSink::Formatted(short_line),
            (Self::Auto, false) | (Self::Json, _) => LogSink::Stderr,
        }
    }
}

/// A part of all calls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FaultRate(pub(crate) f64);

impl FromStr for FaultRate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rate = text.parse().ok();
        let rate = rate.filter(|rate| (0.0..=1.0).contains(rate));
        rate.map(Self).ok_or("must be a number from 0 to 1")
    }
}

/// A parameter of the template and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) value: String,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(["local"].iter().chain(words))?.checked()
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
            "DynamoDB, S3, Secrets Manager and SQS take the four after it",
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
    fn the_pages_have_a_port_of_their_own() {
        for (words, port) in [
            (&[][..], 3000),
            (&["--web-port", "3001"], 3001),
            (&["--port", "0"], 0),
            (&["--port", "0", "--web-port", "3001"], 3001),
            (&["--port", "3001"], 3000),
            (&["--port", "2995"], 3000),
        ] {
            assert_eq!(parse(words).unwrap().shop.web_port, port, "{words:?}");
        }
        for words in [
            &["--port", "3000"][..],
            &["--port", "2996"],
            &["--web-port", "9004"],
        ] {
            let refused = parse(words).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ArgumentConflict, "{words:?}");
            assert!(refused.to_string().contains("--web-port"), "{refused}");
        }
        assert!(parse(&["--web-port", "65536"]).is_err());
    }

    /// Returns the help of a command, as `--help` prints it.
    fn help(command: &str) -> String {
        parse(&[command, "--help"]).unwrap_err().to_string()
    }

    #[test]
    fn an_operators_command_explains_itself_with_an_example() {
        for (command, told) in [
            ("rotate-keys", "cargo run -- rotate-keys SigningKey --port"),
            ("rotate-keys", "nobody is signed out"),
            ("rotate-keys", "[default: 9000]"),
            (
                "first-super-admin",
                "cargo run -- first-super-admin --email",
            ),
            ("index-orders", "cargo run -- index-orders --port 9000"),
            ("index-orders", "may be repeated"),
            ("first-super-admin", "OperatorEnvironment"),
            (
                "complete-catalogue",
                "cargo run -- complete-catalogue --port 9000",
            ),
            ("complete-catalogue", "OperatorEnvironment"),
            ("sync-pictures", "cargo run -- sync-pictures --port 9000"),
            ("sync-pictures", "may be repeated"),
            ("first-super-admin", "--port <N>"),
        ] {
            let help = help(command);
            assert!(help.contains(told), "{told}: {help}");
        }
    }

    #[test]
    fn an_operators_command_names_the_shop_by_its_port() {
        assert!(parse(&["rotate-keys"]).is_ok());
        assert!(parse(&["rotate-keys", "SigningKey", "--port", "8000"]).is_ok());
        for refused in [
            &["rotate-keys", "--port", "0"][..],
            &[
                "first-super-admin",
                "--email",
                "a",
                "--name",
                "b",
                "--port",
                "0",
            ],
        ] {
            let error = parse(refused).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ValueValidation);
        }
        // Options of the shop would do nothing there.
        assert!(parse(&["--no-seed", "rotate-keys"]).is_err());
    }

    #[test]
    fn a_parameter_has_a_name_and_a_value() {
        for wrong in ["AllowedOrigins", "=x", ""] {
            let refused = parse(&["--parameter", wrong]).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ValueValidation, "{wrong}");
        }
        let given = parse(&["--parameter", "A=http://127.0.0.1/?a=b", "--parameter=B="]);
        let given = given.unwrap().shop.parameters;
        let given: Vec<_> = given.iter().map(|it| (&*it.name, &*it.value)).collect();
        assert_eq!(given, [("A", "http://127.0.0.1/?a=b"), ("B", "")]);
    }

    #[test]
    fn faults_have_a_rate_from_0_to_1_and_a_seed_only_with_one() {
        let given = parse(&["--faults", "0.05", "--fault-seed", "7"]).unwrap();
        assert_eq!(given.shop.faults, Some(FaultRate(0.05)));
        assert_eq!(given.shop.fault_seed, Some(7));
        assert_eq!(parse(&[]).unwrap().shop.faults, None);
        for wrong in ["1.01", "-0.1", "NaN", "5%", ""] {
            let refused = parse(&[&format!("--faults={wrong}")]).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ValueValidation, "{wrong}");
        }
        let refused = parse(&["--fault-seed", "7"]).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::MissingRequiredArgument);
    }

    #[test]
    fn only_a_terminal_that_did_not_ask_for_json_gets_short_lines() {
        let json = parse(&["--logs", "json"]).unwrap().shop.logs;
        assert!(matches!(LogLines::Auto.sink(true), LogSink::Formatted(_)));
        assert!(matches!(LogLines::Auto.sink(false), LogSink::Stderr));
        assert!(matches!(json.sink(true), LogSink::Stderr));
        assert!(matches!(json.sink(false), LogSink::Stderr));
    }
}
