//! Getting an account, signing in, and what ends it.

use crate::harness::TestShop;
use commerce::accounts::{
    AccountError, Device, IDLE_DAYS, Password, PasswordResetRequested, Registration, RegistrationRepeated,
    SESSION_DAYS, SignedIn, UserRegistered, VerificationId, change_password, end_session, link_token, purge, queries,
    register, reset_password, sign_in, verify_email,
};
use commerce::events::DomainEvent;
use commerce::token::Token;
use futures::FutureExt;
use sea_orm::FromQueryResult;

pub const PASSWORD: &str = "correct horse battery staple";

pub fn password(text: &str) -> Password {
    Password::new(Some(text)).expect("long enough")
}

fn registration(email: &str, text: &str) -> Registration {
    Registration { name: "Ada Lovelace".to_owned(), email: email.to_owned(), password: password(text) }
}

pub fn device() -> Device {
    Device { name: "Firefox/140.0 Linux".to_owned(), client: "192.0.2.7".to_owned(), ..Device::default() }
}

#[derive(FromQueryResult)]
struct Reported {
    data: serde_json::Value,
}

async fn reported(shop: &TestShop, kind: &str) -> Vec<serde_json::Value> {
    let rows = shop.rows::<Reported>("SELECT data FROM events WHERE kind = $1 ORDER BY id", [kind.into()]).await;
    rows.into_iter().map(|row| row.data).collect()
}

/// The link that was mailed last for a reason.
pub async fn mailed_link(shop: &TestShop, kind: &str) -> Token {
    let data = reported(shop, kind).await.pop().expect("something was reported");
    let id: VerificationId = serde_json::from_value(data["verification"].clone()).expect("a link");
    link_token(shop, id)
}

/// Registers, confirms the address, and gives the token of the session.
pub async fn member(shop: &TestShop, email: &str) -> Token {
    // What is reported at the same time is in no order.
    shop.wait_seconds(1);
    register::register(shop, &registration(email, PASSWORD)).await.expect("registered");
    let link = mailed_link(shop, UserRegistered::KIND.name).await;
    let confirmed = verify_email::verify_email(shop, &link, &password(PASSWORD), &device()).await;
    confirmed.expect("confirmed").session().expect("no second factor")
}

pub async fn who(shop: &TestShop, token: &Token) -> Option<SignedIn> {
    queries::signed_in(shop, token).await.expect("the statement runs")
}

async fn try_sign_in(shop: &TestShop, email: &str, text: &str) -> Result<Token, AccountError> {
    let admitted = sign_in::sign_in(shop, email, &password(text), &device()).await;
    admitted.map(|admission| admission.session().expect("no second factor"))
}

/// Waits until so many failures are counted.
async fn counts_to(shop: &TestShop, failures: i64) {
    let text =
        "SELECT CAST(COALESCE((SELECT SUM(guesses) FROM sign_in_guesses), 0) + SUM(failed_sign_ins) AS BIGINT) AS n
                FROM users";
    while shop.number(text, []).await != failures {
        tokio::task::yield_now().await;
    }
}

