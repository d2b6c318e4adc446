//! Who may do what with objects: the operator, everything; a function, what its role lets it;
//! anyone else may read what is public, as the CDN would let them.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>

use std::sync::Arc;

use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{Credentials, SimpleAuth};
use s3s::dto::{CopyObjectInput, CopySource, PostObjectInput};
use s3s::path::S3Path;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};

use super::form::{ExtraFields, UNNAMED_FIELD};
use crate::environment::SECRET_ACCESS_KEY;
use crate::iam::{Call, Caller, Iam};

/// Keys that anyone may read begin with this.
const PUBLIC: &str = "public/";

/// The one secret, for every access key id that there is.
pub(super) fn credentials(iam: &Iam) -> SimpleAuth {
    let mut known = SimpleAuth::new();
    for id in iam.access_key_ids() {
        known.register(id.to_owned(), SECRET_ACCESS_KEY.into());
    }
    known
}

/// Judges requests by who signed them; a form, by who signed the form.
pub(super) struct Access {
    pub(super) iam: Arc<Iam>,
}

impl Access {
    fn caller(&self, credentials: Option<&Credentials>) -> S3Result<Caller<'_>> {
        credentials
            .and_then(|it| self.iam.caller(&it.access_key))
            .ok_or_else(|| s3_error!(AccessDenied, "Access Denied"))
    }

    fn judge(
        &self,
        credentials: Option<&Credentials>,
        operation: &str,
        calls: impl FnOnce() -> Option<Vec<Call>>,
    ) -> S3Result<()> {
        self.caller(credentials)?
            .may_request(&format!("s3:{operation}"), calls)
            .map_err(|it| S3Error::with_message(S3ErrorCode::AccessDenied, it.to_string()))
    }
}

#[async_trait::async_trait]
impl S3Access for Access {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        // Here, since the signature and the other conditions come first.
        if cx.extensions_mut().get::<ExtraFields>().is_some() {
            return Err(s3_error!(AccessDenied, "{}", UNNAMED_FIELD));
        }
        let operation = cx.s3_op().name();
        let reads = ["GetObject", "HeadObject"].contains(&operation);
        let public = match cx.s3_path() {
            S3Path::Object { key, .. } => key.starts_with(PUBLIC),
            S3Path::Root | S3Path::Bucket { .. } => false,
        };
        if cx.credentials().is_none() && reads && public {
            return Ok(());
        }
        // What these are about stands in their input, which the methods below judge.
        if ["PostObject", "CopyObject"].contains(&operation) {
            return self.caller(cx.credentials()).map(drop);
        }
        self.judge(cx.credentials(), operation, || {
            // Another action, and more of them, for what comes with a plain call.
            let versioned = cx.uri().query().is_some_and(|it| it.contains("versionId="));
            let more = ["x-amz-acl", "x-amz-tagging", "x-amz-object-lock-mode"];
            if versioned || more.iter().any(|it| cx.headers().contains_key(*it)) {
                return None;
            }
            call(operation, cx.s3_path()).map(|it| vec![it])
        })
    }

    async fn post_object(&self, req: &mut S3Request<PostObjectInput>) -> S3Result<()> {
        let input = &req.input;
        self.judge(req.credentials.as_ref(), "PutObject", || {
            let plain = input.acl.is_none() && input.tagging.is_none();
            plain.then(|| vec![object("PutObject", &input.bucket, &input.key)])
        })
    }

    async fn copy_object(&self, req: &mut S3Request<CopyObjectInput>) -> S3Result<()> {
        let input = &req.input;
        self.judge(req.credentials.as_ref(), "CopyObject", || {
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

/// The action and the resource of an operation; `None` for one that isn't known here.
fn call(operation: &str, path: &S3Path) -> Option<Call> {
    match (operation, path) {
        ("GetObject" | "HeadObject", S3Path::Object { bucket, key }) => {
            Some(object("GetObject", bucket, key))
        }
        ("PutObject" | "DeleteObject", S3Path::Object { bucket, key }) => {
            Some(object(operation, bucket, key))
        }
        ("ListObjects" | "ListObjectsV2" | "HeadBucket", S3Path::Bucket { bucket }) => {
            Some(Call::new("s3:ListBucket", format!("arn:aws:s3:::{bucket}")))
        }
        ("ListBuckets", S3Path::Root) => Some(Call::new("s3:ListAllMyBuckets", "*")),
        _ => None,
    }
}

fn object(action: &str, bucket: &str, key: &str) -> Call {
    Call::new(
        format!("s3:{action}"),
        format!("arn:aws:s3:::{bucket}/{key}"),
    )
}
