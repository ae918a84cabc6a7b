//! What there is, where, and what became of it.

use super::{refused, staff, staff_page};
use crate::accounts::minute;
use crate::forms::{ErrorSummary, Form, TextField, draft};
use crate::layout::{Notice, NoticeKind, Table, not_found, unavailable};
use crate::page::Page;
use commerce::accounts::Permission;
use commerce::catalog::VariationId;
use commerce::inventory::queries::{self, StockFilter};
use commerce::inventory::{Actor, Level, Location, Movement, OperationKey, Reason, Stocked};
use leptos::prelude::*;

/// The name among drafts of the forms about a variation.
pub(super) fn stock_form(variation: VariationId) -> String {
    format!("admin/stock/{variation}")
}

/// The page of the variation with an article number.
pub(crate) fn stock_path(sku: &str) -> String {
    // A path knows no plus for a space.
    let encoded: String = url::form_urlencoded::byte_serialize(sku.as_bytes()).collect();
    format!("/admin/inventory/{}", encoded.replace('+', "%20"))
}

/// Everything that can be sold, by article number.
#[component]
pub fn InventoryPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match staff(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let filter = StockFilter {
            text: page.query.get("q").unwrap_or_default().chars().take(100).collect(),
            low: page.query.get("low").is_some_and(|low| low == "1"),
            after: page.query.get("after").filter(|after| !after.is_empty()),
        };
        let (found, more) = match queries::stock(&page.shop, &who, &filter).await {
            Ok(found) => found,
            Err(error) => return refused(&page, error).await,
        };
        let next = found.last().filter(|_| more).map(|last| address(&filter, Some(&last.sku)));
        let first = filter.after.is_some().then(|| address(&filter, None));
        let content = view! {
            <Search filter=filter />
            <Found found=found />
            {(next.is_some() || first.is_some()).then(|| view! {
                <nav class="pager" aria-label="Pages of the inventory">
                    {first.map(|href| view! { <a class="button" href=href>"First"</a> })}
                    {next.map(|href| view! { <a class="button" rel="next" href=href>"Next"</a> })}
                </nav>
            })}
        };
        staff_page(&page, &who, "Inventory", content).await
    })
}

fn address(filter: &StockFilter, after: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("q", &filter.text);
    if filter.low {
        query.append_pair("low", "1");
    }
    if let Some(after) = after {
        query.append_pair("after", after);
    }
    format!("/admin/inventory?{}", query.finish())
}

#[component]
fn Search(filter: StockFilter) -> impl IntoView {
    view! {
        <form class="filter-row" method="get" action="/admin/inventory" role="search">
            <div class="field">
                <label for="q">"SKU or name"</label>
                <input id="q" name="q" type="search" maxlength="100" value=filter.text />
            </div>
            <label class="check">
                <input type="checkbox" name="low" value="1" checked=filter.low />
                <span>"Low stock only"</span>
            </label>
            <button class="button">"Search"</button>
        </form>
    }
}

#[component]
fn Found(found: Vec<Stocked>) -> impl IntoView {
    if found.is_empty() {
        return view! { <p>"Nothing fits that. "<a href="/admin/inventory">"Show everything"</a></p> }.into_any();
    }
    let rows: Vec<_> = found
        .into_iter()
        .map(|stocked| {
            let places: Vec<_> = stocked
                .levels
                .iter()
                .map(|level| {
                    let free = level.on_hand - level.reserved;
                    let place = &level.location_name;
                    view! { <li>{format!("{place}: {} on hand, {} reserved, {free} available", level.on_hand, level.reserved)}</li> }
                })
                .collect();
            view! {
                <tr>
                    <th scope="row"><a href=stock_path(&stocked.sku)>{stocked.sku.clone()}</a></th>
                    <td>{stocked.name}</td>
                    <td>{stocked.available}{stocked.low.then_some(" (low)")}</td>
                    <td><ul>{places}</ul></td>
                </tr>
            }
        })
        .collect();
    view! {
        <Table label="Inventory" columns=["SKU", "Name", "Available", "Where"]>
            {rows}
        </Table>
    }
    .into_any()
}

