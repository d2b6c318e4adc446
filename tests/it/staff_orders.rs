//! What the staff see of customers' orders, and do with them.

use local::operator::index_orders;
use serde_json::{Value, json};
use shared::aws::Env;

use tests::{Client, checkout_body, send, spawn_shop};

/// The path of an order as the staff see it.
fn path(of: &Client, order: &Value) -> String {
    let id = order["orderId"].as_str().unwrap();
    format!("/api/admin/orders/{}/{id}", of.user_id())
}

/// Reads a list of orders to its end and returns their ids.
async fn listed(staff: &Client, query: &str) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/admin/orders?{query}{cursor}");
        let page = staff.get(&path).await.expect(200).body;
        let items = page["items"].as_array().unwrap();
        found.extend(items.iter().map(|it| it["orderId"].clone()));
        match &page["nextCursor"] {
            Value::String(next) => cursor = format!("&cursor={next}"),
            _ => return found,
        }
    }
}

#[tokio::test]
async fn the_staff_list_everybodys_orders_by_status() {
    let shop = spawn_shop().await;
    let (alice, bob, staff) = (shop.alice().await, shop.bob().await, shop.staff().await);
    let before = listed(&staff, "limit=100").await;
    let product = shop.new_product("Cup", 100, 50).await;
    let mut placed = Vec::new();
    for (customer, pieces) in [(&alice, 1), (&bob, 2), (&alice, 3), (&bob, 4)] {
        placed.insert(0, customer.order(&product, 100, pieces).await);
    }
    let ids: Vec<Value> = placed.iter().map(|it| it["orderId"].clone()).collect();
    for limit in [1, 3, 100] {
        let all = listed(&staff, &format!("limit={limit}")).await;
        assert_eq!(
            all,
            [ids.clone(), before.clone()].concat(),
            "{limit} a page"
        );
    }
    let page = staff.get("/api/admin/orders?limit=1").await.expect(200);
    let newest = &placed[0];
    let expected = json!({
        "orderId": newest["orderId"], "userId": bob.user_id(), "status": "placed",
        "createdAt": newest["createdAt"], "total": newest["total"],
        "payment": newest["payment"], "version": 1,
    });
    assert_eq!(page.body["items"], json!([expected]));

    alice.cancel(&placed[1]).await.expect(200);
    assert_eq!(listed(&staff, "status=cancelled").await, [ids[1].clone()]);
    assert_eq!(listed(&staff, "status=placed&limit=2").await[..1], ids[..1]);
    assert!(
        !listed(&staff, "status=placed&limit=2")
            .await
            .contains(&ids[1])
    );
    assert_eq!(listed(&staff, "limit=3").await[..4], ids[..]);

    let cursor = page.body["nextCursor"].as_str().unwrap();
    for query in [
        format!("status=placed&cursor={cursor}"),
        "cursor=AAAA".to_owned(),
    ] {
        let refused = staff.get(&format!("/api/admin/orders?{query}")).await;
        refused.expect_problem(400, "malformed");
    }
}

#[tokio::test]
async fn the_staff_read_an_order_by_its_customer_and_its_id() {
    let shop = spawn_shop().await;
    let (alice, bob, staff) = (shop.alice().await, shop.bob().await, shop.staff().await);
    let product = shop.new_product("Cup", 100, 50).await;
    let order = alice.order(&product, 100, 2).await;
    let mut expected = order.clone();
    expected["userId"] = json!(alice.user_id());
    expected["notes"] = json!([]);
    let found = staff.get(&path(&alice, &order)).await.expect(200);
    assert_eq!(found.body, expected);
    let nobodys = path(&bob, &order);
    let no_id = path(&alice, &json!({ "orderId": "key%23x" }));
    for path in [nobodys, no_id] {
        staff.get(&path).await.expect_problem(404, "not-found");
    }
}

