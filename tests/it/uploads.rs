//! Pictures, sent straight to the bucket: from the form to what the public sees.

use std::io::Write;
use std::time::Duration;

use cloud::{Calls, CrashPoint, Fault, Mishap};
use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use local::operator::{Services, look, put_back};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use tests::{Client, Shop, product_body, send, spawn_shop};

/// Asks for a form to upload a file of so many bytes with.
async fn request_form(admin: &Client, product: &str, content_type: &str, length: usize) -> Value {
    let body = json!({
        "productId": product, "contentType": content_type, "contentLength": length,
    });
    let form = admin.post("/api/admin/uploads", &body).await;
    form.expect(201).body
}

/// Asks for a form to upload a PNG of a product with.
async fn png_form(admin: &Client, product: &str) -> Value {
    request_form(admin, product, "image/png", 99).await
}

fn id_of(form: &Value) -> &str {
    form["uploadId"].as_str().unwrap()
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
    let admin = shop.admin().await;
    let form = png_form(&admin, shop.product(0)).await;
    let key = form["fields"]["key"].as_str().unwrap();
    assert_eq!(key, format!("pending/{}/{}", admin.user_id(), id_of(&form)));
    let _held = shop.cloud.events().hold();
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
    let form = png_form(&shop.admin().await, shop.product(0)).await;
    for changed in [
        ("key", "ecommerce-products/front-page.png"),
        (
            "key",
            "pending/usr_01arz3ndektsv4rrffq69g5fav/upl_01arz3ndektsv4rrffq69g5fav",
        ),
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
    let form = png_form(&shop.admin().await, shop.product(0)).await;
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

/// A valid PNG of one colour, without what a picture needs no more than its pixels.
pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], content: &[u8]| {
        let mut crc = Crc::new();
        crc.update(kind);
        crc.update(content);
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&length, &kind[..], content, &crc.sum().to_be_bytes()].concat()
    };
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let row = [vec![0], vec![90; width as usize * 3]].concat();
    let mut pixels = ZlibEncoder::new(Vec::new(), Compression::fast());
    pixels.write_all(&row.repeat(height as usize)).unwrap();
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &[&size[..], &[8, 2, 0, 0, 0]].concat()),
        chunk(b"IDAT", &pixels.finish().unwrap()),
        chunk(b"IEND", b""),
    ]
    .concat()
}

/// Asks for a form, sends a file with it and waits until all that follows is done. Returns the
/// upload's id.
pub(crate) async fn send_picture(
    shop: &Shop,
    admin: &Client,
    product: &str,
    content_type: &str,
    file: Vec<u8>,
) -> String {
    let upload = send_file(admin, product, content_type, file).await;
    settle(shop).await;
    upload
}

/// Asks for a form and sends a file with it. Returns the upload's id.
pub(crate) async fn send_file(
    admin: &Client,
    product: &str,
    content_type: &str,
    file: Vec<u8>,
) -> String {
    let form = request_form(admin, product, content_type, file.len()).await;
    assert_eq!(post(&form, &[], file).await, 201);
    id_of(&form).to_owned()
}

async fn settle(shop: &Shop) {
    assert!(shop.cloud.events().settle(Duration::from_secs(60)).await);
}

async fn state(admin: &Client, upload: &str) -> Value {
    let state = admin.get(&format!("/api/admin/uploads/{upload}")).await;
    state.expect(200).body
}

/// A product as anybody sees it.
async fn public(shop: &Shop, product: &str) -> Value {
    let path = format!("/api/products/{product}");
    shop.anonymous().get(&path).await.expect(200).body
}

