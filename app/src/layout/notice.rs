//! Short messages at the top of a page. Addresses carry codes, never words:
//! a link that someone else made must not put words into our mouth.

use crate::page::Page;
use leptos::prelude::*;

/// How a message is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// It went well.
    Success,
    /// It needs attention.
    Warning,
}

/// A message.
#[component]
pub fn Notice(kind: NoticeKind, children: Children) -> impl IntoView {
    let (class, role) = match kind {
        NoticeKind::Success => ("notice success", "status"),
        NoticeKind::Warning => ("notice warning", "alert"),
    };
    view! { <div class=class role=role>{children()}</div> }
}

/// The message that the address of a page carries after a redirect.
#[component]
pub fn QueryNotice(page: Page) -> impl IntoView {
    let refused = page.query.get("refused").or_else(|| page.query.get("__err").map(|_| "unreadable".to_owned()));
    let warning = match refused.as_deref() {
        // These stand beside their fields.
        Some("quantity") => None,
        Some("not-enough") => not_enough(&page),
        Some("stock-not-free") => Some(not_free(&page)),
        code => code.and_then(words).map(str::to_owned),
    };
    let done = page.query.get("done").as_deref().and_then(good_words);
    view! {
        {warning.map(|text| view! { <Notice kind=NoticeKind::Warning><p>{text}</p></Notice> })}
        {done.map(|text| view! { <Notice kind=NoticeKind::Success><p>{text}</p></Notice> })}
    }
}

/// What to say when a product page was asked for more than there is.
fn not_enough(page: &Page) -> Option<String> {
    let number = |name| page.query.get(name).and_then(|text| text.parse::<i64>().ok());
    let (available, in_cart) = (number("available")?, number("in_cart")?);
    Some(match (available, in_cart) {
        (..=0, _) => "This is sold out.".to_owned(),
        (available, 0) => format!("There are only {available} left. Please choose fewer."),
        (available, in_cart) => {
            format!("There are only {available} left, and {in_cart} of them are in your cart already.")
        }
    })
}

/// What to say when more was to be moved than is free.
fn not_free(page: &Page) -> String {
    let what = match page.query.get("free").and_then(|text| text.parse::<i64>().ok()) {
        Some(free @ 1..) => format!("Only {free} can be moved from there"),
        _ => "None can be moved from there".to_owned(),
    };
    format!("{what}: what is claimed stays where it is.")
}

