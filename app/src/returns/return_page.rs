//! One return, as its customer follows it.

use super::way::Way;
use super::words::{credited_text, state_text};
use super::{reason_name, state_name};
use crate::accounts::minute;
use crate::checkout::Postal;
use crate::head::Head;
use crate::layout::{Drawn, Table, not_found, shop_page, unavailable};
use crate::page::Page;
use commerce::db::DbErr;
use commerce::money::Money;
use commerce::orders::Order;
use commerce::orders::refund::given_as_credit;
use commerce::returns::{PHOTOS_MOST, Return, ReturnId, ReturnState, queries};
use leptos::prelude::*;

/// The return with the number in the address, of the order above it.
#[component]
pub fn ReturnPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        match found(&page).await {
            Ok(Some(found)) => shown(&page, found).await,
            Ok(None) => not_found(&page, "Return not found").await,
            Err(error) => unavailable(&page, error).await,
        }
    })
}

/// A return, and what its page shows beside it.
struct Found {
    way: Way,
    of: Return,
    photos: usize,
    /// What was given back for it as store credit.
    credit: Money,
}

async fn found(page: &Page) -> Result<Option<Found>, DbErr> {
    let Some((path, number)) = page.path().rsplit_once("/returns/") else { return Ok(None) };
    let Ok(number) = number.parse() else { return Ok(None) };
    let Some(way) = Way::open(page, path).await? else { return Ok(None) };
    let db = page.shop.db.latest();
    let Some(of) = queries::of_order_by_number(db, way.order.id, number).await? else { return Ok(None) };
    let photos = queries::photos(db, of.id).await?.len();
    let credit = match of.refund {
        Some(refund) => given_as_credit(db, refund, &way.order).await?,
        None => Money::zero(way.order.currency),
    };
    Ok(Some(Found { way, of, photos, credit }))
}

async fn shown(page: &Page, found: Found) -> Drawn {
    let Found { way, of, photos, credit } = found;
    let title = format!("Return {}", of.number);
    page.set_head(Head { title: title.clone(), ..Head::default() });
    let settings = page.shop.reference().settings.clone();
    let address = (of.state == ReturnState::Approved).then(|| {
        view! {
            <section aria-labelledby="send-to">
                <h2 id="send-to">"Send it to"</h2>
                <Postal address=settings.seller.address.clone() />
            </section>
        }
    });
    let meaning = match credit.minor() {
        0 => state_text(of.state).to_owned(),
        _ => credited_text(&way.order, credit),
    };
    let content = view! {
        <div class="wrap confirmation">
            <h1>"Return "<span class="order-number">{of.number.to_string()}</span></h1>
            <p>"Status: "<strong class="status">{state_name(of.state)}</strong></p>
            <p>{meaning}</p>
            {address}
            <Steps of=of.clone() />
            <ReturnItems order=way.order.clone() of=of.clone() />
            {of.state.is_expected().then(|| view! { <Photos path=way.path.clone() of=of.clone() there=photos /> })}
            {(of.state == ReturnState::Requested).then(|| view! { <Withdraw page=page.clone() path=way.path.clone() of=of.clone() /> })}
            <p class="no-print"><a href=way.path>"Back to the order"</a></p>
        </div>
    };
    shop_page(page, content).await
}

/// What has become of a return, and what staff have said.
#[component]
pub(crate) fn Steps(of: Return) -> impl IntoView {
    let steps: Vec<_> = of
        .steps
        .into_iter()
        .map(|step| {
            view! {
                <li>
                    <strong>{state_name(step.state)}</strong><span class="hint">" "{minute(step.at)}</span>
                    {(!step.note.is_empty()).then(|| view! { <p class="note">{step.note}</p> })}
                </li>
            }
        })
        .collect();
    view! {
        <section aria-labelledby="steps">
            <h2 id="steps">"What has happened"</h2>
            <ol>{steps}</ol>
        </section>
    }
}

/// What is in a return, and what of it has come.
#[component]
pub(crate) fn ReturnItems(
    order: Order,
    of: Return,
    /// Whether to say what of it can be sold again.
    #[prop(optional)]
    for_staff: bool,
) -> impl IntoView {
    let counted = of.lines.iter().any(|line| line.received.is_some());
    let number = |pieces: Option<i64>| pieces.map_or_else(|| "—".to_owned(), |pieces| pieces.to_string());
    let rows: Vec<_> = of
        .lines
        .into_iter()
        .map(|line| {
            let bought = order.lines.iter().find(|bought| bought.id == line.line);
            let name = bought.map(|bought| bought.name.clone()).unwrap_or_default();
            let options = bought.map(|bought| bought.options.to_string()).filter(|options| !options.is_empty());
            view! {
                <tr>
                    <th scope="row">{name}{options.map(|options| view! { <span class="hint">" "{options}</span> })}</th>
                    <td class="number">{line.quantity}</td>
                    <td>{reason_name(line.reason)}{(!line.comment.is_empty()).then(|| view! { <p class="note">{line.comment}</p> })}</td>
                    {counted.then(|| view! { <td class="number">{number(line.received)}</td> })}
                    {(counted && for_staff).then(|| view! { <td class="number">{number(line.resellable)}</td> })}
                </tr>
            }
        })
        .collect();
    let columns = ["Item", "Pieces", "Reason"].into_iter().chain(counted.then_some("Received"));
    let columns: Vec<_> = columns.chain((counted && for_staff).then_some("For sale again")).collect();
    view! {
        <section aria-labelledby="items">
            <h2 id="items">"What is sent back"</h2>
            <Table label="Items" columns=columns>{rows}</Table>
        </section>
    }
}

#[component]
fn Photos(path: String, of: Return, there: usize) -> impl IntoView {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("order", &path).append_pair("return", &of.number.number.to_string());
    let action = format!("/actions/returns/photos?{}", query.finish());
    let kept = match there {
        0 => None,
        1 => Some("We have one photo of it.".to_owned()),
        there => Some(format!("We have {there} photos of it.")),
    };
    let form = (there < PHOTOS_MOST).then(|| {
        view! {
            <form method="post" action=action enctype="multipart/form-data">
                <div class="field">
                    <label for="photos">"Photos"<span class="optional">" (optional)"</span></label>
                    <p class="hint" id="photos-hint">
                        {format!("Up to {} more, as JPEG, PNG or WebP, 10 MB each. Only we see them.", PHOTOS_MOST - there)}
                    </p>
                    <input id="photos" name="photos" type="file" accept="image/jpeg,image/png,image/webp" multiple=true aria-describedby="photos-hint" />
                </div>
                <button class="button">"Add photos"</button>
            </form>
        }
    });
    view! {
        <section class="no-print" aria-labelledby="photos-title">
            <h2 id="photos-title">"Show us what is wrong"</h2>
            {kept.map(|kept| view! { <p>{kept}</p> })}
            {form}
        </section>
    }
}

#[component]
fn Withdraw(page: Page, path: String, of: Return) -> impl IntoView {
    let key = ReturnId::new(page.shop.clock.now()).to_string();
    view! {
        <details class="no-print">
            <summary>"Withdraw this request"</summary>
            <form method="post" action="/actions/returns/withdraw">
                <input type="hidden" name="order" value=path />
                <input type="hidden" name="return" value=of.number.number.to_string() />
                <input type="hidden" name="key" value=key />
                <p>"You keep what you wanted to send back. You can ask again later."</p>
                <button class="button danger">"Withdraw the request"</button>
            </form>
        </details>
    }
}
