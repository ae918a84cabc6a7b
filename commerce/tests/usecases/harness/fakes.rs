//! Fakes for what is outside: a gateway, handlers of events, a mail server.

use commerce::Shop;
use commerce::events::{Event, Handler, HandlerError};
use commerce::fulfilment::TrackingEvent;
use commerce::fulfilment::carrier::{Carrier, CarrierError, Label, LabelRequest, Rate, RateRequest};
use commerce::notifications::{Mail, MailError, MailId, Mailer};
use commerce::payments::{
    Action, Answer as Answered, Fact, Gateway, GatewayError, OperationRequest, Outcome, PaymentContext, PaymentRef,
    PaymentRequest, PaymentTerms,
};
use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use uuid::Uuid;

/// What the card gateway does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Agrees.
    Accept,
    /// Does not agree.
    Decline,
    /// Does not answer.
    Unavailable,
    /// Takes the process down with it, as far as a test can.
    Crash,
    /// Is still thinking when the shopper's connection is cut.
    Hang,
}

/// A gateway that answers as it was told to, and accepts when it was told nothing.
#[derive(Debug, Default)]
pub struct CardGateway {
    answers: Mutex<VecDeque<Answer>>,
    requests: Mutex<Vec<PaymentRequest>>,
    refusals: Mutex<usize>,
    dark: Mutex<usize>,
    needs_page: AtomicBool,
    held: tokio::sync::Mutex<()>,
    reached: tokio::sync::Notify,
}

impl CardGateway {
    /// Lets it answer so, one after the other.
    pub fn will(&self, answers: impl IntoIterator<Item = Answer>) {
        self.answers.lock().expect("not poisoned").extend(answers);
    }

    /// Lets it refuse so many of the next captures, refunds and voids.
    pub fn will_refuse(&self, times: usize) {
        *self.refusals.lock().expect("not poisoned") = times;
    }

    /// Lets it not know so many of the next payments that it is asked about.
    pub fn will_be_dark(&self, times: usize) {
        *self.dark.lock().expect("not poisoned") = times;
    }

    /// Lets nobody be charged by it who was not on a page before.
    pub fn will_need_a_page(&self) {
        self.needs_page.store(true, Ordering::Relaxed);
    }

    /// Answers no request until this is dropped.
    pub async fn hold(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.held.lock().await
    }

    /// Waits until it is asked for a payment.
    pub async fn is_asked(&self) {
        self.reached.notified().await;
    }

    /// Answers as if it was told nothing, and forgets what it was asked for.
    pub fn forget(&self) {
        self.answers.lock().expect("not poisoned").clear();
        self.requests.lock().expect("not poisoned").clear();
    }

    /// What it was asked for so far.
    pub fn requests(&self) -> Vec<PaymentRequest> {
        self.requests.lock().expect("not poisoned").clone()
    }
}

