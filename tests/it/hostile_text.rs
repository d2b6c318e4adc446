//! Text that was made to be taken for something else: for a statement, a
//! template, a page, a path, a key. Where people may write freely it is kept
//! and given back byte for byte, never escaped; anywhere else it is refused by
//! the name of its field.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use tests::{Client, Shop, TestRequest, checkout_body, product_body, send, spawn_shop};

/// Lines that a name, an address or a device may consist of: 3 to 100
/// characters, no control characters, nothing to trim.
const LINES: &[&str] = &[
    // Markup.
    "O'Neil & <b>bold</b>",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "javascript:alert(1)//\"'>",
    "&lt;b&gt; &amp;amp; &#39;",
    "]]><!--<![CDATA[",
    // Statements and filters.
    "'; DROP TABLE products; --",
    "Robert'); DELETE FROM users WHERE ('1'='1",
    "\" OR \"\"=\"",
    "{\"$ne\":null}",
    "{\"$where\":\"sleep(1)\"}",
    "*)(uid=*))(|(uid=*",
    "x' or name()='x' or 'x'='y",
    // Templates and formats.
    "${jndi:ldap://127.0.0.1/x}",
    "{{7*7}}",
    "${7*7}#{7*7}<%= 7*7 %>",
    "%s%n%x%p%08x",
    "{0}{name}{:?}",
    // Shells, spreadsheets and paths.
    "`id` $(id) ; id | id && id",
    "=cmd|' /C calc'!A0",
    "@SUM(1)+1-1",
    "../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "..%2f..%2fetc%2fpasswd",
    "file:///etc/passwd",
    "C:\\con\\nul",
    // What one layer decodes and the next one believes.
    "%00",
    "%0d%0aSet-Cookie: a=b",
    "\\u0000\\x00\\0",
    "\\\" \\\\ \\/ \\n",
    "+%2B+ %20",
    "=?utf-8?Q?x?=",
    // The database's own words.
    "USER#x",
    "###",
    "key#AAAA",
    "#name",
    ":value",
    "attribute_exists(userId)",
    "SET #n = :v REMOVE productId",
    "begins_with(orderId, :o) OR size(:v) > :v",
    "{\"S\":\"x\"}",
    "{\"NULL\":true}",
    "ord_01arz3ndektsv4rrffq69g5fav",
    // Words that languages take for values.
    "null",
    "undefined",
    "NaN",
    "true",
    "[object Object]",
    "__proto__",
    "constructor",
    "1e309",
    "0x10",
    // Unicode.
    "soft\u{ad}hyphen",
    "a\u{2028}b\u{2029}c",
    "\u{fffd}\u{fffe}\u{ffff}",
    "\u{e000}\u{f8ff}\u{10ffff}",
    "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466} \u{1f3f3}\u{fe0f}\u{200d}\u{1f308}",
    "\u{e9} e\u{301} \u{212b} \u{c5} A\u{30a}",
    "Z\u{351}\u{36b}\u{343}\u{32a}a\u{321}\u{353}lgo",
    "\u{130}\u{131}\u{17f}\u{df}\u{1e9e}\u{1c5}",
    "\u{fdfa}\u{fb03}\u{2460}\u{ff21}",
    "\u{645}\u{631}\u{62d}\u{628}\u{627} \u{5e9}\u{5dc}\u{5d5}\u{5dd}",
    "\u{65e5}\u{672c}\u{8a9e} \u{20bb7} \u{1d54f}",
    // Joiners that are needed: Persian, Hindi, Bengali; a variant as in Japanese names.
    "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
    "\u{915}\u{94d}\u{200d}\u{937} \u{915}\u{94d}\u{200c}\u{937}",
    "\u{9b0}\u{200d}\u{9cd}\u{9af}\u{9be}\u{9ac}",
    "\u{845b}\u{e0100}\u{98fe}",
];

/// What nobody sees: it turns the direction of what follows, or hides in it.
const INVISIBLE: &[&str] = &[
    "\u{202e}gnp.live\u{202c}",
    "\u{2066}a\u{2069}\u{200f}\u{200e}",
    "\u{200b}\u{200c}\u{200d}",
    "\u{feff}bom\u{feff}",
    "pay\u{200b}pal",
    "one\u{2060}two",
    "one\u{200c}two",
    "one\u{200d}two",
    "\u{5e9}\u{5dc}\u{200f}\u{5d5}\u{5dd}",
    "one\u{e0041}\u{e007f}two",
    "one\u{fe0f}\u{fe0f}two",
    "\u{3164}\u{3164}\u{3164}",
];

