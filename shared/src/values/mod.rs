//! Types that can't hold a wrong value: ids, money, time, e-mail addresses,
//! random bytes. They know nothing of where values come from or go to.

pub(crate) mod clock;
mod digest;
mod email;
mod ids;
mod invisible;
mod moment;
mod money;
mod opaque_string;
mod random;
#[cfg(feature = "simulation")]
pub(crate) mod simulated;
mod time;

pub(crate) use self::time::{Day, Timestamp, unix_millis};
pub(crate) use digest::sha256_base64url;
pub use email::EmailAddress;
pub(crate) use ids::{AuditId, MovementId, PathId, SessionId, is_ulid, new_ulid};
pub use ids::{ImageId, OrderId, ProductId, UploadId, UserId};
pub use invisible::find_invisible;
pub(crate) use moment::Moment;
pub use money::{Currency, Money};
pub(crate) use opaque_string::opaque_string;
pub(crate) use random::{NoEntropy, bytes as random_bytes};
