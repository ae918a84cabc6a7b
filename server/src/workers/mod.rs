//! What goes on beside requests, until it is told to stop.

mod account_mails;
mod best_sellers;
mod low_stock;
mod order_confirmation;
mod order_mails;
mod payment_alerts;
mod profile_mails;
pub mod rabbit;
mod return_mails;
mod saved_methods;
mod second_factor_mails;
mod stock_alerts;

use commerce::Shop;
use commerce::events::Handlers;
use commerce::inventory::release_expired::{self, Sweep, release_expired};
use commerce::{access, accounts, audit, cart, events, fulfilment, notifications, orders, payments, returns};
use sea_orm::DbErr;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long to wait at most after something has failed again and again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long events are gathered after a round that left none, from its start: a round of many takes hardly more
/// statements than one of a few, and shoppers wait for the same database. Every handler is woken by every event.
const GATHER: Duration = Duration::from_millis(200);

/// How often the outbox is looked at when nobody says that there is something in it.
const OUTBOX_POLL: Duration = Duration::from_secs(1);

/// How often it is looked for what gateways are to be asked when nobody says that there is something.
const OPERATIONS_POLL: Duration = Duration::from_secs(5);

/// Who acts on events, for a shop at this address.
pub fn handlers(public_url: &str) -> Handlers {
    vec![
        Arc::new(account_mails::AccountMails { public_url: public_url.to_owned() }),
        Arc::new(second_factor_mails::SecondFactorMails { public_url: public_url.to_owned() }),
        Arc::new(profile_mails::ProfileMails { public_url: public_url.to_owned() }),
        Arc::new(order_confirmation::OrderConfirmation { public_url: public_url.to_owned() }),
        Arc::new(order_mails::OrderMails { public_url: public_url.to_owned() }),
        Arc::new(return_mails::ReturnMails { public_url: public_url.to_owned() }),
        Arc::new(best_sellers::BestSellers),
        Arc::new(low_stock::LowStock),
        Arc::new(saved_methods::SavedMethods),
        Arc::new(payment_alerts::PaymentAlerts { public_url: public_url.to_owned() }),
        Arc::new(stock_alerts::StockAlerts { public_url: public_url.to_owned() }),
    ]
}

/// Starts every worker. Each finishes the step it is at once `stop` says so.
pub fn start(shop: &Shop, stop: &CancellationToken) -> TaskTracker {
    let workers = TaskTracker::new();
    for handler in 0..shop.handlers.len() {
        workers.spawn(deliver_events(handler, shop.clone(), stop.clone()));
    }
    let regularly = |name, seconds, step: Step| {
        let period = Duration::from_secs(seconds);
        workers.spawn(repeat(name, period, shop.clone(), stop.clone(), step));
    };
    regularly("reference", 5, |shop| Box::pin(async move { shop.refresh().await.map(|()| Next::Later) }));
    regularly("release_expired", release_expired::SWEEP_SECONDS.into(), |shop| {
        Box::pin(async move {
            let Sweep { rows, pieces } = release_expired(&shop).await?;
            if pieces > 0 {
                tracing::info!(released = pieces, "expired holds released");
            }
            // What a cart is just extending stays, and would be found again at once.
            Ok(if pieces > 0 { Next::after(rows, release_expired::BATCH) } else { Next::Later })
        })
    });
    workers.spawn(operate(shop.clone(), stop.clone()));
    regularly("webhooks", 15, |shop| {
        Box::pin(async move { Ok(Next::after(payments::webhook::act_on_due(&shop).await?, payments::webhook::BATCH)) })
    });
    if shop.test_gateway.is_some() {
        regularly("test_gateway", 1, |shop| {
            Box::pin(async move {
                let Some(gateway) = &shop.test_gateway else { return Ok(Next::Later) };
                Ok(Next::after(gateway.send_due(&shop).await?, payments::test_gateway::webhooks::BATCH))
            })
        });
    }
    regularly("settle_payments", 15, |shop| {
        Box::pin(async move { Ok(Next::after(payments::settle::settle_due(&shop).await?, payments::settle::BATCH)) })
    });
    regularly("track_shipments", 180, |shop| {
        Box::pin(async move {
            let fulfilment::track::Round { due, delivered } = fulfilment::track::track_due(&shop).await?;
            if !delivered.is_empty() {
                tracing::info!(delivered = delivered.len(), "shipments delivered");
            }
            Ok(Next::after(due, fulfilment::track::BATCH))
        })
    });
    regularly("purge", 3_600, |shop| {
        Box::pin(async move {
            let purged = cart::purge::purge(&shop).await?;
            tracing::info!(purged, "old carts deleted");
            access::purge::purge(&shop).await?;
            accounts::purge::purge(&shop).await?;
            audit::purge::purge(&shop).await?;
            accounts::erase::purge_farewells(&shop).await?;
            fulfilment::forget::purge_labels(&shop).await?;
            notifications::purge::purge(&shop).await?;
            returns::forget::purge_photos(&shop).await?;
            orders::purge::purge_drafts(&shop).await?;
            payments::webhook::purge::purge(&shop).await?;
            let anonymised = orders::anonymise::anonymise(&shop).await?;
            if anonymised > 0 {
                tracing::info!(anonymised, "orders older than their retention made anonymous");
            }
            Ok(Next::Later)
        })
    });
    workers.close();
    workers
}

