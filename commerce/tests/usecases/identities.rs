//! Signing in by who one is elsewhere: whose account that opens, and whose never.

use crate::harness::TestShop;
use commerce::accounts::flow::{FLOW_MINUTES, Flow};
use commerce::accounts::identity::{self, Identity, IdentityError, IdentityLinked, WaysIn};
use commerce::accounts::link_identity::{link_by_address, link_own};
use commerce::accounts::sign_in_with_identity::sign_in_with_identity;
use commerce::accounts::unlink_identity::unlink_identity;
use commerce::accounts::{
    AccountError, Device, Password, Registration, SignedIn, UserRegistered, VerificationId, link_token, purge, queries,
    register, sign_in, verify_email,
};
use commerce::events::DomainEvent;
use commerce::token::Token;
use sea_orm::FromQueryResult;

const PASSWORD: &str = "correct horse battery staple";

fn password(text: &str) -> Password {
    Password::new(Some(text)).expect("long enough")
}

fn device() -> Device {
    Device { name: "Firefox/140.0 Linux".to_owned(), client: "192.0.2.7".to_owned(), trusted: None }
}

/// Who somebody is at the first of two providers, who has made sure of the address.
fn at_first(subject: &str, email: &str) -> Identity {
    Identity {
        provider: "first".to_owned(),
        issuer: "https://first.example".to_owned(),
        subject: subject.to_owned(),
        email: Some(email.to_owned()),
        email_verified: true,
        name: Some("Ada Lovelace".to_owned()),
    }
}

/// The same at the second provider.
fn at_second(subject: &str, email: &str) -> Identity {
    Identity { provider: "second".to_owned(), issuer: "https://second.example".to_owned(), ..at_first(subject, email) }
}

async fn register_only(shop: &TestShop, email: &str) -> Token {
    // What is reported at the same time is in no order.
    shop.wait_seconds(1);
    let registration = Registration { name: "Ada".to_owned(), email: email.to_owned(), password: password(PASSWORD) };
    register::register(shop, &registration).await.expect("registered");
    #[derive(FromQueryResult)]
    struct Reported {
        data: serde_json::Value,
    }
    let text = "SELECT data FROM events WHERE kind = $1 ORDER BY id";
    let data = shop.rows::<Reported>(text, [UserRegistered::KIND.name.into()]).await.pop().expect("reported").data;
    let id: VerificationId = serde_json::from_value(data["verification"].clone()).expect("a link");
    link_token(shop, id)
}

/// Somebody with a password whose address is confirmed.
async fn member(shop: &TestShop, email: &str) -> SignedIn {
    let link = register_only(shop, email).await;
    let session = verify_email::verify_email(shop, &link, &password(PASSWORD), &device()).await.expect("confirmed");
    who(shop, &session.session().expect("no second factor")).await
}

async fn who(shop: &TestShop, token: &Token) -> SignedIn {
    queries::signed_in(shop, token).await.expect("the statement runs").expect("signed in")
}

async fn come(shop: &TestShop, identity: &Identity) -> Result<Token, IdentityError> {
    let admission = sign_in_with_identity(shop, identity, &device()).await?;
    Ok(admission.session().expect("no second factor"))
}

async fn ways_in(shop: &TestShop, of: &SignedIn) -> WaysIn {
    identity::ways_in(shop, of.user).await.expect("the statements run")
}

