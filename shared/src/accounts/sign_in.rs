//! Signing in. Whatever is wrong, the answer is the same and the same work was
//! done for it: three reads, one hash, two counts. (A hash of bcrypt, which only
//! imported users have and only until they sign in, is more work than one of
//! argon2id.)

use super::credentials::{Credential, Credentials};
use super::open_session::SignedIn;
use super::password::{PasswordAttempt, StoredPassword};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::WriteAction;
use crate::http::Problem;
use crate::identity::{Realm, User, UserStatus, Users};
use crate::input::{Fields, FromJson, email, line};
use crate::limits::{Address, KnownAddresses, SignInAttempts};
use crate::telemetry::SignInFailure;
use crate::values::{EmailAddress, Timestamp};

/// What a person sends to sign in.
pub struct SignInRequest {
    /// The address they give.
    pub email: EmailAddress,
    /// The password they give.
    pub password: PasswordAttempt,
    /// What they call the device.
    pub device: Option<String>,
}

impl FromJson for SignInRequest {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let address = fields.required("email", email);
        let password = fields.required("password", PasswordAttempt::read);
        let device = fields.optional("device", |v| line(v, 1..=100));
        Some(Self {
            email: address?,
            password: password?,
            device: device?,
        })
    }
}

/// Signs the people of a realm in.
#[derive(Clone)]
pub struct SignIn<R> {
    credentials: Credentials<R>,
    users: Users<R>,
    attempts: SignInAttempts,
    addresses: KnownAddresses<R>,
}

impl<R: Realm> FromEnv for SignIn<R> {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            credentials: Credentials::from_env(env)?,
            users: Users::from_env(env)?,
            attempts: SignInAttempts::from_env(env)?,
            addresses: KnownAddresses::from_env(env)?,
        })
    }

    async fn warm(&self) {
        self.credentials.warm().await;
    }
}

impl<R: Realm> SignIn<R> {
    /// Checks an address and a password.
    ///
    /// # Errors
    /// [`Problem::SignInFailed`] for an unknown address, a wrong password, an
    /// account that may not be used, and one with too many failures in this
    /// window; [`Problem::Unavailable`] if failures can't be counted.
    pub async fn sign_in(
        &self,
        request: &SignInRequest,
        address: Address,
    ) -> Result<SignedIn, Problem> {
        let (attempt, account) = tokio::try_join!(
            self.attempts.begin::<R>(&request.email, &address),
            self.read(&request.email, &address)
        )?;
        let attempt = attempt.with_known_address(account.knows_address);
        let Account {
            credential,
            read_at,
            user,
            ..
        } = account;
        let stored = credential.password.as_ref();
        let right = request.password.verify(stored)?;

        let failure = match &user {
            _ if attempt.is_locked() => SignInFailure::Locked,
            None => SignInFailure::UnknownAddress,
            Some(user) if right && user.status != UserStatus::Active => SignInFailure::NotActive,
            Some(user) if right && !R::has_role(user.role) => SignInFailure::WrongRealm,
            Some(_) if !right => SignInFailure::WrongPassword,
            Some(user) => {
                let ((), proof) =
                    tokio::join!(self.attempts.succeed(&attempt), self.proof(request, stored));
                let (user, proof) = (user.clone(), Some(proof?));
                return Ok(SignedIn {
                    user,
                    read_at,
                    address,
                    proof,
                });
            }
        };
        attempt.fail(failure, user.as_ref().map(|user| &user.id));
        Err(Problem::SignInFailed)
    }

    /// Reads what there is of an account: the same for an address that has none.
    async fn read(&self, email: &EmailAddress, address: &Address) -> Result<Account, Problem> {
        let credential = match self.credentials.get(email).await? {
            Some(found) => found,
            None => Credential::of_nobody()?,
        };
        let read_at = Timestamp::now();
        let (user, knows_address) = tokio::try_join!(
            self.users.get(&credential),
            self.addresses.contains(&credential, address)
        )?;
        Ok(Account {
            credential,
            read_at,
            user,
            knows_address,
        })
    }

    /// Returns the action that checks what must still hold when the session is
    /// opened. Replaces a hash of bcrypt by a better one first.
    async fn proof(
        &self,
        request: &SignInRequest,
        stored: Option<&StoredPassword>,
    ) -> Result<WriteAction, Problem> {
        let old = stored.ok_or_else(|| Problem::internal("right without a password"))?;
        let (email, credentials) = (&request.email, &self.credentials);
        let Some(new) = request.password.rehash(old)? else {
            return Ok(credentials.check_password(email, old));
        };
        if credentials.strengthen(email, old, &new).await {
            return Ok(credentials.check_password(email, &new));
        }
        // Another sign-in may have replaced it at the same time, or this one
        // without hearing of it: then the password is right as before.
        let found = credentials.get(email).await?;
        let now = found.and_then(|it| it.password);
        let now = now.filter(|now| now.as_str() != old.as_str());
        match now {
            Some(now) if request.password.verify(Some(&now))? => {
                Ok(credentials.check_password(email, &now))
            }
            Some(_) | None => Ok(credentials.check_password(email, old)),
        }
    }
}

