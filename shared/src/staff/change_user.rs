//! Changing someone's role or status.

use super::user::StaffUser;
use crate::audit::{Action, AuditWriter, Change, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Outcome, Transaction, WriteAction};
use crate::http::{Conflict, IfMatch, Problem};
use crate::identity::{Identity, Role, SuperAdmin, User, UserStatus, Users};
use crate::input::{Fields, FromJson, word};
use crate::values::UserId;

/// What a super-admin changes of someone.
pub struct UserChange {
    /// What they shall be from now on.
    pub role: Option<Role>,
    /// Whether they may use their account.
    pub status: Option<UserStatus>,
    /// Which version the caller has read, if they say so.
    pub version: Option<u64>,
}

impl FromJson for UserChange {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let role = fields.optional("role", word);
        let status = fields.optional("status", |v| {
            // Nobody becomes invited again.
            let status: Option<UserStatus> = v.text()?.parse().ok();
            let status = status.filter(|status| *status != UserStatus::Invited);
            status.ok_or_else(|| "must be one of: active, disabled".into())
        });
        let version = fields.optional("version", |v| {
            v.integer(1..=i64::MAX).map(i64::unsigned_abs)
        });
        let (role, status, version) = (role?, status?, version?);
        if role.is_none() && status.is_none() {
            fields.refuse("role", "is required, unless status is given".into());
            return None;
        }
        Some(Self {
            role,
            status,
            version,
        })
    }
}

/// Changes what people may do.
#[derive(Clone)]
pub struct ChangeUser {
    users: Users,
    audit: AuditWriter,
}

/// What an action of the transaction stands for.
enum Part {
    User,
    OtherSuperAdmin,
}

impl FromEnv for ChangeUser {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            users: Users::from_env(env)?,
            audit: AuditWriter::from_env(env)?,
        })
    }
}

impl ChangeUser {
    /// Changes someone's role or status. It works on their very next request:
    /// what they are signed in with ends, and what the staff may do is checked
    /// every time.
    ///
    /// # Errors
    /// [`Problem::NotFound`] for nobody; [`Conflict::LastSuperAdmin`] where no
    /// active super-admin would be left; [`Conflict::Stale`] for another
    /// version than the caller read.
    pub async fn change(
        &self,
        by: &SuperAdmin,
        id: &UserId,
        wanted: &UserChange,
        read: IfMatch,
    ) -> Result<StaffUser, Problem> {
        let user = self.users.get(&by.managed(id)).await?;
        let user = user.ok_or(Problem::NotFound)?;
        let stale = |version: u64| version != user.version;
        if wanted.version.is_some_and(stale) || read.0.is_some_and(stale) {
            return Err(Problem::Conflict(Conflict::Stale));
        }
        let role = wanted.role.unwrap_or(user.role);
        let status = new_status(&user, wanted.status)?;
        if (role, status) == (user.role, user.status) {
            return Ok(StaffUser::from(user));
        }
        // Who has not accepted yet will choose a password that fits.
        let joins_staff = role.is_staff() && !user.role.is_staff() && !user.invitation_pending;
        if joins_staff && !user.meets_staff_policy {
            return Err(Problem::Conflict(Conflict::PasswordTooShortForStaff));
        }
        let update = self
            .users
            .set_role_and_status(&user, role, status, joins_staff);
        let mut parts = Transaction::new().with(Part::User, update);
        if is_active_super_admin(user.role, user.status) && !is_active_super_admin(role, status) {
            let other = self.check_other_super_admin(by, &user).await?;
            let other = other.ok_or(Problem::Conflict(Conflict::LastSuperAdmin))?;
            parts.push(Part::OtherSuperAdmin, other);
        }
        let mut records = Vec::new();
        let mut record = |action, change| {
            records.push(Record::by(by, action, id.as_str(), vec![change]));
        };
        if role != user.role {
            record(
                Action::RoleChanged,
                Change::between("role", user.role, role),
            );
        }
        if status != user.status {
            let change = Change::between("status", user.status, status);
            record(Action::StatusChanged, change);
        }
        match self.audit.commit(parts, &records).await? {
            Outcome::Committed => Ok(StaffUser::from(User {
                role,
                status,
                version: user.version + 1,
                ..user
            })),
            Outcome::Refused(parts) => Err(Problem::Conflict(match parts.last() {
                Some(Part::OtherSuperAdmin) => Conflict::LastSuperAdmin,
                Some(Part::User) | None => Conflict::Stale,
            })),
        }
    }

    /// Returns the action that checks that there is another active super-admin
    /// than this one: the caller, unless they change themselves. Two who demote
    /// each other at once meet here, and one of them is refused.
    async fn check_other_super_admin(
        &self,
        by: &SuperAdmin,
        changed: &User,
    ) -> Result<Option<WriteAction>, Problem> {
        if *by.user_id() != changed.id {
            return Ok(Some(self.users.check_super_admin(by)));
        }
        let all = self.users.super_admins().await?;
        let mut others = all
            .iter()
            .filter(|user| user.status == UserStatus::Active && user.id != changed.id);
        Ok(others.next().map(|user| self.users.check_super_admin(user)))
    }
}

/// Returns the status that someone is to have.
fn new_status(user: &User, wanted: Option<UserStatus>) -> Result<UserStatus, Problem> {
    if user.status == UserStatus::Invited && wanted == Some(UserStatus::Active) {
        // Only who was invited can accept.
        let detail = "can't be active before the invitation is accepted";
        return Err(Problem::invalid("/status", detail));
    }
    Ok(match wanted {
        // Who has not accepted has no password: enabled again, they are invited
        // as before.
        Some(UserStatus::Active) if user.invitation_pending => UserStatus::Invited,
        Some(status) => status,
        None => user.status,
    })
}

fn is_active_super_admin(role: Role, status: UserStatus) -> bool {
    role == Role::SuperAdmin && status == UserStatus::Active
}
