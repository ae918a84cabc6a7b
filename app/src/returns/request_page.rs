//! Where a customer asks to send something back.

use super::fields::ReturnFields;
use super::way::Way;
use crate::forms::{ErrorSummary, Form, draft};
use crate::head::Head;
use crate::layout::{Drawn, not_found, shop_page, unavailable};
use crate::page::Page;
use commerce::orders::{OrderId, OrderLineId};
use commerce::returns::ReturnId;
use commerce::returns::request::left;
use leptos::prelude::*;
use std::collections::BTreeMap;

/// The name of the form among drafts.
pub(super) fn request_form(order: OrderId) -> String {
    format!("returns/request/{order}")
}

/// Asks what of the order above is to be sent back.
#[component]
pub fn ReturnFormPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let path = page.path().strip_suffix("/return").unwrap_or_default().to_owned();
        let way = match Way::open(&page, &path).await {
            Ok(Some(way)) => way,
            Ok(None) => return not_found(&page, "Order not found").await,
            Err(error) => return unavailable(&page, error).await,
        };
        let read = async {
            let left = left(&page.shop, page.shop.db.latest(), way.order.id, false).await?;
            Ok::<_, commerce::db::DbErr>((left, draft(&page, &request_form(way.order.id)).await?))
        };
        match read.await {
            Ok((left, form)) => shown(&page, way, left, form.unwrap_or_default()).await,
            Err(error) => unavailable(&page, error).await,
        }
    })
}

async fn shown(page: &Page, way: Way, left: BTreeMap<OrderLineId, i64>, form: Form) -> Drawn {
    let Way { order, path } = way;
    let title = format!("Return items of order {}", order.number);
    page.set_head(Head { title: title.clone(), ..Head::default() });
    let days = page.shop.reference().settings.return_days;
    let key = ReturnId::new(page.shop.clock.now()).to_string();
    let back = path.clone();
    let content = if left.is_empty() {
        view! {
            <p>{format!("There is nothing of this order that can be returned here. Things can be returned once they are sent, and up to {days} days after they have come.")}</p>
            <p>"If something is wrong with it all the same, please write to us."</p>
        }
        .into_any()
    } else {
        view! {
            <p>{format!("Choose what you want to send back, up to {days} days after it has come. We answer by mail.")}</p>
            <ErrorSummary form=form.clone() />
            <form method="post" action="/actions/returns/request" novalidate=true>
                <input type="hidden" name="order" value=path />
                <input type="hidden" name="key" value=key />
                <ReturnFields form=form order=order left=left />
                <p class="hint">"You can add photos on the next page."</p>
                <button class="button primary wide">"Ask to return"</button>
            </form>
        }
        .into_any()
    };
    let content = view! {
        <div class="wrap">
            <div class="narrow">
                <h1>{title}</h1>
                {content}
                <p><a href=back>"Back to the order"</a></p>
            </div>
        </div>
    };
    shop_page(page, content).await
}