#[tokio::test]
async fn an_order_is_moved_along_and_its_customer_sees_where_it_stands() {
    let shop = spawn_shop().await;
    let (alice, staff, admin) = (shop.alice().await, shop.staff().await, shop.admin().await);
    let product = shop.new_product("Cup", 100, 50).await;
    let order = alice.order(&product, 100, 2).await;
    let path = path(&alice, &order);
    let own = format!("/api/orders/{}", order["orderId"].as_str().unwrap());
    let mut statuses = vec!["placed"];
    for status in ["processing", "shipped", "delivered"] {
        statuses.push(status);
        let moved = staff
            .patch(&path, &json!({ "status": status }))
            .await
            .expect(200)
            .body;
        let mut seen = moved.clone();
        seen.as_object_mut()
            .unwrap()
            .retain(|name, _| name != "userId" && name != "notes");
        assert_eq!(alice.get(&own).await.expect(200).body, seen);
        let history = seen["history"].as_array().unwrap();
        let history: Vec<&Value> = history.iter().map(|it| &it["status"]).collect();
        assert_eq!(history, statuses.iter().collect::<Vec<_>>());
    }
    let refused = alice.cancel(&order).await;
    refused.expect_problem(409, "invalid-transition");
    for status in [
        "placed",
        "processing",
        "delivered",
        "cancelled",
        "expired",
        "pending-payment",
    ] {
        let refused = staff.patch(&path, &json!({ "status": status })).await;
        refused.expect_problem(409, "invalid-transition");
    }
    // What is about money is an admin's.
    for body in [json!({ "paid": true }), json!({ "status": "refunded" })] {
        let refused = staff.patch(&path, &body).await;
        refused.expect_problem(403, "forbidden");
    }
    let refused = admin.patch(&path, &json!({ "status": "refunded" })).await;
    refused.expect_problem(409, "invalid-transition");
    admin
        .patch(&path, &json!({ "paid": true }))
        .await
        .expect(200);
    let paid = alice.get(&own).await.expect(200).body;
    assert_eq!(
        paid["payment"],
        json!({ "method": "invoice", "status": "paid" })
    );
    admin
        .patch(&path, &json!({ "status": "refunded" }))
        .await
        .expect(200);
    let refunded = alice.get(&own).await.expect(200).body;
    assert_eq!(refunded["payment"]["status"], "refunded");
    // What was delivered is in nobody's stock.
    assert_eq!(shop.stock(&product).await, 48);
}

#[tokio::test]
async fn what_was_paid_and_then_cancelled_is_refunded_by_an_admin() {
    let shop = spawn_shop().await;
    let (alice, staff, admin) = (shop.alice().await, shop.staff().await, shop.admin().await);
    let product = shop.new_product("Bowl", 100, 50).await;
    let order = alice.order(&product, 100, 2).await;
    let path = path(&alice, &order);
    let paid = json!({ "paid": true });
    admin.patch(&path, &paid).await.expect(200);
    let cancelled = alice.cancel(&order).await.expect(200).body;
    assert_eq!(cancelled["payment"]["status"], "paid");
    let refund = json!({ "status": "refunded" });
    let refused = staff.patch(&path, &refund).await;
    refused.expect_problem(403, "forbidden");
    admin.patch(&path, &refund).await.expect(200);
    let own = format!("/api/orders/{}", order["orderId"].as_str().unwrap());
    let refunded = alice.get(&own).await.expect(200).body;
    assert_eq!(refunded["status"], "refunded");
    assert_eq!(refunded["payment"]["status"], "refunded");
    // Its pieces came back once.
    assert_eq!(shop.stock(&product).await, 50);
    let again = admin.patch(&path, &refund).await;
    again.expect_problem(409, "invalid-transition");
}

