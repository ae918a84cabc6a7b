//! Counts what is sold, for the order of best sellers.

use commerce::Shop;
use commerce::catalog::projection::add_sold;
use commerce::events::{self, DomainEvent, Event, Handler, HandlerError};
use commerce::orders::OrderPlaced;
use std::collections::BTreeMap;

/// Adds the pieces of each placed order, once: the count and the mark that
/// the event is handled are one transaction.
#[derive(Debug)]
pub struct BestSellers;

#[async_trait::async_trait]
impl Handler for BestSellers {
    fn name(&self) -> &'static str {
        "best_sellers"
    }

    fn wants(&self, kind: &str) -> bool {
        kind == OrderPlaced::KIND.name
    }

    async fn handle(&self, shop: &Shop, event: &Event) -> Result<(), HandlerError> {
        let placed: OrderPlaced = event.read()?;
        let mut sold = BTreeMap::new();
        for line in placed.lines {
            *sold.entry(line.product).or_insert(0) += i64::from(line.quantity);
        }
        let tx = shop.db.begin().await?;
        if events::dispatch::settle(&tx, event.id, self.name()).await? {
            add_sold(&tx, &sold).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
