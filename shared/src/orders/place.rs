//! Placing an order: from a cart to an order in one DynamoDB transaction. It
//! takes the stock, remembers the idempotency key, writes the order and empties
//! the cart, or does none of it.
//!
//! No answer says "failed" while that is not known: what may have been done is
//! 503, and a request with the same key then tells. A refusal is written down
//! in the key's own row before it is told, so that a request which meets its
//! own first sending, at any point of being done, waits for it and gets its
//! order; and that a sending which had not begun by then never makes one.

use super::cart_snapshot::CartSnapshot;
use super::customer_orders::CustomerOrders;
use super::order::{Order, OrderDraft};
use super::table::{self, KeyRow, Refusal, UsedKey};
use crate::aws::{Env, FromEnv, StartError};
use crate::carts::{CartLine, Carts, MAX_LINES};
use crate::catalogue::{Offers, currency};
use crate::dynamodb::{Attributes, Corrupt, DynamoDbError, Outcome, TransactGet, Transaction};
use crate::http::{Conflict, Deadline, Idempotent, Problem};
use crate::identity::{Customer, CustomerRealm, Identity, Role, Users};
use crate::input::IdempotencyKey;
use crate::values::{Currency, OrderId, ProductId, UserId, sha256_base64url};

/// Places orders.
#[derive(Clone)]
pub struct PlaceOrder {
    users: Users<CustomerRealm>,
    carts: Carts,
    offers: Offers,
    orders: CustomerOrders,
    currency: Currency,
}

impl FromEnv for PlaceOrder {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            users: Users::from_env(env)?,
            carts: Carts::from_env(env)?,
            offers: Offers::from_env(env)?,
            orders: CustomerOrders::from_env(env)?,
            currency: currency(env)?,
        })
    }
}

impl PlaceOrder {
    /// Makes one order of what is in the customer's cart.
    ///
    /// # Errors
    /// A [`Conflict`] as things now are, [`Problem::IdempotencyMismatch`] for a
    /// key that was used with another body, [`Problem::Unavailable`] where the
    /// outcome is not known.
    pub async fn place(
        &self,
        customer: &Customer,
        key: &IdempotencyKey,
        draft: &OrderDraft,
        deadline: Deadline,
    ) -> Result<Idempotent<Order>, Problem> {
        let cart = self.carts.of(customer);
        let (rows, lines) =
            tokio::try_join!(self.customer_and_key(customer, key, deadline), cart.lines())?;
        let row = |place: usize| rows.get(place).and_then(Option::as_ref);
        let user = Users::require_active_row(customer, row(0))?;
        let key_row = row(1).map(table::read_key).transpose()?;
        if user.role != Role::Customer {
            return Err(Problem::Forbidden);
        }
        let (used, refusal) = match key_row {
            None => (None, None),
            Some(KeyRow::Used(used)) => (Some(used), None),
            Some(KeyRow::Refused(refusal)) => (None, Some(refusal)),
        };
        let attempt = Attempt {
            customer,
            key,
            refusal,
            body_hash: body_hash(draft),
            draft,
            deadline,
        };
        if let Some(used) = used {
            return self.replay(&attempt, &used).await.map(Idempotent::Replayed);
        }
        let (used, refusal) = match self.attempt(&attempt, &lines).await {
            Ok(Attempted::Placed(order)) => return Ok(Idempotent::Created(*order)),
            // A row that was there is enough: it may have expired since.
            Ok(Attempted::KeyUsed(used)) => {
                let gone = Problem::unavailable("a used idempotency key is gone");
                (used, gone)
            }
            Ok(Attempted::Refused(problem)) | Err(problem @ Problem::Internal(_)) => {
                (None, problem)
            }
            // The outcome is not known: a request with the same key will tell.
            Err(problem) => return Err(problem),
        };
        // If this key has made an order, or is just making one, that is the
        // answer, whatever the cart, the stock or the prices are by now. If
        // not, it makes none any more for a request that began before now.
        let used = match used {
            Some(used) => Some(used),
            None => self.orders.refuse(customer, key, deadline).await?,
        };
        match used {
            Some(used) => self.replay(&attempt, &used).await.map(Idempotent::Replayed),
            None => Err(refusal),
        }
    }

