//! Publishes every event to RabbitMQ.

use commerce::Shop;
use commerce::events::catalogue::public_data;
use commerce::events::{Event, Handler, HandlerError};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions};
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::FieldTable;
use lapin::uri::AMQPUri;
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ErrorKind, ExchangeKind};
use serde_json::json;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How long connecting, or the answer to a message, may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long nobody tries to connect after that has failed.
const REST: Duration = Duration::from_secs(1);

/// What the broker writes to disk.
const PERSISTENT: u8 = 2;

/// A broker and the exchange that events go to. It is connected to when there is something to say, and again after it
/// was gone; meanwhile events wait in the outbox.
pub struct Rabbit {
    uri: AMQPUri,
    exchange: String,
    link: Mutex<Link>,
}

#[derive(Default)]
struct Link {
    /// The connection ends when it is dropped.
    open: Option<(Connection, Channel)>,
    failed: Option<(Instant, String)>,
}

// The address holds a password.
impl std::fmt::Debug for Rabbit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rabbit").field("exchange", &self.exchange).finish_non_exhaustive()
    }
}

impl Rabbit {
    /// A broker at an address, which is not connected to yet.
    pub fn new(uri: AMQPUri, exchange: String) -> Self {
        Self { uri, exchange, link: Mutex::default() }
    }

    /// Whether it can be published to: connects where that has not been done.
    pub async fn is_reachable(&self) -> bool {
        self.channel().await.is_ok()
    }

    async fn channel(&self) -> Result<Channel, HandlerError> {
        let mut link = self.link.lock().await;
        if let Some((connection, channel)) = &link.open
            && connection.status().connected()
            && channel.status().connected()
        {
            return Ok(channel.clone());
        }
        link.open = None;
        if let Some((when, error)) = &link.failed
            && when.elapsed() < REST
        {
            return Err(HandlerError::not_now(error));
        }
        let outcome = timeout(PATIENCE, self.connect()).await;
        match outcome.map_err(|_| "no answer".to_owned()).and_then(|outcome| outcome.map_err(|error| error.to_string()))
        {
            Ok((connection, channel)) => {
                *link = Link { open: Some((connection, channel.clone())), failed: None };
                Ok(channel)
            }
            Err(error) => {
                link.failed = Some((Instant::now(), error.clone()));
                Err(HandlerError::not_now(error))
            }
        }
    }

    async fn connect(&self) -> lapin::Result<(Connection, Channel)> {
        let properties = ConnectionProperties::default().with_connection_name("emporion".into());
        let connection = Connection::connect_uri(self.uri.clone(), properties).await?;
        let channel = connection.create_channel().await?;
        let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        let name = self.exchange.as_str().into();
        channel.exchange_declare(name, ExchangeKind::Topic, durable, FieldTable::default()).await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok((connection, channel))
    }

    async fn publish(&self, channel: &Channel, event: &Event) -> lapin::Result<Confirmation> {
        let mut properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_delivery_mode(PERSISTENT)
            .with_message_id(event.id.to_string().into())
            .with_timestamp(event.occurred_at.timestamp().unsigned_abs())
            .with_type(event.kind.as_str().into())
            .with_app_id("emporion".into());
        // The protocol's short texts end at 255 bytes.
        if let Some(id) = event.metadata.correlation_id.as_deref().filter(|id| id.len() <= 255) {
            properties = properties.with_correlation_id(id.into());
        }
        let key = format!("{}.v{}", event.kind, event.kind_version);
        let body = envelope(event).to_string();
        let options = BasicPublishOptions::default();
        let exchange = self.exchange.as_str().into();
        channel.basic_publish(exchange, key.into(), options, body.as_bytes(), properties).await?.await
    }
}

/// What others are told of an event.
fn envelope(event: &Event) -> serde_json::Value {
    json!({
        "id": event.id,
        "type": event.kind,
        "version": event.kind_version,
        "aggregate": { "id": event.aggregate, "version": event.aggregate_version },
        "time": event.occurred_at,
        "data": public_data(&event.kind, &event.data),
        "metadata": event.metadata,
    })
}

#[async_trait::async_trait]
impl Handler for Rabbit {
    fn name(&self) -> &'static str {
        "rabbitmq"
    }

    fn wants(&self, _: &str) -> bool {
        true
    }

    async fn handle(&self, _: &Shop, event: &Event) -> Result<(), HandlerError> {
        let channel = self.channel().await?;
        match timeout(PATIENCE, self.publish(&channel, event)).await {
            Ok(Ok(Confirmation::Ack(_))) => Ok(()),
            // A full disk or queue passes.
            Ok(Ok(_)) => Err(HandlerError::not_now("the broker has not taken it")),
            Ok(Err(error)) if is_refusal(&error) => Err(HandlerError::failed(error)),
            Ok(Err(error)) => Err(HandlerError::not_now(error)),
            Err(_) => {
                // Whoever is connected to silence connects anew.
                self.link.lock().await.open = None;
                Err(HandlerError::not_now("no answer"))
            }
        }
    }
}

/// Whether the broker says that the message itself is wrong: it is too long.
fn is_refusal(error: &lapin::Error) -> bool {
    match error.kind() {
        ErrorKind::ProtocolError(error) => *error.kind() == AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED),
        _ => false,
    }
}
