//! Types that can't hold a wrong value: ids, money, time, e-mail addresses,
//! random bytes. They know nothing of where values come from or go to.

mod digest;
mod email;
mod ids;
mod money;
mod random;
mod time;

pub(crate) use self::time::unix_millis;
pub use self::time::{Day, Timestamp};
pub(crate) use digest::sha256_base64url;
pub use email::EmailAddress;
pub use ids::{AuditId, ImageId, OrderId, PathId, ProductId, SessionId, UploadId, UserId};
pub(crate) use ids::{is_ulid, new_ulid};
pub use money::{Currency, Money};
pub use random::NoEntropy;
pub(crate) use random::bytes as random_bytes;
