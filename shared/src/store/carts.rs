//! The table `carts`: one row a line, so that parallel edits of two lines
//! never collide.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ReturnValue;

use crate::auth::{Customer, Identity};
use crate::cart::{Cart, CartLine, MAX_LINES, Quantity};
use crate::env::{Env, FromEnv, StartError};
use crate::ids::{ProductId, UserId, new_ulid};
use crate::money::Currency;
use crate::problem::Problem;
use crate::product::ProductStatus;
use crate::store::item::{Attributes, Item, Row, number, text};
use crate::store::products::ProductStore;
use crate::store::{Corrupt, failed};
use crate::time::Timestamp;

/// How long a cart that nobody touches is kept.
const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Carts, each reached by its customer.
#[derive(Clone)]
pub struct CartStore {
    client: Client,
    pub(crate) table: String,
}

impl FromEnv for CartStore {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            client: env.dynamodb(),
            table: env.variable("CARTS_TABLE")?,
        })
    }
}

impl CartStore {
    /// The customer's own cart.
    #[must_use]
    pub fn of<'a>(&'a self, customer: &'a Customer) -> CustomerCart<'a> {
        CustomerCart {
            store: self,
            user_id: customer.user_id(),
        }
    }
}

/// One customer's cart.
pub struct CustomerCart<'a> {
    store: &'a CartStore,
    user_id: &'a UserId,
}

impl CustomerCart<'_> {
    /// The lines as they now stand.
    ///
    /// # Errors
    /// When the table can't be read.
    pub async fn lines(&self) -> Result<Vec<CartLine>, Problem> {
        let mut lines = Vec::new();
        let mut after: Option<Attributes> = None;
        let now = Timestamp::now().unix();
        loop {
            let page = self
                .store
                .client
                .query()
                .table_name(&self.store.table)
                .key_condition_expression("userId = :user")
                .expression_attribute_values(":user", text(self.user_id.as_str()))
                .consistent_read(true)
                .set_exclusive_start_key(after)
                .send()
                .await
                .map_err(failed)?;
            for item in page.items() {
                // DynamoDB deletes late.
                if Row(item).number::<i64>("expiresAt")? > now {
                    lines.push(read(item)?);
                }
            }
            after = page.last_evaluated_key;
            if after.is_none() {
                return Ok(lines);
            }
        }
    }

    /// Takes a line out. Taking out what is not there changes nothing.
    ///
    /// # Errors
    /// When the table can't be written.
    pub async fn remove(&self, product: &ProductId) -> Result<(), Problem> {
        self.store
            .client
            .delete_item()
            .table_name(&self.store.table)
            .set_key(Some(key(self.user_id, product)))
            .send()
            .await
            .map_err(failed)?;
        Ok(())
    }

    /// Sets a line's quantity; whether this made the line. The row remembers
    /// which attempt made it, so that one which the SDK sends again, its first
    /// answer lost, still knows its own line.
    async fn set(&self, product: &ProductId, quantity: Quantity) -> Result<bool, Problem> {
        let attempt = new_ulid()?;
        let set = self
            .store
            .client
            .update_item()
            .table_name(&self.store.table)
            .set_key(Some(key(self.user_id, product)))
            .update_expression(
                "SET quantity = :quantity, expiresAt = :end, \
                 madeBy = if_not_exists(madeBy, :attempt)",
            )
            .expression_attribute_values(":quantity", number(quantity.get()))
            .expression_attribute_values(":end", number(Timestamp::now().plus(KEPT).unix()))
            .expression_attribute_values(":attempt", text(&attempt))
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .map_err(failed)?;
        let row = set.attributes.unwrap_or_default();
        Ok(Row(&row).text("madeBy")? == attempt)
    }
}

/// Carts with the products they are priced by.
#[derive(Clone)]
pub struct CartDesk {
    carts: CartStore,
    products: ProductStore,
    currency: Currency,
}

impl FromEnv for CartDesk {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            carts: CartStore::from_env(env)?,
            products: ProductStore::from_env(env)?,
            currency: env.currency()?,
        })
    }
}

impl CartDesk {
    /// The customer's cart at today's prices.
    ///
    /// # Errors
    /// When a table can't be read.
    pub async fn show(&self, customer: &Customer) -> Result<Cart, Problem> {
        let lines = self.carts.of(customer).lines().await?;
        self.price(&lines).await
    }

    /// Sets how many pieces of a product the customer's cart holds.
    ///
    /// # Errors
    /// [`Problem::NotFound`] for a product that is absent or not published,
    /// [`Problem::Invalid`] for one line too many.
    pub async fn set(
        &self,
        customer: &Customer,
        id: &ProductId,
        quantity: Quantity,
    ) -> Result<Cart, Problem> {
        let product = self.products.find(id).await?;
        product
            .filter(|product| product.status == ProductStatus::Published)
            .ok_or(Problem::NotFound)?;
        let cart = self.carts.of(customer);
        let is_new = cart.set(id, quantity).await?;
        let lines = cart.lines().await?;
        // Looked at after writing: of many parallel requests at least the
        // last one sees them all, so no cart stays too long.
        if is_new && lines.len() > MAX_LINES {
            cart.remove(id).await?;
            let detail = format!("a cart holds at most {MAX_LINES} different products");
            return Err(Problem::invalid("/quantity", detail));
        }
        self.price(&lines).await
    }

    async fn price(&self, lines: &[CartLine]) -> Result<Cart, Problem> {
        // A batch read takes a hundred keys; a cart has at most 32.
        let ids = lines.iter().map(|line| &line.product_id).take(100);
        let products = self.products.find_all(ids).await?;
        Ok(Cart::price(lines, &products, self.currency))
    }
}

/// The key of a line.
pub(crate) fn key(user_id: &UserId, product: &ProductId) -> Attributes {
    Item::new()
        .text("userId", user_id.as_str())
        .text("productId", product.as_str())
        .into_attributes()
}

fn read(item: &Attributes) -> Result<CartLine, Corrupt> {
    let row = Row(item);
    let pieces = row.number("quantity")?;
    Ok(CartLine {
        product_id: row.id("productId")?,
        quantity: Quantity::new(pieces).ok_or(Corrupt::new("quantity"))?,
    })
}
