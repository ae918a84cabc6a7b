//! What staff have proposed for an order, with what it comes to now.

use super::{
    ComposedLine, Composition, DeliveryOffer, EditError, EditId, Goods, Prices, Proposal, ProposedLine, can_edit,
    delivery_price, goods, price,
};
use crate::Shop;
use crate::accounts::{Permission, SignedIn};
use crate::db::sql;
use crate::money::Money;
use crate::orders::{Lifecycle, Order, OrderId, OrderLine, OrderNumber, queries};
use crate::payments::PaymentContext;
use crate::pricing::{Amounts, LineToPrice, LineTotal, TaxRate};
use sea_orm::{ConnectionTrait, DbErr};
use std::collections::HashMap;

/// What is kept of a proposal.
pub(in crate::orders) struct Staged {
    /// Names it.
    pub edit: EditId,
    /// Counts its changes.
    pub version: i64,
    /// What is proposed, if anything is.
    pub content: Option<Composition>,
    /// The last one that was made real.
    pub applied: Option<EditId>,
}

/// What is kept for an order; `None` where nothing ever was.
pub(in crate::orders) async fn staged<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<Option<Staged>, DbErr> {
    let text = "SELECT edit_id, version, content, applied_id FROM order_revisions WHERE order_id = $1";
    let Some(row) = db.query_one_raw(sql(db, text, [order.into()])).await? else { return Ok(None) };
    let content: Option<serde_json::Value> = row.try_get("", "content")?;
    let content = content.map(serde_json::from_value).transpose().map_err(|error| DbErr::Json(error.to_string()))?;
    Ok(Some(Staged {
        edit: row.try_get("", "edit_id")?,
        version: row.try_get("", "version")?,
        content,
        applied: row.try_get("", "applied_id")?,
    }))
}

/// What a draft, or an order that can still be changed, would become; `None` where there is no such order.
///
/// # Errors
/// [`EditError::WrongState`] for an order that can't be changed any more, [`EditError::NotAllowed`], or when the
/// database fails.
pub async fn proposal(shop: &Shop, who: &SignedIn, number: OrderNumber) -> Result<Option<Proposal>, EditError> {
    if !who.role.allows(Permission::OrdersWrite) {
        return Err(EditError::NotAllowed);
    }
    let db = shop.db.latest();
    let Some(order) = queries::by_number(db, number).await? else { return Ok(None) };
    load(shop, db, order).await.map(Some)
}

/// As [`proposal`], of an order as it was just read.
pub(in crate::orders) async fn load<C: ConnectionTrait>(
    shop: &Shop,
    db: &C,
    order: Order,
) -> Result<Proposal, EditError> {
    if order.lifecycle != Lifecycle::Draft && !can_edit(&order) {
        return Err(EditError::WrongState);
    }
    let staged = staged(db, order.id).await?;
    let (edit, revision) =
        staged.as_ref().map_or((EditId(uuid::Uuid::nil()), 0), |staged| (staged.edit, staged.version));
    let content = staged.and_then(|staged| staged.content);
    let is_staged = content.is_some();
    let composition = content.unwrap_or_else(|| Composition::of(&order));
    let variations: Vec<_> = composition.lines.iter().map(|line| line.variation).collect();
    let known = goods::by_id(db, order.id, order.currency, &variations).await?;
    let (lines, to_price) = lines(&order, &composition, &known);
    let reference = shop.reference();
    let prices = Prices {
        currency: order.currency,
        include_tax: order.prices_include_tax,
        rates: &reference.tax_rates,
        methods: &reference.delivery_methods,
        home: &reference.settings.country,
    };
    let value = to_price.iter().try_fold(Money::zero(order.currency), |sum, line| {
        sum.checked_add(line.unit_price.checked_mul(line.quantity.into())?)
    });
    let value = value.ok_or(EditError::OutOfRange)?;
    let delivery_offers = delivery_offers(&order, prices, value);
    let delivery = delivery_price(&order, prices, &composition.delivery_method, value);
    let address = composition.delivery_address.as_ref();
    let totals = price(&order, prices, address, &to_price, delivery)?;
    let country = address.map_or(prices.home, |address| address.country.as_str());
    let payment_offers = shop.gateways.methods(PaymentContext { total: totals.to_pay(), country });
    let mut priced = totals.lines.iter();
    let lines = lines
        .into_iter()
        .map(|line| match line.unit_price {
            Some(_) => ProposedLine { total: priced.next().copied().unwrap_or(line.total), ..line },
            None => line,
        })
        .collect();
    Ok(Proposal { order, edit, revision, is_staged, composition, lines, totals, delivery_offers, payment_offers })
}

