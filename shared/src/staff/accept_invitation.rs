//! Accepting an invitation.

use super::invitation::InvitationSecret;
use crate::accounts::{Credentials, ProposedPassword};
use crate::audit::{Action, Actor, AuditWriter, Change, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Outcome, Transaction};
use crate::http::{Conflict, Problem};
use crate::identity::{StaffRealm, UserStatus, Users};
use crate::input::{Fields, FromJson};
use crate::values::Timestamp;

/// How an invitation is accepted.
pub struct Acceptance {
    /// The invitation's token; `None` if the text can't be one of ours.
    pub token: Option<InvitationSecret>,
    /// The password that the new member of the staff would like to have.
    pub password: ProposedPassword,
}

impl FromJson for Acceptance {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let token = fields.required("token", |v| v.text().map(InvitationSecret::parse));
        let password = fields.required("password", ProposedPassword::read_for_staff);
        Some(Self {
            token: token?,
            password: password?,
        })
    }
}

/// Accepts invitations.
#[derive(Clone)]
pub struct AcceptInvitation {
    credentials: Credentials<StaffRealm>,
    users: Users<StaffRealm>,
    audit: AuditWriter,
}

/// What an action of the transaction stands for.
enum Part {
    Invitation,
    User,
}

impl FromEnv for AcceptInvitation {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            credentials: Credentials::from_env(env)?,
            users: Users::from_env(env)?,
            audit: AuditWriter::from_env(env)?,
        })
    }

    async fn warm(&self) {
        self.credentials.warm().await;
    }
}

impl AcceptInvitation {
    /// Sets the password of someone who was invited, by their token: once, and
    /// not after it has ended.
    ///
    /// # Errors
    /// [`Problem::BadToken`] for a token that is used, ended or none of ours;
    /// [`Problem::Invalid`] for an unfit password.
    pub async fn accept(&self, sent: Acceptance) -> Result<(), Problem> {
        let token = sent.token.ok_or(Problem::BadToken)?;
        let user = self.users.get(&token).await?;
        let user = user.filter(|user| user.status == UserStatus::Invited);
        let user = user.ok_or(Problem::BadToken)?;
        let now = Timestamp::now();
        let found = self.credentials.invited(&user.email).await?;
        let invitation = found.and_then(|it| it.invitation);
        let valid = |(hash, ends): &(String, i64)| *hash == token.hash() && *ends > now.unix();
        invitation.filter(valid).ok_or(Problem::BadToken)?;
        // A refusal may tell of name and address: the token has been checked.
        let password = sent.password;
        let password = password.for_account(user.role, &user.email, &user.name);
        let password = password.map_err(|reason| Problem::invalid("/password", reason))?;
        let hash = password.hash()?;
        let accepted =
            self.credentials
                .accept_invitation(&user.email, &user.id, token.hash(), &hash, now);
        let activated = self.users.activate(&user);
        let parts = Transaction::new()
            .with(Part::Invitation, accepted)
            .with(Part::User, activated);
        let change = Change::between("status", UserStatus::Invited, UserStatus::Active);
        let (actor, action) = (Actor::User(user.id.clone()), Action::InvitationAccepted);
        let record = Record::new(actor, action, user.id.as_str(), vec![change]);
        match self.audit.commit(parts, &[record]).await? {
            Outcome::Committed => Ok(()),
            Outcome::Refused(parts) => Err(match parts.first() {
                Some(Part::Invitation) => Problem::BadToken,
                // Their role or status is another now; the token still counts.
                Some(Part::User) | None => Problem::Conflict(Conflict::Stale),
            }),
        }
    }
}
