//! Categories: how they are made, moved and deleted, and who sees what of them.

use reqwest::Method;
use serde_json::{Value, json};

use tests::{Client, Shop, TestResponse, send, spawn_shop};

fn path(slug: &str) -> String {
    format!("/api/admin/categories/{slug}")
}

async fn save(client: &Client, slug: &str, parent: Option<&str>) -> TestResponse {
    let body = json!({ "name": format!("Category {slug}"), "parent": parent });
    client.put(&path(slug), &body).await
}

/// All categories as anyone sees them.
async fn list(shop: &Shop) -> Vec<Value> {
    let list = shop.anonymous().get("/api/categories").await.expect(200);
    list.body["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_category_is_made_changed_listed_and_deleted() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    let made = save(&admin, "cups", None).await.expect(201);
    let mut expected = json!({
        "slug": "cups", "name": "Category cups", "parent": null, "products": 0,
        "version": made.body["version"],
    });
    assert_eq!(made.body, expected);
    let changed = json!({ "name": " Cups & more ", "parent": "kitchen" });
    let changed = admin.put(&path("cups"), &changed).await.expect(200);
    let version = &changed.body["version"];
    assert!(version.as_u64() > made.body["version"].as_u64());
    expected["name"] = json!("Cups & more");
    expected["parent"] = json!("kitchen");
    expected["version"] = version.clone();
    assert_eq!(changed.body, expected);
    let listed = list(&shop).await;
    let cups = json!({
        "slug": "cups", "name": "Cups & more", "parent": "kitchen", "version": version,
    });
    assert!(listed.contains(&cups), "{listed:#?}");
    let slugs: Vec<&str> = listed
        .iter()
        .map(|it| it["slug"].as_str().unwrap())
        .collect();
    assert!(slugs.is_sorted(), "{slugs:?}");

    admin.delete(&path("cups")).await.expect(204);
    assert!(!list(&shop).await.contains(&cups));
    admin
        .delete(&path("cups"))
        .await
        .expect_problem(404, "not-found");
}

#[tokio::test]
async fn who_has_the_list_of_categories_is_told_that_it_is_the_same() {
    let shop = spawn_shop().await;
    let anonymous = shop.anonymous();
    let list = anonymous.get("/api/categories").await.expect(200);
    let again = anonymous.request(Method::GET, "/api/categories");
    let again = again.header("if-none-match", list.header("etag"));
    send(again).await.expect(304);
    let admin = shop.admin().await;
    save(&admin, "cups", None).await.expect(201);
    let changed = anonymous.request(Method::GET, "/api/categories");
    let changed = changed.header("if-none-match", list.header("etag"));
    send(changed).await.expect(200);
}

#[tokio::test]
async fn of_two_who_change_a_category_that_they_have_read_one_is_told() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    let named = async |name: &str, version: &Value| {
        let body = json!({ "name": name, "version": version });
        admin.put(&path("cups"), &body).await
    };
    let made = named("Cups", &json!(0)).await.expect(201).body;
    named("Others", &json!(0))
        .await
        .expect_problem(409, "conflict");
    let first = named("Cups & more", &made["version"]).await.expect(200);
    named("Mugs", &made["version"])
        .await
        .expect_problem(409, "conflict");
    let stale = admin.request(Method::PUT, &path("cups"));
    let stale = stale.header("if-match", format!("\"{}\"", made["version"]));
    send(stale.json(&json!({ "name": "Mugs" })))
        .await
        .expect_problem(409, "conflict");
    // It was saved, and its answer may have been lost.
    let again = named("Cups & more", &made["version"]).await.expect(200);
    assert_eq!(again.body, first.body);
    let wrong = named("Mugs", &json!(-1)).await;
    assert_eq!(
        wrong.expect_problem(422, "invalid").pointers(),
        ["/version"]
    );
    admin.delete(&path("cups")).await.expect(204);
    named("Mugs", &first.body["version"])
        .await
        .expect_problem(409, "conflict");
}

#[tokio::test]
async fn no_category_stands_below_itself_or_below_none() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    save(&admin, "a", None).await.expect(201);
    save(&admin, "b", Some("a")).await.expect(201);
    save(&admin, "c", Some("b")).await.expect(201);
    for (slug, parent) in [
        ("a", "a"),
        ("a", "c"),
        ("b", "c"),
        ("d", "none"),
        ("d", "d"),
    ] {
        let refused = save(&admin, slug, Some(parent)).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/parent"], "{slug} {parent}");
    }
    save(&admin, "c", None).await.expect(200);
    save(&admin, "a", Some("c")).await.expect(200);
}

#[tokio::test]
async fn a_slug_that_is_none_is_a_category_that_is_none() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    for slug in ["Cups", "a--b", "%23tree", "a%20b", &"x".repeat(65)] {
        let saved = save(&admin, slug, None).await;
        saved.expect_problem(404, "not-found");
        let deleted = admin.delete(&path(slug)).await;
        deleted.expect_problem(404, "not-found");
    }
}

#[tokio::test]
async fn a_category_under_which_others_stand_is_kept() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    save(&admin, "a", None).await.expect(201);
    save(&admin, "b", Some("a")).await.expect(201);
    let kept = admin.delete(&path("a")).await;
    kept.expect_problem(409, "conflict");
    admin.delete(&path("b")).await.expect(204);
    admin.delete(&path("a")).await.expect(204);
}

#[tokio::test]
async fn categories_that_are_changed_at_the_same_time_are_a_conflict() {
    let shop = spawn_shop().await;
    let admin = shop.admin().await;
    let mut conflicts = 0;
    for round in 0..20 {
        let slugs: Vec<String> = (0..8).map(|number| format!("c{round}-{number}")).collect();
        let saves = slugs.iter().map(|slug| save(&admin, slug, None));
        for (answer, slug) in futures_util::future::join_all(saves)
            .await
            .iter()
            .zip(&slugs)
        {
            let listed = list(&shop).await;
            let is_there = listed.iter().any(|it| it["slug"] == **slug);
            assert_eq!(is_there, answer.status == 201, "{answer:#?}");
            if answer.status != 201 {
                answer.clone().expect_problem(409, "conflict");
                conflicts += 1;
            }
        }
        if conflicts > 0 {
            return;
        }
    }
    panic!("nothing met");
}
