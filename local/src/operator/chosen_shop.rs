//! Which shop an operator's command is for: one at AWS, or one that runs on this machine.

use std::collections::BTreeMap;

use clap::Args;
use cloud::{ACCESS_KEY_ID, NoPorts, Ports, SECRET_ACCESS_KEY, Template};
use shared::aws::Env;
use template::REGION;

use super::error::OperatorError;
use crate::binaries::Profile;
use crate::options::options;

/// What is typed before a command for a shop at AWS.
pub(super) const EXPORTS: &str = "\
  export AWS_REGION=eu-central-1
  eval \"$(aws configure export-credentials --format env)\"
  export $(aws cloudformation describe-stacks --stack-name buy-from-me --output text \\
    --query \"Stacks[0].Outputs[?OutputKey=='OperatorEnvironment'].OutputValue\")";

/// The shop that a command is for: at AWS, as the process's environment names it, unless a port of
/// this machine is given.
#[derive(Debug, Args)]
pub(super) struct ChosenShop {
    /// A shop that runs on this machine, by its API's port
    #[arg(long, value_name = "N", value_parser = fixed_ports, global = true)]
    port: Option<Ports>,
}

impl ChosenShop {
    /// Returns the environment of the shop's operator.
    pub(super) fn environment(&self) -> Result<Env, OperatorError> {
        let env = match self.port {
            None => Env::of_process(),
            Some(ports) => {
                let variables = local_variables(ports)?;
                Env::of(move |name| variables.get(name).cloned())
            }
        };
        env.map_err(|error| {
            OperatorError::new(format_args!(
                "{error}. For a shop at AWS set what the README says under \"Deploy\"; for one on \
                 this machine add `--port 9000`"
            ))
        })
    }
}

/// Returns what `--help` says last of a command that takes nothing but its shop.
pub(super) fn examples(command: &str) -> String {
    format!(
        "\
For a shop at AWS, with your credentials and the names of the shop's tables:
{EXPORTS}
  cargo run -- {command}

For a shop on this machine:
  cargo run -- {command} --port 9000"
    )
}

/// Reads the API's port of a shop that runs; 0 names none.
pub(super) fn fixed_ports(text: &str) -> Result<Ports, String> {
    match text.parse() {
        Ok(Ports::ANY) => Err("must be the port that the shop's API has".to_owned()),
        Ok(ports) => Ok(ports),
        Err(error) => Err(NoPorts::to_string(&error)),
    }
}

/// Makes the variables of the operator of a shop on this machine.
fn local_variables(ports: Ports) -> Result<BTreeMap<String, String>, OperatorError> {
    let options = options(Profile::Dev);
    let template =
        Template::load(&options.template, &options.deployment).map_err(OperatorError::new)?;
    // Whose tables the commands work on.
    let known = [
        "admin-create-user",
        "admin-get-order",
        "admin-create-product",
    ];
    let mut variables = BTreeMap::new();
    for function in template.functions {
        if known.contains(&function.binary.as_str()) {
            variables.extend(function.environment);
        }
    }
    let endpoint = format!("http://127.0.0.1:{}", ports.dynamodb());
    for (name, value) in [
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID),
        ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint.as_str()),
    ] {
        variables.insert(name.to_owned(), value.to_owned());
    }
    Ok(variables)
}