#[async_trait::async_trait]
impl Gateway for CardGateway {
    fn code(&self) -> &'static str {
        "card"
    }

    fn terms(&self) -> PaymentTerms {
        PaymentTerms::InAdvance
    }

    fn is_offered_for(&self, _: PaymentContext<'_>) -> bool {
        true
    }

    fn charges_at_once(&self) -> bool {
        !self.needs_page.load(Ordering::Relaxed)
    }

    async fn request(&self, request: &PaymentRequest) -> Result<Answered, GatewayError> {
        self.requests.lock().expect("not poisoned").push(request.clone());
        self.reached.notify_one();
        let _held = self.held.lock().await;
        let answer = self.answers.lock().expect("not poisoned").pop_front().unwrap_or(Answer::Accept);
        match answer {
            Answer::Accept => {
                let reference = format!("card {}", request.attempt);
                let fact = |action| Fact {
                    name: reference.clone(),
                    action,
                    outcome: Outcome::Succeeded,
                    amount: request.amount,
                    reference: Some(reference.clone()),
                    operation: None,
                    reason: None,
                };
                let facts = vec![fact(Action::Authorise), fact(Action::Capture)];
                Ok(Answered::Decided { reference: Some(reference.clone()), facts })
            }
            Answer::Decline => Err(GatewayError::Declined(None)),
            Answer::Unavailable => Err(GatewayError::Unavailable("told to be".to_owned())),
            Answer::Crash => panic!("the gateway was told to crash"),
            Answer::Hang => std::future::pending().await,
        }
    }

    async fn look_up(&self, _: &PaymentRef) -> Result<Vec<Fact>, GatewayError> {
        let left = self.dark.lock().expect("not poisoned").checked_sub(1);
        if let Some(left) = left {
            *self.dark.lock().expect("not poisoned") = left;
            return Err(GatewayError::Unavailable("told to be".to_owned()));
        }
        Ok(Vec::new())
    }

    async fn operate(&self, operation: &OperationRequest) -> Result<Vec<Fact>, GatewayError> {
        let left = self.refusals.lock().expect("not poisoned").checked_sub(1);
        if let Some(left) = left {
            *self.refusals.lock().expect("not poisoned") = left;
            return Err(GatewayError::Refused("told to".to_owned()));
        }
        Ok(vec![Fact {
            name: operation.id.to_string(),
            action: operation.action,
            outcome: Outcome::Succeeded,
            amount: operation.amount,
            reference: None,
            operation: Some(operation.id),
            reason: None,
        }])
    }
}

/// A handler that records what it gets.
#[derive(Debug)]
pub struct Recorder {
    name: &'static str,
    handled: Mutex<Vec<Event>>,
    tried: Mutex<Vec<Event>>,
    failures: Mutex<HashMap<Uuid, u32>>,
    takes: Mutex<Duration>,
}

impl Recorder {
    /// A handler of every event.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            handled: Mutex::default(),
            tried: Mutex::default(),
            failures: Mutex::default(),
            takes: Mutex::default(),
        }
    }

    /// Fails the next `times` events about `aggregate`.
    pub fn fail(&self, aggregate: Uuid, times: u32) {
        self.failures.lock().expect("not poisoned").insert(aggregate, times);
    }

    /// Takes so long for each event.
    pub fn takes(&self, time: Duration) {
        *self.takes.lock().expect("not poisoned") = time;
    }

    /// What it has handled.
    pub fn handled(&self) -> Vec<Event> {
        self.handled.lock().expect("not poisoned").clone()
    }

    /// What it has handled of a kind.
    pub fn handled_of(&self, kind: &str) -> Vec<Event> {
        self.handled().into_iter().filter(|event| event.kind == kind).collect()
    }

    /// What it was given, handled or not.
    pub fn tried(&self) -> Vec<Event> {
        self.tried.lock().expect("not poisoned").clone()
    }
}

#[async_trait::async_trait]
impl Handler for Recorder {
    fn name(&self) -> &'static str {
        self.name
    }

    fn wants(&self, _: &str) -> bool {
        true
    }

    async fn handle(&self, _: &Shop, event: &Event) -> Result<(), HandlerError> {
        self.tried.lock().expect("not poisoned").push(event.clone());
        let takes = *self.takes.lock().expect("not poisoned");
        if !takes.is_zero() {
            tokio::time::sleep(takes).await;
        }
        let fails = match self.failures.lock().expect("not poisoned").get_mut(&event.aggregate) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        };
        if fails {
            return Err(HandlerError::failed("told to fail"));
        }
        self.handled.lock().expect("not poisoned").push(event.clone());
        Ok(())
    }
}

/// A carrier that answers as it was told to.
#[derive(Debug, Default)]
pub struct Van {
    told: Mutex<HashMap<String, Result<Vec<TrackingEvent>, CarrierError>>>,
    asked: Mutex<Vec<String>>,
    rates: Mutex<Vec<Rate>>,
    refusals: Mutex<VecDeque<CarrierError>>,
    labels: Mutex<Vec<LabelRequest>>,
    reached: tokio::sync::Notify,
    held: tokio::sync::Mutex<()>,
    silenced: tokio::sync::RwLock<()>,
}

