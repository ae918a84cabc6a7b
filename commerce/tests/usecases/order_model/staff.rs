//! What staff do in a history: credit, drafts, edits, parcels, returns. Each form is sent twice.

use super::attempt::Method;
use super::deeds::{euros, of_order};
use super::model::SentBack;
use super::order::Outcome;
use super::{Known, World};
use crate::harness::contact;
use crate::order_edits::propose;
use crate::stock_model::model::VARIATIONS;
use commerce::clock::uuid_at;
use commerce::fulfilment::buy_label::{self, BuyError, Packed};
use commerce::fulfilment::carrier::CarrierError;
use commerce::fulfilment::queries as shipments;
use commerce::fulfilment::ship::Parcel;
use commerce::orders::compose::{ComposedLine, Composition, EditError, EditId};
use commerce::orders::edit::edit;
use commerce::orders::{OrderId, draft, queries};
use commerce::returns::{self, Counted, NewReturn, ReturnError, ReturnReason, Wanted, Word, receive::Arrival};
use commerce::store_credit::Adjustment;
use commerce::store_credit::adjust::{CreditError, adjust};

impl World {
    /// Staff give the customer so much store credit, or take it; the form is sent twice.
    pub(super) async fn adjust(&self, minor: i64) -> Outcome {
        let (shop, who) = (self.shop(), &self.goods.frame.who);
        let adjustment = Adjustment { amount: euros(minor), reason: "Late".to_owned() };
        let key = uuid_at(shop.clock.now()).to_string();
        let given = async || adjust(shop, who, self.customer, &adjustment, &key).await;
        match (given().await, given().await) {
            (Ok(()), Ok(())) => Outcome::Done,
            (Err(CreditError::TooMuch), Err(CreditError::TooMuch)) => Outcome::Refused("too much"),
            (first, second) => panic!("{first:?}, then {second:?}"),
        }
    }

    /// Staff put an order together for the customer and submit it; each form is sent twice.
    pub(super) async fn draft(&mut self, pieces: [i64; VARIATIONS], method: Method) {
        let (shop, who) = (self.shop().clone(), self.goods.frame.who.clone());
        let mut lines = Vec::new();
        for (sku, pieces) in self.goods.skus.iter().zip(pieces).filter(|(_, pieces)| *pieces > 0) {
            let (variation, quantity) = (shop.variation(sku).await.0, i32::try_from(pieces).expect("few"));
            lines.push(ComposedLine { variation, quantity, unit_price: None });
        }
        let key = EditId::new(shop.clock.now());
        let number = draft::create(&shop, &who, key).await.expect("begun");
        assert_eq!(draft::create(&shop, &who, key).await.expect("begun already"), number);
        let id = queries::by_number(shop.db.primary(), number).await.expect("read").expect("a draft").id;
        let fill = |composition: &mut Composition| {
            composition.lines = lines;
            composition.email = contact().email;
            composition.delivery_address = Some(contact().delivery);
            composition.delivery_method = "standard".to_owned();
            composition.payment_method = method.code().to_owned();
        };
        let seen = propose(&shop, &who, id, fill).await.expect("kept");
        for _ in 0..2 {
            draft::submit(&shop, &who, id, seen).await.expect("submitted");
        }
        let access = commerce::checkout::place_order::access_token(&shop, id);
        self.orders.push(Known { id, access, form: None, attempts: Vec::new() });
    }

    /// Buys the label of a parcel, and sends it with it; it is bought once.
    pub(super) async fn send(&self, id: OrderId, parcel: &Parcel, refused: bool) -> Outcome {
        let (shop, who, van) = (self.shop(), &self.goods.frame.who, &self.shop().world().van);
        let packed = Packed {
            location: parcel.location,
            carrier: "van".to_owned(),
            weight_grams: 800,
            size_cm: [30, 20, 15],
            lines: parcel.lines.clone(),
        };
        let send = async || buy_label::send(shop, who, id, &parcel.key, "P", &packed).await;
        let (before, known) = (van.labels().len(), self.is_sent(&parcel.key).await);
        if refused {
            van.refuses(CarrierError::Refused("too heavy".to_owned()));
        }
        let outcome = match send().await {
            Err(BuyError::Carrier(_)) if refused => send().await,
            outcome => outcome,
        };
        van.agrees();
        let bought = van.labels().len() - before;
        assert_eq!(bought, usize::from(outcome.is_ok() && !known), "one label for each parcel");
        of_order(outcome.map_err(|error| match error {
            BuyError::Order(error) => error,
            error => panic!("{error}"),
        }))
    }

    async fn is_sent(&self, key: &str) -> bool {
        shipments::shipment_by_key(self.shop().db.primary(), key).await.expect("read").is_some()
    }

