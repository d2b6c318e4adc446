//! Authorizes requests for objects: the operator may do everything; a function, what its role
//! allows; anyone else may read what CloudFront would serve them.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::{HeaderMap, Uri, header};
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{Credentials, SimpleAuth};
use s3s::dto::{CopyObjectInput, CopySource, PostObjectInput};
use s3s::path::S3Path;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};

use super::form::UnnamedField;
use super::objects::Objects;
use crate::environment::SECRET_ACCESS_KEY;
use crate::iam::{AuthorizationRequest, Caller, Iam, arn_fits, signer_region};
use template::{CdnReadable, ContextKey, REGION};

/// The longest that a URL may be signed for, in seconds: a week.
const MAX_EXPIRES: u64 = 7 * 24 * 60 * 60;

/// Registers the one secret for every access key id that there is.
pub(super) fn credentials(iam: &Iam) -> SimpleAuth {
    let mut known = SimpleAuth::new();
    for id in iam.access_key_ids() {
        known.register(id.to_owned(), SECRET_ACCESS_KEY.into());
    }
    known
}

/// Authorizes requests by who signed them; a form, by who signed the form.
pub(super) struct Access {
    pub(super) iam: Arc<Iam>,
    /// What anyone may read.
    pub(super) public: Vec<CdnReadable>,
    pub(super) objects: Arc<Objects>,
}

impl Access {
    fn caller(&self, credentials: Option<&Credentials>) -> S3Result<Caller<'_>> {
        credentials
            .and_then(|it| self.iam.caller(&it.access_key))
            .ok_or_else(|| s3_error!(AccessDenied, "Access Denied"))
    }

    /// Returns whether a bucket's policy lets CloudFront read the object as it is now.
    fn is_public(&self, bucket: &str, key: &str) -> bool {
        let arn = object_arn(bucket, key);
        let mut readable = self.public.iter().filter(|it| arn_fits(&it.objects, &arn));
        readable.any(|readable| {
            let object = self.objects.get(bucket, key);
            readable.tags.iter().all(|(tag, values)| {
                let tags = object.as_ref().map(|it| &it.metadata.tags);
                tags.and_then(|it| it.get(tag))
                    .is_some_and(|value| values.contains(value))
            })
        })
    }

    /// Refuses to say that an object isn't there to who may not list its bucket, as S3 does.
    fn hide_absence(&self, caller: &Caller<'_>, path: &S3Path, id: Option<&str>) -> S3Result<()> {
        let S3Path::Object { bucket, key } = path else {
            return Ok(());
        };
        let found = self.objects.find(bucket, key, id);
        let there = found.is_some_and(|it| !it.metadata.is_delete_marker || id.is_some());
        if there || caller.may(&list(bucket, Some(key))) {
            Ok(())
        } else {
            Err(s3_error!(AccessDenied, "Access Denied"))
        }
    }

    fn authorize(
        &self,
        credentials: Option<&Credentials>,
        operation: &str,
        requests: impl FnOnce() -> Option<Vec<AuthorizationRequest>>,
    ) -> S3Result<()> {
        self.caller(credentials)?
            .authorize_call(&format!("s3:{operation}"), requests)
            .map_err(|it| S3Error::with_message(S3ErrorCode::AccessDenied, it.to_string()))
    }
}

#[async_trait::async_trait]
impl S3Access for Access {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        // Here, since the signature and the other conditions come first.
        if cx.extensions_mut().get::<UnnamedField>().is_some() {
            return Err(s3_error!(
                AccessDenied,
                "No condition of the policy names this field"
            ));
        }
        check_scope(cx.headers(), cx.uri())?;
        let operation = cx.s3_op().name();
        let version = query_value(cx.uri(), "versionId");
        let reads = ["GetObject", "HeadObject"].contains(&operation);
        if cx.credentials().is_none()
            && reads
            && version.is_none()
            && let S3Path::Object { bucket, key } = cx.s3_path()
            && self.is_public(bucket, key)
        {
            return Ok(());
        }
        // What these are about stands in their input, which the methods below look at.
        if ["PostObject", "CopyObject"].contains(&operation) {
            return self.caller(cx.credentials()).map(drop);
        }
        self.authorize(cx.credentials(), operation, || {
            // Another action, and more of them, for what comes with a plain call.
            let more = ["x-amz-acl", "x-amz-object-lock-mode"];
            if more.iter().any(|it| cx.headers().contains_key(*it)) {
                return None;
            }
            let prefix = query_value(cx.uri(), "prefix");
            let asked = request(
                operation,
                cx.s3_path(),
                version.is_some(),
                prefix.as_deref(),
            )?;
            let tags = match cx.s3_path() {
                S3Path::Object { bucket, key } if cx.headers().contains_key("x-amz-tagging") => {
                    Some(object("PutObjectTagging", bucket, key))
                }
                _ => None,
            };
            Some([asked].into_iter().chain(tags).collect())
        })?;
        if reads || operation.ends_with("ObjectTagging") {
            let caller = self.caller(cx.credentials())?;
            self.hide_absence(&caller, cx.s3_path(), version.as_deref())?;
        }
        Ok(())
    }

    async fn post_object(&self, req: &mut S3Request<PostObjectInput>) -> S3Result<()> {
        let input = &req.input;
        self.authorize(req.credentials.as_ref(), "PutObject", || {
            let plain = input.acl.is_none() && input.tagging.is_none();
            plain.then(|| vec![object("PutObject", &input.bucket, &input.key)])
        })
    }

    async fn copy_object(&self, req: &mut S3Request<CopyObjectInput>) -> S3Result<()> {
        let input = &req.input;
        self.authorize(req.credentials.as_ref(), "CopyObject", || {
            // What S3 asks for to copy tags, too, isn't known here.
            let CopySource::Bucket {
                bucket,
                key,
                version_id: None,
            } = &input.copy_source
            else {
                return None;
            };
            let tagged = self.objects.get(bucket, key);
            let tagged = tagged.is_some_and(|it| !it.metadata.tags.is_empty());
            let plain = input.acl.is_none() && input.tagging.is_none() && !tagged;
            plain.then(|| {
                vec![
                    object("GetObject", bucket, key),
                    object("PutObject", &input.bucket, &input.key),
                ]
            })
        })
    }
}

