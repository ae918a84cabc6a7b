//! Makes a cart an order: at most one, of what the shopper saw, at the total they saw.
//!
//! Orders that are placed at the same moment share a transaction. What is wrong with one of them is nobody else's
//! business: each is then placed alone.

use super::queries::{demands, of_carts};
use super::{Checkout, CheckoutError, PAY_BY_MINUTES, Step};
use crate::Shop;
use crate::accounts::UserId;
use crate::cart::{CartId, CartLine};
use crate::db::{self, insert_together, inserts, sql};
use crate::events::{self, DomainEvent, Metadata, NewEvent};
use crate::inventory::Actor;
use crate::inventory::claims::{self, Handover};
use crate::money::Money;
use crate::orders::entity::{line, order};
use crate::orders::{Fulfilment, Lifecycle, OrderId, OrderLineId, OrderNumber, OrderPlaced, PlacedLine};
use crate::payments::ledger::{self, NewAttempt};
use crate::payments::{Credit, PaymentAttemptId, PaymentTerms, pay::pay, state};
use crate::store_credit::book::{Posting, post};
use crate::store_credit::{self, EntryKind};
use crate::token::Token;
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use sea_orm::sea_query::InsertStatement;
use sea_orm::{ActiveValue::Set, ConnAcquireErr, ConnectionTrait, DbErr, Value};
use std::collections::HashMap;

/// How long the request that placed an order is left alone with it, in seconds.
const ALONE_SECONDS: i64 = 60;

/// What the shopper agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// The cart whose review they saw: it names the request, so that the same one again gives the same order.
    pub cart: CartId,
    /// The total they saw, in minor units.
    pub total: i64,
    /// What of it they saw that store credit pays, in minor units.
    pub credit: i64,
}

/// An order that was placed, or waits for its payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The token that opens its page.
    pub access: Token,
    /// Where the shopper goes on to pay it, if that is elsewhere.
    pub pay_at: Option<String>,
}

/// Places the order of a guest's cart. Asked again, also at the same time, it gives the same order.
///
/// # Errors
/// [`CheckoutError`]; the cart and what was entered are then as they were. After [`CheckoutError::PaymentDeclined`] the
/// order waits, and can be paid again.
pub async fn place_order(shop: &Shop, guest: &Token, agreement: Agreement) -> Result<Placed, CheckoutError> {
    let request = Request { guest: guest.clone(), agreement, cause: events::cause() };
    let placing = shop.placing.ask(request, {
        let shop = shop.clone();
        move |requests| {
            let shop = shop.clone();
            async move { place_orders(&shop, &requests).await }
        }
    });
    let panicked = || Err(DbErr::Custom("placing an order has panicked".to_owned()).into());
    let order = match placing.await.unwrap_or_else(panicked) {
        // Whoever had a cart and placed its order has it no more: this is the same form again.
        Err(CheckoutError::NotStarted) => {
            placed_before(shop, guest, agreement.cart).await?.ok_or(CheckoutError::NotStarted)?
        }
        outcome => outcome?,
    };
    if !order.waits {
        return Ok(Placed { access: access_token(shop, order.id), pay_at: None });
    }
    let pay_at = pay(shop, order.id, order.payer).await?;
    Ok(Placed { access: access_token(shop, order.id), pay_at })
}

/// That a cart is to become an order.
pub(crate) struct Request {
    guest: Token,
    agreement: Agreement,
    cause: Metadata,
}

/// An order that was made of a cart.
pub(crate) struct Made {
    id: OrderId,
    /// Whether its payment has to be agreed.
    waits: bool,
    /// Whose account it was placed in.
    payer: Option<UserId>,
}

/// Places orders, and says so to who has to know, whether or not the shoppers still wait for it.
async fn place_orders(shop: &Shop, requests: &[Request]) -> Vec<Result<Made, CheckoutError>> {
    let outcomes = place_together(shop, requests).await;
    let mut ended = Vec::new();
    for (request, outcome) in requests.iter().zip(&outcomes) {
        if outcome.is_ok() {
            ended.push(request.guest.hash());
        }
    }
    shop.sessions.ended(&ended).await;
    events::notify(shop, OrderPlaced::KIND);
    outcomes
}

