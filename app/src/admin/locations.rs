//! Where stock can be.

use super::{refused, staff, staff_page};
use crate::forms::{ErrorSummary, Form, TextField, draft};
use crate::layout::{Table, not_found, unavailable};
use crate::page::Page;
use commerce::accounts::Permission;
use commerce::checkout::{COUNTRIES, country};
use commerce::inventory::{Location, LocationId, queries};
use leptos::prelude::*;

/// The name among drafts of the form for a location, or for a new one.
pub(super) fn location_form(id: Option<LocationId>) -> String {
    id.map_or_else(|| "admin/location".to_owned(), |id| format!("admin/location/{id}"))
}

/// Every location.
#[component]
pub fn LocationsPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match staff(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let locations = match queries::locations(&page.shop, &who).await {
            Ok(locations) => locations,
            Err(error) => return refused(&page, error).await,
        };
        let may_change = who.role.allows(Permission::StockWrite);
        let rows: Vec<_> = locations.into_iter().map(|location| row(location, may_change)).collect();
        let content = view! {
            <p class="hint">
                "What a cart wants is held by priority, the lowest number first; once the address is known, at the nearest location that has everything."
            </p>
            <Table label="Locations" columns=["Name", "Address", "Priority", "State"]>
                {rows}
            </Table>
            {may_change.then(|| view! { <p><a class="button primary" href="/admin/locations/new">"Open a location"</a></p> })}
        };
        staff_page(&page, &who, "Locations", content).await
    })
}

fn row(location: Location, may_change: bool) -> impl IntoView {
    let data = location.data;
    let land = country(&data.country).map_or(data.country.as_str(), |country| country.name).to_owned();
    let address: Vec<_> = [data.line1, data.line2, data.postal_code, data.city, data.region, land]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    let name = match may_change {
        true => view! { <a href=format!("/admin/locations/{}", location.id)>{data.name}</a> }.into_any(),
        false => data.name.into_any(),
    };
    view! {
        <tr>
            <th scope="row">{name}{(!location.ordinary).then_some(" (set apart)")}</th>
            <td>{if address.is_empty() { "not known".to_owned() } else { address.join(", ") }}</td>
            <td>{data.priority}</td>
            <td>{if data.active { "open" } else { "closed" }}</td>
        </tr>
    }
}

/// The form for one location, or at `/new` for another one.
#[component]
pub fn LocationPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match staff(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let locations = match queries::locations(&page.shop, &who).await {
            Ok(locations) => locations,
            Err(error) => return refused(&page, error).await,
        };
        let name = page.params.get("id").unwrap_or_default();
        let id = name.parse::<LocationId>().ok();
        let location = locations.into_iter().find(|location| Some(location.id) == id);
        if location.is_none() && name != "new" {
            return not_found(&page, "Location not found").await;
        }
        let form = match draft(&page, &location_form(id)).await {
            Ok(form) => form,
            Err(error) => return unavailable(&page, error).await,
        };
        let form = form.unwrap_or_else(|| {
            let new = || [("priority".to_owned(), "0".to_owned()), ("active".to_owned(), "on".to_owned())].into();
            Form { fields: location.as_ref().map_or_else(new, |location| location.data.fields()), ..Form::default() }
        });
        let title = location.as_ref().map_or("Open a location".to_owned(), |location| location.data.name.clone());
        let content = view! { <LocationForm form=form location=location /> };
        staff_page(&page, &who, &title, content).await
    })
}

#[component]
fn LocationForm(form: Form, location: Option<Location>) -> impl IntoView {
    let chosen = form.value("country");
    let countries: Vec<_> = COUNTRIES
        .iter()
        .map(|country| view! { <option value=country.code selected=country.code == chosen>{country.name}</option> })
        .collect();
    let active = form.fields.contains_key("active");
    view! {
        <ErrorSummary form=form.clone() />
        <form class="narrow" method="post" action="/actions/admin/location" novalidate=true>
            {location.map(|location| view! {
                <input type="hidden" name="id" value=location.id.to_string() />
                <input type="hidden" name="version" value=location.version.to_string() />
            })}
            <TextField form=form.clone() name="location_name".to_owned() label="Name" autocomplete="off".to_owned() maxlength=100 />
            <div class="field">
                <label for="country">"Country"<span class="optional">" (optional)"</span></label>
                <select id="country" name="country"><option value="">"Not known"</option>{countries}</select>
            </div>
            <TextField form=form.clone() name="region".to_owned() label="State or province" autocomplete="off".to_owned() maxlength=100 optional=true />
            <TextField form=form.clone() name="postal_code".to_owned() label="Postal code" autocomplete="off".to_owned() maxlength=20 optional=true />
            <TextField form=form.clone() name="city".to_owned() label="Town or city" autocomplete="off".to_owned() maxlength=100 optional=true />
            <TextField form=form.clone() name="line1".to_owned() label="Street and number" autocomplete="off".to_owned() maxlength=100 optional=true hint="Labels of parcels have the shop’s own address unless the town and the street are here" />
            <TextField form=form.clone() name="line2".to_owned() label="Second address line" autocomplete="off".to_owned() maxlength=100 optional=true />
            <TextField form=form name="priority".to_owned() label="Priority" autocomplete="off".to_owned() inputmode="numeric" maxlength=5 hint="The lowest number comes first" />
            <label class="check">
                <input type="checkbox" name="active" checked=active />
                <span>"Stock may come here"</span>
            </label>
            <button class="button primary">"Save location"</button>
        </form>
        <p><a href="/admin/locations">"Back to the locations"</a></p>
    }
}
