//! How somebody goes through the checkout: the forms, without the pages that are not needed.

use crate::client::{Answer, Fault, unexpected};
use crate::operations::{ADDRESS, field};
use crate::shelf::{Article, Shelf};

/// What was answered to a request.
pub struct Reply {
    /// Its status code.
    pub status: u16,
    /// Where to go on, if that was said.
    pub location: String,
    /// The page.
    pub body: String,
}

impl Reply {
    /// Keeps what counts of an answer.
    pub fn of(answer: &Answer<'_>) -> Self {
        Self {
            status: answer.status,
            location: answer.header("location").unwrap_or_default().to_owned(),
            body: answer.text().to_owned(),
        }
    }

    /// Whether the shop could not do it now, whatever was asked.
    pub fn is_unavailable(&self) -> bool {
        self.status >= 500 || self.location.contains("refused=unavailable")
    }

    fn fault(&self, what: &str) -> Fault {
        unexpected(format!("{what} was answered by {} {}", self.status, self.location))
    }
}

/// Somebody who sends requests.
pub trait Asks {
    /// Sends a form, or asks for a page.
    async fn ask(&mut self, path: &str, form: Option<&str>) -> Result<Reply, Fault>;
}

/// How a checkout has ended.
pub enum End {
    /// The order was made; where the shopper goes on.
    Made(String),
    /// There is nothing left.
    SoldOut,
    /// The shopper has changed their mind.
    Left,
}

/// Buys one of an article; somebody who hesitates gives it up after it was held.
pub async fn buy(
    who: &mut impl Asks,
    shelf: &Shelf,
    article: &Article,
    payment: &str,
    hesitates: bool,
) -> Result<End, Fault> {
    let added = who.ask("/actions/cart/add", Some(&article.form)).await?;
    if is_short(&added) {
        return Ok(End::SoldOut);
    }
    if !added.location.contains("added=1") {
        return Err(added.fault("an addition"));
    }
    let started = who.ask("/actions/checkout/start", Some("")).await?;
    if is_short(&started) {
        return Ok(End::SoldOut);
    }
    if started.location != "/checkout/address" {
        return Err(started.fault("the start"));
    }
    if hesitates {
        let cleared = who.ask("/actions/cart/clear", Some("")).await?;
        return if cleared.status == 303 { Ok(End::Left) } else { Err(cleared.fault("clearing")) };
    }
    let delivery = format!("method={}&note=", shelf.delivery);
    let payment = format!("method={payment}");
    for (step, form, to) in
        [("address", ADDRESS, "delivery"), ("delivery", &delivery, "payment"), ("payment", &payment, "review")]
    {
        let reply = who.ask(&format!("/actions/checkout/{step}"), Some(form)).await?;
        if reply.location != format!("/checkout/{to}") {
            return Err(reply.fault(step));
        }
    }
    let review = who.ask("/checkout/review", None).await?;
    let (Some(cart), Some(total)) = (field(&review.body, "cart"), field(&review.body, "total")) else {
        return Err(review.fault("the review"));
    };
    let placed = who.ask("/actions/checkout/place", Some(&format!("cart={cart}&total={total}"))).await?;
    if is_short(&placed) {
        return Ok(End::SoldOut);
    }
    let made = placed.location.starts_with("/checkout/confirmation/") || placed.location.contains("/test-gateway/");
    if made { Ok(End::Made(placed.location)) } else { Err(placed.fault("placing")) }
}

fn is_short(reply: &Reply) -> bool {
    ["refused=short", "refused=not-enough"].iter().any(|refused| reply.location.contains(refused))
}