async fn draft(admin: &Client) -> String {
    let mut body = product_body("A draft", 1000, 5);
    body["status"] = json!("draft");
    let made = admin.post("/api/admin/products", &body).await;
    made.expect(201).body["productId"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn status(url: &str) -> u16 {
    reqwest::get(url).await.unwrap().status().as_u16()
}

/// The key of a file that an address leads to.
fn key_of(url: &str) -> String {
    let (_, key) = url.split_once("/ecommerce-products/").unwrap();
    let key = key.split('?').next().unwrap();
    format!("ecommerce-products/{key}")
}

/// The address of every size of a picture, the largest first.
fn urls(image: &Value) -> Vec<String> {
    let variants = image["variants"].as_array().unwrap().iter().rev();
    let all = std::iter::once(image).chain(variants);
    all.map(|it| it["url"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_picture_of_a_published_product_is_shown_in_three_sizes() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    let product = shop.new_product("Pictured", 1900, 3).await;
    let upload = send_picture(&shop, &admin, &product, "image/png", png(2000, 1500)).await;
    let state = state(&admin, &upload).await;
    assert_eq!(state["status"], "ready");
    assert_eq!(state["productId"], product);

    let detail = public(&shop, &product).await;
    let image = &detail["images"][0];
    assert_eq!(*image, state["image"]);
    let size = |it: &Value| {
        (
            it["width"].as_u64().unwrap(),
            it["height"].as_u64().unwrap(),
        )
    };
    assert_eq!(size(image), (1600, 1200));
    assert_eq!(size(&image["variants"][0]), (320, 240));
    assert_eq!(size(&image["variants"][1]), (800, 600));
    assert_eq!(detail["imageUrl"], image["variants"][1]["url"]);
    for url in urls(image) {
        assert!(!url.contains('?'), "not signed: {url}");
        let file = reqwest::get(&url).await.unwrap();
        assert_eq!(file.status().as_u16(), 200);
        assert_eq!(file.headers()["content-type"], "image/jpeg");
        assert_eq!(file.headers()["cache-control"], "public, max-age=3600");
        assert!(file.bytes().await.unwrap().starts_with(b"\xff\xd8\xff"));
    }
    // The file that was sent is gone for good.
    let rows = shop.scan("UploadsTable").await;
    let key = rows[0]["key"]["S"].as_str().unwrap();
    assert_eq!(shop.cloud.object("ImagesBucket", key), None);
}

#[tokio::test]
async fn pictures_of_a_draft_are_seen_by_the_staff_alone_until_it_is_published() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    let product = draft(&admin).await;
    let path = format!("/api/admin/products/{product}");
    let upload = send_picture(&shop, &admin, &product, "image/png", png(900, 700)).await;

    let description = json!({ "description": "Soon." });
    let changed = admin
        .request(reqwest::Method::PATCH, &path)
        .json(&description);
    let listed = admin
        .get("/api/admin/products?status=draft")
        .await
        .expect(200);
    let listed = listed.body["items"][0]["imageUrl"]
        .as_str()
        .unwrap()
        .to_owned();
    for image in [
        &state(&admin, &upload).await["image"],
        &admin.get(&path).await.expect(200).body["images"][0],
        &send(changed).await.expect(200).body["images"][0],
        &json!({ "url": listed, "variants": [] }),
    ] {
        for url in urls(image) {
            let seen = reqwest::get(&url).await.unwrap();
            assert_eq!(seen.status(), 200, "{url}");
            assert_eq!(seen.headers()["cache-control"], "private, no-store");
            assert!(url.contains("X-Amz-Expires=3600&"), "{url}");
            let (unsigned, _) = url.split_once('?').unwrap();
            assert_eq!(status(unsigned).await, 403, "{unsigned}");
        }
    }

    for (word, seen) in [("published", 200), ("draft", 403), ("published", 200)] {
        let change = json!({ "status": word });
        let change = admin.request(reqwest::Method::PATCH, &path).json(&change);
        send(change).await.expect(200);
        settle(&shop).await;
        let image = admin.get(&path).await.expect(200).body["images"][0].clone();
        for url in urls(&image) {
            let unsigned = url.split('?').next().unwrap();
            assert_eq!(status(unsigned).await, seen, "{word}");
            assert_eq!(url.contains('?'), word == "draft");
        }
    }
}

#[tokio::test]
async fn a_file_that_is_no_picture_is_rejected_with_a_reason_and_deleted() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    let product = draft(&admin).await;
    let page = b"<html><script>alert(1)</script></html>".to_vec();
    let upload = send_picture(&shop, &admin, &product, "image/png", page).await;
    let rejected = state(&admin, &upload).await;
    assert_eq!(rejected["status"], "rejected");
    assert_eq!(
        rejected["reason"],
        "The file is no JPEG, PNG or WebP picture."
    );
    assert!(rejected.get("image").is_none());
    let shown = admin.get(&format!("/api/admin/products/{product}")).await;
    assert_eq!(shown.expect(200).body["images"], json!([]));
    let rows = shop.scan("UploadsTable").await;
    let key = rows[0]["key"]["S"].as_str().unwrap();
    assert_eq!(shop.cloud.object("ImagesBucket", key), None);
    let events = shop.events("picture-rejected");
    let told = events.iter().map(|it| (&it["userId"], &it["target"]));
    let expected = (&json!(admin.user_id()), &json!(upload));
    assert_eq!(Vec::from_iter(told), [expected]);
}

#[tokio::test]
async fn of_two_files_sent_with_one_form_one_is_judged_and_both_are_deleted() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    let product = draft(&admin).await;
    let form = png_form(&admin, &product).await;
    let held = shop.cloud.events().hold();
    assert_eq!(post(&form, &[], png(50, 40)).await, 201);
    assert_eq!(post(&form, &[], png(60, 40)).await, 201);
    drop(held);
    settle(&shop).await;
    let state = state(&admin, id_of(&form)).await;
    assert_eq!(state["status"], "ready");
    assert!([50, 60].contains(&state["image"]["width"].as_u64().unwrap()));
    let shown = admin.get(&format!("/api/admin/products/{product}")).await;
    assert_eq!(
        shown.expect(200).body["images"].as_array().unwrap().len(),
        1
    );
    let key = form["fields"]["key"].as_str().unwrap();
    assert_eq!(shop.cloud.object("ImagesBucket", key), None);
}

#[tokio::test]
async fn whoever_asked_for_an_upload_sees_what_became_of_it_and_nobody_else() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    let product = draft(&admin).await;
    let form = png_form(&admin, &product).await;
    let upload = id_of(&form);
    let pending = state(&admin, upload).await;
    assert_eq!(pending["status"], "pending");
    assert!(pending.get("image").is_none() && pending.get("reason").is_none());
    let path = format!("/api/admin/uploads/{upload}");
    let sue = shop.super_admin().await;
    sue.get(&path).await.expect_problem(404, "not-found");
}

