//! Changing someone's role or status.

use super::user::StaffUser;
use crate::audit::{Action, AuditWriter, Change, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Outcome, Transaction};
use crate::http::{Conflict, IfMatch, Problem};
use crate::identity::{
    CustomerRealm, Identity, Role, StaffRealm, SuperAdmin, User, UserStatus, Users,
};
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
    staff: Users<StaffRealm>,
    customers: Users<CustomerRealm>,
    audit: AuditWriter,
}

/// What an action of the transaction stands for.
enum Part {
    User,
    Actor,
    OtherSuperAdmin,
}

impl FromEnv for ChangeUser {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            staff: Users::from_env(env)?,
            customers: Users::from_env(env)?,
            audit: AuditWriter::from_env(env)?,
        })
    }
}

impl ChangeUser {
    /// Changes a staff member's role, or anyone's status. It works on their
    /// very next request: what they are signed in with ends, and what the staff
    /// may do is checked every time.
    ///
    /// # Errors
    /// [`Problem::NotFound`] for nobody; [`Problem::Invalid`] where a customer
    /// would become staff, or staff a customer; [`Conflict::LastSuperAdmin`]
    /// where no active super-admin would be left; [`Conflict::Stale`] for
    /// another version than the caller read; [`Problem::Forbidden`] if the
    /// caller is no active super-admin any more.
    pub async fn change(
        &self,
        by: &SuperAdmin,
        id: &UserId,
        wanted: &UserChange,
        read: IfMatch,
    ) -> Result<StaffUser, Problem> {
        let managed = by.managed(id);
        let (user, is_staff) = match self.staff.get(&managed).await? {
            Some(user) => (user, true),
            None => (
                self.customers
                    .get(&managed)
                    .await?
                    .ok_or(Problem::NotFound)?,
                false,
            ),
        };
        let stale = |version: u64| version != user.version;
        if wanted.version.is_some_and(stale) || read.0.is_some_and(stale) {
            return Err(Problem::Conflict(Conflict::Stale));
        }
        if wanted.role.is_some_and(|role| role.is_staff() != is_staff) {
            // Accounts of the staff are made by invitation, and stay theirs.
            return Err(Problem::invalid(
                "/role",
                match is_staff {
                    true => {
                        "must be one of: staff, admin, super-admin; staff don't become customers"
                    }
                    false => "must be customer; customers don't become staff, who are invited",
                },
            ));
        }
        // A customer's role is never written.
        let role = wanted.role.filter(|_| is_staff).unwrap_or(user.role);
        let status = new_status(&user, wanted.status)?;
        if (role, status) == (user.role, user.status) {
            return Ok(StaffUser::from(user));
        }
        let parts = match is_staff {
            true => self.change_staff(by, &user, role, status).await?,
            false => Transaction::new()
                .with(Part::User, self.customers.set_status(&user, status).await)
                .with(Part::Actor, self.staff.check_super_admin(by)),
        };
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
            Outcome::Refused(parts) => Err(match parts.last() {
                Some(Part::Actor) => Problem::Forbidden,
                Some(Part::OtherSuperAdmin) => Problem::Conflict(Conflict::LastSuperAdmin),
                Some(Part::User) | None => Problem::Conflict(Conflict::Stale),
            }),
        }
    }

    /// Returns the change of someone of the staff, together with what must hold
    /// at that moment: the caller is an active super-admin, and whoever changes
    /// themselves leaves another. Two who demote each other at once meet here,
    /// and one of them is refused.
    async fn change_staff(
        &self,
        by: &SuperAdmin,
        user: &User,
        role: Role,
        status: UserStatus,
    ) -> Result<Transaction<Part>, Problem> {
        let update = self.staff.set_role_and_status(user, role, status).await;
        if *by.user_id() != user.id {
            let actor = self.staff.check_super_admin(by);
            return Ok(Transaction::new()
                .with(Part::User, update.into_update())
                .with(Part::Actor, actor));
        }
        // One item, one action: what is demanded of the caller is demanded of
        // the record that changes.
        let update = Users::only_if_super_admin(update).into_update();
        let mut parts = Transaction::new().with(Part::User, update);
        if !is_active_super_admin(role, status) {
            let all = self.staff.super_admins().await?;
            let mut others = all
                .iter()
                .filter(|it| is_active_super_admin(it.role, it.status) && it.id != user.id);
            let other = others.next();
            let other = other.ok_or(Problem::Conflict(Conflict::LastSuperAdmin))?;
            parts.push(Part::OtherSuperAdmin, self.staff.check_super_admin(other));
        }
        Ok(parts)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamodb::{Attributes, word};
    use crate::identity::super_admin_for_tests;
    use crate::testing::{Tables, tables};

    async fn change(tables: &Tables, by: &User, id: &UserId, wanted: UserChange) -> bool {
        let users: ChangeUser = tables.open();
        let by = super_admin_for_tests(by);
        let changed = users.change(&by, id, &wanted, IfMatch(None)).await;
        match changed {
            Ok(_) => true,
            Err(Problem::Forbidden) => false,
            Err(problem) => panic!("{problem:?}"),
        }
    }

    fn to_role(role: Role) -> UserChange {
        UserChange {
            role: Some(role),
            status: None,
            version: None,
        }
    }

    fn to_status(status: UserStatus) -> UserChange {
        UserChange {
            role: None,
            status: Some(status),
            version: None,
        }
    }

    /// As if someone had been demoted or disabled between the check of their
    /// token and the change that they asked for.
    #[tokio::test]
    async fn who_is_no_super_admin_any_more_changes_nobody() {
        let tables = tables().await;
        let sue = tables.staff("sue", Role::SuperAdmin).await;
        tables.staff("ann", Role::SuperAdmin).await;
        let sam = tables.staff("sam", Role::Staff).await;
        let customer = tables.customer().await.user_id().clone();
        let users: Users<StaffRealm> = tables.open();
        for (name, value) in [
            ("role", word(Role::Admin)),
            ("status", word(UserStatus::Disabled)),
        ] {
            let good = match name {
                "role" => word(Role::SuperAdmin),
                _ => word(UserStatus::Active),
            };
            let set = async |value| {
                let values = Attributes::from([(name.to_owned(), value)]);
                tables.change_staff(&sue.id, values).await;
            };
            set(value).await;
            assert!(!change(&tables, &sue, &sam.id, to_role(Role::SuperAdmin)).await);
            let disable = || to_status(UserStatus::Disabled);
            assert!(!change(&tables, &sue, &sam.id, disable()).await);
            assert!(!change(&tables, &sue, &customer, disable()).await);
            set(good).await;
        }
        assert_eq!(users.get(&sam).await.unwrap().unwrap().role, Role::Staff);
        // While they are one, each of these is done.
        assert!(change(&tables, &sue, &sam.id, to_role(Role::Admin)).await);
        assert!(change(&tables, &sue, &customer, to_status(UserStatus::Disabled)).await);
        assert!(change(&tables, &sue, &sue.id, to_role(Role::Admin)).await);
    }

    /// One item has one action, so here it is the record that changes which
    /// must be a super-admin's.
    #[tokio::test]
    async fn whoever_changes_themselves_is_a_super_admin_at_that_moment() {
        let tables = tables().await;
        let sue = tables.staff("sue", Role::SuperAdmin).await;
        tables.staff("ann", Role::SuperAdmin).await;
        let users: ChangeUser = tables.open();
        for (role, status, allowed) in [
            (Role::Admin, UserStatus::Active, false),
            (Role::SuperAdmin, UserStatus::Disabled, false),
            (Role::SuperAdmin, UserStatus::Active, true),
        ] {
            let values = [("role", word(role)), ("status", word(status))];
            let values = values.map(|(name, value)| (name.to_owned(), value));
            tables.change_staff(&sue.id, Attributes::from(values)).await;
            let by = super_admin_for_tests(&sue);
            let wanted = to_role(Role::Staff);
            let changed = users.change(&by, &sue.id, &wanted, IfMatch(None)).await;
            match changed {
                Ok(_) => assert!(allowed, "{role:?}, {status:?}"),
                Err(Problem::Conflict(Conflict::Stale)) => assert!(!allowed),
                Err(problem) => panic!("{problem:?}"),
            }
        }
    }
}
