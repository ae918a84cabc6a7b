//! What was typed into a form that was refused, for its page to show again.

use super::Form;
use crate::layout::log_failure;
use crate::page::Page;
use commerce::cart::drafts::{self, Draft};
use commerce::db::DbErr;
use commerce::forms::{Errors, Fields};
use commerce::token::Token;
use uuid::Uuid;

/// The longest text of a field that is kept to be shown again, in characters.
const KEPT: usize = 600;

/// The most fields that are kept: no form has as many, though the one for a return has three for each line of its order.
const KEPT_FIELDS: usize = 320;

/// What is never kept, as it must not be shown again.
const NEVER_KEPT: [&str; 5] = ["password", "current_password", "new_password", "code", "change_country"];

/// Keeps a form that was refused, and goes back to its page at `path`, which may have a query.
pub async fn keep_draft(page: &Page, form: &str, path: &str, fields: Fields, errors: Errors) {
    let fields = fields
        .into_iter()
        .filter(|(name, _)| !NEVER_KEPT.contains(&name.as_str()))
        .take(KEPT_FIELDS)
        .map(|(name, text)| (name, text.chars().take(KEPT).collect()))
        .collect();
    let owner = page.guest().unwrap_or_else(|| {
        let token = Token::random();
        page.set_guest(&token);
        token
    });
    let draft = Draft { fields, errors };
    match drafts::keep(page.shop.db.primary(), &owner, form, &draft, page.shop.clock.now()).await {
        Ok(id) => {
            let and = if path.contains('?') { '&' } else { '?' };
            page.see_other(&format!("{path}{and}draft={id}"));
        }
        Err(error) => {
            log_failure(&error);
            let path = path.split('?').next().unwrap_or(path);
            page.see_other(&format!("{path}?refused=unavailable"));
        }
    }
}

/// The refused form that the address of the page names, if it is this guest's.
pub async fn draft(page: &Page, form: &str) -> Result<Option<Form>, DbErr> {
    let (Some(owner), Some(id)) = (page.guest(), page.query.get("draft").and_then(|id| id.parse::<Uuid>().ok())) else {
        return Ok(None);
    };
    let draft = drafts::load(page.shop.db.primary(), &owner, form, id, page.shop.clock.now()).await?;
    Ok(draft.map(|draft| Form { fields: draft.fields, errors: draft.errors }))
}
