//! The tables `users` and `staff`: profiles, roles, and since when tokens count.

use std::marker::PhantomData;
use std::time::Duration;

use super::realm::{Realm, StaffRealm};
use super::user::{Role, User, UserStatus};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{
    Attributes, Comparison, Corrupt, DynamoDbError, ItemBuilder, ItemReader, QueryFluentBuilder,
    Table, TransactGet, Update, WriteAction, number, read_all, text, word,
};
use crate::values::{EmailAddress, PathId, SessionId, Timestamp, UserId};

/// The index of the users by role.
const BY_ROLE: &str = "by-role";
/// There until someone who was invited accepts.
const INVITATION_PENDING: &str = "awaited";
/// How far ahead of the clock the end of all tokens lies when it is written, to
/// the second: no more than the clocks of those who check tokens may differ, or
/// whoever signs in anew would wait.
pub(crate) const END_AHEAD: Duration = Duration::from_secs(4);
/// How long that may take to be written: surely less, clocks' differences
/// included.
pub(crate) const END_WRITTEN_WITHIN: Duration = Duration::from_millis(2500);
/// What it holds where it is there.
const YES: &str = "yes";
/// The attributes of a key of the index by role.
pub(crate) const ROLE_KEY: [&str; 2] = ["role", "userId"];

/// What the record of someone in a realm is read by: an identity, verified
/// claims, or a credential or token that names them. A bare id does not. A
/// token's own secret must be checked before anything is told or changed.
pub trait NamesUser<R>: Sync {
    /// Returns whose record it is.
    fn named_user(&self) -> &UserId;
}

impl NamesUser<StaffRealm> for User {
    fn named_user(&self) -> &UserId {
        &self.id
    }
}

/// The people of a realm, each reached by what names them.
#[derive(Clone)]
pub(crate) struct Users<R> {
    table: Table,
    realm: PhantomData<R>,
}

impl<R: Realm> FromEnv for Users<R> {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, R::USERS_TABLE)?,
            realm: PhantomData,
        })
    }
}

impl<R: Realm> Users<R> {
    /// Reads the record of whom `who` names.
    pub(crate) async fn get(&self, who: &impl NamesUser<R>) -> Result<Option<User>, DynamoDbError> {
        self.find(who.named_user()).await
    }

    /// Reads the record of whom `who` names as it is when no transaction that
    /// writes it is under way.
    pub(crate) async fn get_settled(
        &self,
        who: &impl NamesUser<R>,
    ) -> Result<Option<User>, DynamoDbError> {
        let get = TransactGet::default().with(&self.table, key(who.named_user()));
        let mut found = get.read(self.table.client()).await?;
        let found = found.pop().flatten();
        Ok(found
            .as_ref()
            .map(|row| read_user(row.into()))
            .transpose()?)
    }

    /// Adds the record of whom `who` names to items that are read together.
    pub(crate) fn read_with(&self, items: TransactGet, who: &impl NamesUser<R>) -> TransactGet {
        items.with(&self.table, key(who.named_user()))
    }

    async fn find(&self, id: &UserId) -> Result<Option<User>, DynamoDbError> {
        let found = self.table.get(key(id)).await?;
        Ok(found
            .as_ref()
            .map(|row| read_user(row.into()))
            .transpose()?)
    }

    /// Returns the action that puts a new record.
    pub(crate) fn put_new(&self, user: &User) -> WriteAction {
        self.table.put_new(write(user), "userId")
    }

    /// Returns the action that sets a status, and ends every access token and
    /// session of that person: refused if the record has changed since it was
    /// read.
    pub(crate) async fn set_status(&self, user: &User, status: UserStatus) -> WriteAction {
        self.changed(user, status).await.into_update()
    }

    /// Begins a change of what someone may do.
    async fn changed(&self, user: &User, status: UserStatus) -> Update {
        unchanged(self.end_tokens(user, None).await, user)
            .set("status", word(status))
            .set("version", number(user.version + 1))
    }

