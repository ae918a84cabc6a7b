//! Signing in with a second factor: what counts, how often, and what doesn't get around it.

use crate::harness::TestShop;
use commerce::access::{AccessError, log_in};
use commerce::accounts::admit::Admission;
use commerce::accounts::second_factor::answer::{self, Entered};
use commerce::accounts::second_factor::totp::{TotpSecret, step_at};
use commerce::accounts::second_factor::{
    Answer, FactorAdded, FactorKind, FactorRemoved, Factors, PENDING_MINUTES, PendingId, RecoveryCodeUsed,
    SignInCodeRequested, TRIES, TRIES_PER_HOUR, TRUSTED_DAYS, devices, email_code, queries as factors, recovery,
    set_up,
};
use commerce::accounts::{
    AccountError, Device, Password, PasswordResetRequested, Registration, SignedIn, UserRegistered, VerificationId,
    change_password, link_token, purge, queries, register, reset_password, sign_in, verify_email,
};
use commerce::db::sql;
use commerce::events::DomainEvent;
use commerce::sealed::{Keyring, rotate};
use commerce::token::Token;
use sea_orm::ConnectionTrait;

pub const EMAIL: &str = "ada@example.org";
pub const PASSWORD: &str = "correct horse battery staple";

pub fn password(text: &str) -> Password {
    Password::new(Some(text)).expect("long enough")
}

pub fn device() -> Device {
    Device { name: "Firefox/140.0 Linux".to_owned(), client: "192.0.2.7".to_owned(), ..Device::default() }
}

async fn reported(shop: &TestShop, kind: &str) -> Vec<serde_json::Value> {
    let db = shop.db.primary();
    let text = "SELECT data FROM events WHERE kind = $1 ORDER BY id";
    let rows = db.query_all_raw(sql(db, text, [kind.into()])).await.expect("the statement runs");
    rows.iter().map(|row| row.try_get("", "data").expect("a document")).collect()
}

async fn mailed_link(shop: &TestShop, kind: &str) -> Token {
    let data = reported(shop, kind).await.pop().expect("something was reported");
    let id: VerificationId = serde_json::from_value(data["verification"].clone()).expect("a link");
    link_token(shop, id)
}

/// The code that was mailed last.
async fn mailed_code(shop: &TestShop) -> Answer {
    let data = reported(shop, SignInCodeRequested::KIND.name).await.pop().expect("a code was asked for");
    let pending: PendingId = serde_json::from_value(data["pending"].clone()).expect("a sign-in");
    let number = data["number"].as_i64().and_then(|number| number.try_into().ok()).expect("a number");
    Answer::Email(email_code::code(shop, pending, number))
}

/// Somebody with an account, and nothing more.
pub async fn member(shop: &TestShop, email: &str) -> SignedIn {
    shop.wait_seconds(1);
    let registration =
        Registration { name: "Ada Lovelace".to_owned(), email: email.to_owned(), password: password(PASSWORD) };
    register::register(shop, &registration).await.expect("registered");
    let link = mailed_link(shop, UserRegistered::KIND.name).await;
    let admission = verify_email::verify_email(shop, &link, &password(PASSWORD), &device()).await.expect("confirmed");
    let token = admission.session().expect("no second factor yet");
    queries::signed_in(shop, &token).await.expect("read").expect("signed in")
}

/// Sets up an authenticator app, and lets a step pass, so that its next code is good.
pub async fn set_up_app(shop: &TestShop, who: &SignedIn) -> TotpSecret {
    set_up::begin_totp(shop, who, &password(PASSWORD)).await.expect("begun");
    let secret = set_up::totp_to_confirm(shop, who).await.expect("read").expect("being set up");
    set_up::confirm_totp(shop, who, &code(shop, &secret)).await.expect("confirmed");
    shop.wait_seconds(30);
    secret
}

fn code(shop: &TestShop, secret: &TotpSecret) -> String {
    secret.code(step_at(shop.clock.now()))
}

