//! The catalogue of events, for those who read them.

use commerce::events::catalogue::{Entry, catalogue, without_words};
use serde_json::Value;
use std::path::Path;
use std::{fs, io};

/// Why the catalogue is not shown or written.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// There is another shape under the same name.
    #[error("{0} is there with another shape: give the event the next version in its event!(…)")]
    Changed(String),
    /// A file can't be read or written.
    #[error("The schemas could not be written: {0}")]
    Io(#[from] io::Error),
    /// It can't be shown.
    #[error("The catalogue could not be shown: {0}")]
    Json(#[from] serde_json::Error),
}

/// Prints the catalogue, or writes a file for each kind of event into a folder. Words may change there, shapes may not.
///
/// # Errors
/// [`SchemaError`].
pub fn show(into: Option<&Path>) -> Result<(), SchemaError> {
    let Some(folder) = into else {
        println!("{}", serde_json::to_string_pretty(catalogue())?);
        return Ok(());
    };
    fs::create_dir_all(folder)?;
    catalogue().iter().try_for_each(|entry| write(folder, entry))
}

fn write(folder: &Path, entry: &Entry) -> Result<(), SchemaError> {
    let path = folder.join(entry.file_name());
    if path.exists() {
        let kept: Value = serde_json::from_slice(&fs::read(&path)?)?;
        if without_words(&kept) != without_words(&entry.schema) {
            return Err(SchemaError::Changed(path.display().to_string()));
        }
    }
    Ok(fs::write(path, entry.file())?)
}
