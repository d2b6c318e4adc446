//! Uploads of pictures: a form that lets a browser send a file of the declared
//! kind straight to the bucket, for five minutes. It may be sent more than
//! once: the first version of the file that is claimed is judged, and any
//! other is deleted unread.
//!
//! The SDK can't presign a POST, so the policy is signed here as AWS
//! documents it
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>)
//! and tested against AWS's published example.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::json;

use super::upload::{MAX_PICTURE, PictureType, UploadKey};
use crate::aws::{Env, FromEnv, StartError};
use crate::http::Problem;
use crate::values::Timestamp;

/// How long a form may be used.
const FORM_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// A form that a browser posts, the file last.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UploadForm {
    url: String,
    fields: BTreeMap<&'static str, String>,
    expires_at: Timestamp,
}

/// Makes forms for one bucket.
#[derive(Clone)]
pub(crate) struct UploadForms {
    bucket: String,
    url: String,
    region: String,
    credentials: Credentials,
}

impl FromEnv for UploadForms {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        let bucket = env.variable("IMAGES_BUCKET")?;
        let aws = env.aws();
        Ok(Self {
            url: aws.bucket_url(&bucket),
            region: aws.region.clone(),
            credentials: aws.credentials.clone(),
            bucket,
        })
    }
}

impl UploadForms {
    /// Makes a form for files of one type under one key.
    ///
    /// # Errors
    /// Never in practice: only if the policy can't be written as JSON.
    pub(crate) fn form(
        &self,
        upload: &UploadKey,
        content_type: PictureType,
        now: Timestamp,
    ) -> Result<UploadForm, Problem> {
        let expires_at = now.plus(FORM_LIFETIME);
        let date = now.basic();
        let day = date.get(..8).unwrap_or_default();
        let scope = format!("{day}/{}/s3/aws4_request", self.region);
        let mut fields = BTreeMap::from([
            ("key", upload.pending()),
            ("Content-Type", <&str>::from(content_type).to_owned()),
            ("success_action_status", "201".to_owned()),
            ("x-amz-algorithm", "AWS4-HMAC-SHA256".to_owned()),
            (
                "x-amz-credential",
                format!("{}/{scope}", self.credentials.access_key_id()),
            ),
            ("x-amz-date", date.clone()),
        ]);
        if let Some(token) = self.credentials.session_token() {
            fields.insert("x-amz-security-token", token.to_owned());
        }
        let mut conditions = vec![
            json!({ "bucket": self.bucket }),
            json!(["content-length-range", 1, MAX_PICTURE]),
        ];
        conditions.extend(
            fields
                .iter()
                .map(|(name, value)| json!(["eq", format!("${name}"), value])),
        );
        let policy = json!({ "expiration": expires_at, "conditions": conditions });
        let policy = serde_json::to_vec(&policy).map_err(Problem::internal)?;
        let policy = STANDARD.encode(policy);
        let signature = sign(
            self.credentials.secret_access_key(),
            day,
            &self.region,
            &policy,
        );
        fields.insert("policy", policy);
        fields.insert("x-amz-signature", signature);
        Ok(UploadForm {
            url: self.url.clone(),
            fields,
            expires_at,
        })
    }
}

/// Signs a policy by Signature Version 4: a key derived from day, region and
/// service, and the lower-case hex of the MAC.
fn sign(secret: &str, day: &str, region: &str, policy: &str) -> String {
    let mac = |key: &[u8], message: &str| {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message.as_bytes())
    };
    let key = mac(format!("AWS4{secret}").as_bytes(), day);
    let key = mac(key.as_ref(), region);
    let key = mac(key.as_ref(), "s3");
    let key = mac(key.as_ref(), "aws4_request");
    let signature = mac(key.as_ref(), policy);
    signature
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PENDING: &str = "pending/usr_01arz3ndektsv4rrffq69g5fav/upl_01arz3ndektsv4rrffq69g5fav";

    /// AWS's published example of a signed policy
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html>).
    const EXAMPLE_POLICY: &str = "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tldCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9";
    const EXAMPLE_SIGNATURE: &str =
        "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e";

    fn form(session_token: Option<&str>) -> UploadForm {
        let forms = UploadForms {
            bucket: "pictures".into(),
            url: "http://127.0.0.1:1/pictures".into(),
            region: "eu-central-1".into(),
            credentials: Credentials::new(
                "AKID",
                "secret",
                session_token.map(Into::into),
                None,
                "test",
            ),
        };
        let upload = UploadKey::of_pending(PENDING).unwrap();
        let now = Timestamp::parse("2026-11-21T10:00:00Z").unwrap();
        forms.form(&upload, PictureType::Png, now).unwrap()
    }

    #[test]
    fn a_policy_is_signed_as_in_the_published_example() {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let signature = sign(secret, "20151229", "us-east-1", EXAMPLE_POLICY);
        assert_eq!(signature, EXAMPLE_SIGNATURE);
    }

    #[test]
    fn the_policy_allows_one_key_one_type_one_range_for_five_minutes() {
        let form = form(Some("token"));
        let policy = STANDARD.decode(&form.fields["policy"]).unwrap();
        let policy: serde_json::Value = serde_json::from_slice(&policy).unwrap();
        assert_eq!(policy["expiration"], "2026-11-21T10:05:00Z");
        let conditions = policy["conditions"].as_array().unwrap();
        for condition in [
            json!({ "bucket": "pictures" }),
            json!(["content-length-range", 1, 5_242_880]),
            json!(["eq", "$key", PENDING]),
            json!(["eq", "$Content-Type", "image/png"]),
            json!(["eq", "$success_action_status", "201"]),
            json!(["eq", "$x-amz-security-token", "token"]),
        ] {
            assert!(conditions.contains(&condition), "{condition}");
        }
        assert_eq!(conditions.len(), 2 + form.fields.len() - 2);
    }

    #[test]
    fn the_credential_names_the_day_and_the_region() {
        let form = form(None);
        let credential = &form.fields["x-amz-credential"];
        assert_eq!(credential, "AKID/20261121/eu-central-1/s3/aws4_request");
        assert!(!form.fields.contains_key("x-amz-security-token"));
    }
}
