//! Carts.

use serde_json::json;

use tests::{checkout_body, spawn_shop};

#[tokio::test]
async fn a_cart_is_priced_at_todays_prices() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let cup = shop.new_product("Cup", 1250, 3).await;
    let cart = alice.fill_cart(&cup, 2).await.body;
    assert_eq!(cart, alice.get("/api/cart").await.expect(200).body);
    assert_eq!(
        cart,
        json!({
            "items": [{
                "productId": cup, "name": "Cup", "quantity": 2,
                "unitPrice": { "amount": 1250, "currency": "EUR" },
                "lineTotal": { "amount": 2500, "currency": "EUR" },
                "availability": "low-stock", "purchasable": true,
            }],
            "total": { "amount": 2500, "currency": "EUR" },
        })
    );
}

#[tokio::test]
async fn setting_a_line_again_replaces_its_quantity() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    alice.fill_cart(shop.product(0), 2).await;
    let cart = alice.fill_cart(shop.product(0), 7).await;
    assert_eq!(cart.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(cart.body["items"][0]["quantity"], 7);
}

#[tokio::test]
async fn a_line_is_taken_out_once_or_twice_with_the_same_answer() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    alice.fill_cart(shop.product(0), 2).await;
    let path = format!("/api/cart/items/{}", shop.product(0));
    for _ in 0..2 {
        alice.delete(&path).await.expect(204);
        assert_eq!(alice.get("/api/cart").await.body["items"], json!([]));
    }
}

#[tokio::test]
async fn a_quantity_is_1_to_99() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let path = format!("/api/cart/items/{}", shop.product(0));
    for quantity in [
        json!(0),
        json!(100),
        json!(-1),
        json!(1.5),
        json!("1"),
        json!(null),
    ] {
        let refused = alice.put(&path, &json!({ "quantity": quantity })).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/quantity"]);
    }
    alice.fill_cart(shop.product(0), 99).await;
}

#[tokio::test]
async fn what_is_not_on_sale_can_not_be_put_into_a_cart() {
    let shop = spawn_shop().await;
    let (alice, admin) = (shop.alice().await, shop.admin().await);
    let mut draft = tests::product_body("Not yet", 100, 5);
    draft["status"] = json!("draft");
    let draft = admin.post("/api/admin/products", &draft).await.expect(201);
    let draft = draft.body["productId"].as_str().unwrap();
    for id in [
        draft,
        "prod_01arz3ndektsv4rrffq69g5fav",
        "prod_",
        "x%23y",
        "..%2f..",
    ] {
        let refused = alice
            .put(&format!("/api/cart/items/{id}"), &json!({ "quantity": 1 }))
            .await;
        refused.expect_problem(404, "not-found");
    }
    let shown = shop
        .anonymous()
        .get(&format!("/api/products/{draft}"))
        .await;
    shown.expect_problem(404, "not-found");
}

#[tokio::test]
async fn a_cart_holds_32_lines_however_fast_they_come() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let mut sent = Vec::new();
    for number in 0..40 {
        let product = shop.new_product(&format!("Thing {number}"), 100, 5).await;
        let alice = alice.clone();
        sent.push(tokio::spawn(async move {
            let path = format!("/api/cart/items/{product}");
            alice.put(&path, &json!({ "quantity": 1 })).await.status
        }));
    }
    for status in sent {
        assert!([200, 422].contains(&status.await.unwrap()));
    }
    let cart = alice.get("/api/cart").await.expect(200);
    assert!(cart.body["items"].as_array().unwrap().len() <= 32);
    // Filled to the brim one by one, it takes 32 and no more.
    for number in 0..40 {
        let product = shop.new_product(&format!("Other {number}"), 100, 5).await;
        let path = format!("/api/cart/items/{product}");
        alice.put(&path, &json!({ "quantity": 1 })).await;
    }
    let cart = alice.get("/api/cart").await.expect(200);
    let items = cart.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 32);
    // A line that is there can still be changed.
    alice
        .fill_cart(items[0]["productId"].as_str().unwrap(), 5)
        .await;
}

