//! An object's tags, as requests name them.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>

use std::collections::BTreeMap;

use s3s::dto::TagSet;
use s3s::{S3Result, s3_error};

/// The most tags of an object.
const MAX_TAGS: usize = 10;
/// The most characters of a tag's key, and of its value.
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;

/// Reads tags that are written like a query: `x-amz-tagging`.
pub(super) fn from_header(text: &str) -> S3Result<BTreeMap<String, String>> {
    let pairs = form_urlencoded::parse(text.as_bytes());
    checked(pairs.map(|(key, value)| (key.into_owned(), value.into_owned())))
}

/// Reads the tags of a request's body.
pub(super) fn from_set(tags: TagSet) -> S3Result<BTreeMap<String, String>> {
    checked(tags.into_iter().map(|tag| {
        let (key, value) = (tag.key, tag.value);
        (key.unwrap_or_default(), value.unwrap_or_default())
    }))
}

fn checked(pairs: impl Iterator<Item = (String, String)>) -> S3Result<BTreeMap<String, String>> {
    let mut tags = BTreeMap::new();
    for (key, value) in pairs {
        if key.is_empty() || !fits(&key, MAX_KEY) {
            return Err(s3_error!(
                InvalidTag,
                "The TagKey you have provided is invalid"
            ));
        }
        if !fits(&value, MAX_VALUE) {
            return Err(s3_error!(
                InvalidTag,
                "The TagValue you have provided is invalid"
            ));
        }
        if tags.insert(key, value).is_some() {
            return Err(s3_error!(
                InvalidTag,
                "Cannot provide multiple Tags with the same key"
            ));
        }
    }
    if tags.len() > MAX_TAGS {
        return Err(s3_error!(
            InvalidTag,
            "Object tags cannot be greater than 10"
        ));
    }
    Ok(tags)
}

fn fits(text: &str, max: usize) -> bool {
    let known = |it: char| it.is_alphanumeric() || " +-=._:/@".contains(it);
    text.chars().count() <= max && text.chars().all(known)
}
