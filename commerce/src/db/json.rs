//! Many rows as one JSON text.
//!
//! The drivers hand over one row at a time, SQLite's from another thread with a
//! copy of every column: for the rows of a page that costs more than finding them.

use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use serde::de::DeserializeOwned;

/// What a field of an object holds, each an SQL expression.
#[derive(Clone, Copy, Debug)]
pub enum Json<'a> {
    /// A number, a text or a time.
    Value(&'a str),
    /// An identifier.
    Id(&'a str),
    /// A column that is JSON itself.
    Document(&'a str),
    /// An object of its own.
    Object(&'a [(&'a str, Json<'a>)]),
}

/// The expression that gathers rows into the text of an array of objects with
/// these `fields`, in this `order`. [`read_rows`] reads it.
pub fn gather_rows<C: ConnectionTrait>(db: &C, fields: &[(&str, Json<'_>)], order: &str) -> String {
    let backend = db.get_database_backend();
    let object = object(backend, fields);
    match backend {
        DbBackend::Postgres => format!("CAST(COALESCE(JSON_AGG({object} ORDER BY {order}), '[]') AS TEXT)"),
        _ => format!("JSON_GROUP_ARRAY({object} ORDER BY {order})"),
    }
}

/// Reads what [`gather_rows`] gathered.
///
/// # Errors
/// When the rows are not as `T` is.
pub fn read_rows<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, DbErr> {
    serde_json::from_str(text).map_err(|error| DbErr::Json(error.to_string()))
}

fn object(backend: DbBackend, fields: &[(&str, Json<'_>)]) -> String {
    let pairs: Vec<_> =
        fields.iter().map(|(name, field)| format!("'{name}', {}", expression(backend, *field))).collect();
    let function = if backend == DbBackend::Postgres { "JSON_BUILD_OBJECT" } else { "JSON_OBJECT" };
    format!("{function}({})", pairs.join(", "))
}

fn expression(backend: DbBackend, field: Json<'_>) -> String {
    match (field, backend) {
        (Json::Object(fields), _) => object(backend, fields),
        (Json::Value(text) | Json::Id(text) | Json::Document(text), DbBackend::Postgres) => text.to_owned(),
        (Json::Value(text), _) => text.to_owned(),
        // Identifiers are sixteen bytes there, and nothing is no bytes.
        (Json::Id(text), _) => format!("NULLIF(HEX({text}), '')"),
        (Json::Document(text), _) => format!("JSON({text})"),
    }
}