both_databases! {
    async fn an_account_opens_once_its_address_is_confirmed(shop: TestShop) {
        register::register(&shop, &registration("Ada@example.org", PASSWORD)).await.expect("registered");
        let refused = try_sign_in(&shop, "ada@example.org", PASSWORD).await;
        assert!(matches!(refused, Err(AccountError::Unverified)), "{refused:?}");
        assert_eq!(reported(&shop, UserRegistered::KIND.name).await.len(), 2, "the mail is sent again");
        let link = mailed_link(&shop, UserRegistered::KIND.name).await;
        assert!(verify_email::is_valid(&shop, &link).await.expect("looked at"));
        let session = verify_email::verify_email(&shop, &link, &password(PASSWORD), &device()).await.expect("confirmed");
        let session = session.session().expect("no second factor");
        let ada = who(&shop, &session).await.expect("signed in");
        assert_eq!((ada.name.as_str(), ada.email.as_str()), ("Ada Lovelace", "Ada@example.org"));
        let again = verify_email::verify_email(&shop, &link, &password(PASSWORD), &device()).await;
        assert!(matches!(again, Err(AccountError::InvalidLink)), "a link is good once: {again:?}");
        assert_eq!(shop.count("verification_tokens").await, 0, "neither is the first one any more");
        let other = try_sign_in(&shop, "ADA@EXAMPLE.ORG", PASSWORD).await.expect("signed in");
        assert_ne!(other, session, "each session has a token of its own");
        assert_eq!(who(&shop, &other).await.expect("signed in").user, ada.user);
        assert!(who(&shop, &Token::random()).await.is_none());
    }

    async fn who_registers_again_learns_nothing_and_changes_nothing(shop: TestShop) {
        member(&shop, "ada@example.org").await;
        register::register(&shop, &registration("ADA@example.org", "another long password")).await.expect("as before");
        assert_eq!(shop.count("users").await, 1);
        assert_eq!(reported(&shop, RegistrationRepeated::KIND.name).await.len(), 1, "the owner is told");
        assert_eq!(reported(&shop, UserRegistered::KIND.name).await.len(), 1);
        let taken_over = try_sign_in(&shop, "ada@example.org", "another long password").await;
        assert!(matches!(taken_over, Err(AccountError::WrongCredentials)), "{taken_over:?}");
        try_sign_in(&shop, "ada@example.org", PASSWORD).await.expect("the password is as it was");
    }

    async fn the_password_of_who_asked_before_does_not_wait_for_the_owner(shop: TestShop) {
        let stranger = registration("ada@example.org", "a password of a stranger");
        register::register(&shop, &stranger).await.expect("registered");
        let old = mailed_link(&shop, UserRegistered::KIND.name).await;
        member(&shop, "ada@example.org").await;
        assert_eq!(shop.count("users").await, 1);
        let refused = verify_email::verify_email(&shop, &old, &password(PASSWORD), &device()).await;
        assert!(matches!(refused, Err(AccountError::InvalidLink)), "{refused:?}");
        let refused = try_sign_in(&shop, "ada@example.org", "a password of a stranger").await;
        assert!(matches!(refused, Err(AccountError::WrongCredentials)), "{refused:?}");
        try_sign_in(&shop, "ada@example.org", PASSWORD).await.expect("signed in");
    }

    async fn whose_mail_it_is_does_not_confirm_the_password_of_a_stranger(shop: TestShop) {
        register::register(&shop, &registration("ada@example.org", PASSWORD)).await.expect("registered");
        shop.wait_seconds(1);
        let stranger = registration("ada@example.org", "a password of a stranger");
        register::register(&shop, &stranger).await.expect("registered");
        let link = mailed_link(&shop, UserRegistered::KIND.name).await;
        let refused = verify_email::verify_email(&shop, &link, &password(PASSWORD), &device()).await;
        assert!(matches!(refused, Err(AccountError::WrongCredentials)), "{refused:?}");
        let refused = try_sign_in(&shop, "ada@example.org", "a password of a stranger").await;
        assert!(matches!(refused, Err(AccountError::Unverified)), "{refused:?}");
        reset_password::request(&shop, "ada@example.org").await.expect("asked");
        let link = mailed_link(&shop, PasswordResetRequested::KIND.name).await;
        reset_password::reset(&shop, &link, &password(PASSWORD), &device()).await.expect("it is the owner's");
        assert!(try_sign_in(&shop, "ada@example.org", "a password of a stranger").await.is_err());
        try_sign_in(&shop, "ada@example.org", PASSWORD).await.expect("signed in");
    }

    async fn common_passwords_are_refused_everywhere(shop: TestShop) {
        let refused = register::register(&shop, &registration("ada@example.org", "password1")).await;
        assert!(matches!(refused, Err(AccountError::CommonPassword)), "{refused:?}");
        assert_eq!(shop.count("users").await, 0);
        let session = member(&shop, "ada@example.org").await;
        let ada = who(&shop, &session).await.expect("signed in");
        let common = password("iloveyou");
        let refused = change_password::change_password(&shop, &ada, &password(PASSWORD), &common, &device()).await;
        assert!(matches!(refused, Err(AccountError::CommonPassword)), "{refused:?}");
        reset_password::request(&shop, "ada@example.org").await.expect("asked");
        let link = mailed_link(&shop, PasswordResetRequested::KIND.name).await;
        let refused = reset_password::reset(&shop, &link, &common, &device()).await;
        assert!(matches!(refused, Err(AccountError::CommonPassword)), "{refused:?}");
        reset_password::reset(&shop, &link, &password("a much better one"), &device()).await.expect("still good");
    }

    async fn what_is_wrong_with_a_sign_in_nobody_is_told(shop: TestShop) {
        member(&shop, "ada@example.org").await;
        let guesses = "SELECT CAST(SUM(guesses) AS BIGINT) AS n FROM sign_in_guesses";
        for (email, text) in [("ada@example.org", "wrong password"), ("nobody@example.org", PASSWORD)] {
            let (statements, refused) = shop.statements(try_sign_in(&shop, email, text)).await;
            assert!(matches!(refused, Err(AccountError::WrongCredentials)), "{refused:?}");
            assert_eq!(statements, 3, "both take the same way");
        }
        assert_eq!(shop.number(guesses, []).await, 2, "whoever guesses becomes slow, also where there is no account");
        try_sign_in(&shop, "ada@example.org", PASSWORD).await.expect("signed in");
        assert_eq!(shop.number(guesses, []).await, 1, "forgotten once the right one comes");
        shop.wait_minutes(24 * 60 + 1);
        purge::purge(&shop).await.expect("purged");
        assert_eq!(shop.count("sign_in_guesses").await, 0);
    }

    async fn a_guess_counts_before_it_is_checked(shop: TestShop) {
        let token = member(&shop, "ada@example.org").await;
        let ada = who(&shop, &token).await.expect("signed in");
        try_sign_in(&shop, "ada@example.org", "wrong password").await.expect_err("refused");
        shop.execute("UPDATE users SET failed_sign_ins = 50", []).await;
        shop.execute("UPDATE sign_in_guesses SET guesses = 50", []).await;
        // Whoever doesn't stay for the answer has guessed all the same: several at once don't all see the old count.
        let device = device();
        let wrong = password("wrong password");
        let guess = sign_in::sign_in(&shop, "ada@example.org", &wrong, &device);
        let other = change_password::change_password(&shop, &ada, &wrong, &wrong, &device);
        for (guess, counted) in [(guess.map(drop).boxed(), 101), (other.map(drop).boxed(), 102)] {
            tokio::select! {
                () = guess => panic!("it waits for seconds"),
                () = counts_to(&shop, counted) => {}
            }
        }
    }

    async fn a_forgotten_password_is_replaced_by_a_link(shop: TestShop) {
        let before = member(&shop, "ada@example.org").await;
        let (for_nobody, answer) = shop.statements(reset_password::request(&shop, "nobody@example.org")).await;
        answer.expect("the same answer");
        assert_eq!(shop.count("verification_tokens").await, 0, "there is no link");
        shop.wait_seconds(1);
        let (for_ada, answer) = shop.statements(reset_password::request(&shop, "ADA@example.org")).await;
        answer.expect("asked");
        assert_eq!(for_nobody, for_ada, "both take the same way");
        let late = mailed_link(&shop, PasswordResetRequested::KIND.name).await;
        shop.wait_minutes(61);
        let refused = reset_password::reset(&shop, &late, &password("a new password"), &device()).await;
        assert!(matches!(refused, Err(AccountError::InvalidLink)), "an hour is over: {refused:?}");

        reset_password::request(&shop, "ada@example.org").await.expect("asked");
        let link = mailed_link(&shop, PasswordResetRequested::KIND.name).await;
        let wrong_kind = verify_email::verify_email(&shop, &link, &password(PASSWORD), &device()).await;
        assert!(matches!(wrong_kind, Err(AccountError::InvalidLink)), "a link is for one thing: {wrong_kind:?}");
        let after = reset_password::reset(&shop, &link, &password("a new password"), &device()).await.expect("set");
        let after = after.session().expect("no second factor");
        assert!(who(&shop, &before).await.is_none(), "every session has ended");
        assert!(who(&shop, &after).await.is_some());
        assert!(try_sign_in(&shop, "ada@example.org", PASSWORD).await.is_err());
        try_sign_in(&shop, "ada@example.org", "a new password").await.expect("signed in");
    }

    async fn of_two_who_use_a_link_at_once_one_does(shop: TestShop) {
        member(&shop, "ada@example.org").await;
        reset_password::request(&shop, "ada@example.org").await.expect("asked");
        let link = mailed_link(&shop, PasswordResetRequested::KIND.name).await;
        let reset = |text: &'static str| {
            let (shop, link) = (shop.clone(), link.clone());
            tokio::spawn(async move { reset_password::reset(&shop, &link, &password(text), &device()).await.is_ok() })
        };
        let (one, other) = (reset("the first password"), reset("the second password"));
        let done = [one.await.expect("ran"), other.await.expect("ran")];
        assert_eq!(done.iter().filter(|done| **done).count(), 1, "{done:?}");
        assert_eq!(shop.count("sessions").await, 1);
    }

    async fn a_changed_password_signs_out_everywhere_else(shop: TestShop) {
        let here = member(&shop, "ada@example.org").await;
        let there = try_sign_in(&shop, "ada@example.org", PASSWORD).await.expect("signed in");
        let ada = who(&shop, &here).await.expect("signed in");
        let new = password("a new password");
        let refused = change_password::change_password(&shop, &ada, &new, &new, &device()).await;
        assert!(matches!(refused, Err(AccountError::WrongCredentials)), "{refused:?}");
        assert!(who(&shop, &there).await.is_some(), "nothing has changed");
        let now = change_password::change_password(&shop, &ada, &password(PASSWORD), &new, &device()).await;
        let now = now.expect("changed");
        assert!(who(&shop, &here).await.is_none() && who(&shop, &there).await.is_none());
        assert_eq!(who(&shop, &now).await.map(|who| who.user), Some(ada.user));
        try_sign_in(&shop, "ada@example.org", "a new password").await.expect("signed in");
    }

    async fn sessions_end_by_themselves_and_by_their_owner(shop: TestShop) {
        let here = member(&shop, "ada@example.org").await;
        let there = try_sign_in(&shop, "ada@example.org", PASSWORD).await.expect("signed in");
        let stranger = member(&shop, "eve@example.org").await;
        let (ada, eve) = (who(&shop, &here).await.expect("in"), who(&shop, &stranger).await.expect("in"));
        let elsewhere = who(&shop, &there).await.expect("in").session;
        let listed = queries::sessions(&shop, ada.user).await.expect("listed");
        assert_eq!(listed.len(), 2);
        assert!(listed.iter().all(|session| session.client == "192.0.2.7"));

        end_session::end(&shop, &eve, elsewhere).await.expect("nothing to do");
        assert!(who(&shop, &there).await.is_some(), "nobody ends another's session");
        end_session::end(&shop, &ada, elsewhere).await.expect("ended");
        assert!(who(&shop, &there).await.is_none());
        let there = try_sign_in(&shop, "ada@example.org", PASSWORD).await.expect("signed in");
        end_session::end_others(&shop, &ada).await.expect("ended");
        assert!(who(&shop, &there).await.is_none() && who(&shop, &here).await.is_some());
        assert!(who(&shop, &stranger).await.is_some());
        end_session::sign_out(&shop, &here).await.expect("signed out");
        assert!(who(&shop, &here).await.is_none());
    }

    async fn nobody_stays_signed_in_for_ever(shop: TestShop) {
        const DAY: i64 = 24 * 60;
        let idle = member(&shop, "ada@example.org").await;
        shop.wait_minutes(IDLE_DAYS * DAY + 1);
        assert!(who(&shop, &idle).await.is_none(), "idle");
        let busy = try_sign_in(&shop, "ada@example.org", PASSWORD).await.expect("signed in");
        for _ in 0..SESSION_DAYS / 10 - 1 {
            shop.wait_minutes(10 * DAY);
            assert!(who(&shop, &busy).await.is_some(), "who comes back stays");
        }
        shop.wait_minutes(10 * DAY);
        assert!(who(&shop, &busy).await.is_none(), "but not for ever");
        purge::purge(&shop).await.expect("purged");
        assert_eq!(shop.count("sessions").await, 0);
        assert_eq!(shop.count("users").await, 1);
    }

    async fn a_page_reads_once_who_is_signed_in(shop: TestShop) {
        let token = member(&shop, "ada@example.org").await;
        assert_eq!(shop.statements(who(&shop, &token)).await.0, 1);
        shop.wait_minutes(6);
        assert_eq!(shop.statements(who(&shop, &token)).await.0, 2, "the last use is noted now and then");
        assert_eq!(shop.statements(who(&shop, &token)).await.0, 1);
    }
}
