//! Every kind of event, as those who read them are told.

use super::DomainEvent;
use crate::accounts::identity::IdentityLinked;
use crate::accounts::second_factor::{FactorAdded, FactorRemoved, RecoveryCodeUsed, SignInCodeRequested};
use crate::accounts::{
    AccountErased, EmailChangeRequested, EmailChanged, PasswordChanged, PasswordResetRequested, ProfileUpdated,
    RegistrationRepeated, UserRegistered,
};
use crate::fulfilment::ship::{OrderShipped, ShipmentDelivered};
use crate::inventory::{StockChanged, StockLow};
use crate::orders::OrderPlaced;
use crate::orders::cancel::OrderCancelled;
use crate::orders::draft::{OrderDrafted, OrderSubmitted};
use crate::orders::edit::OrderEdited;
use crate::orders::refund::RefundRequested;
use crate::payments::{PaymentFailed, PaymentProcessed, PaymentVoided, PaymentWithdrawn, RefundIssued};
use crate::returns::events::{
    ReturnApproved, ReturnClosed, ReturnReceived, ReturnRefunded, ReturnRejected, ReturnRequested, ReturnWithdrawn,
};
use crate::store_credit::{StoreCreditGranted, StoreCreditSpent};
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::LazyLock;

/// A kind of event.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Its name.
    pub kind: &'static str,
    /// The version of its shape.
    pub version: i32,
    /// What kind of thing it is about.
    pub aggregate: &'static str,
    /// The JSON schema of its data, whose `$id` holds name and version and whose description says what it reports.
    pub schema: Value,
}

impl Entry {
    /// The file that its schema is kept in.
    pub fn file_name(&self) -> String {
        format!("{}.v{}.json", self.kind, self.version)
    }

    /// The schema as a file.
    pub fn file(&self) -> String {
        format!("{:#}\n", self.schema)
    }
}

/// Every kind of event, by name.
pub fn catalogue() -> &'static [Entry] {
    &CATALOGUE
}

static CATALOGUE: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let mut entries = vec![
        entry::<AccountErased>(),
        entry::<EmailChangeRequested>(),
        entry::<EmailChanged>(),
        entry::<FactorAdded>(),
        entry::<FactorRemoved>(),
        entry::<IdentityLinked>(),
        entry::<OrderCancelled>(),
        entry::<OrderDrafted>(),
        entry::<OrderEdited>(),
        entry::<OrderPlaced>(),
        entry::<OrderShipped>(),
        entry::<OrderSubmitted>(),
        entry::<PasswordChanged>(),
        entry::<PasswordResetRequested>(),
        entry::<PaymentFailed>(),
        entry::<PaymentProcessed>(),
        entry::<PaymentVoided>(),
        entry::<PaymentWithdrawn>(),
        entry::<ProfileUpdated>(),
        entry::<RecoveryCodeUsed>(),
        entry::<RefundIssued>(),
        entry::<RefundRequested>(),
        entry::<RegistrationRepeated>(),
        entry::<ReturnApproved>(),
        entry::<ReturnClosed>(),
        entry::<ReturnReceived>(),
        entry::<ReturnRefunded>(),
        entry::<ReturnRejected>(),
        entry::<ReturnRequested>(),
        entry::<ReturnWithdrawn>(),
        entry::<ShipmentDelivered>(),
        entry::<SignInCodeRequested>(),
        entry::<StockChanged>(),
        entry::<StockLow>(),
        entry::<StoreCreditGranted>(),
        entry::<StoreCreditSpent>(),
        entry::<UserRegistered>(),
    ];
    entries.sort_by_key(|entry| entry.kind);
    entries
});

fn entry<E: DomainEvent>() -> Entry {
    let mut schema = SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<E>();
    schema.insert("$id".to_owned(), format!("urn:emporion:event:{}:{}", E::KIND.name, E::KIND.version).into());
    Entry { kind: E::KIND.name, version: E::KIND.version, aggregate: E::ABOUT, schema: schema.to_value() }
}

/// Of an event's data what its schema names: the rest doesn't leave the shop. Nothing of a kind that is not known, and
/// of one that was written in another version only what both have.
pub fn public_data(kind: &str, data: &Value) -> Value {
    let properties =
        catalogue().iter().find(|entry| entry.kind == kind).and_then(|entry| entry.schema.get("properties"));
    let named = |name: &String| properties.is_some_and(|properties| properties.get(name).is_some());
    let fields = data.as_object().into_iter().flatten().filter(|(name, _)| named(name));
    Value::Object(fields.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}

/// A schema without its descriptions, which may change within a version.
pub fn without_words(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, value)| *name != "description" || !value.is_string());
            Value::Object(kept.map(|(name, value)| (name.clone(), without_words(value))).collect())
        }
        Value::Array(all) => Value::Array(all.iter().map(without_words).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    const TOLD: &str = "cargo run -p server -- events --into docs/events";

    #[test]
    fn what_is_promised_of_an_event_changes_with_its_version_only() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/events");
        for entry in catalogue() {
            let path = folder.join(entry.file_name());
            let kept = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(!kept.is_empty(), "{} has no file {}: write it by\n    {TOLD}", entry.kind, entry.file_name());
            let kept: Value = serde_json::from_str(&kept).expect("a schema");
            assert_eq!(
                without_words(&kept),
                without_words(&entry.schema),
                "{} is of another shape than version {} was: give it the next version in its event!(…), then\n    {TOLD}",
                entry.kind,
                entry.version
            );
            assert_eq!(kept, entry.schema, "{} is told in other words than in its file: {TOLD}", entry.kind);
        }
    }

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for path in std::fs::read_dir(folder).expect("a folder").map(|one| one.expect("readable").path()) {
            match path.is_dir() {
                true => sources(&path, found),
                false => found.push(path),
            }
        }
    }

    #[test]
    fn every_event_is_in_the_catalogue() {
        let mut files = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
        let mut declared = BTreeSet::new();
        for file in files {
            let text = std::fs::read_to_string(file).expect("text");
            let lines = text.lines().filter_map(|line| line.strip_prefix("event!(")?.split(',').next());
            declared.extend(lines.map(str::to_owned));
        }
        let known: BTreeSet<_> = catalogue().iter().map(|entry| entry.kind.to_owned()).collect();
        assert_eq!(known, declared);
        assert!(catalogue().iter().all(|entry| entry.schema["description"].is_string()), "each says what it reports");
    }

    #[test]
    fn what_the_schema_does_not_name_stays() {
        let user = crate::accounts::UserId(uuid::Uuid::nil());
        let gone = AccountErased { user, email: "ada@example.org".to_owned(), name: "Ada".to_owned() };
        let data = serde_json::to_value(gone).expect("JSON");
        assert_eq!(public_data("AccountErased", &data), serde_json::json!({ "user": user }));
        assert_eq!(public_data("Unheard", &data), serde_json::json!({}));
    }
}
