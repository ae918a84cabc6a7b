//! Somebody who asks until they are answered, whoever is killed meanwhile, and what was answered.

use crate::client::{Client, Fault, unexpected};
use crate::shopper::{Asks, Reply};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// How long a shop may be away.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(20);

/// How long until it is asked again.
const AGAIN: Duration = Duration::from_millis(30);

/// What the shop has told people, which must be true from then on.
#[derive(Clone, Debug)]
pub enum Told {
    /// The order that this token opens was placed.
    Placed(String),
    /// The order is to be paid by this payment at the gateway.
    Waits(String),
    /// The order that this token opens was given up.
    Cancelled(String),
    /// So much of this order goes back, by the request of this key.
    GivesBack {
        /// The number of the order.
        order: String,
        /// The key.
        key: String,
        /// In minor units.
        amount: i64,
    },
}

/// What was told, and what else happened.
#[derive(Default)]
pub struct Journal {
    /// In the order in which it was told.
    pub told: RefCell<Vec<Told>>,
    /// Payments that the gateway said it has taken.
    pub charged: RefCell<Vec<String>>,
    /// Numbers of orders that can be given back.
    pub numbers: RefCell<Vec<String>>,
    /// How often something ended otherwise than it should.
    pub faults: RefCell<BTreeMap<String, usize>>,
}

impl Journal {
    /// Writes down what was told.
    pub fn note(&self, told: Told) {
        self.told.borrow_mut().push(told);
    }

    /// Counts what has gone otherwise.
    pub fn fault(&self, fault: &Fault) {
        *self.faults.borrow_mut().entry(fault.to_string()).or_default() += 1;
    }
}

/// A connection that is made anew wherever the shop is.
pub struct Till {
    client: Option<Client>,
    number: u8,
    /// The cookie of whoever asks.
    pub cookie: Option<String>,
    open_at: watch::Receiver<Option<SocketAddr>>,
}

impl Till {
    /// Asks at where the shop says it is open.
    pub fn new(number: u8, open_at: watch::Receiver<Option<SocketAddr>>) -> Self {
        Self { client: None, number, cookie: None, open_at }
    }

    async fn once(&mut self, path: &str, form: Option<&str>) -> Result<Reply, Fault> {
        let address = *self.open_at.wait_for(Option::is_some).await.map_err(|_| unexpected("the end"))?;
        let address = address.ok_or_else(|| unexpected("nowhere"))?;
        let mut client = match self.client.take() {
            Some(mut client) => {
                client.follow(address).await?;
                client
            }
            None => Client::connect(address, self.number, None).await?,
        };
        client.cookie.clone_from(&self.cookie);
        // What is not answered completely is not kept: the next answer would be another's.
        let reply = Reply::of(&client.send(path, form).await?);
        self.cookie.clone_from(&client.cookie);
        self.client = Some(client);
        Ok(reply)
    }
}

impl Asks for Till {
    async fn ask(&mut self, path: &str, form: Option<&str>) -> Result<Reply, Fault> {
        let started = Instant::now();
        let mut last = String::new();
        while started.elapsed() < PATIENCE {
            match timeout(ANSWER, self.once(path, form)).await {
                Ok(Ok(reply)) if !reply.is_unavailable() => return Ok(reply),
                Ok(Ok(reply)) => last = format!("{} {}", reply.status, reply.location),
                Ok(Err(fault)) => last = fault.to_string(),
                Err(_) => last = "no answer".to_owned(),
            }
            sleep(AGAIN).await;
        }
        Err(unexpected(format!("{path} was not answered in time: {last}")))
    }
}
