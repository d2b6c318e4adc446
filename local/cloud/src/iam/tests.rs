//! What roles allow, and what a request to DynamoDB is taken for.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use serde_json::{Value, json};

use template::{ConditionTemplate, ConditionTest, ContextKey, StatementTemplate, TableTemplate};

use super::*;
use crate::logs::LogSink;
use crate::testing::function;

const PRODUCTS: &str = "arn:aws:dynamodb:eu-central-1:000000000000:table/products";
const ORDERS: &str = "arn:aws:dynamodb:eu-central-1:000000000000:table/orders";

fn allow(actions: &[&str], resources: &[&str]) -> StatementTemplate {
    StatementTemplate {
        effect: Effect::Allow,
        actions: actions.iter().map(|it| (*it).to_owned()).collect(),
        resources: resources.iter().map(|it| (*it).to_owned()).collect(),
        conditions: Vec::new(),
    }
}

fn when(
    mut statement: StatementTemplate,
    key: ContextKey,
    test: fn(BTreeSet<String>) -> ConditionTest,
    values: &[&str],
) -> StatementTemplate {
    let values = values.iter().map(|it| (*it).to_owned()).collect();
    let test = test(values);
    statement.conditions.push(ConditionTemplate { key, test });
    statement
}

fn role(statements: Vec<StatementTemplate>) -> RoleTemplate {
    RoleTemplate {
        name: "stack-Role".into(),
        statements,
    }
}

/// The tables `products`, with an index by price in each list, and `orders`.
fn schemas() -> KeySchemas {
    let key = |hash: &str| json!([{"AttributeName": hash, "KeyType": "HASH"}]);
    let table = |name: &str, hash: &str| TableTemplate {
        logical_id: name.into(),
        name: name.into(),
        create: json!({
            "KeySchema": key(hash),
            "GlobalSecondaryIndexes": [{"IndexName": "by-price", "KeySchema": key("listed")}],
        }),
        ttl_attribute: None,
    };
    KeySchemas::of(&[table("products", "productId"), table("orders", "userId")])
}

fn requests(operation: &str, input: &Value) -> Vec<AuthorizationRequest> {
    let requests = schemas().requests(operation, input);
    requests.unwrap_or_else(|| panic!("{operation} is not understood: {input}"))
}

/// Whether a role allows a request.
fn allows(statements: &[StatementTemplate], operation: &str, input: &Value) -> bool {
    let role = role(statements.to_vec());
    requests(operation, input)
        .iter()
        .all(|call| matches!(decide(&role, call), Decision::Allowed(_)))
}

fn values(call: &AuthorizationRequest, key: ContextKey) -> Vec<&str> {
    let values = call.context.get(&key);
    values.into_iter().flatten().map(String::as_str).collect()
}

#[test]
fn an_action_is_allowed_on_its_table_and_nowhere_else() {
    let get = [allow(&["dynamodb:GetItem"], &[PRODUCTS])];
    let of = |table: &str| json!({"TableName": table, "Key": {"productId": {"S": "p"}, "userId": {"S": "u"}}});
    assert!(allows(&get, "GetItem", &of("products")));
    assert!(allows(&get, "GetItem", &of(PRODUCTS)), "an ARN is as good");
    assert!(!allows(&get, "GetItem", &of("orders")));
    assert!(!allows(&get, "DeleteItem", &of("products")));
    assert!(!allows(&[], "GetItem", &of("products")));
}

#[test]
fn a_table_is_not_its_index_and_an_index_not_its_table() {
    let table = [allow(&["dynamodb:Query"], &[PRODUCTS])];
    let arn = format!("{PRODUCTS}/index/by-price");
    let index = [allow(&["dynamodb:Query"], &[&arn])];
    let query = |index: Value, key: &str| {
        json!({
            "TableName": "products", "IndexName": index,
            "KeyConditionExpression": format!("{key} = :v"),
            "ExpressionAttributeValues": {":v": {"S": "x"}},
        })
    };
    let (on_index, on_table) = (
        query(json!("by-price"), "listed"),
        query(Value::Null, "productId"),
    );
    assert!(allows(&index, "Query", &on_index));
    assert!(!allows(&index, "Query", &on_table));
    assert!(allows(&table, "Query", &on_table));
    assert!(!allows(&table, "Query", &on_index));
}

