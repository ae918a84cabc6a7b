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
    let Some(picture) = picture else { return view! { <span class="pic"></span> }.into_any() };
    let (webp, jpeg) = (picture.srcset("webp"), picture.srcset("jpg"));
    let src = picture.url(640, "jpg");
    let loading = if eager { "eager" } else { "lazy" };
    let priority = eager.then_some("high");
    view! {
        <span class="pic">
            <img class="placeholder" src=picture.placeholder alt="" aria-hidden="true" />
            <picture>
                <source type="image/webp" srcset=webp sizes=sizes />
                <img
                    src=src
                    srcset=jpeg
                    sizes=sizes
                    width=picture.width
                    height=picture.height
                    alt=picture.alt
                    loading=loading
                    fetchpriority=priority
                    decoding="async"
                />
            </picture>
        </span>
    }
    .into_any()
}
