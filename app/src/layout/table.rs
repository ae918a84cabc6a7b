//! Tables.

use leptos::prelude::*;

/// Rows under these columns, in a region that scrolls sideways by itself where the screen is narrow: the keyboard
/// reaches it, and `label` names it.
#[component]
pub fn Table(label: &'static str, #[prop(into)] columns: Vec<&'static str>, children: Children) -> impl IntoView {
    let head: Vec<_> = columns.into_iter().map(|name| view! { <th scope="col">{name}</th> }).collect();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label=label>
            <table>
                <thead><tr>{head}</tr></thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
}