#[test]
fn a_grant_for_transactions_holds_inside_of_one_only() {
    let statements = [when(
        allow(&["dynamodb:UpdateItem"], &[PRODUCTS]),
        ContextKey::EnclosingOperation,
        ConditionTest::AnyEqual,
        &["TransactWriteItems"],
    )];
    let update = json!({
        "TableName": "products", "Key": {"productId": {"S": "p"}},
        "UpdateExpression": "SET a = :v",
    });
    let whole = |kind: &str| json!({"TransactItems": [{kind: update}]});
    assert!(allows(&statements, "TransactWriteItems", &whole("Update")));
    assert!(!allows(&statements, "UpdateItem", &update));
    // Each action of a transaction needs its own grant.
    for kind in ["Put", "Delete", "ConditionCheck"] {
        assert!(
            !allows(&statements, "TransactWriteItems", &whole(kind)),
            "{kind}"
        );
    }
    assert!(!allows(&statements, "TransactGetItems", &whole("Get")));
}

/// The statement by which `checkout` sets a product's label.
fn label_only() -> StatementTemplate {
    let update = allow(&["dynamodb:UpdateItem"], &[PRODUCTS]);
    let known = ["productId", "availability", "stockVersion"];
    let update = when(
        update,
        ContextKey::Attributes,
        ConditionTest::AllEqual,
        &known,
    );
    let update = when(
        update,
        ContextKey::Attributes,
        |_| ConditionTest::Present,
        &[],
    );
    let returned = ["NONE", "UPDATED_OLD", "UPDATED_NEW"];
    when(
        update,
        ContextKey::ReturnValues,
        ConditionTest::EqualsIfExists,
        &returned,
    )
}

#[test]
fn an_update_is_limited_to_attributes_however_the_request_names_them() {
    let update = |more: &[(&str, Value)]| {
        let mut update = json!({
            "TableName": "products", "Key": {"productId": {"S": "p"}},
            "UpdateExpression": "SET availability = :label, stockVersion = :v",
            "ConditionExpression": "attribute_exists(productId) AND \
                (attribute_not_exists(stockVersion) OR stockVersion < :v)",
        });
        for (name, value) in more {
            update[*name] = value.clone();
        }
        update
    };
    let allowed = |more: &[(&str, Value)]| allows(&[label_only()], "UpdateItem", &update(more));
    assert!(allowed(&[]));
    assert!(allowed(&[("ReturnValues", json!("UPDATED_NEW"))]));
    assert!(allowed(&[
        ("UpdateExpression", json!("SET #a = :price")),
        ("ExpressionAttributeNames", json!({"#a": "availability"})),
    ]));
    assert!(
        !allowed(&[("ReturnValues", json!("ALL_OLD"))]),
        "it would read the item"
    );
    assert!(!allowed(&[("UpdateExpression", json!("SET price = :v"))]));
    assert!(!allowed(&[(
        "UpdateExpression",
        json!("SET availability = price")
    )]));
    assert!(!allowed(&[(
        "UpdateExpression",
        json!("REMOVE price.amount")
    )]));
    assert!(!allowed(&[(
        "UpdateExpression",
        json!("SET availability = if_not_exists(price, :v)")
    )]));
    assert!(!allowed(&[("ConditionExpression", json!("price > :v"))]));
    assert!(!allowed(&[
        ("UpdateExpression", json!("SET #a = :availability")),
        ("ExpressionAttributeNames", json!({"#a": "price"})),
    ]));
    assert!(!allowed(&[("AttributeUpdates", json!({"price": {}}))]));
    assert!(!allowed(&[("Expected", json!({"price": {}}))]));
}