/// A code that is not good now.
fn wrong(shop: &TestShop, secret: &TotpSecret) -> Answer {
    let step = step_at(shop.clock.now());
    let near: Vec<_> = (-1..=1).map(|drift| secret.code(step + drift)).collect();
    let other = (0..).map(|number| format!("{number:06}")).find(|code| !near.contains(code));
    Answer::Totp(other.expect("there are more than three"))
}

async fn begin_from(shop: &TestShop, device: &Device) -> Admission {
    sign_in::sign_in(shop, EMAIL, &password(PASSWORD), device).await.expect("the password is right")
}

/// Shows the password only.
pub async fn begin(shop: &TestShop) -> Token {
    begin_from(shop, &device()).await.pending().expect("asked for a second factor")
}

async fn give(shop: &TestShop, pending: &Token, given: &Answer) -> Result<Entered, AccountError> {
    answer::answer(shop, pending, given, &device(), false).await
}

async fn app_code(shop: &TestShop, pending: &Token, secret: &TotpSecret) -> Result<Entered, AccountError> {
    give(shop, pending, &Answer::Totp(code(shop, secret))).await
}

/// Who fails again and again has to wait longer than a test should take.
async fn forget_failures(shop: &TestShop) {
    shop.execute("UPDATE users SET failed_sign_ins = 0", []).await;
}

pub async fn has(shop: &TestShop, who: &SignedIn) -> Factors {
    factors::factors(shop.db.primary(), who.user).await.expect("read")
}