#[tokio::test]
async fn a_picture_whose_product_was_deleted_meanwhile_is_deleted_too() {
    let shop = spawn_shop().await;
    let (admin, sue) = (shop.admin().await, shop.super_admin().await);
    let product = draft(&admin).await;
    let form = png_form(&admin, &product).await;
    let upload = id_of(&form);
    let held = shop.cloud.events().hold();
    assert_eq!(post(&form, &[], png(50, 40)).await, 201);
    let path = format!("/api/admin/products/{product}");
    sue.delete(&path).await.expect(204);
    drop(held);
    settle(&shop).await;
    let state = state(&admin, upload).await;
    assert_eq!(state["status"], "rejected");
    assert_eq!(
        state["reason"],
        "The product was deleted before its picture was ready."
    );
    let image = upload.replace("upl_", "img_");
    let key = format!("ecommerce-products/{product}/{image}/50x40.jpg");
    assert_eq!(shop.cloud.object("ImagesBucket", &key), None);
}

#[tokio::test]
async fn a_picture_that_is_taken_off_its_product_is_gone_and_stays_so() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    let product = shop.new_product("Pictured", 1900, 3).await;
    let again = [Mishap::Again(Duration::from_millis(300))];
    shop.cloud.events().inject("attach-image", &again, 1);
    let upload = send_picture(&shop, &admin, &product, "image/png", png(900, 700)).await;
    let image = state(&admin, &upload).await["image"].clone();
    let path = format!(
        "/api/admin/products/{product}/images/{}",
        image["imageId"].as_str().unwrap()
    );
    admin.delete(&path).await.expect(204);
    settle(&shop).await;
    for url in urls(&image) {
        assert_eq!(shop.cloud.object("ImagesBucket", &key_of(&url)), None);
        assert_ne!(status(&url).await, 200);
    }
    assert_eq!(public(&shop, &product).await["images"], json!([]));
    admin.delete(&path).await.expect_problem(404, "not-found");
    // The stream may tell of the upload once more, a day later.
    let rows = shop.scan("UploadsTable").await;
    let record =
        json!({ "Records": [{ "dynamodb": { "SequenceNumber": "1", "NewImage": rows[0] } }] });
    shop.cloud
        .invoke("attach-image", record.to_string().into_bytes())
        .await
        .unwrap();
    assert_eq!(public(&shop, &product).await["images"], json!([]));
}

