//! Browsing: what anyone may see, page by page.

use serde_json::{Value, json};

use tests::{checkout_body, send, spawn_shop, spawn_shop_with, with_parameter};

/// The names on all pages of a list, in order.
async fn names(shop: &tests::Shop, query: &str, limit: usize) -> Vec<String> {
    let mut names = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/products?limit={limit}&{query}{cursor}");
        let page = shop.anonymous().get(&path).await.expect(200);
        let items = page.body["items"].as_array().unwrap();
        assert!(items.len() <= limit);
        names.extend(
            items
                .iter()
                .map(|item| item["name"].as_str().unwrap().to_owned()),
        );
        match &page.body["nextCursor"] {
            Value::String(next) => cursor = format!("&cursor={next}"),
            _ => return names,
        }
    }
}

#[tokio::test]
async fn a_list_runs_in_the_order_asked_for_on_pages_of_any_size() {
    let shop = spawn_shop().await;
    for (name, price) in [
        ("banana", 300),
        ("Apple", 100),
        ("cherry", 200),
        ("Date", 100),
    ] {
        shop.new_product(name, price, 5).await;
    }
    for limit in [1, 3, 100] {
        let list = |sort: &str| format!("category=tests&sort={sort}");
        let by_name = names(&shop, &list("name"), limit).await;
        assert_eq!(by_name, ["Apple", "banana", "cherry", "Date"]);
        let newest = names(&shop, &list("newest"), limit).await;
        assert_eq!(newest, ["Date", "cherry", "Apple", "banana"]);
        let cheapest = names(&shop, &list("price"), limit).await;
        assert_eq!(cheapest[2..], ["cherry", "banana"]);
        let mut dearest = names(&shop, &list("-price"), limit).await;
        dearest.reverse();
        assert_eq!(dearest, cheapest);
        assert_eq!(names(&shop, "category=tests", limit).await, newest);
        assert_eq!(names(&shop, "", limit).await.len(), 10);
    }
}

#[tokio::test]
async fn a_list_goes_on_after_the_longest_name() {
    let shop = spawn_shop().await;
    let longest = |last: char| format!("{}{last}", "\u{10348}".repeat(199));
    let expected = [longest('\u{10348}'), longest('\u{10349}')];
    for name in &expected {
        shop.new_product(name, 100, 5).await;
    }
    let found = names(&shop, "category=tests&sort=name", 1).await;
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_product_in_a_list_has_what_api_md_says_and_no_more() {
    let shop = spawn_shop().await;
    let id = shop.new_product("Cup", 1250, 3).await;
    let list = shop.anonymous().get("/api/products?category=tests").await;
    assert_eq!(
        list.body,
        json!({
            "items": [{
                "productId": id, "name": "Cup",
                "price": { "amount": 1250, "currency": "EUR" },
                "category": "tests", "image": null, "imageUrl": null, "availability": "low-stock",
            }],
            "nextCursor": null,
        })
    );
    let shown = shop.anonymous().get(&format!("/api/products/{id}")).await;
    let mut keys: Vec<_> = shown.body.as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(
        keys,
        [
            "availability",
            "category",
            "createdAt",
            "description",
            "image",
            "imageUrl",
            "images",
            "name",
            "price",
            "productId",
        ]
    );
}

#[tokio::test]
async fn hostile_text_comes_back_byte_for_byte() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    for name in [
        "O'Neil & <b>bold</b>",
        "{{7*7}} ${7*7} %s",
        "'; DROP TABLE products; --",
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd} right to left",
        "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467} \u{e9} e\u{301}",
        "\\\"/ \\u0000",
    ] {
        let body = tests::product_body(name, 100, 1);
        let made = admin.post("/api/admin/products", &body).await.expect(201);
        assert_eq!(made.body["name"], name);
        let path = format!("/api/products/{}", made.body["productId"].as_str().unwrap());
        assert_eq!(shop.anonymous().get(&path).await.body["name"], name);
    }
}

