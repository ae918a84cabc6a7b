//! What is around every mail.

use leptos::prelude::*;

/// The HTML of a mail of the shop, as plain as mail programs need it. Every text has its colour beside that of its
/// ground, so that it can be read also where a program makes mails dark.
pub fn frame(shop: &str, title: &str, content: impl IntoView) -> String {
    let document = view! {
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width" />
                <meta name="color-scheme" content="light dark" />
                <title>{title.to_owned()}</title>
            </head>
            <body style="margin:0;padding:24px;background:#f6f5f2;color:#1d1d1b;font-family:Helvetica,Arial,sans-serif;font-size:16px;line-height:1.5">
                <table role="presentation" style="width:100%;max-width:600px;margin:0 auto;background:#fff;color:#1d1d1b;padding:24px;border-radius:12px">
                    <tbody>
                        <tr>
                            <td>
                                <p style="font-size:20px;font-weight:bold;margin:0 0 16px">{shop.to_owned()}</p>
                                <h1 style="font-size:24px;margin:0 0 8px">{title.to_owned()}</h1>
                                {content}
                            </td>
                        </tr>
                    </tbody>
                </table>
            </body>
        </html>
    };
    format!("<!DOCTYPE html>{}", document.to_html())
}

/// The one thing that a mail asks for.
pub fn button(text: &str, url: &str) -> impl IntoView + use<> {
    view! {
        <p>
            <a href=url.to_owned() style="display:inline-block;padding:12px 20px;background:#1d4b3f;color:#fff;border-radius:8px;text-decoration:none">
                {text.to_owned()}
            </a>
        </p>
    }
}