#[tokio::test]
async fn however_events_come_each_picture_is_on_its_product_once() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    shop.cloud.events().randomly(7);
    let product = shop.new_product("Pictured", 1900, 3).await;
    let mut uploads = Vec::new();
    for width in 31..36 {
        let upload = send_file(&admin, &product, "image/png", png(width, 30)).await;
        uploads.push(upload.replace("upl_", "img_"));
    }
    settle(&shop).await;
    let detail = public(&shop, &product).await;
    let images = detail["images"].as_array().unwrap();
    let mut found: Vec<&str> = images
        .iter()
        .map(|it| it["imageId"].as_str().unwrap())
        .collect();
    found.sort_unstable();
    uploads.sort_unstable();
    assert_eq!(found, uploads);
    for image in images {
        assert_eq!(status(image["url"].as_str().unwrap()).await, 200);
    }
}

#[tokio::test]
async fn a_product_has_at_most_100_pictures() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    let product = draft(&admin).await;
    let full = json!({ "M": {
        "imageId": { "S": "img_01arz3ndektsv4rrffq69g5fav" },
        "key": { "S": "ecommerce-products/none.jpg" },
        "width": { "N": "1" }, "height": { "N": "1" },
    } });
    let form = png_form(&admin, &product).await;
    let held = shop.cloud.events().hold();
    let key = json!({ "productId": { "S": product } });
    let values = json!({ ":images": { "L": vec![full; 100] } });
    shop.update_item("ProductsTable", key, "images = :images", values)
        .await;
    let body = json!({ "productId": product, "contentType": "image/png", "contentLength": 99 });
    let refused = admin.post("/api/admin/uploads", &body).await;
    refused.expect_problem(409, "conflict");
    // Nor by a form that was asked for before.
    assert_eq!(post(&form, &[], png(50, 40)).await, 201);
    drop(held);
    settle(&shop).await;
    let state = state(&admin, id_of(&form)).await;
    assert_eq!(state["status"], "rejected");
    assert!(state["reason"].as_str().unwrap().contains("100 pictures"));
}

#[tokio::test]
async fn a_deleted_products_pictures_go_when_it_is_purged() {
    let shop = spawn_shop().await;
    let (admin, sue) = (shop.admin().await, shop.super_admin().await);
    let product = shop.new_product("Pictured", 1900, 3).await;
    let upload = send_picture(&shop, &admin, &product, "image/png", png(900, 700)).await;
    let image = state(&admin, &upload).await["image"].clone();
    let path = format!("/api/admin/products/{product}");
    sue.delete(&path).await.expect(204);
    settle(&shop).await;
    for url in urls(&image) {
        assert_eq!(status(&url).await, 403, "nobody sees it");
        assert!(shop.cloud.object("ImagesBucket", &key_of(&url)).is_some());
    }
    // Not before a day is over.
    assert!(shop.cloud.events().tick("purge-products"));
    settle(&shop).await;
    sue.delete(&path).await.expect(204);
    let key = json!({ "productId": { "S": product } });
    let yesterday = json!({ ":then": { "S": "2026-01-01T00:00:00Z" } });
    shop.update_item("ProductsTable", key, "deletedAt = :then", yesterday)
        .await;
    assert!(shop.cloud.events().tick("purge-products"));
    settle(&shop).await;
    sue.delete(&path).await.expect_problem(404, "not-found");
    for url in urls(&image) {
        assert_eq!(shop.cloud.object("ImagesBucket", &key_of(&url)), None);
    }
}