#[test]
fn a_read_is_limited_to_attributes_only_if_it_names_them() {
    let actions = ["GetItem", "BatchGetItem", "Query"].map(|it| format!("dynamodb:{it}"));
    let actions = actions.each_ref().map(String::as_str);
    let label = when(
        allow(&actions, &[PRODUCTS]),
        ContextKey::Attributes,
        ConditionTest::AllEqual,
        &["productId", "availability"],
    );
    let label = when(
        label,
        ContextKey::Select,
        ConditionTest::EqualsIfExists,
        &["SPECIFIC_ATTRIBUTES"],
    );
    let key = json!({"productId": {"S": "p"}});
    let read = |operation: &str, named: &Value| {
        let mut read = match operation {
            "BatchGetItem" => json!({"Keys": [key]}),
            "Query" => json!({
                "KeyConditionExpression": "productId = :p",
                "ExpressionAttributeValues": {":p": {"S": "p"}},
            }),
            _ => json!({"Key": key}),
        };
        for (name, value) in named.as_object().unwrap() {
            read[name] = value.clone();
        }
        if operation == "BatchGetItem" {
            return json!({"RequestItems": {"products": read}});
        }
        read["TableName"] = json!("products");
        match operation {
            "TransactGetItems" => json!({"TransactItems": [{"Get": read}]}),
            _ => read,
        }
    };
    for operation in ["GetItem", "BatchGetItem", "TransactGetItems", "Query"] {
        for (named, allowed) in [
            (json!({"ProjectionExpression": "availability"}), true),
            (json!({"AttributesToGet": ["availability"]}), true),
            (json!({}), false),
            (json!({"ProjectionExpression": "price"}), false),
            (
                json!({"ProjectionExpression": "availability, price"}),
                false,
            ),
            (json!({"Select": "ALL_ATTRIBUTES"}), false),
        ] {
            let input = read(operation, &named);
            let found = allows(std::slice::from_ref(&label), operation, &input);
            assert_eq!(found, allowed, "{operation}: {input}");
        }
    }
    // What is no read has no such key.
    assert!(
        !values(
            &requests("GetItem", &read("GetItem", &json!({})))[0],
            ContextKey::Select
        )
        .is_empty()
    );
    let delete = requests("DeleteItem", &read("DeleteItem", &json!({})));
    assert!(values(&delete[0], ContextKey::Select).is_empty());
}

#[test]
fn for_all_values_is_true_of_nothing_and_null_is_what_asks_for_something() {
    let call = |names: &[&str]| {
        let mut call = AuthorizationRequest::new("dynamodb:UpdateItem", PRODUCTS);
        let names = names.iter().map(|it| (*it).to_owned()).collect();
        call.context.insert(ContextKey::Attributes, names);
        call
    };
    let mut without_null = label_only();
    without_null.conditions.remove(1);
    let is_allowed = |statement: StatementTemplate, call: &AuthorizationRequest| {
        matches!(decide(&role(vec![statement]), call), Decision::Allowed(_))
    };
    let absent = AuthorizationRequest::new("dynamodb:UpdateItem", PRODUCTS);
    for nothing in [absent, call(&[])] {
        assert!(is_allowed(without_null.clone(), &nothing));
        assert!(!is_allowed(label_only(), &nothing));
    }
    assert!(is_allowed(label_only(), &call(&["availability"])));
    assert!(!is_allowed(label_only(), &call(&["availability", "price"])));
}