both_databases! {
    async fn who_comes_first_gets_an_account_and_finds_it_again(shop: TestShop) {
        let session = come(&shop, &at_first("1", "Ada@example.org")).await.expect("signed in");
        let ada = who(&shop, &session).await;
        assert_eq!((ada.name.as_str(), ada.email.as_str()), ("Ada Lovelace", "Ada@example.org"));
        shop.wait_minutes(5);
        // The address may change there, and be anybody's: who they are does not.
        let moved = Identity { email_verified: false, ..at_first("1", "other@example.org") };
        let again = come(&shop, &moved).await.expect("signed in");
        assert_ne!(again, session, "each session has a token of its own");
        assert_eq!(who(&shop, &again).await.user, ada.user);
        assert_eq!(shop.count("users").await, 1);
        let ways = ways_in(&shop, &ada).await;
        assert!(!ways.password);
        assert_eq!(ways.linked[0].email.as_deref(), Some("Ada@example.org"));
        assert_eq!((ways.linked[0].used_at - ways.linked[0].created_at).num_minutes(), 5);
        let other = come(&shop, &at_first("2", "eve@example.org")).await.expect("signed in");
        assert_ne!(who(&shop, &other).await.user, ada.user);
        let same_subject = come(&shop, &at_second("1", "bob@example.org")).await.expect("signed in");
        assert_ne!(who(&shop, &same_subject).await.user, ada.user, "a subject is one of its issuer");
    }

    async fn nobody_is_signed_in_by_a_password_that_is_none(shop: TestShop) {
        come(&shop, &at_first("1", "ada@example.org")).await.expect("signed in");
        let refused = sign_in::sign_in(&shop, "ada@example.org", &password(PASSWORD), &device()).await;
        assert!(matches!(refused, Err(AccountError::WrongCredentials)), "{refused:?}");
    }

    async fn of_two_who_come_first_at_once_one_account_is_made(shop: TestShop) {
        let come = || {
            let shop = shop.clone();
            tokio::spawn(async move { come(&shop, &at_first("1", "ada@example.org")).await })
        };
        let all = [come(), come(), come(), come()];
        for one in all {
            one.await.expect("ran").expect("signed in");
        }
        assert_eq!((shop.count("users").await, shop.count("accounts").await), (1, 1));
        assert_eq!(shop.count("sessions").await, 4);
    }

    async fn an_address_that_the_issuer_has_not_verified_opens_and_makes_nothing(shop: TestShop) {
        let ada = member(&shop, "ada@example.org").await;
        for email in [Some("ada@example.org"), Some("new@example.org"), Some("nonsense"), None] {
            let identity = Identity {
                email: email.map(str::to_owned),
                email_verified: email == Some("nonsense"),
                ..at_first("1", "")
            };
            let refused = come(&shop, &identity).await;
            assert!(matches!(refused, Err(IdentityError::Unverified)), "{email:?}: {refused:?}");
            let refused = link_by_address(&shop, &identity, &password(PASSWORD), &device()).await;
            assert!(matches!(refused, Err(IdentityError::Unverified)), "{email:?}: {refused:?}");
        }
        assert_eq!((shop.count("users").await, shop.count("accounts").await), (1, 0));
        assert_eq!(ways_in(&shop, &ada).await.linked, []);
    }

    async fn an_account_with_the_address_is_linked_for_who_knows_its_password(shop: TestShop) {
        let ada = member(&shop, "ada@example.org").await;
        let identity = at_first("1", "ADA@example.org");
        let refused = come(&shop, &identity).await;
        assert!(matches!(refused, Err(IdentityError::MustProve)), "{refused:?}");
        assert_eq!(shop.count("accounts").await, 0, "nothing is linked in silence");
        let refused = link_by_address(&shop, &identity, &password("not the password"), &device()).await;
        assert!(matches!(refused, Err(IdentityError::WrongCredentials)), "{refused:?}");
        let failures = "SELECT CAST(failed_sign_ins AS BIGINT) AS n FROM users";
        assert_eq!(shop.number(failures, []).await, 1, "it counts as a sign-in that failed");
        let session = link_by_address(&shop, &identity, &password(PASSWORD), &device()).await.expect("linked");
        let session = session.session().expect("no second factor");
        let told = "SELECT COUNT(*) AS n FROM events WHERE kind = $1";
        assert_eq!(shop.number(told, [IdentityLinked::KIND.name.into()]).await, 1, "its owner is told");
        assert_eq!(shop.number(failures, []).await, 0);
        assert_eq!(who(&shop, &session).await.user, ada.user);
        let session = come(&shop, &identity).await.expect("signed in");
        assert_eq!(who(&shop, &session).await.user, ada.user);
    }

    async fn an_address_that_nobody_has_confirmed_here_belongs_to_whom_the_issuer_names(shop: TestShop) {
        // A stranger has registered with it, to wait for the owner.
        let link = register_only(&shop, "ada@example.org").await;
        let session = come(&shop, &at_first("1", "ada@example.org")).await.expect("signed in");
        assert_eq!(shop.count("users").await, 1);
        let refused = verify_email::verify_email(&shop, &link, &password(PASSWORD), &device()).await;
        assert!(matches!(refused, Err(AccountError::InvalidLink)), "{refused:?}");
        let refused = sign_in::sign_in(&shop, "ada@example.org", &password(PASSWORD), &device()).await;
        assert!(matches!(refused, Err(AccountError::WrongCredentials)), "{refused:?}");
        assert!(!ways_in(&shop, &who(&shop, &session).await).await.password);
    }

    async fn an_account_of_another_issuer_has_to_be_opened_by_that_one_first(shop: TestShop) {
        let session = come(&shop, &at_first("1", "ada@example.org")).await.expect("signed in");
        let ada = who(&shop, &session).await;
        let second = at_second("7", "ada@example.org");
        let refused = come(&shop, &second).await;
        assert!(matches!(refused, Err(IdentityError::MustProve)), "{refused:?}");
        let refused = link_by_address(&shop, &second, &password(PASSWORD), &device()).await;
        assert!(matches!(refused, Err(IdentityError::WrongCredentials)), "{refused:?}");
        link_own(&shop, &ada, &second, None).await.expect("linked: there is no password to ask for");
        let session = come(&shop, &second).await.expect("signed in");
        assert_eq!(who(&shop, &session).await.user, ada.user);
    }

    async fn who_is_signed_in_links_by_their_password_and_nobody_elses_identity(shop: TestShop) {
        let ada = member(&shop, "ada@example.org").await;
        let eve = member(&shop, "eve@example.org").await;
        let identity = Identity { email_verified: false, ..at_first("1", "somewhere@example.net") };
        for wrong in [None, Some(password("not the password"))] {
            let refused = link_own(&shop, &ada, &identity, wrong.as_ref()).await;
            assert!(matches!(refused, Err(IdentityError::WrongCredentials)), "{refused:?}");
        }
        link_own(&shop, &ada, &identity, Some(&password(PASSWORD))).await.expect("linked");
        link_own(&shop, &ada, &identity, Some(&password(PASSWORD))).await.expect("as it was");
        let refused = link_own(&shop, &eve, &identity, Some(&password(PASSWORD))).await;
        assert!(matches!(refused, Err(IdentityError::InUse)), "{refused:?}");
        let session = come(&shop, &identity).await.expect("signed in");
        assert_eq!(who(&shop, &session).await.user, ada.user);
        assert_eq!(shop.count("accounts").await, 1);
    }

    async fn a_way_in_is_left_whatever_is_unlinked(shop: TestShop) {
        let session = come(&shop, &at_first("1", "ada@example.org")).await.expect("signed in");
        let ada = who(&shop, &session).await;
        let first = ways_in(&shop, &ada).await.linked[0].id;
        let refused = unlink_identity(&shop, &ada, first).await;
        assert!(matches!(refused, Err(IdentityError::LastWayIn)), "{refused:?}");
        link_own(&shop, &ada, &at_second("1", "ada@example.org"), None).await.expect("linked");
        let linked = ways_in(&shop, &ada).await.linked;
        let stranger = member(&shop, "eve@example.org").await;
        unlink_identity(&shop, &stranger, first).await.expect("nothing to do");
        assert_eq!(ways_in(&shop, &ada).await.linked.len(), 2, "nobody unlinks another's");
        let unlink = |index: usize| {
            let (shop, ada, linked) = (shop.clone(), ada.clone(), linked[index].id);
            tokio::spawn(async move { unlink_identity(&shop, &ada, linked).await.is_ok() })
        };
        let (one, other) = (unlink(0), unlink(1));
        let done = [one.await.expect("ran"), other.await.expect("ran")];
        assert_eq!(done.iter().filter(|done| **done).count(), 1, "{done:?}");
        assert_eq!(ways_in(&shop, &ada).await.linked.len(), 1);

        let bob = member(&shop, "bob@example.org").await;
        link_own(&shop, &bob, &at_first("2", "bob@example.org"), Some(&password(PASSWORD))).await.expect("linked");
        let linked = ways_in(&shop, &bob).await.linked[0].id;
        unlink_identity(&shop, &bob, linked).await.expect("the password is left");
        unlink_identity(&shop, &bob, linked).await.expect("it is gone already");
        let refused = come(&shop, &at_first("2", "bob@example.org")).await;
        assert!(matches!(refused, Err(IdentityError::MustProve)), "{refused:?}");
    }

    async fn an_answer_fits_its_own_question_once_and_in_time(shop: TestShop) {
        let flow = Flow::begin(&shop, "first", Some("/cart".to_owned()));
        let state = flow.state(&shop);
        let back = Flow::from_cookie(&flow.to_cookie()).expect("as it was");
        assert!(back.is_answered_by(&shop, state.as_str()));
        let other = Flow::begin(&shop, "first", Some("/cart".to_owned()));
        let (mut elsewhere, mut onward) = (flow.clone(), flow.clone());
        elsewhere.provider = "second".to_owned();
        onward.next = Some("/account".to_owned());
        for changed in [&other, &elsewhere, &onward] {
            assert!(!changed.is_answered_by(&shop, state.as_str()), "{changed:?}");
            assert_ne!(changed.nonce(&shop), flow.nonce(&shop));
            assert_ne!(changed.verifier(&shop), flow.verifier(&shop));
        }
        for wrong in ["", "x", Token::random().as_str(), flow.nonce(&shop).as_str()] {
            assert!(!flow.is_answered_by(&shop, wrong), "{wrong}");
        }
        assert_eq!(flow.verifier(&shop).len(), 43);
        assert!(back.use_up(&shop).await.expect("noted"));
        assert!(!flow.use_up(&shop).await.expect("noted"), "once");
        shop.wait_minutes(FLOW_MINUTES);
        assert!(!back.is_answered_by(&shop, state.as_str()), "in time");
        purge::purge(&shop).await.expect("purged");
        assert_eq!(shop.count("sign_in_flows").await, 0);
    }

    async fn who_came_back_is_kept_for_a_while(shop: TestShop) {
        let flow = Flow::begin(&shop, "first", None);
        assert_eq!(flow.kept(&shop).await.expect("read"), None);
        assert!(flow.use_up(&shop).await.expect("noted"));
        assert_eq!(flow.kept(&shop).await.expect("read"), None);
        let ada = at_first("1", "ada@example.org");
        flow.keep(&shop, &ada).await.expect("kept");
        assert_eq!(flow.kept(&shop).await.expect("read"), Some(ada.clone()));
        assert_eq!(Flow::begin(&shop, "first", None).kept(&shop).await.expect("read"), None);
        flow.forget(&shop).await.expect("forgotten");
        assert_eq!(flow.kept(&shop).await.expect("read"), None);
        assert!(!flow.use_up(&shop).await.expect("noted"), "it stays used up");
        flow.keep(&shop, &ada).await.expect("kept");
        shop.wait_minutes(FLOW_MINUTES);
        assert_eq!(flow.kept(&shop).await.expect("read"), None, "not for ever");
    }
}