#[tokio::test]
async fn an_update_says_which_version_it_means_and_what_it_changes() {
    let shop = spawn_shop().await;
    let (alice, bob, staff) = (shop.alice().await, shop.bob().await, shop.staff().await);
    let product = shop.new_product("Cup", 100, 50).await;
    let order = alice.order(&product, 100, 2).await;
    let at = path(&alice, &order);
    let with = |version: &str, body: Value| {
        let request = staff.request(reqwest::Method::PATCH, &at);
        send(request.header("if-match", version).json(&body))
    };
    let note = || json!({ "note": "Rang twice." });
    with("\"1\"", note()).await.expect(200);
    with("\"1\"", note()).await.expect_problem(409, "conflict");
    with("3", note()).await.expect_problem(400, "malformed");
    // Without a version it is the note that is there.
    let same = staff.patch(&at, &note()).await.expect(200).body;
    assert_eq!(same["version"], 2);
    let stale = json!({ "status": "processing", "version": 1 });
    staff
        .patch(&at, &stale)
        .await
        .expect_problem(409, "conflict");
    let both = json!({ "status": "cancelled", "note": "Called us.", "version": 2 });
    let cancelled = staff.patch(&at, &both).await.expect(200).body;
    assert_eq!(
        (&cancelled["status"], &cancelled["version"]),
        (&json!("cancelled"), &json!(3))
    );
    assert_eq!(cancelled["notes"][1]["by"], staff.user_id());
    assert_eq!(shop.stock(&product).await, 50);
    let refused = staff.patch(&path(&bob, &order), &note()).await;
    refused.expect_problem(404, "not-found");
    for (body, pointer) in [
        (json!({}), "/status"),
        (json!({ "status": "lost" }), "/status"),
        (json!({ "paid": false }), "/paid"),
        (json!({ "note": "  " }), "/note"),
        (json!({ "note": "x".repeat(1001) }), "/note"),
    ] {
        let refused = staff.patch(&at, &body).await.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), [pointer]);
    }
}

#[tokio::test]
async fn a_note_is_shown_to_no_customer() {
    let shop = spawn_shop().await;
    let (alice, staff) = (shop.alice().await, shop.staff().await);
    let product = shop.new_product("Cup", 100, 50).await;
    alice.fill_cart(&product, 1).await;
    let order = alice.check_out("noted", &checkout_body(100)).await;
    let order = order.expect(201).body;
    let note = json!({ "note": "canary: rude on the phone" });
    let noted = staff.patch(&path(&alice, &order), &note).await.expect(200);
    assert_eq!(noted.body["notes"][0]["text"], note["note"]);
    let own = format!("/api/orders/{}", order["orderId"].as_str().unwrap());
    for answer in [
        alice.get(&own).await.expect(200),
        alice.get("/api/orders").await.expect(200),
        alice.get("/api/orders?status=placed").await.expect(200),
        alice
            .check_out("noted", &checkout_body(100))
            .await
            .expect(200),
        alice.cancel(&order).await.expect(200),
        alice.cancel(&order).await.expect(409),
    ] {
        let text = answer.body.to_string();
        assert!(
            !text.contains("canary") && !text.contains("notes"),
            "{text}"
        );
    }
    let log = shop.cloud.logs().join("\n");
    assert!(!log.contains("canary"));
    let rows = shop.scan("AuditTable").await;
    assert!(!json!(rows).to_string().contains("canary"));
}