#[test]
fn each_condition_says_what_aws_says_of_it() {
    use ConditionTest::{AllEqual, AllLike, AnyEqual, Equals, EqualsIfExists, Like};
    let known = || BTreeSet::from(["a".to_owned(), "b".to_owned()]);
    // A key that isn't there, one of the known values, another, and both.
    let cases: [(ConditionTest, [bool; 4]); 8] = [
        (Equals(known()), [false, true, false, false]),
        (Like(known()), [false, true, false, false]),
        (EqualsIfExists(known()), [true, true, false, false]),
        (AllEqual(known()), [true, true, false, false]),
        (AllLike(known()), [true, true, false, false]),
        (AnyEqual(known()), [false, true, false, true]),
        (ConditionTest::Absent, [true, false, false, false]),
        (ConditionTest::Present, [false, true, true, true]),
    ];
    for (test, expected) in cases {
        for (values, expected) in [&[][..], &["a"], &["c"], &["a", "c"]].iter().zip(expected) {
            let mut call = AuthorizationRequest::new("s3:GetObject", "arn:aws:s3:::b/k");
            let values: BTreeSet<String> = values.iter().map(|it| (*it).to_owned()).collect();
            call.context.insert(ContextKey::LeadingKeys, values.clone());
            let mut statement = allow(&["s3:GetObject"], &["*"]);
            statement.conditions.push(ConditionTemplate {
                key: ContextKey::LeadingKeys,
                test: test.clone(),
            });
            let decision = decide(&role(vec![statement]), &call);
            let allowed = matches!(decision, Decision::Allowed(_));
            assert_eq!(allowed, expected, "{test:?} of {values:?}");
        }
    }
}

#[test]
fn for_all_values_string_like_wants_a_pattern_for_each_whole_value() {
    let fit = |values: &[&str]| {
        let test = ConditionTest::AllLike;
        let patterns = ["attempt#*", "session#?", "plain"];
        let leave = allow(&["dynamodb:PutItem"], &[PRODUCTS]);
        let statement = when(leave, ContextKey::LeadingKeys, test, &patterns);
        let mut call = AuthorizationRequest::new("dynamodb:PutItem", PRODUCTS);
        let values = values.iter().map(|it| (*it).to_owned()).collect();
        call.context.insert(ContextKey::LeadingKeys, values);
        matches!(decide(&role(vec![statement]), &call), Decision::Allowed(_))
    };
    for fitting in [
        "attempt#a",
        "attempt#",
        "attempt#a:b*",
        "session#1",
        "plain",
    ] {
        assert!(fit(&[fitting]), "{fitting}");
    }
    for other in [
        "attempt",
        "an attempt#a",
        "session#",
        "session#12",
        "plainly",
        "PLAIN",
        "",
    ] {
        assert!(!fit(&[other]), "{other}");
        assert!(!fit(&["attempt#a", other]), "{other} beside one that fits");
    }
    assert!(
        fit(&["attempt#a", "session#1", "plain"]),
        "each has its own pattern"
    );
}

#[test]
fn a_deny_wins_over_every_allow() {
    let all = allow(&["s3:*"], &["*"]);
    let mut deny = allow(&["s3:GetObject"], &["arn:aws:s3:::b/private/*"]);
    deny.effect = Effect::Deny;
    let role = role(vec![all.clone(), deny, all]);
    let get = |key: &str| {
        decide(
            &role,
            &AuthorizationRequest::new("s3:GetObject", format!("arn:aws:s3:::b/{key}")),
        )
    };
    assert_eq!(get("private/k"), Decision::Denied);
    assert!(matches!(get("k"), Decision::Allowed(_)));
}

