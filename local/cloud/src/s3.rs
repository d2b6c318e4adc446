//! S3: s3s for the protocol and its signatures, our own storage behind it, CORS in front. Anyone
//! may read what a bucket's policy lets CloudFront read; for all else a request must be signed
//! with local credentials, and a function's role must allow it.

mod access;
mod changes;
mod conditions;
mod cors;
mod form;
mod list;
mod objects;
mod operations;
mod store;
mod tags;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};
use template::{BucketCors, BucketTemplate};

use crate::error::CloudError;
use crate::iam::Iam;
use crate::ports;
use crate::service::Service;
use access::Access;
use changes::Changes;
pub(crate) use changes::{Listener, ObjectChange};
use cors::Asked;
use objects::{Object, Objects};
use operations::{MAX_OBJECT, Operations};
pub use store::ObjectStore;

/// The largest body of an error, in bytes, when one is rewritten.
const MAX_ERROR: usize = 64 * 1024;

/// The service with its buckets.
pub(crate) struct S3 {
    pub(crate) service: Service,
    objects: Arc<Objects>,
    changes: Arc<Changes>,
}

impl S3 {
    /// Starts the service with the template's buckets and, with a data folder, the objects that
    /// are in it.
    pub(crate) async fn start(
        address: SocketAddr,
        buckets: &[BucketTemplate],
        data: Option<&Path>,
        iam: &Arc<Iam>,
    ) -> Result<Self, CloudError> {
        let folder = data.map(|folder| folder.join("s3"));
        let opened = buckets.iter().map(|it| (it.name.as_str(), it.versioned));
        let objects = Objects::open(opened, folder.clone()).map_err(|error| CloudError::Data {
            path: folder.unwrap_or_default(),
            reason: format!("the objects cannot be read: {error}; remove the folder"),
        })?;
        let objects = Arc::new(objects);
        let changes = Arc::new(Changes::default());
        let mut builder = S3ServiceBuilder::new(Operations {
            objects: Arc::clone(&objects),
            changes: Arc::clone(&changes),
        });
        builder.set_auth(access::credentials(iam));
        builder.set_access(Access {
            iam: Arc::clone(iam),
            public: buckets
                .iter()
                .flat_map(|bucket| bucket.cdn_readable.clone())
                .collect(),
            objects: Arc::clone(&objects),
        });
        let mut config = S3Config::default();
        config.post_object_max_file_size = MAX_OBJECT as u64;
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
        let endpoint = Endpoint {
            s3: builder.build(),
            rules: buckets
                .iter()
                .map(|bucket| (bucket.name.clone(), bucket.cors.clone()))
                .collect(),
        };
        let router = Router::new()
            .fallback(handle)
            .with_state(Arc::new(endpoint));
        let service = Service::start_router(address, router)
            .await
            .map_err(|error| CloudError::listen(ports::S3, address, error))?;
        Ok(Self {
            service,
            objects,
            changes,
        })
    }

    /// Tells somebody of every change from now on.
    pub(crate) fn listen(&self, listener: Listener) {
        self.changes.listen(listener);
    }

    /// Puts an object without a request, as whoever owns the bucket could.
    pub(crate) async fn put(
        &self,
        bucket: &str,
        key: &str,
        content_type: &str,
        bytes: Vec<u8>,
    ) -> std::io::Result<()> {
        let object = Object::new(key, content_type, bytes);
        let Ok(put) = self
            .objects
            .put(bucket, object, |_| Ok::<_, Infallible>(()))
            .await?;
        self.changes.put(bucket, &put, "ObjectCreated:Put");
        Ok(())
    }

    /// Returns the bytes of an object, if it is there.
    pub(crate) fn get(&self, bucket: &str, key: &str) -> Option<Vec<u8>> {
        let object = self.objects.get(bucket, key)?;
        Some(object.bytes.to_vec())
    }
}

/// The service with the CORS rules that s3s doesn't know.
struct Endpoint {
    s3: S3Service,
    /// CORS rules by the buckets' names.
    rules: BTreeMap<String, Vec<BucketCors>>,
}

async fn handle(State(endpoint): State<Arc<Endpoint>>, request: Request) -> Response<Body> {
    // Path style: the bucket is the first segment.
    let bucket = request.uri().path().split('/').nth(1).unwrap_or_default();
    let rules = endpoint.rules.get(bucket).map_or(&[][..], Vec::as_slice);
    if request.method() == Method::OPTIONS {
        let asked = Asked::by_preflight(request.headers());
        return cors::answer_preflight(asked.as_ref(), rules);
    }
    let asked = Asked::by_request(request.method().as_str(), request.headers());
    let is_post = request.method() == Method::POST;
    let request = if is_post {
        form::mark_unnamed_fields(request).await
    } else {
        request
    };
    let answer = endpoint
        .s3
        .call(request.map(s3s::Body::http_body_unsync))
        .await;
    let mut response = match answer {
        Ok(response) => response.map(Body::new),
        Err(_) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    };
    if is_post && response.status() == StatusCode::BAD_REQUEST {
        response = deny_broken_policy(response).await;
    }
    if let Some(asked) = asked {
        cors::answer_actual(&asked, rules, response.headers_mut());
    }
    response
}

/// Answers a form that breaks a condition of its policy with 403 `AccessDenied`, as S3 does. s3s
/// calls the policy invalid, which is S3's answer to one that can't be read.
async fn deny_broken_policy(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, MAX_ERROR).await else {
        return Response::from_parts(parts, Body::empty());
    };
    let mut text = String::from_utf8_lossy(&body).into_owned();
    if text.contains("<Code>InvalidPolicyDocument</Code>")
        && (text.contains("<Message>Policy condition") || text.contains("does not match"))
    {
        parts.status = StatusCode::FORBIDDEN;
        text = text.replace("InvalidPolicyDocument", "AccessDenied");
    }
    let length = HeaderValue::from(text.len());
    parts.headers.insert(header::CONTENT_LENGTH, length);
    Response::from_parts(parts, Body::from(text))
}
