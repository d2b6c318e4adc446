//! What an operator does once to a shop that is deployed, with AWS credentials of their own: no
//! function of the shop can do it.

use std::collections::BTreeMap;

use shared::aws::{Env, FromEnv};
use shared::http::{Conflict, Problem};
use shared::staff::InviteUser;
use shared::values::EmailAddress;

use crate::environment::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};
use crate::template::{REGION, Template, TemplateError};
use crate::{Options, Ports};

/// Why an operator's command was not carried out, in a sentence.
#[derive(Debug)]
pub struct OperatorError(String);

impl std::fmt::Display for OperatorError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OperatorError {}

/// Invites the first super-admin of the shop whose tables the environment names, and says how the
/// invitation is accepted.
///
/// # Errors
/// A sentence: no address, a variable that is missing, tables that can't be reached, or a shop
/// that has a super-admin.
pub async fn invite_first_super_admin(
    env: &Env,
    email: &str,
    name: &str,
) -> Result<String, OperatorError> {
    let address = EmailAddress::parse(email)
        .ok_or_else(|| failed(format!("{email} is no e-mail address")))?;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err(failed("the name must be 1 to 200 characters on one line"));
    }
    let invitations = InviteUser::from_env(env).map_err(failed)?;
    let invited = invitations.invite_first(address, name.to_owned()).await;
    let invited = invited.map_err(|problem| match &problem {
        Problem::Conflict(Conflict::AddressTaken) => failed(format!(
            "{email} has an account already; the first super-admin needs an address of their own"
        )),
        Problem::Unavailable { .. } => failed(
            "the shop's tables don't answer; is the region right, or does the shop on this \
             machine run at that port?",
        ),
        _ => failed(
            "the shop's tables can't be used as the environment names them, or with these \
             credentials",
        ),
    })?;
    let invited = invited.ok_or_else(|| {
        failed("the shop has a super-admin, who invites everyone else at POST /api/admin/users")
    })?;
    let invitation = invited.invitation();
    Ok(format!(
        "{email} is invited as super-admin until {}. They choose a password of at least 15 \
         characters by\n\n  POST /api/auth/accept-invite\n  {{\"token\": \"{}\", \
         \"password\": \"...\"}}\n\nand sign in at POST /api/admin/login. The token works once; \
         until then this command makes a new one.",
        invitation.expires_at(),
        invitation.token(),
    ))
}

/// The environment of the operator of a shop on this machine.
///
/// # Errors
/// When the template can't be read.
pub fn of_local(ports: Ports) -> Result<BTreeMap<String, String>, TemplateError> {
    let options = Options::default();
    let template = Template::load(&options.template, &options.deployment)?;
    let invites = template
        .functions
        .into_iter()
        .find(|it| it.binary == "admin-create-user");
    let mut variables = invites.map_or_else(BTreeMap::new, |it| it.environment);
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

fn failed(cause: impl std::fmt::Display) -> OperatorError {
    OperatorError(cause.to_string())
}
