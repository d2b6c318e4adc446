//! Objects of one bucket, as far as pictures need them.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Tag, Tagging};

use super::error::{AwsError, StartError};
use super::objects::{Objects, StoredFile};
use super::settings::{Env, FromEnv};

/// How long the body of an object may take to arrive: it has 5 MiB at most.
const BODY_TIMEOUT: Duration = Duration::from_secs(8);

/// How often an object is put at most while others put or delete it at the same time, which the SDK
/// doesn't count among what may pass
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>).
const PUTS: u32 = 3;
/// The pause before the second put; twice as long before the third.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// What S3 answers of an object that isn't there: of a key, of a version, and of what has a delete
/// marker as its current version and is to be tagged. To who may not list the bucket it answers
/// `AccessDenied` instead, as it does where any other grant is missing; so that is always an error
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>).
const ABSENT: [&str; 3] = ["NoSuchKey", "NoSuchVersion", "MethodNotAllowed"];

/// What S3 answers a put of an object that somebody else puts or deletes at the same time.
const CONFLICT: &str = "ConditionalRequestConflict";

/// The bucket of pictures, through AWS's crate.
#[derive(Clone)]
pub struct Bucket {
    client: Client,
    name: String,
}

impl FromEnv for Bucket {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            client: env.aws().s3(),
            name: env.variable("IMAGES_BUCKET")?,
        })
    }
}

impl Objects for Bucket {
    async fn read(&self, key: &str, version: &str, max: u64) -> Result<StoredFile, AwsError> {
        let get = self.client.get_object().bucket(&self.name).key(key);
        let Some(object) = found(get.version_id(version).send().await)? else {
            return Ok(StoredFile::Missing);
        };
        let length = object
            .content_length()
            .and_then(|it| u64::try_from(it).ok());
        if length.is_none_or(|length| length > max) {
            return Ok(StoredFile::TooLarge);
        }
        let body = tokio::time::timeout(BODY_TIMEOUT, object.body.collect());
        let body = body.await.map_err(AwsError::unavailable)?;
        let body = body.map_err(AwsError::unavailable)?;
        Ok(StoredFile::Whole(body.to_vec()))
    }

    async fn put_new(
        &self,
        key: &str,
        body: &[u8],
        content_type: &str,
        cache_control: &str,
    ) -> Result<(), AwsError> {
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let put = self.client.put_object().bucket(&self.name).key(key);
            let put = put
                .if_none_match("*")
                .content_type(content_type)
                .cache_control(cache_control)
                .body(ByteStream::from(body.to_vec()));
            match put.send().await {
                Err(error) if error.code() == Some("PreconditionFailed") => break,
                Err(error) if attempt < PUTS && error.code() == Some(CONFLICT) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(error) => return Err(failed(error)),
                Ok(_) => break,
            }
        }
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), AwsError> {
        let delete = self.client.delete_object().bucket(&self.name).key(key);
        found(delete.send().await).map(drop)
    }

    async fn delete_version(&self, key: &str, version: &str) -> Result<(), AwsError> {
        let delete = self.client.delete_object().bucket(&self.name).key(key);
        found(delete.version_id(version).send().await).map(drop)
    }

    async fn set_tag(&self, key: &str, name: &str, value: &str) -> Result<bool, AwsError> {
        let tag = Tag::builder().key(name).value(value).build();
        let tags = Tagging::builder().tag_set(tag.map_err(AwsError::rejected)?);
        let tags = tags.build().map_err(AwsError::rejected)?;
        let put = self.client.put_object_tagging().bucket(&self.name).key(key);
        Ok(found(put.tagging(tags).send().await)?.is_some())
    }

    async fn remove_tags(&self, key: &str) -> Result<bool, AwsError> {
        let delete = self.client.delete_object_tagging();
        let delete = delete.bucket(&self.name).key(key);
        Ok(found(delete.send().await)?.is_some())
    }
}

/// Returns an answer; `None` if the object isn't there.
fn found<T, E>(answer: Result<T, SdkError<E, HttpResponse>>) -> Result<Option<T>, AwsError>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.code().is_some_and(|it| ABSENT.contains(&it)) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// Returns why a call failed, and whether it would fail again: S3 answers that by its status.
fn failed<E>(error: SdkError<E, HttpResponse>) -> AwsError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let status = error.raw_response().map(|it| it.status().as_u16());
    let stays = |status| (300..500).contains(&status) && !matches!(status, 408 | 409 | 429);
    if status.is_some_and(stays) || matches!(error, SdkError::ConstructionFailure(_)) {
        AwsError::rejected(error)
    } else {
        AwsError::unavailable(error)
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::error::ErrorMetadata;
    use aws_smithy_types::body::SdkBody;

    use super::*;
    use crate::testing::{files, tables};

    /// A bucket with these objects of one byte, and the store that has it.
    async fn bucket(keys: &[&str], access_key: &str) -> (Bucket, cloud::ObjectStore) {
        let (tables, files) = (tables().await, files().await);
        let name = tables.table("IMAGES_BUCKET");
        for key in keys {
            files.put(name, key, vec![7]).await.unwrap();
        }
        let env = tables.env_with_all(&[
            ("AWS_ACCESS_KEY_ID", access_key),
            ("AWS_ENDPOINT_URL_S3", &files.url()),
        ]);
        (Bucket::from_env(&env).unwrap(), files)
    }

    #[tokio::test]
    async fn what_was_deleted_is_absent_like_what_never_was() {
        let (bucket, _files) = bucket(&["kept", "deleted"], cloud::ACCESS_KEY_ID).await;
        bucket.delete("deleted").await.unwrap();
        for (key, is_there) in [("kept", true), ("deleted", false), ("never", false)] {
            let tagged = bucket.set_tag(key, "public", "true").await;
            assert_eq!(tagged.unwrap(), is_there, "{key}");
            assert_eq!(bucket.remove_tags(key).await.unwrap(), is_there, "{key}");
            bucket.delete(key).await.unwrap();
        }
    }

    #[tokio::test]
    async fn what_a_role_does_not_allow_is_no_absence() {
        let (stranger, _files) = bucket(&["kept"], "stranger").await;
        for key in ["kept", "never"] {
            let tagged = stranger.remove_tags(key).await;
            assert!(matches!(tagged, Err(AwsError::Rejected(_))), "{tagged:?}");
        }
    }

    #[test]
    fn a_conflict_and_a_fault_of_s3_may_pass_and_what_is_wrong_with_a_call_stays() {
        for (status, may_pass) in [
            (409, true),
            (408, true),
            (429, true),
            (503, true),
            (500, true),
            (404, false),
            (403, false),
            (301, false),
        ] {
            let response = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
            let error = ErrorMetadata::builder().code("Any").build();
            let failed = failed(SdkError::service_error(error, response));
            let passes = matches!(failed, AwsError::Unavailable(_));
            assert_eq!(passes, may_pass, "{status}");
        }
    }
    #[test]
    fn an_object_is_absent_by_what_s3_calls_it_and_not_by_any_404() {
        for (code, is_absent) in [
            ("NoSuchKey", true),
            ("NoSuchVersion", true),
            ("MethodNotAllowed", true),
            ("NoSuchBucket", false),
            ("AccessDenied", false),
        ] {
            let response = HttpResponse::new(404.try_into().unwrap(), SdkBody::empty());
            let error = ErrorMetadata::builder().code(code).build();
            let found = found::<(), _>(Err(SdkError::service_error(error, response)));
            assert_eq!(matches!(found, Ok(None)), is_absent, "{code}");
        }
    }
}