    /// Proposes so many pieces of something, and makes it real; the form is sent twice.
    pub(super) async fn edit(&self, id: OrderId, what: usize, pieces: i64) -> Outcome {
        let (shop, who) = (self.shop(), &self.goods.frame.who);
        let order = self.order(id).await;
        let changed = order.lines.iter().find(|line| line.sku == self.goods.skus[what]).expect("a line").variation;
        let set = |composition: &mut Composition| {
            for line in &mut composition.lines {
                let known = order.lines.iter().find(|known| known.variation == line.variation);
                line.quantity = known.map_or(0, |known| known.quantity);
                if line.variation == changed {
                    line.quantity = i32::try_from(pieces).expect("few");
                }
            }
        };
        let edited = async {
            let seen = propose(shop, who, id, set).await?;
            edit(shop, who, id, seen).await?;
            edit(shop, who, id, seen).await
        };
        Outcome::Refused(match edited.await {
            Ok(()) => return Outcome::Done,
            Err(EditError::WrongState) => "state",
            Err(EditError::Unchanged) => "unchanged",
            Err(EditError::Empty) => "empty",
            Err(EditError::BelowCredit) => "below credit",
            Err(EditError::Refunded) => "refunded",
            Err(error) => panic!("{error}"),
        })
    }

    /// Opens a return, counts it and pays for it; each form is sent twice.
    pub(super) async fn send_back(&self, id: OrderId, back: SentBack, key: &str) -> Outcome {
        let (shop, who) = (self.shop(), &self.goods.frame.who);
        let SentBack { pieces, resellable, method, .. } = back;
        let line = self.line(id, back.what).await;
        let wanted = Wanted { line, quantity: pieces, reason: ReturnReason::DoesNotFit, comment: String::new() };
        let new = NewReturn { key: key.to_owned(), lines: vec![wanted] };
        let number = match returns::request::open_for(shop, who, id, &new, "").await {
            Ok(number) => number,
            Err(ReturnError::TooMuch) => return Outcome::Refused("too much"),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(returns::request::open_for(shop, who, id, &new, "").await.expect("known"), number);
        let of = returns::queries::of_order_by_number(shop.db.primary(), id, number.number).await;
        let of = of.expect("read").expect("a return").id;
        let counted = vec![Counted { line, received: pieces, resellable }];
        let arrival = Arrival { location: self.goods.frame.places[back.at], counted };
        let word = |step: &str| Word { key: format!("{key}-{step}"), note: String::new() };
        let settlement = returns::refund::Settlement { method, deduction: 0 };
        let mut outcome = Outcome::Done;
        for _ in 0..2 {
            returns::receive::receive(shop, who, of, &arrival, &word("come")).await.expect("counted");
            outcome = match returns::refund::refund(shop, who, of, settlement, &word("paid")).await {
                Ok(()) => Outcome::Done,
                Err(ReturnError::Amount) => Outcome::Refused("amount"),
                Err(ReturnError::NoAccount) => Outcome::Refused("no account"),
                Err(error) => panic!("{error}"),
            };
        }
        outcome
    }

    pub(super) async fn parcel(&self, id: OrderId, at: usize, pieces: [i64; VARIATIONS], key: String) -> Parcel {
        let lines = self.order(id).await.lines;
        Parcel {
            key,
            location: self.goods.frame.places[at],
            carrier: "dhl".to_owned(),
            tracking_number: None,
            lines: lines.iter().map(|line| (line.id, pieces[self.goods.what(&line.sku)])).collect(),
        }
    }

    /// How many of each an order could ship from a place: what it has claimed there, and elsewhere as far as it is free
    /// there.
    pub(super) async fn could_leave(&self, id: OrderId, at: usize) -> [i64; VARIATIONS] {
        let mut could = [0; VARIATIONS];
        for (what, could) in could.iter_mut().enumerate() {
            let row = self.goods.row(at, what).await;
            let text = "SELECT CAST(COALESCE(SUM(c.quantity), 0) AS BIGINT) AS n FROM claims c
                        JOIN stock s ON s.id = c.stock_id JOIN variations v ON v.id = s.variation_id
                        WHERE c.order_id = $1 AND v.sku = $2";
            let sku = &self.goods.skus[what];
            let own = self.shop().number(text, [id.into(), sku.clone().into()]).await;
            let here = format!("{text} AND s.location_id = $3");
            let place = self.goods.frame.places[at];
            let here = self.shop().number(&here, [id.into(), sku.clone().into(), place.into()]).await;
            *could = own.min(here + row.on_hand - row.reserved);
        }
        could
    }
}