    /// Reads the customer's record and the key's row, by one call.
    async fn customer_and_key(
        &self,
        customer: &Customer,
        key: &IdempotencyKey,
        deadline: Deadline,
    ) -> Result<Vec<Option<Attributes>>, DynamoDbError> {
        let items = self.users.read_with(TransactGet::default(), customer);
        let items = self.orders.read_key_with(items, customer, key);
        items
            .until(deadline.instant())
            .read(self.orders.client())
            .await
    }

    /// Prices and sends; once more if a product changed in between.
    async fn attempt(
        &self,
        attempt: &Attempt<'_>,
        lines: &[CartLine],
    ) -> Result<Attempted, Problem> {
        let refused = |conflict| Ok(Attempted::Refused(Problem::Conflict(conflict)));
        let overtaken = |refusal: &Refusal| refusal.covers(attempt.deadline);
        if attempt.refusal.as_ref().is_some_and(overtaken) {
            // It was on its way when another one with its key was told "no".
            return refused(Conflict::CartChanged);
        }
        if lines.is_empty() {
            return refused(Conflict::EmptyCart);
        }
        if lines.len() > MAX_LINES {
            let detail = format!("the cart must hold at most {MAX_LINES} different products");
            return Ok(Attempted::Refused(Problem::invalid("", detail)));
        }
        for _ in 0..2 {
            let cart = self.read(lines).await?;
            if cart.on_sale().next().is_none() {
                return refused(Conflict::EmptyCart);
            }
            let short = cart.short();
            if !short.is_empty() {
                self.offers.set_labels(&cart.offer, attempt.deadline).await;
                return refused(Conflict::OutOfStock(short));
            }
            let order = cart.price(attempt.draft, self.currency)?;
            if order.total != attempt.draft.expected_total {
                return refused(Conflict::PriceChanged { total: order.total });
            }
            match self.send(attempt, &cart, &order).await? {
                SendOutcome::Committed => {
                    self.refresh_low_stock(&cart, attempt.deadline).await;
                    return Ok(Attempted::Placed(Box::new(order)));
                }
                SendOutcome::KeyUsed(used) => return Ok(Attempted::KeyUsed(used)),
                SendOutcome::ProductChanged => {}
                SendOutcome::Refused(conflict) => return refused(conflict),
            }
        }
        // Somebody edits these products faster than they are read here, without
        // changing the total.
        let busy = Problem::unavailable("the products changed twice during one checkout");
        Ok(Attempted::Refused(busy))
    }

    /// Reads the products and the stock of the lines as they now are.
    async fn read<'a>(&self, lines: &'a [CartLine]) -> Result<CartSnapshot<'a>, Problem> {
        let offer = self.offers.get(lines.iter().map(|line| &line.product_id));
        let offer = offer.await?;
        Ok(CartSnapshot { lines, offer })
    }

    /// Sends the transaction until its outcome is known or the time is up.
    async fn send(
        &self,
        attempt: &Attempt<'_>,
        cart: &CartSnapshot<'_>,
        order: &Order,
    ) -> Result<SendOutcome, Problem> {
        let token = request_token(attempt.customer.user_id(), &order.order_id);
        let transaction = self
            .transaction(attempt, cart, order)
            .named(token)
            .until(attempt.deadline.instant());
        match transaction.commit(self.orders.client()).await? {
            Outcome::Committed => Ok(SendOutcome::Committed),
            Outcome::Refused(failed) => Ok(interpret_cancellation(failed)?),
        }
    }

    /// Makes the transaction: two actions, and up to three a line, 98 at most.
    fn transaction(
        &self,
        attempt: &Attempt<'_>,
        cart: &CartSnapshot<'_>,
        order: &Order,
    ) -> Transaction<Part> {
        let Attempt {
            customer,
            key,
            body_hash,
            ..
        } = attempt;
        let refusal = attempt.refusal.as_ref().map(|it| it.id.as_str());
        let key = self
            .orders
            .put_key(customer, key, refusal, body_hash, order);
        let mut parts = Transaction::new()
            .with_key(Part::Key, key)
            .with(Part::Order, self.orders.put_new(customer, order));
        for (line, product) in cart.on_sale() {
            let (id, pieces) = (&line.product_id, line.quantity.get());
            parts.push(Part::Stock(id.clone()), self.offers.take_stock(id, pieces));
            parts.push(Part::Product, self.offers.check_unchanged(product));
        }
        // What is no longer sold is not ordered, and leaves the cart too.
        let own = self.carts.of(customer);
        for line in cart.lines {
            parts.push(Part::CartLine, own.take(line, attempt.deadline));
        }
        parts
    }

    /// Returns the order that this key made, as it now is.
    async fn replay(&self, attempt: &Attempt<'_>, used: &UsedKey) -> Result<Order, Problem> {
        let Attempt {
            customer,
            key,
            body_hash,
            deadline,
            ..
        } = attempt;
        if used.body_hash != *body_hash {
            return Err(Problem::IdempotencyMismatch);
        }
        let order = self.orders.order_of_key(customer, key, used, *deadline);
        order.await
    }

    /// Refreshes the labels of what may be low in stock now that the order has
    /// taken its pieces.
    async fn refresh_low_stock(&self, cart: &CartSnapshot<'_>, deadline: Deadline) {
        let low = cart.low_after();
        if !low.is_empty() {
            self.offers.refresh_labels(low.iter(), deadline).await;
        }
    }
}