/// The words for what a form was refused for.
fn words(code: &str) -> Option<&'static str> {
    Some(match code {
        "unreadable" => "We could not read what was sent. Please try again.",
        "too-large" => "That was more than the form takes. Please shorten it and try again.",
        "unknown-variation" => "This product is not offered any more, or not in this variation.",
        "not-in-cart" => "That is not in your cart any more.",
        "too-many" => "You can have up to 100 of a product in your cart.",
        "too-many-lines" => "Your cart is full: it takes 100 different products.",
        "empty" => "Your cart is empty.",
        "not-started" => "No checkout is under way. Press checkout to begin.",
        "hold-over" => "Your items are not held any more. Press checkout to go on: what you typed is still there.",
        "line-problem" => "Something in your cart can’t be ordered any more. Please look below.",
        "short" => "There is not enough of something in your cart. Please look below.",
        "too-many-holds" => {
            "Too many carts from your network hold items at the moment. Please try again in a few minutes."
        }
        "unknown-choice" => "Please choose one of the options below.",
        "total-changed" => "The total has changed since you saw it. Please check it again: nothing was charged.",
        "credit-changed" => {
            "Your store credit has changed since you saw it. Please check it again: nothing was charged."
        }
        "declined" => "The payment was declined. You can try again or choose another way to pay.",
        "no-order" => "There is no such order.",
        "order-unpaid" => "It has to be paid before it is sent. Note the payment first, once the money is there.",
        "order-too-much" => "That is more than there is.",
        "order-nothing" => "Please say how much.",
        "money-gone-back" => "Some of this money went back, or is to be sent back by a refund: it must have come.",
        "no-transfer" => "Nothing of this order is to be sent back like this any more.",
        "transfer-dropped" => {
            "This is not to be sent back any more: the money has not come, or has gone back another way. If you have sent it all the same, note what came for this order first."
        }
        "order-no-account" => "Store credit needs an account, and this customer has none.",
        "order-not-held" => "Not all of that is at this location.",
        "order-state" => "That can’t be done with this order any more. Its state is below.",
        "no-return" => "There is no such return.",
        "return-state" => "That can’t be done with this return any more. Its state is below.",
        "return-pieces" => "That is more than can be returned. Please look again.",
        "return-amount" => "That is more than is left of what was paid, or nothing at all.",
        "return-many" => "There are many returns of this order already. Please write to us.",
        "photo-none" => "Please choose a photo first.",
        "photo-many" => "That were more photos than we keep. The first ones are there.",
        "photo-size" => "A photo is too large. Please make it smaller and try again.",
        "photo-type" => "We could not read a photo. Please send it as JPEG, PNG or WebP.",
        "edit-unchanged" => "Nothing would change.",
        "edit-empty" => "Nothing would be left of the order. Cancel it instead.",
        "edit-incomplete" => "Something is still missing. Please see below.",
        "edit-not-offered" => "Something of it is not on offer any more. Please see below.",
        "edit-not-payable" => "What it would come to can’t be paid the way that was chosen.",
        "edit-refunded" => {
            "The money for some pieces was given back already: no fewer of them can be in the order, nor can they cost less than that."
        }
        "edit-below-credit" => "It can’t come to less than what was paid with store credit.",
        "edit-too-many-lines" => "An order takes 100 different products.",
        "edit-short" => "There is not enough of something. Please see below.",
        "carrier-unavailable" => "The carrier doesn’t answer at the moment. Please try again in a minute.",
        "carrier-refused" => "The carrier doesn’t take it like this. Please check what was entered.",
        "carrier-unreadable" => {
            "The carrier has answered something that can’t be read. It may have made a label: please look there before you buy another one."
        }
        "carrier-not-offered" => "This carrier makes no labels for us. Bring the parcel there, and enter its number.",
        "carrier-no-prices" => "This carrier tells no prices. Enter the code of its service to buy the label.",
        "label-busy" => "This label is being bought at the moment. Load the page again to see the parcel.",
        "label-bought" => {
            "The label of this parcel was bought with other entries. Go back to those, or open the order again to buy another label."
        }
        "price" => "The amount is too large for an order. Please choose fewer.",
        "forbidden" => "That takes a permission that you don’t have.",
        "own-role" => "Nobody changes their own role. Somebody else who runs the shop can.",
        "no-method" => "That payment method is not saved any more.",
        "own-credit" => "Nobody gives themselves store credit. Somebody else who runs the shop can.",
        "last-admin" => "The shop needs at least one admin. Make somebody else one first.",
        "unknown-person" => "There is nobody like that any more.",
        "link" => "This link has expired, or it was used already. Sign in, or ask for a new one.",
        "start-again" => "It took too long, or there were too many wrong codes. Please sign in again.",
        "codes-sent" => "We have sent several codes already. Use the latest one, or another way to sign in.",
        "second-factor-needed" => "Whoever works for the shop needs a second factor. Please set one up here first.",
        "factor-gone" => "That is not set up, or not any more.",
        "factor-there" => "That is set up already.",
        "email-taken" => "This address has got another account meanwhile: yours stays as it was.",
        "sign-in-again" => {
            "For this you must have signed in within the last ten minutes. Sign out, sign in again and try once more."
        }
        "open-orders" => {
            "You have orders that are under way: once they are delivered or cancelled, you can delete your account."
        }
        "no-address" => "This address is not in your book any more.",
        "book-full" => "Your address book is full. The address was not kept for next time.",
        "last-way-in" => {
            "You sign in by this only. Set a password first, by “I have forgotten my password”, or link another one."
        }
        "passkey" => "That passkey could not be used. Please try again, or use another way.",
        "too-many-keys" => "You have as many keys as you can have. Revoke one that you don’t need any more.",
        "no-location" => "There is no such location any more, or it is closed.",
        "stock-shorts" => "Orders have claimed what would be missing. Please see below.",
        "stock-changed" => "It has changed since you saw it. Please look again: nothing was done.",
        "stock-busy" => "Shoppers were taking it at the same moment. Please try again.",
        "form-used" => {
            "This was sent before with something else in it, which is done. Send it again only if this is to be done as well."
        }
        "location-name" => "There is another location of that name.",
        "location-changed" => {
            "Somebody has changed this location since you saw it. Saving what is below replaces what they have entered."
        }
        "location-full" => "There is stock there. Move it first, then close the location.",
        "unavailable" => "We could not do that at the moment. Please try again.",
        _ => return None,
    })
}

