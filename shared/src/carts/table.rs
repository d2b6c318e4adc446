//! The table `carts`: one row a line, so that parallel edits of two lines never
//! collide.
//!
//! A request, or a call of DynamoDB, may have its effect after later ones had
//! theirs. So a row has when the request that last changed it reached the
//! gateway, by the gateway's clock alone, and nothing that arrived before
//! changes it any more. That holds for a line that was removed or ordered, too:
//! its row stays for a while, with the quantity 0. A request to set a line that
//! was refused is remembered in the row, too: each delivery of it is refused.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use strum::{EnumString, IntoStaticStr};

use super::cart::{CartLine, KeptProduct, MAX_LINES, Quantity};
use crate::aws::{AwsError, Env, FromEnv, StartError};
use crate::dynamodb::{
    Attributes, Comparison, Corrupt, DynamoDbError, ItemBuilder, ItemReader, Outcome, SingleWrite,
    Table, Transaction, Update, WriteAction, is_condition_failed, money, number, read_all, text,
    word,
};
use crate::http::{Deadline, Problem};
use crate::identity::{Customer, Identity};
use crate::values::{ProductId, Timestamp, UserId, new_ulid};

/// How long a cart that nobody touches is kept.
const RETENTION: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// How long it is remembered when a line was removed or ordered: longer than a
/// call of DynamoDB can be on its way, which its signature bounds to minutes.
const REMOVAL_KEPT: Duration = Duration::from_secs(60 * 60);

/// When the request that last changed a row reached the gateway, in
/// milliseconds since 1970. Rows from before this was kept lack it.
const AT: &str = "at";

/// When the request that was last refused to set the line reached the gateway,
/// in milliseconds since 1970.
const REFUSED: &str = "refused";

/// Why it was refused.
const REFUSAL: &str = "refusal";

/// Sets what a row without a line has.
const SET_REMOVED: &str = "SET quantity = :none, #at = :at, expiresAt = :end";

/// Removes what only a row with a line has.
const REMOVE_LINE: &str = "REMOVE madeBy, setBy, productName, unitPrice";

/// Adds to what an update sets that a request was refused.
const SET_REFUSED: &str = ", #refused = :refused, #refusal = :refusal";

/// Holds unless a request that arrived later has changed the row.
const NOT_OVERTAKEN: &str = "(attribute_not_exists(#at) OR #at <= :at)";

/// Carts, each reached by its customer.
#[derive(Clone)]
pub struct Carts {
    table: Table,
}

impl FromEnv for Carts {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, "CARTS_TABLE")?,
        })
    }
}

impl Carts {
    /// Returns the customer's own cart.
    #[must_use]
    pub fn of<'a>(&'a self, customer: &'a Customer) -> CustomerCart<'a> {
        CustomerCart {
            table: &self.table,
            user_id: customer.user_id(),
        }
    }
}

/// One customer's cart.
pub struct CustomerCart<'a> {
    table: &'a Table,
    user_id: &'a UserId,
}

