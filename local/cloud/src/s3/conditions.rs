//! What must hold before an object is stored or given out: checksums, and the conditions of a
//! request.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use s3s::crypto::Checksum as _;
use s3s::dto::{Checksum, ETag, ETagCondition, Timestamp};
use s3s::{S3Result, checksum, s3_error};
use time::OffsetDateTime;

use super::objects::{self, Object};

/// Compares the bytes with every checksum that came with them.
pub(super) fn verify(
    bytes: &[u8],
    etag: &str,
    md5: Option<&str>,
    expected: &Checksum,
) -> S3Result<()> {
    if let Some(md5) = md5 {
        let given = STANDARD.decode(md5).map_err(|_| s3_error!(InvalidDigest))?;
        if objects::hex(&given) != etag {
            return Err(s3_error!(
                BadDigest,
                "The Content-MD5 you specified did not match what we received."
            ));
        }
    }
    let mut hasher = checksum::ChecksumHasher {
        crc32: expected
            .checksum_crc32
            .as_ref()
            .map(|_| s3s::crypto::Crc32::new()),
        crc32c: expected
            .checksum_crc32c
            .as_ref()
            .map(|_| s3s::crypto::Crc32c::new()),
        sha1: expected
            .checksum_sha1
            .as_ref()
            .map(|_| s3s::crypto::Sha1::new()),
        sha256: expected
            .checksum_sha256
            .as_ref()
            .map(|_| s3s::crypto::Sha256::new()),
        crc64nvme: expected
            .checksum_crc64nvme
            .as_ref()
            .map(|_| s3s::crypto::Crc64Nvme::new()),
    };
    hasher.update(bytes);
    let actual = hasher.finalize();
    let same = actual.checksum_crc32 == expected.checksum_crc32
        && actual.checksum_crc32c == expected.checksum_crc32c
        && actual.checksum_crc64nvme == expected.checksum_crc64nvme
        && actual.checksum_sha1 == expected.checksum_sha1
        && actual.checksum_sha256 == expected.checksum_sha256;
    if same {
        Ok(())
    } else {
        Err(s3_error!(
            BadDigest,
            "The checksum you specified did not match the calculated checksum."
        ))
    }
}

/// Checks the conditions of a request in the order of RFC 9110, section 13.2.2.
pub(super) fn check_conditions(
    object: &Object,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
    if_modified_since: Option<Timestamp>,
    if_unmodified_since: Option<Timestamp>,
) -> S3Result<()> {
    let etag = object.metadata.etag.as_str();
    let seconds = |time: Timestamp| OffsetDateTime::from(time).unix_timestamp();
    let precondition = match if_match {
        Some(condition) => fits(condition, etag),
        None => if_unmodified_since.is_none_or(|time| object.metadata.modified <= seconds(time)),
    };
    if !precondition {
        return Err(s3_error!(PreconditionFailed));
    }
    let changed = match if_none_match {
        Some(condition) => !fits(condition, etag),
        None => if_modified_since.is_none_or(|time| object.metadata.modified > seconds(time)),
    };
    if changed {
        return Ok(());
    }
    let mut error = s3_error!(NotModified);
    if let Ok(etag) = ETag::Strong(etag.to_owned()).to_http_header() {
        let headers = [(axum::http::header::ETAG, etag)];
        error.set_headers(headers.into_iter().collect());
    }
    Err(error)
}

pub(super) fn fits(condition: &ETagCondition, etag: &str) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(wanted) => wanted.value() == etag,
    }
}
