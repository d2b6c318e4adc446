//! Looking a customer up. Each look leaves a record with its reason, found or not,
//! before anything is told.

use super::record::CustomerRecord;
use crate::accounts::Credentials;
use crate::audit::{Action, AuditWriter, Record};
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{DynamoDbError, Transaction};
use crate::http::Problem;
use crate::identity::{CustomerRealm, Role, Staff, Users};
use crate::input::{Fields, FromJson, email, line};
use crate::orders::StaffOrders;
use crate::values::{EmailAddress, OrderId, PathId, UserId};

/// How many of a customer's orders are shown at most.
const MAX_ORDERS: u16 = 100;
/// What the record says of whom nobody is.
const NOBODY: &str = "nobody";

/// Whom one of the staff looks for, and why.
pub struct CustomerSearch {
    wanted: Wanted,
    reason: String,
}

/// What a customer is found by.
enum Wanted {
    Email(EmailAddress),
    Order(OrderId),
}

impl FromJson for CustomerSearch {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let email = fields.optional("email", email);
        let order = fields.optional("orderId", |v| {
            OrderId::parse(v.text()?).ok_or_else(|| "must be an order's id".into())
        });
        let reason = fields.required("reason", |v| {
            let reason = line(v, 3..=200)?;
            // It is kept for ever, and whose address it was is not.
            match reason.contains('@') {
                true => Err("must not contain an e-mail address, nor any @".into()),
                false => Ok(reason),
            }
        });
        let wanted = match (email?, order?) {
            (Some(email), None) => Wanted::Email(email),
            (None, Some(order)) => Wanted::Order(order),
            (Some(_), Some(_)) => {
                fields.refuse("orderId", "must be left out where email is given".into());
                return None;
            }
            (None, None) => {
                fields.refuse("email", "is required, unless orderId is given".into());
                return None;
            }
        };
        Some(Self {
            wanted,
            reason: reason?,
        })
    }
}

/// Looks customers up.
#[derive(Clone)]
pub struct SearchCustomers {
    credentials: Credentials<CustomerRealm>,
    users: Users<CustomerRealm>,
    orders: StaffOrders,
    audit: AuditWriter,
}

impl FromEnv for SearchCustomers {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            credentials: Credentials::from_env(env)?,
            users: Users::from_env(env)?,
            orders: StaffOrders::from_env(env)?,
            audit: AuditWriter::from_env(env)?,
        })
    }
}

impl SearchCustomers {
    /// Returns the customer of an address or of an order, with their orders.
    ///
    /// The record of the look names their id, or that nobody was found, and the
    /// reason; never the address. Unless it is written, nothing is told.
    ///
    /// # Errors
    /// [`Problem::NotFound`] for nobody; [`Problem::Unavailable`] if the record
    /// can't be written.
    pub async fn search(
        &self,
        by: &Staff,
        search: &CustomerSearch,
    ) -> Result<CustomerRecord, Problem> {
        let found = self.find(by, &search.wanted).await?;
        let target = found.as_ref().map_or(NOBODY, UserId::as_str);
        let record = Record::by(by, Action::CustomerSearched, target, Vec::new());
        let record = record.because(&search.reason);
        let look = Transaction::<()>::new();
        self.audit.commit(look, &[record]).await?;
        let id = found.ok_or(Problem::NotFound)?;
        let customer = by.serving(&id);
        let (user, orders) = tokio::try_join!(
            self.users.get(&customer),
            self.orders.newest_of(&customer, MAX_ORDERS)
        )?;
        let user = user.filter(|user| user.role == Role::Customer);
        let user = user.ok_or(Problem::NotFound)?;
        Ok(CustomerRecord::new(user, orders))
    }

