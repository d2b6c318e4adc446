//! What a query answers, read where it arrived: the SDK's own reader makes a map
//! of maps of every item, with a `String` for each name and value, and was a
//! third of what a page of orders cost (docs/performance.md).

use std::borrow::Cow;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::{fmt, mem};

use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextMut;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::error::Corrupt;
use crate::aws::AwsError;

/// A key as the SDK has it.
type Key = HashMap<String, AttributeValue>;

/// The body of an answer to a query.
pub(super) struct QueryBody(Vec<u8>);

/// An answer to a query.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueryResponse<'a> {
    #[serde(borrow, default)]
    pub(super) items: Vec<ResponseItem<'a>>,
    #[serde(borrow)]
    pub(super) last_evaluated_key: Option<ResponseItem<'a>>,
}

/// An item as DynamoDB writes it
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html>).
/// It has a few attributes: to look through them is as fast as a map.
pub(crate) struct ResponseItem<'a>(Vec<(Text<'a>, ResponseValue<'a>)>);

/// The value of an attribute.
pub(super) enum ResponseValue<'a> {
    S(Cow<'a, str>),
    N(Cow<'a, str>),
    M(ResponseItem<'a>),
    L(Vec<ResponseValue<'a>>),
    /// Of a type that this program doesn't write.
    Other,
}

/// A text that is copied only if something in it is escaped.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Sends a query and returns the body of its answer. Whatever is not a success
/// is read by the SDK, and tried again by its rules.
pub(super) async fn send(query: QueryFluentBuilder) -> Result<QueryBody, AwsError> {
    let kept = CapturedBody::default();
    Box::pin(query.customize().interceptor(kept.clone()).send()).await?;
    match kept.locked().take() {
        Some(body) => Ok(QueryBody(body)),
        None => Err(AwsError::unavailable("a query was answered without a body")),
    }
}

impl QueryBody {
    /// Reads the body.
    pub(super) fn read(&self) -> Result<QueryResponse<'_>, AwsError> {
        // Checked once for the whole body, and not for each text in it.
        let read = std::str::from_utf8(&self.0).ok();
        let read = read.and_then(|body| serde_json::from_str(body).ok());
        // The error of serde_json may quote what it read.
        read.ok_or_else(|| AwsError::unavailable("the answer to a query can't be read"))
    }
}

impl<'a> ResponseItem<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&ResponseValue<'a>> {
        let mut attributes = self.0.iter();
        let found = attributes.find(|(it, _)| it.0 == name);
        found.map(|(_, value)| value)
    }

    /// Returns these attributes, as a query takes them that begins after this
    /// item. A key's are texts and numbers.
    pub(super) fn key(&self, names: &[&'static str]) -> Result<Key, Corrupt> {
        let attributes = names.iter().map(|name| {
            let value = self.get(name).and_then(ResponseValue::of_key);
            Ok(((*name).to_owned(), value.ok_or(Corrupt::new(name))?))
        });
        attributes.collect()
    }
}

impl ResponseValue<'_> {
    fn of_key(&self) -> Option<AttributeValue> {
        match self {
            Self::S(text) => Some(AttributeValue::S(text.clone().into_owned())),
            Self::N(digits) => Some(AttributeValue::N(digits.clone().into_owned())),
            Self::M(_) | Self::L(_) | Self::Other => None,
        }
    }
}

impl QueryResponse<'_> {
    /// Returns where the reading stopped, if it was before the query's end.
    pub(super) fn last_key(&self) -> Result<Option<Key>, Corrupt> {
        let Some(ResponseItem(key)) = &self.last_evaluated_key else {
            return Ok(None);
        };
        let attributes = key.iter().map(|(name, value)| {
            let value = value.of_key().ok_or(Corrupt::new("LastEvaluatedKey"))?;
            Ok((name.0.clone().into_owned(), value))
        });
        attributes.collect::<Result<_, _>>().map(Some)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for ResponseItem<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Attributes;

        impl<'de> Visitor<'de> for Attributes {
            type Value = ResponseItem<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an item")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut attributes = Vec::with_capacity(8);
                while let Some(attribute) = map.next_entry()? {
                    attributes.push(attribute);
                }
                Ok(ResponseItem(attributes))
            }
        }

        deserializer.deserialize_map(Attributes)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for ResponseValue<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TypedValue;

        impl<'de> Visitor<'de> for TypedValue {
            type Value = ResponseValue<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the value of an attribute")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut value = ResponseValue::Other;
                while let Some(Text(name)) = map.next_key()? {
                    value = match &*name {
                        "S" => ResponseValue::S(map.next_value::<Text<'_>>()?.0),
                        "N" => ResponseValue::N(map.next_value::<Text<'_>>()?.0),
                        "M" => ResponseValue::M(map.next_value()?),
                        "L" => ResponseValue::L(map.next_value()?),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            ResponseValue::Other
                        }
                    };
                }
                Ok(value)
            }
        }

        deserializer.deserialize_map(TypedValue)
    }
}

