//! Products as the staff see, change and delete them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use tests::{CATEGORY, Client, Shop, TestResponse, checkout_body, product_body, send, spawn_shop};

fn path(id: &str) -> String {
    format!("/api/admin/products/{id}")
}

async fn change(client: &Client, id: &str, change: &Value) -> TestResponse {
    let request = client.request(reqwest::Method::PATCH, &path(id));
    send(request.json(change)).await
}

/// Makes a product of a body of a test's own.
async fn make(admin: &Client, body: &Value) -> TestResponse {
    admin.post("/api/admin/products", body).await
}

/// How many products a category has, as its admin sees it.
async fn products_of(admin: &Client, slug: &str, name: &str) -> u64 {
    let same = json!({ "name": name });
    let saved = admin
        .put(&format!("/api/admin/categories/{slug}"), &same)
        .await;
    saved.expect(200).body["products"].as_u64().unwrap()
}

async fn new_category(admin: &Client, slug: &str) {
    let path = format!("/api/admin/categories/{slug}");
    admin.put(&path, &json!({ "name": slug })).await.expect(201);
}

/// The ids of a list's items.
fn ids(list: &TestResponse) -> Vec<&str> {
    let items = list.body["items"].as_array().unwrap();
    items
        .iter()
        .map(|it| it["productId"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_product_has_a_category_that_exists() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    let mut body = product_body("Cup", 100, 1);
    body["category"] = json!("nothing-of-this");
    let refused = make(&admin, &body).await.expect_problem(422, "invalid");
    assert_eq!(refused.pointers(), ["/category"]);
    let id = shop.new_product("Cup", 100, 1).await;
    let refused = change(&admin, &id, &json!({ "category": "nothing-of-this" })).await;
    let refused = refused.expect_problem(422, "invalid");
    assert_eq!(refused.pointers(), ["/category"]);
}

#[tokio::test]
async fn a_category_counts_its_products_and_is_kept_while_there_are_any() {
    let shop = spawn_shop().await;
    let (admin, sue) = (shop.admin().await, shop.super_admin().await);
    new_category(&admin, "cups").await;
    new_category(&admin, "jugs").await;
    let mut body = product_body("Cup", 100, 1);
    body["category"] = json!("cups");
    let one = make(&admin, &body).await.expect(201).body["productId"].clone();
    let two = make(&admin, &body).await.expect(201).body["productId"].clone();
    let (one, two) = (one.as_str().unwrap(), two.as_str().unwrap());
    assert_eq!(products_of(&admin, "cups", "cups").await, 2);
    let refused = admin.delete("/api/admin/categories/cups").await;
    refused.expect_problem(409, "conflict");

    change(&admin, one, &json!({ "category": "jugs", "name": "Jug" }))
        .await
        .expect(200);
    change(&admin, two, &json!({ "name": "Cup two" }))
        .await
        .expect(200);
    assert_eq!(products_of(&admin, "cups", "cups").await, 1);
    assert_eq!(products_of(&admin, "jugs", "jugs").await, 1);
    sue.delete(&path(two)).await.expect(204);
    assert_eq!(products_of(&admin, "cups", "cups").await, 0);
    admin.delete("/api/admin/categories/cups").await.expect(204);
    let refused = admin.delete("/api/admin/categories/jugs").await;
    refused.expect_problem(409, "conflict");
}

#[tokio::test]
async fn a_sku_is_one_products_whatever_its_case() {
    let shop = spawn_shop().await;
    let (admin, sue) = (shop.admin().await, shop.super_admin().await);
    let with_sku = |name: &str, sku: &str| {
        let mut body = product_body(name, 100, 1);
        body["sku"] = json!(sku);
        body
    };
    let cup = make(&admin, &with_sku("Cup", "Cup-1"))
        .await
        .expect(201)
        .body;
    assert_eq!(cup["sku"], "Cup-1");
    let cup = cup["productId"].as_str().unwrap();
    let refused = make(&admin, &with_sku("Jug", "cUP-1")).await;
    refused.expect_problem(409, "conflict");
    let jug = make(&admin, &with_sku("Jug", "JUG")).await.expect(201).body;
    let jug = jug["productId"].as_str().unwrap();
    let taken = change(&admin, jug, &json!({ "sku": "CUP-1" })).await;
    taken.expect_problem(409, "conflict");
    for bad in ["a b", "\u{e4}", &"x".repeat(65)] {
        let bad = change(&admin, jug, &json!({ "sku": bad })).await;
        assert_eq!(bad.expect_problem(422, "invalid").pointers(), ["/sku"]);
    }

    // Its own in another case, another one, none: and what is free may be taken.
    for (sku, shown) in [
        ("CUP-1", json!("CUP-1")),
        ("cup-2", json!("cup-2")),
        ("", Value::Null),
    ] {
        let changed = change(&admin, cup, &json!({ "sku": sku }))
            .await
            .expect(200);
        assert_eq!(changed.body["sku"], shown);
    }
    change(&admin, jug, &json!({ "sku": "cup-1" }))
        .await
        .expect(200);
    sue.delete(&path(jug)).await.expect(204);
    change(&admin, cup, &json!({ "sku": "Cup-1" }))
        .await
        .expect(200);
}

#[tokio::test]
async fn the_staff_list_all_products_by_status_category_and_stock() {
    let shop = spawn_shop().await;
    let (staff, admin) = (shop.staff().await, shop.admin().await);
    new_category(&admin, "cups").await;
    let mut made = Vec::new();
    for (name, status, stock) in [
        ("Draft", "draft", 50),
        ("Few", "published", 5),
        ("None", "published", 0),
        ("Many", "published", 6),
    ] {
        let mut body = product_body(name, 100, stock);
        body["category"] = json!("cups");
        body["status"] = json!(status);
        let id = make(&admin, &body).await.expect(201).body["productId"].clone();
        made.push(id.as_str().unwrap().to_owned());
    }
    let [draft, few, none, many] = made.as_slice() else {
        panic!("four were made");
    };
    let list = async |query: &str| {
        let path = format!("/api/admin/products?category=cups&limit=100&{query}");
        staff.get(&path).await.expect(200)
    };
    assert_eq!(ids(&list("").await), [many, none, few, draft]);
    assert_eq!(ids(&list("status=draft").await), [draft]);
    assert_eq!(ids(&list("status=published").await), [many, none, few]);
    assert_eq!(ids(&list("lowStock=true").await), [none, few]);
    assert_eq!(ids(&list("lowStock=false&status=published").await), [many]);
    let card = list("status=draft").await.body["items"][0].clone();
    let created_at = card["createdAt"].clone();
    let expected = json!({
        "productId": draft, "name": "Draft", "price": { "amount": 100, "currency": "EUR" },
        "category": "cups", "status": "draft", "sku": null, "imageUrl": null, "available": 50,
        "version": 1, "createdAt": created_at,
    });
    assert_eq!(card, expected);
    staff
        .get("/api/admin/products?lowStock=yes")
        .await
        .expect_problem(400, "malformed");
    // The whole list, in small pages: every product once, the newest first.
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = staff
            .get(&format!("/api/admin/products?limit=3{cursor}"))
            .await
            .expect(200);
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        match page.body["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert!(
        seen.iter().is_sorted_by(|one, other| one > other),
        "{seen:?}"
    );
    let all = staff.get("/api/admin/products?limit=100").await.expect(200);
    assert_eq!(seen, ids(&all));
    let other = staff
        .get(&format!("/api/admin/products?status=draft{cursor}"))
        .await;
    other.expect_problem(400, "malformed");
}

#[tokio::test]
async fn what_is_given_is_changed_and_nothing_else() {
    let shop = spawn_shop().await;
    let (staff, admin) = (shop.staff().await, shop.admin().await);
    let mut body = product_body("Cup", 1250, 7);
    body["description"] = json!("Blue.");
    body["status"] = json!("draft");
    let made = make(&admin, &body).await.expect(201).body;
    let id = made["productId"].as_str().unwrap();
    assert_eq!(staff.get(&path(id)).await.expect(200).body, made);
    let mut expected = made.clone();
    for (number, (field, value)) in [
        ("name", json!("Mug")),
        ("description", json!("")),
        ("price", json!({ "amount": 1300, "currency": "EUR" })),
        ("category", json!("teapots")),
        ("status", json!("published")),
        ("sku", json!("MUG-1")),
        ("status", json!("draft")),
    ]
    .into_iter()
    .enumerate()
    {
        let changed = change(&admin, id, &json!({ field: value }))
            .await
            .expect(200);
        expected[field] = value;
        expected["version"] = json!(number + 2);
        assert_eq!(changed.body, expected);
        assert_eq!(staff.get(&path(id)).await.expect(200).body, expected);
    }
    // The same again is no change.
    let same = change(&admin, id, &json!({ "name": "Mug" }))
        .await
        .expect(200);
    assert_eq!(same.body, expected);
}

#[tokio::test]
async fn a_change_of_what_another_has_changed_is_a_conflict() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    let id = shop.new_product("Cup", 1250, 7).await;
    let first = json!({ "name": "Mug", "version": 1 });
    change(&admin, &id, &first).await.expect(200);
    let late = json!({ "name": "Jar", "version": 1 });
    change(&admin, &id, &late)
        .await
        .expect_problem(409, "conflict");
    let request = admin.request(reqwest::Method::PATCH, &path(&id));
    let late = request
        .header("if-match", "\"1\"")
        .json(&json!({ "name": "Jar" }));
    send(late).await.expect_problem(409, "conflict");
    let shown = admin.get(&path(&id)).await.expect(200);
    assert_eq!(
        (&shown.body["name"], &shown.body["version"]),
        (&json!("Mug"), &json!(2))
    );
}

#[tokio::test]
async fn a_change_of_nothing_or_to_nonsense_is_named() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    let id = shop.new_product("Cup", 1250, 7).await;
    for (body, pointers) in [
        (json!({}), &["/name"][..]),
        (json!({ "version": 1, "name": null }), &["/name"]),
        (
            json!({ "name": "ab", "status": "gone" }),
            &["/name", "/status"],
        ),
        (
            json!({ "price": { "amount": -1, "currency": "EUR" } }),
            &["/price/amount"],
        ),
        (
            json!({ "price": { "amount": 1, "currency": "USD" } }),
            &["/price/currency"],
        ),
        (json!({ "stock": 4, "name": "Mug" }), &["/stock"]),
    ] {
        let refused = change(&admin, &id, &body).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), pointers, "{body}");
    }
    let unknown = "prod_01arz3ndektsv4rrffq69g5fav";
    let absent = change(&admin, unknown, &json!({ "name": "Mug" })).await;
    absent.expect_problem(404, "not-found");
    admin
        .get(&path(unknown))
        .await
        .expect_problem(404, "not-found");
}