/// Control characters of each kind: of C0 with and without a meaning for
/// terminals, DEL, of C1.
const CONTROLS: [char; 10] = [
    '\0', '\u{7}', '\u{8}', '\t', '\n', '\r', '\u{1b}', '\u{7f}', '\u{85}', '\u{9b}',
];

/// What no text in a JSON body can be: escapes of half a character or of none,
/// and bytes that are no UTF-8.
const BROKEN: &[&[u8]] = &[
    br"\ud800",
    br"\udfff",
    br"\ud800\ud800",
    br"\udc00\ud800",
    br"\ud83dx",
    br"\ud83d\n",
    br"\u12",
    br"\u00zz",
    br"\x41",
    br"\0",
    br"\'",
    b"\\",
    b"\0",
    b"\x01",
    b"\x1f",
    b"\n",
    b"\t",
    // A lone byte that goes on, one that ends too soon, bytes that never occur.
    b"\x80",
    b"\xc3",
    b"\xe2\x82",
    b"\xf0\x9f\x98",
    b"\xfe",
    b"\xff",
    // Longer than need be: NUL, `/`, DEL.
    b"\xc0\x80",
    b"\xc0\xaf",
    b"\xe0\x80\xaf",
    b"\xc1\xbf",
    b"\xf0\x80\x80\xaf",
    b"\xf8\x80\x80\x80\xaf",
    // Surrogates, and what is beyond the last character.
    b"\xed\xa0\x80",
    b"\xed\xbf\xbf",
    b"\xed\xa0\xbd\xed\xb8\x80",
    b"\xf4\x90\x80\x80",
    // Latin-1.
    b"M\xfcller",
];

/// Every byte percent-encoded.
fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// As many of the lines in one as fit into so many characters.
fn joined(most: usize) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for line in LINES {
        match all.last_mut() {
            Some(last) if last.chars().count() + 1 + line.chars().count() <= most => {
                last.push(' ');
                last.push_str(line);
            }
            _ => all.push((*line).to_owned()),
        }
    }
    all
}

/// A checkout's body that goes to an address made of this text.
fn draft_to(text: &str) -> Value {
    let mut body = checkout_body(100);
    for field in ["name", "line1", "line2", "city"] {
        body["shippingAddress"][field] = json!(text);
    }
    let code: String = text.chars().take(20).collect();
    body["shippingAddress"]["postalCode"] = json!(code.trim());
    body
}

fn texts(rows: &[Value], attribute: &str) -> BTreeSet<String> {
    let texts = rows.iter().filter_map(|row| row[attribute]["S"].as_str());
    texts.map(str::to_owned).collect()
}

/// What the rows' keys are made of is the shop's, whatever was sent.
fn is_id(text: &str, prefix: &str) -> bool {
    let ulid = text.strip_prefix(prefix).unwrap_or_default();
    ulid.len() == 26
        && ulid
            .bytes()
            .all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
}

#[test]
fn the_lines_are_what_they_are_said_to_be() {
    for line in LINES {
        assert!((3..=100).contains(&line.chars().count()), "{line}");
        assert_eq!(line.trim(), *line);
        assert!(!line.chars().any(char::is_control), "{line}");
    }
    let different: BTreeSet<_> = LINES.iter().collect();
    assert_eq!(different.len(), LINES.len());
}

#[tokio::test]
async fn a_product_is_called_and_described_as_it_was_typed() {
    let shop = spawn_shop().await;
    let (admin, anonymous) = (shop.admin().await, shop.anonymous());
    for line in LINES {
        let description = format!("{line}\n\t{line}\r\n\u{2028}{line}");
        let mut body = product_body(line, 100, 1);
        body["description"] = json!(description);
        let made = admin.post("/api/admin/products", &body).await.expect(201);
        assert_eq!(made.body["name"], *line);
        assert_eq!(made.body["description"], description);
        let path = format!("/api/products/{}", made.body["productId"].as_str().unwrap());
        // As a name of a browser, it must not break the log.
        let shown = anonymous.request(Method::GET, &path);
        let shown = shown.header("user-agent", line.as_bytes());
        let shown = send(shown).await.expect(200);
        assert_eq!(shown.header("content-type"), "application/json");
        assert_eq!(shown.body["name"], *line);
        assert_eq!(shown.body["description"], description);
    }
    let list = anonymous
        .get("/api/products?limit=100&category=tests")
        .await;
    let list = list.expect(200);
    let names = list.body["items"].as_array().unwrap().iter();
    let names: BTreeSet<_> = names.map(|item| item["name"].as_str().unwrap()).collect();
    assert_eq!(names, LINES.iter().copied().collect());

    let rows = shop.scan("ProductsTable").await;
    let (kept, described) = (texts(&rows, "name"), texts(&rows, "description"));
    for line in LINES {
        assert!(kept.contains(*line), "{line}");
        let description = format!("{line}\n\t{line}\r\n\u{2028}{line}");
        assert!(described.contains(&description), "{line}");
    }
    for id in texts(&rows, "productId") {
        assert!(is_id(&id, "prod_"), "{id}");
    }

    let logs = shop.cloud.logs();
    let lines = logs
        .iter()
        .filter_map(|line| line.strip_prefix("get-product: "));
    let lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let agents: Vec<_> = lines.filter(|line| line["route"].is_string()).collect();
    assert_eq!(agents.len(), LINES.len(), "a line a request");
    for line in LINES.iter().filter(|line| line.is_ascii()) {
        assert!(agents.iter().any(|it| it["userAgent"] == *line), "{line}");
    }
}