/// The body of a success, once it has been read.
#[derive(Clone, Default)]
struct CapturedBody(Arc<Mutex<Option<Vec<u8>>>>);

impl CapturedBody {
    fn locked(&self) -> std::sync::MutexGuard<'_, Option<Vec<u8>>> {
        // It is whole at every moment, also after a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for CapturedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The SDK demands `Debug`; the body may hold a customer's data.
        f.write_str("CapturedBody")
    }
}

impl Intercept for CapturedBody {
    fn name(&self) -> &'static str {
        "CapturedBody"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        if response.status().is_success() {
            let body = mem::replace(response.body_mut(), SdkBody::empty());
            *response.body_mut() = SdkBody::from_body_1_x(CapturingBody {
                body,
                read: Vec::new(),
                kept: Some(self.clone()),
            });
        }
        Ok(())
    }
}

/// A body of which the SDK reads an empty object, once all of it is captured. An
/// error on the way is passed on to the SDK.
struct CapturingBody {
    body: SdkBody,
    read: Vec<u8>,
    kept: Option<CapturedBody>,
}

impl Body for CapturingBody {
    type Data = Bytes;
    type Error = <SdkBody as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        while self.kept.is_some() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.read.extend_from_slice(&data);
                    }
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    let read = mem::take(&mut self.read);
                    if let Some(kept) = self.kept.take() {
                        *kept.locked() = Some(read);
                    }
                    let nothing = Bytes::from_static(b"{}");
                    return Poll::Ready(Some(Ok(Frame::data(nothing))));
                }
            }
        }
        Poll::Ready(None)
    }
}

#[cfg(test)]
mod tests {
    use cloud::{Calls, Fault};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::aws::Env;
    use crate::dynamodb::{ItemBuilder, ItemReader, Table, text};
    use crate::testing::tables;

    fn body(text: &str) -> QueryBody {
        QueryBody(text.as_bytes().to_vec())
    }

