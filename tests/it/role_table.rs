//! The role table: what every endpoint answers to each kind of caller.

use std::collections::BTreeSet;

use tests::{Client, Shop, options, password_of, spawn_shop_with};

use crate::endpoints::{ENDPOINTS, Fixtures};

/// Whom the columns of the table are of.
const CALLERS: [&str; 5] = ["nobody", "a customer", "staff", "an admin", "a super-admin"];
/// The accounts of the last three.
const STAFF_EMAILS: [&str; 3] = [
    "staff@example.com",
    "admin@example.com",
    "super@example.com",
];

const ANYONE: [u16; 5] = [200; 5];
const CUSTOMERS: [u16; 5] = [401, 200, 403, 403, 403];
const STAFF: [u16; 5] = [401, 403, 200, 200, 200];
const ADMINS: [u16; 5] = [401, 403, 403, 200, 200];
const SUPER_ADMINS: [u16; 5] = [401, 403, 403, 403, 200];

/// Returns a row of the table where success is another status than 200.
const fn made(mut row: [u16; 5], status: u16) -> [u16; 5] {
    let mut column = 0;
    while column < row.len() {
        if row[column] == 200 {
            row[column] = status;
        }
        column += 1;
    }
    row
}

/// What is asked for a picture, which whoever asks has sent.
const PICTURES: [&str; 2] = ["admin-get-upload", "admin-delete-image"];

/// What each endpoint answers to a good request of nobody, a customer, one of the staff, an
/// admin and a super-admin.
const TABLE: &[(&str, [u16; 5])] = &[
    ("accept-invite", made(ANYONE, 204)),
    ("admin-change-password", made(STAFF, 204)),
    ("admin-create-product", made(ADMINS, 201)),
    ("admin-create-user", made(SUPER_ADMINS, 201)),
    ("admin-delete-category", made(ADMINS, 204)),
    ("admin-delete-image", made(ADMINS, 204)),
    ("admin-delete-product", made(SUPER_ADMINS, 204)),
    ("admin-get-order", STAFF),
    ("admin-get-product", STAFF),
    ("admin-get-upload", ADMINS),
    ("admin-list-audit", SUPER_ADMINS),
    ("admin-list-orders", STAFF),
    ("admin-list-products", STAFF),
    ("admin-list-users", SUPER_ADMINS),
    ("admin-login", ANYONE),
    ("admin-logout", made(ANYONE, 204)),
    ("admin-refresh", ANYONE),
    ("admin-save-category", made(ADMINS, 201)),
    ("admin-search-customers", STAFF),
    ("admin-set-stock", STAFF),
    ("admin-update-order", STAFF),
    ("admin-update-product", ADMINS),
    ("admin-update-user", SUPER_ADMINS),
    ("admin-upload", made(ADMINS, 201)),
    ("cancel-order", CUSTOMERS),
    ("change-password", made(CUSTOMERS, 204)),
    ("checkout", made(CUSTOMERS, 201)),
    ("get-cart", CUSTOMERS),
    ("get-order", CUSTOMERS),
    ("get-orders", CUSTOMERS),
    ("get-product", ANYONE),
    ("list-categories", ANYONE),
    ("list-products", ANYONE),
    ("login", ANYONE),
    ("logout", made(ANYONE, 204)),
    ("refresh", ANYONE),
    ("register", made(ANYONE, 201)),
    ("remove-cart-item", made(CUSTOMERS, 204)),
    ("set-cart-item", CUSTOMERS),
];

#[test]
fn the_three_rows_that_the_shop_was_planned_with_stand_in_the_table() {
    for (function, row) in [
        ("admin-delete-product", [401, 403, 403, 403, 204]),
        ("admin-create-product", [401, 403, 403, 201, 201]),
        ("admin-list-orders", [401, 403, 200, 200, 200]),
    ] {
        assert!(TABLE.contains(&(function, row)), "{function}");
    }
}

#[tokio::test]
async fn every_endpoint_answers_each_role_as_the_table_says() {
    let functions: BTreeSet<&str> = ENDPOINTS.iter().map(|endpoint| endpoint.function).collect();
    let rows: BTreeSet<&str> = TABLE.iter().map(|(function, _)| *function).collect();
    assert_eq!(functions, rows);

    let mut options = options();
    for limit in [
        "RequestLimit",
        "StaffSignInLimit",
        "SignInLimit",
        "RegistrationLimit",
        "InvitationLimit",
    ] {
        let parameters = &mut options.deployment.parameters;
        parameters.insert(limit.to_owned(), "100000".to_owned());
    }
    let shop = spawn_shop_with(options).await;
    let mut others = Vec::new();
    let mut callers = sign_in(&shop).await;
    let mut fixtures = Fixtures::make(&shop, &callers[1]).await;
    for endpoint in ENDPOINTS {
        let row = TABLE.iter().find(|(name, _)| *name == endpoint.function);
        let (function, row) = row.unwrap();
        let changes = !endpoint.route.starts_with("GET ");
        for (column, (caller, status)) in callers.iter().zip(row).enumerate() {
            if let Some(place) = column.checked_sub(2) {
                fixtures.staff_password = password_of(STAFF_EMAILS[place]);
            }
            if PICTURES.contains(function) {
                let admin = if *status < 300 { caller } else { &callers[3] };
                fixtures.add_picture(&shop, admin).await;
            }
            let answer = endpoint.call(caller, &fixtures).await;
            if answer.status != *status {
                let (name, got) = (CALLERS[column], answer.status);
                others.push(format!("{function} of {name}: {got} and not {status}"));
            }
            if answer.status < 300 && changes {
                fixtures = Fixtures::make(&shop, &shop.alice().await).await;
            }
        }
        // Some endpoints end their callers' sessions.
        if changes {
            callers = sign_in(&shop).await;
        }
    }
    assert!(others.is_empty(), "{others:#?}");
}

/// Signs one of each kind in.
async fn sign_in(shop: &Shop) -> [Client; 5] {
    [
        shop.anonymous(),
        shop.alice().await,
        shop.staff().await,
        shop.admin().await,
        shop.super_admin().await,
    ]
}
