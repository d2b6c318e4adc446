//! Objects of one bucket, as far as pictures need them. AWS's crate for S3 knows a hundred calls
//! where five are made, and is the largest of all to compile; what it would do here, AWS's crates
//! for signatures and connections do, which every function links already.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_lc_rs::digest::{SHA256, digest};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::http::Request;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::error::{AwsError, StartError};
use super::settings::{Env, FromEnv};
use crate::values::clock;

/// How often a call is made at most.
const ATTEMPTS: u32 = 3;
/// How long one attempt may take: an object has 5 MiB at most.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(8);
/// The pause before the second attempt; twice as long before the third.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// What S3 answers of an object that isn't there: of a key, of a version, and of what has a delete
/// marker as its current version and is to be tagged. To who may not list the bucket it answers
/// `AccessDenied` instead, as it does where any other grant is missing; so that is always an error
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>).
const ABSENT: [&str; 3] = ["NoSuchKey", "NoSuchVersion", "MethodNotAllowed"];

/// Has S3 answer that no cache may keep what is read
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>).
const PRIVATE: &str = "response-cache-control=private%2C%20no-store";

/// One bucket.
#[derive(Clone)]
pub(crate) struct Bucket {
    signer: BucketSigner,
    connector: SharedHttpConnector,
}

/// What signs calls of one bucket, and links to what is in it.
#[derive(Clone)]
pub(crate) struct BucketSigner {
    url: String,
    region: String,
    credentials: Credentials,
}

/// What became of reading an object.
pub(crate) enum StoredFile {
    /// Its bytes.
    Whole(Vec<u8>),
    /// It isn't there.
    Missing,
    /// It has more bytes than were asked for.
    TooLarge,
}

/// What S3 answered.
struct Answer {
    status: u16,
    body: ByteStream,
    length: u64,
}

/// What it means that S3 refused a call.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    /// It says something of the object, by this status.
    Answer(u16),
    /// The same call may succeed later.
    MayPass,
    /// It would be refused again.
    Stays,
}

/// A call of S3 on one object.
#[derive(Clone, Copy)]
struct Call<'a> {
    method: &'static str,
    key: &'a str,
    /// What follows the question mark, encoded.
    query: &'a str,
    headers: &'a [(&'static str, &'a str)],
    body: &'a [u8],
}

impl FromEnv for Bucket {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            signer: BucketSigner::from_env(env)?,
            connector: SharedHttpConnector::new(env.aws().s3_connector()),
        })
    }
}

impl FromEnv for BucketSigner {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        let (aws, name) = (env.aws(), env.variable("IMAGES_BUCKET")?);
        Ok(Self {
            url: aws.bucket_url(&name).trim_end_matches('/').to_owned(),
            region: aws.region.clone(),
            credentials: aws.credentials.clone(),
        })
    }
}

impl Bucket {
    /// Reads one version of an object, if it has no more bytes than these.
    pub(crate) async fn read(
        &self,
        key: &str,
        version: &str,
        max: u64,
    ) -> Result<StoredFile, AwsError> {
        let query = format!("versionId={}", encoded(version));
        let answer = self.send(Call::of("GET", key, &query)).await?;
        if answer.status == 404 {
            return Ok(StoredFile::Missing);
        }
        if answer.length > max {
            return Ok(StoredFile::TooLarge);
        }
        let body = answer.body.collect();
        let body = tokio::time::timeout(ATTEMPT_TIMEOUT, body).await;
        let body = body.map_err(AwsError::unavailable)?;
        let body = body.map_err(AwsError::unavailable)?.to_vec();
        Ok(StoredFile::Whole(body))
    }