fn good_words(code: &str) -> Option<&'static str> {
    Some(match code {
        "order-reopened" => "The order is cancelled, and what was in it is back in your cart.",
        "label-sent" => "The label is bought, and the parcel is noted as sent. Print the label below.",
        "order-shipped" => "The parcel is on its way.",
        "order-delivered" => "The parcel has come.",
        "order-refunded" => "The money is on its way back.",
        "refund-to-send" => {
            "The refund is decided. Please send the money now: it stands under “Transfers” until you note it."
        }
        "refund-sent" => "It is noted that the money was sent, and the customer gets a mail.",
        "order-paid" => "The payment is noted.",
        "payment-withdrawn" => "It is noted that this money has not come.",
        "return-requested" => "We have got your request, and answer by mail. You can add photos below.",
        "return-withdrawn" => "Your request is withdrawn.",
        "photos-added" => "We have your photos.",
        "return-opened" => "The return is open, and the customer gets a mail.",
        "return-approved" => "The return is approved, and the customer gets a mail.",
        "return-rejected" => "The return is rejected, and the customer gets a mail.",
        "return-received" => "What came is counted.",
        "return-refunded" => "The money is on its way back.",
        "return-credited" => "The money is in the customer’s account as store credit.",
        "return-closed" => "The return is closed.",
        "order-submitted" => "The order is submitted, and its customer gets a mail.",
        "order-edited" => "The order is changed, and its customer gets a mail.",
        "edit-discarded" => "The changes are discarded: the order is as it was.",
        "draft-deleted" => "The draft is deleted.",
        "order-cancelled" => "The order is cancelled.",
        "updated" => "Your cart is up to date.",
        "cleared" => "Your cart is empty now.",
        "restored" => "It is back in your cart.",
        "merged" => "You are signed in, and what you had in your cart is in it.",
        "check-mail" => {
            "Please look into your mail: if everything is right with the address, we have sent a link to it."
        }
        "signed-in" => "You are signed in.",
        "signed-out" => "You are signed out.",
        "verified" => "Your address is confirmed, and you are signed in.",
        "password-changed" => "Your password is changed, and every other device is signed out.",
        "stock-received" => "The goods are in stock.",
        "stock-adjusted" => "The stock is what you counted.",
        "stock-moved" => "The stock is moved.",
        "threshold-saved" => "The threshold is saved.",
        "location-saved" => "The location is saved.",
        "role-changed" => "The role is changed, and they are signed out everywhere.",
        "credit-changed" => "The store credit is changed.",
        "method-removed" => "The payment method is removed, here and soon at the provider.",
        "events-replayed" => "They are being delivered again.",
        "code-sent" => "We have sent you a code by e-mail. It is good for ten minutes.",
        "factor-added" => "It is set up. From now on we ask for it when you sign in.",
        "factor-removed" => "It is removed.",
        "codes-kept" => "Your recovery codes are not shown any more. Keep them in a safe place.",
        "passkey-renamed" => "Your passkey has its new name.",
        "distrusted" => "That browser is asked for your second factor again.",
        "name-changed" => "Your name is changed.",
        "preferences-saved" => "We send you the mails that you chose.",
        "email-asked" => {
            "We have sent a mail to both addresses. Your address is changed once both have confirmed, within three days."
        }
        "email-cancelled" => "Your address stays as it is.",
        "email-waiting" => "Thank you. The address is changed once the other one has confirmed, too.",
        "email-changed" => "Your account has its new address. You sign in with it.",
        "email-refused" => {
            "The address stays as it is, and every other device is signed out. If somebody may know your password, choose a new one."
        }
        "address-saved" => "The address is in your book.",
        "address-deleted" => "The address is deleted.",
        "orders-claimed" => "Your orders are in your account now.",
        "erased" => "Your account is deleted. A last mail says what we keep, and for how long.",
        "linked" => "It is linked: you can sign in by it from now on.",
        "unlinked" => "It is unlinked: nobody can sign in by it any more.",
        "key-revoked" => "The key is revoked: it doesn’t open anything any more.",
        "grant-ended" => "The program is signed out, in a quarter of an hour at the latest.",
        "session-ended" => "That device is signed out.",
        _ => return None,
    })
}
