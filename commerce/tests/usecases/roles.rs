//! What people are to the shop, and what is written down of what they do.

use crate::harness::TestShop;
use commerce::accounts::queries::{self, PeopleFilter};
use commerce::accounts::{
    Device, Password, Registration, Role, SignedIn, StaffError, UserId, change_role, create_admin, register, sign_in,
};
use commerce::audit::queries::{Filter, entries};
use commerce::audit::{Action, purge};
use commerce::events::{Metadata, caused_by};
use commerce::token::Token;

const PASSWORD: &str = "correct horse battery staple";

fn password() -> Password {
    Password::new(Some(PASSWORD)).expect("long enough")
}

fn registration(name: &str) -> Registration {
    Registration { name: name.to_owned(), email: format!("{name}@example.org"), password: password() }
}

fn device() -> Device {
    Device { name: "Firefox/140.0 Linux".to_owned(), client: "192.0.2.7".to_owned(), trusted: None }
}

async fn sign_in(shop: &TestShop, name: &str) -> (Token, SignedIn) {
    shop.wait_seconds(1);
    let email = format!("{name}@example.org");
    let token = sign_in::sign_in(shop, &email, &password(), &device()).await.expect("signed in");
    let token = token.session().expect("no second factor");
    let who = queries::signed_in(shop, &token).await.expect("looked up").expect("signed in");
    (token, who)
}

async fn admin(shop: &TestShop, name: &str) -> SignedIn {
    shop.wait_seconds(1);
    create_admin::create_admin(shop, &registration(name)).await.expect("made");
    sign_in(shop, name).await.1
}

/// Somebody with a role that `admin` gave them.
async fn person(shop: &TestShop, admin: &SignedIn, name: &str, role: Role) -> SignedIn {
    let user = self::admin(shop, name).await.user;
    change_role::change_role(shop, admin, user, role).await.expect("changed");
    sign_in(shop, name).await.1
}