/// One variation: what is where, what can be done with it, and what was.
#[component]
pub fn StockPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match staff(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let sku = page.params.get("sku").unwrap_or_default();
        let read = async {
            let Some(stocked) = queries::stock_of(&page.shop, &who, &sku).await? else { return Ok(None) };
            let before = page.query.get("before").and_then(|id| id.parse().ok());
            let movements = queries::movements(&page.shop, &who, stocked.variation, before).await?;
            Ok(Some((stocked, movements, queries::locations(&page.shop, &who).await?)))
        };
        let (stocked, (movements, more), locations) = match read.await {
            Ok(Some(found)) => found,
            Ok(None) => return not_found(&page, "Nothing found").await,
            Err(error) => return refused(&page, error).await,
        };
        let form = match draft(&page, &stock_form(stocked.variation)).await {
            Ok(form) => form,
            Err(error) => return unavailable(&page, error).await,
        };
        let mut form = form.unwrap_or_default();
        if let Some(threshold) = stocked.threshold {
            form.fields.entry("threshold".to_owned()).or_insert_with(|| threshold.to_string());
        }
        let older = movements.last().filter(|_| more).map(|last| format!("{}?before={}", stock_path(&sku), last.id));
        let shorts = form.fields.get("shorts").cloned();
        let may_change = who.role.allows(Permission::StockWrite);
        let default_threshold = page.shop.reference().settings.low_stock;
        let title = stocked.sku.clone();
        // That of a form that was refused stays the same.
        let key = form.value("key").parse().unwrap_or_else(|_| OperationKey::new(page.shop.clock.now()));
        let content = view! {
            <ErrorSummary form=form.clone() />
            {shorts.map(|orders| view! {
                <Notice kind=NoticeKind::Warning>
                    <p>{format!("Nothing was changed: these orders would go without, with so many pieces each: {orders}. Edit or cancel them first.")}</p>
                </Notice>
            })}
            <Levels stocked=stocked.clone() />
            {may_change.then(|| view! {
                <Forms form=form stocked=stocked locations=locations key_of_form=key default_threshold=default_threshold />
            })}
            <Movements movements=movements />
            {older.map(|href| view! {
                <nav class="pager" aria-label="Pages of movements"><a class="button" rel="next" href=href>"Older"</a></nav>
            })}
        };
        staff_page(&page, &who, &title, content).await
    })
}

#[component]
fn Levels(stocked: Stocked) -> impl IntoView {
    let row = |level: Level| {
        view! {
            <tr>
                <th scope="row">{level.location_name}</th>
                <td>{level.on_hand}</td><td>{level.reserved}</td><td>{level.on_hand - level.reserved}</td>
            </tr>
        }
    };
    let rows: Vec<_> = stocked.levels.into_iter().map(row).collect();
    view! {
        <section aria-labelledby="levels">
            <h2 id="levels">{stocked.name}</h2>
            <p>{format!("{} available in all warehouses", stocked.available)}{stocked.low.then_some(" (low)")}</p>
            <Table label="Stock by location" columns=["Location", "On hand", "Reserved", "Available"]>
                {rows}
            </Table>
        </section>
    }
}

/// What every form about a variation says, without being asked.
fn hidden(stocked: &Stocked, key: OperationKey) -> impl IntoView + use<> {
    view! {
        <input type="hidden" name="sku" value=stocked.sku.clone() />
        <input type="hidden" name="variation" value=stocked.variation.to_string() />
        <input type="hidden" name="key" value=key.to_string() />
    }
}

/// A choice of locations; `value` is what the form sends for one.
fn choice(
    form: &Form,
    name: &'static str,
    label: &'static str,
    locations: &[Location],
    value: impl Fn(&Location) -> String,
) -> AnyView {
    let chosen = form.value(name);
    let place = |value: &str| value.split(':').next().unwrap_or_default().to_owned();
    let options: Vec<_> = locations
        .iter()
        .filter(|location| location.data.active)
        .map(|location| {
            let value = value(location);
            let selected = place(&value) == place(&chosen);
            view! { <option value=value selected=selected>{location.data.name.clone()}</option> }
        })
        .collect();
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <select id=name name=name>{options}</select>
        </div>
    }
    .into_any()
}

