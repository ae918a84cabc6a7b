//! Fields with their labels, hints and errors.

use commerce::forms::{Errors, FieldError, Fields};
use leptos::prelude::*;

/// The words for what is wrong with a field.
pub fn words(field: &str, error: FieldError) -> String {
    let name = label_of(field);
    if field == "current_password" && error == FieldError::Wrong {
        return "This is not your password".to_owned();
    }
    if field == "code" && error == FieldError::Wrong {
        return "This code is wrong, too old, or was used already".to_owned();
    }
    if matches!(field, "password" | "current_password" | "new_password")
        && let Some(words) = password_words(error)
    {
        return words.to_owned();
    }
    match (field, error) {
        ("new_email", FieldError::Wrong) => return "This is the address that you have".to_owned(),
        ("confirmation", _) => return "Type the word as it stands there".to_owned(),
        // Which of them is wrong, nobody is told.
        ("order_number", FieldError::Wrong) => {
            return "We have no order with this number and e-mail address. Please check both".to_owned();
        }
        ("key_name", FieldError::Required) => return "Enter a name for the key".to_owned(),
        ("scopes", FieldError::Required) => return "Choose at least one thing that the key allows".to_owned(),
        ("received" | "counted" | "moved" | "threshold" | "priority", _) => {
            return "Enter a whole number that is not too large".to_owned();
        }
        ("location_name", FieldError::Required) => return "Enter a name for the location".to_owned(),
        ("receive_at" | "count_at" | "move_from" | "move_to", _) => return "Choose a location".to_owned(),
        ("credit_way", _) => return "Choose whether to give or to take".to_owned(),
        ("credit_amount", FieldError::Wrong) => return "There is not so much store credit".to_owned(),
        ("refund_amount", FieldError::Required) => {
            return "Enter how many pieces of what, or an amount above zero".to_owned();
        }
        ("refund_amount", FieldError::Wrong) => {
            return "So much can’t be given back any more. See above how much is left".to_owned();
        }
        ("credit_amount" | "paid_amount" | "refund_amount", _) => return "Enter an amount above zero".to_owned(),
        ("credit_reason", FieldError::Required) => return "Enter why".to_owned(),
        (field, _) if field.starts_with("line-") => return "Enter how many pieces: a whole number, or 0".to_owned(),
        ("reason", _) => return "Enter why, in a few words".to_owned(),
        ("carrier", FieldError::Wrong) => {
            return "The prices below are another carrier’s. Show those of this one first".to_owned();
        }
        ("carrier_name", FieldError::Required) => return "Enter the name of the carrier".to_owned(),
        ("weight", _) => return "Enter the weight in grams, from 1 to 70000".to_owned(),
        ("length" | "width" | "height", _) => return format!("Enter the {field} in whole centimetres, from 1 to 300"),
        ("service", FieldError::Required) => return "Choose or enter a service of the carrier".to_owned(),
        ("tracking_url", _) => return "Enter a link like https://example.com/track/123, or nothing".to_owned(),
        ("location", _) => return "Choose from where it goes".to_owned(),
        ("days", FieldError::UnknownChoice) => return "Choose how long the key is good".to_owned(),
        ("lines", FieldError::Required) => return "Choose at least one piece to return".to_owned(),
        ("lines", _) => return "Some of that can’t be returned any more. Please look again".to_owned(),
        ("reject_note" | "close_note", FieldError::Required) => {
            return "Say why: the customer gets it by mail".to_owned();
        }
        ("deduction", FieldError::Wrong) => {
            return "So much can’t be given back. See above what it cost, and what is left".to_owned();
        }
        ("deduction", _) => return "Enter an amount in the order’s currency, or nothing".to_owned(),
        _ => {}
    }
    // Fields of lines are named by what is in them.
    match field.split('-').next() {
        Some("pieces") => return "Enter a whole number from 0 to 100".to_owned(),
        Some("price") => return "Enter an amount in the order’s currency, or nothing for the list price".to_owned(),
        Some("quantity" | "received") if field.contains('-') => {
            return "Enter a whole number of pieces, no more than there are".to_owned();
        }
        Some("resellable") => return "Enter a whole number of pieces, no more than came".to_owned(),
        Some("reason") if field.contains('-') => return "Choose a reason".to_owned(),
        _ => {}
    }
    match error {
        FieldError::Required => format!("Enter your {name}"),
        FieldError::TooLong => format!("The {name} is too long"),
        FieldError::TooShort => "Enter the whole address: street, number and town".to_owned(),
        FieldError::Invalid => match field.trim_start_matches("billing_") {
            "email" | "new_email" => "Enter an e-mail address like name@example.org".to_owned(),
            "phone" => "Enter a phone number like +49 30 1234567, or leave it empty".to_owned(),
            _ => format!("Check the {name}: it doesn’t fit the country"),
        },
        FieldError::TooCommon | FieldError::Wrong => format!("Check the {name}"),
        FieldError::UnknownChoice => format!("Choose a {name}"),
        FieldError::QuantityOutOfRange => "Enter a whole number from 1 to 100".to_owned(),
    }
}