impl CustomerCart<'_> {
    /// Reads the lines as they now are.
    pub(crate) async fn lines(&self) -> Result<Vec<CartLine>, DynamoDbError> {
        let rows = self
            .table
            .query()
            .key_condition_expression("userId = :user")
            .expression_attribute_values(":user", text(self.user_id.as_str()))
            .consistent_read(true);
        let now = Timestamp::now().unix();
        read_all(&rows, |row| {
            // DynamoDB deletes late.
            let is_over = row.number::<i64>("expiresAt")? <= now;
            if is_over { Ok(None) } else { read(row) }
        })
        .await
    }

    /// Removes a line, unless a later request has changed it: that is answered
    /// as if this one had come first. Removing one that is not there changes
    /// nothing.
    ///
    /// # Errors
    /// When the table can't be written.
    pub async fn remove(&self, product: &ProductId, deadline: Deadline) -> Result<(), Problem> {
        // Only a row that is there is kept for a while: nobody can fill the
        // table by removing what was never put in.
        let removed = self
            .begin_removal(product, deadline.arrived())
            .condition_expression(format!("attribute_exists(userId) AND {NOT_OVERTAKEN}"))
            .commit()
            .await;
        match removed {
            Err(error) if !is_condition_failed(&error) => Err(AwsError::from(error).into()),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Remembers that a request to set a line was refused, since its product is not sold, so that
    /// it doesn't set the line when it is delivered once more. A line that is there stays as it
    /// is; one that is not leaves a row for a while.
    ///
    /// # Errors
    /// When the table can't be written.
    pub(super) async fn refuse(
        &self,
        product: &ProductId,
        deadline: Deadline,
    ) -> Result<(), Problem> {
        // Later than the request, as where a line is withdrawn.
        let at = deadline.arrived().saturating_add(1);
        let refuse = self
            .edit(product, at)
            .update_expression(format!(
                "SET #at = :at, quantity = if_not_exists(quantity, :none), \
                 expiresAt = if_not_exists(expiresAt, :end){SET_REFUSED}"
            ))
            .condition_expression(NOT_OVERTAKEN)
            .expression_attribute_values(":none", number(0))
            .expression_attribute_values(":end", number(removal_ends(at)));
        let refuse = with_refusal(refuse, LineRefusal::NotSold, deadline);
        write(refuse).await.map(drop)
    }

    /// Removes a line that a request has made and doesn't keep. Returns false, and
    /// changes nothing, if another request has set it since.
    pub(super) async fn withdraw(
        &self,
        product: &ProductId,
        made: &MadeLine,
        deadline: Deadline,
    ) -> Result<bool, Problem> {
        // Later than the request, so that no late write of it makes it anew.
        let withdraw = self
            .begin_removal(product, deadline.arrived().saturating_add(1))
            .update_expression(format!("{SET_REMOVED}{SET_REFUSED} {REMOVE_LINE}"))
            .condition_expression("setBy = :attempt")
            .expression_attribute_values(":attempt", text(&made.attempt));
        let withdraw = with_refusal(withdraw, LineRefusal::Full, deadline);
        match write(withdraw).await? {
            Written::Done(_) => Ok(true),
            // Without it nobody has set it: it was removed, perhaps by a call of
            // this whose answer was lost.
            Written::Refused(row) => Ok(!row.contains_key("setBy")),
        }
    }

    /// Removes a line unless it is not as it was read. Returns whether it did.
    pub(super) async fn remove_unchanged(
        &self,
        line: &CartLine,
        deadline: Deadline,
    ) -> Result<bool, DynamoDbError> {
        let remove = self.remove_read(line, deadline);
        let remove = match line.at {
            0 => remove.only_if_absent(AT),
            at => remove.only_if(AT, Comparison::Equal, number(at)),
        };
        let transaction = Transaction::new().with((), remove.into_update());
        let outcome = transaction.commit(self.table.client()).await?;
        Ok(outcome == Outcome::Committed)
    }

    /// Sets a line's quantity, unless a later request has changed the line:
    /// that is answered as if this one had come first. Returns the line if this
    /// made it: the row remembers which attempt made it, so that an attempt which
    /// the SDK sends again after a lost answer recognises its own line. A line
    /// that has expired and is still there is made anew.
    ///
    /// # Errors
    /// The refusal of another delivery of this request; when the table can't be
    /// written.
    pub(super) async fn set(
        &self,
        product: &ProductId,
        quantity: Quantity,
        kept: Option<&KeptProduct>,
        deadline: Deadline,
    ) -> Result<Option<MadeLine>, Problem> {
        let attempt = new_ulid()?;
        for _ in 0..2 {
            let row = match self
                .set_live(product, quantity, kept, &attempt, deadline)
                .await?
            {
                Written::Done(row) | Written::Refused(row) if is_made_by(&row, &attempt)? => {
                    return Ok(Some(MadeLine { attempt }));
                }
                Written::Done(_) => return Ok(None),
                Written::Refused(row) => row,
            };
            if read_at((&row).into())? > deadline.arrived() {
                return match read_refusal((&row).into(), &attempt, deadline)? {
                    Some(refusal) => Err(refusal.into()),
                    None => Ok(None),
                };
            }
            let replaced = self.replace_expired(product, quantity, kept, &attempt, deadline);
            if let Written::Done(_) = replaced.await? {
                return Ok(Some(MadeLine { attempt }));
            }
        }
        // It can't expire again at once: its end was moved 90 days on.
        Err(Problem::unavailable(
            "a line of a cart expires again and again",
        ))
    }

    /// Sets the quantity of a line that is there and has not expired, or makes
    /// it if there is none.
    async fn set_live(
        &self,
        product: &ProductId,
        quantity: Quantity,
        kept: Option<&KeptProduct>,
        attempt: &str,
        deadline: Deadline,
    ) -> Result<Written, Problem> {
        let set = self
            .set_line(product, quantity, kept, attempt, deadline)
            .update_expression(with_kept(
                "SET quantity = :quantity, #at = :at, expiresAt = :end, \
                     setBy = :attempt, madeBy = if_not_exists(madeBy, :attempt)",
                kept,
            ))
            // What was removed has no maker, and is made anew.
            .condition_expression(format!(
                "(attribute_not_exists(madeBy) OR expiresAt > :now) AND {NOT_OVERTAKEN}"
            ));
        write(set).await
    }

    /// Makes a line anew in the place of one that has expired.
    async fn replace_expired(
        &self,
        product: &ProductId,
        quantity: Quantity,
        kept: Option<&KeptProduct>,
        attempt: &str,
        deadline: Deadline,
    ) -> Result<Written, Problem> {
        let replace = self
            .set_line(product, quantity, kept, attempt, deadline)
            .update_expression(with_kept(
                "SET quantity = :quantity, #at = :at, expiresAt = :end, \
                     setBy = :attempt, madeBy = :attempt",
                kept,
            ))
            .condition_expression(format!("expiresAt <= :now AND {NOT_OVERTAKEN}"));
        // Refused: somebody else did, DynamoDB deleted it, or an answer was lost.
        write(replace).await
    }

    /// Begins the update that sets a line, with the values of its expressions.
    fn set_line(
        &self,
        product: &ProductId,
        quantity: Quantity,
        kept: Option<&KeptProduct>,
        attempt: &str,
        deadline: Deadline,
    ) -> UpdateItemFluentBuilder {
        let now = Timestamp::now();
        let set = self
            .edit(product, deadline.arrived())
            .expression_attribute_values(":quantity", number(quantity.get()))
            .expression_attribute_values(":end", number(now.plus(RETENTION).unix()))
            .expression_attribute_values(":attempt", text(attempt))
            .expression_attribute_values(":now", number(now.unix()));
        match kept {
            Some(kept) => set
                .expression_attribute_values(":name", text(&kept.name))
                .expression_attribute_values(":price", money(kept.unit_price)),
            None => set,
        }
    }

    /// Begins the removal of a line, as of this moment.
    fn begin_removal(&self, product: &ProductId, at: u64) -> UpdateItemFluentBuilder {
        self.edit(product, at)
            .update_expression(format!("{SET_REMOVED} {REMOVE_LINE}"))
            .expression_attribute_values(":none", number(0))
            .expression_attribute_values(":end", number(removal_ends(at)))
    }

    /// Begins an update of a row, as of this moment.
    fn edit(&self, product: &ProductId, at: u64) -> UpdateItemFluentBuilder {
        self.table
            .update(self.key(product))
            .expression_attribute_names("#at", AT)
            .expression_attribute_values(":at", number(at))
    }

    /// Returns the action that removes a line for an order: refused if it is not
    /// as it was read. Whatever changed it before can't do so again.
    pub(crate) fn take(&self, line: &CartLine, deadline: Deadline) -> WriteAction {
        self.remove_read(line, deadline)
            .only_if_absent_or_below(AT, removal_at(line, deadline))
            .into_update()
    }

    /// Begins the removal of a line that was read, if it still has its quantity.
    fn remove_read(&self, line: &CartLine, deadline: Deadline) -> Update {
        let quantity = number(line.quantity.get());
        let at = removal_at(line, deadline);
        self.table
            .change(self.key(&line.product_id))
            .remove("productName")
            .remove("unitPrice")
            .set("quantity", number(0))
            .set(AT, number(at))
            .set("expiresAt", number(removal_ends(at)))
            .remove("madeBy")
            .remove("setBy")
            .only_if("quantity", Comparison::Equal, quantity)
    }

    fn key(&self, product: &ProductId) -> Attributes {
        ItemBuilder::new()
            .text("userId", self.user_id.as_str())
            .text("productId", product.as_str())
            .into_attributes()
    }
}

/// Why a request to set a line is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub(super) enum LineRefusal {
    /// Its product is absent or not published.
    NotSold,
    /// The cart has as many lines as it may.
    Full,
}

