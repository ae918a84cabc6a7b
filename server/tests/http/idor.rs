//! Every address and form that names something of somebody's, asked for by everybody else: it is not shown, and
//! nothing of it changes.

use crate::fixture::fill;
use crate::harness::{Answer, Kind, Server};
use crate::workers::buy;
use commerce::Shop;
use commerce::access::{NewKey, Scopes, create_key, log_in};
use commerce::accounts::address_book::{Entry, save};
use commerce::accounts::identity::Identity;
use commerce::accounts::{
    Device, Password, Registration, Role, SignedIn, change_role, create_admin, link_identity, queries, sign_in,
};
use commerce::checkout::Address;
use commerce::db::sql;
use commerce::orders::claim;
use commerce::token::Token;
use hyper::Method;
use sea_orm::ConnectionTrait;

const PASSWORD: &str = "correct horse battery staple";

/// What an answer to somebody else may never contain.
const SECRET: &str = "Secret Street 5";

fn password() -> Password {
    Password::new(Some(PASSWORD)).expect("long enough")
}

async fn sign_in(shop: &Shop, email: &str) -> (SignedIn, String) {
    let token = sign_in::sign_in(shop, email, &password(), &Device::default()).await.expect("signed in");
    let token = token.session().expect("no second factor");
    let who = queries::signed_in(shop, &token).await.expect("read").expect("signed in");
    (who, format!("session={}", token.as_str()))
}

/// Somebody with a role, by the name of it or another.
async fn person(shop: &Shop, admin: Option<&SignedIn>, name: &str, role: Role) -> (SignedIn, String) {
    let email = format!("{name}@example.com");
    let registration = Registration { name: name.to_owned(), email: email.clone(), password: password() };
    create_admin::create_admin(shop, &registration).await.expect("made");
    let (who, cookie) = sign_in(shop, &email).await;
    let Some(admin) = admin.filter(|_| role != Role::Admin) else { return (who, cookie) };
    change_role::change_role(shop, admin, who.user, role).await.expect("changed");
    sign_in(shop, &email).await
}

/// The identifier of the only row of somebody's in a table.
async fn id_of(shop: &Shop, table: &str, who: &SignedIn) -> String {
    let db = shop.db.primary();
    let text = format!("SELECT id FROM {table} WHERE user_id = $1 ORDER BY id DESC LIMIT 1");
    let row = db.query_one_raw(sql(db, &text, [who.user.into()])).await.expect("read").expect("a row");
    row.try_get::<uuid::Uuid>("", "id").expect("an identifier").to_string()
}

/// Everything of somebody's that the forms are about, as text.
async fn belongings(shop: &Shop, who: &SignedIn) -> String {
    let db = shop.db.primary();
    let mut all = String::new();
    for (table, columns) in [
        ("addresses", "label || address || default_delivery"),
        ("sessions", "device"),
        ("api_keys", "name"),
        ("api_grants", "device"),
        ("accounts", "provider"),
        ("trusted_devices", "device"),
        ("passkeys", "name"),
    ] {
        let text = format!("SELECT HEX(id) || ' ' || {columns} AS text FROM {table} WHERE user_id = $1 ORDER BY id");
        for row in db.query_all_raw(sql(db, &text, [who.user.into()])).await.expect("read") {
            let text: String = row.try_get("", "text").expect("text");
            all.push_str(&format!("{table}: {text}\n"));
        }
    }
    all
}

