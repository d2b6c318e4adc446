//! Everything that can go wrong, and its one mapping to an answer
//! (RFC 9457, `application/problem+json`).
//!
//! `Problem` has neither `Display` nor `Serialize`: its inner causes can't be
//! formatted into an answer by accident.

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;

use super::json_body::JsonBody;
use super::quota::Quota;
use crate::aws::{AwsError, Cause};
use crate::dynamodb::{Corrupt, DynamoDbError};
use crate::input::{InputError, InvalidField};
use crate::values::{Money, NoEntropy, ProductId};

/// Why a request is not answered with what it asked for.
#[derive(Debug)]
pub enum Problem {
    /// 400: the message itself is broken: its JSON, a parameter, a header, a
    /// cursor. The text tells the client what to mend.
    Malformed(Cow<'static, str>),
    /// 401: no token where one is needed.
    NoToken,
    /// 401: a token that is not valid; never why.
    BadToken,
    /// 401: the address and password don't open an account; never which of
    /// the two, nor whether there is an account.
    SignInFailed,
    /// 403: a known caller whose role is too low.
    Forbidden,
    /// 403: not from this address, whoever calls.
    AddressRefused,
    /// 429: too often.
    RateLimited {
        /// Which limit, for the log.
        limit: &'static str,
        /// How long it lasts.
        quota: Quota,
    },
    /// 404: absent, or somebody else's; the caller can't tell which.
    NotFound,
    /// 413: the body is larger than this API takes.
    PayloadTooLarge,
    /// 415: the body is not `application/json`.
    UnsupportedMediaType,
    /// 422: understood but invalid; every bad field.
    Invalid(Vec<InvalidField>),
    /// 422: an idempotency key that was used with another body.
    IdempotencyMismatch,
    /// 409: conflicts with the current state.
    Conflict(Conflict),
    /// 503: a dependency is temporarily unavailable. The client may repeat
    /// the request after the given time.
    Unavailable {
        /// How long the client should wait.
        retry_after: Duration,
        /// What failed.
        cause: Cause,
    },
    /// 500: a fault of ours. The answer says nothing of it.
    Internal(Cause),
}

/// Why a valid request conflicts with the current state.
#[derive(Debug)]
pub enum Conflict {
    /// The e-mail address already has an account.
    AddressTaken,
    /// Checkout of an empty cart.
    EmptyCart,
    /// Less in stock than was ordered, of these products.
    OutOfStock(Vec<ProductId>),
    /// The total is no longer what the client showed its user.
    PriceChanged {
        /// Today's total.
        total: Money,
    },
    /// The cart changed while it was being checked out.
    CartChanged,
    /// It was edited since the caller read it.
    Stale,
    /// It can't come to this status from where it stands.
    InvalidTransition,
    /// It has as many notes as it may have.
    TooManyNotes,
    /// Without this super-admin there would be none.
    LastSuperAdmin,
    /// Products use this category, or others stand under it.
    CategoryInUse,
    /// Another product has this code.
    SkuInUse,
    /// There would be fewer pieces than none.
    StockTooLow,
    /// The product has as many pictures as it may.
    PicturesFull,
}

impl Problem {
    /// Makes the problem of one wrong field.
    #[must_use]
    pub fn invalid(pointer: &str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid(vec![InvalidField::new(pointer, detail)])
    }

    /// Makes the problem of a passing fault: the client may try again in a
    /// second.
    pub fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::Unavailable {
            retry_after: Duration::from_secs(1),
            cause: cause.into(),
        }
    }

