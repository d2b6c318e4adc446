//! Making an account.

use super::credentials::Credentials;
use super::open_session::SignedIn;
use super::password::{NewPassword, ProposedPassword};
use crate::audit::{Action, Actor, AuditWriter, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Outcome, Transaction};
use crate::http::{Conflict, Problem};
use crate::identity::{CustomerRealm, Realm, Role, User, Users};
use crate::input::{Fields, FromJson, email, line, phone};
use crate::limits::Address;
use crate::values::EmailAddress;

/// What a newcomer sends to get an account.
pub struct Registration {
    /// Their address.
    pub email: EmailAddress,
    /// What they will sign in with.
    pub password: NewPassword,
    /// Their name.
    pub name: String,
    /// Their number.
    pub phone: Option<String>,
}

impl FromJson for Registration {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let address = fields.required("email", email);
        let password = fields.required("password", ProposedPassword::read);
        let name = fields.required("name", |v| line(v, 1..=200));
        let number = fields.optional("phone", phone);
        let (email, password, name) = (address?, password?, name?);
        let password = match password.for_account(Role::Customer, &email, &name) {
            Ok(password) => password,
            Err(reason) => {
                fields.refuse("password", reason);
                return None;
            }
        };
        Some(Self {
            email,
            password,
            name,
            phone: number?,
        })
    }
}

/// Makes accounts of a realm.
#[derive(Clone)]
pub struct Register<R> {
    credentials: Credentials<R>,
    users: Users<R>,
    audit: AuditWriter,
}

/// What an action of the transaction stands for.
enum Part {
    Address,
    User,
}

impl<R: Realm> FromEnv for Register<R> {
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

impl Register<CustomerRealm> {
    /// Makes a customer's account.
    ///
    /// # Errors
    /// [`Conflict::AddressTaken`] if the address has one.
    pub async fn register(&self, new: Registration, address: Address) -> Result<SignedIn, Problem> {
        let mut user = User::new(new.email, &new.name, Role::Customer)?;
        user.phone = new.phone;
        let user = self.insert(user, &new.password).await?;
        // The account was made by this very request: there is nothing to check.
        Ok(SignedIn {
            read_at: user.created_at,
            user,
            address,
            proof: None,
        })
    }
}

impl<R: Realm> Register<R> {
    /// Makes an account of any role: for the demo shop, and for no function.
    ///
    /// # Errors
    /// [`Conflict::AddressTaken`] if the address has one in this realm.
    pub async fn insert(&self, user: User, password: &NewPassword) -> Result<User, Problem> {
        let hash = password.hash()?;
        let actor = Actor::User(user.id.clone());
        let (action, target) = (Action::AccountRegistered, user.id.to_string());
        let record = Record::new(actor, action, &target, Vec::new());
        let credential = self.credentials.put_new(&user.email, &user.id, &hash);
        let account = Transaction::new()
            .with(Part::Address, credential)
            .with(Part::User, self.users.put_new(&user));
        match self.audit.commit(account, &[record]).await? {
            Outcome::Committed => Ok(user),
            Outcome::Refused(parts) => Err(match parts.first() {
                Some(Part::Address) => Problem::Conflict(Conflict::AddressTaken),
                Some(Part::User) | None => Problem::internal("a new id is somebody's"),
            }),
        }
    }
}
