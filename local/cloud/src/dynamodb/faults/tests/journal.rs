//! The journal has every change that was committed, and nothing else.

use std::collections::BTreeMap;

use super::*;
use crate::dynamodb::faults::Change;

/// Returns what each commit changed: ids of items, with whether they were there before and after.
fn commits(changes: &[Change]) -> Vec<Vec<(&str, bool, bool)>> {
    let mut commits: BTreeMap<u64, Vec<_>> = BTreeMap::new();
    for it in changes {
        let change = (it.item.text("id"), it.before.is_some(), it.after.is_some());
        commits.entry(it.commit).or_default().push(change);
    }
    let numbers: Vec<u64> = commits.keys().copied().collect();
    let expected: Vec<u64> = (1..).take(numbers.len()).collect();
    assert_eq!(numbers, expected, "no gaps");
    commits.into_values().collect()
}

#[tokio::test]
async fn it_has_what_was_written_since_it_was_started() {
    let it = Faulty::start().await;
    it.put("before").await;
    it.faults().start_journal();
    it.put("a").await;
    it.ask("TransactWriteItems", replace("a", "b", "t1")).await;
    it.ask("DeleteItem", key("b")).await;
    let batch = json!({"RequestItems": {"things": [
        {"PutRequest": {"Item": item("c")}}, {"DeleteRequest": {"Key": key("before")["Key"]}},
    ]}});
    it.ask("BatchWriteItem", batch).await;
    let changes = it.faults().journal();
    assert_eq!(
        commits(&changes),
        [
            vec![("a", false, true)],
            vec![("a", true, false), ("b", false, true)],
            vec![("b", true, false)],
            vec![("c", false, true), ("before", true, false)],
        ]
    );
    assert_eq!(changes[0].after, Some(item("a")));
    assert_eq!(changes[0].item.table, "things");
    assert_eq!(changes[0].item.attributes().len(), 2);
    assert_eq!(changes[0].caller, None);
    assert!(changes.is_sorted_by_key(|it| it.at));
}

#[tokio::test]
async fn what_changed_nothing_is_not_in_it() {
    let it = Faulty::start().await;
    it.faults().start_journal();
    it.put("a").await;
    it.put("a").await;
    it.ask("TransactWriteItems", replace("a", "b", "t1")).await;
    it.ask("TransactWriteItems", replace("a", "b", "t1")).await;
    let refused = it.fail("TransactWriteItems", replace("a", "c", "t2")).await;
    assert_eq!(refused, "TransactionCanceledException");
    it.ask("DeleteItem", key("x")).await;
    it.has("b").await;
    assert_eq!(commits(&it.faults().journal()).len(), 2);
}

#[tokio::test]
async fn a_fault_leaves_an_entry_if_it_leaves_an_effect() {
    let it = Faulty::start().await;
    it.faults().start_journal();
    for (id, fault) in [
        ("a", Fault::FailBefore),
        ("b", Fault::FailAfter),
        ("c", Fault::DropBefore),
        ("d", Fault::DropAfter),
        ("e", Fault::Throttle),
    ] {
        it.faults().inject(Calls::of("PutItem"), fault);
        let _ = it.send("PutItem", thing(id)).await;
    }
    let changes = it.faults().journal();
    let changed: Vec<_> = changes.iter().map(|it| it.item.text("id")).collect();
    assert_eq!(changed, ["b", "d"]);
}

#[tokio::test]
async fn a_transaction_that_was_held_is_in_it_once_it_is_done() {
    let it = Faulty::start().await;
    it.faults().start_journal();
    it.put("a").await;
    let mut held = it.faults().hold(Calls::of("TransactWriteItems"));
    let sent = it.spawn(replace("a", "b", "t1"));
    held.arrived().await;
    // Another item, meanwhile.
    it.put("x").await;
    assert_eq!(commits(&it.faults().journal()).len(), 2);
    held.apply(|item| item.text("id") == "b").await;
    assert_eq!(commits(&it.faults().journal()).len(), 3);
    held.finish().await;
    assert_eq!(sent.await.unwrap().unwrap().0, 200);

    let mut held = it.faults().hold(Calls::of("TransactWriteItems"));
    let sent = it.spawn(replace("b", "c", "t2"));
    held.arrived().await;
    held.finish_without_answer().await;
    assert!(sent.await.unwrap().is_err());
    assert_eq!(commits(&it.faults().journal()).len(), 4);
}

#[tokio::test]
async fn of_writes_at_the_same_time_each_begins_where_the_one_before_it_ended() {
    let it = Faulty::start().await;
    it.faults().start_journal();
    it.put("a").await;
    let mut add = key("a");
    add["UpdateExpression"] = json!("ADD pieces :one");
    add["ExpressionAttributeValues"] = json!({":one": {"N": "1"}});
    let mut sent = Vec::new();
    for number in 0..20 {
        let (it, add) = (it.clone(), add.clone());
        let transaction =
            json!({"TransactItems": [{ "Update": add }], "ClientRequestToken": number.to_string()});
        sent.push(tokio::spawn(async move {
            if number % 2 == 0 {
                it.ask("UpdateItem", add).await
            } else {
                it.ask("TransactWriteItems", transaction).await
            }
        }));
    }
    for sent in sent {
        sent.await.unwrap();
    }
    let changes = it.faults().journal();
    assert_eq!(commits(&changes).len(), 21);
    for pair in changes.windows(2) {
        assert_eq!(pair[0].after, pair[1].before);
    }
    assert_eq!(changes[20].after.as_ref().unwrap()["pieces"]["N"], "20");
}