async fn ask(server: &Server, action: bool, path: &str, cookie: &str, form: &str) -> Answer {
    let origin = server.origin();
    let headers = [
        ("accept", "text/html"),
        ("cookie", cookie),
        ("origin", origin.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    server.send(if action { Method::POST } else { Method::GET }, path, &headers, form.to_owned()).await
}

#[tokio::test]
async fn nobody_else_sees_or_changes_what_is_somebodys() {
    let server = Server::start(Kind::Sqlite).await;
    let shop = &server.shop;
    fill(shop).await;
    let (admin, admin_cookie) = person(shop, None, "admin", Role::Admin).await;
    let (ada, ada_cookie) = person(shop, Some(&admin), "ada", Role::Customer).await;
    let others = [
        ("a guest", "theme=dark".to_owned()),
        ("another guest", format!("cart={}", Token::random().as_str())),
        ("a customer", person(shop, Some(&admin), "eve", Role::Customer).await.1),
        ("a vendor", person(shop, Some(&admin), "vendor", Role::Vendor).await.1),
        ("support", person(shop, Some(&admin), "support", Role::Support).await.1),
        ("an admin", admin_cookie),
    ];

    let text = |text: &str| text.to_owned();
    let address = Address {
        name: text("Ada Lovelace"),
        line1: text(SECRET),
        line2: String::new(),
        city: text("Berlin"),
        region: String::new(),
        postal_code: text("10115"),
        country: text("DE"),
    };
    let entry = Entry { label: text("Home"), address, default_delivery: false, default_billing: false };
    let address = save::add(shop, ada.user, &entry).await.expect("kept");
    let key = NewKey { name: text("Till"), scopes: Scopes::of(Role::Customer), days: None };
    create_key::create_key(shop, ada.user, &key).await.expect("made");
    let login = log_in::Login { email: text("ada@example.com"), password: password(), code: None };
    log_in::log_in(shop, &server.origin(), &login, None, &Device::default()).await.expect("signed in");
    let identity = Identity {
        provider: text("test"),
        issuer: text("https://issuer.example"),
        subject: text("1"),
        email: None,
        email_verified: false,
        name: None,
    };
    link_identity::link_own(shop, &ada, &identity, Some(&password())).await.expect("linked");
    let confirmation = buy(shop).await;
    claim::claim(shop, ada.user).await.expect("taken");
    let db = shop.db.primary();
    let row = db.query_one_raw(sql(db, "SELECT number FROM orders", [])).await.expect("read").expect("an order");
    let number: String = row.try_get("", "number").expect("a number");

    let address = address.to_string();
    let session = id_of(shop, "sessions", &ada).await;
    let (key, grant) = (id_of(shop, "api_keys", &ada).await, id_of(shop, "api_grants", &ada).await);
    let linked = id_of(shop, "accounts", &ada).await;
    let somebodys = uuid::Uuid::now_v7();
    let filled = "name=Eve&line1=Elsewhere+10&city=Berlin&postal_code=10115&country=DE";
    let forms = [
        ("address", format!("id={address}&{filled}")),
        ("address-default", format!("id={address}&kind=delivery")),
        ("address-delete", format!("id={address}")),
        ("end-session", format!("session={session}")),
        ("revoke-key", format!("key={key}")),
        ("end-grant", format!("grant={grant}")),
        ("unlink", format!("linked={linked}")),
        ("distrust", format!("device={somebodys}")),
        ("rename-passkey", format!("passkey={somebodys}&name=Mine")),
    ];
    let pages = [format!("/account/addresses/{address}"), format!("/account/orders/{number}")];

    let before = belongings(shop, &ada).await;
    assert_eq!(before.lines().count(), 5, "there is something to lose: {before}");
    for (who, cookie) in &others {
        for (action, form) in &forms {
            let answer = ask(&server, true, &format!("/actions/account/{action}"), cookie, form).await;
            assert!(answer.status.is_redirection(), "{action} by {who}: {}", answer.status);
            assert_eq!(belongings(shop, &ada).await, before, "{action} by {who}");
        }
        for page in &pages {
            let answer = ask(&server, false, page, cookie, "").await;
            assert!(matches!(answer.status.as_u16(), 303 | 404), "{page} by {who}: {}", answer.status);
            assert!(!answer.text().contains(SECRET) && !answer.text().contains("Hauptstr. 1"), "{page} by {who}");
        }
        for path in ["/checkout/confirmation/AAAAAAAAAAAAAAAAAAAAAA", "/orders/view/AAAAAAAAAAAAAAAAAAAAAA"] {
            let answer = ask(&server, false, path, cookie, "").await;
            assert_eq!(answer.status, 404, "{path} by {who}: only its own link opens an order");
        }
    }

    // All of it was right, but for who asked.
    let own = ask(&server, false, &pages[0], &ada_cookie, "").await;
    assert!(own.status == 200 && own.text().contains(SECRET));
    assert_eq!(ask(&server, false, &pages[1], &ada_cookie, "").await.status, 200);
    let confirmed = format!("/checkout/confirmation/{}", confirmation.as_str());
    assert_eq!(ask(&server, false, &confirmed, "theme=dark", "").await.status, 200, "the link is the key");
    for action in ["address-delete", "revoke-key", "end-grant", "unlink"] {
        let form = &forms.iter().find(|(name, _)| *name == action).expect("a form").1;
        let before = belongings(shop, &ada).await;
        ask(&server, true, &format!("/actions/account/{action}"), &ada_cookie, form).await;
        assert_ne!(belongings(shop, &ada).await, before, "{action} by its owner");
    }
    server.stop().await;
}
