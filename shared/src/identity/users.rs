//! The table `users`: profiles, roles, and since when tokens count.

use std::time::Duration;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

use super::user::{Role, User, UserStatus};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{
    Action, Attributes, Comparison, Corrupt, DynamoDbError, ItemBuilder, ItemReader, Table, Update,
    number, read_all, text,
};
use crate::values::{EmailAddress, PathId, SessionId, Timestamp, UserId};

/// The index of the users by role.
const BY_ROLE: &str = "by-role";
/// There if the password is long enough for a member of the staff.
pub(crate) const STAFF_POLICY: &str = "staffPassword";
/// There until someone who was invited accepts.
pub(crate) const INVITATION_PENDING: &str = "awaited";

/// What entitles to someone's record: a proof that names them, or a record
/// that was read by one. A bare id does not.
pub(crate) trait NamesUser: Sync {
    /// Returns whose record it is.
    fn named_user(&self) -> &UserId;
}

impl NamesUser for User {
    fn named_user(&self) -> &UserId {
        &self.id
    }
}

/// People, each reached by what names them.
#[derive(Clone)]
pub(crate) struct Users {
    table: Table,
}

impl FromEnv for Users {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, "USERS_TABLE")?,
        })
    }
}

impl Users {
    /// Reads the record of whom `who` names.
    pub(crate) async fn get(&self, who: &impl NamesUser) -> Result<Option<User>, DynamoDbError> {
        self.find(who.named_user()).await
    }

    async fn find(&self, id: &UserId) -> Result<Option<User>, DynamoDbError> {
        let found = self.table.get(key(id)).await?;
        Ok(found.as_ref().map(read).transpose()?)
    }

    /// Returns the action that puts a new record.
    pub(crate) fn put_new(&self, user: &User) -> Action {
        self.table.put_new(write(user), "userId")
    }

    /// Begins the action that changes a record which must be there.
    pub(crate) fn change(&self, who: &impl NamesUser) -> Update {
        let change = self.table.change(key(who.named_user()));
        change.only_if_exists("userId")
    }

    /// Begins the action that ends every access token issued to someone so far
    /// and every session they opened so far, but for `kept`.
    ///
    /// Tokens count seconds, so the next second is the first that is surely
    /// after all of them.
    pub(crate) fn end_tokens(&self, who: &impl NamesUser, kept: Option<&SessionId>) -> Update {
        let next = Timestamp::now().plus(Duration::from_secs(1));
        let update = self.change(who);
        let update = update.set("tokensValidAfter", number(next.unix()));
        match kept {
            Some(session) => update.set("keptSession", text(session.as_str())),
            None => update.remove("keptSession"),
        }
    }

    /// Demands that a record still has the version that was read.
    pub(crate) fn unchanged(update: Update, user: &User) -> Update {
        update.only_if("version", Comparison::Equal, number(user.version))
    }

    /// Returns the action that checks that someone is an active super-admin at
    /// the moment of the transaction.
    pub(crate) fn check_super_admin(&self, who: &impl NamesUser) -> Action {
        let expected = ItemBuilder::new()
            .word("role", Role::SuperAdmin)
            .word("status", UserStatus::Active);
        let key = key(who.named_user());
        self.table.check(key, expected.into_attributes())
    }

    /// Reads every super-admin, of whatever status: a handful.
    pub(crate) async fn super_admins(&self) -> Result<Vec<User>, DynamoDbError> {
        let mut found = Vec::new();
        for item in read_all(&self.with_role(Role::SuperAdmin)).await? {
            let id = ItemReader(&item).id::<UserId>("userId")?;
            // The index is behind by a moment; the table is not.
            found.extend(self.find(&id).await?);
        }
        found.retain(|user: &User| user.role == Role::SuperAdmin);
        Ok(found)
    }

    /// Begins a query of everyone of a role, the newest first.
    pub(crate) fn with_role(&self, role: Role) -> QueryFluentBuilder {
        self.table
            .query()
            .index_name(BY_ROLE)
            .key_condition_expression("#role = :role")
            .expression_attribute_names("#role", "role")
            .expression_attribute_values(":role", text(<&str>::from(role)))
            .scan_index_forward(false)
    }

    /// Reads a user from an item of the table or of its index.
    pub(crate) fn read(item: &Attributes) -> Result<User, Corrupt> {
        read(item)
    }
}

fn key(id: &UserId) -> Attributes {
    let key = ItemBuilder::new().text("userId", id.as_str());
    key.into_attributes()
}

fn write(user: &User) -> ItemBuilder {
    let kept_session = user.kept_session.as_ref();
    ItemBuilder::new()
        .text("userId", user.id.as_str())
        .text("email", user.email.as_str())
        .text("name", &user.name)
        .optional_text("phone", user.phone.as_deref())
        .word("role", user.role)
        .word("status", user.status)
        .number("tokensValidAfter", user.tokens_valid_after.unix())
        .optional_text("keptSession", kept_session.map(SessionId::as_str))
        .number("version", user.version)
        .time("createdAt", user.created_at)
        .optional_text(STAFF_POLICY, user.meets_staff_policy.then_some("yes"))
        .optional_text(INVITATION_PENDING, user.invitation_pending.then_some("yes"))
}

fn read(item: &Attributes) -> Result<User, Corrupt> {
    let item = ItemReader(item);
    let valid_after = item.number("tokensValidAfter")?;
    let kept_session = item.optional_text("keptSession")?;
    Ok(User {
        id: item.id("userId")?,
        email: item.parsed("email", EmailAddress::parse)?,
        name: item.text("name")?.to_owned(),
        phone: item.optional_text("phone")?.map(str::to_owned),
        role: item.word("role")?,
        status: item.word("status")?,
        tokens_valid_after: Timestamp::from_unix(valid_after)
            .ok_or(Corrupt::new("tokensValidAfter"))?,
        kept_session: kept_session.and_then(SessionId::parse),
        meets_staff_policy: item.optional_text(STAFF_POLICY)?.is_some(),
        invitation_pending: item.optional_text(INVITATION_PENDING)?.is_some(),
        version: item.number("version")?,
        created_at: item.time("createdAt")?,
    })
}