#[test]
fn signs_of_a_pattern_stay_in_their_part_of_an_arn() {
    let fits = |pattern: &str, resource: &str| {
        let role = role(vec![allow(&["S3:put*"], &[pattern])]);
        decide(&role, &AuthorizationRequest::new("s3:PutObject", resource)) != Decision::NotAllowed
    };
    assert!(fits(
        "arn:aws:s3:::b/pending/*",
        "arn:aws:s3:::b/pending/a/b:c"
    ));
    assert!(!fits("arn:aws:s3:::b/pending/*", "arn:aws:s3:::b/public/a"));
    assert!(!fits(
        "arn:aws:s3:::b/pending/*",
        "arn:aws:s3:::B/pending/a"
    ));
    assert!(fits("arn:aws:s3:::?/*", "arn:aws:s3:::b/k"));
    assert!(!fits("arn:aws:s3:::?/*", "arn:aws:s3:::bb/k"));
    assert!(!fits("arn:*:k", "arn:aws:s3:::k"));
    assert!(!fits("arn:aws:s3:::b", "arn:aws:s3:::b/k"));
    assert!(fits("*", "arn:aws:s3:::b/k"));
    let logs = allow(
        &["logs:PutLogEvents"],
        &["arn:aws:logs:r:1:log-group:/aws/f:*"],
    );
    let stream = "arn:aws:logs:r:1:log-group:/aws/f:log-stream:s";
    let decision = decide(
        &role(vec![logs]),
        &AuthorizationRequest::new("logs:PutLogEvents", stream),
    );
    assert!(matches!(decision, Decision::Allowed(_)));
}

#[test]
fn a_request_names_top_level_attributes_and_partition_keys() {
    let names = json!({"#p": "price", "#n": "a.b"});
    let query = json!({
        "TableName": "products", "IndexName": "by-price",
        "KeyConditionExpression": "listed = :l AND #p BETWEEN :a AND :b",
        "FilterExpression": "contains(tags, :t) and NOT size(image.#n) >= :s or x[0].y <> :n",
        "ProjectionExpression": "#n, Name.Set",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {":l": {"S": "yes"}},
    });
    let call = &requests("Query", &query)[0];
    let expected = ["Name", "a.b", "image", "listed", "price", "tags", "x"];
    assert_eq!(values(call, ContextKey::Attributes), expected);
    assert_eq!(values(call, ContextKey::LeadingKeys), ["yes"]);

    let put = json!({"TableName": "products", "Item": {"productId": {"S": "p"}, "n": {"N": "1"}}});
    let call = &requests("PutItem", &put)[0];
    assert_eq!(values(call, ContextKey::Attributes), ["n", "productId"]);
    assert_eq!(values(call, ContextKey::LeadingKeys), ["p"]);
    assert!(values(call, ContextKey::EnclosingOperation).is_empty());

    let batch = json!({"RequestItems": {
        "orders": {"Keys": [{"userId": {"S": "u"}}], "AttributesToGet": ["total"]},
        "products": {"Keys": [{"productId": {"S": "p"}}, {"productId": {"S": "q"}}]},
    }});
    let calls = requests("BatchGetItem", &batch);
    let resources: Vec<&str> = calls.iter().map(|it| it.resource.as_str()).collect();
    assert_eq!(resources, [ORDERS, PRODUCTS]);
    assert_eq!(
        values(&calls[0], ContextKey::Attributes),
        ["total", "userId"]
    );
    assert_eq!(values(&calls[1], ContextKey::LeadingKeys), ["p", "q"]);

    let writes = json!({"RequestItems": {"orders": [
        {"PutRequest": {"Item": {"userId": {"S": "u"}, "total": {"N": "1"}}}},
        {"DeleteRequest": {"Key": {"userId": {"S": "v"}}}},
    ]}});
    let call = &self::requests("BatchWriteItem", &writes)[0];
    assert_eq!(call.action, "dynamodb:BatchWriteItem");
    assert_eq!(values(call, ContextKey::LeadingKeys), ["u", "v"]);
    assert_eq!(values(call, ContextKey::Attributes), ["total", "userId"]);
}

#[test]
fn a_partition_key_is_found_on_either_side_and_only_as_a_whole() {
    let leading = |condition: &str| {
        let query = json!({
            "TableName": "orders", "KeyConditionExpression": condition,
            "ExpressionAttributeNames": {"#u": "userId"},
            "ExpressionAttributeValues": {":u": {"S": "alice"}, ":o": {"S": "o"}},
        });
        let calls = schemas().requests("Query", &query)?;
        Some(values(&calls[0], ContextKey::LeadingKeys).join(","))
    };
    for condition in [
        "userId = :u",
        ":u=#u",
        "begins_with(orderId, :o) AND userId = :u",
    ] {
        assert_eq!(leading(condition).as_deref(), Some("alice"), "{condition}");
    }
    for condition in [
        "orderId = :o",
        "userId > :u",
        "a.userId = :u",
        ":u = userId.a",
        "userId = :x",
    ] {
        assert_eq!(leading(condition), None, "{condition}");
    }
}

