//! What every function of the shop is made of.
//!
//! A function crate names what is re-exported here and nothing else: no HTTP,
//! no AWS, no serde. Its `main` is `serve(handler)`, and the handler's
//! signature says who may call, what they send, what comes back and whether
//! it may be cached.

mod audit;
mod auth;
mod aws;
mod call;
mod cart;
mod checkout;
mod cursor;
mod env;
mod event;
mod extract;
mod ids;
mod journal;
mod json;
mod limit;
mod log;
mod metrics;
mod money;
mod order;
mod password;
mod problem;
mod product;
mod random;
mod reply;
mod rotation;
mod serve;
mod session;
mod signer;
mod staff;
mod store;
#[cfg(test)]
mod testing;
mod text;
mod time;
mod token;
mod upload;
mod user;

pub use audit::{Action, AuditEntry, AuditFilter, AuditPage, Change};
pub use auth::{Admin, Customer, Identity, Person, Staff, SuperAdmin};
pub use call::{Endpoint, FromRequest, Needs};
pub use cart::{Cart, CartLine, Quantity, SetQuantity};
pub use checkout::Checkout;
pub use env::{Env, FromEnv, StartError};
pub use extract::{IdempotencyKey, IfMatch, Json, PageRequest, Path, Query, TimeLeft};
pub use ids::{AuditId, ImageId, OrderId, PathId, ProductId, SessionId, UploadId, UserId};
pub use journal::Journal;
pub use limit::{CustomerSignIns, Invitations, Limited, Registrations, StaffSignIns, Within};
pub use money::{Currency, Money};
pub use order::{
    Order, OrderDraft, OrderFilter, OrderLine, OrderPage, OrderStatus, Payment, PaymentMethod,
    PaymentStatus, ShippingAddress, StatusChange,
};
pub use password::{NewPassword, ProposedPassword};
pub use problem::{Conflict, InvalidField, Problem};
pub use product::{
    Availability, CategorySlug, Image, NewProduct, Product, ProductDetail, ProductFilter,
    ProductPage, ProductStatus, StaffProduct,
};
pub use reply::{
    Created, Idempotent, NoContent, Private, Public, PublicBody, Reply, SECURITY_HEADERS,
};
pub use rotation::{KeyRotation, RotationStep};
pub use serve::{serve, serve_events};
pub use session::{Refresh, RefreshToken, Session, SignOut};
pub use staff::{
    Acceptance, Invitation, InvitationSecret, InvitationToken, InvitedUser, StaffUser, UserChange,
    UserFilter, UserPage,
};
pub use store::account::PasswordDesk;
pub use store::audit::AuditTrail;
pub use store::carts::{CartDesk, CartStore};
pub use store::catalogue::{CatalogueStore, ShopWindow};
pub use store::credentials::AccountDesk;
pub use store::orders::{OrderHistory, OrderStore};
pub use store::products::ProductDesk;
pub use store::sessions::{RefreshDesk, SessionDesk, SessionStore};
pub use store::sign_in::{Door, SignInDesk, SignedIn};
pub use store::staff::{UserDesk, UserDirectory};
pub use store::uploads::UploadDesk;
pub use store::users::{SignOutDesk, UserStore};
pub use text::Word;
pub use time::{Day, Timestamp};
pub use upload::{UploadForm, UploadRequest};
pub use user::{EmailAddress, PasswordChange, Registration, Role, SignIn, User, UserStatus};
