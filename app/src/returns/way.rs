//! How customers reach an order: in their account, by the link in a mail, or by the address of its confirmation.

use crate::accounts::sign_in_for;
use crate::page::Page;
use commerce::db::DbErr;
use commerce::orders::link::{View, open};
use commerce::orders::{Order, queries};
use commerce::returns::{Return, queries as returns};
use commerce::token::Token;

/// An order, and the page of it that its customer came from.
pub(super) struct Way {
    pub(super) order: Order,
    pub(super) path: String,
}

impl Way {
    /// The order whose page is at `path`, where whoever asks may see all of it: a link that hides names doesn't do.
    pub(super) async fn open(page: &Page, path: &str) -> Result<Option<Self>, DbErr> {
        let Some((place, key)) = path.rsplit_once('/') else { return Ok(None) };
        let db = page.shop.db.latest();
        let order = match place {
            "/account/orders" => match (page.signed_in().await?, key.parse()) {
                (Some(who), Ok(number)) => queries::own_by_number(db, who.user, number).await?,
                _ => None,
            },
            "/orders/view" => match open(&page.shop, key) {
                Some((order, View::Whole)) => queries::by_link(db, order).await?,
                _ => None,
            },
            "/checkout/confirmation" => match Token::parse(key) {
                Some(token) => queries::by_access_token(db, &token.hash()).await?,
                None => None,
            },
            _ => None,
        };
        Ok(order.map(|order| Self { order, path: path.to_owned() }))
    }

    /// The page of a return.
    pub(super) fn return_path(&self, number: i32) -> String {
        format!("{}/returns/{number}", self.path)
    }
}

/// Where those go whose order could not be opened: to sign in where it is one of an account.
pub fn elsewhere(path: &str) -> String {
    match path.strip_prefix("/account/orders/") {
        Some(_) => sign_in_for("/account"),
        None => "/orders/lookup?refused=no-order".to_owned(),
    }
}

/// A return of the order whose page is at `path`, where whoever asks may see it, and the page of the return.
///
/// # Errors
/// When the database fails.
pub async fn return_at(page: &Page, path: &str, number: i32) -> Result<Option<(Return, String)>, DbErr> {
    let Some(way) = Way::open(page, path).await? else { return Ok(None) };
    let found = returns::of_order_by_number(page.shop.db.latest(), way.order.id, number).await?;
    Ok(found.map(|found| (found, way.return_path(number))))
}
