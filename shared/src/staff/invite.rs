//! Inviting someone to the staff.

use std::time::Duration;

use super::invitation::{Invitation, InvitationSecret, InvitationToken, InvitedUser};
use super::user::StaffUser;
use crate::accounts::Credentials;
use crate::audit::{Action, Actor, AuditWriter, Change, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Outcome, Transaction, WriteAction};
use crate::http::{Conflict, Idempotent, Problem};
use crate::idempotency::{IdempotencyKeys, KeyedRequest};
use crate::identity::{Identity, Role, StaffRealm, SuperAdmin, User, UserStatus, Users};
use crate::input::IdempotencyKey;
use crate::values::{EmailAddress, Timestamp, UserId};

/// The name of this use case in the table of idempotency keys.
const OPERATION: &str = "admin-create-user";
/// How long an invitation may be accepted.
const INVITATION_LIFETIME: Duration = Duration::from_secs(72 * 60 * 60);

/// Invites people to the staff.
#[derive(Clone)]
pub struct InviteUser {
    credentials: Credentials<StaffRealm>,
    users: Users<StaffRealm>,
    keys: IdempotencyKeys,
    audit: AuditWriter,
}

/// What an action of the transaction stands for.
enum Part {
    Account,
    Inviter,
    Key,
}

/// Who invites, and what must hold for it.
struct Inviter<'a> {
    actor: Actor,
    standing: Option<WriteAction>,
    request: Option<&'a KeyedRequest>,
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
    /// accepted gets a new token, and the old one ends. That a customer has the
    /// address is no matter. A request that is sent again under its key gets
    /// whom it invited, without the token, which is shown once.
    ///
    /// # Errors
    /// [`Conflict::AddressTaken`] if one of the staff has the address;
    /// [`Problem::Forbidden`] if the caller is no active super-admin any more;
    /// [`Problem::IdempotencyMismatch`] for a key that was used with another
    /// body.
    pub async fn invite(
        &self,
        by: &SuperAdmin,
        key: Option<IdempotencyKey>,
        new: Invitation,
    ) -> Result<Idempotent<InvitedUser>, Problem> {
        let request = key.map(|key| request(by, &key, &new));
        let inviter = Inviter {
            actor: Actor::User(by.user_id().clone()),
            standing: Some(self.users.check_super_admin(by)),
            request: request.as_ref(),
        };
        let refusal = match self.invite_as(inviter, new).await {
            Ok((user, invitation)) => {
                let (user, invitation) = (StaffUser::from(user), Some(invitation));
                return Ok(Idempotent::Created(InvitedUser { user, invitation }));
            }
            Err(refusal) => refusal,
        };
        let used = self.keys.used(request.as_ref(), refusal).await?;
        let invited: UserId = used.made()?;
        let user = self.users.get_settled(&by.managed(&invited)).await?;
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
    /// [`Conflict::AddressTaken`] if one of the staff has the address.
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
        let operator = Inviter {
            actor: Actor::Operator,
            standing: None,
            request: None,
        };
        let (_, invitation) = self.invite_as(operator, new).await?;
        Ok(Some(invitation))
    }

    /// Invites someone, if what is demanded of the inviter holds.
    async fn invite_as(
        &self,
        inviter: Inviter<'_>,
        new: Invitation,
    ) -> Result<(User, InvitationToken), Problem> {
        let mut user = User::new(new.email, &new.name, new.role)?;
        user.phone = new.phone;
        (user.status, user.invitation_pending) = (UserStatus::Invited, true);
        // Who has an account is found by the transaction below.
        let before = self.credentials.invited(&user.email).await?;
        let before = before.filter(|it| it.invitation.is_some());
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
        let (credentials, users) = (&self.credentials, &self.users);
        let (credential, record) = match before {
            None => (
                credentials.put_invited(email, &user.id, hash, expires_at),
                users.put_new(&user),
            ),
            Some(_) => (
                credentials.replace_invitation(email, &user.id, hash, expires_at),
                users.replace_invited(&user),
            ),
        };
        let mut parts = Transaction::new()
            .with(Part::Account, credential)
            .with(Part::Account, record);
        if let Some(standing) = inviter.standing {
            parts.push(Part::Inviter, standing);
        }
        if let Some(request) = inviter.request {
            let put = self.keys.put_new(request, user.id.as_str(), now);
            parts = parts.with_key(|_| Part::Key, put);
        }
        let role: &str = user.role.into();
        let changes = vec![Change {
            field: "role".to_owned(),
            before: None,
            after: Some(role.to_owned()),
        }];
        let action = Action::UserInvited;
        let record = Record::new(inviter.actor, action, user.id.as_str(), changes);
        match self.audit.commit(parts, &[record]).await? {
            Outcome::Committed => {}
            Outcome::Refused(parts) => {
                return Err(match parts.last() {
                    Some(Part::Key) => Problem::unavailable("a key is in use"),
                    Some(Part::Inviter) => Problem::Forbidden,
                    Some(Part::Account) | None => Problem::Conflict(Conflict::AddressTaken),
                });
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamodb::{Attributes, word};
    use crate::identity::super_admin_for_tests;
    use crate::testing::tables;

    /// As if someone had been demoted or disabled between the check of their
    /// token and the invitation that they asked for.
    #[tokio::test]
    async fn who_is_no_super_admin_any_more_invites_nobody() {
        let tables = tables().await;
        let sue = tables.staff("sue", Role::SuperAdmin).await;
        let users: InviteUser = tables.open();
        let invite = async || {
            let new = Invitation {
                email: EmailAddress::parse("dora@example.com").unwrap(),
                name: "Dora".to_owned(),
                phone: None,
                role: Role::SuperAdmin,
            };
            users.invite(&super_admin_for_tests(&sue), None, new).await
        };
        for (name, value, good) in [
            ("role", word(Role::Admin), word(Role::SuperAdmin)),
            (
                "status",
                word(UserStatus::Disabled),
                word(UserStatus::Active),
            ),
        ] {
            let set = async |value| {
                let values = Attributes::from([(name.to_owned(), value)]);
                tables.change_staff(&sue.id, values).await;
            };
            // The first time it would be new, then made anew.
            set(value).await;
            assert!(matches!(invite().await, Err(Problem::Forbidden)));
            set(good).await;
            assert!(invite().await.is_ok());
        }
    }
}
