//! The tables `credentials` and `staff-credentials`: which address and password
//! open which account. Only the functions that verify a password may read its
//! hash.

use std::marker::PhantomData;

use super::password::StoredPassword;
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{
    Attributes, Comparison, DynamoDbError, ItemBuilder, ItemReader, SingleWrite, Table, Update,
    WriteAction, is_condition_failed, number, text,
};
use crate::http::Problem;
use crate::identity::{CustomerRealm, NamesUser, Realm, StaffRealm};
use crate::telemetry::warn;
use crate::values::{EmailAddress, PathId, Timestamp, UserId};

/// An id that no user has. Its record is read where an address has no account,
/// so that the work is the same.
const NOBODY: &str = "usr_00000000000000000000000000";

/// The addresses and passwords of a realm.
#[derive(Clone)]
pub(crate) struct Credentials<R> {
    table: Table,
    realm: PhantomData<R>,
}

impl<R: Realm> FromEnv for Credentials<R> {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, R::CREDENTIALS_TABLE)?,
            realm: PhantomData,
        })
    }

    async fn warm(&self) {
        // No address is empty, so there is no such row: half a read unit. Some
        // functions may ask for no more than this, or for no password.
        let _ = self.table.get_part(key("email#"), &["userId"]).await;
    }
}

/// What an address opens, and by which password.
pub(crate) struct Credential {
    user_id: UserId,
    /// `None` while its owner has not accepted their invitation.
    pub(super) password: Option<StoredPassword>,
}

/// Whom an address of the staff was given to, without their password.
pub(crate) struct InvitedAddress {
    user_id: UserId,
    /// The hash of their invitation's token, and when it ends; `None` once they
    /// have accepted.
    pub(crate) invitation: Option<(String, i64)>,
}

impl NamesUser<StaffRealm> for InvitedAddress {
    fn named_user(&self) -> &UserId {
        &self.user_id
    }
}

impl<R: Realm> NamesUser<R> for Credential {
    fn named_user(&self) -> &UserId {
        &self.user_id
    }
}

impl Credential {
    /// Makes the credential of an address without an account: it names nobody
    /// and has no password.
    pub(super) fn of_nobody() -> Result<Self, Problem> {
        let nobody = UserId::parse(NOBODY);
        Ok(Self {
            user_id: nobody.ok_or_else(|| Problem::internal("nobody has no id"))?,
            password: None,
        })
    }
}

impl<R: Realm> Credentials<R> {
    /// Reads what an address opens, with the password's hash, for whoever
    /// verifies it; `None` if it has no account.
    pub(super) async fn get(
        &self,
        email: &EmailAddress,
    ) -> Result<Option<Credential>, DynamoDbError> {
        let Some(item) = self.table.get(key(&login(email))).await? else {
            return Ok(None);
        };
        let item = ItemReader::from(&item);
        let password = item.optional_text("passwordHash")?;
        Ok(Some(Credential {
            user_id: item.id("userId")?,
            password: password.map(|hash| StoredPassword::new(hash.to_owned())),
        }))
    }

    /// Replaces a hash by a stronger one of the same password, and returns
    /// whether it did. The sign-in goes on if this fails: the next one tries
    /// again.
    pub(super) async fn strengthen(
        &self,
        email: &EmailAddress,
        old: &StoredPassword,
        new: &StoredPassword,
    ) -> bool {
        let put = self
            .table
            .update(key(&login(email)))
            .update_expression("SET passwordHash = :new")
            .condition_expression("passwordHash = :old")
            .expression_attribute_values(":new", text(new.as_str()))
            .expression_attribute_values(":old", text(old.as_str()))
            .commit()
            .await;
        match put {
            Ok(_) => true,
            // Somebody else did, or the password was changed meanwhile.
            Err(error) if is_condition_failed(&error) => false,
            Err(error) => {
                warn("password-not-rehashed", &error);
                false
            }
        }
    }

    /// Returns the action that checks that an address still has the password
    /// that was just verified.
    pub(super) fn check_password(
        &self,
        email: &EmailAddress,
        verified: &StoredPassword,
    ) -> WriteAction {
        let expected = ItemBuilder::new().text("passwordHash", verified.as_str());
        self.table
            .check(key(&login(email)), expected.into_attributes())
    }