#[component]
fn Forms(
    form: Form,
    stocked: Stocked,
    locations: Vec<Location>,
    key_of_form: OperationKey,
    default_threshold: i64,
) -> impl IntoView {
    let id = |location: &Location| location.id.to_string();
    let on_hand = |location: &Location| {
        let level = stocked.levels.iter().find(|level| level.location == location.id);
        format!("{}:{}", location.id, level.map_or(0, |level| level.on_hand))
    };
    let mode = form.value("count_mode");
    let modes = [("is", "There are"), ("more", "Add"), ("fewer", "Take away")]
        .map(|(code, words)| view! { <option value=code selected=code == mode>{words}</option> });
    let number = |name: &str, label: &'static str| {
        view! { <TextField form=form.clone() name=name.to_owned() label=label autocomplete="off".to_owned() inputmode="numeric" maxlength=10 /> }
    };
    view! {
        <section aria-labelledby="receive">
            <h2 id="receive">"Receive"</h2>
            <form class="filter-row" method="post" action="/actions/admin/stock-receive" novalidate=true>
                {hidden(&stocked, key_of_form)}
                {number("received", "Pieces that came in")}
                {choice(&form, "receive_at", "Location", &locations, id)}
                <TextField form=form.clone() name="receive_note".to_owned() label="Note" autocomplete="off".to_owned() maxlength=200 optional=true />
                <button class="button primary">"Receive"</button>
            </form>
        </section>
        <section aria-labelledby="count">
            <h2 id="count">"Count"</h2>
            <p class="hint">"Where fewer are there than are claimed, carts lose their hold first. What orders have claimed stays."</p>
            <form class="filter-row" method="post" action="/actions/admin/stock-adjust" novalidate=true>
                {hidden(&stocked, key_of_form)}
                {choice(&form, "count_at", "Location", &locations, on_hand)}
                <div class="field">
                    <label for="count_mode">"What was found"</label>
                    <select id="count_mode" name="count_mode">{modes.into_iter().collect_view()}</select>
                </div>
                {number("counted", "Pieces")}
                <TextField form=form.clone() name="count_note".to_owned() label="Why" autocomplete="off".to_owned() maxlength=200 />
                <button class="button primary">"Save count"</button>
            </form>
        </section>
        {(locations.iter().filter(|location| location.data.active).count() > 1).then(|| view! {
            <section aria-labelledby="move">
                <h2 id="move">"Move"</h2>
                <form class="filter-row" method="post" action="/actions/admin/stock-transfer" novalidate=true>
                    {hidden(&stocked, key_of_form)}
                    {number("moved", "Pieces to move")}
                    {choice(&form, "move_from", "From", &locations, id)}
                    {choice(&form, "move_to", "To", &locations, id)}
                    <TextField form=form.clone() name="move_note".to_owned() label="Note" autocomplete="off".to_owned() maxlength=200 optional=true />
                    <button class="button primary">"Move"</button>
                </form>
            </section>
        })}
        <section aria-labelledby="low">
            <h2 id="low">"Low stock"</h2>
            <form class="filter-row" method="post" action="/actions/admin/stock-threshold" novalidate=true>
                {hidden(&stocked, key_of_form)}
                <TextField
                    form=form.clone()
                    name="threshold".to_owned()
                    label="Low where fewer are available than"
                    autocomplete="off".to_owned()
                    inputmode="numeric"
                    maxlength=10
                    optional=true
                    hint=format!("The shop’s own threshold is {default_threshold}")
                />
                <button class="button primary">"Save threshold"</button>
            </form>
        </section>
    }
}

#[component]
fn Movements(movements: Vec<Movement>) -> impl IntoView {
    let rows: Vec<_> = movements
        .into_iter()
        .map(|movement| {
            let who = match (movement.actor, movement.email) {
                (_, Some(email)) => email,
                (Some(Actor::Shopper), None) => "A shopper".to_owned(),
                (Some(Actor::System), None) => "The shop".to_owned(),
                (Some(Actor::Staff(_)), None) => "An account that is gone".to_owned(),
                (None, None) => "An import".to_owned(),
            };
            let order = movement.order_number.map(|number| {
                let href = format!("/admin/orders/{number}");
                view! { " for "<a href=href>{number}</a> }
            });
            let note = (!movement.note.is_empty()).then(|| format!(": {}", movement.note));
            view! {
                <tr>
                    <td>{minute(movement.at)}</td>
                    <th scope="row">{movement.reason.map_or("Changed", reason_name)}{order}{note}</th>
                    <td>{movement.location_name}</td>
                    <td>{signed(movement.on_hand)}</td>
                    <td>{signed(movement.reserved)}</td>
                    <td>{who}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <section aria-labelledby="movements">
            <h2 id="movements">"Movements"</h2>
            <Table label="Movements" columns=["When", "What", "Where", "On hand", "Reserved", "By"]>
                {rows}
            </Table>
        </section>
    }
}

fn signed(number: i64) -> String {
    if number == 0 { "—".to_owned() } else { format!("{number:+}") }
}

fn reason_name(reason: Reason) -> &'static str {
    match reason {
        Reason::Received => "Received",
        Reason::Adjusted => "Counted",
        Reason::Reserved => "Claimed",
        Reason::Released => "Released",
        Reason::Sold => "Shipped",
        Reason::Returned => "Came back",
        Reason::Moved => "Moved",
    }
}
