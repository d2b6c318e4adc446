//! Links under which anybody may read one object of a bucket for a while. They are signed without
//! AWS's crate for S3, which the functions that answer links have no other use for.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;

use super::error::{AwsError, StartError};
use super::settings::{Env, FromEnv};
use crate::values::clock;

/// Has S3 answer that no cache may keep what is read
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>).
const PRIVATE: &str = "response-cache-control=private%2C%20no-store";

/// Signs links to what is in one bucket.
#[derive(Clone)]
pub(crate) struct BucketSigner {
    url: String,
    region: String,
    credentials: Credentials,
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

impl BucketSigner {
    /// Makes an address under which anybody may read an object for this long, as long as this
    /// function's own credentials live and may read it. What is read there no cache may keep, or
    /// it would be seen for longer.
    ///
    /// # Errors
    /// [`AwsError::Rejected`] if it can't be signed.
    pub(crate) fn presigned(&self, key: &str, lifetime: Duration) -> Result<String, AwsError> {
        self.presigned_at(key, PRIVATE, lifetime, clock::wall())
    }

    fn presigned_at(
        &self,
        key: &str,
        query: &str,
        lifetime: Duration,
        now: SystemTime,
    ) -> Result<String, AwsError> {
        let path: Vec<String> = key.split('/').map(encoded).collect();
        let mut url = format!("{}/{}?{query}", self.url, path.join("/"));
        let mut settings = SigningSettings::default();
        // As S3 wants it: the path as it is sent.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(lifetime);
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
        let body = SignableBody::UnsignedPayload;
        let signable = SignableRequest::new("GET", &url, std::iter::empty(), body);
        let signed = sign(signable.map_err(AwsError::rejected)?, &params);
        let (instructions, _) = signed.map_err(AwsError::rejected)?.into_parts();
        let (_, parameters) = instructions.into_parts();
        for (name, value) in &parameters {
            if !url.ends_with('?') {
                url.push('&');
            }
            url.push_str(&format!("{name}={}", encoded(value)));
        }
        Ok(url)
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
        let link = signer.presigned_at("test.txt", "", Duration::from_secs(86_400), now);
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

    #[test]
    fn all_but_unreserved_characters_of_a_key_are_encoded() {
        assert_eq!(encoded("aZ0-._~"), "aZ0-._~");
        assert_eq!(encoded("a b+c/\u{e4}?"), "a%20b%2Bc%2F%C3%A4%3F");
    }
}