    /// Returns the action that puts a new address with a password.
    pub(super) fn put_new(
        &self,
        email: &EmailAddress,
        user_id: &UserId,
        password: &StoredPassword,
    ) -> WriteAction {
        let item = new_item(email, user_id).text("passwordHash", password.as_str());
        self.table.put_new(item, "login")
    }

    /// Returns the action that replaces a password by another: refused if it is
    /// not the old one any more.
    pub(super) fn replace_password(
        &self,
        email: &EmailAddress,
        old: &StoredPassword,
        new: &StoredPassword,
    ) -> WriteAction {
        self.change(email)
            .set("passwordHash", text(new.as_str()))
            .only_if("passwordHash", Comparison::Equal, text(old.as_str()))
            .into_update()
    }

    fn change(&self, email: &EmailAddress) -> Update {
        self.table.change(key(&login(email)))
    }
}

impl Credentials<CustomerRealm> {
    /// Reads whose an address is. Never reads a password's hash.
    pub(crate) async fn owner(
        &self,
        email: &EmailAddress,
    ) -> Result<Option<UserId>, DynamoDbError> {
        let found = self.table.get_part(key(&login(email)), &["userId"]);
        let item = found.await?;
        let id = item.map(|item| ItemReader::from(&item).id("userId"));
        Ok(id.transpose()?)
    }
}

impl Credentials<StaffRealm> {
    /// Reads to whom an address was given, and the invitation that is open.
    /// Never reads a password's hash.
    pub(crate) async fn invited(
        &self,
        email: &EmailAddress,
    ) -> Result<Option<InvitedAddress>, DynamoDbError> {
        let attributes = ["userId", "inviteHash", "inviteEnds"];
        let found = self.table.get_part(key(&login(email)), &attributes);
        let Some(item) = found.await? else {
            return Ok(None);
        };
        let item = ItemReader::from(&item);
        let hash = item.optional_text("inviteHash")?.map(str::to_owned);
        Ok(Some(InvitedAddress {
            user_id: item.id("userId")?,
            invitation: hash.zip(item.optional_number("inviteEnds")?),
        }))
    }

    /// Returns the action that puts a new address with an invitation.
    pub(crate) fn put_invited(
        &self,
        email: &EmailAddress,
        user_id: &UserId,
        invite_hash: String,
        ends: Timestamp,
    ) -> WriteAction {
        let item = new_item(email, user_id)
            .text("inviteHash", invite_hash)
            .number("inviteEnds", ends.unix());
        self.table.put_new(item, "login")
    }

    /// Returns the action that replaces an invitation by a new one: refused
    /// once it was accepted.
    pub(crate) fn replace_invitation(
        &self,
        email: &EmailAddress,
        user_id: &UserId,
        invite_hash: String,
        ends: Timestamp,
    ) -> WriteAction {
        self.change(email)
            .set("inviteHash", text(invite_hash))
            .set("inviteEnds", number(ends.unix()))
            .only_if("userId", Comparison::Equal, text(user_id.as_str()))
            .only_if_exists("inviteHash")
            .into_update()
    }

    /// Returns the action that accepts an invitation: refused if it is another
    /// one, has ended or was accepted.
    pub(crate) fn accept_invitation(
        &self,
        email: &EmailAddress,
        user_id: &UserId,
        invite_hash: String,
        password: &StoredPassword,
        now: Timestamp,
    ) -> WriteAction {
        self.change(email)
            .set("passwordHash", text(password.as_str()))
            .remove("inviteHash")
            .remove("inviteEnds")
            .only_if("userId", Comparison::Equal, text(user_id.as_str()))
            .only_if("inviteHash", Comparison::Equal, text(invite_hash))
            .only_if("inviteEnds", Comparison::Above, number(now.unix()))
            .only_if_absent("passwordHash")
            .into_update()
    }
}

fn new_item(email: &EmailAddress, user_id: &UserId) -> ItemBuilder {
    ItemBuilder::new()
        .text("login", login(email))
        .text("userId", user_id.as_str())
}

fn login(email: &EmailAddress) -> String {
    format!("email#{}", email.key())
}

fn key(login: &str) -> Attributes {
    ItemBuilder::new().text("login", login).into_attributes()
}