    /// Makes the problem of a fault of ours.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    /// Returns what the log says of it, if the fault is on our side.
    #[must_use]
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            Self::Unavailable { cause, .. } | Self::Internal(cause) => Some(cause),
            Self::Malformed(_)
            | Self::NoToken
            | Self::BadToken
            | Self::SignInFailed
            | Self::Forbidden
            | Self::AddressRefused
            | Self::RateLimited { .. }
            | Self::NotFound
            | Self::PayloadTooLarge
            | Self::UnsupportedMediaType
            | Self::Invalid(_)
            | Self::IdempotencyMismatch
            | Self::Conflict(_) => None,
        }
    }

    /// Returns the document that tells of this problem: the one mapping there
    /// is. Without a `_` arm, so that a new variant can't be left out.
    pub(crate) fn document(self) -> Document {
        use Extra::{Errors, Products, Total};
        let (status, code, title, detail, extra): (_, _, _, Cow<'static, str>, _) = match self {
            Self::Malformed(detail) => (400, "malformed", "Bad Request", detail, None),
            Self::NoToken => (
                401,
                "unauthenticated",
                "Unauthorized",
                "Access denied. No token provided.".into(),
                None,
            ),
            Self::BadToken => (
                401,
                "unauthenticated",
                "Unauthorized",
                "Invalid token.".into(),
                None,
            ),
            Self::SignInFailed => (
                401,
                "unauthenticated",
                "Unauthorized",
                "The e-mail address or the password is wrong.".into(),
                None,
            ),
            Self::Forbidden => (
                403,
                "forbidden",
                "Forbidden",
                "Insufficient permissions".into(),
                None,
            ),
            Self::AddressRefused => (
                403,
                "forbidden",
                "Forbidden",
                "This address may not call here.".into(),
                None,
            ),
            Self::RateLimited { quota, .. } => {
                return Document::new(
                    429,
                    "rate-limited",
                    "Too Many Requests",
                    format!(
                        "Too many requests from this address. Please try again in {} seconds.",
                        quota.reset.as_secs()
                    )
                    .into(),
                    None,
                )
                .retry_after(quota.reset);
            }
            Self::NotFound => (
                404,
                "not-found",
                "Not Found",
                "There is no such thing here.".into(),
                None,
            ),
            Self::PayloadTooLarge => (
                413,
                "payload-too-large",
                "Content Too Large",
                "The body is larger than 256 KiB.".into(),
                None,
            ),
            Self::UnsupportedMediaType => (
                415,
                "unsupported-media-type",
                "Unsupported Media Type",
                "The body must be sent as application/json.".into(),
                None,
            ),
            Self::Invalid(errors) => (
                422,
                "invalid",
                "Unprocessable Content",
                "Some fields are not valid; `errors` names each.".into(),
                Some(Errors(errors)),
            ),
            Self::IdempotencyMismatch => (
                422,
                "idempotency-mismatch",
                "Idempotency key reused",
                "This idempotency key was used with another body.".into(),
                None,
            ),
            Self::Conflict(Conflict::AddressTaken) => (
                409,
                "conflict",
                "Conflict",
                "This e-mail address already has an account.".into(),
                None,
            ),
            Self::Conflict(Conflict::EmptyCart) => (
                409,
                "empty-cart",
                "Cart is empty",
                "There is nothing in the cart to check out.".into(),
                None,
            ),
            Self::Conflict(Conflict::OutOfStock(products)) => (
                409,
                "out-of-stock",
                "Out of stock",
                "There is less in stock than was ordered; `products` names which.".into(),
                Some(Products(products)),
            ),
            Self::Conflict(Conflict::PriceChanged { total }) => (
                409,
                "price-changed",
                "Price changed",
                "The total is not the expected one; `total` is today's.".into(),
                Some(Total(total)),
            ),
            Self::Conflict(Conflict::CartChanged) => (
                409,
                "cart-changed",
                "Cart changed",
                "The cart changed while it was being checked out.".into(),
                None,
            ),
            Self::Conflict(Conflict::Stale) => (
                409,
                "conflict",
                "Conflict",
                "It was changed since you read it. Please read it again.".into(),
                None,
            ),
            Self::Conflict(Conflict::InvalidTransition) => (
                409,
                "invalid-transition",
                "Invalid transition",
                "It can't come to this from the status that it has.".into(),
                None,
            ),
            Self::Conflict(Conflict::TooManyNotes) => (
                409,
                "conflict",
                "Conflict",
                "There are as many notes as there may be.".into(),
                None,
            ),
            Self::Conflict(Conflict::LastSuperAdmin) => (
                409,
                "conflict",
                "Conflict",
                "A shop needs an active super-admin, and there is no other.".into(),
                None,
            ),
            Self::Conflict(Conflict::CategoryInUse) => (
                409,
                "conflict",
                "Conflict",
                "Products use this category, or other categories stand under it.".into(),
                None,
            ),
            Self::Conflict(Conflict::PicturesFull) => (
                409,
                "conflict",
                "Conflict",
                "The product has 100 pictures, which is the most it may have.".into(),
                None,
            ),
            Self::Conflict(Conflict::SkuInUse) => (
                409,
                "conflict",
                "Conflict",
                "Another product has this sku.".into(),
                None,
            ),
            Self::Conflict(Conflict::StockTooLow) => (
                409,
                "conflict",
                "Conflict",
                "There are not so many pieces.".into(),
                None,
            ),
            Self::Unavailable { retry_after, .. } => {
                return Document::new(
                    503,
                    "unavailable",
                    "Service Unavailable",
                    "Something we depend on is not reachable right now. Please try again.".into(),
                    None,
                )
                .retry_after(retry_after);
            }
            Self::Internal(_) => (
                500,
                "internal",
                "Internal Server Error",
                "Something went wrong on our side.".into(),
                None,
            ),
        };
        Document::new(status, code, title, detail, extra)
    }
}

