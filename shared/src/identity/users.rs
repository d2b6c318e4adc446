//! The table `users`: profiles, roles, and since when tokens count.

use std::time::Duration;

use super::user::{Role, User, UserStatus};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{
    Attributes, Comparison, Corrupt, DynamoDbError, ItemBuilder, ItemReader, QueryFluentBuilder,
    Table, Update, WriteAction, number, read_all, text, word,
};
use crate::values::{EmailAddress, PathId, SessionId, Timestamp, UserId};

/// The index of the users by role.
const BY_ROLE: &str = "by-role";
/// There if the password is long enough for a member of the staff.
const STAFF_PASSWORD: &str = "staffPassword";
/// There until someone who was invited accepts.
const INVITATION_PENDING: &str = "awaited";
/// What these two hold where they are there.
const YES: &str = "yes";
/// The attributes of a key of the index by role.
pub(crate) const ROLE_KEY: [&str; 2] = ["role", "userId"];

/// What the record of someone is read by: an identity, verified claims, or a
/// credential or token that names them. A bare id does not. A token's own
/// secret must be checked before anything is told or changed.
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
    pub(crate) fn put_new(&self, user: &User) -> WriteAction {
        self.table.put_new(write(user), "userId")
    }

    /// Returns the action that sets a role and a status, and ends every access
    /// token and session of that person: refused if the record has changed since
    /// it was read, or if it lacks the staff's password where that is demanded.
    pub(crate) fn set_role_and_status(
        &self,
        user: &User,
        role: Role,
        status: UserStatus,
        demand_staff_password: bool,
    ) -> WriteAction {
        let update = unchanged(self.end_tokens(user, None), user)
            .set("role", word(role))
            .set("status", word(status))
            .set("version", number(user.version + 1));
        if demand_staff_password {
            update.only_if(STAFF_PASSWORD, Comparison::Equal, text(YES))
        } else {
            update
        }
        .into_update()
    }

    /// Returns the action that makes an invited person active: refused if the
    /// record has changed since it was read.
    pub(crate) fn activate(&self, user: &User) -> WriteAction {
        unchanged(self.change(&user.id), user)
            .set("version", number(user.version + 1))
            .set("status", word(UserStatus::Active))
            .set(STAFF_PASSWORD, text(YES))
            .remove(INVITATION_PENDING)
            .into_update()
    }

    /// Returns the action that replaces the record of someone who was invited
    /// before: refused once they have accepted.
    pub(crate) fn replace_invited(&self, user: &User) -> WriteAction {
        let update = self
            .change(&user.id)
            .only_if("version", Comparison::Equal, number(user.version - 1))
            .only_if(INVITATION_PENDING, Comparison::Equal, text(YES))
            .set("status", word(user.status))
            .set("name", text(&user.name))
            .set("role", word(user.role))
            .set("version", number(user.version));
        match &user.phone {
            Some(phone) => update.set("phone", text(phone)),
            None => update.remove("phone"),
        }
        .into_update()
    }

    /// Returns the action that follows a changed password: it ends every access
    /// token and session of that person but for `kept`, and remembers whether
    /// the password is long enough for the staff. Refused if the record has
    /// changed since it was read.
    pub(crate) fn set_password_policy(
        &self,
        user: &User,
        kept: &SessionId,
        meets_staff_policy: bool,
    ) -> WriteAction {
        // The role is no condition: IAM can't allow naming it without allowing
        // to write it.
        let update = unchanged(self.end_tokens(user, Some(kept)), user);
        if meets_staff_policy {
            update.set(STAFF_PASSWORD, text(YES))
        } else {
            update.remove(STAFF_PASSWORD)
        }
        .into_update()
    }

    /// Returns the action that ends every access token and session of someone
    /// whose record was read: refused if somebody else has just done so.
    pub(crate) fn sign_out_everywhere(&self, user: &User) -> WriteAction {
        self.end_tokens(user, None).into_update()
    }

    /// Begins a change of a record which must be there.
    fn change(&self, id: &UserId) -> Update {
        self.table.change(key(id)).only_if_exists("userId")
    }

    /// Begins the end of every access token issued to someone so far and of
    /// every session they opened so far, but for `kept`.
    ///
    /// Tokens and sessions are dated by the second before the record was read
    /// for them, or by what it then said. What was read before this is written
    /// must end by it, so it lies later than both: two seconds ahead, since
    /// writing takes its time, and after what the record said.
    fn end_tokens(&self, user: &User, kept: Option<&SessionId>) -> Update {
        let soon = Timestamp::now().plus(Duration::from_secs(2));
        let later = user.tokens_valid_after.plus(Duration::from_secs(1));
        let before = number(user.tokens_valid_after.unix());
        let update = self
            .change(&user.id)
            .only_if("tokensValidAfter", Comparison::Equal, before)
            .set("tokensValidAfter", number(soon.max(later).unix()));
        match kept {
            Some(session) => update.set("keptSession", text(session.as_str())),
            None => update.remove("keptSession"),
        }
    }

    /// Returns the action that checks that someone is an active super-admin at
    /// the moment of the transaction.
    pub(crate) fn check_super_admin(&self, who: &impl NamesUser) -> WriteAction {
        let expected = ItemBuilder::new()
            .word("role", Role::SuperAdmin)
            .word("status", UserStatus::Active);
        let key = key(who.named_user());
        self.table.check(key, expected.into_attributes())
    }

    /// Reads every super-admin, of whatever status: a handful.
    pub(crate) async fn super_admins(&self) -> Result<Vec<User>, DynamoDbError> {
        let mut found = Vec::new();
        for item in read_all(&self.with_role(Role::SuperAdmin, None)).await? {
            let id = ItemReader(&item).id::<UserId>("userId")?;
            // The index is behind by a moment; the table is not.
            found.extend(self.find(&id).await?);
        }
        found.retain(|user: &User| user.role == Role::SuperAdmin);
        Ok(found)
    }

    /// Begins a query of everyone of a role and, if given, of a status: the
    /// newest first.
    pub(crate) fn with_role(&self, role: Role, status: Option<UserStatus>) -> QueryFluentBuilder {
        let query = self
            .table
            .query()
            .index_name(BY_ROLE)
            .key_condition_expression("#role = :role")
            .expression_attribute_names("#role", "role")
            .expression_attribute_values(":role", word(role))
            .scan_index_forward(false);
        match status {
            None => query,
            Some(status) => query
                .filter_expression("#status = :status")
                .expression_attribute_names("#status", "status")
                .expression_attribute_values(":status", word(status)),
        }
    }

    /// Returns the key of the index that comes before all of a role's rows, from
    /// the newest on.
    pub(crate) fn before_all(role: Role) -> Attributes {
        let key = ItemBuilder::new()
            .word("role", role)
            .text("userId", "usr_~");
        key.into_attributes()
    }

    /// Reads a user from an item of the table or of its index.
    pub(crate) fn read(item: &Attributes) -> Result<User, Corrupt> {
        read(item)
    }
}

/// Demands that a record still has the version that was read.
fn unchanged(update: Update, user: &User) -> Update {
    update.only_if("version", Comparison::Equal, number(user.version))
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
        .optional_text(STAFF_PASSWORD, user.meets_staff_policy.then_some(YES))
        .optional_text(INVITATION_PENDING, user.invitation_pending.then_some(YES))
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
        meets_staff_policy: item.optional_text(STAFF_PASSWORD)?.is_some(),
        invitation_pending: item.optional_text(INVITATION_PENDING)?.is_some(),
        version: item.number("version")?,
        created_at: item.time("createdAt")?,
    })
}
