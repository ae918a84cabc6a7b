//! The mails about what is on its way, and what has come.

use super::order_notice::{About, Notice, Pieces};
use commerce::notifications::Mail;

/// A parcel, as its mail tells it.
#[derive(Clone, Debug)]
pub struct Parcel<'a> {
    /// Who brings it, as people call them.
    pub carrier: &'a str,
    /// What the carrier knows it by.
    pub tracking_number: Option<&'a str>,
    /// Where people can see how far it has come.
    pub tracking_url: Option<&'a str>,
    /// Whether with it everything is sent.
    pub is_last: bool,
    /// Whether there is another one.
    pub is_one_of_several: bool,
    /// What is in it.
    pub pieces: Vec<Pieces>,
}

/// Tells that a parcel is on its way.
pub fn order_shipped(about: About<'_>, parcel: &Parcel<'_>) -> Mail {
    let title = match (parcel.is_last, parcel.is_one_of_several) {
        (true, false) => "Your order is on its way",
        (true, true) => "The rest of your order is on its way",
        (false, _) => "A part of your order is on its way",
    };
    let address = about.order.delivery_address.lines().join(", ");
    let mut sentences = vec![match parcel.tracking_number {
        Some(number) => format!("{} brings it to {address}. The tracking number is {number}.", parcel.carrier),
        None => format!("{} brings it to {address}.", parcel.carrier),
    }];
    if !parcel.is_last {
        sentences.push("We send the rest as soon as we can, and tell you then.".to_owned());
    }
    let way_on = match parcel.tracking_url {
        Some(url) => ("Track your parcel", url),
        None => ("See your order", about.url),
    };
    if parcel.tracking_url.is_some() {
        sentences.push(format!("Your order is here: {}", about.url));
    }
    Notice { title: title.to_owned(), sentences, pieces: &parcel.pieces, way_on }.mail(about)
}

/// Tells that a parcel has come.
pub fn order_delivered(about: About<'_>, parcel: &Parcel<'_>) -> Mail {
    let sentences = vec![
        format!("{} says that your parcel was delivered. We hope that you like what is in it.", parcel.carrier),
        "If it is not there, or something is wrong with it, answer this mail and we will see to it.".to_owned(),
    ];
    let title = "Your parcel has come".to_owned();
    Notice { title, sentences, pieces: &parcel.pieces, way_on: ("See your order", about.url) }.mail(about)
}