both_databases! {
    async fn the_password_alone_opens_nothing_where_there_is_a_second_factor(shop: TestShop) {
        let ada = member(&shop, EMAIL).await;
        let sessions = shop.count("sessions").await;
        let secret = set_up_app(&shop, &ada).await;
        assert_eq!(reported(&shop, FactorAdded::KIND.name).await.len(), 1, "a mail tells of it");
        let pending = begin(&shop).await;
        assert_eq!(shop.count("sessions").await, sessions);
        assert!(queries::signed_in(&shop, &pending).await.expect("read").is_none(), "it is no session");
        let entered = app_code(&shop, &pending, &secret).await.expect("signed in");
        assert_eq!(queries::signed_in(&shop, &entered.session).await.expect("read").expect("in").user, ada.user);
        assert!(entered.trusted.is_none(), "nobody asked for it");
        let again = app_code(&shop, &pending, &secret).await;
        assert!(matches!(again, Err(AccountError::NoPendingSignIn)), "{again:?}");
        let none = give(&shop, &Token::random(), &Answer::Totp(code(&shop, &secret))).await;
        assert!(matches!(none, Err(AccountError::NoPendingSignIn)), "{none:?}");
    }

    async fn an_app_counts_once_a_code_of_it_was_seen(shop: TestShop) {
        let ada = member(&shop, EMAIL).await;
        let refused = set_up::begin_totp(&shop, &ada, &password("not the password")).await;
        assert!(matches!(refused, Err(AccountError::WrongCredentials)), "{refused:?}");
        set_up::begin_totp(&shop, &ada, &password(PASSWORD)).await.expect("begun");
        let first = set_up::totp_to_confirm(&shop, &ada).await.expect("read").expect("being set up");
        assert!(matches!(begin_from(&shop, &device()).await, Admission::Session(_)), "nothing counts yet");
        set_up::begin_totp(&shop, &ada, &password(PASSWORD)).await.expect("begun again");
        let second = set_up::totp_to_confirm(&shop, &ada).await.expect("read").expect("being set up");
        assert_ne!(first, second);
        let Answer::Totp(bad) = wrong(&shop, &second) else { panic!("a code of an app") };
        let refused = set_up::confirm_totp(&shop, &ada, &bad).await;
        assert!(matches!(refused, Err(AccountError::WrongCode)), "{refused:?}");
        shop.wait_minutes(16);
        let late = set_up::confirm_totp(&shop, &ada, &code(&shop, &second)).await;
        assert!(matches!(late, Err(AccountError::NoFactor)), "{late:?}");
        assert_eq!(has(&shop, &ada).await, Factors::default());
        set_up_app(&shop, &ada).await;
        assert_eq!(has(&shop, &ada).await, Factors { totp: true, recovery_codes: 10, ..Factors::default() });
        let again = set_up::begin_totp(&shop, &ada, &password(PASSWORD)).await;
        assert!(matches!(again, Err(AccountError::FactorExists)), "{again:?}");
    }

    async fn a_code_of_an_app_is_good_once(shop: TestShop) {
        let ada = member(&shop, EMAIL).await;
        set_up::begin_totp(&shop, &ada, &password(PASSWORD)).await.expect("begun");
        let secret = set_up::totp_to_confirm(&shop, &ada).await.expect("read").expect("being set up");
        set_up::confirm_totp(&shop, &ada, &code(&shop, &secret)).await.expect("confirmed");
        let replayed = app_code(&shop, &begin(&shop).await, &secret).await;
        assert!(matches!(replayed, Err(AccountError::WrongCode)), "used to confirm: {replayed:?}");
        shop.wait_seconds(30);
        app_code(&shop, &begin(&shop).await, &secret).await.expect("the next one is good");
        let replayed = app_code(&shop, &begin(&shop).await, &secret).await;
        assert!(matches!(replayed, Err(AccountError::WrongCode)), "used to sign in: {replayed:?}");
        shop.wait_seconds(60);
        let early = secret.code(step_at(shop.clock.now()) - 1);
        give(&shop, &begin(&shop).await, &Answer::Totp(early)).await.expect("the one before is good, too");
    }

    async fn of_two_who_use_one_code_at_once_one_gets_in(shop: TestShop) {
        let ada = member(&shop, EMAIL).await;
        let secret = set_up_app(&shop, &ada).await;
        let paper = recovery::shown(&shop, &ada).await.expect("read").expect("shown")[0].clone();
        for given in [Answer::Totp(code(&shop, &secret)), Answer::Recovery(paper)] {
            let sessions = shop.count("sessions").await;
            let mut tries = Vec::new();
            for _ in 0..4 {
                let (shop, pending, given) = (shop.clone(), begin(&shop).await, given.clone());
                tries.push(tokio::spawn(async move { give(&shop, &pending, &given).await.is_ok() }));
            }
            let mut entered = 0;
            for done in tries {
                entered += i64::from(done.await.expect("ran"));
            }
            assert_eq!(entered, 1, "{given:?}");
            assert_eq!(shop.count("sessions").await, sessions + 1);
            forget_failures(&shop).await;
        }
    }

    async fn codes_can_not_be_guessed(shop: TestShop) {
        let ada = member(&shop, EMAIL).await;
        let secret = set_up_app(&shop, &ada).await;
        let bad = wrong(&shop, &secret);
        let failures = "SELECT CAST(failed_sign_ins AS BIGINT) AS n FROM users";
        let tried = "SELECT CAST(SUM(tries) AS BIGINT) AS n FROM pending_sign_ins";
        // However many come at once, a sign-in takes so many.
        let pending = begin(&shop).await;
        let tries: Vec<_> = (0..TRIES + 3)
            .map(|_| {
                let (shop, pending, bad) = (shop.clone(), pending.clone(), bad.clone());
                tokio::spawn(async move { give(&shop, &pending, &bad).await.expect_err("wrong") })
            })
            .collect();
        for refused in tries {
            refused.await.expect("ran");
        }
        assert_eq!(shop.number(tried, []).await, i64::from(TRIES));
        assert_eq!(shop.number(failures, []).await, i64::from(TRIES), "they count as wrong passwords do");
        forget_failures(&shop).await;
        let right = app_code(&shop, &pending, &secret).await;
        assert!(matches!(right, Err(AccountError::TooManyTries)), "{right:?}");
        assert!(answer::ways(&shop, &pending).await.expect("read").is_none());
        // To begin again gives some more, and then no more for an hour.
        for _ in 1..TRIES_PER_HOUR / i64::from(TRIES) {
            let pending = begin(&shop).await;
            for _ in 0..TRIES {
                let refused = give(&shop, &pending, &bad).await;
                assert!(matches!(refused, Err(AccountError::WrongCode)), "{refused:?}");
                forget_failures(&shop).await;
            }
        }
        let right = app_code(&shop, &begin(&shop).await, &secret).await;
        assert!(matches!(right, Err(AccountError::TooManyTries)), "{right:?}");
        shop.wait_minutes(61);
        app_code(&shop, &begin(&shop).await, &secret).await.expect("an hour is over");
    }

    async fn a_program_shows_the_second_factor_too(shop: TestShop) {
        let ada = member(&shop, EMAIL).await;
        let secret = set_up_app(&shop, &ada).await;
        let log_in = async |code: Option<String>| {
            let login = log_in::Login { email: EMAIL.to_owned(), password: password(PASSWORD), code };
            log_in::log_in(&shop, "https://shop.example.com", &login, None, &device()).await
        };
        let refused = log_in(None).await;
        assert!(matches!(refused, Err(AccessError::SecondFactor)), "{refused:?}");
        let Answer::Totp(bad) = wrong(&shop, &secret) else { panic!("a code of the app") };
        let refused = log_in(Some(bad)).await;
        assert!(matches!(refused, Err(AccessError::Account(AccountError::WrongCode))), "{refused:?}");
        assert_eq!(shop.count("api_grants").await, 0);
        let good = code(&shop, &secret);
        log_in(Some(good.clone())).await.expect("signed in");
        let again = log_in(Some(good)).await;
        assert!(matches!(again, Err(AccessError::Account(AccountError::WrongCode))), "a code is good once: {again:?}");
    }

    async fn the_right_password_does_not_forgive_wrong_codes(shop: TestShop) {
        let ada = member(&shop, EMAIL).await;
        let secret = set_up_app(&shop, &ada).await;
        let failures = "SELECT CAST(failed_sign_ins AS BIGINT) AS n FROM users";
        assert!(give(&shop, &begin(&shop).await, &wrong(&shop, &secret)).await.is_err());
        let pending = begin(&shop).await;
        assert_eq!(shop.number(failures, []).await, 1);
        app_code(&shop, &pending, &secret).await.expect("signed in");
        assert_eq!(shop.number(failures, []).await, 0);
    }

    async fn a_sign_in_does_not_wait_for_ever(shop: TestShop) {
        let ada = member(&shop, EMAIL).await;
        let secret = set_up_app(&shop, &ada).await;
        let pending = begin(&shop).await;
        shop.wait_minutes(PENDING_MINUTES);
        let late = app_code(&shop, &pending, &secret).await;
        assert!(matches!(late, Err(AccountError::NoPendingSignIn)), "{late:?}");
        shop.wait_minutes(60);
        purge::purge(&shop).await.expect("purged");
        assert_eq!(shop.count("pending_sign_ins").await, 0);
        assert_eq!(shop.count("recovery_sheets").await, 0);
    }

    async fn a_trusted_browser_needs_the_password_only(shop: TestShop) {
        let ada = member(&shop, EMAIL).await;
        let secret = set_up_app(&shop, &ada).await;
        let trust = async |shop: &TestShop| {
            shop.wait_seconds(60);
            let given = Answer::Totp(code(shop, &secret));
            let entered = answer::answer(shop, &begin(shop).await, &given, &device(), true).await.expect("signed in");
            Device { trusted: entered.trusted, ..device() }
        };
        let here = trust(&shop).await;
        assert!(matches!(begin_from(&shop, &here).await, Admission::Session(_)));
        let refused = sign_in::sign_in(&shop, EMAIL, &password("not the password"), &here).await;
        assert!(matches!(refused, Err(AccountError::WrongCredentials)), "{refused:?}");
        begin(&shop).await;

        // It speaks for nobody else.
        let eve = member(&shop, "eve@example.org").await;
        set_up_app(&shop, &eve).await;
        let other = sign_in::sign_in(&shop, "eve@example.org", &password(PASSWORD), &here).await.expect("right");
        assert!(matches!(other, Admission::SecondFactor(_)));
        let listed = factors::trusted_devices(&shop, ada.user).await.expect("listed");
        assert_eq!(listed.len(), 1);
        devices::distrust(&shop, &eve, listed[0].id).await.expect("nothing to do");
        assert!(matches!(begin_from(&shop, &here).await, Admission::Session(_)));
        devices::distrust(&shop, &ada, listed[0].id).await.expect("done");
        assert!(matches!(begin_from(&shop, &here).await, Admission::SecondFactor(_)));

        let here = trust(&shop).await;
        change_password::change_password(&shop, &ada, &password(PASSWORD), &password(PASSWORD), &device())
            .await
            .expect("changed");
        assert!(matches!(begin_from(&shop, &here).await, Admission::SecondFactor(_)), "a new password trusts nobody");
        let here = trust(&shop).await;
        shop.wait_minutes(TRUSTED_DAYS * 24 * 60);
        assert!(matches!(begin_from(&shop, &here).await, Admission::SecondFactor(_)), "nor is it for ever");
    }

    async fn a_mailed_link_does_not_get_around_it(shop: TestShop) {
        let ada = member(&shop, EMAIL).await;
        let secret = set_up_app(&shop, &ada).await;
        set_up::add_email(&shop, &ada, &password(PASSWORD)).await.expect("added");
        let waiting = begin(&shop).await;
        reset_password::request(&shop, EMAIL).await.expect("asked");
        let link = mailed_link(&shop, PasswordResetRequested::KIND.name).await;
        let admission = reset_password::reset(&shop, &link, &password(PASSWORD), &device()).await.expect("set");
        let pending = admission.pending().expect("the second factor is asked for");
        assert_eq!(shop.count("sessions").await, 0);
        let ended = app_code(&shop, &waiting, &secret).await;
        assert!(matches!(ended, Err(AccountError::NoPendingSignIn)), "of the old password: {ended:?}");
        let ways = answer::ways(&shop, &pending).await.expect("read").expect("waits");
        assert!(ways.totp && ways.recovery && !ways.email, "mail would prove nothing new");
        let refused = email_code::send(&shop, &pending).await;
        assert!(matches!(refused, Err(AccountError::NoFactor)), "{refused:?}");
        app_code(&shop, &pending, &secret).await.expect("signed in");
        assert!(has(&shop, &ada).await.totp);
    }

    async fn a_mailed_code_is_good_once_and_not_for_long(shop: TestShop) {
        let ada = member(&shop, EMAIL).await;
        let refused = set_up::add_email(&shop, &ada, &password("not the password")).await;
        assert!(matches!(refused, Err(AccountError::WrongCredentials)), "{refused:?}");
        shop.execute("UPDATE users SET email_verified_at = NULL", []).await;
        let refused = set_up::add_email(&shop, &ada, &password(PASSWORD)).await;
        assert!(matches!(refused, Err(AccountError::Unverified)), "nobody knows whose it is: {refused:?}");
        shop.execute("UPDATE users SET email_verified_at = created_at", []).await;
        set_up::add_email(&shop, &ada, &password(PASSWORD)).await.expect("added");

        let pending = begin(&shop).await;
        email_code::send(&shop, &pending).await.expect("sent");
        let first = mailed_code(&shop).await;
        shop.wait_seconds(1);
        email_code::send(&shop, &pending).await.expect("sent");
        let second = mailed_code(&shop).await;
        assert_ne!(first, second);
        let old = give(&shop, &pending, &first).await;
        assert!(matches!(old, Err(AccountError::WrongCode)), "{old:?}");
        let other = begin(&shop).await;
        let moved = give(&shop, &other, &second).await;
        assert!(matches!(moved, Err(AccountError::WrongCode)), "it is for one sign-in: {moved:?}");
        give(&shop, &pending, &second).await.expect("signed in");
        let again = give(&shop, &pending, &second).await;
        assert!(matches!(again, Err(AccountError::NoPendingSignIn)), "{again:?}");

        let pending = begin(&shop).await;
        shop.wait_seconds(1);
        email_code::send(&shop, &pending).await.expect("sent");
        let late = mailed_code(&shop).await;
        shop.execute("UPDATE pending_sign_ins SET expires_at = $1", [(shop.clock.now() + chrono::TimeDelta::hours(1)).into()]).await;
        shop.wait_minutes(10);
        let refused = give(&shop, &pending, &late).await;
        assert!(matches!(refused, Err(AccountError::WrongCode)), "{refused:?}");
    }

    async fn only_so_many_codes_are_mailed(shop: TestShop) {
        let ada = member(&shop, EMAIL).await;
        set_up::add_email(&shop, &ada, &password(PASSWORD)).await.expect("added");
        let mut sent = 0;
        for _ in 0..4 {
            let pending = begin(&shop).await;
            for _ in 0..3 {
                sent += i32::from(email_code::send(&shop, &pending).await.is_ok());
            }
            let refused = email_code::send(&shop, &pending).await;
            assert!(matches!(refused, Err(AccountError::TooManyTries)), "{refused:?}");
        }
        assert_eq!(sent, 10, "in an hour");
        shop.wait_minutes(61);
        email_code::send(&shop, &begin(&shop).await).await.expect("an hour is over");
    }

    async fn recovery_codes_stand_in_and_are_good_once(shop: TestShop) {
        let ada = member(&shop, EMAIL).await;
        let refused = recovery::renew(&shop, &ada, &password(PASSWORD)).await;
        assert!(matches!(refused, Err(AccountError::NoFactor)), "for what? {refused:?}");
        set_up_app(&shop, &ada).await;
        let codes = recovery::shown(&shop, &ada).await.expect("read").expect("shown");
        assert_eq!(codes.len(), 10);
        let elsewhere = SignedIn { session: commerce::accounts::SessionId::new(shop.clock.now()), ..ada.clone() };
        assert!(recovery::shown(&shop, &elsewhere).await.expect("read").is_none(), "in the session that made them");
        give(&shop, &begin(&shop).await, &Answer::Recovery(codes[0].to_lowercase())).await.expect("signed in");
        assert_eq!(reported(&shop, RecoveryCodeUsed::KIND.name).await.len(), 1, "a mail tells of it");
        let again = give(&shop, &begin(&shop).await, &Answer::Recovery(codes[0].clone())).await;
        assert!(matches!(again, Err(AccountError::WrongCode)), "{again:?}");
        assert_eq!(has(&shop, &ada).await.recovery_codes, 9);

        recovery::hide(&shop, &ada).await.expect("hidden");
        assert!(recovery::shown(&shop, &ada).await.expect("read").is_none());
        recovery::renew(&shop, &ada, &password(PASSWORD)).await.expect("made anew");
        let new = recovery::shown(&shop, &ada).await.expect("read").expect("shown");
        assert_eq!(has(&shop, &ada).await.recovery_codes, 10);
        let old = give(&shop, &begin(&shop).await, &Answer::Recovery(codes[1].clone())).await;
        assert!(matches!(old, Err(AccountError::WrongCode)), "{old:?}");
        give(&shop, &begin(&shop).await, &Answer::Recovery(new[1].clone())).await.expect("signed in");
        shop.wait_minutes(15);
        assert!(recovery::shown(&shop, &ada).await.expect("read").is_none(), "shown for some minutes");
    }

    async fn a_factor_goes_with_the_password_only(shop: TestShop) {
        let ada = member(&shop, EMAIL).await;
        let secret = set_up_app(&shop, &ada).await;
        set_up::add_email(&shop, &ada, &password(PASSWORD)).await.expect("added");
        let given = Answer::Totp(code(&shop, &secret));
        let entered = answer::answer(&shop, &begin(&shop).await, &given, &device(), true).await.expect("signed in");
        let refused = set_up::remove(&shop, &ada, FactorKind::Totp, &password("not the password")).await;
        assert!(matches!(refused, Err(AccountError::WrongCredentials)), "{refused:?}");
        set_up::remove(&shop, &ada, FactorKind::Totp, &password(PASSWORD)).await.expect("removed");
        assert_eq!(has(&shop, &ada).await, Factors { email: true, recovery_codes: 10, ..Factors::default() });
        let trusted = Device { trusted: entered.trusted, ..device() };
        assert!(matches!(begin_from(&shop, &trusted).await, Admission::Session(_)));
        set_up::remove(&shop, &ada, FactorKind::Email, &password(PASSWORD)).await.expect("removed");
        assert_eq!(has(&shop, &ada).await, Factors::default(), "with the last one go the codes");
        assert_eq!(shop.count("trusted_devices").await, 0);
        assert_eq!(reported(&shop, FactorRemoved::KIND.name).await.len(), 2, "mails tell of it");
        assert!(matches!(begin_from(&shop, &device()).await, Admission::Session(_)));
        let again = set_up::remove(&shop, &ada, FactorKind::Email, &password(PASSWORD)).await;
        assert!(matches!(again, Err(AccountError::NoFactor)), "{again:?}");
    }

    async fn what_an_app_knows_is_encrypted_and_keys_can_be_changed(shop: TestShop) {
        const SECRET: &[u8] = b"the same on every replica";
        let ada = member(&shop, EMAIL).await;
        let secret = set_up_app(&shop, &ada).await;
        let eve = member(&shop, "eve@example.org").await;
        set_up_app(&shop, &eve).await;
        let plain = "SELECT COUNT(*) AS n FROM second_factors WHERE secret NOT LIKE '0:%'";
        assert_eq!(shop.number(plain, []).await, 0);

        let key = |name: &str, letter: &str| format!("{name}:{}=", letter.repeat(43));
        let with = |list: String| Keyring::parse(&list, SECRET).expect("keys");
        let newer = shop.through(|parts| parts.keys = with(key("a", "A"))).await;
        // Of four values one can't be opened: it is another row's.
        let steal = "UPDATE second_factors SET secret = (SELECT o.secret FROM second_factors o WHERE o.user_id = $1)
                     WHERE user_id = $2";
        shop.execute(steal, [ada.user.into(), eve.user.into()]).await;
        let done = rotate::rotate(&newer).await.expect("rotated");
        assert_eq!(done, rotate::Rotated { sealed: 3, unreadable: 1 });
        let again = rotate::rotate(&newer).await.expect("rotated");
        assert_eq!(again, rotate::Rotated { sealed: 0, unreadable: 1 }, "what is done is done");
        app_code(&newer, &begin(&newer).await, &secret).await.expect("signed in");
        let stolen = sign_in::sign_in(&newer, "eve@example.org", &password(PASSWORD), &device()).await.expect("right");
        let stolen = app_code(&newer, &stolen.pending().expect("waits"), &secret).await;
        assert!(matches!(stolen, Err(AccountError::Sealed(_))), "{stolen:?}");
        let older = app_code(&shop, &begin(&shop).await, &secret).await;
        assert!(matches!(older, Err(AccountError::Sealed(_))), "without the key: {older:?}");
        assert_eq!(recovery::shown(&newer, &ada).await.expect("read").expect("shown").len(), 10);
    }
}