    /// Puts an object, as a browser and the CDN are to read it, under a key that has none; does
    /// nothing if it has one. So an object that is there keeps its tags, which a second put
    /// would take from it.
    pub(crate) async fn put_new(
        &self,
        key: &str,
        body: &[u8],
        content_type: &str,
        cache_control: &str,
    ) -> Result<(), AwsError> {
        let headers = &[
            ("content-type", content_type),
            ("cache-control", cache_control),
            ("if-none-match", "*"),
        ];
        let call = Call::of("PUT", key, "");
        self.done(Call {
            headers,
            body,
            ..call
        })
        .await
    }

    /// Deletes an object: nobody can read it any more, and the bucket keeps what it was for as
    /// long as its rules say. One that isn't there is deleted already.
    pub(crate) async fn delete(&self, key: &str) -> Result<(), AwsError> {
        self.done(Call::of("DELETE", key, "")).await
    }

    /// Deletes one version of an object for good.
    pub(crate) async fn delete_version(&self, key: &str, version: &str) -> Result<(), AwsError> {
        let query = format!("versionId={}", encoded(version));
        self.done(Call::of("DELETE", key, &query)).await
    }

    /// Gives an object one tag, in place of those that it has. Returns false if there is no such
    /// object, which needs the right to list it.
    pub(crate) async fn set_tag(
        &self,
        key: &str,
        name: &str,
        value: &str,
    ) -> Result<bool, AwsError> {
        let body = format!(
            "<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet><Tag>\
             <Key>{name}</Key><Value>{value}</Value></Tag></TagSet></Tagging>"
        );
        // S3 takes no tags without a checksum.
        let sum = STANDARD.encode(digest(&SHA256, body.as_bytes()));
        let call = Call {
            headers: &[("x-amz-checksum-sha256", &sum)],
            body: body.as_bytes(),
            ..Call::of("PUT", key, "tagging=")
        };
        Ok(self.send(call).await?.status != 404)
    }

    /// Takes all tags from an object. Returns false if there is no such object, which needs the
    /// right to list it.
    pub(crate) async fn remove_tags(&self, key: &str) -> Result<bool, AwsError> {
        let call = Call::of("DELETE", key, "tagging=");
        Ok(self.send(call).await?.status != 404)
    }

    async fn done(&self, call: Call<'_>) -> Result<(), AwsError> {
        self.send(call).await.map(drop)
    }

    /// Makes a call, again if it failed for what may pass. That an object isn't there, or is
    /// there already, is an answer.
    async fn send(&self, call: Call<'_>) -> Result<Answer, AwsError> {
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let sent = tokio::time::timeout(ATTEMPT_TIMEOUT, self.send_once(call)).await;
            let sent = sent.map_err(AwsError::unavailable).and_then(|sent| sent);
            if attempt == ATTEMPTS || !matches!(sent, Err(AwsError::Unavailable(_))) {
                return sent;
            }
            tokio::time::sleep(pause).await;
            (attempt, pause) = (attempt + 1, pause * 2);
        }
    }

    async fn send_once(&self, call: Call<'_>) -> Result<Answer, AwsError> {
        let url = self.signer.address(&call);
        let (headers, _) = self.signer.signature(&call, &url, clock::wall(), None)?;
        let mut request = Request::new(SdkBody::from(call.body));
        request
            .set_method(call.method)
            .map_err(AwsError::rejected)?;
        request.set_uri(url).map_err(AwsError::rejected)?;
        for (name, value) in call.headers {
            request.headers_mut().insert(*name, (*value).to_owned());
        }
        for (name, value) in headers {
            request.headers_mut().insert(name, value);
        }
        let response = self.connector.call(request).await;
        let response = response.map_err(AwsError::unavailable)?;
        let status = response.status().as_u16();
        let length = response.headers().get("content-length");
        let length = length.and_then(|it| it.parse().ok()).unwrap_or(u64::MAX);
        let body = ByteStream::new(response.into_body());
        if status < 300 {
            return Ok(Answer {
                status,
                body,
                length,
            });
        }
        let text = body.collect().await.map_err(AwsError::unavailable)?;
        let text = String::from_utf8_lossy(&text.to_vec()).into_owned();
        let code = text
            .split_once("<Code>")
            .and_then(|(_, it)| it.split_once("</Code>"));
        let code = code.map_or("no code", |(code, _)| code);
        let told = format!("S3 answered {} with {status}, {code}", call.method);
        match Refusal::of(status, code) {
            Refusal::Answer(status) => Ok(Answer {
                status,
                body: ByteStream::default(),
                length,
            }),
            Refusal::MayPass => Err(AwsError::unavailable(told)),
            Refusal::Stays => Err(AwsError::rejected(told)),
        }
    }
}

