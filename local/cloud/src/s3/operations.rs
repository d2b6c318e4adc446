//! The operations of S3 on [`Objects`]: put, get, head, copy, delete, tag and list.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, Method};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use s3s::dto::{
    Bucket, Checksum, CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource,
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectTaggingInput, DeleteObjectTaggingOutput,
    ETag, ETagCondition, GetObjectInput, GetObjectOutput, GetObjectTaggingInput,
    GetObjectTaggingOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput,
    ListBucketsInput, ListBucketsOutput, ListObjectsV2Input, ListObjectsV2Output,
    MetadataDirective, PutObjectInput, PutObjectOutput, PutObjectTaggingInput,
    PutObjectTaggingOutput, StreamingBlob, Tag, TaggingDirective,
};
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use super::changes::Changes;
use super::conditions::{check_conditions, fits, verify};
use super::list;
use super::objects::{self, Metadata, NULL_VERSION, Object, Objects, timestamp};
use super::tags;
use crate::clock;

/// The largest object, in bytes. S3 takes 5 GB in one piece; here objects are in memory.
pub(super) const MAX_OBJECT: usize = 256 * 1024 * 1024;

/// S3 over our own storage.
pub(super) struct Operations {
    pub(super) objects: Arc<Objects>,
    pub(super) changes: Arc<Changes>,
}

impl Operations {
    /// Returns the version of that id, or without one the object as it is now.
    fn object(&self, bucket: &str, key: &str, version: Option<&str>) -> S3Result<Arc<Object>> {
        let found = self.find(bucket, key, version)?;
        if !found.metadata.is_delete_marker {
            return Ok(found);
        }
        let error = match version {
            Some(_) => not_allowed(),
            None => no_such_key(),
        };
        Err(of_marker(&found, error))
    }

    /// Returns the version whose tags are asked for. S3 knows that what was deleted has a delete
    /// marker, and that this has no tags.
    fn tagged(&self, bucket: &str, key: &str, version: Option<&str>) -> S3Result<Arc<Object>> {
        let found = self.find(bucket, key, version)?;
        if found.metadata.is_delete_marker {
            Err(of_marker(&found, not_allowed()))
        } else {
            Ok(found)
        }
    }

    /// Returns the version of that id, or without one the current version: which may be a delete
    /// marker.
    fn find(&self, bucket: &str, key: &str, version: Option<&str>) -> S3Result<Arc<Object>> {
        self.bucket(bucket)?;
        if let Some(version) = version {
            check_version(version)?;
        }
        let found = self.objects.find(bucket, key, version);
        found.ok_or_else(|| match version {
            Some(_) => s3_error!(NoSuchVersion, "The specified version does not exist."),
            None => no_such_key(),
        })
    }

    fn bucket(&self, bucket: &str) -> S3Result<()> {
        if self.objects.has(bucket) {
            Ok(())
        } else {
            Err(s3_error!(
                NoSuchBucket,
                "The specified bucket does not exist"
            ))
        }
    }

    /// Puts an object, and tells of it as this event.
    async fn store(
        &self,
        event: &'static str,
        bucket: &str,
        object: Object,
        if_match: Option<ETagCondition>,
        if_none_match: Option<ETagCondition>,
    ) -> S3Result<Arc<Object>> {
        let allowed = |before: Option<&Object>| {
            let before = before.map(|it| it.metadata.etag.as_str());
            let kept = if_match.is_none_or(|it| before.is_some_and(|etag| fits(&it, etag)));
            let new = if_none_match.is_none_or(|it| before.is_none_or(|etag| !fits(&it, etag)));
            if kept && new {
                Ok(())
            } else {
                Err(s3_error!(PreconditionFailed))
            }
        };
        let stored = self.objects.put(bucket, object, allowed).await;
        let stored = stored.map_err(S3Error::internal_error)??;
        self.changes.put(bucket, &stored, event);
        Ok(stored)
    }