#[tokio::test]
async fn lines_that_can_not_be_bought_make_room() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let mut products = Vec::new();
    for number in 0..33 {
        let name = format!("Cup {number}");
        products.push(shop.new_product(&name, 100, 10).await);
    }
    let (last, others) = products.split_last().unwrap();
    for product in others {
        alice.fill_cart(product, 1).await;
    }
    // The shop stops selling one of them.
    let body = json!({
        "TableName": shop.table("ProductsTable"),
        "Key": { "productId": { "S": others[0] } },
        "UpdateExpression": "SET #status = :draft",
        "ExpressionAttributeNames": { "#status": "status" },
        "ExpressionAttributeValues": { ":draft": { "S": "draft" } },
    });
    assert_eq!(shop.dynamodb("UpdateItem", &body).await, json!({}));
    let cart = alice.fill_cart(last, 1).await;
    assert_eq!(cart.body["items"].as_array().unwrap().len(), 32);
    let order = alice.check_out("k", &checkout_body(3200)).await.expect(201);
    assert_eq!(order.body["lines"].as_array().unwrap().len(), 32);
}

#[tokio::test]
async fn a_line_that_is_gone_or_short_is_shown_and_not_counted() {
    let shop = spawn_shop().await;
    let (alice, staff) = (shop.alice().await, shop.staff().await);
    let (admin, sue) = (shop.admin().await, shop.super_admin().await);
    let [cup, jug, vase, bowl] = ["Cup", "Jug", "Vase", "Bowl"];
    let cup = shop.new_product(cup, 100, 10).await;
    let jug = shop.new_product(jug, 200, 10).await;
    let vase = shop.new_product(vase, 400, 10).await;
    let bowl = shop.new_product(bowl, 800, 10).await;
    for product in [&cup, &jug, &vase, &bowl] {
        alice.fill_cart(product, 3).await;
    }
    let path = |id: &str| format!("/api/admin/products/{id}");
    let euros = |amount: u64| json!({ "amount": amount, "currency": "EUR" });
    // One is deleted after its price has changed, one is a draft again under another name, one
    // is nearly sold out.
    let dearer = json!({ "price": euros(150) });
    let hidden = json!({ "status": "draft", "name": "Secret plan", "price": euros(1) });
    for (id, change) in [(&cup, dearer), (&jug, hidden)] {
        let request = admin.request(reqwest::Method::PATCH, &path(id));
        tests::send(request.json(&change)).await.expect(200);
    }
    sue.delete(&path(&cup)).await.expect(204);
    let few = json!({ "available": 2 });
    let stock = format!("{}/stock", path(&vase));
    staff.put(&stock, &few).await.expect(200);

    let cart = alice.get("/api/cart").await.expect(200).body;
    let line = |id: &str| {
        let mut lines = cart["items"].as_array().unwrap().iter();
        lines.find(|it| it["productId"] == id).unwrap()
    };
    for (id, name, price, availability, purchasable) in [
        (&cup, "Cup", 100, "out-of-stock", false),
        (&jug, "Jug", 200, "out-of-stock", false),
        (&vase, "Vase", 400, "low-stock", false),
        (&bowl, "Bowl", 800, "in-stock", true),
    ] {
        let expected = json!({
            "productId": id, "name": name, "quantity": 3, "unitPrice": euros(price),
            "lineTotal": euros(3 * price), "availability": availability,
            "purchasable": purchasable,
        });
        assert_eq!(line(id), &expected);
    }
    assert_eq!(cart["total"], euros(2400));
    let short = alice.check_out("short", &checkout_body(2400)).await;
    let short = short.expect_problem(409, "out-of-stock");
    assert_eq!(short.body["products"], json!([vase]));
    // With what there is, the rest is bought for the total shown; what is gone leaves the cart.
    let cart = alice.fill_cart(&vase, 2).await.body;
    assert_eq!(cart["total"], euros(3200));
    let order = alice.check_out("k", &checkout_body(3200)).await.expect(201);
    assert_eq!(order.body["lines"].as_array().unwrap().len(), 2);
    let cart = alice.get("/api/cart").await.expect(200).body;
    assert_eq!(cart["items"], json!([]));
}