#[tokio::test]
async fn an_order_goes_where_it_was_said_to_under_whatever_key() {
    let shop = spawn_shop().await;
    let (admin, alice, bob) = (shop.admin().await, shop.alice().await, shop.bob().await);
    let mut orders = BTreeSet::new();
    for (number, line) in LINES.iter().enumerate() {
        let body = product_body(line, 100, 1);
        let made = admin.post("/api/admin/products", &body).await.expect(201);
        let product = made.body["productId"].clone();
        let product = product.as_str().unwrap();
        let cart = alice.fill_cart(product, 1).await;
        assert_eq!(cart.body["items"][0]["name"], *line);

        let visible = line.bytes().all(|byte| byte.is_ascii_graphic());
        let key = if visible {
            (*line).to_owned()
        } else {
            format!("key-{number}")
        };
        let body = draft_to(line);
        let order = alice.check_out(&key, &body).await.expect(201);
        let id = order.body["orderId"].as_str().unwrap().to_owned();
        assert!(is_id(&id, "ord_"), "{id}");
        let path = format!("/api/orders/{id}");
        let again = alice.check_out(&key, &body).await.expect(200);
        for shown in [order, again, alice.get(&path).await.expect(200)] {
            assert_eq!(shown.body["orderId"], id);
            assert_eq!(shown.body["shippingAddress"], body["shippingAddress"]);
            assert_eq!(shown.body["lines"][0]["name"], *line);
        }
        assert!(orders.insert(id), "an order of its own");
        // The key is the customer's own: to another it says nothing.
        if visible {
            let theirs = bob.check_out(&key, &body).await;
            theirs.expect_problem(409, "empty-cart");
            bob.get(&path).await.expect_problem(404, "not-found");
        }
    }

    let rows = shop.scan("OrdersTable").await;
    let kept: BTreeSet<_> = rows
        .iter()
        .filter_map(|row| row["shippingAddress"]["M"]["city"]["S"].as_str())
        .collect();
    assert_eq!(kept, LINES.iter().copied().collect());
    for row in &rows {
        let id = row["orderId"]["S"].as_str().unwrap();
        let hash = id.strip_prefix("key#").unwrap_or("A");
        assert!(is_id(id, "ord_") || id.starts_with("key#"), "{id}");
        assert!(
            hash.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)),
            "{id}"
        );
        assert!(is_id(row["userId"]["S"].as_str().unwrap(), "usr_"));
    }
}

#[tokio::test]
async fn a_person_and_a_device_are_called_as_they_say() {
    let shop = spawn_shop().await;
    let names = joined(200);
    assert!(names.len() <= 14, "{} registrations", names.len());
    for (number, name) in names.iter().enumerate() {
        let body = json!({
            "email": format!("person-{number}@example.com"),
            "password": "a long enough password", "name": name,
        });
        let session = shop.anonymous().post("/api/auth/register", &body).await;
        let session = session.expect(201).body;
        assert_eq!(session["user"]["name"], **name);
        let body = json!({ "refreshToken": session["refreshToken"] });
        let session = shop.anonymous().post("/api/auth/refresh", &body).await;
        assert_eq!(session.expect(200).body["user"]["name"], **name);
    }
    let kept = texts(&shop.scan("UsersTable").await, "name");
    for name in &names {
        assert!(kept.contains(name), "{name}");
    }

    let devices = joined(100);
    assert!(devices.len() <= 24, "{} sign-ins", devices.len());
    for device in &devices {
        let body = json!({
            "email": "alice@example.com", "password": tests::password_of("alice@example.com"),
            "device": device,
        });
        let session = shop.anonymous().post("/api/auth/login", &body).await;
        session.expect(200);
    }
    let kept = texts(&shop.scan("SessionsTable").await, "device");
    assert_eq!(kept, devices.into_iter().collect());
}