/// One request to buy.
struct Attempt<'a> {
    customer: &'a Customer,
    key: &'a IdempotencyKey,
    /// The last refusal of the key before this request.
    refusal: Option<Refusal>,
    body_hash: String,
    draft: &'a OrderDraft,
    deadline: Deadline,
}

/// What came of pricing and sending.
enum Attempted {
    Placed(Box<Order>),
    /// The key has made an order: this one, if the row was seen.
    KeyUsed(Option<UsedKey>),
    /// Unless the key has made an order.
    Refused(Problem),
}

/// What came of sending.
#[derive(Debug)]
enum SendOutcome {
    Committed,
    KeyUsed(Option<UsedKey>),
    ProductChanged,
    Refused(Conflict),
}

/// What an action of the transaction stands for.
#[derive(Clone, Debug)]
enum Part {
    /// With the row that is there.
    Key(Option<Attributes>),
    Order,
    Stock(ProductId),
    Product,
    CartLine,
}

/// Returns what it means that the conditions of these actions did not hold. A
/// used key explains every other condition that failed with it, so it is
/// looked at first.
fn interpret_cancellation(failed: Vec<Part>) -> Result<SendOutcome, Corrupt> {
    let (mut short, mut product_changed) = (Vec::new(), false);
    for part in failed {
        match part {
            Part::Key(row) => {
                return Ok(match row.as_ref().map(table::read_key).transpose()? {
                    Some(KeyRow::Used(used)) => SendOutcome::KeyUsed(Some(used)),
                    // Another request with this key was told "no" meanwhile.
                    Some(KeyRow::Refused(_)) => SendOutcome::Refused(Conflict::CartChanged),
                    None => SendOutcome::KeyUsed(None),
                });
            }
            // Its id is new: only this very attempt can have written it, and
            // the key with it.
            Part::Order => return Ok(SendOutcome::KeyUsed(None)),
            Part::Stock(id) => short.push(id),
            Part::Product => product_changed = true,
            Part::CartLine => {}
        }
    }
    Ok(if !short.is_empty() {
        SendOutcome::Refused(Conflict::OutOfStock(short))
    } else if product_changed {
        SendOutcome::ProductChanged
    } else {
        SendOutcome::Refused(Conflict::CartChanged)
    })
}

/// Computes what tells two bodies apart: their meaning, not their spelling. It
/// is kept for days, so it must not change with the layout of a type: the parts
/// are listed one by one, each with its length before it. A part that is added
/// later must leave the hash as it is where it is absent.
fn body_hash(draft: &OrderDraft) -> String {
    let (total, address) = (draft.expected_total, &draft.shipping_address);
    let (amount, currency) = (total.amount().to_string(), total.currency());
    let parts = [
        amount.as_str(),
        currency.as_str(),
        draft.payment_method.into(),
        &address.name,
        &address.line1,
        address.line2.as_deref().unwrap_or_default(),
        &address.postal_code,
        &address.city,
        &address.country,
        address.phone.as_deref().unwrap_or_default(),
    ];
    let text: String = parts
        .iter()
        .map(|part| format!("{}:{part}", part.len()))
        .collect();
    sha256_base64url::<32>(text.as_bytes())
}

/// Returns DynamoDB's token of a transaction, of 36 characters: the same for
/// every sending of it, another for any other.
fn request_token(user_id: &UserId, order_id: &OrderId) -> String {
    sha256_base64url::<27>(format!("{user_id} {order_id}").as_bytes())
}

#[cfg(test)]
#[path = "place_fault_tests.rs"]
mod fault_tests;
#[cfg(test)]
#[path = "place_tests.rs"]
mod tests;