/// Places orders together, or each alone where that fails.
async fn place_together(shop: &Shop, requests: &[Request]) -> Vec<Result<Made, CheckoutError>> {
    if requests.len() > 1 {
        match attempt_to_place(shop, requests).await {
            Ok(made) => return made.into_iter().map(Ok).collect(),
            // There was no connection to be had in time: to wait as long once more helps nobody.
            Err(CheckoutError::Db(DbErr::ConnectionAcquire(_))) => {
                let unreachable = |_| Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout).into());
                return requests.iter().map(unreachable).collect();
            }
            Err(error) => tracing::debug!(orders = requests.len(), %error, "orders not placed together"),
        }
    }
    join_all(requests.iter().map(|request| place_alone(shop, request))).await
}

/// Draws another order number while the one drawn is taken: of 2^35, seldom even once.
async fn place_alone(shop: &Shop, request: &Request) -> Result<Made, CheckoutError> {
    let attempt = || async {
        let made = attempt_to_place(shop, std::slice::from_ref(request)).await?;
        made.into_iter().next().ok_or(CheckoutError::NotStarted)
    };
    for _ in 0..3 {
        match db::retry(attempt).await {
            Err(CheckoutError::Db(error)) if db::is_taken(&error, "number") => {}
            outcome => return outcome,
        }
    }
    db::retry(attempt).await
}

/// The token that opens the page of an order.
pub fn access_token(shop: &Shop, order: OrderId) -> Token {
    Token::from_bytes(shop.sign("order access", order.0.as_bytes()))
}

/// The token that opens the page of the order that stands for a guest's cart.
///
/// # Errors
/// When the database fails.
pub async fn placed_from(shop: &Shop, guest: &Token, cart: CartId) -> Result<Option<Token>, DbErr> {
    Ok(placed_before(shop, guest, cart).await?.map(|made| access_token(shop, made.id)))
}

/// The order that stands for a guest's cart.
async fn placed_before(shop: &Shop, guest: &Token, cart: CartId) -> Result<Option<Made>, DbErr> {
    let db = shop.db.primary();
    // Who has placed it, not whose it has become since.
    let text = "SELECT id, lifecycle, (
                    SELECT a.payer_id FROM payment_attempts a WHERE a.order_id = o.id ORDER BY a.id LIMIT 1
                ) AS payer FROM orders o WHERE cart_id = $1 AND guest_hash = $2 AND lifecycle <> 'cancelled'";
    let row = db.query_one_raw(sql(db, text, [cart.into(), guest.hash().into()])).await?;
    let Some(row) = row else { return Ok(None) };
    let waits = row.try_get::<String>("", "lifecycle")? == Lifecycle::AwaitingPayment.code();
    Ok(Some(Made { id: row.try_get("", "id")?, waits, payer: row.try_get("", "payer")? }))
}

/// Places all of these orders, or none.
async fn attempt_to_place(shop: &Shop, requests: &[Request]) -> Result<Vec<Made>, CheckoutError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let owners = end_carts(&tx, requests, now).await?;
    let ended: Vec<_> = owners.keys().copied().collect();
    // Some are ended already, or one of them twice.
    if ended.len() < requests.len() {
        return Err(CheckoutError::NotStarted);
    }
    let checkouts = of_carts(shop, &tx, &ended).await?;
    let checkouts: HashMap<_, _> = checkouts.iter().map(|checkout| (checkout.cart.id, checkout)).collect();
    let (mut rows, mut made, mut handovers) = (Rows::default(), Vec::new(), Vec::new());
    for request in requests {
        let cart = request.agreement.cart;
        let checkout = checkouts.get(&cart).ok_or(CheckoutError::NotStarted)?;
        check(checkout, request.agreement)?;
        let order = rows.add(shop, request, owners.get(&cart).copied().flatten(), checkout, now)?;
        handovers.push(Handover { cart, order: order.id, demands: demands(&checkout.cart) });
        made.push(order);
    }
    insert_together(&tx, rows.inserts(shop, now)?).await?;
    for short in claims::hand_to_orders(&tx, &handovers).await? {
        // Several orders would lock stock rows in no order.
        if requests.len() > 1 {
            return Err(CheckoutError::Short(Vec::new()));
        }
        claims::claim_for_order(shop, &tx, short.order, &short.demands, &Actor::Shopper).await?;
    }
    // After the stock, as where an order gives both back.
    for (request, order) in requests.iter().zip(&made) {
        if let Some(checkout) = checkouts.get(&request.agreement.cart).filter(|checkout| checkout.credit.minor() > 0) {
            spend(shop, &tx, order.payer, checkout.credit, order.id, now).await?;
        }
    }
    tx.commit().await?;
    Ok(made)
}