#[tokio::test]
async fn a_page_that_was_seen_is_answered_with_304() {
    let shop = spawn_shop().await;
    let id = shop.new_product("Cup", 1250, 30).await;
    for path in ["/api/products".to_owned(), format!("/api/products/{id}")] {
        let anonymous = shop.anonymous();
        let first = anonymous.get(&path).await.expect(200);
        let again = || anonymous.request(reqwest::Method::GET, &path);
        let seen = again().header("if-none-match", first.header("etag"));
        let seen = send(seen).await.expect(304);
        assert_eq!(
            (seen.text.as_str(), seen.header("etag")),
            ("", first.header("etag"))
        );
        send(again().header("if-none-match", "\"other\""))
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn a_parameter_that_makes_no_sense_is_named() {
    let shop = spawn_shop().await;
    for query in [
        "limit=0",
        "limit=101",
        "limit=ten",
        "limit=1&limit=2",
        "sort=cheapest",
        "category=Not%20a%20slug",
        "cursor=AAAA",
        "cursor=%00",
    ] {
        let refused = shop
            .anonymous()
            .get(&format!("/api/products?{query}"))
            .await;
        let refused = refused.expect_problem(400, "malformed");
        let name = query.split('=').next().unwrap();
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("`{name}`")), "{detail}");
    }
    let page = shop.anonymous().get("/api/products?limit=1").await;
    let mut forged = page.body["nextCursor"].as_str().unwrap().to_owned();
    let last = forged.pop().unwrap();
    forged.push(if last == 'A' { 'B' } else { 'A' });
    let refused = shop
        .anonymous()
        .get(&format!("/api/products?cursor={forged}"))
        .await;
    refused.expect_problem(400, "malformed");
    // What nobody asks for is ignored, and what is empty counts as absent.
    shop.anonymous()
        .get("/api/products?utm_source=mail&category=&sort=&limit=&cursor=")
        .await
        .expect(200);
}

#[tokio::test]
async fn a_browser_of_an_allowed_origin_may_read_and_no_other() {
    let shop = spawn_shop().await;
    let ask = |origin: &str| {
        let request = shop
            .anonymous()
            .request(reqwest::Method::GET, "/api/products");
        send(request.header("origin", origin))
    };
    let allowed = ask("http://localhost:3000").await.expect(200);
    assert_eq!(
        allowed.header("access-control-allow-origin"),
        "http://localhost:3000"
    );
    for origin in [
        "https://evil.example",
        "null",
        "http://localhost:3000.evil.example",
    ] {
        let refused = ask(origin).await.expect(200);
        assert_eq!(refused.header("access-control-allow-origin"), "");
    }
}

#[tokio::test]
async fn what_is_answered_from_memory_says_its_age_and_is_soon_read_again() {
    let mut options = with_parameter("CatalogueCacheSeconds", "10");
    options.instances = 1;
    let shop = spawn_shop_with(options).await;
    let cup = shop.new_product("Cup", 100, 1).await;
    let list = "/api/products?category=tests".to_owned();
    let detail = format!("/api/products/{cup}");
    let (anonymous, alice) = (shop.anonymous(), shop.alice().await);
    alice.fill_cart(&cup, 1).await;
    for path in [&list, &detail] {
        let read = anonymous.get(path).await.expect(200);
        assert_eq!(read.header("age"), "");
    }
    // The last piece is sold, and there is one thing more.
    alice.check_out("k", &checkout_body(100)).await.expect(201);
    let cap = shop.new_product("Cap", 100, 1).await;
    let mut missing = vec![(&list, cap.as_str()), (&detail, "out-of-stock")];
    let mut ages = Vec::new();
    while !missing.is_empty() {
        for (path, text) in std::mem::take(&mut missing) {
            let answer = anonymous.get(path).await.expect(200);
            if !answer.text.contains(text) {
                ages.push(answer.header("age").parse::<u64>().unwrap());
                missing.push((path, text));
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(!ages.is_empty());
    assert!(ages.iter().all(|age| (1..=10).contains(age)), "{ages:?}");
}