/// A member of staff who sends a price learns that they may not, whatever else they send.
#[tokio::test]
async fn the_staff_change_no_price() {
    let shop = spawn_shop().await;
    let staff = shop.staff().await;
    let id = shop.new_product("Cup", 1250, 7).await;
    for body in [
        json!({ "price": { "amount": 1, "currency": "EUR" } }),
        json!({ "price": "cheap" }),
        json!({}),
    ] {
        change(&staff, &id, &body)
            .await
            .expect_problem(403, "forbidden");
    }
    let stock = json!({ "available": 3, "price": { "amount": 1, "currency": "EUR" } });
    let refused = staff.put(&format!("{}/stock", path(&id)), &stock).await;
    refused.expect_problem(422, "invalid");
    let shown = staff.get(&path(&id)).await.expect(200);
    assert_eq!(shown.body["price"]["amount"], 1250);
}

#[tokio::test]
async fn what_is_changed_is_listed_as_it_is_then() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    let (cup, jug) = (
        shop.new_product("Cup", 200, 7).await,
        shop.new_product("Jug", 300, 7).await,
    );
    let anonymous = shop.anonymous();
    let list = async |query: &str| {
        let path = format!("/api/products?{query}");
        let list = anonymous.get(&path).await.expect(200);
        ids(&list)
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let by_name = format!("category={CATEGORY}&sort=name");
    let by_price = format!("category={CATEGORY}&sort=price");
    assert_eq!(list(&by_name).await, [cup.clone(), jug.clone()]);
    let dearer = json!({ "price": { "amount": 400, "currency": "EUR" }, "name": "Vase" });
    change(&admin, &cup, &dearer).await.expect(200);
    assert_eq!(list(&by_name).await, [jug.clone(), cup.clone()]);
    assert_eq!(list(&by_price).await, [jug.clone(), cup.clone()]);
    change(&admin, &cup, &json!({ "category": "teapots" }))
        .await
        .expect(200);
    assert_eq!(list(&by_name).await, std::slice::from_ref(&jug));
    assert!(list("category=teapots").await.contains(&cup));
    change(&admin, &cup, &json!({ "status": "draft" }))
        .await
        .expect(200);
    assert!(!list("limit=100").await.contains(&cup));
    change(&admin, &cup, &json!({ "status": "published" }))
        .await
        .expect(200);
    assert!(list("limit=100&sort=name").await.contains(&cup));
}