/// Locks carts and takes them from their holders: what they add next goes into new ones. Gives whose account each of
/// them belongs to.
async fn end_carts<C: ConnectionTrait>(
    tx: &C,
    requests: &[Request],
    now: DateTime<Utc>,
) -> Result<HashMap<CartId, Option<UserId>>, DbErr> {
    let mut values: Vec<Value> = vec![now.into()];
    let each = requests.iter().map(|request| {
        values.extend([request.agreement.cart.into(), request.guest.hash().into()]);
        format!("(id = ${} AND token_hash = ${})", values.len() - 1, values.len())
    });
    let text = format!(
        "UPDATE carts SET token_hash = NULL, version = version + 1, updated_at = $1 WHERE {} RETURNING id, user_id",
        each.collect::<Vec<_>>().join(" OR "),
    );
    let rows = tx.query_all_raw(sql(tx, &text, values)).await?;
    rows.iter().map(|row| Ok((row.try_get("", "id")?, row.try_get("", "user_id")?))).collect()
}

fn check(checkout: &Checkout, agreement: Agreement) -> Result<(), CheckoutError> {
    if checkout.cart.lines.is_empty() {
        return Err(CheckoutError::EmptyCart);
    }
    if checkout.cart.lines.iter().any(|line| line.unit_price.is_none()) {
        return Err(CheckoutError::LineProblem);
    }
    let same_total = checkout.totals.total.gross == agreement.total;
    if same_total && checkout.credit.minor() != agreement.credit {
        return Err(CheckoutError::CreditChanged);
    }
    match checkout.next_step() {
        Step::Review => {}
        missing => return Err(CheckoutError::StepMissing(missing)),
    }
    if !same_total {
        return Err(CheckoutError::TotalChanged);
    }
    Ok(())
}

/// What is inserted of orders.
#[derive(Default)]
struct Rows<'a> {
    orders: Vec<order::ActiveModel>,
    lines: Vec<line::ActiveModel>,
    attempts: Vec<(PaymentAttemptId, NewAttempt<'a>)>,
    events: Vec<(NewEvent, Metadata)>,
}

impl<'a> Rows<'a> {
    /// Adds an order; it is yet to be inserted.
    fn add(
        &mut self,
        shop: &Shop,
        request: &Request,
        user: Option<UserId>,
        checkout: &'a Checkout,
        now: DateTime<Utc>,
    ) -> Result<Made, CheckoutError> {
        let contact = checkout.contact.as_ref().ok_or(CheckoutError::StepMissing(Step::Address))?;
        let delivery = checkout.delivery.as_ref().ok_or(CheckoutError::StepMissing(Step::Delivery))?;
        let method = match (&checkout.payment, checkout.is_covered()) {
            (_, true) => (store_credit::METHOD, PaymentTerms::InAdvance, true),
            (Some(payment), false) => (payment.code, payment.terms, payment.agrees_at_once),
            (None, false) => return Err(CheckoutError::StepMissing(Step::Payment)),
        };
        let (payment_code, terms, agrees_at_once) = method;
        let id = OrderId::new(now);
        let totals = &checkout.totals;
        let due = checkout.due();
        let waits = !agrees_at_once && due.minor() != 0;
        let lifecycle = if waits { Lifecycle::AwaitingPayment } else { Lifecycle::Placed };
        let number = OrderNumber::random();
        let paid = state(totals.total.gross, Credit { spent: checkout.credit.minor(), returned: 0 }, &[]);
        let row = order::ActiveModel {
            id: Set(id),
            number: Set(number.to_string()),
            access_token_hash: Set(access_token(shop, id).hash()),
            cart_id: Set(Some(checkout.cart.id)),
            guest_hash: Set(Some(request.guest.hash())),
            user_id: Set(user),
            lifecycle: Set(lifecycle.code().to_owned()),
            payment: Set(paid.code().to_owned()),
            fulfilment: Set(Fulfilment::Unfulfilled.code().to_owned()),
            payment_method: Set(payment_code.to_owned()),
            payment_terms: Set(terms.code().to_owned()),
            pay_by: Set(waits.then(|| now + TimeDelta::minutes(PAY_BY_MINUTES))),
            check_at: Set(waits.then(|| now + TimeDelta::seconds(ALONE_SECONDS))),
            email: Set(contact.email.clone()),
            phone: Set(contact.phone.clone()),
            delivery_address: Set(contact.delivery.clone()),
            billing_address: Set(contact.billing.as_ref().unwrap_or(&contact.delivery).clone()),
            note: Set(checkout.note.clone()),
            currency: Set(totals.currency.code().to_owned()),
            prices_include_tax: Set(shop.reference().settings.prices_include_tax),
            delivery_code: Set(delivery.code.clone()),
            delivery_name: Set(delivery.name.clone()),
            delivery_tax_rate: Set(totals.delivery.rate.0.to_string()),
            delivery_net: Set(totals.delivery.amounts.net),
            delivery_tax: Set(totals.delivery.amounts.tax),
            delivery_gross: Set(totals.delivery.amounts.gross),
            net: Set(totals.total.net),
            tax: Set(totals.total.tax),
            total: Set(totals.total.gross),
            store_credit: Set(checkout.credit.minor()),
            keeps_payment: Set(false),
            version: Set(1),
            placed_at: Set((!waits).then_some(now)),
            cancelled_at: Set(None),
            anonymised_at: Set(None),
            created_at: Set(now),
            updated_at: Set(now),
        };
        self.orders.push(row);
        self.lines.extend(lines(id, checkout, now));
        if !checkout.is_covered() {
            let new = NewAttempt {
                order: id,
                gateway: payment_code,
                reference: agrees_at_once.then(|| number.to_string()),
                amount: due,
                capture_later: shop.reference().settings.capture_when_shipped,
                payer: user,
            };
            self.attempts.push((PaymentAttemptId::new(now), new));
        }
        if !waits {
            let placed = OrderPlaced {
                order: id,
                number,
                total: totals.to_pay(),
                payment_method: payment_code.to_owned(),
                lines: checkout.cart.lines.iter().map(placed_line).collect(),
            };
            self.events.push((NewEvent::of(&placed, 1), request.cause.clone()));
        }
        Ok(Made { id, waits, payer: user })
    }

