//! The people of the demo shop, and newcomers.

use local::demo::accounts;
use serde_json::{Value, json};

use crate::{Client, Shop, TestRequest};

/// What newcomers sign in with.
pub const NEWCOMERS_PASSWORD: &str = "a long enough password";

/// Returns the password of one of the demo's accounts.
pub fn password_of(email: &str) -> &'static str {
    let account = accounts().iter().find(|account| account.email == email);
    &account.expect("one of the demo's accounts").password
}

impl Shop {
    /// Returns someone without an account.
    pub fn anonymous(&self) -> Client {
        Client {
            http: self.http.clone(),
            base: self.cloud.api_url(),
            token: None,
            session: Value::Null,
        }
    }

    /// Returns a customer.
    pub async fn alice(&self) -> Client {
        self.signed_in("login", "alice@example.com").await
    }

    /// Returns another customer.
    pub async fn bob(&self) -> Client {
        self.signed_in("login", "bob@example.com").await
    }

    /// Returns one of the staff.
    pub async fn staff(&self) -> Client {
        self.signed_in("admin-login", "staff@example.com").await
    }

    /// Returns an admin.
    pub async fn admin(&self) -> Client {
        self.signed_in("admin-login", "admin@example.com").await
    }

    /// Returns a super-admin.
    pub async fn super_admin(&self) -> Client {
        self.signed_in("admin-login", "super@example.com").await
    }

    /// Registers a customer.
    pub async fn newcomer(&self, name: &str) -> Client {
        let body = json!({
            "email": format!("{name}@example.com"), "password": NEWCOMERS_PASSWORD, "name": name,
        });
        let address = self.fresh_ip();
        let session = self
            .call_from(&address, "register", TestRequest::with_body(body))
            .await;
        self.anonymous().with_session(session.expect(201).body)
    }

    async fn signed_in(&self, function: &str, email: &str) -> Client {
        let body = json!({ "email": email, "password": password_of(email) });
        let address = self.fresh_ip();
        let session = self
            .call_from(&address, function, TestRequest::with_body(body))
            .await;
        self.anonymous().with_session(session.expect(200).body)
    }
}