    async fn put(
        &self,
        event: &'static str,
        req: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        self.bucket(&req.input.bucket)?;
        let trailers = req.trailing_headers;
        let mut input = req.input;
        let bytes = collect(input.body.take()).await?;
        // The checksum of a streamed body follows the body.
        let expected = Checksum {
            checksum_crc32: input.checksum_crc32.take(),
            checksum_crc32c: input.checksum_crc32c.take(),
            checksum_crc64nvme: input.checksum_crc64nvme.take(),
            checksum_sha1: input.checksum_sha1.take(),
            checksum_sha256: input.checksum_sha256.take(),
            ..Checksum::default()
        };
        let trailer = |name: &str| {
            let trailers = trailers.as_ref()?;
            trailers.read(|headers| Some(headers.get(name)?.to_str().ok()?.to_owned()))?
        };
        let expected = Checksum {
            checksum_crc32: expected
                .checksum_crc32
                .or_else(|| trailer("x-amz-checksum-crc32")),
            checksum_crc32c: expected
                .checksum_crc32c
                .or_else(|| trailer("x-amz-checksum-crc32c")),
            checksum_crc64nvme: expected
                .checksum_crc64nvme
                .or_else(|| trailer("x-amz-checksum-crc64nvme")),
            checksum_sha1: expected
                .checksum_sha1
                .or_else(|| trailer("x-amz-checksum-sha1")),
            checksum_sha256: expected
                .checksum_sha256
                .or_else(|| trailer("x-amz-checksum-sha256")),
            ..Checksum::default()
        };
        let etag = objects::etag(&bytes);
        verify(&bytes, &etag, input.content_md5.as_deref(), &expected)?;

        let object = Object {
            metadata: Metadata {
                key: input.key,
                content_type: input.content_type,
                cache_control: input.cache_control,
                content_disposition: input.content_disposition,
                content_encoding: input.content_encoding,
                content_language: input.content_language,
                user: input.metadata.unwrap_or_default().into_iter().collect(),
                modified: clock::now().unix_timestamp(),
                etag,
                tags: match input.tagging {
                    Some(tagging) => tags::from_header(&tagging)?,
                    None => BTreeMap::new(),
                },
                ..Metadata::default()
            },
            bytes,
        };
        let stored = self
            .store(
                event,
                &input.bucket,
                object,
                input.if_match,
                input.if_none_match,
            )
            .await?;
        Ok(S3Response::new(PutObjectOutput {
            e_tag: etag_of(&stored),
            version_id: stored.metadata.version.clone(),
            checksum_crc32: expected.checksum_crc32,
            checksum_crc32c: expected.checksum_crc32c,
            checksum_crc64nvme: expected.checksum_crc64nvme,
            checksum_sha1: expected.checksum_sha1,
            checksum_sha256: expected.checksum_sha256,
            ..PutObjectOutput::default()
        }))
    }
}

#[async_trait::async_trait]
impl S3 for Operations {
    async fn put_object(
        &self,
        req: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        // A form comes here too, since s3s makes a put of it.
        let event = if req.method == Method::POST {
            "ObjectCreated:Post"
        } else {
            "ObjectCreated:Put"
        };
        self.put(event, req).await
    }