    #[test]
    fn every_type_of_attribute_is_read_or_passed_over() {
        let body = body(
            r#"{ "Count": 1, "Items": [{
                "text": { "S": "a \"quoted\" \u00e4\n" }, "näme": { "S": "ä" }, "number": { "N": "7" },
                "map": { "M": { "in\"ner": { "S": "x" }, "deeper": { "M": {} } } },
                "list": { "L": [{ "M": { "n": { "N": "1" } } }, { "M": {} }] },
                "yes": { "BOOL": true }, "none": { "NULL": true }, "bytes": { "B": "AA==" },
                "texts": { "SS": ["a"] }, "numbers": { "NS": ["1"] }, "blobs": { "BS": ["AA=="] },
                "new": { "UUID": { "of": ["a", "later", "day"] } }
            }], "LastEvaluatedKey": { "id": { "S": "a" }, "at": { "N": "3" } }, "ConsumedCapacity": {} }"#,
        );
        let read = body.read().unwrap();
        let item = ItemReader::from(&read.items[0]);
        assert_eq!(item.text("text").unwrap(), "a \"quoted\" ä\n");
        assert_eq!(item.text("näme").unwrap(), "ä");
        assert_eq!(item.number::<u8>("number").unwrap(), 7);
        assert_eq!(item.map("map").unwrap().text("in\"ner").unwrap(), "x");
        let list = item.list("list").unwrap();
        assert_eq!(list[0].number::<u8>("n").unwrap(), 1);
        assert_eq!(list.len(), 2);
        for name in ["yes", "none", "bytes", "texts", "numbers", "blobs", "new"] {
            assert!(
                item.text(name).is_err() && item.list(name).is_err(),
                "{name}"
            );
        }
        assert!(item.optional_text("absent").unwrap().is_none());
        let key = ItemBuilder::new().text("id", "a").number("at", 3_u8);
        let last = read.last_key().unwrap();
        assert_eq!(last.unwrap(), key.into_attributes());
        let key = |names: &[&'static str]| read.items[0].key(names);
        assert_eq!(key(&["number"]).unwrap().len(), 1);
        assert!(key(&["number", "absent"]).is_err() && key(&["map"]).is_err());
    }

    #[test]
    fn what_is_no_answer_to_a_query_passes_and_is_not_quoted() {
        for wrong in ["", "{", "[]", r#"{"Items":[{"secret":{"S":1}}]}"#, "\u{1}"] {
            let error = body(wrong).read().map(|_| ()).unwrap_err();
            assert!(matches!(&error, AwsError::Unavailable(_)), "{wrong}");
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
        assert!(QueryBody(vec![b'"', 0xff, b'"']).read().is_err());
        assert!(body("{}").read().unwrap().items.is_empty());
    }

    #[tokio::test]
    async fn a_query_is_tried_again_and_refused_as_the_sdk_does_it() {
        let tables = tables().await;
        let table = Table::from_env(&tables.env, "CARTS_TABLE").unwrap();
        let query = |attribute: &str| {
            let query = table.query().key_condition_expression("#user = :user");
            let query = query.expression_attribute_names("#user", attribute);
            query.expression_attribute_values(":user", text("usr_1"))
        };
        let row = ItemBuilder::new()
            .text("userId", "usr_1")
            .text("productId", "prod_1");
        table.put(row).send().await.unwrap();
        for fault in [
            Fault::FailBefore,
            Fault::FailAfter,
            Fault::Throttle,
            Fault::DropBefore,
            Fault::DropAfter,
        ] {
            tables.faults().inject(Calls::of("Query").times(1), fault);
            let found = send(query("userId")).await.unwrap();
            assert_eq!(found.read().unwrap().items.len(), 1);
        }
        let refused = send(query("nothing")).await.map(drop).unwrap_err();
        assert!(matches!(refused, AwsError::Rejected(_)), "{refused:?}");
    }

    /// Answers each connection with the next of these texts, and closes it.
    async fn server(answers: Vec<String>) -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = vec![0; 8192];
                let _ = stream.read(&mut request).await.unwrap();
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        url
    }

    #[tokio::test]
    async fn a_body_that_ends_too_soon_is_asked_for_again() {
        let whole = r#"{"Items":[{"userId":{"S":"usr_1"}}]}"#;
        let answer = |body: &str| {
            let length = whole.len();
            format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}")
        };
        let half = answer(&whole[..20]);
        let url = server(vec![half.clone(), half, answer(whole)]).await;
        let env = Env::of(move |name| match name {
            "AWS_ENDPOINT_URL_DYNAMODB" => Some(url.clone()),
            _ => Some("any".to_owned()),
        });
        let table = Table::from_env(&env.unwrap(), "CARTS_TABLE").unwrap();
        let found = send(table.query()).await.unwrap();
        assert_eq!(found.read().unwrap().items.len(), 1);
    }
}
