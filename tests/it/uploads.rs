//! Pictures, sent straight to the bucket.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use tests::{Shop, spawn_shop};

/// A form for a PNG of a product.
async fn form(shop: &Shop) -> Value {
    let body = json!({
        "productId": shop.product(0), "contentType": "image/png", "contentLength": 1000,
    });
    let admin = shop.admin().await;
    admin
        .post("/api/admin/uploads", &body)
        .await
        .expect(201)
        .body
}

/// Posts a file with a form as a browser does, after changing some fields.
async fn post(form: &Value, changed: &[(&str, &str)], file: Vec<u8>) -> u16 {
    let mut multipart = Form::new();
    for (name, value) in form["fields"].as_object().unwrap() {
        let changed = changed.iter().find(|(field, _)| field == name);
        let value = changed.map_or(value.as_str().unwrap(), |(_, value)| value);
        multipart = multipart.text(name.clone(), value.to_owned());
    }
    for (name, value) in changed {
        if form["fields"].get(name).is_none() {
            multipart = multipart.text((*name).to_owned(), (*value).to_owned());
        }
    }
    let multipart = multipart.part("file", Part::bytes(file).file_name("cup.png"));
    let url = form["url"].as_str().unwrap();
    let sent = reqwest::Client::new()
        .post(url)
        .multipart(multipart)
        .send()
        .await;
    sent.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_picture_is_taken_by_the_form_it_was_asked_with() {
    let shop = spawn_shop().await;
    let form = form(&shop).await;
    let key = form["fields"]["key"].as_str().unwrap();
    assert_eq!(
        key,
        format!("pending/{}", form["uploadId"].as_str().unwrap())
    );
    assert_eq!(post(&form, &[], vec![7; 1000]).await, 201);
    let kept = shop
        .cloud
        .object("ImagesBucket", key)
        .expect("the picture is there");
    assert_eq!(kept, vec![7; 1000]);
    // Nobody can read it before it is judged.
    let url = format!("{}/{key}", form["url"].as_str().unwrap());
    assert_eq!(reqwest::get(url).await.unwrap().status().as_u16(), 403);
}

#[tokio::test]
async fn a_form_is_good_for_what_it_says_and_nothing_else() {
    let shop = spawn_shop().await;
    let form = form(&shop).await;
    for changed in [
        ("key", "public/front-page.png"),
        ("key", "pending/upl_01arz3ndektsv4rrffq69g5fav"),
        ("Content-Type", "text/html"),
        ("Content-Type", "image/svg+xml"),
        ("success_action_status", "200"),
        ("acl", "public-read"),
        ("x-amz-meta-note", "hello"),
        ("x-amz-signature", "00"),
    ] {
        let status = post(&form, &[changed], vec![7; 10]).await;
        assert!((400..500).contains(&status), "{changed:?}: {status}");
    }
    assert_eq!(post(&form, &[], Vec::new()).await / 100, 4);
    assert_eq!(post(&form, &[], vec![7; 5_242_881]).await / 100, 4);
    assert_eq!(post(&form, &[], vec![7; 5_242_880]).await, 201);
}

#[tokio::test]
async fn an_upload_is_recorded_as_pending() {
    let shop = spawn_shop().await;
    let form = form(&shop).await;
    let uploads = shop.scan("UploadsTable").await;
    assert_eq!(uploads.len(), 1);
    assert_eq!(uploads[0]["uploadId"]["S"], form["uploadId"]);
    assert_eq!(uploads[0]["status"]["S"], "pending");
    assert_eq!(uploads[0]["productId"]["S"], shop.product(0));
}

#[tokio::test]
async fn only_small_pictures_of_a_product_may_be_asked_for() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    let good = json!({
        "productId": shop.product(0), "contentType": "image/webp", "contentLength": 5_242_880,
    });
    admin.post("/api/admin/uploads", &good).await.expect(201);
    for (name, value) in [
        ("productId", json!("prod_01arz3ndektsv4rrffq69g5fav")),
        ("productId", json!("no id")),
        ("contentType", json!("image/gif")),
        ("contentType", json!("image/svg+xml")),
        ("contentLength", json!(0)),
        ("contentLength", json!(5_242_881)),
        ("contentLength", json!("1000")),
    ] {
        let mut bad = good.clone();
        bad[name] = value;
        let refused = admin.post("/api/admin/uploads", &bad).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), [format!("/{name}")]);
    }
}