    /// As statements, those first that others refer to.
    fn inserts(self, shop: &Shop, now: DateTime<Utc>) -> Result<Vec<InsertStatement>, DbErr> {
        let mut together = inserts::<order::Entity>(self.orders);
        together.extend(inserts::<line::Entity>(self.lines));
        if !self.attempts.is_empty() {
            together.push(ledger::opening(&self.attempts, now));
        }
        together.extend(events::rows(shop, self.events)?);
        Ok(together)
    }
}

/// Takes what an order is paid with of its owner's store credit; it is the amount that was seen, or nothing.
async fn spend<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    user: Option<UserId>,
    credit: Money,
    order: OrderId,
    now: DateTime<Utc>,
) -> Result<(), CheckoutError> {
    let user = user.ok_or(CheckoutError::CreditChanged)?;
    let amount = Money::new(-credit.minor(), credit.currency());
    let posting = Posting::of_order(user, amount, EntryKind::Spent, order);
    post(shop, tx, posting, now).await?.map(drop).ok_or(CheckoutError::CreditChanged)
}

fn placed_line(line: &CartLine) -> PlacedLine {
    PlacedLine { product: line.product, variation: line.variation, quantity: line.quantity }
}

fn lines(order: OrderId, checkout: &Checkout, now: DateTime<Utc>) -> Vec<line::ActiveModel> {
    let lines = checkout.cart.lines.iter().zip(&checkout.totals.lines).zip(0..);
    lines
        .map(|((bought, total), position)| line::ActiveModel {
            id: Set(OrderLineId::new(now)),
            order_id: Set(order),
            position: Set(position),
            product_id: Set(bought.product),
            variation_id: Set(bought.variation),
            vendor_id: Set(bought.vendor),
            media_id: Set(bought.picture.as_ref().map(|picture| picture.id)),
            product_slug: Set(bought.slug.clone()),
            name: Set(bought.name.clone()),
            sku: Set(bought.sku.clone()),
            options: Set(bought.options.clone()),
            quantity: Set(bought.quantity),
            unit_price: Set(bought.unit_price.map_or(0, Money::minor)),
            discount: Set(0),
            tax_class: Set(bought.tax_class.clone()),
            tax_rate: Set(total.rate.0.to_string()),
            net: Set(total.amounts.net),
            tax: Set(total.amounts.tax),
            gross: Set(total.amounts.gross),
        })
        .collect()
}
