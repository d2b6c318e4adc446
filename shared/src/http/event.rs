//! One request as API Gateway sends it to a function, and the answer as it
//! takes it back: HTTP API, payload format 2.0
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>).
//!
//! Read by hand rather than by a framework: what a client can put into a path
//! or a header must never make the reading itself fail, and a missing field
//! is no reason to answer 500.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize};

use super::reply::Response;
use crate::input::InputError;

/// What a handler's arguments are taken from.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    #[serde(deserialize_with = "or_default")]
    pub(crate) raw_query_string: String,
    #[serde(deserialize_with = "or_default")]
    headers: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    path_parameters: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    pub(crate) request_context: GatewayContext,
    body: Option<String>,
    #[serde(deserialize_with = "or_default")]
    is_base64_encoded: bool,
}

/// What the gateway itself knows of a request.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct GatewayContext {
    #[serde(deserialize_with = "or_default")]
    pub(crate) request_id: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) route_key: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) http: HttpContext,
}

/// The request line and its sender, as the gateway saw them.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct HttpContext {
    #[serde(deserialize_with = "or_default")]
    pub(crate) method: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) source_ip: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) user_agent: String,
}

/// What is null counts as absent: some senders write it.
fn or_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

impl Request {
    /// A header by its lower-case name, as the gateway writes names. A header
    /// sent twice is one value joined by a comma.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// A path parameter, already decoded.
    pub(crate) fn path_parameter(&self, name: &str) -> Option<&str> {
        self.path_parameters.get(name).map(String::as_str)
    }

    /// The body's bytes.
    pub(crate) fn body(&self) -> Result<Vec<u8>, InputError> {
        let Some(body) = &self.body else {
            return Ok(Vec::new());
        };
        if !self.is_base64_encoded {
            return Ok(body.clone().into_bytes());
        }
        STANDARD
            .decode(body)
            .map_err(|_| InputError::malformed("The body can't be read."))
    }
}

/// An answer in the words of the gateway.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GatewayResponse {
    status_code: u16,
    headers: BTreeMap<&'static str, String>,
    body: String,
    is_base64_encoded: bool,
}

impl From<Response> for GatewayResponse {
    fn from(response: Response) -> Self {
        let (status_code, headers, body) = response.into_parts();
        Self {
            status_code,
            headers: headers
                .into_iter()
                .map(|(name, value)| (name, value.into_owned()))
                .collect(),
            body,
            is_base64_encoded: false,
        }
    }
}