    /// Returns the action that follows a changed password: it ends every access
    /// token and session of that person but for `kept`. Refused if the record
    /// has changed since it was read.
    pub(crate) async fn end_other_sessions(&self, user: &User, kept: &SessionId) -> WriteAction {
        // The role is no condition: IAM can't allow naming it without allowing
        // to write it.
        unchanged(self.end_tokens(user, Some(kept)).await, user).into_update()
    }

    /// Returns the action that ends every access token and session of someone
    /// whose record was read: refused if somebody else has just done so.
    pub(crate) async fn sign_out_everywhere(&self, user: &User) -> WriteAction {
        self.end_tokens(user, None).await.into_update()
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
    /// must end by it, so it lies later than both: ahead of the clock, by more
    /// than writing it may take, and after what the record said. Where that
    /// would be further ahead, since an end was written in this very second,
    /// the second is waited for: ends in a row must not run away from the
    /// clock, or who signs in anew would be refused.
    async fn end_tokens(&self, user: &User, kept: Option<&SessionId>) -> Update {
        let second = Duration::from_secs(1);
        let later = user.tokens_valid_after.plus(second);
        if later > Timestamp::now().plus(END_AHEAD) {
            tokio::time::sleep(second).await;
        }
        let soon = Timestamp::now().plus(END_AHEAD);
        let before = number(user.tokens_valid_after.unix());
        let update = self
            .change(&user.id)
            .only_if("tokensValidAfter", Comparison::Equal, before)
            .set("tokensValidAfter", number(soon.max(later).unix()))
            .within(END_WRITTEN_WITHIN);
        match kept {
            Some(session) => update.set("keptSession", text(session.as_str())),
            None => update.remove("keptSession"),
        }
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
}

impl Users<StaffRealm> {
    /// Begins the change of a role and a status, which ends every access token
    /// and session of that person: refused if the record has changed since it
    /// was read.
    pub(crate) async fn set_role_and_status(
        &self,
        user: &User,
        role: Role,
        status: UserStatus,
    ) -> Update {
        self.changed(user, status).await.set("role", word(role))
    }

    /// Demands that a record that is changed is an active super-admin's.
    pub(crate) fn only_if_super_admin(update: Update) -> Update {
        update
            .only_if("role", Comparison::Equal, word(Role::SuperAdmin))
            .only_if("status", Comparison::Equal, word(UserStatus::Active))
    }

    /// Returns the action that makes an invited person active: refused if the
    /// record has changed since it was read.
    pub(crate) fn activate(&self, user: &User) -> WriteAction {
        unchanged(self.change(&user.id), user)
            .set("version", number(user.version + 1))
            .set("status", word(UserStatus::Active))
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

    /// Returns the action that checks that someone is an active super-admin at
    /// the moment of the transaction.
    pub(crate) fn check_super_admin(&self, who: &impl NamesUser<StaffRealm>) -> WriteAction {
        let expected = ItemBuilder::new()
            .word("role", Role::SuperAdmin)
            .word("status", UserStatus::Active);
        let key = key(who.named_user());
        self.table.check(key, expected.into_attributes())
    }

    /// Reads every super-admin, of whatever status: a handful.
    pub(crate) async fn super_admins(&self) -> Result<Vec<User>, DynamoDbError> {
        let mut found = Vec::new();
        let ids = self.with_role(Role::SuperAdmin, None);
        let ids: Vec<UserId> = read_all(&ids, |item| item.id("userId").map(Some)).await?;
        for id in ids {
            // The index is behind by a moment; the table is not.
            found.extend(self.find(&id).await?);
        }
        found.retain(|user: &User| user.role == Role::SuperAdmin);
        Ok(found)
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
        .optional_text(INVITATION_PENDING, user.invitation_pending.then_some(YES))
}

/// Reads a user from an item of a table or of its index.
pub(crate) fn read_user(item: ItemReader<'_>) -> Result<User, Corrupt> {
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
        invitation_pending: item.optional_text(INVITATION_PENDING)?.is_some(),
        version: item.number("version")?,
        created_at: item.time("createdAt")?,
    })
}
