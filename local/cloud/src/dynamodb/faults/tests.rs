//! Each way to go wrong, as a caller sees it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod journal;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::call::{Call, Schemas};
use super::random::Random;
use super::*;
use crate::dynamodb::DynamoDb;
use crate::testing::operator;
use template::TableTemplate;

fn tables() -> [TableTemplate; 1] {
    [TableTemplate {
        logical_id: "T".into(),
        name: "things".into(),
        create: json!({
            "TableName": "things",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": "owner", "AttributeType": "S"},
                {"AttributeName": "id", "AttributeType": "S"},
                {"AttributeName": "kind", "AttributeType": "S"},
                {"AttributeName": "colour", "AttributeType": "S"},
                {"AttributeName": "size", "AttributeType": "N"},
            ],
            "KeySchema": [
                {"AttributeName": "owner", "KeyType": "HASH"},
                {"AttributeName": "id", "KeyType": "RANGE"},
            ],
            "GlobalSecondaryIndexes": [{
                "IndexName": "by-kind",
                "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }, {
                "IndexName": "by-colour",
                "KeySchema": [
                    {"AttributeName": "colour", "KeyType": "HASH"},
                    {"AttributeName": "id", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }, {
                "IndexName": "by-size",
                "KeySchema": [{"AttributeName": "size", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["kind"]},
            }],
        }),
        ttl_attribute: None,
    }]
}

/// A database that can go wrong, and one caller of it.
#[derive(Clone)]
struct Faulty {
    database: Arc<DynamoDb>,
}

/// An answer's status and body.
type Answered = Result<(u16, Value), reqwest::Error>;

impl Faulty {
    async fn start() -> Self {
        let database = DynamoDb::start_faulty(&tables()).await.unwrap();
        Self {
            database: Arc::new(database),
        }
    }

    fn faults(&self) -> &Faults {
        self.database.faults()
    }

    async fn send(&self, operation: &str, input: Value) -> Answered {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client
            .post(self.database.url())
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("x-amz-date", "20261121T100000Z")
            .header("authorization", operator())
            .body(input.to_string());
        let answer = request.send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    /// Expects a call to succeed.
    async fn ask(&self, operation: &str, input: Value) -> Value {
        let (status, body) = self.send(operation, input).await.unwrap();
        assert_eq!(status, 200, "{body}");
        body
    }

    /// Expects a call to fail, and returns the kind of its error.
    async fn fail(&self, operation: &str, input: Value) -> String {
        let (status, body) = self.send(operation, input).await.unwrap();
        assert_ne!(status, 200, "{body}");
        let kind = body["__type"].as_str().unwrap();
        kind.rsplit('#').next().unwrap().to_owned()
    }

    async fn put(&self, id: &str) {
        self.ask("PutItem", thing(id)).await;
    }

    async fn has(&self, id: &str) -> bool {
        self.ask("GetItem", key(id)).await["Item"].is_object()
    }

    async fn listed(&self) -> Vec<String> {
        let query = json!({
            "TableName": "things", "KeyConditionExpression": "#o = :o",
            "ExpressionAttributeNames": {"#o": "owner"},
            "ExpressionAttributeValues": {":o": {"S": "o"}},
        });
        ids(&self.ask("Query", query).await)
    }

    async fn listed_by_index(&self) -> Vec<String> {
        let query = json!({
            "TableName": "things", "IndexName": "by-kind",
            "KeyConditionExpression": "kind = :k",
            "ExpressionAttributeValues": {":k": {"S": "k"}},
        });
        ids(&self.ask("Query", query).await)
    }

    /// Sends a transaction in the background.
    fn spawn(&self, transaction: Value) -> tokio::task::JoinHandle<Answered> {
        let faulty = self.clone();
        tokio::spawn(async move { faulty.send("TransactWriteItems", transaction).await })
    }
}

fn ids(answer: &Value) -> Vec<String> {
    let items = answer["Items"].as_array().unwrap().iter();
    let mut ids: Vec<_> = items
        .map(|it| it["id"]["S"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

fn item(id: &str) -> Value {
    json!({"owner": {"S": "o"}, "id": {"S": id}, "kind": {"S": "k"}})
}

fn thing(id: &str) -> Value {
    json!({"TableName": "things", "Item": item(id)})
}

fn key(id: &str) -> Value {
    json!({"TableName": "things", "Key": {"owner": {"S": "o"}, "id": {"S": id}}})
}

/// Puts a new item, and asks for the one that stands in its way.
fn put_new(id: &str) -> Value {
    let mut put = thing(id);
    put["ConditionExpression"] = json!("attribute_not_exists(id)");
    put["ReturnValuesOnConditionCheckFailure"] = json!("ALL_OLD");
    json!({ "Put": put })
}

/// Deletes an item that must be there.
fn delete(id: &str) -> Value {
    let mut delete = key(id);
    delete["ConditionExpression"] = json!("attribute_exists(id)");
    json!({ "Delete": delete })
}

/// Turns `old` into `new`.
fn replace(old: &str, new: &str, token: &str) -> Value {
    json!({"TransactItems": [delete(old), put_new(new)], "ClientRequestToken": token})
}

fn transact_get(ids: &[&str]) -> Value {
    let gets: Vec<Value> = ids.iter().map(|id| json!({ "Get": key(id) })).collect();
    json!({ "TransactItems": gets })
}

fn codes(body: &Value) -> Vec<&str> {
    let reasons = body["CancellationReasons"].as_array().unwrap().iter();
    reasons.map(|it| it["Code"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_fault_meets_the_calls_it_is_for_and_no_others() {
    let it = Faulty::start().await;
    it.put("a").await;
    let second = Calls::of("GetItem").on("things").from_nth(2).times(2);
    let throttled = it.faults().inject(second, Fault::Throttle);
    let elsewhere = Calls::of("GetItem").on("others").always();
    let never = it.faults().inject(elsewhere, Fault::FailBefore);
    assert!(it.has("a").await);
    for _ in 0..2 {
        assert_eq!(it.fail("GetItem", key("a")).await, "ThrottlingException");
    }
    assert!(it.has("a").await);
    assert_eq!((throttled.hits(), never.hits()), (2, 0));
    it.faults()
        .inject(Calls::of("GetItem").always(), Fault::FailBefore);
    assert_eq!(it.fail("GetItem", key("a")).await, "InternalServerError");
    it.faults().clear();
    assert!(it.has("a").await);
}

#[tokio::test]
async fn an_answer_is_lost_before_or_after_the_effect() {
    let it = Faulty::start().await;
    for (id, fault, done) in [
        ("a", Fault::FailBefore, false),
        ("b", Fault::FailAfter, true),
        ("c", Fault::DropBefore, false),
        ("d", Fault::DropAfter, true),
    ] {
        let is_dropped = matches!(fault, Fault::DropBefore | Fault::DropAfter);
        it.faults().inject(Calls::of("PutItem"), fault);
        match it.send("PutItem", thing(id)).await {
            Err(_) => assert!(is_dropped, "{id}"),
            Ok((status, body)) => assert!(!is_dropped && status == 500, "{id}: {status} {body}"),
        }
        assert_eq!(it.has(id).await, done, "{id}");
    }
}

#[tokio::test]
async fn a_call_is_answered_late_and_done_whether_or_not_somebody_waits() {
    let it = Faulty::start().await;
    let late = Duration::from_millis(300);
    for (id, fault) in [("a", Fault::Delay(late)), ("b", Fault::AnswerLate(late))] {
        it.faults().inject(Calls::of("PutItem"), fault);
        let begun = Instant::now();
        let gone = tokio::time::timeout(late / 3, it.send("PutItem", thing(id)));
        assert!(gone.await.is_err());
        // Late in coming, or only in telling.
        assert_eq!(it.has(id).await, id == "b");
        tokio::time::sleep((late * 2).saturating_sub(begun.elapsed())).await;
        assert!(it.has(id).await);
    }
}

#[tokio::test]
async fn a_transaction_is_cancelled_for_any_reasons_and_a_single_write_for_a_conflict() {
    let it = Faulty::start().await;
    it.put("a").await;
    let reasons = vec![Reason::Conflict, Reason::ConditionFailed(Some(item("b")))];
    it.faults()
        .inject(Calls::of("TransactWriteItems"), Fault::Cancel(reasons));
    let transaction = json!({"TransactItems": [delete("a"), put_new("b"), put_new("c")]});
    let (_, body) = it
        .send("TransactWriteItems", transaction.clone())
        .await
        .unwrap();
    assert_eq!(
        codes(&body),
        ["TransactionConflict", "ConditionalCheckFailed", "None"]
    );
    assert_eq!(body["CancellationReasons"][1]["Item"], item("b"));
    assert_eq!(it.listed().await, ["a"]);

    it.faults()
        .inject(Calls::of("TransactWriteItems"), Fault::Conflict);
    let (_, body) = it.send("TransactWriteItems", transaction).await.unwrap();
    assert_eq!(codes(&body), ["TransactionConflict"; 3]);
    it.faults().inject(Calls::of("DeleteItem"), Fault::Conflict);
    let kind = it.fail("DeleteItem", key("a")).await;
    assert_eq!(kind, "TransactionConflictException");
    assert!(it.has("a").await);
}

#[tokio::test]
async fn whatever_touches_a_prepared_transaction_conflicts_with_it() {
    let it = Faulty::start().await;
    it.put("a").await;
    it.put("x").await;
    let mut held = it.faults().hold(Calls::of("TransactWriteItems"));
    let sent = it.spawn(replace("a", "b", "t1"));
    held.arrived().await;
    // Plain reads see nothing of it yet.
    assert_eq!(it.listed().await, ["a", "x"]);
    for operation in ["PutItem", "DeleteItem"] {
        let input = if operation == "PutItem" {
            thing("a")
        } else {
            key("a")
        };
        assert_eq!(
            it.fail(operation, input).await,
            "TransactionConflictException"
        );
    }
    let read = it.send("TransactGetItems", transact_get(&["x", "b"])).await;
    assert_eq!(codes(&read.unwrap().1), ["None", "TransactionConflict"]);
    // Another transaction: what meets nothing is judged by its condition.
    let other = json!({"TransactItems": [put_new("x"), delete("a"), put_new("y")]});
    let (_, body) = it.send("TransactWriteItems", other).await.unwrap();
    assert_eq!(
        codes(&body),
        ["ConditionalCheckFailed", "TransactionConflict", "None"]
    );
    assert_eq!(body["CancellationReasons"][0]["Item"], item("x"));
    // The same one again is known by its token.
    let kind = it.fail("TransactWriteItems", replace("a", "b", "t1")).await;
    assert_eq!(kind, "TransactionInProgressException");

    held.finish().await;
    assert_eq!(sent.await.unwrap().unwrap().0, 200);
    assert_eq!(it.listed().await, ["b", "x"]);
    it.ask("TransactGetItems", transact_get(&["x", "b"])).await;
    it.ask("DeleteItem", key("b")).await;
}

#[tokio::test]
async fn plain_reads_see_the_part_of_a_transaction_that_they_are_to_see() {
    let it = Faulty::start().await;
    it.put("a").await;
    for (shown, seen) in [("a", &[][..]), ("b", &["a", "b"]), ("", &["a"])] {
        let mut held = it.faults().hold(Calls::of("TransactWriteItems"));
        let sent = it.spawn(replace("a", "b", &format!("t-{shown}")));
        held.arrived().await;
        held.apply(move |item| item.text("id") == shown).await;
        assert_eq!(it.listed().await, seen, "{shown}");
        assert_eq!(it.listed_by_index().await, seen, "{shown}");
        for id in ["a", "b"] {
            assert_eq!(it.has(id).await, seen.contains(&id), "{shown} {id}");
            let batch = json!({"RequestItems": {"things": {"Keys": [key(id)["Key"]]}}});
            let batch = it.ask("BatchGetItem", batch).await;
            let found = batch["Responses"]["things"].as_array().unwrap().len();
            assert_eq!(found == 1, seen.contains(&id), "{shown} {id}");
            // A transaction is never torn: it conflicts where the other isn't done.
            let (status, body) = it
                .send("TransactGetItems", transact_get(&[id]))
                .await
                .unwrap();
            assert_eq!(status == 200, shown == id, "{shown} {id}: {body}");
        }
        held.finish().await;
        assert_eq!(sent.await.unwrap().unwrap().0, 200);
        assert_eq!(it.listed().await, ["b"]);
        it.ask(
            "TransactWriteItems",
            replace("b", "a", &format!("back-{shown}")),
        )
        .await;
    }
}

#[tokio::test]
async fn a_held_transaction_ends_as_the_test_says() {
    let it = Faulty::start().await;
    it.put("a").await;
    let hold = || it.faults().hold(Calls::of("TransactWriteItems"));
    let mut held = hold();
    let sent = it.spawn(replace("a", "b", "t1"));
    held.arrived().await;
    held.cancel().await;
    let (_, body) = sent.await.unwrap().unwrap();
    assert_eq!(codes(&body), ["TransactionConflict"; 2]);
    assert_eq!(it.listed().await, ["a"]);

    let mut held = hold();
    let sent = it.spawn(replace("a", "b", "t2"));
    held.arrived().await;
    held.finish_without_answer().await;
    assert!(sent.await.unwrap().is_err());
    assert_eq!(it.listed().await, ["b"]);

    // One whose conditions do not hold is nothing to conflict with.
    let mut held = hold();
    let sent = it.spawn(replace("a", "c", "t3"));
    held.arrived().await;
    held.apply(|_| false).await;
    it.ask("TransactGetItems", transact_get(&["a", "b"])).await;
    drop(held);
    let (_, body) = sent.await.unwrap().unwrap();
    assert_eq!(codes(&body), ["ConditionalCheckFailed", "None"]);
}

#[tokio::test]
async fn a_frozen_index_answers_from_the_state_that_it_had() {
    let it = Faulty::start().await;
    it.put("a").await;
    it.faults().freeze_index("things", "by-kind").await.unwrap();
    let other = it.faults().freeze_index("others", "by-kind").await;
    assert!(other.is_err());
    it.put("b").await;
    it.ask("DeleteItem", key("a")).await;
    assert_eq!(it.listed_by_index().await, ["a"]);
    assert_eq!(it.listed().await, ["b"]);
    it.faults().clear();
    assert_eq!(it.listed_by_index().await, ["b"]);
}

#[tokio::test]
async fn calls_are_watched_and_faults_are_counted() {
    let it = Faulty::start().await;
    let reads = it.faults().watch(Calls::of("GetItem"));
    let all = it.faults().watch(Calls::any().on("things"));
    it.put("a").await;
    it.faults()
        .inject(Calls::of("GetItem").times(2), Fault::Throttle);
    for _ in 0..2 {
        it.fail("GetItem", key("a")).await;
    }
    assert!(it.has("a").await);
    assert_eq!(reads.calls().len(), 3);
    let operations: Vec<_> = all.calls().into_iter().map(|it| it.operation).collect();
    assert_eq!(operations, ["PutItem", "GetItem", "GetItem", "GetItem"]);
    assert!(all.calls()[0].tables.contains("things"));
    assert_eq!(it.faults().counts(), FaultCounts::from([("throttled", 2)]));
}

/// What a function's calls of these operations meet, by number.
fn met(seed: u64) -> Vec<bool> {
    let schemas = Schemas::of(&tables());
    let mut random = Random::new(0.3, seed);
    let mut met = Vec::new();
    for operation in ["GetItem", "PutItem", "TransactWriteItems"].repeat(100) {
        let body = match operation {
            "PutItem" => thing("a"),
            "GetItem" => key("a"),
            _ => json!({"TransactItems": [put_new("a")]}),
        };
        let mut parts = axum::http::Request::new(()).into_parts().0;
        let target = format!("DynamoDB_20120810.{operation}");
        parts
            .headers
            .insert("x-amz-target", target.parse().unwrap());
        let request = EngineRequest {
            parts,
            body: body.to_string().into(),
        };
        let call = Call::read(Some("checkout"), &request, &schemas).unwrap();
        met.push(random.choose(&call).is_some());
        let operators = Call::read(None, &request, &schemas).unwrap();
        assert!(random.choose(&operators).is_none());
    }
    met
}

#[test]
fn random_faults_come_at_their_rate_and_the_same_with_the_same_seed() {
    let first = met(7);
    let faults = first.iter().filter(|met| **met).count();
    assert!((60..=120).contains(&faults), "{faults} of 300");
    assert_eq!(first, met(7));
    assert_ne!(first, met(8));
}

#[tokio::test]
async fn a_read_that_is_not_consistent_may_see_an_older_state() {
    let it = Faulty::start().await;
    it.put("a").await;
    it.faults().start_journal();
    it.put("b").await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    it.put("c").await;
    it.ask("DeleteItem", key("a")).await;
    let older = Fault::Stale(Duration::from_micros(1));
    it.faults().inject(Calls::any().always(), older);
    assert_eq!(it.listed().await, ["b", "c"], "all of that is older");
    it.faults().clear();

    // All since the journal's first commit is undone.
    let older = Fault::Stale(Duration::from_secs(1));
    it.faults().inject(Calls::any().always(), older);
    assert_eq!(it.listed().await, ["a", "b"]);
    assert_eq!(it.listed_by_index().await, ["a", "b"]);
    assert!(!it.has("c").await);
    let batch = |consistent: bool| {
        let keys = json!([key("a")["Key"], key("c")["Key"]]);
        json!({"RequestItems": {"things": {"Keys": keys, "ConsistentRead": consistent}}})
    };
    let found = it.ask("BatchGetItem", batch(false)).await;
    assert_eq!(found["Responses"]["things"], json!([item("a")]));
    let found = it.ask("BatchGetItem", batch(true)).await;
    assert_eq!(found["Responses"]["things"], json!([item("c")]));
    let mut asked = key("c");
    asked["ConsistentRead"] = json!(true);
    assert!(it.ask("GetItem", asked).await["Item"].is_object());
}

#[tokio::test]
async fn an_older_state_answers_every_read_as_it_was_answered_then() {
    let it = Faulty::start().await;
    // Some are in no index by colour and size.
    let put = async |owner: &str, id: &str, kind: &str, more: Value| {
        // Three of them are more than a page.
        let (text, long) = (|text: &str| json!({ "S": text }), "x".repeat(390_000));
        let mut item = json!({
            "owner": text(owner), "id": text(id), "kind": text(kind), "long": text(&long),
        });
        for (name, value) in more.as_object().unwrap() {
            item[name] = value.clone();
        }
        let put = json!({ "TableName": "things", "Item": item });
        it.ask("PutItem", put).await;
    };
    let (plain, red) = (
        json!({}),
        json!({ "colour": { "S": "red" }, "size": { "N": "7" } }),
    );
    put("o", "a", "k", plain.clone()).await;
    for id in ["b", "c", "d"] {
        put("o", id, "k", red.clone()).await;
    }
    it.faults().start_journal();
    put("p", "a", "other", plain.clone()).await;
    let of = |condition: &str, values: Value| {
        json!({
            "TableName": "things", "KeyConditionExpression": condition,
            "ExpressionAttributeNames": { "#o": "owner" }, "ExpressionAttributeValues": values,
        })
    };
    let of_owner = |owner: &str| of("#o = :o", json!({ ":o": { "S": owner } }));
    let (o, p) = (of_owner("o"), of_owner("p"));
    let later = json!({ ":from": { "S": "a" }, ":o": { "S": "o" } });
    let with = |query: &Value, name: &str, value: Value| {
        let mut query = query.clone();
        query[name] = value;
        query
    };
    let after = with(&o, "ExclusiveStartKey", key("b")["Key"].clone());
    let last = with(
        &with(&o, "ScanIndexForward", json!(false)),
        "Limit",
        json!(1),
    );
    let filter = of("#o = :o", json!({ ":o": { "S": "o" }, ":k": { "S": "k" } }));
    let filter = with(&filter, "FilterExpression", json!("kind = :k"));
    let filter = with(&filter, "ProjectionExpression", json!("id, kind"));
    let by = |index: &str, attribute: &str, value: Value| {
        json!({
            "TableName": "things", "IndexName": index,
            "KeyConditionExpression": "#a = :a",
            "ExpressionAttributeNames": { "#a": attribute },
            "ExpressionAttributeValues": { ":a": value },
        })
    };
    let kind = by("by-kind", "kind", json!({ "S": "k" }));
    let colour = by("by-colour", "colour", json!({ "S": "red" }));
    let size = by("by-size", "size", json!({ "N": "7" }));
    let keys = json!([key("a")["Key"], key("e")["Key"]]);
    let reads = [
        ("Query", o),
        ("Query", p),
        ("Query", of("#o = :o AND id > :from", later)),
        ("Query", kind),
        ("Query", after),
        ("Query", last),
        ("Query", filter),
        ("Query", colour),
        ("Query", size),
        ("Scan", json!({ "TableName": "things" })),
        ("GetItem", key("d")),
        (
            "BatchGetItem",
            json!({ "RequestItems": { "things": { "Keys": keys } } }),
        ),
    ];
    let answers = async || {
        let answers = reads.iter().map(|(call, body)| it.ask(call, body.clone()));
        futures_util::future::join_all(answers).await
    };
    let then = answers().await;
    put("o", "e", "k", red.clone()).await;
    put("p", "a", "k", red).await;
    put("o", "b", "other", plain).await;
    it.ask("DeleteItem", key("d")).await;
    let now = answers().await;
    let older = Fault::Stale(Duration::from_secs(60));
    it.faults().inject(Calls::any().always(), older);
    for (((call, body), then), (now, older)) in reads
        .iter()
        .zip(then)
        .zip(now.into_iter().zip(answers().await))
    {
        assert!(older == then, "{call} {body}");
        assert!(older != now, "{call} {body} shows no change");
    }
}

#[tokio::test]
async fn a_batch_of_reads_may_be_done_by_half() {
    let it = Faulty::start().await;
    for id in ["a", "b", "c"] {
        it.put(id).await;
    }
    it.faults()
        .inject(Calls::any().always(), Fault::Unprocessed);
    let keys = json!([key("a")["Key"], key("b")["Key"], key("c")["Key"]]);
    let batch = json!({"RequestItems": {"things": {"Keys": keys, "ConsistentRead": true}}});
    let half = it.ask("BatchGetItem", batch).await;
    assert_eq!(half["Responses"]["things"].as_array().unwrap().len(), 2);
    let rest = json!({"things": {"Keys": [key("c")["Key"]], "ConsistentRead": true}});
    assert_eq!(half["UnprocessedKeys"], rest);
    let rest = it
        .ask("BatchGetItem", json!({ "RequestItems": rest }))
        .await;
    assert_eq!(rest["Responses"]["things"], json!([item("c")]));
    assert!(it.has("a").await, "any other read is answered in full");
}