/// When a step is to be taken again.
enum Next {
    /// When it is time.
    Later,
    /// At once: there may be more to do.
    Now,
}

impl Next {
    /// After a step that has done so much of the most that one does.
    fn after(done: usize, most: usize) -> Self {
        if done < most { Self::Later } else { Self::Now }
    }
}

type Step = fn(Shop) -> std::pin::Pin<Box<dyn Future<Output = Result<Next, DbErr>> + Send>>;

/// Delivers events to a handler as soon as they are written, and what has become due since.
async fn deliver_events(handler: usize, shop: Shop, stop: CancellationToken) {
    let mut failures = 0;
    while !stop.is_cancelled() {
        let gathered = tokio::time::sleep(GATHER);
        match events::dispatch::dispatch_to(&shop, handler).await {
            Ok(tried) => {
                failures = 0;
                if tried < events::dispatch::HEADS {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = gathered => {}
                    }
                }
                // There may be more.
                if tried > 0 {
                    continue;
                }
            }
            Err(error) => {
                failures += 1;
                tracing::warn!(%error, failures, "events not delivered");
            }
        }
        let woken = async {
            // While the database fails, being woken doesn't help.
            if failures == 0 {
                shop.outbox.notified(handler).await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = woken => {}
            () = tokio::time::sleep(pause(OUTBOX_POLL, failures)) => {}
        }
    }
}

/// Asks gateways for what was decided, as soon as it is, and for what has become due since.
async fn operate(shop: Shop, stop: CancellationToken) {
    let mut failures = 0;
    while !stop.is_cancelled() {
        let asked = async {
            let asked = payments::operate::operate_due(&shop).await?;
            let forgotten = payments::saved::forget::forget_due(&shop).await?;
            let is_full = asked >= payments::operate::BATCH || forgotten >= payments::saved::forget::BATCH;
            Ok::<_, DbErr>(if is_full { Next::Now } else { Next::Later })
        };
        match asked.await {
            Ok(Next::Now) => {
                failures = 0;
                continue;
            }
            Ok(Next::Later) => failures = 0,
            Err(error) => {
                failures += 1;
                tracing::warn!(%error, failures, "gateways not asked");
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = shop.operations.notified(), if failures == 0 => {}
            () = tokio::time::sleep(pause(OPERATIONS_POLL, failures)) => {}
        }
    }
}

/// Takes a step every `period`, at once where there is more to do, less often while it fails.
async fn repeat(name: &'static str, period: Duration, shop: Shop, stop: CancellationToken, step: Step) {
    let mut failures = 0;
    // The first step is taken late: starting is work enough.
    let mut next = Next::Later;
    loop {
        let wait = match next {
            Next::Later => pause(period, failures),
            Next::Now => Duration::ZERO,
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        next = Next::Later;
        match step(shop.clone()).await {
            Ok(told) => (failures, next) = (0, told),
            Err(error) => {
                failures += 1;
                tracing::warn!(worker = name, %error, failures, "step failed");
            }
        }
    }
}

/// How long to wait: the period, or after failures twice as long each time up to [`LONGEST_PAUSE`].
fn pause(period: Duration, failures: u32) -> Duration {
    let doubled = period.min(LONGEST_PAUSE).saturating_mul(1 << failures.min(10)).min(LONGEST_PAUSE);
    if failures == 0 { period } else { doubled }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_make_pauses_longer_up_to_a_limit() {
        let seconds = |period, failures| pause(Duration::from_secs(period), failures).as_secs();
        assert_eq!([0, 1, 2, 9, 100].map(|failures| seconds(1, failures)), [1, 2, 4, 30, 30]);
        assert_eq!([0, 1, 2].map(|failures| seconds(3_600, failures)), [3_600, 30, 30]);
    }
}