impl From<InputError> for Problem {
    fn from(error: InputError) -> Self {
        match error {
            InputError::Malformed(detail) => Self::Malformed(detail),
            InputError::Invalid(fields) => Self::Invalid(fields),
        }
    }
}

impl From<NoEntropy> for Problem {
    fn from(error: NoEntropy) -> Self {
        Self::unavailable(error)
    }
}

impl From<AwsError> for Problem {
    fn from(error: AwsError) -> Self {
        match error {
            AwsError::Unavailable(cause) => Self::unavailable(cause),
            AwsError::Rejected(cause) => Self::Internal(cause),
        }
    }
}

impl From<Corrupt> for Problem {
    fn from(error: Corrupt) -> Self {
        Self::internal(error)
    }
}

impl From<DynamoDbError> for Problem {
    fn from(error: DynamoDbError) -> Self {
        match error {
            DynamoDbError::Call(error) => error.into(),
            DynamoDbError::Corrupt(error) => error.into(),
            DynamoDbError::NoEntropy(error) => error.into(),
            DynamoDbError::InvalidCursor => Self::Malformed(
                "The parameter `cursor` must be the `nextCursor` of the page before.".into(),
            ),
        }
    }
}

/// A problem in the words that go out.
pub(crate) struct Document {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) retry_after: Option<Duration>,
    title: &'static str,
    detail: Cow<'static, str>,
    extra: Option<Extra>,
}

/// What some problems carry beyond the usual members.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Extra {
    Errors(Vec<InvalidField>),
    Products(Vec<ProductId>),
    Total(Money),
}

/// The body (RFC 9457 section 3.1, with `code` and `requestId` on top).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    request_id: &'a str,
    #[serde(flatten)]
    extra: Option<&'a Extra>,
}

impl Document {
    fn new(
        status: u16,
        code: &'static str,
        title: &'static str,
        detail: Cow<'static, str>,
        extra: Option<Extra>,
    ) -> Self {
        Self {
            status,
            code,
            retry_after: None,
            title,
            detail,
            extra,
        }
    }

    fn retry_after(self, retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..self
        }
    }

    /// Writes the JSON text.
    pub(crate) fn body(&self, request_id: &str) -> Option<JsonBody> {
        let body = Body {
            r#type: format!("/problems/{}", self.code),
            title: self.title,
            status: self.status,
            detail: &self.detail,
            code: self.code,
            request_id,
            extra: self.extra.as_ref(),
        };
        // Strings and numbers alone: there is nothing here that could not be written.
        JsonBody::write(&body).ok()
    }
}
