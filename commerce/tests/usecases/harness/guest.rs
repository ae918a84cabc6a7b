//! Someone who shops.

use super::TestShop;
use commerce::accounts::UserId;
use commerce::cart::add_line::{Addition, add_line};
use commerce::cart::{Cart, CartError, Holder, account_token, change_line};
use commerce::checkout::place_order::{Agreement, place_order};
use commerce::checkout::save_step::{StepDone, save_step};
use commerce::checkout::{Checkout, CheckoutError, Contact, Step, parse_contact, queries, start};
use commerce::forms::Fields;
use commerce::token::Token;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU32, Ordering};

/// A guest with a cart's token, as a browser keeps it, or somebody who is signed in.
#[derive(Clone)]
pub struct Guest {
    shop: TestShop,
    /// The token of the cart, once there is one.
    pub token: Option<Token>,
    /// Where the guest comes from.
    pub client: IpAddr,
    /// Whose account they are signed in to, if to one.
    pub account: Option<UserId>,
}

/// Ada in Berlin.
pub fn contact() -> Contact {
    let typed = [
        ("email", "ada@example.org"),
        ("phone", "+49 30 1234567"),
        ("country", "DE"),
        ("name", "Ada Lovelace"),
        ("line1", "Unter den Linden 1"),
        ("city", "Berlin"),
        ("postal_code", "10117"),
        ("billing_same", "on"),
    ];
    let fields: Fields = typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    parse_contact(&fields).expect("a valid address")
}

impl Guest {
    /// Someone at an address that nobody else has.
    pub fn new(shop: TestShop) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(u32::from_be_bytes([10, 0, 0, 1]));
        let client = Ipv4Addr::from(NEXT.fetch_add(1, Ordering::SeqCst)).into();
        Self { shop, token: None, client, account: None }
    }

    /// Whoever has this token.
    pub fn with(shop: TestShop, token: Token) -> Self {
        Self { token: Some(token), ..Self::new(shop) }
    }

    /// Signed in to an account, with its cart.
    pub fn of(shop: TestShop, user: UserId) -> Self {
        let token = Some(account_token(&shop, user));
        Self { token, account: Some(user), ..Self::new(shop) }
    }

    /// The same guest, served by another replica.
    pub fn at(&self, shop: &TestShop) -> Self {
        Self { shop: shop.clone(), ..self.clone() }
    }

    /// The same person with another cart.
    pub fn with_token(&self, token: Token) -> Self {
        Self { token: Some(token), ..self.clone() }
    }

    /// The cart's token.
    pub fn token(&self) -> &Token {
        self.token.as_ref().expect("has put something into a cart")
    }

    /// By what the cart is theirs.
    pub fn holder(&self) -> Holder {
        self.account.map_or_else(|| Holder::Guest(self.token.clone()), Holder::Account)
    }

    /// Puts something into the cart.
    pub async fn add(&mut self, sku: &str, quantity: i32) -> Result<(), CartError> {
        let (variation, product_slug) = self.shop.variation(sku).await;
        // Lines stand in the order of their time, and nobody adds two at once.
        self.shop.clock.advance(chrono::TimeDelta::microseconds(1));
        let addition = Addition { variation, product_slug, quantity };
        self.token = Some(add_line(&self.shop, &self.holder(), &addition).await?);
        Ok(())
    }

    /// Puts something into a cart of the guest's whether or not it is available: somebody was faster since.
    pub async fn add_unchecked(&mut self, sku: &str, quantity: i32) {
        let (variation, _) = self.shop.variation(sku).await;
        let free = "UPDATE stock SET on_hand = on_hand + $2 WHERE variation_id = $1";
        let (more, less) = (i64::from(quantity), -i64::from(quantity));
        self.shop.execute(free, [variation.into(), more.into()]).await;
        self.add(sku, quantity).await.expect("made available");
        self.shop.execute(free, [variation.into(), less.into()]).await;
    }

    /// Sets how many of something are in the cart.
    pub async fn set(&self, sku: &str, quantity: i32) -> Result<(), CartError> {
        let (variation, _) = self.shop.variation(sku).await;
        change_line::set_quantity(&self.shop, self.token(), variation, quantity).await
    }

    /// Takes something out of the cart.
    pub async fn remove(&self, sku: &str) -> Result<i32, CartError> {
        let (variation, _) = self.shop.variation(sku).await;
        change_line::remove(&self.shop, self.token(), variation).await
    }

    /// Takes everything out of the cart.
    pub async fn clear(&self) -> Result<(), CartError> {
        change_line::clear(&self.shop, self.token()).await
    }

    /// The cart, if there is one.
    pub async fn cart(&self) -> Option<Cart> {
        let hash = self.token.as_ref()?.hash();
        commerce::cart::queries::by_token(self.shop.db.primary(), &hash).await.expect("the statement runs")
    }

    /// What is in the cart: SKU and quantity, in order.
    pub async fn lines(&self) -> Vec<(String, i32)> {
        let lines = self.cart().await.map(|cart| cart.lines).unwrap_or_default();
        lines.into_iter().map(|line| (line.sku, line.quantity)).collect()
    }

    /// Presses checkout.
    pub async fn start(&self) -> Result<(), CheckoutError> {
        start::start(&self.shop, self.token(), self.client).await
    }

    /// Does a step as most would.
    pub async fn do_step(&self, step: Step) -> Result<(), CheckoutError> {
        let done = match step {
            Step::Address => StepDone::Address(Box::new(contact())),
            Step::Delivery => StepDone::Delivery { method: "standard".to_owned(), note: "Ring twice".to_owned() },
            Step::Payment => StepDone::Payment("bank_transfer".to_owned()),
            Step::Review => return Ok(()),
        };
        self.save(done).await
    }

    /// Does a step.
    pub async fn save(&self, done: StepDone) -> Result<(), CheckoutError> {
        save_step(&self.shop, self.token(), &done).await
    }

    /// Presses checkout and does every step before `step`.
    pub async fn checkout_to(&self, step: Step) -> Result<(), CheckoutError> {
        self.start().await?;
        for before in Step::ALL.into_iter().filter(|before| *before < step) {
            self.do_step(before).await?;
        }
        Ok(())
    }

    /// Goes to the review with payment by card, which answers as it was told to.
    pub async fn checkout_by_card(&self) -> Result<(), CheckoutError> {
        self.checkout_to(Step::Review).await?;
        self.save(StepDone::Payment("card".to_owned())).await
    }

    /// The checkout as its page shows it.
    pub async fn checkout(&self) -> Option<Checkout> {
        queries::checkout(&self.shop, self.token()).await.expect("the statements run")
    }

    /// What the review page has the shopper agree to.
    pub async fn agreement(&self) -> Agreement {
        let checkout = self.checkout().await.expect("a checkout under way");
        Agreement { cart: checkout.cart.id, total: checkout.totals.total.gross, credit: checkout.credit.minor() }
    }

    /// Agrees to what the review page shows.
    pub async fn place(&self) -> Result<Token, CheckoutError> {
        self.place_as(self.agreement().await).await
    }

    /// Agrees to something.
    pub async fn place_as(&self, agreement: Agreement) -> Result<Token, CheckoutError> {
        place_order(&self.shop, self.token(), agreement).await.map(|placed| placed.access)
    }
}
