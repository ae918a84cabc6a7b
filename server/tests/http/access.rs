//! Who may ask for which address.

use crate::harness::{Kind, Place, Server};
use commerce::accounts::{Device, Password, Registration, Role, change_role, create_admin, queries, sign_in};
use commerce::settings::{self, Settings};
use commerce::token::Token;
use hyper::Method;
use server::http::{Access, ROUTES, patterns};
use server::startup::Application;
use std::collections::{BTreeMap, BTreeSet};

/// What is only there while somebody works on the shop.
const SOMETIMES: [&str; 1] = ["/live-reload.js"];

#[tokio::test]
async fn somebody_has_said_of_every_address_who_may_ask_for_it() {
    let application = Application::build(Place::new(Kind::Sqlite).await.config()).await.expect("starts");
    let there: BTreeSet<String> = patterns(application.router()).into_iter().collect();
    assert!(there.contains("/") && there.contains("/actions/cart/add"), "the routes are read: {there:?}");
    let known: BTreeSet<String> = ROUTES.iter().map(|(pattern, _)| (*pattern).to_owned()).collect();
    assert_eq!(known.len(), ROUTES.len(), "none is named twice");
    let unclassified: Vec<_> = there.difference(&known).collect();
    assert!(unclassified.is_empty(), "nobody has classified {unclassified:?}");
    let gone: Vec<_> = known.difference(&there).filter(|pattern| !SOMETIMES.contains(&pattern.as_str())).collect();
    assert!(gone.is_empty(), "these are no routes any more: {gone:?}");
    for action in leptos::server_fn::axum::server_fn_paths() {
        assert!(known.contains(action.0), "{}", action.0);
    }
}

const PASSWORD: &str = "correct horse battery staple";

async fn session(server: &Server, admin: Option<&Token>, role: Role) -> Token {
    let password = Password::new(Some(PASSWORD)).expect("long enough");
    let email = format!("{}@example.org", role.code());
    let registration = Registration { name: role.code().to_owned(), email: email.clone(), password: password.clone() };
    let (shop, device) = (&server.shop, Device::default());
    create_admin::create_admin(shop, &registration).await.expect("made");
    let token = sign_in::sign_in(shop, &email, &password, &device).await.expect("signed in");
    let token = token.session().expect("no second factor");
    let Some(admin) = admin else { return token };
    let who = queries::signed_in(shop, &token).await.expect("asked").expect("signed in");
    let admin = queries::signed_in(shop, admin).await.expect("asked").expect("signed in");
    change_role::change_role(shop, &admin, who.user, role).await.expect("changed");
    let token = sign_in::sign_in(shop, &email, &password, &device).await.expect("signed in");
    token.session().expect("no second factor")
}

#[tokio::test]
async fn every_role_gets_what_the_table_gives_it_and_no_more() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = session(&server, None, Role::Admin).await;
    let mut sessions = BTreeMap::from([(Role::Admin.code(), admin.clone())]);
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Admin) {
        sessions.insert(role.code(), session(&server, Some(&admin), role).await);
    }
    let somebody = uuid::Uuid::now_v7().to_string();
    let mut asked = 0;
    for (pattern, access) in ROUTES {
        if matches!(access, Access::Public | Access::Own) {
            continue;
        }
        let path = pattern.replace("{id}", &somebody);
        let action = path.starts_with("/actions/");
        let ask = async |cookie: String| {
            let own = server.origin();
            let headers = [
                ("accept", "text/html"),
                ("cookie", cookie.as_str()),
                ("origin", own.as_str()),
                ("content-type", FORM),
            ];
            server.send(if action { Method::POST } else { Method::GET }, &path, &headers, "").await
        };
        let guest = ask("theme=dark".to_owned()).await;
        assert_eq!(guest.status, 303, "{path}");
        assert!(guest.header("location").starts_with("/auth/signin?next=%2F"), "{path}: {}", guest.header("location"));
        let forged = ask(format!("session={}", Token::random().as_str())).await;
        assert_eq!((forged.status, forged.header("location")), (guest.status, guest.header("location")), "{path}");
        // What is done by the last of them may end their session.
        for role in Role::ALL {
            let Access::Staff(permission) = access else { continue };
            let answer = ask(format!("session={}", sessions[role.code()].as_str())).await;
            let expected = role.allows(*permission);
            assert_eq!(answer.status != 403, expected, "{path} as {}: {}", role.code(), answer.status);
            if expected {
                assert!(
                    answer.status.as_u16() < 500 && answer.header("location") != guest.header("location"),
                    "{path}"
                );
            }
            asked += 1;
        }
    }
    assert!(asked >= 16, "only {asked} were asked");
    server.stop().await;
}

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn staff_can_be_asked_for_a_second_factor_first() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = session(&server, None, Role::Admin).await;
    let people = async || {
        let cookie = format!("session={}", admin.as_str());
        server.get_with("/admin/people", &[("accept", "text/html"), ("cookie", &cookie)]).await
    };
    assert_eq!(people().await.status, 200);
    let settings = Settings { require_second_factor_for_staff: true, ..Settings::default() };
    settings::queries::save(server.shop.db.primary(), &settings, server.shop.clock.now()).await.expect("kept");
    server.shop.refresh().await.expect("read");
    people().await.assert_sends_to("/account/security?refused=second-factor-needed");
    server.stop().await;
}
