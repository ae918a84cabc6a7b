//! Another address for an account: both confirm it.

use crate::harness::{TestShop, password};
use commerce::accounts::change_email::{self, Confirmed, Side, cancel, confirm, pending, refuse, request};
use commerce::accounts::{AccountError, Device, Password, Registration, SignedIn, register, reset_password};
use commerce::token::Token;

const KIND: &str = "EmailChangeRequested";

async fn ask(shop: &TestShop, who: &SignedIn, email: &str) {
    shop.wait_seconds(1);
    request(shop, who, email, Some(&password())).await.expect("asked");
}

async fn link(shop: &TestShop, side: Side) -> Token {
    let field = if side == Side::New { "new_link" } else { "old_link" };
    shop.reported_link(KIND, field).await
}

async fn address(shop: &TestShop, who: &SignedIn) -> String {
    let contact = commerce::accounts::queries::contact(shop.db.primary(), who.user).await.expect("read");
    contact.expect("still there").0
}

async fn waits(shop: &TestShop, who: &SignedIn) -> bool {
    pending(shop.db.primary(), who.user, shop.clock.now()).await.expect("read").is_some()
}

both_databases! {
    async fn an_address_changes_once_both_have_confirmed(shop: TestShop) {
        for first in [Side::New, Side::Old] {
            let old = format!("ada-{first:?}@example.org");
            let new = format!("Lovelace-{first:?}@example.org");
            let ada = shop.member(&old).await;
            ask(&shop, &ada, &new).await;
            let second = if first == Side::New { Side::Old } else { Side::New };
            let (one, other) = (link(&shop, first).await, link(&shop, second).await);
            assert_eq!(confirm(&shop, &one).await.expect("confirmed"), Confirmed::Waiting);
            assert_eq!(address(&shop, &ada).await, old);
            let again = confirm(&shop, &one).await;
            assert!(matches!(again, Err(AccountError::InvalidLink)), "a link is good once: {again:?}");
            assert_eq!(confirm(&shop, &other).await.expect("confirmed"), Confirmed::Changed);
            assert_eq!(address(&shop, &ada).await, new);
            assert!(!waits(&shop, &ada).await);
            assert!(shop.is_signed_in(&ada).await);
            shop.sign_in(&new.to_uppercase()).await;
        }
        assert_eq!(shop.reported("EmailChanged").await.len(), 2);
    }

    async fn only_the_password_begins_it(shop: TestShop) {
        let ada = shop.member("ada@example.org").await;
        let wrong = Password::new(Some("not the password")).expect("long enough");
        for given in [Some(&wrong), None] {
            let refused = request(&shop, &ada, "new@example.org", given).await;
            assert!(matches!(refused, Err(AccountError::WrongCredentials)), "{refused:?}");
        }
        let refused = request(&shop, &ada, "ADA@example.org", Some(&password())).await;
        assert!(matches!(refused, Err(AccountError::SameEmail)), "{refused:?}");
        assert!(shop.reported(KIND).await.is_empty());
    }

    async fn without_a_password_it_takes_a_recent_sign_in(shop: TestShop) {
        let ada = shop.member("ada@example.org").await;
        shop.execute("UPDATE users SET password_hash = NULL", []).await;
        request(&shop, &ada, "new@example.org", None).await.expect("just signed in");
        shop.wait_minutes(11);
        let refused = request(&shop, &ada, "newer@example.org", None).await;
        assert!(matches!(refused, Err(AccountError::SignInAgain)), "{refused:?}");
        let refused = request(&shop, &ada, "newer@example.org", Some(&password())).await;
        assert!(matches!(refused, Err(AccountError::SignInAgain)), "there is none to be right: {refused:?}");
    }

    async fn who_has_an_account_is_not_told(shop: TestShop) {
        shop.member("eve@example.org").await;
        let ada = shop.member("ada@example.org").await;
        let (free, ()) = shop.statements(ask(&shop, &ada, "nobody@example.org")).await;
        let (taken, ()) = shop.statements(ask(&shop, &ada, "EVE@example.org")).await;
        assert_eq!(taken, free, "both take the same way");
        let told = shop.reported(KIND).await;
        assert_eq!(told.iter().map(|data| data["taken"].as_bool()).collect::<Vec<_>>(), [Some(false), Some(true)]);
        assert!(waits(&shop, &ada).await, "it looks like any other");
        // Nobody gets this link; and if they had it, it would not help.
        let (old, new) = (link(&shop, Side::Old).await, link(&shop, Side::New).await);
        assert_eq!(confirm(&shop, &old).await.expect("agreed"), Confirmed::Waiting);
        let refused = confirm(&shop, &new).await;
        assert!(matches!(refused, Err(AccountError::EmailTaken)), "{refused:?}");
        assert!(!waits(&shop, &ada).await, "the change is off");
        assert_eq!(address(&shop, &ada).await, "ada@example.org");
    }

    async fn who_confirms_first_gets_the_address(shop: TestShop) {
        let (ada, eve) = (shop.member("ada@example.org").await, shop.member("eve@example.org").await);
        let mut links = Vec::new();
        for who in [&ada, &eve] {
            ask(&shop, who, "shared@example.org").await;
            let (old, new) = (link(&shop, Side::Old).await, link(&shop, Side::New).await);
            confirm(&shop, &old).await.expect("agreed");
            links.push(new);
        }
        let tasks = links.into_iter().map(|link| {
            let shop = shop.clone();
            tokio::spawn(async move { confirm(&shop, &link).await })
        });
        let outcomes = futures_of(tasks.collect()).await;
        let changed = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Confirmed::Changed))).count();
        let taken = outcomes.iter().filter(|outcome| matches!(outcome, Err(AccountError::EmailTaken))).count();
        assert_eq!((changed, taken), (1, 1), "{outcomes:?}");
    }

    async fn whoever_only_asked_for_an_account_holds_no_address(shop: TestShop) {
        let ada = shop.member("ada@example.org").await;
        ask(&shop, &ada, "new@example.org").await;
        let (old, new) = (link(&shop, Side::Old).await, link(&shop, Side::New).await);
        let squatter = Registration { name: "Eve".to_owned(), email: "new@example.org".to_owned(), password: password() };
        register::register(&shop, &squatter).await.expect("registered");
        confirm(&shop, &old).await.expect("agreed");
        assert_eq!(confirm(&shop, &new).await.expect("confirmed"), Confirmed::Changed);
        assert_eq!(shop.count("users").await, 1);
    }

    async fn a_second_wish_takes_the_place_of_the_first(shop: TestShop) {
        let ada = shop.member("ada@example.org").await;
        ask(&shop, &ada, "first@example.org").await;
        let first = [link(&shop, Side::Old).await, link(&shop, Side::New).await];
        ask(&shop, &ada, "second@example.org").await;
        for link in first {
            assert!(matches!(confirm(&shop, &link).await, Err(AccountError::InvalidLink)));
        }
        confirm(&shop, &link(&shop, Side::Old).await).await.expect("agreed");
        confirm(&shop, &link(&shop, Side::New).await).await.expect("confirmed");
        assert_eq!(address(&shop, &ada).await, "second@example.org");
    }

    async fn two_wishes_at_once_leave_one(shop: TestShop) {
        let ada = shop.member("ada@example.org").await;
        let tasks = (0..4).map(|number| {
            let (shop, ada) = (shop.clone(), ada.clone());
            tokio::spawn(async move { request(&shop, &ada, &format!("n{number}@example.org"), Some(&password())).await })
        });
        for outcome in futures_of(tasks.collect()).await {
            outcome.expect("asked");
        }
        assert_eq!((shop.count("email_changes").await, shop.count("verification_tokens").await), (1, 2));
    }

    async fn it_was_not_me_ends_every_other_session(shop: TestShop) {
        let thief = shop.member("ada@example.org").await;
        let ada = shop.sign_in("ada@example.org").await;
        let eve = shop.member("eve@example.org").await;
        ask(&shop, &thief, "thief@example.org").await;
        let (old, new) = (link(&shop, Side::Old).await, link(&shop, Side::New).await);
        let refused = refuse(&shop, &new, None).await;
        assert!(matches!(refused, Err(AccountError::InvalidLink)), "only the present address refuses: {refused:?}");
        refuse(&shop, &old, Some(ada.session)).await.expect("refused");
        assert!(!shop.is_signed_in(&thief).await && shop.is_signed_in(&ada).await && shop.is_signed_in(&eve).await);
        assert!(matches!(confirm(&shop, &new).await, Err(AccountError::InvalidLink)));
        ask(&shop, &ada, "thief@example.org").await;
        refuse(&shop, &link(&shop, Side::Old).await, None).await.expect("refused");
        assert!(!shop.is_signed_in(&ada).await, "who is signed in nowhere ends all");
    }

    async fn it_ends_by_time_by_its_owner_and_by_a_new_password(shop: TestShop) {
        let ada = shop.member("ada@example.org").await;
        ask(&shop, &ada, "new@example.org").await;
        cancel(&shop, &ada).await.expect("cancelled");
        assert!(!waits(&shop, &ada).await);
        assert!(matches!(confirm(&shop, &link(&shop, Side::New).await).await, Err(AccountError::InvalidLink)));

        ask(&shop, &ada, "new@example.org").await;
        let late = link(&shop, Side::New).await;
        assert!(change_email::by_link(&shop, &late).await.expect("read").is_some());
        shop.wait_minutes(3 * 24 * 60);
        assert!(!waits(&shop, &ada).await);
        assert!(matches!(confirm(&shop, &late).await, Err(AccountError::InvalidLink)));
        commerce::accounts::purge::purge(&shop).await.expect("purged");
        assert_eq!(shop.count("email_changes").await, 0);

        ask(&shop, &ada, "new@example.org").await;
        reset_password::request(&shop, "ada@example.org").await.expect("asked");
        let reset = shop.reported_link("PasswordResetRequested", "verification").await;
        let new = Password::new(Some("an entirely new password")).expect("long enough");
        reset_password::reset(&shop, &reset, &new, &Device::default()).await.expect("reset");
        assert!(!waits(&shop, &ada).await, "who forgets the password may have been robbed");
    }
}

async fn futures_of<T>(tasks: Vec<tokio::task::JoinHandle<T>>) -> Vec<T> {
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.expect("ran"));
    }
    outcomes
}
