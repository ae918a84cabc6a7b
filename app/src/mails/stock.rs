//! The mails about stock, for staff.

use super::accounts::mail;
use crate::admin::stock_path;
use commerce::inventory::StockLow;
use commerce::notifications::Mail;
use commerce::settings::Settings;

/// Tells staff that little is left of something, once until there is enough again.
pub fn stock_low(to: &str, low: &StockLow, settings: &Settings, public_url: &str) -> Mail {
    let text = format!(
        "Of {}, {} are left that nobody has ordered, fewer than {}. You get another mail when there were enough meanwhile.",
        low.sku, low.available, low.threshold,
    );
    let url = format!("{public_url}{}", stock_path(&low.sku));
    mail(to, settings, &format!("Low stock: {}", low.sku), &text, "Look at the stock", &url)
}
