//! What PayPal sends, signed by the key of a certificate that it keeps on its own hosts:
//! <https://developer.paypal.com/api/rest/webhooks/rest/#link-messageverification>,
//! <https://developer.paypal.com/api/rest/webhooks/event-names/>.

use super::objects::Part;
use crate::payments::gateway::Header;
use crate::payments::{About, Webhook, WebhookError};
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64;
use reqwest::Client;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

/// How old what is signed may be, in days: PayPal tries for three days to send it.
const TOLERANCE_DAYS: i64 = 3;

/// How far ahead PayPal's clock may be, in minutes.
const AHEAD_MINUTES: i64 = 5;

/// The most bytes of a certificate and those above it.
const MOST_BYTES: usize = 64 * 1024;

/// The only algorithm that PayPal has used.
const ALGORITHM: &str = "SHA256withRSA";

/// Who signs what PayPal sends.
#[derive(Debug)]
pub(super) struct Certificates {
    /// How the address of each of them begins.
    folder: String,
    webhook_id: String,
    /// The last that was used, with its address.
    last: Mutex<Option<(String, CertificateDer<'static>)>>,
}

impl Certificates {
    pub fn new(host: &str, webhook_id: &str) -> Self {
        Self {
            folder: format!("{host}/v1/notifications/certs/"),
            webhook_id: webhook_id.to_owned(),
            last: Mutex::default(),
        }
    }

    /// Whether the owner of a certificate on PayPal's own hosts has signed the transmission, our webhook and the
    /// checksum of the body.
    pub async fn verify(
        &self,
        client: &Client,
        header: Header<'_>,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), WebhookError> {
        let part = |name: &str| header(name).ok_or(WebhookError::Signature);
        let (id, time) = (part("paypal-transmission-id")?, part("paypal-transmission-time")?);
        let sent = DateTime::parse_from_rfc3339(&time).map_err(|_| WebhookError::Signature)?.with_timezone(&Utc);
        let age = now.signed_duration_since(sent);
        if age > TimeDelta::days(TOLERANCE_DAYS) || age < -TimeDelta::minutes(AHEAD_MINUTES) {
            return Err(WebhookError::Signature);
        }
        if part("paypal-auth-algo")? != ALGORITHM {
            return Err(WebhookError::Signature);
        }
        let signature =
            BASE64.decode(part("paypal-transmission-sig")?.as_bytes()).map_err(|_| WebhookError::Signature)?;
        let certificate = self.certificate(client, &part("paypal-cert-url")?).await?;
        let certificate = webpki::EndEntityCert::try_from(&certificate).map_err(|_| WebhookError::Signature)?;
        let message = format!("{id}|{time}|{}|{}", self.webhook_id, crc32fast::hash(body));
        certificate
            .verify_signature(webpki::ring::RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &signature)
            .map_err(|_| WebhookError::Signature)
    }

    /// The certificate at an address; only one of PayPal's own, which TLS vouches for.
    async fn certificate(&self, client: &Client, address: &str) -> Result<CertificateDer<'static>, WebhookError> {
        let plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !address.strip_prefix(&self.folder).is_some_and(|name| !name.is_empty() && plain(name)) {
            return Err(WebhookError::Signature);
        }
        let mut last = self.last.lock().await;
        if let Some((_, certificate)) = last.as_ref().filter(|(of, _)| of == address) {
            return Ok(certificate.clone());
        }
        let response = client.get(address).send().await.map_err(|_| WebhookError::Unavailable)?;
        if response.status().is_client_error() {
            return Err(WebhookError::Signature);
        }
        let response = response.error_for_status().map_err(|_| WebhookError::Unavailable)?;
        let pem = response.bytes().await.map_err(|_| WebhookError::Unavailable)?;
        if pem.len() > MOST_BYTES {
            return Err(WebhookError::Signature);
        }
        let certificate = CertificateDer::from_pem_slice(&pem).map_err(|_| WebhookError::Signature)?;
        *last = Some((address.to_owned(), certificate.clone()));
        Ok(certificate)
    }
}

#[derive(Deserialize)]
struct Event {
    id: String,
    event_type: String,
    #[serde(default)]
    resource: Value,
}

/// What an event says. Other kinds than these, such as the approval of an order, are kept and change nothing: the order
/// is looked up when its shopper comes back, or a minute later.
pub(super) fn read(body: &[u8]) -> Result<Webhook, WebhookError> {
    let malformed = |error: serde_json::Error| WebhookError::Malformed(error.to_string());
    let Event { id, event_type: kind, resource } = serde_json::from_slice(body).map_err(malformed)?;
    let facts = match kind.as_str() {
        "PAYMENT.AUTHORIZATION.CREATED" | "PAYMENT.AUTHORIZATION.VOIDED" => Part::authorisation,
        "PAYMENT.CAPTURE.COMPLETED"
        | "PAYMENT.CAPTURE.PENDING"
        | "PAYMENT.CAPTURE.DECLINED"
        | "PAYMENT.CAPTURE.DENIED" => Part::capture,
        "PAYMENT.CAPTURE.REFUNDED" | "PAYMENT.REFUND.PENDING" | "PAYMENT.REFUND.FAILED" => Part::refund,
        _ => return Ok(Webhook { id, kind, about: None, facts: Vec::new() }),
    };
    let part: Part = serde_json::from_value(resource).map_err(malformed)?;
    // Refunds are about the capture whose money they give back; that of a foreign one is nobody's here.
    let about = part.refunds().map(About::Reference).or_else(|| part.attempt().map(About::Attempt));
    Ok(Webhook { id, kind, about, facts: facts(&part) })
}
