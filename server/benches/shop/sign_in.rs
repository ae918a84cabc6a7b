//! What people who sign in at once cost those who only look.

use crate::Failure;
use crate::client::{Client, Fault, unexpected};
use crate::load::{Bounds, Operation, drive, pace};
use crate::place::Place;
use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Duration;

/// How many sign in at once.
const PEOPLE: u8 = 50;

/// Connections that look at pages.
const VISITORS: u8 = 32;

/// How many pages a second they look at.
const PAGES: f64 = 500.0;

/// How much slower pages may become.
const TARGET: f64 = 2.0;

const PASSWORD: &str = "correct horse battery staple";

/// Somebody signs in with the right password.
struct SignIn {
    addresses: Vec<String>,
}

impl Operation for SignIn {
    async fn once(&self, client: &mut Client, turn: usize) -> Result<(), Fault> {
        let email = &self.addresses[turn % self.addresses.len()];
        client.cookie = None;
        let form = format!("email={email}&password={}", PASSWORD.replace(' ', "+"));
        let answer = client.post("/actions/auth/signin", &form).await?;
        match answer.header("location") {
            Some(location) if location.starts_with("/account") => Ok(()),
            location => Err(unexpected(format!("{} {location:?} after signing in", answer.status))),
        }
    }
}

/// Makes the accounts that sign in, while the shop is closed.
pub fn prepare(place: &Place) -> Result<Vec<String>, Failure> {
    let addresses: Vec<_> = (0..PEOPLE).map(|number| format!("person{number}@example.org")).collect();
    for address in &addresses {
        place.tell(&["create-admin", "--password-stdin", address], PASSWORD)?;
    }
    Ok(addresses)
}

/// Looks at pages at a fixed rate, first alone, then beside people who sign in; says how much slower that was.
pub async fn measure(
    server: SocketAddr,
    addresses: Vec<String>,
    look: &impl Operation,
    time: Duration,
) -> Result<String, Failure> {
    let (mut visitors, mut people) = (Vec::new(), Vec::new());
    for number in 0..VISITORS {
        visitors.push(Client::connect(server, number, None).await?);
    }
    for number in 0..PEOPLE {
        people.push(Client::connect(server, VISITORS + number, None).await?);
    }
    let turns = Cell::new(0);
    pace(&mut visitors, look, PAGES, time / 4, &turns).await;
    let alone = pace(&mut visitors, look, PAGES, time, &turns).await;
    let (bounds, others) = (Bounds { time, count: 1_000_000 }, Cell::new(0));
    let sign_in = SignIn { addresses };
    let (beside, signed_in) =
        tokio::join!(pace(&mut visitors, look, PAGES, time, &turns), drive(&mut people, &sign_in, bounds, &others),);
    let (before, after) = (alone.percentile(99), beside.percentile(99));
    let times = after / before;
    let errors = alone.errors + beside.errors + signed_in.errors;
    let met = if times <= TARGET && errors == 0 { "met" } else { "missed" };
    let rate = signed_in.rate();
    let first = [alone.first_error, beside.first_error, signed_in.first_error].into_iter().flatten().next();
    let first = first.map_or_else(String::new, |error| format!(", {errors} errors, the first: {error}"));
    Ok(format!(
        "{PEOPLE} people who sign in at once get in at {rate:.0}/s; beside them the p99 of {PAGES:.0} product pages a second \
         goes from {before:.1} to {after:.1} ms: {times:.2} times (target {TARGET:.0}, {met}){first}."
    ))
}
