//! Counts what is sold, for the order of best sellers.

use commerce::Shop;
use commerce::catalog::projection::add_sold;
use commerce::events::{DomainEvent, Event, Handler, HandlerError, dispatch};
use commerce::orders::OrderPlaced;
use std::collections::BTreeMap;

/// Adds the pieces of each placed order, once: the counts and the marks that
/// the events are handled are one transaction.
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
        self.count(shop, std::slice::from_ref(event)).await
    }

    async fn handle_together(&self, shop: &Shop, events: &[Event]) -> Option<Result<(), HandlerError>> {
        Some(self.count(shop, events).await)
    }
}

impl BestSellers {
    async fn count(&self, shop: &Shop, events: &[Event]) -> Result<(), HandlerError> {
        let placed = events.iter().map(|event| Ok((event.id, event.read::<OrderPlaced>()?)));
        let placed = placed.collect::<Result<Vec<_>, HandlerError>>()?;
        let ids: Vec<_> = events.iter().map(|event| event.id).collect();
        let tx = shop.db.begin().await?;
        let new = dispatch::settle(&tx, &ids, self.name()).await?;
        let mut sold = BTreeMap::new();
        for line in placed.into_iter().filter(|(id, _)| new.contains(id)).flat_map(|(_, placed)| placed.lines) {
            *sold.entry(line.product).or_insert(0) += i64::from(line.quantity);
        }
        add_sold(&tx, &sold).await?;
        tx.commit().await?;
        Ok(())
    }
}