#[tokio::test]
async fn a_password_is_its_characters_and_no_others() {
    let shop = spawn_shop().await;
    for (number, (password, others)) in [
        // As typed, in another case and with a space after it.
        (
            "caf\u{e9} caf\u{e9} caf\u{e9}",
            ["Caf\u{e9} caf\u{e9} caf\u{e9}", "caf\u{e9} caf\u{e9} caf\u{e9} "],
        ),
        // A family and its members; with a mark that nobody sees.
        (
            "\u{1f469}\u{200d}\u{1f467} \u{1f469}\u{200d}\u{1f467} \u{1f469}\u{200d}\u{1f467} {{7*7}}",
            [
                "\u{1f469}\u{1f467} \u{1f469}\u{1f467} \u{1f469}\u{1f467} {{7*7}}",
                "\u{1f469}\u{200d}\u{1f467} \u{1f469}\u{200d}\u{1f467} \u{1f469}\u{200d}\u{1f467} 49",
            ],
        ),
        (
            "'; DROP TABLE users; --<b>&amp;",
            ["'; DROP TABLE users; --<b>&", "&#39;; DROP TABLE users; --&lt;b&gt;&amp;amp;"],
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("writer-{number}@example.com");
        let body = json!({ "email": email, "password": password, "name": "Writer" });
        let made = shop.anonymous().post("/api/auth/register", &body).await;
        made.expect(201);
        let sign_in = async |password: &str| {
            let body = json!({ "email": email, "password": password });
            shop.anonymous().post("/api/auth/login", &body).await
        };
        sign_in(password).await.expect(200);
        for other in others {
            let refused = sign_in(other).await;
            refused.expect_problem(401, "unauthenticated");
        }
    }
}

#[tokio::test]
async fn a_password_opens_from_every_keyboard() {
    let shop = spawn_shop().await;
    // Composed as Windows does and as macOS may; with a space of each kind.
    let (one, other) = (
        "caf\u{e9} au lait \u{d55c}",
        "cafe\u{301}\u{a0}au\u{3000}lait \u{1112}\u{1161}\u{11ab}",
    );
    for (number, (first, second)) in [(one, other), (other, one)].into_iter().enumerate() {
        let email = format!("traveller-{number}@example.com");
        let body = json!({ "email": email, "password": first, "name": "Traveller" });
        let made = shop.anonymous().post("/api/auth/register", &body).await;
        let client = shop.anonymous().with_session(made.expect(201).body);
        let body = json!({ "email": email, "password": second });
        let opened = shop.anonymous().post("/api/auth/login", &body).await;
        opened.expect(200);
        let body = json!({ "currentPassword": second, "newPassword": first });
        client.put("/api/account/password", &body).await.expect(204);
    }
    for password in [
        "caf\u{e9}\tau lait",
        "caf\u{e9}\u{200b}au lait",
        "caf\u{e9}\u{fdd0}au lait",
    ] {
        let body = json!({ "email": "c@example.com", "password": password, "name": "C" });
        let refused = shop.anonymous().post("/api/auth/register", &body).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/password"]);
    }
}

#[tokio::test]
async fn a_name_loses_the_space_around_it_and_nothing_else() {
    let shop = spawn_shop().await;
    let (admin, alice) = (shop.admin().await, shop.alice().await);
    for (typed, kept) in [
        ("  two  words  ", "two  words"),
        ("\t\r\ntwo words\n", "two words"),
        (
            "\u{a0}\u{2003}\u{3000}two\u{a0}words\u{2028}\u{85}",
            "two\u{a0}words",
        ),
    ] {
        let mut body = product_body(typed, 100, 1);
        body["description"] = json!(typed);
        let made = admin.post("/api/admin/products", &body).await.expect(201);
        assert_eq!(made.body["name"], kept);
        assert_eq!(made.body["description"], kept);

        alice
            .fill_cart(made.body["productId"].as_str().unwrap(), 1)
            .await;
        let mut body = draft_to(typed);
        body["shippingAddress"]["postalCode"] = json!(typed);
        let key = format!("trim-{}", percent(typed));
        let order = alice.check_out(&key, &body).await.expect(201);
        let address = &order.body["shippingAddress"];
        for field in ["name", "line1", "line2", "city", "postalCode"] {
            assert_eq!(address[field], kept, "{field}");
        }
    }
    // Of nothing but space, nothing is left.
    for typed in ["   ", "\u{3000}\u{2003}\u{a0}\u{2028}", "\n\t\r\n"] {
        let body = product_body(typed, 1, 1);
        let refused = admin.post("/api/admin/products", &body).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/name"], "{typed:?}");
        let refused = alice.check_out("k", &draft_to(typed)).await;
        let refused = refused.expect_problem(422, "invalid");
        let named = ["name", "line1", "city", "postalCode"];
        assert_eq!(
            refused.pointers(),
            named.map(|it| format!("/shippingAddress/{it}"))
        );
    }
}

#[tokio::test]
async fn a_control_character_is_refused_in_every_line() {
    let shop = spawn_shop().await;
    let (admin, alice) = (shop.admin().await, shop.alice().await);
    let all = (0..=0x9f_u8).map(char::from);
    for control in all.filter(|c| c.is_control()) {
        let text = format!("one{control}two");
        let mut body = product_body(&text, 1, 1);
        body["description"] = json!(text);
        let refused = admin.post("/api/admin/products", &body).await;
        let refused = refused.expect_problem(422, "invalid");
        let breaks_a_line = matches!(control, '\t' | '\n' | '\r');
        let named: &[&str] = if breaks_a_line {
            &["/name"]
        } else {
            &["/name", "/description"]
        };
        assert_eq!(refused.pointers(), named, "{control:?}");
        assert_eq!(
            refused.body["errors"][0]["detail"],
            "must not contain control characters"
        );

        let mut body = draft_to(&text);
        for field in ["country", "phone"] {
            body["shippingAddress"][field] = json!(text);
        }
        body["paymentMethod"] = json!(format!("invoice{control}"));
        let refused = alice.check_out("k", &body).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(
            refused.pointers(),
            [
                "/shippingAddress/name",
                "/shippingAddress/line1",
                "/shippingAddress/line2",
                "/shippingAddress/city",
                "/shippingAddress/postalCode",
                "/shippingAddress/country",
                "/shippingAddress/phone",
                "/paymentMethod",
            ],
            "{control:?}"
        );
    }
    for control in CONTROLS {
        let text = format!("one{control}two");
        let body = json!({
            "email": format!("{text}@example.com"), "password": "a long enough password",
            "name": text, "phone": format!("+4930123456{control}"),
        });
        let refused = shop.anonymous().post("/api/auth/register", &body).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(
            refused.pointers(),
            ["/email", "/name", "/phone"],
            "{control:?}"
        );
        let body = json!({
            "email": "alice@example.com", "password": "wrong password", "device": text,
        });
        let refused = shop.anonymous().post("/api/auth/login", &body).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/device"], "{control:?}");
    }
}

#[tokio::test]
async fn what_nobody_sees_is_refused_in_every_name_and_address() {
    let shop = spawn_shop().await;
    let (admin, alice) = (shop.admin().await, shop.alice().await);
    let super_admin = shop.super_admin().await;
    for text in INVISIBLE {
        let mut body = product_body(text, 1, 1);
        body["description"] = json!(format!("one\n{text}"));
        let refused = admin.post("/api/admin/products", &body).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/name", "/description"], "{text:?}");
        let detail = refused.body["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.starts_with("must not contain invisible"), "{detail}");

        let refused = alice.check_out("k", &draft_to(text)).await;
        let refused = refused.expect_problem(422, "invalid");
        let named = ["name", "line1", "line2", "city", "postalCode"];
        let named = named.map(|it| format!("/shippingAddress/{it}"));
        assert_eq!(refused.pointers(), named, "{text:?}");

        let address = shop.fresh_ip();
        let body = json!({
            "email": "somebody@example.com", "password": "a long enough password", "name": text,
        });
        let refused = shop
            .call_from(&address, "register", TestRequest::with_body(body))
            .await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/name"], "{text:?}");
        let body = json!({
            "email": "alice@example.com", "password": "wrong password", "device": text,
        });
        let refused = shop
            .call_from(&address, "login", TestRequest::with_body(body))
            .await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/device"], "{text:?}");
        let body = json!({ "email": "new@example.com", "name": text, "role": "staff" });
        let refused = super_admin.post("/api/admin/users", &body).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/name"], "{text:?}");
    }
}

#[tokio::test]
async fn a_field_with_a_form_of_its_own_takes_nothing_else() {
    let shop = spawn_shop().await;
    let (admin, alice) = (shop.admin().await, shop.alice().await);
    for line in LINES {
        let mut body = product_body("Cup", 1, 1);
        body["price"]["currency"] = json!(line);
        body["status"] = json!(line);
        body["stock"] = json!(line);
        let is_slug = line
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let mut named = vec!["/price/currency", "/status", "/stock"];
        if !is_slug {
            body["category"] = json!(line);
            named.insert(1, "/category");
        }
        let refused = admin.post("/api/admin/products", &body).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), named, "{line}");

        let mut body = draft_to(line);
        body["expectedTotal"] = json!({ "amount": line, "currency": line });
        body["shippingAddress"]["country"] = json!(line);
        body["shippingAddress"]["phone"] = json!(line);
        body["paymentMethod"] = json!(line);
        let refused = alice.check_out("k", &body).await;
        let refused = refused.expect_problem(422, "invalid");
        let named = [
            "/expectedTotal/amount",
            "/expectedTotal/currency",
            "/shippingAddress/country",
            "/shippingAddress/phone",
            "/paymentMethod",
        ];
        assert_eq!(refused.pointers(), named, "{line}");

        let body = json!({ "productId": line, "contentType": line, "contentLength": line });
        let refused = admin.post("/api/admin/uploads", &body).await;
        let refused = refused.expect_problem(422, "invalid");
        let named = ["/productId", "/contentType", "/contentLength"];
        assert_eq!(refused.pointers(), named, "{line}");

        let body = json!({ "quantity": line });
        let path = format!("/api/cart/items/{}", shop.product(0));
        let refused = alice.put(&path, &body).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/quantity"], "{line}");

        let body = json!({ "refreshToken": line });
        let refused = shop.anonymous().post("/api/auth/refresh", &body).await;
        refused.expect_problem(401, "unauthenticated");
        let nothing = shop.anonymous().post("/api/auth/logout", &body).await;
        nothing.expect(204);

        // A field that nobody knows is named as it is, up to a length.
        let mut body = product_body("Cup", 1, 1);
        body[*line] = json!(1);
        let refused = admin.post("/api/admin/products", &body).await;
        let refused = refused.expect_problem(422, "invalid");
        let name: String = line.chars().take(64).collect();
        let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        assert_eq!(refused.pointers(), [pointer]);
    }
    // Some of those are no address of a person either.
    for email in [
        "'or'1'='1@example.com",
        "<script>@example.com",
        "a@example.com\u{202e}",
        "\u{430}lice@example.com",
        "alice@ex\u{430}mple.com",
        "alice@example.com%00",
        "alice@example.com#x",
        "alice@{{7*7}}.com",
        "alice@[127.0.0.1]",
        "\u{feff}alice@example.com",
    ] {
        let body = json!({ "email": email, "password": "wrong password" });
        let refused = shop.anonymous().post("/api/auth/login", &body).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/email"], "{email}");
    }
}