impl From<LineRefusal> for Problem {
    fn from(refusal: LineRefusal) -> Self {
        match refusal {
            LineRefusal::NotSold => Self::NotFound,
            LineRefusal::Full => {
                let detail = format!("a cart holds at most {MAX_LINES} different products");
                Self::invalid("/quantity", detail)
            }
        }
    }
}

/// A line that a request has just made.
pub(super) struct MadeLine {
    attempt: String,
}

/// What came of a conditional write of a row.
enum Written {
    /// The row as it then is.
    Done(Attributes),
    /// Nothing was written: the row that was in the way, if any.
    Refused(Attributes),
}

async fn write(update: UpdateItemFluentBuilder) -> Result<Written, Problem> {
    let written = update
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .commit()
        .await;
    match written {
        Ok(written) => Ok(Written::Done(written.attributes.unwrap_or_default())),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                let row = refused.item().cloned().unwrap_or_default();
                Ok(Written::Refused(row))
            }
            Some(_) | None => Err(AwsError::from(error).into()),
        },
    }
}

/// Reads a line; `None` if it was removed.
fn read(row: ItemReader<'_>) -> Result<Option<CartLine>, Corrupt> {
    let pieces = row.number("quantity")?;
    if pieces == 0 {
        return Ok(None);
    }
    Ok(Some(CartLine {
        product_id: row.id("productId")?,
        quantity: Quantity::new(pieces).ok_or(Corrupt::new("quantity"))?,
        kept: read_kept(row)?,
        at: read_at(row)?,
    }))
}