impl Van {
    /// Tells this of a parcel from now on.
    pub fn tells(&self, number: &str, told: Result<Vec<TrackingEvent>, CarrierError>) {
        self.told.lock().expect("not poisoned").insert(number.to_owned(), told);
    }

    /// The parcels that it was asked about since this was last called.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().expect("not poisoned"))
    }

    /// Tells these prices from now on.
    pub fn quotes(&self, rates: Vec<Rate>) {
        *self.rates.lock().expect("not poisoned") = rates;
    }

    /// Refuses the next label.
    pub fn refuses(&self, error: CarrierError) {
        self.refusals.lock().expect("not poisoned").push_back(error);
    }

    /// Refuses nothing more.
    pub fn agrees(&self) {
        self.refusals.lock().expect("not poisoned").clear();
    }

    /// Makes no label until this is dropped.
    pub async fn hold(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.held.lock().await
    }

    /// Tells nothing of any parcel until this is dropped.
    pub async fn silence(&self) -> tokio::sync::RwLockWriteGuard<'_, ()> {
        self.silenced.write().await
    }

    /// Waits until it is asked for a label.
    pub async fn is_asked(&self) {
        self.reached.notified().await;
    }

    /// The labels that it has made.
    pub fn labels(&self) -> Vec<LabelRequest> {
        self.labels.lock().expect("not poisoned").clone()
    }
}

#[async_trait::async_trait]
impl Carrier for Van {
    fn code(&self) -> &'static str {
        "van"
    }

    fn name(&self) -> &'static str {
        "The van"
    }

    fn tracking_url(&self, number: &str) -> Option<String> {
        Some(format!("https://van.example.com/{number}"))
    }

    async fn rates(&self, _: &RateRequest) -> Result<Vec<Rate>, CarrierError> {
        let rates = self.rates.lock().expect("not poisoned").clone();
        if rates.is_empty() { Err(CarrierError::NotOffered) } else { Ok(rates) }
    }

    async fn label(&self, request: &LabelRequest) -> Result<Label, CarrierError> {
        self.reached.notify_one();
        let _held = self.held.lock().await;
        if let Some(error) = self.refusals.lock().expect("not poisoned").pop_front() {
            return Err(error);
        }
        let mut labels = self.labels.lock().expect("not poisoned");
        labels.push(request.clone());
        Ok(Label {
            reference: None,
            tracking_number: format!("VAN-{}", labels.len()),
            document: b"%PDF-1.7 a label".to_vec(),
            media_type: "application/pdf".to_owned(),
            cost: Some(request.parcel.value),
        })
    }

    async fn track(&self, number: &str) -> Result<Vec<TrackingEvent>, CarrierError> {
        self.asked.lock().expect("not poisoned").push(number.to_owned());
        let _silenced = self.silenced.read().await;
        self.told.lock().expect("not poisoned").get(number).cloned().unwrap_or(Ok(Vec::new()))
    }
}

/// A mail server that keeps what it should send.
#[derive(Debug, Default)]
pub struct Mailbox {
    sent: Mutex<Vec<Mail>>,
    refusals: Mutex<u32>,
}

impl Mailbox {
    /// What it was given and took.
    pub fn sent(&self) -> Vec<Mail> {
        self.sent.lock().expect("not poisoned").clone()
    }

    /// Does not take the next mails.
    pub fn refuse(&self, times: u32) {
        *self.refusals.lock().expect("not poisoned") = times;
    }
}

#[async_trait::async_trait]
impl Mailer for Mailbox {
    async fn send(&self, _: MailId, mail: &Mail) -> Result<(), MailError> {
        let mut refusals = self.refusals.lock().expect("not poisoned");
        if *refusals > 0 {
            *refusals -= 1;
            return Err(MailError::Refused("told to refuse".to_owned()));
        }
        self.sent.lock().expect("not poisoned").push(mail.clone());
        Ok(())
    }
}