#[tokio::test]
async fn what_is_no_string_is_not_made_one() {
    let shop = spawn_shop().await;
    let (admin, alice) = (shop.admin().await, shop.alice().await);
    for value in [
        json!({ "$ne": null }),
        json!({ "$gt": "" }),
        json!({ "S": "text" }),
        json!(["text"]),
        json!([]),
        json!(7),
        json!(true),
    ] {
        let body = json!({
            "name": value, "description": value, "price": value, "category": value,
            "status": value, "stock": "1",
        });
        let refused = admin.post("/api/admin/products", &body).await;
        let refused = refused.expect_problem(422, "invalid");
        let named: BTreeSet<_> = refused.pointers().into_iter().collect();
        for field in ["/name", "/description", "/category", "/status", "/stock"] {
            assert!(named.contains(field), "{field} of {value}");
        }
        let mut body = checkout_body(100);
        for field in [
            "name",
            "line1",
            "line2",
            "city",
            "postalCode",
            "country",
            "phone",
        ] {
            body["shippingAddress"][field] = value.clone();
        }
        let refused = alice.check_out("k", &body).await;
        assert_eq!(refused.expect_problem(422, "invalid").pointers().len(), 7);
        let body = json!({ "email": value, "password": value, "name": value, "phone": value });
        let refused = shop.anonymous().post("/api/auth/register", &body).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(
            refused.pointers(),
            ["/email", "/password", "/name", "/phone"]
        );
        let body = json!({ "email": value, "password": value, "device": value });
        let refused = shop.anonymous().post("/api/auth/login", &body).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/email", "/password", "/device"]);
        let body = json!({ "refreshToken": value });
        let refused = shop.anonymous().post("/api/auth/refresh", &body).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/refreshToken"]);
    }
}