/// Reads what a line's product was when the line was set.
fn read_kept(row: ItemReader<'_>) -> Result<Option<KeptProduct>, Corrupt> {
    let Some(name) = row.optional_text("productName")? else {
        return Ok(None);
    };
    Ok(Some(KeptProduct {
        name: name.to_owned(),
        unit_price: row.money("unitPrice")?,
    }))
}

/// Adds what is kept of a product to an update that sets its line.
fn with_kept(set: &str, kept: Option<&KeptProduct>) -> String {
    match kept {
        Some(_) => format!("{set}, productName = :name, unitPrice = :price"),
        None => set.to_owned(),
    }
}

/// Returns which moment the removal of a line counts as: later than whatever
/// changed the line as it was read.
fn removal_at(line: &CartLine, deadline: Deadline) -> u64 {
    deadline.arrived().max(line.at.saturating_add(1))
}

/// Returns until when it is remembered that a line was removed, in seconds since
/// 1970.
fn removal_ends(at: u64) -> u64 {
    (at / 1000).saturating_add(REMOVAL_KEPT.as_secs())
}

fn read_at(row: ItemReader<'_>) -> Result<u64, Corrupt> {
    Ok(row.optional_number(AT)?.unwrap_or_default())
}

/// Adds to an update that a request to set a line is refused.
fn with_refusal(
    update: UpdateItemFluentBuilder,
    refusal: LineRefusal,
    deadline: Deadline,
) -> UpdateItemFluentBuilder {
    update
        .expression_attribute_names("#refused", REFUSED)
        .expression_attribute_names("#refusal", REFUSAL)
        .expression_attribute_values(":refused", number(deadline.arrived()))
        .expression_attribute_values(":refusal", word(refusal))
}

/// Reads why another delivery of a request was refused; `None` if it was not, or
/// if this attempt has set the line before that.
pub(super) fn read_refusal(
    row: ItemReader<'_>,
    attempt: &str,
    deadline: Deadline,
) -> Result<Option<LineRefusal>, Corrupt> {
    let is_set = row.optional_text("setBy")? == Some(attempt);
    if is_set || row.optional_number(REFUSED)? != Some(deadline.arrived()) {
        return Ok(None);
    }
    row.word(REFUSAL).map(Some)
}

fn is_made_by(item: &Attributes, attempt: &str) -> Result<bool, Corrupt> {
    Ok(ItemReader::from(item).optional_text("madeBy")? == Some(attempt))
}