    async fn get_object(
        &self,
        req: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = req.input;
        let overrides = [
            &input.response_content_type,
            &input.response_content_disposition,
            &input.response_cache_control,
        ];
        if req.credentials.is_none() && overrides.iter().any(|it| it.is_some()) {
            return Err(s3_error!(
                InvalidRequest,
                "Request specific response headers cannot be used for anonymous GET requests."
            ));
        }
        let object = self.object(&input.bucket, &input.key, input.version_id.as_deref())?;
        check_conditions(
            &object,
            input.if_match.as_ref(),
            input.if_none_match.as_ref(),
            input.if_modified_since,
            input.if_unmodified_since,
        )?;
        let metadata = object.metadata.clone();
        let size = object.bytes.len() as u64;
        let (bytes, content_range) = match input.range {
            None => (object.bytes.clone(), None),
            Some(range) => {
                let range = range.check(size)?;
                let content_range = format!("bytes {}-{}/{size}", range.start, range.end - 1);
                let start = usize::try_from(range.start).unwrap_or(usize::MAX);
                let end = usize::try_from(range.end).unwrap_or(usize::MAX);
                (object.bytes.slice(start..end), Some(content_range))
            }
        };
        Ok(S3Response::new(GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: i64::try_from(bytes.len()).ok(),
            content_range,
            body: Some(body(bytes)),
            cache_control: input.response_cache_control.or(metadata.cache_control),
            content_disposition: input
                .response_content_disposition
                .or(metadata.content_disposition),
            content_encoding: metadata.content_encoding,
            content_language: metadata.content_language,
            content_type: input.response_content_type.or(metadata.content_type),
            e_tag: Some(ETag::Strong(metadata.etag)),
            last_modified: timestamp(metadata.modified),
            metadata: Some(metadata.user.into_iter().collect()),
            version_id: metadata.version,
            ..GetObjectOutput::default()
        }))
    }

    async fn head_object(
        &self,
        req: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = req.input;
        let object = self.object(&input.bucket, &input.key, input.version_id.as_deref())?;
        check_conditions(
            &object,
            input.if_match.as_ref(),
            input.if_none_match.as_ref(),
            input.if_modified_since,
            input.if_unmodified_since,
        )?;
        let metadata = object.metadata.clone();
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: i64::try_from(object.bytes.len()).ok(),
            cache_control: metadata.cache_control,
            content_disposition: metadata.content_disposition,
            content_encoding: metadata.content_encoding,
            content_language: metadata.content_language,
            content_type: metadata.content_type,
            e_tag: Some(ETag::Strong(metadata.etag)),
            last_modified: timestamp(metadata.modified),
            metadata: Some(metadata.user.into_iter().collect()),
            version_id: metadata.version,
            ..HeadObjectOutput::default()
        }))
    }

    async fn copy_object(
        &self,
        req: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = req.input;
        self.bucket(&input.bucket)?;
        let CopySource::Bucket {
            bucket,
            key,
            version_id,
        } = &input.copy_source
        else {
            return Err(s3_error!(
                NotImplemented,
                "Only objects of a bucket can be copied."
            ));
        };
        let source = self.object(bucket, key, version_id.as_deref())?;
        let fits_source = |it: &ETagCondition| fits(it, &source.metadata.etag);
        if input
            .copy_source_if_match
            .as_ref()
            .is_some_and(|it| !fits_source(it))
            || input
                .copy_source_if_none_match
                .as_ref()
                .is_some_and(fits_source)
        {
            return Err(s3_error!(PreconditionFailed));
        }
        let replace = input
            .metadata_directive
            .is_some_and(|it| it.as_str() == MetadataDirective::REPLACE);
        let mut metadata = if replace {
            Metadata {
                content_type: input.content_type,
                cache_control: input.cache_control,
                content_disposition: input.content_disposition,
                content_encoding: input.content_encoding,
                content_language: input.content_language,
                user: input.metadata.unwrap_or_default().into_iter().collect(),
                etag: source.metadata.etag.clone(),
                ..Metadata::default()
            }
        } else {
            source.metadata.clone()
        };
        let replaces_tags = input
            .tagging_directive
            .is_some_and(|it| it.as_str() == TaggingDirective::REPLACE);
        metadata.tags = match (replaces_tags, input.tagging) {
            (true, Some(tagging)) => tags::from_header(&tagging)?,
            (true, None) => BTreeMap::new(),
            (false, _) => source.metadata.tags.clone(),
        };
        metadata.key = input.key;
        metadata.modified = clock::now().unix_timestamp();
        let last_modified = timestamp(metadata.modified);
        let copy = Object {
            metadata,
            bytes: source.bytes.clone(),
        };
        let stored = self
            .store("ObjectCreated:Copy", &input.bucket, copy, None, None)
            .await?;
        Ok(S3Response::new(CopyObjectOutput {
            copy_object_result: Some(CopyObjectResult {
                e_tag: etag_of(&stored),
                last_modified,
                ..CopyObjectResult::default()
            }),
            copy_source_version_id: source.metadata.version.clone(),
            version_id: stored.metadata.version.clone(),
            ..CopyObjectOutput::default()
        }))
    }

    async fn delete_object(
        &self,
        req: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let input = req.input;
        self.bucket(&input.bucket)?;
        let deleted = match &input.version_id {
            None => self.objects.delete(&input.bucket, &input.key).await,
            Some(version) => {
                check_version(version)?;
                let objects = &self.objects;
                objects
                    .delete_version(&input.bucket, &input.key, version)
                    .await
            }
        };
        let deleted = deleted.map_err(S3Error::internal_error)?;
        if let Some(object) = &deleted {
            let marks = object.metadata.is_delete_marker && input.version_id.is_none();
            let event = if marks {
                "ObjectRemoved:DeleteMarkerCreated"
            } else {
                "ObjectRemoved:Delete"
            };
            self.changes.removed(&input.bucket, object, event);
        }
        let deleted = deleted.as_ref().map(|it| &it.metadata);
        Ok(S3Response::new(DeleteObjectOutput {
            delete_marker: deleted.map(|it| it.is_delete_marker).filter(|it| *it),
            version_id: match input.version_id {
                Some(version) => Some(version),
                None => deleted.and_then(|it| it.version.clone()),
            },
            ..DeleteObjectOutput::default()
        }))
    }

    async fn get_object_tagging(
        &self,
        req: S3Request<GetObjectTaggingInput>,
    ) -> S3Result<S3Response<GetObjectTaggingOutput>> {
        let input = req.input;
        let object = self.tagged(&input.bucket, &input.key, input.version_id.as_deref())?;
        let tags = object.metadata.tags.iter().map(|(key, value)| Tag {
            key: Some(key.clone()),
            value: Some(value.clone()),
        });
        Ok(S3Response::new(GetObjectTaggingOutput {
            tag_set: tags.collect(),
            version_id: object.metadata.version.clone(),
        }))
    }

    async fn put_object_tagging(
        &self,
        req: S3Request<PutObjectTaggingInput>,
    ) -> S3Result<S3Response<PutObjectTaggingOutput>> {
        let input = req.input;
        let object = self.tagged(&input.bucket, &input.key, input.version_id.as_deref())?;
        let tags = tags::from_set(input.tagging.tag_set)?;
        let tagged = self.objects.set_tags(&input.bucket, &object, tags).await;
        tagged.map_err(S3Error::internal_error)?;
        Ok(S3Response::new(PutObjectTaggingOutput {
            version_id: object.metadata.version.clone(),
        }))
    }

    async fn delete_object_tagging(
        &self,
        req: S3Request<DeleteObjectTaggingInput>,
    ) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
        let input = req.input;
        let object = self.tagged(&input.bucket, &input.key, input.version_id.as_deref())?;
        let untagged = self
            .objects
            .set_tags(&input.bucket, &object, BTreeMap::new())
            .await;
        untagged.map_err(S3Error::internal_error)?;
        Ok(S3Response::new(DeleteObjectTaggingOutput {
            version_id: object.metadata.version.clone(),
        }))
    }

    async fn list_objects_v2(
        &self,
        req: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = req.input;
        self.bucket(&input.bucket)?;
        list::page(&self.objects, input).map(S3Response::new)
    }

    async fn head_bucket(
        &self,
        req: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.bucket(&req.input.bucket)?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn list_buckets(
        &self,
        _req: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        let buckets = self.objects.buckets().map(|name| Bucket {
            name: Some(name.to_owned()),
            ..Bucket::default()
        });
        Ok(S3Response::new(ListBucketsOutput {
            buckets: Some(buckets.collect()),
            ..ListBucketsOutput::default()
        }))
    }
}

