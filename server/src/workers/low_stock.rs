//! Notices what runs low because it was bought.

use commerce::Shop;
use commerce::events::{DomainEvent, Event, Handler, HandlerError};
use commerce::inventory::low_stock::notice_sold;
use commerce::orders::OrderPlaced;
use std::collections::BTreeSet;

/// Looks at what placed orders have claimed. Looked at again, it is as low as it was.
#[derive(Debug)]
pub struct LowStock;

#[async_trait::async_trait]
impl Handler for LowStock {
    fn name(&self) -> &'static str {
        "low_stock"
    }

    fn wants(&self, kind: &str) -> bool {
        kind == OrderPlaced::KIND.name
    }

    async fn handle(&self, shop: &Shop, event: &Event) -> Result<(), HandlerError> {
        look(shop, std::slice::from_ref(event)).await
    }

    async fn handle_together(&self, shop: &Shop, events: &[Event]) -> Option<Result<(), HandlerError>> {
        Some(look(shop, events).await)
    }
}

async fn look(shop: &Shop, events: &[Event]) -> Result<(), HandlerError> {
    let mut sold = BTreeSet::new();
    for event in events {
        sold.extend(event.read::<OrderPlaced>()?.lines.into_iter().map(|line| line.variation));
    }
    Ok(notice_sold(shop, &sold).await?)
}
