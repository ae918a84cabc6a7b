//! How long the shopper's items are held.

use leptos::prelude::*;

/// Says until when items are held; where the browser can, it counts down.
#[island]
pub fn HoldTimer(
    /// Seconds left when the page was made.
    seconds: i64,
    /// The time of day it ends, for browsers that don't count.
    until: String,
) -> impl IntoView {
    let left = RwSignal::new(seconds);
    count_down(left);
    let text = move || match left.get() {
        ..=0 => "Your items are not held any more. You can still order them while they last.".to_owned(),
        // Until the browser counts, the page only knows the time of day.
        left if left == seconds => format!("Your items are held until {until}: {} minutes.", (left + 59) / 60),
        left => format!("Your items are held for {}:{:02} minutes.", left / 60, left % 60),
    };
    view! { <p class="hold" role="timer" aria-live="off">{text}</p> }
}

#[cfg(feature = "hydrate")]
fn count_down(left: RwSignal<i64>) {
    let tick = move || left.update(|left| *left = (*left - 1).max(0));
    if let Ok(handle) = set_interval_with_handle(tick, std::time::Duration::from_secs(1)) {
        on_cleanup(move || handle.clear());
    }
}

#[cfg(not(feature = "hydrate"))]
fn count_down(_: RwSignal<i64>) {}
