//! QR codes as pictures in the page.

use leptos::prelude::*;
use qrcodegen::{QrCode as Modules, QrCodeEcc};
use std::fmt::Write;

/// The white frame that readers need, in modules.
const FRAME: i32 = 4;

/// A QR code that says `text`; nothing where it is too long for one.
#[component]
pub fn QrCode(
    text: String,
    /// What it is, for those who don't see it.
    label: &'static str,
) -> impl IntoView {
    let modules = Modules::encode_text(&text, QrCodeEcc::Medium).ok()?;
    let side = modules.size() + 2 * FRAME;
    // The policy allows no style, but colours as attributes; dark on light in every theme, as readers expect.
    Some(view! {
        <svg viewBox=format!("0 0 {side} {side}") width="220" height="220" role="img" aria-label=label shape-rendering="crispEdges">
            <rect width=side.to_string() height=side.to_string() fill="#fff" />
            <path fill="#000" d=path(&modules) />
        </svg>
    })
}

/// The dark modules, each run of a row as one rectangle.
fn path(modules: &Modules) -> String {
    let size = modules.size();
    let mut path = String::new();
    for y in 0..size {
        let mut x = 0;
        while x < size {
            let run = (x..size).take_while(|x| modules.get_module(*x, y)).count();
            let run = i32::try_from(run).unwrap_or(size);
            if run > 0 {
                let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + FRAME, y + FRAME);
            }
            x += run + 1;
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dark_module_is_drawn_once() {
        let modules = Modules::encode_text("otpauth://totp/Emporion", QrCodeEcc::Medium).expect("fits");
        let size = modules.size();
        let dark = (0..size).flat_map(|y| (0..size).map(move |x| (x, y))).filter(|(x, y)| modules.get_module(*x, *y));
        let path = path(&modules);
        let runs = path.split('h').skip(1).filter_map(|rest| rest.split('v').next()?.parse::<usize>().ok());
        assert_eq!(runs.sum::<usize>(), dark.count());
        assert!(path.starts_with("M4 4h7v1h-7z"), "the corner of a finder: {path}");
    }
}