    async fn find(&self, by: &Staff, wanted: &Wanted) -> Result<Option<UserId>, DynamoDbError> {
        match wanted {
            Wanted::Email(email) => self.credentials.owner(email).await,
            Wanted::Order(id) => self.orders.owner(by, id).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use cloud::{Calls, Fault};
    use serde_json::{Value, json};

    use super::*;
    use crate::identity::{Identity, NamesUser, staff_for_tests};
    use crate::input::parse_json;
    use crate::testing::{Tables, tables};

    async fn search(tables: &Tables, by: &Staff, body: Value) -> Result<Value, Problem> {
        let wanted: CustomerSearch = parse_json(body.to_string().as_bytes())?;
        let customers: SearchCustomers = tables.open();
        let found = customers.search(by, &wanted).await?;
        Ok(serde_json::to_value(found).unwrap())
    }

    /// Returns the records of the looks that found someone, or nobody.
    async fn looks(tables: &Tables, target: &str) -> Vec<Value> {
        let mut records = tables.records_of(target).await;
        records.retain(|record| record["action"] == "customer-searched");
        records
    }

    #[tokio::test]
    async fn a_customer_is_found_by_their_address_and_by_any_of_their_orders() {
        let tables = tables().await;
        let staff = staff_for_tests(&tables.staff("sam", Role::Staff).await);
        let (customer, other) = (tables.customer().await, tables.customer().await);
        let id = customer.user_id().as_str();
        let mut placed = Vec::new();
        for owner in [&customer, &other, &customer] {
            let product = tables.product(10).await;
            let order = tables.order(owner, &product, 1).await;
            placed.insert(0, order.order_id.to_string());
        }
        for wanted in [
            json!({ "email": format!("{id}@Example.COM"), "reason": "Called us" }),
            json!({ "orderId": placed[0], "reason": "Called us" }),
            json!({ "orderId": placed[2], "reason": "Called us" }),
        ] {
            let found = search(&tables, &staff, wanted).await.unwrap();
            let profile = json!({
                "userId": id, "email": format!("{id}@example.com"), "name": "Test",
                "phone": null, "status": "active",
                "createdAt": found["customer"]["createdAt"],
            });
            assert_eq!(found["customer"], profile);
            let orders = found["orders"].as_array().unwrap();
            let ids: Vec<&Value> = orders.iter().map(|it| &it["orderId"]).collect();
            assert_eq!(ids, [&placed[0], &placed[2]]);
        }
        let records = looks(&tables, id).await;
        assert_eq!(records.len(), 3);
        for record in records {
            assert_eq!(record["action"], "customer-searched");
            assert_eq!(record["actor"], staff.named_user().as_str());
            assert_eq!(record["reason"], "Called us");
            assert!(!record.to_string().contains("example.com"));
        }
    }

    #[tokio::test]
    async fn whether_there_are_older_orders_than_those_that_are_shown_is_told() {
        let tables = tables().await;
        let staff = staff_for_tests(&tables.staff("sam", Role::Staff).await);
        let customer = tables.customer().await;
        let mut first = None;
        for number in 1..=MAX_ORDERS + 1 {
            let product = tables.product(10).await;
            let order = tables.order(&customer, &product, 1).await;
            let first = first.get_or_insert(order.order_id);
            if number < MAX_ORDERS {
                continue;
            }
            let wanted = json!({ "orderId": first.as_str(), "reason": "Called us" });
            let found = search(&tables, &staff, wanted).await.unwrap();
            let shown = found["orders"].as_array().unwrap().len();
            assert_eq!(shown, usize::from(MAX_ORDERS));
            assert_eq!(found["hasMoreOrders"], number > MAX_ORDERS);
        }
    }

    #[tokio::test]
    async fn who_is_not_found_leaves_a_record_too_and_the_staff_are_not_found() {
        let tables = tables().await;
        let staff = staff_for_tests(&tables.staff("sam", Role::Staff).await);
        for (number, wanted) in [
            json!({ "email": "sam@example.com", "reason": "Curious" }),
            json!({ "email": "nobody@example.com", "reason": "Curious" }),
            json!({ "orderId": "ord_01arz3ndektsv4rrffq69g5fav", "reason": "Curious" }),
        ]
        .into_iter()
        .enumerate()
        {
            let found = search(&tables, &staff, wanted).await;
            assert!(matches!(found, Err(Problem::NotFound)));
            let records = looks(&tables, NOBODY).await;
            assert_eq!(records.len(), number + 1);
            assert_eq!(records[0]["reason"], "Curious");
            assert!(!json!(records).to_string().contains("example.com"));
        }
    }

    #[tokio::test]
    async fn without_its_record_nothing_is_told() {
        let tables = tables().await;
        let staff = staff_for_tests(&tables.staff("sam", Role::Staff).await);
        let id = tables.customer().await.user_id().clone();
        let calls = Calls::of("TransactWriteItems").times(u32::MAX);
        let met = tables.faults().inject(calls, Fault::FailBefore);
        for email in [format!("{id}@example.com"), "nobody@example.com".to_owned()] {
            let wanted = json!({ "email": email, "reason": "Called us" });
            let found = search(&tables, &staff, wanted).await;
            assert!(matches!(found, Err(Problem::Unavailable { .. })));
        }
        assert!(met.hits() > 0);
        assert_eq!(looks(&tables, id.as_str()).await.len(), 0);
    }
}
