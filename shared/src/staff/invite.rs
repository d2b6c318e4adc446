//! Inviting someone to the staff.

use std::time::Duration;

use super::invitation::{Invitation, InvitationSecret, InvitationToken, InvitedUser};
use super::user::StaffUser;
use crate::accounts::Credentials;
use crate::audit::{Action, Actor, AuditWriter, Change, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Outcome, Transaction};
use crate::http::{Conflict, Idempotent, Problem};
use crate::idempotency::{IdempotencyKeys, KeyedRequest};
use crate::identity::{Identity, Role, SuperAdmin, User, UserStatus, Users};
use crate::input::IdempotencyKey;
use crate::values::{EmailAddress, Timestamp, UserId};

/// The name of this use case in the table of idempotency keys.
const OPERATION: &str = "admin-create-user";
/// How long an invitation may be accepted.
const INVITATION_LIFETIME: Duration = Duration::from_secs(72 * 60 * 60);

/// Invites people to the staff.
#[derive(Clone)]
pub struct InviteUser {
    credentials: Credentials,
    users: Users,
    keys: IdempotencyKeys,
    audit: AuditWriter,
}

impl FromEnv for InviteUser {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            credentials: Credentials::from_env(env)?,
            users: Users::from_env(env)?,
            keys: IdempotencyKeys::from_env(env)?,
            audit: AuditWriter::from_env(env)?,
        })
    }

    async fn warm(&self) {
        self.credentials.warm().await;
    }
}

impl InviteUser {
    /// Invites someone to the staff. Who was invited before and has not
    /// accepted gets a new token, and the old one ends. A request that is sent
    /// again under its key gets whom it invited, without the token, which is
    /// shown once.
    ///
    /// # Errors
    /// [`Conflict::AddressTaken`] if the address has an account;
    /// [`Problem::IdempotencyMismatch`] for a key that was used with another
    /// body.
    pub async fn invite(
        &self,
        by: &SuperAdmin,
        key: Option<IdempotencyKey>,
        new: Invitation,
    ) -> Result<Idempotent<InvitedUser>, Problem> {
        let request = key.map(|key| request(by, &key, &new));
        let actor = Actor::User(by.user_id().clone());
        let refusal = match self.invite_as(actor, request.as_ref(), new).await {
            Ok((user, invitation)) => {
                let (user, invitation) = (StaffUser::from(user), Some(invitation));
                return Ok(Idempotent::Created(InvitedUser { user, invitation }));
            }
            Err(refusal) => refusal,
        };
        let used = self.keys.used(request.as_ref(), refusal).await?;
        let invited: UserId = used.made()?;
        let user = self.users.get(&by.managed(&invited)).await?;
        let user = user.ok_or_else(|| Problem::unavailable("a key without its user"))?;
        let (user, invitation) = (StaffUser::from(user), None);
        Ok(Idempotent::Replayed(InvitedUser { user, invitation }))
    }

    /// Invites the shop's first super-admin; returns `None` if the shop has
    /// one. For an operator with the AWS credentials of the shop, and for no
    /// function. While nobody has accepted, the invitation can be made anew for
    /// the same address.
    ///
    /// # Errors
    /// [`Conflict::AddressTaken`] if the address has an account.
    pub async fn invite_first(
        &self,
        email: EmailAddress,
        name: String,
    ) -> Result<Option<InvitationToken>, Problem> {
        let others = self.users.super_admins().await?;
        let invited_before =
            |user: &User| user.status == UserStatus::Invited && user.email.key() == email.key();
        if !others.iter().all(invited_before) {
            return Ok(None);
        }
        let new = Invitation {
            email,
            name,
            phone: None,
            role: Role::SuperAdmin,
        };
        let (_, invitation) = self.invite_as(Actor::Operator, None, new).await?;
        Ok(Some(invitation))
    }

    async fn invite_as(
        &self,
        actor: Actor,
        request: Option<&KeyedRequest>,
        new: Invitation,
    ) -> Result<(User, InvitationToken), Problem> {
        let mut user = User::new(new.email, &new.name, new.role)?;
        user.phone = new.phone;
        (user.status, user.invitation_pending) = (UserStatus::Invited, true);
        // Who has an account is found by the transaction below.
        let before = self.credentials.get(&user.email).await?;
        let before = before.filter(|it| it.password.is_none());
        if let Some(before) = &before {
            let invited = self.users.get(before).await?;
            let invited = invited.filter(|it| it.invitation_pending);
            let invited = invited.ok_or(Problem::Conflict(Conflict::AddressTaken))?;
            (user.id, user.created_at) = (invited.id, invited.created_at);
            user.version = invited.version + 1;
        }
        let secret = InvitationSecret::generate(user.id.clone())?;
        let now = Timestamp::now();
        let expires_at = now.plus(INVITATION_LIFETIME);
        let (email, hash) = (&user.email, secret.hash());
        let mut parts = match before {
            None => Transaction::new()
                .with(
                    (),
                    self.credentials
                        .put_invited(email, &user.id, hash, expires_at),
                )
                .with((), self.users.put_new(&user)),
            Some(_) => Transaction::new()
                .with(
                    (),
                    self.credentials
                        .replace_invitation(email, &user.id, hash, expires_at),
                )
                .with((), self.users.replace_invited(&user)),
        };
        if let Some(request) = request {
            parts.push((), self.keys.put_new(request, user.id.as_str(), now));
        }
        let role: &str = user.role.into();
        let changes = vec![Change {
            field: "role".to_owned(),
            before: None,
            after: Some(role.to_owned()),
        }];
        let action = Action::UserInvited;
        let record = Record::new(actor, action, user.id.as_str(), changes);
        match self.audit.commit(parts, &[record]).await? {
            Outcome::Committed => {}
            Outcome::Refused(_) => return Err(Problem::Conflict(Conflict::AddressTaken)),
        }
        let token = secret.to_text();
        Ok((user, InvitationToken { token, expires_at }))
    }
}

fn request(by: &SuperAdmin, key: &IdempotencyKey, new: &Invitation) -> KeyedRequest {
    let body = [
        new.email.as_str(),
        &new.name,
        new.phone.as_deref().unwrap_or_default(),
        new.role.into(),
    ];
    KeyedRequest::new(OPERATION, by, key, &body)
}