#[tokio::test]
async fn a_length_is_counted_in_characters_and_too_long_is_refused() {
    let shop = spawn_shop().await;
    let (admin, alice) = (shop.admin().await, shop.alice().await);
    for character in ["x", "\u{e9}", "\u{20ac}", "\u{1f4a9}", "\u{301}", "\u{130}"] {
        let longest = (character.repeat(200), character.repeat(10_000));
        let mut body = product_body(&longest.0, 100, 1);
        body["description"] = json!(longest.1);
        let made = admin.post("/api/admin/products", &body).await.expect(201);
        let id = made.body["productId"].as_str().unwrap().to_owned();
        let shown = shop.anonymous().get(&format!("/api/products/{id}")).await;
        let shown = shown.expect(200).body;
        assert_eq!(
            (&shown["name"], &shown["description"]),
            (&json!(longest.0), &json!(longest.1))
        );

        body["name"] = json!(character.repeat(201));
        body["description"] = json!(character.repeat(10_001));
        let refused = admin.post("/api/admin/products", &body).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/name", "/description"]);
    }
    let long = "x".repeat(100_000);
    let body = json!({ "email": format!("{long}@example.com"), "password": "x", "name": long });
    let refused = shop.anonymous().post("/api/auth/register", &body).await;
    let refused = refused.expect_problem(422, "invalid");
    assert_eq!(refused.pointers(), ["/email", "/password", "/name"]);
    assert!(refused.text.len() < 2000, "it is not sent back");
    for field in [
        "name",
        "line1",
        "line2",
        "city",
        "postalCode",
        "country",
        "phone",
    ] {
        let mut body = checkout_body(100);
        body["shippingAddress"][field] = json!(long);
        let refused = alice.check_out("k", &body).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), [format!("/shippingAddress/{field}")]);
        assert!(refused.text.len() < 2000, "it is not sent back");
    }
    let mut body = checkout_body(100);
    body[&long] = json!(1);
    let refused = alice.check_out("k", &body).await;
    let refused = refused.expect_problem(422, "invalid");
    assert_eq!(refused.pointers(), [format!("/{}", "x".repeat(64))]);
}