#[tokio::test]
async fn a_customer_is_looked_up_with_a_reason_and_their_address_is_written_down_nowhere() {
    let shop = spawn_shop().await;
    let (staff, sue) = (shop.staff().await, shop.super_admin().await);
    let dina = shop.newcomer("dina").await;
    let product = shop.new_product("Cup", 100, 50).await;
    let order = dina.order(&product, 100, 2).await;
    let search = "/api/admin/customers/search";
    let found = async |name: &str, value: &Value| {
        let body = json!({ name: value, "reason": "Called about a parcel" });
        staff.post(search, &body).await.expect(200).body
    };
    let email = dina.session["user"]["email"].clone();
    let record = found("email", &email).await;
    assert_eq!(record, found("orderId", &order["orderId"]).await);
    let customer = json!({
        "userId": dina.user_id(), "email": email, "name": dina.session["user"]["name"],
        "phone": null, "status": "active", "createdAt": record["customer"]["createdAt"],
    });
    assert_eq!(record["customer"], customer);
    let line = json!({
        "orderId": order["orderId"], "userId": dina.user_id(), "status": "placed",
        "createdAt": order["createdAt"], "total": order["total"], "payment": order["payment"],
        "version": 1,
    });
    assert_eq!(record["orders"], json!([line]));

    let nobody = json!({ "email": "canary-address@example.com", "reason": "Called about it" });
    staff
        .post(search, &nobody)
        .await
        .expect_problem(404, "not-found");
    // Who works for the shop is no customer.
    let colleague = json!({ "email": "admin@example.com", "reason": "Called about it" });
    staff
        .post(search, &colleague)
        .await
        .expect_problem(404, "not-found");
    for (body, pointer) in [
        (json!({ "email": email }), "/reason"),
        (json!({ "email": email, "reason": "ab" }), "/reason"),
        (
            json!({ "email": email, "reason": "dina@example.com wrote" }),
            "/reason",
        ),
        (json!({ "reason": "Called us" }), "/email"),
        (
            json!({ "email": email, "orderId": order["orderId"], "reason": "Both" }),
            "/orderId",
        ),
    ] {
        let refused = staff
            .post(search, &body)
            .await
            .expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), [pointer]);
    }

    let looks = async |target: &str| {
        let path = format!("/api/admin/audit?target={target}&limit=100");
        let page = sue.get(&path).await.expect(200).body;
        let records = page["items"].as_array().unwrap().clone().into_iter();
        let of_looks = records.filter(|it| it["action"] == "customer-searched");
        of_looks.collect::<Vec<Value>>()
    };
    let (of_dina, of_nobody) = (looks(dina.user_id()).await, looks("nobody").await);
    assert_eq!((of_dina.len(), of_nobody.len()), (2, 2));
    for (records, reason) in [
        (of_dina, "Called about a parcel"),
        (of_nobody, "Called about it"),
    ] {
        for record in records {
            assert_eq!(
                (&record["actor"], &record["reason"]),
                (&json!(staff.user_id()), &json!(reason))
            );
        }
    }
    let address = email.as_str().unwrap();
    let written = json!([shop.scan("AuditTable").await, shop.cloud.logs()]).to_string();
    assert!(!written.contains(address) && !written.contains("canary-address"));
}

#[tokio::test]
async fn orders_from_before_the_index_are_listed_by_the_operators_command() {
    let shop = spawn_shop().await;
    let (alice, staff) = (shop.alice().await, shop.staff().await);
    let product = shop.new_product("Cup", 100, 50).await;
    for _ in 0..3 {
        alice.order(&product, 100, 1).await;
    }
    let expected = listed(&staff, "limit=100").await;
    let rows = shop.scan("OrdersTable").await;
    for row in &rows {
        let mut row = row.clone();
        row.as_object_mut().unwrap().remove("statusShard");
        shop.put_item("OrdersTable", row).await;
    }
    assert_eq!(listed(&staff, "limit=100").await, [Value::Null; 0]);
    let mut variables = shop.cloud.environment("admin-get-order");
    let key = (
        "AWS_ACCESS_KEY_ID".to_owned(),
        cloud::ACCESS_KEY_ID.to_owned(),
    );
    variables.extend([key]);
    let env = Env::of(move |name| variables.get(name).cloned()).unwrap();
    let said = format!("{} orders are now listed by their status.", expected.len());
    for said in [
        said.as_str(),
        "Every order was listed by its status already.",
    ] {
        assert_eq!(index_orders(&env).await.unwrap(), said);
        assert_eq!(listed(&staff, "limit=100").await, expected);
        let mut now = shop.scan("OrdersTable").await;
        let order = |row: &Value| row["orderId"]["S"].as_str().unwrap().to_owned();
        let mut before = rows.clone();
        before.sort_by_key(order);
        now.sort_by_key(order);
        assert_eq!(now, before);
    }
}
