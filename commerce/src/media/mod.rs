//! Pictures: how they are stored, offered in several widths, and addressed.

use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
pub mod entity;
#[cfg(feature = "ssr")]
pub mod pipeline;
#[cfg(feature = "ssr")]
mod store_picture;
#[cfg(feature = "ssr")]
pub use store_picture::{StoreError, rendition_path, store_picture};

id!(
    /// Identifies a picture.
    MediaId
);

/// The widths in which a picture is stored, in pixels, narrowest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sea_orm::FromJsonQueryResult))]
#[serde(transparent)]
pub struct Widths(pub Vec<u32>);

/// A picture with all that a page needs to show it without a jump.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Which picture.
    pub id: MediaId,
    /// Width of the widest rendition, in pixels.
    pub width: i32,
    /// Height of the widest rendition, in pixels.
    pub height: i32,
    /// A tiny blurred picture as a `data:` address.
    pub placeholder: String,
    /// The widths it is offered in.
    pub widths: Widths,
    /// What it shows, for those who can't see it.
    pub alt: String,
}

impl Picture {
    /// The address of the rendition whose width is the least that is at least `width`, else the widest.
    pub fn url(&self, width: u32, extension: &str) -> String {
        let width = self.widths.0.iter().find(|offered| **offered >= width).or(self.widths.0.last());
        format!("/media/{}/{}.{extension}", self.id, width.copied().unwrap_or_default())
    }

    /// The `srcset` of all renditions of one format.
    pub fn srcset(&self, extension: &str) -> String {
        let folder = format!("/media/{}/", self.id);
        let offered = self.widths.0.iter().map(|width| format!("{folder}{width}.{extension} {width}w"));
        offered.collect::<Vec<_>>().join(", ")
    }
}
