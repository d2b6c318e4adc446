//! S3: s3s for the protocol and its signatures, our own storage behind it, CORS in front.
//! Pictures under `public/` may be read by anyone, as the CDN would let them; for all else a
//! request must be signed with local credentials, and a function's role must allow it.

mod access;
mod conditions;
mod cors;
mod form;
mod list;
mod objects;
mod operations;
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

use crate::error::StartError;
use crate::iam::Iam;
use crate::service::{self, Service};
use crate::template::{BucketCors, BucketTemplate};
use access::Access;
use cors::Asked;
use form::{ExtraFields, UNNAMED_FIELD};
use objects::{Object, Objects};
use operations::{MAX_OBJECT, Operations};

/// The largest body of an error, in bytes, when one is rewritten.
const MAX_ERROR: usize = 64 * 1024;

/// The service with its buckets.
pub(crate) struct S3 {
    pub(crate) service: Service,
    objects: Arc<Objects>,
}

impl S3 {
    /// Starts the service with the template's buckets and, with a data folder, the objects that
    /// are in it.
    pub(crate) async fn start(
        address: SocketAddr,
        buckets: &[BucketTemplate],
        data: Option<&Path>,
        iam: &Arc<Iam>,
    ) -> Result<Self, StartError> {
        let folder = data.map(|folder| folder.join("s3"));
        let names = buckets.iter().map(|bucket| bucket.name.as_str());
        let objects = Objects::open(names, folder.clone()).map_err(|error| StartError::Data {
            path: folder.unwrap_or_default(),
            reason: format!("the objects cannot be read: {error}; remove the folder"),
        })?;
        let objects = Arc::new(objects);
        let mut builder = S3ServiceBuilder::new(Operations {
            objects: Arc::clone(&objects),
        });
        builder.set_auth(access::credentials(iam));
        builder.set_access(Access {
            iam: Arc::clone(iam),
        });
        let mut config = S3Config::default();
        config.post_object_max_file_size = MAX_OBJECT as u64;
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
        let front = Front {
            s3: builder.build(),
            rules: buckets
                .iter()
                .map(|bucket| (bucket.name.clone(), bucket.cors.clone()))
                .collect(),
        };
        let router = Router::new().fallback(handle).with_state(Arc::new(front));
        let service = Service::start_router(address, router)
            .await
            .map_err(|error| StartError::listen(service::S3, address, error))?;
        Ok(Self { service, objects })
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
        let Ok(()) = self
            .objects
            .put(bucket, object, |_| Ok::<_, Infallible>(()))
            .await?;
        Ok(())
    }

    /// The bytes of an object, if it is there.
    pub(crate) fn get(&self, bucket: &str, key: &str) -> Option<Vec<u8>> {
        let object = self.objects.get(bucket, key)?;
        Some(object.bytes.to_vec())
    }
}

/// What a request goes through before s3s has it.
struct Front {
    s3: S3Service,
    /// CORS rules by the buckets' names.
    rules: BTreeMap<String, Vec<BucketCors>>,
}

async fn handle(State(front): State<Arc<Front>>, request: Request) -> Response<Body> {
    // Path style: the bucket is the first segment.
    let bucket = request.uri().path().split('/').nth(1).unwrap_or_default();
    let rules = front.rules.get(bucket).map_or(&[][..], Vec::as_slice);
    if request.method() == Method::OPTIONS {
        let asked = Asked::by_preflight(request.headers());
        return cors::answer_preflight(asked.as_ref(), rules);
    }
    let asked = Asked::by_request(request.method().as_str(), request.headers());
    let is_post = request.method() == Method::POST;
    let (request, extra) = if is_post {
        let (mut request, extra) = form::extra_fields(request).await;
        if let Some(extra) = &extra {
            request.extensions_mut().insert(extra.clone());
        }
        (request, extra)
    } else {
        (request, None)
    };
    let answer = front
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
    if is_post && [StatusCode::BAD_REQUEST, StatusCode::FORBIDDEN].contains(&response.status()) {
        response = as_aws_refuses(response, extra.as_ref()).await;
    }
    if let Some(asked) = asked {
        cors::answer_actual(&asked, rules, response.headers_mut());
    }
    response
}

/// A form that breaks a condition of its policy is 403 `AccessDenied` on AWS; s3s calls the
/// policy invalid, which is what AWS says of one that can't be read. Of fields that no condition
/// names AWS says which ones.
async fn as_aws_refuses(response: Response<Body>, extra: Option<&ExtraFields>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, MAX_ERROR).await else {
        return Response::from_parts(parts, Body::empty());
    };
    let text = String::from_utf8_lossy(&body);
    let text = match (extra, text.split_once(&format!("<Message>{UNNAMED_FIELD}"))) {
        (Some(extra), Some((before, after))) => {
            let after = after
                .split_once("</Message>")
                .map_or("", |(_, after)| after);
            format!("{before}<Message>{}</Message>{after}", extra.sentence())
        }
        _ => text.into_owned(),
    };
    let broken = text.contains("<Code>InvalidPolicyDocument</Code>")
        && (text.contains("<Message>Policy condition") || text.contains("does not match"));
    let text = if broken {
        parts.status = StatusCode::FORBIDDEN;
        text.replace("InvalidPolicyDocument", "AccessDenied")
            .replace("<Message>", "<Message>Invalid according to Policy: ")
    } else {
        text
    };
    parts
        .headers
        .insert(header::CONTENT_LENGTH, HeaderValue::from(text.len()));
    Response::from_parts(parts, Body::from(text))
}
