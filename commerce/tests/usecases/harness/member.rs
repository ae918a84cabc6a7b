//! People with an account.

use super::TestShop;
use commerce::accounts::{
    Device, Password, Registration, SignedIn, VerificationId, link_token, queries, register, sign_in, verify_email,
};
use commerce::token::Token;
use sea_orm::FromQueryResult;

/// What every member signs in with.
pub fn password() -> Password {
    Password::new(Some("correct horse battery staple")).expect("long enough")
}

#[derive(FromQueryResult)]
struct Reported {
    data: serde_json::Value,
}

impl TestShop {
    /// Somebody whose address is confirmed, and who is signed in.
    pub async fn member(&self, email: &str) -> SignedIn {
        // What is reported at the same time is in no order.
        self.wait_seconds(1);
        let registration =
            Registration { name: "Ada Lovelace".to_owned(), email: email.to_owned(), password: password() };
        register::register(self, &registration).await.expect("registered");
        let link = self.reported_link("UserRegistered", "verification").await;
        let token = verify_email::verify_email(self, &link, &password(), &Device::default()).await.expect("confirmed");
        let token = token.session().expect("no second factor");
        self.who(&token).await.expect("signed in")
    }

    /// Somebody who runs the shop, and is signed in.
    pub async fn admin(&self, email: &str) -> SignedIn {
        self.member(email).await;
        self.execute("UPDATE users SET role = 'admin' WHERE email = $1", [email.into()]).await;
        self.sign_in(email).await
    }

    /// Signs in once more.
    pub async fn sign_in(&self, email: &str) -> SignedIn {
        self.who(&self.session(email).await).await.expect("signed in")
    }

    /// The token of one more session.
    pub async fn session(&self, email: &str) -> Token {
        let admission = sign_in::sign_in(self, email, &password(), &Device::default()).await.expect("signed in");
        admission.session().expect("no second factor")
    }

    /// Who is signed in with a token.
    pub async fn who(&self, token: &Token) -> Option<SignedIn> {
        queries::signed_in(self, token).await.expect("the statement runs")
    }

    /// Whether a session goes on.
    pub async fn is_signed_in(&self, who: &SignedIn) -> bool {
        let text = "SELECT COUNT(*) AS n FROM sessions WHERE id = $1";
        self.number(text, [who.session.into()]).await == 1
    }

    /// What was reported of a kind, in order.
    pub async fn reported(&self, kind: &str) -> Vec<serde_json::Value> {
        let rows = self.rows::<Reported>("SELECT data FROM events WHERE kind = $1 ORDER BY id", [kind.into()]).await;
        rows.into_iter().map(|row| row.data).collect()
    }

    /// The link in the mail that the last event of a kind leads to.
    pub async fn reported_link(&self, kind: &str, field: &str) -> Token {
        let data = self.reported(kind).await.pop().expect("something was reported");
        let id: VerificationId = serde_json::from_value(data[field].clone()).expect("a link");
        link_token(self, id)
    }
}