#[tokio::test]
async fn a_body_that_is_no_text_is_malformed_whatever_it_says() {
    let shop = spawn_shop().await;
    let (admin, alice) = (shop.admin().await, shop.alice().await);
    let anonymous = shop.anonymous();
    let cart = format!("/api/cart/items/{}", shop.product(0));
    let endpoints: [(&Client, Method, &str, &str); 6] = [
        (&admin, Method::POST, "/api/admin/products", "name"),
        (&admin, Method::POST, "/api/admin/uploads", "productId"),
        (&alice, Method::POST, "/api/checkout", "paymentMethod"),
        (&alice, Method::PUT, &cart, "quantity"),
        (
            &anonymous,
            Method::POST,
            "/api/auth/refresh",
            "refreshToken",
        ),
        (&anonymous, Method::POST, "/api/auth/logout", "refreshToken"),
    ];
    let ask = |(client, method, path, _): &(&Client, Method, &str, &str), body: Vec<u8>| {
        let request = client.request(method.clone(), path);
        let request = request.header("content-type", "application/json");
        send(request.header("idempotency-key", "k").body(body))
    };
    for endpoint in &endpoints {
        let field = endpoint.3.as_bytes();
        for broken in BROKEN {
            for body in [
                [b"{\"", field, b"\":\"ab ", broken, b" cd\"}"].concat(),
                [b"{\"", *broken, b"\":\"abc\"}"].concat(),
            ] {
                let text = String::from_utf8_lossy(&body).into_owned();
                let answer = ask(endpoint, body).await;
                assert_eq!(answer.status, 400, "{text}: {answer:#?}");
                assert_eq!(answer.body["code"], "malformed");
            }
        }
        // The same in other encodings of text.
        let wide: Vec<u8> = "{\"a\":\"b\"}"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        for body in [
            wide.clone(),
            [&[0xff, 0xfe], wide.as_slice()].concat(),
            b"\xef\xbb\xbf{\"a\":\"b\"}".to_vec(),
        ] {
            ask(endpoint, body).await.expect_problem(400, "malformed");
        }
    }
    // Two halves that belong together are a character, written out or not.
    let body = product_body("NAME", 100, 1).to_string();
    for name in [r"\ud83d\ude00\u0041\uFB03", "\u{1f600}A\u{fb03}"] {
        let body = body.replace("NAME", name).into_bytes();
        let request = admin.request(Method::POST, "/api/admin/products");
        let request = request.header("content-type", "application/json");
        let made = send(request.body(body)).await.expect(201);
        assert_eq!(made.body["name"], "\u{1f600}A\u{fb03}");
    }
}

