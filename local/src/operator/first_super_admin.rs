//! Invites the first super-admin of a shop that has none.

use clap::Args;
use shared::aws::{Env, FromEnv};
use shared::http::{Conflict, Problem};
use shared::staff::InviteUser;
use shared::values::{EmailAddress, find_invisible};

use super::chosen_shop::{ChosenShop, EXPORTS};
use super::error::OperatorError;

/// What `--help` says first.
pub(super) const ABOUT: &str = "\
Invite the first super-admin of a shop, at AWS or on this machine

Prints a token with which they choose their password, once. They invite everyone
else at POST /api/admin/users. Until the token was used, the command can be run
again and makes a new one. A shop that has a super-admin is left as it is.";

/// Returns what `--help` says last.
pub(super) fn examples() -> String {
    format!(
        "\
For a shop at AWS, with your credentials and the names of the shop's tables:
{EXPORTS}
  cargo run -- first-super-admin --email you@example.com --name \"Your Name\"

For a shop on this machine that was started with `cargo run -- --no-seed`:
  cargo run -- first-super-admin --port 9000 --email you@example.com --name \"Your Name\""
    )
}

/// Arguments of `first-super-admin`.
#[derive(Debug, Args)]
pub struct FirstSuperAdmin {
    /// The e-mail address that they will sign in with
    #[arg(long)]
    email: String,
    /// What they are called
    #[arg(long)]
    name: String,
    #[command(flatten)]
    shop: ChosenShop,
}

impl FirstSuperAdmin {
    pub(super) async fn run(&self, print: impl Fn(&str)) -> Result<(), OperatorError> {
        let env = self.shop.environment()?;
        let invited = invite_first_super_admin(&env, &self.email, &self.name).await;
        let invited = invited
            .map_err(|error| OperatorError::new(format_args!("nobody was invited: {error}")))?;
        print(&invited);
        Ok(())
    }
}

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
        .ok_or_else(|| OperatorError::new(format!("{email} is no e-mail address")))?;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err(OperatorError::new(
            "the name must be 1 to 200 characters on one line",
        ));
    }
    if let Some(c) = find_invisible(name) {
        let c = u32::from(c);
        return Err(OperatorError::new(format!(
            "the name must not contain invisible characters such as this U+{c:04X}"
        )));
    }
    let invitations = InviteUser::from_env(env).map_err(OperatorError::new)?;
    let invited = invitations.invite_first(address, name.to_owned()).await;
    let invited = invited.map_err(|problem| match &problem {
        Problem::Conflict(Conflict::AddressTaken) => OperatorError::new(format!(
            "{email} has an account already; the first super-admin needs an address of their own"
        )),
        Problem::Unavailable { .. } => OperatorError::new(
            "the shop's tables don't answer; is the region right, or does the shop on this \
             machine run at that port?",
        ),
        _ => OperatorError::new(
            "the shop's tables can't be used as the environment names them, or with these \
             credentials",
        ),
    })?;
    let invitation = invited.ok_or_else(|| {
        OperatorError::new(
            "the shop has a super-admin, who invites everyone else at POST /api/admin/users",
        )
    })?;
    Ok(format!(
        "{email} is invited as super-admin until {}. They choose a password of at least 15 \
         characters by\n\n  POST /api/admin/accept-invite\n  {{\"token\": \"{}\", \
         \"password\": \"...\"}}\n\nand sign in at POST /api/admin/login. The token works once; \
         until then this command makes a new one.",
        invitation.expires_at(),
        invitation.token(),
    ))
}