#[tokio::test]
async fn a_deleted_product_is_gone_for_everyone_and_orders_keep_their_lines() {
    let shop = spawn_shop().await;
    let (alice, bob) = (shop.alice().await, shop.bob().await);
    let (admin, sue) = (shop.admin().await, shop.super_admin().await);
    let id = shop.new_product("Cup", 1250, 7).await;
    bob.fill_cart(&id, 1).await;
    let order = bob
        .check_out("before", &checkout_body(1250))
        .await
        .expect(201);
    alice.fill_cart(&id, 1).await;
    sue.delete(&path(&id)).await.expect(204);
    sue.delete(&path(&id)).await.expect(204);

    shop.anonymous()
        .get(&format!("/api/products/{id}"))
        .await
        .expect_problem(404, "not-found");
    for query in [
        "limit=100",
        "limit=100&sort=name",
        "limit=100&category=tests",
    ] {
        let list = shop
            .anonymous()
            .get(&format!("/api/products?{query}"))
            .await
            .expect(200);
        assert!(!ids(&list).contains(&id.as_str()));
    }
    let list = admin.get("/api/admin/products?limit=100").await.expect(200);
    assert!(!ids(&list).contains(&id.as_str()));
    admin.get(&path(&id)).await.expect_problem(404, "not-found");
    let changed = change(&admin, &id, &json!({ "name": "Mug" })).await;
    changed.expect_problem(404, "not-found");
    let stock = admin
        .put(&format!("{}/stock", path(&id)), &json!({ "available": 3 }))
        .await;
    stock.expect_problem(404, "not-found");
    let picture = json!({ "productId": id, "contentType": "image/png", "contentLength": 1000 });
    let picture = admin.post("/api/admin/uploads", &picture).await;
    picture.expect_problem(422, "invalid");
    let set = json!({ "quantity": 2 });
    let set = alice.put(&format!("/api/cart/items/{id}"), &set).await;
    set.expect_problem(404, "not-found");
    let bought = alice.check_out("after", &checkout_body(1250)).await;
    bought.expect_problem(409, "empty-cart");
    let kept = bob
        .get(&format!(
            "/api/orders/{}",
            order.body["orderId"].as_str().unwrap()
        ))
        .await
        .expect(200);
    assert_eq!(kept.body["lines"], order.body["lines"]);
}

