//! One page of a bucket's keys.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>

use s3s::dto::{CommonPrefix, ETag, ListObjectsV2Input, ListObjectsV2Output};
use s3s::{S3Result, s3_error};

use super::objects::{Objects, timestamp};

/// The most keys in one page.
const MAX_KEYS: usize = 1000;

/// Lists the page that a request asks for, of a bucket that exists.
pub(super) fn page(objects: &Objects, input: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
    let prefix = input.prefix.clone().unwrap_or_default();
    let delimiter = input.delimiter.clone().filter(|it| !it.is_empty());
    let limit = match input.max_keys {
        None => MAX_KEYS,
        Some(limit) => usize::try_from(limit)
            .map_err(|_| s3_error!(InvalidArgument, "max-keys must not be negative."))?
            .min(MAX_KEYS),
    };
    let mut contents = Vec::new();
    let mut prefixes: Vec<String> = Vec::new();
    let mut last = None;
    let mut truncated = false;
    for object in objects.list(&input.bucket, &prefix) {
        let key = &object.metadata.key;
        let rest = key.get(prefix.len()..).unwrap_or_default();
        let group = delimiter.as_ref().and_then(|delimiter| {
            let (name, _) = rest.split_once(delimiter.as_str())?;
            Some(format!("{prefix}{name}{delimiter}"))
        });
        let name = group.as_ref().unwrap_or(key);
        // The token is the last key or common prefix of the page before.
        let passed = input
            .continuation_token
            .as_ref()
            .is_some_and(|it| name <= it)
            || input.start_after.as_ref().is_some_and(|it| key <= it);
        if passed || (group.is_some() && group.as_ref() == prefixes.last()) {
            continue;
        }
        if contents.len() + prefixes.len() == limit {
            truncated = limit > 0;
            break;
        }
        last = Some(name.clone());
        match group {
            Some(group) => prefixes.push(group),
            None => contents.push(s3s::dto::Object {
                key: Some(key.clone()),
                e_tag: Some(ETag::Strong(object.metadata.etag.clone())),
                last_modified: timestamp(object.metadata.modified),
                size: i64::try_from(object.bytes.len()).ok(),
                ..s3s::dto::Object::default()
            }),
        }
    }
    let common = prefixes.into_iter().map(|prefix| CommonPrefix {
        prefix: Some(prefix),
    });
    let common: Vec<CommonPrefix> = common.collect();
    Ok(ListObjectsV2Output {
        key_count: i32::try_from(contents.len() + common.len()).ok(),
        max_keys: i32::try_from(limit).ok(),
        contents: Some(contents),
        common_prefixes: Some(common),
        is_truncated: Some(truncated),
        next_continuation_token: last.filter(|_| truncated),
        continuation_token: input.continuation_token,
        start_after: input.start_after,
        name: Some(input.bucket),
        prefix: input.prefix,
        delimiter: input.delimiter,
        encoding_type: input.encoding_type,
        ..ListObjectsV2Output::default()
    })
}