#[tokio::test]
async fn a_path_names_what_it_names_and_nothing_else() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    alice.fill_cart(shop.product(0), 1).await;
    for line in LINES {
        let encoded = percent(line);
        let item = format!("/api/cart/items/{encoded}");
        for answer in [
            shop.anonymous()
                .get(&format!("/api/products/{encoded}"))
                .await,
            alice.get(&format!("/api/orders/{encoded}")).await,
            alice.put(&item, &json!({ "quantity": 1 })).await,
            alice.delete(&item).await,
            // Beside a good id: before it, after it, one level below it.
            alice
                .delete(&format!("/api/cart/items/{}{encoded}", shop.product(0)))
                .await,
            alice
                .delete(&format!("/api/cart/items/{encoded}{}", shop.product(0)))
                .await,
            shop.anonymous()
                .get(&format!("/api/products/{}%2f{encoded}", shop.product(0)))
                .await,
            shop.anonymous().get(&format!("/api/{encoded}")).await,
        ] {
            answer.expect_problem(404, "not-found");
        }
    }
    for control in CONTROLS {
        let encoded = percent(&control.to_string());
        let path = format!("/api/products/{}{encoded}", shop.product(0));
        shop.anonymous()
            .get(&path)
            .await
            .expect_problem(404, "not-found");
    }
    for bytes in [
        "%ff",
        "%80",
        "%c3",
        "%c0%80",
        "%c0%af",
        "%e0%80%af",
        "%ed%a0%80",
        "%f4%90%80%80",
        "%f8%80%80%80%af",
        "%u0041",
    ] {
        let path = format!("/api/products/{}{bytes}", shop.product(0));
        shop.anonymous()
            .get(&path)
            .await
            .expect_problem(400, "malformed");
    }
    let cart = alice.get("/api/cart").await.expect(200);
    assert_eq!(cart.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(cart.body["items"][0]["quantity"], 1);
}

#[tokio::test]
async fn a_parameter_is_one_of_its_words_or_malformed() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    let ask = async |path: &str, name: &str, value: &str| {
        alice.get(&format!("{path}?{name}={value}")).await
    };
    for line in LINES {
        let value = percent(line);
        for (path, name) in [
            ("/api/products", "sort"),
            ("/api/products", "limit"),
            ("/api/products", "cursor"),
            ("/api/orders", "limit"),
            ("/api/orders", "cursor"),
        ] {
            let answer = ask(path, name, &value).await;
            let answer = answer.expect_problem(400, "malformed");
            let detail = answer.body["detail"].as_str().unwrap();
            assert!(detail.contains(&format!("`{name}`")), "{detail}");
            assert!(line.len() < 5 || !detail.contains(line), "{detail} echoes");
        }
        let is_slug = line
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let listed = ask("/api/products", "category", &value).await;
        if is_slug {
            assert_eq!(listed.expect(200).body["items"], json!([]));
        } else {
            listed.expect_problem(400, "malformed");
        }
        // What nobody asks for is nobody's: not even if its name is odd.
        let path = format!("/api/orders?{value}={value}&__proto__[limit]=1&$where=1");
        alice.get(&path).await.expect(200);
    }
    for value in [
        "%ff",
        "%c0%80",
        "%ed%a0%80",
        "%00",
        "%zz",
        "%",
        "a%0d%0ab",
        "%e2%80%ae",
    ] {
        for name in ["category", "sort", "limit", "cursor"] {
            let answer = ask("/api/products", name, value).await;
            answer.expect_problem(400, "malformed");
        }
    }
}

#[tokio::test]
async fn a_key_of_a_checkout_is_visible_ascii_or_malformed() {
    let shop = spawn_shop().await;
    let (alice, product) = (shop.alice().await, shop.new_product("Cup", 100, 9).await);
    alice.fill_cart(&product, 1).await;
    let with_key = |key: &[u8]| {
        let request = alice.request(Method::POST, "/api/checkout");
        send(
            request
                .header("idempotency-key", key)
                .json(&checkout_body(100)),
        )
    };
    let invisible = LINES.iter();
    let invisible = invisible.filter(|line| !line.bytes().all(|b| b.is_ascii_graphic()));
    let mut refused: Vec<Vec<u8>> = invisible.map(|line| line.as_bytes().to_vec()).collect();
    refused.extend([
        b"".to_vec(),
        b"a b".to_vec(),
        b"a\tb".to_vec(),
        b"a\xffb".to_vec(),
        b"a\xc0\x80b".to_vec(),
        b"k".repeat(256),
    ]);
    for key in refused {
        with_key(&key).await.expect_problem(400, "malformed");
    }
    let none = alice.request(Method::POST, "/api/checkout");
    send(none.json(&checkout_body(100)))
        .await
        .expect_problem(400, "malformed");
    orders_of(&alice, 0).await;
    with_key(&b"k".repeat(255)).await.expect(201);
    orders_of(&alice, 1).await;
    assert_eq!(stock_and_rows(&shop, &product).await, (8, 2));
}

async fn orders_of(client: &Client, count: usize) {
    let orders = client.get("/api/orders").await.expect(200);
    assert_eq!(orders.body["items"].as_array().unwrap().len(), count);
}

/// What is left of a product, and how many rows orders take: one for each
/// order and one for its key.
async fn stock_and_rows(shop: &Shop, product: &str) -> (u64, usize) {
    (
        shop.stock(product).await,
        shop.scan("OrdersTable").await.len(),
    )
}