#[tokio::test]
async fn a_picture_that_three_tries_could_not_judge_is_judged_once_it_is_put_back() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    let product = draft(&admin).await;
    let held = shop.cloud.events().hold();
    let upload = send_file(&admin, &product, "image/png", png(50, 40)).await;
    shop.cloud.stop_s3().await;
    drop(held);
    settle(&shop).await;
    assert_eq!(state(&admin, &upload).await["status"], "pending");

    shop.cloud.start_s3().await.unwrap();
    let services = Services {
        api: shop.cloud.api_url(),
        dynamodb: shop.cloud.dynamodb_url(),
        sqs: shop.cloud.sqs_url(),
    };
    let template = shop.cloud.template();
    let mut queues = template.queues.iter();
    let queue = queues.find(|it| it.logical_id == "DeadLetters");
    let queue = queue.unwrap();
    let letters = look(&services, queue).await.unwrap();
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert!(letters[0].contains("process-image"), "{letters:?}");
    for (letter, outcome) in put_back(&services, template, queue).await.unwrap() {
        assert!(outcome.is_ok(), "{letter}: {outcome:?}");
    }
    settle(&shop).await;
    assert_eq!(state(&admin, &upload).await["status"], "ready");
    assert!(look(&services, queue).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_on_which_two_tries_crashed_is_rejected_by_the_third() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    let product = draft(&admin).await;
    // Each dies once it has claimed the upload.
    let claims = Calls::of("UpdateItem").by("process-image").times(2);
    let crash = Fault::Crash(CrashPoint::Done);
    let crashed = shop.cloud.faults().inject(claims, crash);
    let upload = send_picture(&shop, &admin, &product, "image/png", png(50, 40)).await;
    let rejected = state(&admin, &upload).await;
    assert_eq!(crashed.hits(), 2);
    assert_eq!(rejected["status"], "rejected", "{rejected}");
    let reason = rejected["reason"].as_str().unwrap();
    assert!(reason.contains("was tried twice"), "{reason}");
    let rows = shop.scan("UploadsTable").await;
    let key = rows[0]["key"]["S"].as_str().unwrap();
    assert_eq!(shop.cloud.object("ImagesBucket", key), None);
}

/// Tells again of the file of an upload, which was deleted once it was judged, as if no try had
/// come to that.
pub(crate) async fn judge_what_is_gone(shop: &Shop, upload: &str) {
    let rows = shop.scan("UploadsTable").await;
    let row = rows.iter().find(|row| row["uploadId"]["S"] == upload);
    let mut row = row.unwrap().clone();
    let (key, version) = (row["key"]["S"].clone(), row["versionId"]["S"].clone());
    row["status"]["S"] = json!("judging");
    shop.put_item("UploadsTable", row).await;
    let object = json!({ "key": key, "size": 1, "versionId": version });
    let event = json!({ "Records": [{ "s3": { "object": object } }] });
    let told = shop
        .cloud
        .invoke("process-image", event.to_string().into_bytes());
    told.await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_gone_when_it_is_judged_is_rejected_with_that_reason() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    let product = draft(&admin).await;
    let none = b"no picture".to_vec();
    let upload = send_picture(&shop, &admin, &product, "image/png", none).await;
    judge_what_is_gone(&shop, &upload).await;
    let rejected = state(&admin, &upload).await;
    assert_eq!(rejected["status"], "rejected", "{rejected}");
    let reason = rejected["reason"].as_str().unwrap();
    assert!(reason.contains("was removed"), "{reason}");
}

/// Lets an upload be rejected after its files are kept and before it is ready. Returns the key
/// of the file.
pub(crate) async fn reject_what_is_kept(shop: &Shop, admin: &Client, product: &str) -> String {
    let says = Calls::of("UpdateItem").by("process-image").from_nth(2);
    let late = Fault::Delay(Duration::from_secs(2));
    shop.cloud.faults().inject(says, late);
    let upload = send_file(admin, product, "image/png", png(50, 40)).await;
    let image = upload.replace("upl_", "img_");
    let key = format!("ecommerce-products/{product}/{image}/50x40.jpg");
    while shop.cloud.object("ImagesBucket", &key).is_none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let rows = shop.scan("UploadsTable").await;
    let row = rows.iter().find(|row| row["uploadId"]["S"] == upload);
    let mut row = row.unwrap().clone();
    assert_eq!(row["status"]["S"], "judging");
    row["status"]["S"] = json!("rejected");
    shop.put_item("UploadsTable", row).await;
    settle(shop).await;
    key
}

#[tokio::test]
async fn the_files_of_an_upload_that_was_rejected_meanwhile_are_deleted() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    let product = draft(&admin).await;
    let key = reject_what_is_kept(&shop, &admin, &product).await;
    assert_eq!(shop.cloud.object("ImagesBucket", &key), None);
    let shown = admin.get(&format!("/api/admin/products/{product}")).await;
    assert_eq!(shown.expect(200).body["images"], json!([]));
}

/// Writes an upload whose picture is ready, as `process-image` does, with one file of this key.
async fn put_ready(shop: &Shop, upload: &str, product: &str, key: &str) {
    let file = json!({ "M": {
        "key": { "S": key }, "width": { "N": "1" }, "height": { "N": "1" },
    } });
    let row = json!({
        "userId": { "S": "usr_01arz3ndektsv4rrffq69g5fav" }, "uploadId": { "S": upload },
        "productId": { "S": product }, "status": { "S": "ready" }, "files": { "L": [file] },
        "createdAt": { "S": "2026-11-21T10:00:10Z" },
    });
    shop.put_item("UploadsTable", row).await;
}