#[tokio::test]
async fn every_change_of_a_product_is_on_record() {
    let shop = spawn_shop().await;
    let (staff, admin, sue) = (
        shop.staff().await,
        shop.admin().await,
        shop.super_admin().await,
    );
    let id = shop.new_product("Cup", 1250, 7).await;
    let changes = json!({ "name": "Mug", "status": "draft" });
    change(&admin, &id, &changes).await.expect(200);
    let stock = json!({ "adjustBy": -2 });
    staff
        .put(&format!("{}/stock", path(&id)), &stock)
        .await
        .expect(200);
    sue.delete(&path(&id)).await.expect(204);
    let log = sue
        .get(&format!("/api/admin/audit?target={id}"))
        .await
        .expect(200);
    let told: Vec<(&str, &str, &Value)> = log.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let text = |name: &str| it[name].as_str().unwrap();
            (text("action"), text("actor"), &it["changes"])
        })
        .collect();
    let status = json!({ "field": "status", "before": "published", "after": "draft" });
    let changed = json!([{ "field": "name" }, status]);
    assert_eq!(
        told,
        [
            ("product-deleted", sue.user_id(), &json!([])),
            (
                "stock-changed",
                staff.user_id(),
                &json!([{ "field": "available" }])
            ),
            ("product-changed", admin.user_id(), &changed),
            ("product-created", told[3].1, &json!([])),
        ]
    );
}