impl Refusal {
    fn of(status: u16, code: &str) -> Self {
        match (status, code) {
            (_, code) if ABSENT.contains(&code) => Self::Answer(404),
            (_, "PreconditionFailed") => Self::Answer(412),
            // Others put or delete the same object at the same time: only another attempt
            // tells what came of it.
            (500.. | 429 | 408, _) | (_, "ConditionalRequestConflict") => Self::MayPass,
            _ => Self::Stays,
        }
    }
}

impl BucketSigner {
    /// Makes an address under which anybody may read an object for this long, as long as this
    /// function's own credentials live and may read it. What is read there no cache may keep, or
    /// it would be seen for longer.
    ///
    /// # Errors
    /// [`AwsError::Rejected`] if it can't be signed.
    pub(crate) fn presigned(&self, key: &str, lifetime: Duration) -> Result<String, AwsError> {
        let call = Call::of("GET", key, PRIVATE);
        self.presigned_at(&call, lifetime, clock::wall())
    }

    fn presigned_at(
        &self,
        call: &Call<'_>,
        lifetime: Duration,
        now: SystemTime,
    ) -> Result<String, AwsError> {
        let mut url = self.address(call);
        let (_, parameters) = self.signature(call, &url, now, Some(lifetime))?;
        for (name, value) in &parameters {
            let before = if url.contains('?') { '&' } else { '?' };
            url.push_str(&format!("{before}{name}={}", encoded(value)));
        }
        Ok(url)
    }

    fn address(&self, call: &Call<'_>) -> String {
        let path: Vec<String> = call.key.split('/').map(encoded).collect();
        let (url, path) = (&self.url, path.join("/"));
        match call.query {
            "" => format!("{url}/{path}"),
            query => format!("{url}/{path}?{query}"),
        }
    }

    /// Signs a call by Signature Version 4: headers to send, or parameters of an address that is
    /// good for a while.
    #[expect(
        clippy::type_complexity,
        reason = "headers and parameters, as the crate that signs has them"
    )]
    fn signature(
        &self,
        call: &Call<'_>,
        url: &str,
        now: SystemTime,
        lifetime: Option<Duration>,
    ) -> Result<(Vec<(String, String)>, Vec<(String, String)>), AwsError> {
        let mut settings = SigningSettings::default();
        // As S3 wants it: the path as it is sent.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let body = if lifetime.is_some() {
            settings.expires_in = lifetime;
            settings.signature_location = SignatureLocation::QueryParams;
            SignableBody::UnsignedPayload
        } else {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
            SignableBody::Bytes(call.body)
        };
        let identity = Identity::from(self.credentials.clone());
        let params = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("s3")
            .time(now)
            .settings(settings)
            .build()
            .map_err(AwsError::rejected)?
            .into();
        let headers = call.headers.iter().copied();
        let signable = SignableRequest::new(call.method, url, headers, body);
        let signed = sign(signable.map_err(AwsError::rejected)?, &params);
        let (instructions, _) = signed.map_err(AwsError::rejected)?.into_parts();
        let (headers, parameters) = instructions.into_parts();
        let headers = headers
            .iter()
            .map(|it| (it.name().to_owned(), it.value().to_owned()));
        let parameters = parameters.into_iter();
        Ok((
            headers.collect(),
            parameters
                .map(|(name, value)| (name.to_owned(), value.into_owned()))
                .collect(),
        ))
    }
}

