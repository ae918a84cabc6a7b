//! Pictures in several widths and formats, without a jump when they arrive.

use commerce::media::Picture;
use leptos::prelude::*;

/// A picture over its blurred placeholder.
#[component]
pub fn Pic(
    /// What to show; an empty frame without.
    picture: Option<Picture>,
    /// How wide it is shown, as in the `sizes` attribute.
    sizes: &'static str,
    /// Whether it is seen at once: others load when they come near.
    #[prop(optional)]
    eager: bool,
) -> impl IntoView {
    let drawn = picture.map(|picture| {
        view! {
            <img class="placeholder" src=picture.placeholder.clone() alt="" aria-hidden="true" />
            <picture>
                <source type="image/webp" srcset=picture.srcset("webp") sizes=sizes />
                <img
                    src=picture.url(640, "jpg")
                    srcset=picture.srcset("jpg")
                    sizes=sizes
                    width=picture.width
                    height=picture.height
                    alt=picture.alt
                    loading=if eager { "eager" } else { "lazy" }
                    fetchpriority=eager.then_some("high")
                    decoding="async"
                />
            </picture>
        }
    });
    view! { <span class="pic">{drawn}</span> }
}
