//! Ids, one type per kind, so that an order's id can't be passed where a
//! product's is expected. An id is its kind's prefix and a lower-case ULID,
//! so that sort keys run in time order (<https://github.com/ulid/spec>).

use std::fmt;

use serde::{Serialize, Serializer};
use ulid::Ulid;

use super::random::{self, NoEntropy};
use super::time::{Day, Timestamp, unix_millis};

/// An id that may be a path parameter.
pub trait PathId: Sized {
    /// The name of the path parameter in template.yaml.
    const PARAMETER: &'static str;

    /// Reads an id, or returns `None` if the text can't be one.
    fn parse(text: &str) -> Option<Self>;
}

/// Declares an id type with a private field, made by `generate` or `parse`.
macro_rules! id {
    ($(#[$doc:meta])* $vis:vis $Name:ident, $prefix:literal, $parameter:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis struct $Name(String);

        impl $Name {
            /// Makes a new id of this moment.
            ///
            /// # Errors
            /// When the operating system gives no random bytes.
            $vis fn generate() -> Result<Self, NoEntropy> {
                Ok(Self(format!("{}{}", $prefix, new_ulid()?)))
            }

            /// Returns the id as it is written everywhere.
            #[must_use]
            $vis fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl PathId for $Name {
            const PARAMETER: &'static str = $parameter;

            fn parse(text: &str) -> Option<Self> {
                is_ulid(text.strip_prefix($prefix)?).then(|| Self(text.to_owned()))
            }
        }

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $Name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
}

id!(
    /// A product's id.
    pub ProductId, "prod_", "productId"
);
id!(
    /// An order's id.
    pub OrderId, "ord_", "orderId"
);
id!(
    /// The id of a person: a customer or a member of staff.
    pub UserId, "usr_", "userId"
);
id!(
    /// The id of one upload of a picture.
    pub UploadId, "upl_", "uploadId"
);
id!(
    /// The id of one sign-in on one device.
    pub SessionId, "ses_", "sessionId"
);
id!(
    /// The id of a picture of a product.
    pub ImageId, "img_", "imageId"
);

id!(
    /// The id of a change of a product's stock that is no sale.
    pub(crate) MovementId, "mov_", "movementId"
);

id!(
    /// The id of a record of the audit log.
    pub(crate) AuditId, "aud_", "auditId"
);

impl ImageId {
    /// Returns the id of the picture that comes of an upload: always the same one, so that what
    /// is made of a file twice is made in one place.
    pub(crate) fn of_upload(upload: &UploadId) -> Self {
        let ulid = upload.0.trim_start_matches("upl_");
        Self(format!("img_{ulid}"))
    }
}

impl AuditId {
    /// Returns when the record was made.
    pub(crate) fn time(&self) -> Option<Timestamp> {
        let seconds = self.ulid()?.timestamp_ms() / 1000;
        Timestamp::from_unix(seconds.try_into().ok()?)
    }

    /// Returns eight of the id's random bits.
    pub(crate) fn random_byte(&self) -> u8 {
        let random = self.ulid().map_or(0, |ulid| ulid.random());
        random.to_be_bytes().last().copied().unwrap_or_default()
    }

    /// Returns the lowest and the highest id that a record of the day can
    /// have; without a day, the lowest and the highest of all.
    pub(crate) fn range(day: Option<Day>) -> (Self, Self) {
        let (start, end) = day.map_or((0, MAX_MILLIS), Day::millis);
        let id = |ulid: Ulid| Self(format!("aud_{}", ulid.to_string().to_ascii_lowercase()));
        (
            id(Ulid::from_parts(start, 0)),
            id(Ulid::from_parts(end, u128::MAX)),
        )
    }

    fn ulid(&self) -> Option<Ulid> {
        Ulid::from_string(self.0.strip_prefix("aud_")?).ok()
    }
}

/// The time part of a ULID is 48 bits wide.
const MAX_MILLIS: u64 = (1 << 48) - 1;

/// Makes a lower-case ULID of this millisecond.
pub(crate) fn new_ulid() -> Result<String, NoEntropy> {
    let bytes: [u8; 16] = random::bytes()?;
    let ulid = Ulid::from_parts(unix_millis(), u128::from_be_bytes(bytes));
    Ok(ulid.to_string().to_ascii_lowercase())
}

/// Returns whether the text is a ULID in lower case: Crockford's
/// base 32 without i, l, o and u, and not above 128 bits.
pub(crate) fn is_ulid(text: &str) -> bool {
    text.len() == 26
        && text.starts_with(|c: char| matches!(c, '0'..='7'))
        && text.bytes().all(|b| {
            b.is_ascii_digit()
                || (b.is_ascii_lowercase() && !matches!(b, b'i' | b'l' | b'o' | b'u'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_id_reads_back() {
        let id = OrderId::generate().unwrap();
        assert_eq!(OrderId::parse(id.as_str()), Some(id));
    }

    #[test]
    fn ids_sort_in_the_order_they_were_made() {
        let of_2016 = OrderId::parse("ord_01arz3ndektsv4rrffq69g5fav").unwrap();
        let of_2090 = OrderId::parse("ord_03fn0w80000000000000000000").unwrap();
        let now = OrderId::generate().unwrap();
        assert!(of_2016 < now && now < of_2090);
    }

    #[test]
    fn the_records_of_a_day_lie_between_its_first_and_its_last_id() {
        let id = AuditId::generate().unwrap();
        let today = id.time().unwrap().day();
        let (first, last) = AuditId::range(Some(today));
        assert!(first <= id && id <= last);
        assert_eq!(last.time().unwrap().day(), today);
        let (first, last) = AuditId::range(Day::parse("2026-11-20"));
        assert_eq!(first.time().unwrap().to_string(), "2026-11-20T00:00:00Z");
        assert_eq!(last.time().unwrap().to_string(), "2026-11-20T23:59:59Z");
    }

    #[test]
    fn an_id_of_another_kind_or_shape_is_refused() {
        let id = ProductId::generate().unwrap();
        assert_eq!(OrderId::parse(id.as_str()), None);
        for text in [
            "",
            "prod_",
            "prod_01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "prod_81arz3ndektsv4rrffq69g5fav",
            "prod_01arz3ndektsv4rrffq69g5fa",
            "prod_01arz3ndektsv4rrffq69g5favx",
            "prod_01arz3ndektsv4rrffq69g5fa#",
            "prod_01arz3ndektsv4rrffq69g5fau",
            "prod_01arz3ndektsv4rrffq69g5f\u{e4}",
            "key#deadbeef",
        ] {
            assert_eq!(ProductId::parse(text), None, "{text}");
        }
    }
}