#[test]
fn what_is_not_understood_is_no_request() {
    let key = json!({"productId": {"S": "p"}});
    let cases = [
        (
            "ExecuteStatement",
            json!({"Statement": "SELECT * FROM orders"}),
        ),
        ("SomethingNew", json!({"TableName": "orders"})),
        ("GetItem", json!({"Key": key})),
        ("GetItem", json!({"TableName": "products"})),
        (
            "GetItem",
            json!({"TableName": "products", "Key": {"other": {"S": "p"}}}),
        ),
        (
            "GetItem",
            json!({"TableName": "products", "Key": key, "ProjectionExpression": "#a"}),
        ),
        (
            "GetItem",
            json!({"TableName": "products", "Key": key, "ProjectionExpression": "a;b"}),
        ),
        (
            "GetItem",
            json!({"TableName": "products", "Key": key, "AttributesToGet": [1]}),
        ),
        (
            "TransactWriteItems",
            json!({"TransactItems": [{"Drop": {"TableName": "orders"}}]}),
        ),
        (
            "TransactGetItems",
            json!({"TransactItems": [{"Put": {"TableName": "orders"}}]}),
        ),
        (
            "BatchWriteItem",
            json!({"RequestItems": {"orders": [{"Drop": {"Key": key}}]}}),
        ),
    ];
    for (operation, input) in cases {
        assert_eq!(
            schemas().requests(operation, &input),
            None,
            "{operation} {input}"
        );
    }
}

/// Two functions of which one has a role, and the log.
fn two() -> (Arc<Iam>, Logs) {
    let mut with_role = function("get-product");
    let mut statements = vec![
        allow(&["dynamodb:GetItem"], &[PRODUCTS, ORDERS]),
        when(
            allow(&["dynamodb:PutItem"], &[ORDERS]),
            ContextKey::EnclosingOperation,
            ConditionTest::AnyEqual,
            &["TransactWriteItems"],
        ),
        allow(&["logs:*"], &["*"]),
    ];
    statements[1].actions.push("dynamodb:DeleteItem".into());
    with_role.role = Some(role(statements));
    let logs = Logs::new(&LogSink::Memory);
    let iam = Iam::new(&[with_role, function("not-found")], &logs).unwrap();
    (iam, logs)
}

fn is_granted(iam: &Iam, function: &str, action: &str, resource: &str) -> bool {
    let caller = iam.caller(&access_key_id(&format!("stack-{function}")));
    let calls = [AuthorizationRequest::new(action, resource)];
    caller.unwrap().authorize(&calls).is_ok()
}

#[test]
fn each_function_has_its_own_key_and_nobody_elses_is_known() {
    let (iam, _) = two();
    let ids: BTreeSet<&str> = iam.access_key_ids().collect();
    for id in &ids {
        assert!((16..=128).contains(&id.len()), "{id}");
        assert!(
            id.bytes()
                .all(|it| it.is_ascii_uppercase() || it.is_ascii_digit())
        );
    }
    assert_eq!(ids.len(), 3);
    for unknown in ["", "test", "LOCALFUNCTION0000000000000000"] {
        assert!(iam.caller(unknown).is_none(), "{unknown}");
    }
    assert!(is_granted(
        &iam,
        "get-product",
        "dynamodb:GetItem",
        PRODUCTS
    ));
    assert!(!is_granted(&iam, "not-found", "dynamodb:GetItem", PRODUCTS));
    assert!(!is_granted(&iam, "not-found", "logs:PutLogEvents", "*"));
}