fn no_such_key() -> S3Error {
    s3_error!(NoSuchKey, "The specified key does not exist.")
}

fn not_allowed() -> S3Error {
    s3_error!(
        MethodNotAllowed,
        "The specified method is not allowed against this resource."
    )
}

/// Adds what S3 says of a delete marker.
fn of_marker(marker: &Object, mut error: S3Error) -> S3Error {
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-delete-marker", HeaderValue::from_static("true"));
    if let Ok(id) = marker.metadata.version.as_deref().unwrap_or("").parse() {
        headers.insert("x-amz-version-id", id);
    }
    error.set_headers(headers);
    error
}

/// Refuses what no version can have as its id.
fn check_version(id: &str) -> S3Result<()> {
    if id == NULL_VERSION || (id.len() == 32 && id.bytes().all(|it| it.is_ascii_hexdigit())) {
        Ok(())
    } else {
        Err(s3_error!(InvalidArgument, "Invalid version id specified"))
    }
}

fn etag_of(object: &Object) -> Option<ETag> {
    Some(ETag::Strong(object.metadata.etag.clone()))
}

async fn collect(body: Option<StreamingBlob>) -> S3Result<Bytes> {
    let mut bytes = BytesMut::new();
    if let Some(mut body) = body {
        while let Some(chunk) = body.next().await {
            let chunk =
                chunk.map_err(|error| S3Error::with_source(S3ErrorCode::IncompleteBody, error))?;
            if bytes.len() + chunk.len() > MAX_OBJECT {
                return Err(s3_error!(
                    EntityTooLarge,
                    "Your proposed upload exceeds the maximum allowed object size."
                ));
            }
            bytes.extend_from_slice(&chunk);
        }
    }
    Ok(bytes.freeze())
}

fn body(bytes: Bytes) -> StreamingBlob {
    StreamingBlob::from(s3s::Body::from(bytes))
}
