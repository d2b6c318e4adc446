//! Authorizes requests for objects: the operator may do everything; a function, what its role
//! allows; anyone else may read what CloudFront would serve them.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>

use std::sync::Arc;

use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{Credentials, SimpleAuth};
use s3s::dto::{CopyObjectInput, CopySource, PostObjectInput};
use s3s::path::S3Path;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};

use super::form::UnnamedField;
use crate::environment::SECRET_ACCESS_KEY;
use crate::iam::{AuthorizationRequest, Caller, Iam, arn_fits};

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
    /// Patterns of the ARNs of objects that anyone may read.
    pub(super) public: Vec<String>,
}

impl Access {
    fn caller(&self, credentials: Option<&Credentials>) -> S3Result<Caller<'_>> {
        credentials
            .and_then(|it| self.iam.caller(&it.access_key))
            .ok_or_else(|| s3_error!(AccessDenied, "Access Denied"))
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
        let operation = cx.s3_op().name();
        let reads = ["GetObject", "HeadObject"].contains(&operation);
        let public = match cx.s3_path() {
            S3Path::Object { bucket, key } => {
                let arn = object_arn(bucket, key);
                self.public.iter().any(|pattern| arn_fits(pattern, &arn))
            }
            S3Path::Root | S3Path::Bucket { .. } => false,
        };
        if cx.credentials().is_none() && reads && public {
            return Ok(());
        }
        // What these are about stands in their input, which the methods below look at.
        if ["PostObject", "CopyObject"].contains(&operation) {
            return self.caller(cx.credentials()).map(drop);
        }
        self.authorize(cx.credentials(), operation, || {
            // Another action, and more of them, for what comes with a plain call.
            let versioned = cx.uri().query().is_some_and(|it| it.contains("versionId="));
            let more = ["x-amz-acl", "x-amz-tagging", "x-amz-object-lock-mode"];
            if versioned || more.iter().any(|it| cx.headers().contains_key(*it)) {
                return None;
            }
            request(operation, cx.s3_path()).map(|it| vec![it])
        })
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
            let plain = input.acl.is_none() && input.tagging.is_none();
            match &input.copy_source {
                CopySource::Bucket {
                    bucket,
                    key,
                    version_id: None,
                } if plain => Some(vec![
                    object("GetObject", bucket, key),
                    object("PutObject", &input.bucket, &input.key),
                ]),
                _ => None,
            }
        })
    }
}

/// Reads the action and the resource of an operation; `None` for one that isn't known here.
fn request(operation: &str, path: &S3Path) -> Option<AuthorizationRequest> {
    match (operation, path) {
        ("GetObject" | "HeadObject", S3Path::Object { bucket, key }) => {
            Some(object("GetObject", bucket, key))
        }
        ("PutObject" | "DeleteObject", S3Path::Object { bucket, key }) => {
            Some(object(operation, bucket, key))
        }
        ("ListObjects" | "ListObjectsV2" | "HeadBucket", S3Path::Bucket { bucket }) => Some(
            AuthorizationRequest::new("s3:ListBucket", format!("arn:aws:s3:::{bucket}")),
        ),
        ("ListBuckets", S3Path::Root) => {
            Some(AuthorizationRequest::new("s3:ListAllMyBuckets", "*"))
        }
        _ => None,
    }
}

fn object(action: &str, bucket: &str, key: &str) -> AuthorizationRequest {
    AuthorizationRequest::new(format!("s3:{action}"), object_arn(bucket, key))
}

fn object_arn(bucket: &str, key: &str) -> String {
    format!("arn:aws:s3:::{bucket}/{key}")
}