#[test]
fn the_operator_may_do_what_nobody_understands_and_a_function_may_not() {
    let (iam, logs) = two();
    let operator = iam.caller(ACCESS_KEY_ID).unwrap();
    assert!(operator.authorize_call("dynamodb:New", || None).is_ok());
    let function = iam.caller(&access_key_id("stack-get-product")).unwrap();
    for calls in [None, Some(Vec::new())] {
        let refused = function
            .authorize_call("dynamodb:New", || calls)
            .unwrap_err();
        assert_eq!(
            refused.to_string(),
            "User: arn:aws:sts::000000000000:assumed-role/stack-Role/stack-get-product is not \
             authorized to perform: dynamodb:New on resource: * because the local cloud does \
             not understand this request"
        );
    }
    assert_eq!(logs.lines().len(), 2);
}

#[test]
fn a_refusal_is_one_line_in_the_log() {
    let (iam, logs) = two();
    assert!(!is_granted(&iam, "get-product", "dynamodb:Scan", ORDERS));
    assert_eq!(
        logs.lines(),
        [format!(
            "iam: get-product is not authorized to perform: dynamodb:Scan on resource: {ORDERS} \
             because no identity-based policy allows the dynamodb:Scan action"
        )]
    );
}

#[test]
fn a_grant_is_unused_until_a_call_was_allowed_by_it() {
    let (iam, _) = two();
    let unused = || {
        let unused = iam.unused_grants();
        unused.iter().map(Grant::to_string).collect::<Vec<_>>()
    };
    let delete = format!("get-product: dynamodb:DeleteItem on {ORDERS}");
    let get_order = format!("get-product: dynamodb:GetItem on {ORDERS}");
    let get_product = format!("get-product: dynamodb:GetItem on {PRODUCTS}");
    let put = format!("get-product: dynamodb:PutItem on {ORDERS}");
    // Lambda used those for logs.
    assert_eq!(
        unused(),
        [&delete, &get_order, &get_product, &put].map(String::as_str)
    );
    assert!(is_granted(
        &iam,
        "get-product",
        "dynamodb:GetItem",
        PRODUCTS
    ));
    assert!(!is_granted(&iam, "get-product", "dynamodb:PutItem", ORDERS));
    assert_eq!(unused(), [&delete, &get_order, &put].map(String::as_str));

    let caller = iam.caller(&access_key_id("stack-get-product")).unwrap();
    let mut inside = AuthorizationRequest::new("dynamodb:PutItem", ORDERS);
    let transaction = BTreeSet::from(["TransactWriteItems".to_owned()]);
    inside
        .context
        .insert(ContextKey::EnclosingOperation, transaction);
    let outside = AuthorizationRequest::new("dynamodb:DeleteItem", ORDERS);
    // A request of which one part is refused makes use of nothing.
    assert!(caller.authorize(&[inside.clone(), outside]).is_err());
    assert_eq!(unused(), [&delete, &get_order, &put].map(String::as_str));
    assert!(caller.authorize(&[inside]).is_ok());
    assert_eq!(unused(), [&delete, &get_order].map(String::as_str));
}

#[test]
fn a_function_whose_role_lets_it_write_no_log_is_refused() {
    let mut mute = function("mute");
    mute.log_group = "/aws/lambda/mute".into();
    let streams = "arn:aws:logs:eu-central-1:000000000000:log-group:/aws/lambda/mute:*";
    let logs = Logs::new(&LogSink::Memory);
    let both = ["logs:CreateLogStream", "logs:PutLogEvents"];
    mute.role = Some(role(vec![allow(&both, &[streams])]));
    assert!(Iam::new(&[mute.clone()], &logs).is_ok());
    for only in both {
        mute.role = Some(role(vec![allow(&[only], &[streams])]));
        let error = Iam::new(&[mute.clone()], &logs).unwrap_err().to_string();
        assert!(
            error.starts_with("mute could not write log lines: "),
            "{error}"
        );
    }
}