impl<'a> Call<'a> {
    fn of(method: &'static str, key: &'a str, query: &'a str) -> Self {
        Self {
            method,
            key,
            query,
            headers: &[],
            body: &[],
        }
    }
}

/// Encodes all but the unreserved characters of RFC 3986.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{files, tables};

    #[test]
    fn a_link_is_signed_as_in_the_published_example() {
        // <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
        let signer = BucketSigner {
            url: "https://examplebucket.s3.amazonaws.com".to_owned(),
            region: "us-east-1".to_owned(),
            credentials: Credentials::new(
                "AKIAIOSFODNN7EXAMPLE",
                "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                None,
                None,
                "test",
            ),
        };
        // 24 May 2013.
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_369_353_600);
        let call = Call::of("GET", "test.txt", "");
        let link = signer.presigned_at(&call, Duration::from_secs(86_400), now);
        let link = link.unwrap();
        let (address, query) = link.split_once('?').unwrap();
        assert_eq!(address, "https://examplebucket.s3.amazonaws.com/test.txt");
        for parameter in [
            "X-Amz-Algorithm=AWS4-HMAC-SHA256",
            "X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request",
            "X-Amz-Date=20130524T000000Z",
            "X-Amz-Expires=86400",
            "X-Amz-SignedHeaders=host",
            "X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
        ] {
            assert!(
                query.split('&').any(|it| it == parameter),
                "{parameter}: {query}"
            );
        }
    }

    /// A bucket with these objects of one byte, and the store that has it.
    async fn bucket(keys: &[&str]) -> (Bucket, cloud::ObjectStore) {
        let (tables, files) = (tables().await, files().await);
        let name = tables.table("IMAGES_BUCKET");
        for key in keys {
            files.put(name, key, vec![7]).await.unwrap();
        }
        let env = tables.env_with("AWS_ENDPOINT_URL_S3", &files.url());
        (Bucket::from_env(&env).unwrap(), files)
    }

    #[tokio::test]
    async fn what_was_deleted_is_absent_like_what_never_was() {
        let (bucket, _files) = bucket(&["kept", "deleted"]).await;
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
        let (bucket, _files) = bucket(&["kept"]).await;
        let stranger = Bucket {
            signer: BucketSigner {
                credentials: Credentials::new("stranger", "secret", None, None, "test"),
                ..bucket.signer.clone()
            },
            ..bucket
        };
        for key in ["kept", "never"] {
            let tagged = stranger.remove_tags(key).await;
            assert!(matches!(tagged, Err(AwsError::Rejected(_))), "{tagged:?}");
        }
    }

    #[test]
    fn what_is_there_or_is_not_is_an_answer_and_a_conflict_may_pass() {
        // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
        for (status, code, expected) in [
            (404, "NoSuchKey", Refusal::Answer(404)),
            (404, "NoSuchVersion", Refusal::Answer(404)),
            (405, "MethodNotAllowed", Refusal::Answer(404)),
            (412, "PreconditionFailed", Refusal::Answer(412)),
            (409, "ConditionalRequestConflict", Refusal::MayPass),
            (503, "SlowDown", Refusal::MayPass),
            (500, "InternalError", Refusal::MayPass),
            (404, "NoSuchBucket", Refusal::Stays),
            (403, "AccessDenied", Refusal::Stays),
        ] {
            assert_eq!(Refusal::of(status, code), expected, "{status} {code}");
        }
    }

    #[test]
    fn all_but_unreserved_characters_of_a_key_are_encoded() {
        assert_eq!(encoded("aZ0-._~"), "aZ0-._~");
        assert_eq!(encoded("a b+c/\u{e4}?"), "a%20b%2Bc%2F%C3%A4%3F");
    }
}