fn password_words(error: FieldError) -> Option<&'static str> {
    Some(match error {
        FieldError::Required => "Enter your password",
        FieldError::TooShort => "Use at least 8 characters",
        FieldError::TooLong => "Use at most 128 characters",
        FieldError::TooCommon => "This is one of the first passwords that anybody would guess. Choose another one",
        // Which of them, nobody is told.
        FieldError::Wrong => "The e-mail address or the password is wrong",
        _ => return None,
    })
}

/// The words for a quantity that is none.
pub fn quantity_words() -> String {
    words("quantity", FieldError::QuantityOutOfRange)
}

fn label_of(field: &str) -> &'static str {
    match field.trim_start_matches("billing_") {
        "email" | "new_email" => "e-mail address",
        "order_number" => "order number",
        "saved" => "delivery address",
        "label" => "name of the address",
        "phone" => "phone number",
        "country" => "country",
        "name" => "full name",
        "line1" => "street and number",
        "line2" => "second address line",
        "city" => "town or city",
        "region" => "state or province",
        "postal_code" => "postal code",
        "note" => "note",
        "credit_reason" => "reason",
        "code" => "code",
        "carrier" => "carrier",
        "carrier_name" => "name of the carrier",
        "tracking" => "tracking number",
        "service" => "service",
        "delivery_method" => "delivery method",
        "payment_method" => "payment method",
        _ => "entry",
    }
}

/// A form as it is shown: what is in its fields, and what is wrong with them.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// What is in its fields.
    pub fields: Fields,
    /// What is wrong with them.
    pub errors: Errors,
}

impl Form {
    /// What is in a field.
    pub fn value(&self, name: &str) -> String {
        self.fields.get(name).cloned().unwrap_or_default()
    }
}

/// Everything that is wrong with a form, each linked to its field. It takes the focus.
#[component]
pub fn ErrorSummary(form: Form) -> impl IntoView {
    (!form.errors.is_empty()).then(|| {
        let items: Vec<_> = form
            .errors
            .iter()
            .map(|(field, error)| view! { <li><a href=format!("#{field}")>{words(field, *error)}</a></li> })
            .collect();
        view! {
            <div class="notice warning" role="alert" tabindex="-1" autofocus=true>
                <h2>"Please check these entries"</h2>
                <ul>{items}</ul>
            </div>
        }
    })
}

/// A line of text to be entered.
#[component]
pub fn TextField(
    form: Form,
    /// Its name in the form, and its id on the page.
    name: String,
    /// What stands above it.
    #[prop(into)]
    label: String,
    /// Its kind of input.
    #[prop(default = "text")]
    kind: &'static str,
    /// What browsers fill it with.
    autocomplete: String,
    /// What keyboard a phone shows.
    #[prop(optional)]
    inputmode: Option<&'static str>,
    /// What stands below the label.
    #[prop(optional, into)]
    hint: Option<String>,
    /// Whether it may be left empty.
    #[prop(optional)]
    optional: bool,
    /// The most characters it takes.
    maxlength: u32,
) -> impl IntoView {
    let error = form.errors.get(&name).copied();
    let (error_id, hint_id) = (format!("{name}-error"), format!("{name}-hint"));
    let described = [error.map(|_| error_id.clone()), hint.as_ref().map(|_| hint_id.clone())];
    let described = described.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let message = error.map(|error| view! { <p class="field-error" id=error_id.clone()>{words(&name, error)}</p> });
    view! {
        <div class="field">
            <label for=name.clone()>
                {label}{optional.then(|| view! { <span class="optional">" (optional)"</span> })}
            </label>
            {hint.map(|hint| view! { <p class="hint" id=hint_id>{hint}</p> })}
            {message}
            <input
                id=name.clone()
                name=name.clone()
                type=kind
                value=form.value(&name)
                autocomplete=autocomplete
                inputmode=inputmode
                enterkeyhint="next"
                maxlength=maxlength
                aria-invalid=error.map(|_| "true")
                aria-describedby=(!described.is_empty()).then_some(described)
                aria-required=(!optional).then_some("true")
            />
        </div>
    }
}
