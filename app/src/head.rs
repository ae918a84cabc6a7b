//! What stands in the head of a page. A page says it while it is made; the
//! server writes it, as it alone knows when a page is finished.

use leptos::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};

/// What search engines, other sites and the browser's tab are told of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The title of the page.
    pub title: String,
    /// A sentence or two about it.
    pub description: Option<String>,
    /// The address that stands for it, whatever filters or sorts led to it; without one it is not to be found.
    pub canonical: Option<String>,
    /// The address of a picture of it.
    pub image: Option<String>,
}

impl Head {
    fn to_html(&self) -> String {
        let Self { title, description, canonical, image } = self.clone();
        let about = description.map(|text| {
            view! {
                <meta name="description" content=text.clone() />
                {property("og:description", text)}
            }
        });
        let address = match canonical {
            Some(href) => view! { <link rel="canonical" href=href.clone() />{property("og:url", href)} }.into_any(),
            None => view! { <meta name="robots" content="noindex" /> }.into_any(),
        };
        let picture = image.map(|address| view! { {property("og:image", address)} });
        view! {
            <title>{title.clone()}</title>
            {property("og:title", title)}
            {about}
            {address}
            {picture}
        }
        .to_html()
    }
}

/// An Open Graph property; the attribute is none of HTML's own.
fn property(name: &'static str, content: String) -> impl IntoView {
    leptos::html::meta().attr("property", name).content(content)
}

/// Where a page leaves its head for the server, which gives it one for each request.
#[derive(Clone, Debug, Default)]
pub struct HeadSlot(Arc<Mutex<Option<Head>>>);

impl HeadSlot {
    /// Leaves the head of the page that is being made.
    pub fn set(&self, head: Head) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(head);
    }

    /// The elements of the head, empty where the page left none.
    pub fn to_html(&self) -> String {
        let head = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        head.as_ref().map(Head::to_html).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_the_head() {
        let slot = HeadSlot::default();
        assert_eq!(slot.to_html(), "");
        let hostile = r#"</title><script>alert("1")</script>"#.to_owned();
        slot.set(Head { title: hostile.clone(), description: Some(hostile), ..Head::default() });
        let html = slot.to_html();
        assert!(!html.contains("<script>"), "{html}");
        assert_eq!(html.matches("</title>").count(), 1, "{html}");
        assert!(html.contains("noindex"), "{html}");
    }
}
