//! Lists that are edited while somebody pages through them: what is in a list throughout, and
//! where it was, comes exactly once.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use tests::{Client, Shop, TestResponse, product_body, send, spawn_shop};

/// How many products there are at first, of which every fifth stays as it is.
const PRODUCTS: usize = 20;

/// What becomes of a product while somebody pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edit {
    Rename,
    Reprice,
    Unpublish,
    Delete,
}

/// Who edits: an admin, and a super-admin who deletes.
struct Editors {
    admin: Client,
    sue: Client,
}

impl Editors {
    async fn change(&self, id: &str, change: Value) -> TestResponse {
        let path = format!("/api/admin/products/{id}");
        let request = self.admin.request(reqwest::Method::PATCH, &path);
        send(request.json(&change)).await.expect(200)
    }

    async fn edit(&self, id: &str, edit: Edit, number: usize) {
        match edit {
            // To the other end of the list.
            Edit::Rename => {
                let first = if number.is_multiple_of(2) {
                    "aaa"
                } else {
                    "zzz"
                };
                self.change(id, json!({ "name": format!("{first} {number}") }))
                    .await;
            }
            Edit::Reprice => {
                let amount = if number.is_multiple_of(2) { 1 } else { 9999 };
                let price = json!({ "amount": amount, "currency": "EUR" });
                self.change(id, json!({ "price": price })).await;
            }
            Edit::Unpublish => {
                self.change(id, json!({ "status": "draft" })).await;
            }
            Edit::Delete => {
                let path = format!("/api/admin/products/{id}");
                self.sue.delete(&path).await.expect(204);
            }
        }
    }

    async fn make(&self, name: &str, price: u64) -> String {
        let body = product_body(name, price, 5);
        let made = self
            .admin
            .post("/api/admin/products", &body)
            .await
            .expect(201);
        made.body["productId"].as_str().unwrap().to_owned()
    }
}

/// Pages through a list by threes. After each page one product is made, and of those that were
/// there at first as many as there are edits become something else, the last one shown among
/// them. Returns what became of each, and how often each was shown.
async fn page_and_edit(
    shop: &Shop,
    reader: &Client,
    list: &str,
) -> (BTreeMap<String, Option<Edit>>, BTreeMap<String, usize>) {
    let editors = Editors {
        admin: shop.admin().await,
        sue: shop.super_admin().await,
    };
    let mut edits = BTreeMap::new();
    let mut shown: BTreeMap<String, usize> = BTreeMap::new();
    for number in 0..PRODUCTS {
        // Some names and prices are the same: such products are told apart by their ids.
        let name = format!("Thing {:02}", number / 2);
        let price = 100 + 50 * u64::try_from(number % 4).unwrap();
        edits.insert(editors.make(&name, price).await, None);
    }
    let ids: Vec<String> = edits.keys().cloned().collect();
    let kinds = [Edit::Rename, Edit::Reprice, Edit::Unpublish, Edit::Delete];
    let mut kind = kinds.into_iter().cycle();
    let mut edited = 0;
    let mut cursor = String::new();
    for round in 0.. {
        let page = reader
            .get(&format!("{list}&limit=3{cursor}"))
            .await
            .expect(200);
        let items = page.body["items"].as_array().unwrap();
        for item in items {
            let id = item["productId"].as_str().unwrap().to_owned();
            *shown.entry(id).or_default() += 1;
        }
        let Some(next) = page.body["nextCursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
        let last = items.last().and_then(|it| it["productId"].as_str());
        let others = ids.iter().enumerate().filter(|(place, _)| place % 5 != 0);
        let others = others.map(|(_, id)| id.as_str()).skip(2 * round).take(2);
        for id in last.into_iter().chain(others) {
            if let Some(edit @ None) = edits.get_mut(id) {
                let kind = kind.next().unwrap();
                editors.edit(id, kind, edited).await;
                *edit = Some(kind);
                edited += 1;
            }
        }
        editors
            .make(["aaa new", "Thing 05", "zzz new"][round % 3], 125)
            .await;
        assert!(round < 50, "{list} has no end");
    }
    assert!(edited >= 8, "{list}: {edited} were edited");
    (edits, shown)
}

/// Fails unless each product that these edits leave where it was is shown once.
fn come_once(
    list: &str,
    (edits, shown): &(BTreeMap<String, Option<Edit>>, BTreeMap<String, usize>),
    harmless: &[Edit],
) {
    let mut stayed = 0;
    for (id, edit) in edits {
        if edit.is_none_or(|edit| harmless.contains(&edit)) {
            stayed += 1;
            assert_eq!(shown.get(id), Some(&1), "{list}: {id} {edit:?}");
        }
    }
    assert!(stayed >= 4, "{list}: {stayed} stayed");
}

#[tokio::test]
async fn a_list_that_is_edited_while_somebody_pages_shows_what_stays_exactly_once() {
    for (sort, harmless) in [
        ("newest", &[Edit::Rename, Edit::Reprice][..]),
        ("price", &[Edit::Rename]),
        ("-price", &[Edit::Rename]),
        ("name", &[Edit::Reprice]),
    ] {
        let shop = spawn_shop().await;
        let reader = shop.anonymous();
        for scope in ["", "&category=tests"] {
            let list = format!("/api/products?sort={sort}{scope}");
            let paged = page_and_edit(&shop, &reader, &list).await;
            come_once(&list, &paged, harmless);
        }
    }
}

#[tokio::test]
async fn the_staffs_list_shows_what_stays_exactly_once() {
    let shop = spawn_shop().await;
    let reader = shop.staff().await;
    for (filter, harmless) in [
        (
            "category=tests",
            &[Edit::Rename, Edit::Reprice, Edit::Unpublish][..],
        ),
        ("status=published", &[Edit::Rename, Edit::Reprice]),
    ] {
        let list = format!("/api/admin/products?{filter}");
        let paged = page_and_edit(&shop, &reader, &list).await;
        come_once(&list, &paged, harmless);
    }
}
