//! Everybody with an account, and what they are to the shop.

use super::{credit, refused, role_name, staff, staff_page};
use crate::accounts::{day, minute};
use crate::layout::{Table, not_found, unavailable};
use crate::page::Page;
use commerce::accounts::queries::{self, PeopleFilter};
use commerce::accounts::{Permission, Person, Role};
use leptos::prelude::*;

/// Everybody, the newest first, by name, address and role.
#[component]
pub fn PeoplePage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match staff(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let filter = PeopleFilter {
            text: page.query.get("q").unwrap_or_default().chars().take(100).collect(),
            role: page.query.get("role").as_deref().and_then(Role::from_code),
            before: page.query.get("before").and_then(|id| id.parse().ok()),
        };
        let (people, more) = match queries::people(&page.shop, &who, &filter).await {
            Ok(found) => found,
            Err(error) => return refused(&page, error).await,
        };
        let older = people.last().filter(|_| more).map(|last| address(&filter, Some(last)));
        let newest = filter.before.is_some().then(|| address(&filter, None));
        let content = view! {
            <Search filter=filter />
            <People people=people />
            {(older.is_some() || newest.is_some()).then(|| view! {
                <nav class="pager" aria-label="Pages of people">
                    {newest.map(|href| view! { <a class="button" href=href>"Newest"</a> })}
                    {older.map(|href| view! { <a class="button" rel="next" href=href>"Older"</a> })}
                </nav>
            })}
        };
        staff_page(&page, &who, "People", content).await
    })
}

fn address(filter: &PeopleFilter, before: Option<&Person>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("q", &filter.text).append_pair("role", filter.role.map_or("", Role::code));
    if let Some(person) = before {
        query.append_pair("before", &person.id.to_string());
    }
    format!("/admin/people?{}", query.finish())
}

#[component]
fn Search(filter: PeopleFilter) -> impl IntoView {
    view! {
        <form class="filter-row" method="get" action="/admin/people" role="search">
            <div class="field">
                <label for="q">"Name or e-mail"</label>
                <input id="q" name="q" type="search" maxlength="100" value=filter.text />
            </div>
            <div class="field">
                <label for="role">"Role"</label>
                <select id="role" name="role">
                    <option value="">"Any"</option>
                    <RoleOptions chosen=filter.role />
                </select>
            </div>
            <button class="button">"Search"</button>
        </form>
    }
}

#[component]
fn RoleOptions(chosen: Option<Role>) -> impl IntoView {
    Role::ALL
        .map(|role| view! { <option value=role.code() selected=chosen == Some(role)>{role_name(role)}</option> })
        .into_iter()
        .collect_view()
}

#[component]
fn People(people: Vec<Person>) -> impl IntoView {
    if people.is_empty() {
        return view! { <p>"Nobody fits that. "<a href="/admin/people">"Show everybody"</a></p> }.into_any();
    }
    let rows: Vec<_> = people
        .into_iter()
        .map(|person| {
            view! {
                <tr>
                    <th scope="row"><a href=format!("/admin/people/{}", person.id)>{person.name}</a></th>
                    <td>{person.email}{(!person.verified).then_some(" (not confirmed)")}</td>
                    <td>{role_name(person.role)}</td>
                    <td>{day(person.created_at)}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <Table label="People" columns=["Name", "E-mail", "Role", "Registered"]>
            {rows}
        </Table>
    }
    .into_any()
}

/// One person.
#[component]
pub fn PersonPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match staff(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let Some(id) = page.params.get("id").and_then(|id| id.parse().ok()) else {
            return not_found(&page, "Nobody found").await;
        };
        let person = match queries::person(&page.shop, &who, id).await {
            Ok(Some(person)) => person,
            Ok(None) => return not_found(&page, "Nobody found").await,
            Err(error) => return refused(&page, error).await,
        };
        let credit = match credit::section(&page, &who, id).await {
            Ok(section) => section,
            Err(error) => return unavailable(&page, error).await,
        };
        let title = person.name.clone();
        let may_change = who.role.allows(Permission::UsersWrite) && who.user != person.id;
        let may_audit = who.role.allows(Permission::AuditRead);
        let content = view! {
            <section aria-labelledby="person">
                <h2 id="person">"Account"</h2>
                <dl class="facts">
                    <div><dt>"E-mail"</dt><dd>{person.email.clone()}{(!person.verified).then_some(" (not confirmed)")}</dd></div>
                    <div><dt>"Registered"</dt><dd>{minute(person.created_at)}</dd></div>
                    <div><dt>"Role"</dt><dd>{role_name(person.role)}</dd></div>
                </dl>
                {may_audit.then(|| view! { <p><a href=format!("/admin/audit?person={}", person.id)>"What was done by and to this account"</a></p> })}
            </section>
            {credit}
            {may_change.then(|| view! { <ChangeRole person=person /> })}
        };
        staff_page(&page, &who, &title, content).await
    })
}

#[component]
fn ChangeRole(person: Person) -> impl IntoView {
    view! {
        <section aria-labelledby="change-role">
            <h2 id="change-role">"Change the role"</h2>
            <p class="hint">"They are signed out everywhere when it changes."</p>
            <form class="filter-row" method="post" action="/actions/admin/change-role">
                <input type="hidden" name="user" value=person.id.to_string() />
                <div class="field">
                    <label for="role">"Role"</label>
                    <select id="role" name="role"><RoleOptions chosen=Some(person.role) /></select>
                </div>
                <button class="button primary">"Change role"</button>
            </form>
        </section>
    }
}