/// The rows of a product's movements, the oldest first.
async fn movements(shop: &Shop, id: &str) -> Vec<Value> {
    let query = json!({
        "TableName": shop.table("StockMovementsTable"),
        "KeyConditionExpression": "productId = :id",
        "ExpressionAttributeValues": { ":id": { "S": id } },
    });
    let rows = shop.dynamodb("Query", &query).await;
    rows["Items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_staff_set_a_stock_and_a_movement_accounts_for_it() {
    let shop = spawn_shop().await;
    let (staff, alice) = (shop.staff().await, shop.alice().await);
    let id = shop.new_product("Cup", 100, 7).await;
    let set = async |body: Value| staff.put(&format!("{}/stock", path(&id)), &body).await;
    let level = |available: u32| json!({ "productId": id, "available": available });
    assert_eq!(
        set(json!({ "available": 20 })).await.expect(200).body,
        level(20)
    );
    assert_eq!(
        set(json!({ "adjustBy": -17 })).await.expect(200).body,
        level(3)
    );
    let shown = shop
        .anonymous()
        .get("/api/products?category=tests")
        .await
        .expect(200);
    assert_eq!(shown.body["items"][0]["availability"], "low-stock");
    let below = set(json!({ "adjustBy": -4 })).await;
    below.expect_problem(409, "conflict");
    let above = set(json!({ "adjustBy": 999_998 }))
        .await
        .expect_problem(422, "invalid");
    assert_eq!(above.pointers(), ["/adjustBy"]);
    for (body, pointer) in [
        (json!({ "available": 1_000_001 }), "/available"),
        (json!({ "available": -1 }), "/available"),
        (json!({ "adjustBy": 0 }), "/adjustBy"),
        (json!({ "available": 1, "adjustBy": 1 }), "/adjustBy"),
        (json!({}), "/available"),
    ] {
        let refused = set(body).await.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), [pointer]);
    }
    alice.fill_cart(&id, 2).await;
    alice
        .check_out("two", &checkout_body(200))
        .await
        .expect(201);
    assert_eq!(
        set(json!({ "adjustBy": 5 })).await.expect(200).body,
        level(6)
    );
    assert_eq!(
        set(json!({ "available": 0 })).await.expect(200).body,
        level(0)
    );

    let rows = movements(&shop, &id).await;
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            let number = |name: &str| row[name]["N"].as_str();
            (
                row["kind"]["S"].as_str().unwrap(),
                number("change"),
                number("before"),
                number("after"),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("initial", Some("7"), Some("0"), Some("7")),
            ("set", Some("13"), Some("7"), Some("20")),
            ("adjust", Some("-17"), None, None),
            ("adjust", Some("5"), None, None),
            ("set", Some("-6"), Some("6"), Some("0")),
        ]
    );
    assert!(
        rows[1..]
            .iter()
            .all(|row| row["by"]["S"] == staff.user_id())
    );
    // What was set, changed and sold is what there is.
    let moved: i64 = told
        .iter()
        .map(|it| it.1.unwrap().parse::<i64>().unwrap())
        .sum();
    assert_eq!(moved - 2, 0);
}

#[tokio::test]
async fn a_stock_that_is_set_and_sold_at_once_is_neither_lost_nor_below_none() {
    let shop = spawn_shop().await;
    let staff = shop.staff().await;
    let id = shop.new_product("Cup", 100, 40).await;
    let path = format!("{}/stock", path(&id));
    let buyers = futures_util::future::join_all((0..8).map(async |number| {
        let buyer = shop.newcomer(&format!("buyer-{number}")).await;
        buyer.fill_cart(&id, 3).await;
        buyer
    }))
    .await;
    let body = checkout_body(300);
    let sales = buyers.iter().map(|it| it.check_out("k", &body));
    let adjust = json!({ "adjustBy": -1 });
    let adjusts = (0..8).map(|_| staff.put(&path, &adjust));
    let set = json!({ "available": 100 });
    let (sold, adjusted, set) = tokio::join!(
        futures_util::future::join_all(sales),
        futures_util::future::join_all(adjusts),
        staff.put(&path, &set),
    );
    let sold = sold.iter().filter(|it| it.status == 201).count();
    let adjusted = adjusted.iter().filter(|it| it.status == 200).count();
    assert_eq!((sold, adjusted, set.status), (8, 8, 200));
    let changes: i64 = movements(&shop, &id)
        .await
        .iter()
        .map(|row| row["change"]["N"].as_str().unwrap().parse::<i64>().unwrap())
        .sum();
    let left = staff.get(&self::path(&id)).await.expect(200).body["available"].as_i64();
    assert_eq!(left, Some(changes - 3 * 8));
}

#[tokio::test]
async fn a_stock_that_is_changed_twice_under_one_key_is_changed_once() {
    let shop = spawn_shop().await;
    let staff = shop.staff().await;
    let (cup, jug) = (
        shop.new_product("Cup", 100, 7).await,
        shop.new_product("Jug", 100, 7).await,
    );
    let adjust = async |id: &str, by: i32| {
        let path = format!("{}/stock", path(id));
        let request = staff.request(reqwest::Method::PUT, &path);
        let request = request.header("idempotency-key", "k");
        send(request.json(&json!({ "adjustBy": by }))).await
    };
    let first = adjust(&cup, 3).await.expect(200);
    assert!(first.headers.get("idempotent-replayed").is_none());
    for _ in 0..2 {
        let again = adjust(&cup, 3).await.expect(200);
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(again.body, first.body);
    }
    adjust(&cup, 4)
        .await
        .expect_problem(422, "idempotency-mismatch");
    adjust(&jug, 3)
        .await
        .expect_problem(422, "idempotency-mismatch");
    assert_eq!(movements(&shop, &cup).await.len(), 2);
    let ids: BTreeSet<String> = movements(&shop, &jug)
        .await
        .iter()
        .map(|row| row["movementId"]["S"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 1);
}