/// An account that someone asks to be signed in to.
struct Account {
    credential: Credential,
    /// A moment before the user was read.
    read_at: Timestamp,
    user: Option<User>,
    /// Whether it was signed in to from this address lately.
    knows_address: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::{NewPassword, Register};
    use crate::dynamodb::{ItemBuilder, Outcome, Transaction};
    use crate::identity::{CustomerRealm, Role, StaffRealm};
    use crate::input::parse_json;
    use crate::testing::{Tables, tables};

    fn request() -> SignInRequest {
        parse_json(br#"{"email":"ann@example.com","password":"owls at night"}"#).unwrap()
    }

    async fn with_ann() -> (Tables, SignIn<CustomerRealm>) {
        let tables = tables().await;
        let accounts: Register<CustomerRealm> = tables.open();
        let email = EmailAddress::parse("ann@example.com").unwrap();
        let ann = User::new(email, "Ann", Role::Customer).unwrap();
        let password = NewPassword::trusted("owls at night");
        accounts.insert(ann, &password).await.unwrap();
        let sign_in = tables.open();
        (tables, sign_in)
    }

    #[tokio::test]
    async fn a_password_that_is_changed_before_the_session_is_opened_opens_none() {
        let (tables, sign_in) = with_ann().await;
        let client = tables.env.dynamodb();
        let commit = async |action| {
            let parts = Transaction::new().with((), action);
            parts.commit(&client).await.unwrap()
        };
        let proof = async || {
            let signed_in = sign_in.sign_in(&request(), Address::of("192.0.2.1")).await;
            signed_in.unwrap().proof.unwrap()
        };
        assert_eq!(commit(proof().await).await, Outcome::Committed);

        let proof = proof().await;
        let email = request().email;
        let old = sign_in.credentials.get(&email).await.unwrap().unwrap();
        let another = NewPassword::trusted("bats at noon").hash().unwrap();
        let old = old.password.unwrap();
        let change = sign_in.credentials.replace_password(&email, &old, &another);
        assert_eq!(commit(change).await, Outcome::Committed);
        assert_eq!(commit(proof).await, Outcome::Refused(vec![()]));
    }

    #[tokio::test]
    async fn two_who_replace_an_imported_hash_at_once_are_both_signed_in() {
        let (tables, sign_in) = with_ann().await;
        let imported = bcrypt::hash("owls at night", 10).unwrap();
        let key = ItemBuilder::new().text("login", "email#ann@example.com");
        let values = ItemBuilder::new().text("passwordHash", imported);
        let (key, values) = (key.into_attributes(), values.into_attributes());
        tables.change("CREDENTIALS_TABLE", key, values).await;
        let request = request();
        let one = || sign_in.sign_in(&request, Address::of("192.0.2.1"));
        let (one, other) = tokio::try_join!(one(), one()).unwrap();
        for signed_in in [one, other] {
            let parts = Transaction::new().with((), signed_in.proof.unwrap());
            let opened = parts.commit(&tables.env.dynamodb()).await.unwrap();
            assert_eq!(opened, Outcome::Committed);
        }
    }

    #[tokio::test]
    async fn nobody_signs_in_in_the_others_realm() {
        let (tables, customers) = with_ann().await;
        let staff: SignIn<StaffRealm> = tables.open();
        assert!(
            customers
                .sign_in(&request(), Address::of("192.0.2.1"))
                .await
                .is_ok()
        );
        assert!(
            staff
                .sign_in(&request(), Address::of("192.0.2.1"))
                .await
                .is_err()
        );

        // An address may be both, each with a password of its own.
        let accounts: Register<StaffRealm> = tables.open();
        let ann = User::new(request().email, "Ann", Role::Admin).unwrap();
        let password = NewPassword::trusted("another one altogether");
        accounts.insert(ann, &password).await.unwrap();
        assert!(
            staff
                .sign_in(&request(), Address::of("192.0.2.1"))
                .await
                .is_err()
        );
        assert!(
            customers
                .sign_in(&request(), Address::of("192.0.2.1"))
                .await
                .is_ok()
        );
        // A role of the other realm opens nothing, whoever wrote it.
        let accounts: Register<CustomerRealm> = tables.open();
        let email = EmailAddress::parse("eve@example.com").unwrap();
        let eve = User::new(email, "Eve", Role::SuperAdmin).unwrap();
        let password = NewPassword::trusted("owls at night");
        accounts.insert(eve, &password).await.unwrap();
        let body = br#"{"email":"eve@example.com","password":"owls at night"}"#;
        let refused = customers
            .sign_in(&parse_json(body).unwrap(), Address::of("192.0.2.1"))
            .await;
        assert!(refused.is_err());
    }
}