/// Refuses a signature for another region, or one that is good for too long.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
fn check_scope(headers: &HeaderMap, uri: &Uri) -> S3Result<()> {
    if let Some(region) = signer_region(headers.get(header::AUTHORIZATION))
        && region != REGION
    {
        return Err(s3_error!(
            AuthorizationHeaderMalformed,
            "The authorization header is malformed; the region '{}' is wrong; expecting '{}'",
            region,
            REGION
        ));
    }
    if let Some(credential) = query_value(uri, "X-Amz-Credential")
        && let Some(region) = credential.split('/').nth(2)
        && region != REGION
    {
        return Err(s3_error!(
            AuthorizationQueryParametersError,
            "Error parsing the X-Amz-Credential parameter; the region '{}' is wrong; expecting '{}'",
            region,
            REGION
        ));
    }
    let expires = query_value(uri, "X-Amz-Expires").and_then(|it| it.parse::<u64>().ok());
    if expires.is_some_and(|it| it > MAX_EXPIRES) {
        return Err(s3_error!(
            AuthorizationQueryParametersError,
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires \
             must be less than 604800 seconds"
        ));
    }
    Ok(())
}

fn query_value(uri: &Uri, wanted: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(uri.query()?.as_bytes());
    pairs.find_map(|(name, value)| (name == wanted).then(|| value.into_owned()))
}

/// Reads the action and the resource of an operation; `None` for one that isn't known here. What
/// names a version has actions of its own; a list may name a prefix.
fn request(
    operation: &str,
    path: &S3Path,
    versioned: bool,
    prefix: Option<&str>,
) -> Option<AuthorizationRequest> {
    match (operation, path) {
        ("GetObject" | "HeadObject", S3Path::Object { bucket, key }) => {
            let action = if versioned {
                "GetObjectVersion"
            } else {
                "GetObject"
            };
            Some(object(action, bucket, key))
        }
        ("PutObject", S3Path::Object { bucket, key }) if !versioned => {
            Some(object(operation, bucket, key))
        }
        ("DeleteObject", S3Path::Object { bucket, key }) => {
            let action = if versioned {
                "DeleteObjectVersion"
            } else {
                "DeleteObject"
            };
            Some(object(action, bucket, key))
        }
        (
            "GetObjectTagging" | "PutObjectTagging" | "DeleteObjectTagging",
            S3Path::Object { bucket, key },
        ) => {
            let action = if versioned {
                operation.replace("Object", "ObjectVersion")
            } else {
                operation.to_owned()
            };
            Some(object(&action, bucket, key))
        }
        ("ListObjects" | "ListObjectsV2" | "HeadBucket", S3Path::Bucket { bucket }) => {
            Some(list(bucket, prefix))
        }
        ("ListBuckets", S3Path::Root) => {
            Some(AuthorizationRequest::new("s3:ListAllMyBuckets", "*"))
        }
        _ => None,
    }
}

/// Makes what is asked to list the objects whose keys begin so. Whether one is there is asked with
/// its whole key, as on AWS.
fn list(bucket: &str, prefix: Option<&str>) -> AuthorizationRequest {
    let mut list = AuthorizationRequest::new("s3:ListBucket", format!("arn:aws:s3:::{bucket}"));
    if let Some(prefix) = prefix {
        let prefix = BTreeSet::from([prefix.to_owned()]);
        list.context.insert(ContextKey::Prefix, prefix);
    }
    list
}

fn object(action: &str, bucket: &str, key: &str) -> AuthorizationRequest {
    AuthorizationRequest::new(format!("s3:{action}"), object_arn(bucket, key))
}

fn object_arn(bucket: &str, key: &str) -> String {
    format!("arn:aws:s3:::{bucket}/{key}")
}