/// The lines without what they come to, and those of them that have a price as they are to be priced.
fn lines(
    order: &Order,
    composition: &Composition,
    known: &HashMap<crate::catalog::VariationId, Goods>,
) -> (Vec<ProposedLine>, Vec<LineToPrice>) {
    let (mut lines, mut to_price) = (Vec::new(), Vec::new());
    let of = |variation| composition.lines.iter().find(|line| line.variation == variation).copied();
    let gone = |variation| ComposedLine { variation, quantity: 0, unit_price: None };
    let ordered = order.lines.iter().map(|line| of(line.variation).unwrap_or_else(|| gone(line.variation)));
    let is_new = |line: &&ComposedLine| order.lines.iter().all(|bought| bought.variation != line.variation);
    for composed in ordered.chain(composition.lines.iter().filter(is_new).copied()) {
        let bought = order.lines.iter().find(|line| line.variation == composed.variation);
        let known = known.get(&composed.variation);
        let Some(goods) = bought.map(|line| copied(line, known)).or_else(|| known.cloned()) else { continue };
        let fixed_price =
            composed.unit_price.filter(|_| bought.is_none()).map(|minor| Money::new(minor, order.currency));
        let unit_price = match bought {
            Some(line) => Some(line.unit_price),
            None => goods.price.map(|price| fixed_price.unwrap_or(price)),
        };
        if let Some(unit_price) = unit_price {
            let (quantity, tax_class) = (composed.quantity, goods.tax_class.clone());
            to_price.push(LineToPrice { unit_price, quantity, tax_class });
        }
        lines.push(ProposedLine {
            before: bought.map_or(0, |line| line.quantity),
            quantity: composed.quantity,
            unit_price,
            fixed_price,
            total: LineTotal { rate: TaxRate(rust_decimal::Decimal::ZERO), amounts: Amounts::default() },
            goods,
        });
    }
    (lines, to_price)
}

/// What an order has copied of what it sold; of the catalogue only how many there are.
fn copied(line: &OrderLine, known: Option<&Goods>) -> Goods {
    Goods {
        variation: line.variation,
        product: line.product,
        vendor: known.and_then(|goods| goods.vendor),
        media: line.picture.as_ref().map(|picture| picture.id),
        slug: line.slug.clone(),
        name: line.name.clone(),
        sku: line.sku.clone(),
        options: line.options.clone(),
        tax_class: line.tax_class.clone(),
        price: Some(line.unit_price),
        available: known.map_or(0, |goods| goods.available),
    }
}

fn delivery_offers(order: &Order, prices: Prices<'_>, value: Money) -> Vec<(DeliveryOffer, Money)> {
    let on_offer = prices.methods.iter().map(|method| (&method.code, &method.name));
    let own = (order.lifecycle != Lifecycle::Draft).then_some((&order.delivery_code, &order.delivery_name));
    let own = own.filter(|(code, _)| prices.methods.iter().all(|method| method.code != **code));
    on_offer
        .chain(own)
        .filter_map(|(code, name)| {
            let price = delivery_price(order, prices, code, value)?;
            Some((DeliveryOffer { code: code.clone(), name: name.clone() }, price))
        })
        .collect()
}