both_databases! {
    async fn a_role_is_changed_by_admins_only_and_ends_every_session(shop: TestShop) {
        let ada = admin(&shop, "ada").await;
        let eve = person(&shop, &ada, "eve", Role::Customer).await;
        for role in [Role::Customer, Role::Vendor, Role::Support] {
            let who = person(&shop, &ada, role.code(), role).await;
            assert_eq!(who.role, role);
            let refused = change_role::change_role(&shop, &who, eve.user, Role::Admin).await;
            assert!(matches!(refused, Err(StaffError::Forbidden(_))), "{role:?}: {refused:?}");
            let oneself = change_role::change_role(&shop, &who, who.user, Role::Admin).await;
            assert!(matches!(oneself, Err(StaffError::Forbidden(_))), "{role:?}: {oneself:?}");
        }
        let (token, _) = sign_in(&shop, "eve").await;
        change_role::change_role(&shop, &ada, eve.user, Role::Support).await.expect("changed");
        assert!(queries::signed_in(&shop, &token).await.expect("looked up").is_none(), "a new role, a new session");
        assert_eq!(sign_in(&shop, "eve").await.1.role, Role::Support);
        let nobody = UserId::new(shop.clock.now());
        let unknown = change_role::change_role(&shop, &ada, nobody, Role::Vendor).await;
        assert!(matches!(unknown, Err(StaffError::Unknown)), "{unknown:?}");
    }

    async fn the_shop_is_never_without_an_admin(shop: TestShop) {
        let ada = admin(&shop, "ada").await;
        let oneself = change_role::change_role(&shop, &ada, ada.user, Role::Customer).await;
        assert!(matches!(oneself, Err(StaffError::Oneself)), "{oneself:?}");
        let bob = admin(&shop, "bob").await;
        let dismiss = |who: &SignedIn, user: UserId| {
            let (shop, who) = (shop.clone(), who.clone());
            tokio::spawn(async move { change_role::change_role(&shop, &who, user, Role::Customer).await })
        };
        let (one, other) = tokio::join!(dismiss(&ada, bob.user), dismiss(&bob, ada.user));
        let outcomes = [one.expect("ran"), other.expect("ran")];
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        assert_eq!(shop.number("SELECT COUNT(*) AS n FROM users WHERE role = 'admin'", []).await, 1);
    }

    async fn an_admin_is_made_at_the_command_line(shop: TestShop) {
        assert!(!create_admin::exists(shop.db.primary()).await.expect("asked"));
        // Somebody has asked for an account with this address and never showed that it is theirs.
        let stranger = Password::new(Some("a password of a stranger")).expect("long enough");
        register::register(&shop, &Registration { password: stranger.clone(), ..registration("ada") }).await.expect("asked");
        assert!(create_admin::create_admin(&shop, &registration("ada")).await.expect("made"));
        assert!(create_admin::exists(shop.db.primary()).await.expect("asked"));
        assert!(sign_in::sign_in(&shop, "ada@example.org", &stranger, &device()).await.is_err());
        assert_eq!(sign_in(&shop, "ada").await.1.role, Role::Admin);

        let ada = sign_in(&shop, "ada").await.1;
        person(&shop, &ada, "bob", Role::Customer).await;
        let other = Password::new(Some("another password altogether")).expect("long enough");
        let again = Registration { password: other, ..registration("bob") };
        assert!(!create_admin::create_admin(&shop, &again).await.expect("promoted"), "the account is there already");
        assert_eq!(sign_in(&shop, "bob").await.1.role, Role::Admin, "with the password as it was");
    }

    async fn what_is_done_is_written_down(shop: TestShop) {
        let ada = admin(&shop, "ada").await;
        let request = Metadata { client: Some("192.0.2.7".to_owned()), ..Metadata::default() };
        let eve = caused_by(request, person(&shop, &ada, "eve", Role::Customer)).await;
        let wrong = Password::new(Some("not the password")).expect("long enough");
        for email in ["eve@example.org", "nobody@example.org"] {
            shop.wait_seconds(1);
            sign_in::sign_in(&shop, email, &wrong, &device()).await.expect_err("refused");
        }
        let of = |filter: Filter| entries(&shop, &ada, filter);
        let (roles, _) = of(Filter { action: Some(Action::RoleChanged), ..Filter::default() }).await.expect("read");
        let change = roles.first().expect("the last change");
        assert_eq!(change.actor, Some((ada.user, Some("ada@example.org".to_owned()))));
        assert_eq!(change.subject, Some((eve.user, Some("eve@example.org".to_owned()))));
        assert_eq!(change.client, "192.0.2.7");
        let role = |role: &str| Some(serde_json::json!({ "role": role }));
        assert_eq!(change.change, (role("admin"), role("customer")));
        assert_eq!(roles.last().expect("the first change").actor, None, "nobody is known at the command line");

        let (failed, _) = of(Filter { action: Some(Action::SignInFailed), ..Filter::default() }).await.expect("read");
        let subjects: Vec<_> = failed.iter().map(|entry| entry.subject.as_ref().map(|(id, _)| *id)).collect();
        assert_eq!(subjects, [None, Some(eve.user)]);
        let (of_eve, _) = of(Filter { person: Some(eve.user), ..Filter::default() }).await.expect("read");
        assert_eq!(of_eve.len(), 5, "two roles, two sign-ins, a failure: {of_eve:?}");

        let refused = entries(&shop, &eve, Filter::default()).await;
        assert!(matches!(refused, Err(StaffError::Forbidden(_))), "{refused:?}");
        shop.wait_minutes(366 * 24 * 60);
        purge::purge(&shop).await.expect("purged");
        assert_eq!(shop.count("audit_log").await, 0);
    }

    async fn a_change_that_fails_is_not_written_down(shop: TestShop) {
        let ada = admin(&shop, "ada").await;
        let before = shop.count("audit_log").await;
        change_role::change_role(&shop, &ada, ada.user, Role::Customer).await.expect_err("refused");
        change_role::change_role(&shop, &ada, UserId::new(shop.clock.now()), Role::Admin).await.expect_err("nobody");
        assert_eq!(shop.count("audit_log").await, before);
    }

    async fn staff_find_people_by_name_address_and_role(shop: TestShop) {
        let ada = admin(&shop, "ada").await;
        let support = person(&shop, &ada, "support", Role::Support).await;
        let eve = person(&shop, &ada, "eve_100%", Role::Customer).await;
        let found = async |who: &SignedIn, text: &str, role: Option<Role>| {
            let filter = PeopleFilter { text: text.to_owned(), role, before: None };
            let (people, more) = queries::people(&shop, who, &filter).await.expect("found");
            assert!(!more);
            people.into_iter().map(|person| person.name).collect::<Vec<_>>()
        };
        assert_eq!(found(&support, "", None).await, ["eve_100%", "support", "ada"]);
        assert_eq!(found(&support, " ADA@", None).await, ["ada"]);
        assert_eq!(found(&support, "%", None).await, ["eve_100%"], "a pattern is text");
        assert_eq!(found(&support, "e_1", None).await, ["eve_100%"]);
        assert_eq!(found(&ada, "", Some(Role::Support)).await, ["support"]);
        assert!(found(&ada, "nobody", None).await.is_empty());
        let refused = queries::people(&shop, &eve, &PeopleFilter::default()).await;
        assert!(matches!(refused, Err(StaffError::Forbidden(_))), "{refused:?}");
        assert!(queries::person(&shop, &eve, ada.user).await.is_err(), "not even one");
        assert_eq!(queries::person(&shop, &support, eve.user).await.expect("read").expect("known").name, "eve_100%");
    }
}