#[tokio::test]
async fn one_record_that_fails_lies_in_the_queue_alone_and_the_rest_of_its_batch_is_done() {
    let shop = spawn_shop().await;
    let product = shop.new_product("Pictured", 1900, 3).await;
    let held = shop.cloud.events().hold();
    let name = |kind: &str, number: usize| format!("{kind}_01arz3ndektsv4rrffq69g5f{number:02}");
    // The very first is on its way alone; the second, which can't be put anywhere, leads ten.
    for number in 0..11 {
        let image = name("img", if number == 1 { 99 } else { number });
        let key = format!("ecommerce-products/{product}/{image}/1x1.jpg");
        put_ready(&shop, &name("upl", number), &product, &key).await;
    }
    drop(held);
    settle(&shop).await;
    let path = format!("/api/products/{product}");
    let detail = shop.anonymous().get(&path).await.expect(200).body;
    let images = detail["images"].as_array().unwrap().iter();
    let images: Vec<&str> = images.map(|it| it["imageId"].as_str().unwrap()).collect();
    let mut expected = Vec::from_iter((0..11).map(|it| name("img", it)));
    expected.remove(1);
    assert_eq!(images, expected, "all others, in their order");
    let letters = shop.cloud.messages("DeadLetters");
    assert_eq!(letters.len(), 1, "{letters:?}");
    let letter: Value = serde_json::from_str(&letters[0]).unwrap();
    assert_eq!(letter["DDBStreamBatchInfo"]["batchSize"], 1);
    // Three failures of it alone, however often its batch was halved before.
    assert_eq!(letter["requestContext"]["approximateInvokeCount"], 3);
}

#[tokio::test]
async fn pictures_that_could_not_be_hidden_are_by_the_operators_command() {
    let mut options = tests::options();
    options.retry_delay = Duration::from_millis(1);
    let shop = tests::spawn_shop_with(options).await;
    let admin = shop.admin().await;
    let product = shop.new_product("Pictured", 1900, 3).await;
    let upload = send_picture(&shop, &admin, &product, "image/png", png(900, 700)).await;
    let shown = urls(&state(&admin, &upload).await["image"]);
    // The table can't be reached for all of its tries.
    let calls = Calls::any().by("sync-images").always();
    let _ = shop.cloud.faults().inject(calls, Fault::FailBefore);
    let path = format!("/api/admin/products/{product}");
    let draft = json!({ "status": "draft" });
    let draft = admin.request(reqwest::Method::PATCH, &path).json(&draft);
    send(draft).await.expect(200);
    settle(&shop).await;
    assert_eq!(shop.cloud.messages("DeadLetters").len(), 1);
    for url in &shown {
        assert_eq!(status(url).await, 200, "still to be seen");
    }
    shop.cloud.faults().clear();

    let mut variables = shop.cloud.environment("admin-create-product");
    let key = cloud::ACCESS_KEY_ID.to_owned();
    variables.insert("AWS_ACCESS_KEY_ID".to_owned(), key);
    let env = shared::aws::Env::of(move |name| variables.get(name).cloned()).unwrap();
    let command = async |product: Option<&str>| {
        let done = local::operator::sync_pictures(&env, product).await;
        settle(&shop).await;
        done.map_err(|it| it.to_string())
    };
    let done = command(Some(&product)).await.unwrap();
    assert_eq!(
        done,
        "sync-images looks at the pictures of 1 product again."
    );
    for url in &shown {
        assert_eq!(status(url).await, 403);
    }
    // Of all products no other has pictures here; nothing else changes.
    let before = admin.get(&path).await.expect(200).body["version"].clone();
    let done = command(None).await.unwrap();
    assert_eq!(
        done,
        "sync-images looks at the pictures of 1 product again."
    );
    assert_eq!(admin.get(&path).await.expect(200).body["version"], before);
    for url in &shown {
        assert_eq!(status(url).await, 403);
    }
    for unknown in ["prod_01arz3ndektsv4rrffq69g5fav", "prod"] {
        let unknown = command(Some(unknown)).await.unwrap_err();
        assert!(unknown.contains("there is no product"), "{unknown}");
    }
}
