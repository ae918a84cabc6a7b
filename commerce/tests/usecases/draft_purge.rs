//! Drafts that nobody submits are not kept for ever.

use crate::harness::{TestShop, contact};
use commerce::accounts::SignedIn;
use commerce::orders::compose::proposal::proposal;
use commerce::orders::compose::stage::stage;
use commerce::orders::compose::{Composition, EditId};
use commerce::orders::purge::purge_drafts;
use commerce::orders::{OrderNumber, draft, queries};

const DAY: i64 = 24 * 60;

/// Begins a draft, with nothing in it.
async fn begun(shop: &TestShop, who: &SignedIn) -> OrderNumber {
    shop.wait_seconds(1);
    draft::create(shop, who, EditId::new(shop.clock.now())).await.expect("begun")
}

/// Writes into a draft what is to be kept of it.
async fn fill(shop: &TestShop, who: &SignedIn, number: OrderNumber, note: &str) {
    let known = proposal(shop, who, number).await.expect("read").expect("a draft");
    let composition = Composition {
        email: contact().email,
        delivery_address: Some(contact().delivery),
        note: note.to_owned(),
        ..known.composition
    };
    stage(shop, who, known.order.id, known.revision, &composition).await.expect("kept");
}

/// Takes everything out of a draft again.
async fn empty(shop: &TestShop, who: &SignedIn, number: OrderNumber) {
    let known = proposal(shop, who, number).await.expect("read").expect("a draft");
    stage(shop, who, known.order.id, known.revision, &Composition::empty()).await.expect("kept");
}

async fn is_there(shop: &TestShop, number: OrderNumber) -> bool {
    queries::by_number(shop.db.primary(), number).await.expect("read").is_some()
}

async fn purged(shop: &TestShop) -> u64 {
    purge_drafts(shop).await.expect("purged")
}

both_databases! {
    async fn drafts_are_kept_while_somebody_works_on_them(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let placed = crate::order_work::ordered(&shop, "bank_transfer").await;
        let (nothing, emptied) = (begun(&shop, &ada).await, begun(&shop, &ada).await);
        let (old, changed) = (begun(&shop, &ada).await, begun(&shop, &ada).await);
        for number in [emptied, old, changed] {
            fill(&shop, &ada, number, "Called at noon.").await;
        }
        empty(&shop, &ada, emptied).await;
        shop.wait_minutes(DAY - 1);
        assert_eq!(purged(&shop).await, 0);
        shop.wait_minutes(2);
        assert_eq!(purged(&shop).await, 2, "what has nothing in it");
        assert!(!is_there(&shop, nothing).await && !is_there(&shop, emptied).await);
        shop.wait_minutes(50 * DAY);
        fill(&shop, &ada, changed, "Called again.").await;
        shop.wait_minutes(39 * DAY);
        assert_eq!(purged(&shop).await, 1);
        assert!(!is_there(&shop, old).await && is_there(&shop, changed).await);
        assert_eq!(shop.count("order_revisions").await, 1);
        shop.wait_minutes(365 * DAY);
        assert_eq!(purged(&shop).await, 1);
        assert_eq!(shop.count("order_revisions").await, 0);
        let left = queries::by_id(shop.db.primary(), placed).await.expect("read");
        assert!(left.is_some(), "what is not a draft stays");
    }
}
