//! The one handle over everything that a use case needs.

use crate::access::signing_keys::SigningKeys;
use crate::accounts::passwords::Passwords;
use crate::batcher::Batcher;
use crate::cart::sessions::Sessions;
use crate::catalog::{CategoryTree, Choices, Scope};
use crate::checkout::CheckoutError;
use crate::checkout::place_order::{Made, Request};
use crate::clock::Clock;
use crate::db::Db;
use crate::events::{Handlers, Outbox};
use crate::fulfilment::DeliveryMethod;
use crate::fulfilment::carrier::Carriers;
use crate::notifications::Mailer;
use crate::payments::{Gateways, TestGateway};
use crate::pricing::{PriceContext, TaxRates};
use crate::sealed::Keyring;
use crate::settings::Settings;
use crate::{catalog, fulfilment, pricing, settings};
use hmac::{Hmac, Mac};
use object_store::ObjectStore;
use sea_orm::{ConnectionTrait, DbErr};
use sha2::Sha256;
use std::ops::Deref;
use std::sync::{Arc, RwLock};
use std::time::Duration;

/// A shop, built once and cloned freely.
#[derive(Clone, Debug)]
pub struct Shop(Arc<Inner>);

/// What a shop is built from.
#[derive(Debug)]
pub struct Parts {
    /// Where people reach it, without a slash at the end.
    pub public_url: String,
    /// Where records are kept.
    pub db: Db,
    /// Where time comes from.
    pub clock: Clock,
    /// What stands in front of the database for guests.
    pub sessions: Sessions,
    /// How orders can be paid.
    pub gateways: Gateways,
    /// The gateway among them that moves no money, where it is on offer.
    pub test_gateway: Option<TestGateway>,
    /// Who brings orders to people.
    pub carriers: Carriers,
    /// Where pictures are kept.
    pub files: Arc<dyn ObjectStore>,
    /// Who sends mails, if anyone.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Who acts on events.
    pub handlers: Handlers,
    /// What links are signed with, the same on every replica.
    pub secret: Vec<u8>,
    /// What sensitive columns are sealed with, the same on every replica.
    pub keys: Keyring,
    /// How many carts of one network address may hold stock at a time.
    pub holds_per_client: u32,
    /// How many years after that of an order its names and addresses are kept.
    pub order_retention_years: u32,
}

#[derive(Debug)]
#[doc(hidden)]
pub struct Inner {
    parts: Parts,
    reference: RwLock<Arc<Reference>>,
    choices: moka::future::Cache<Scope, Arc<Choices>>,
    /// Carts that are to become orders.
    pub(crate) placing: Arc<Batcher<Request, Result<Made, CheckoutError>>>,
    /// Hashes and checks passwords.
    pub passwords: Passwords,
    /// What the access tokens of programs are signed with.
    pub signing_keys: SigningKeys,
    /// Told when there is something in the outbox.
    pub outbox: Outbox,
    /// Told when a gateway is to be asked for something.
    pub operations: tokio::sync::Notify,
}

/// What changes rarely and is asked for by every page: kept in memory and
/// read anew every few seconds.
#[derive(Clone, Debug, Default)]
pub struct Reference {
    /// What the shop decides for itself.
    pub settings: Settings,
    /// The tree of categories.
    pub categories: CategoryTree,
    /// The ways of delivery on offer.
    pub delivery_methods: Vec<DeliveryMethod>,
    /// The table of tax rates.
    pub tax_rates: TaxRates,
}

impl Reference {
    async fn load<C: ConnectionTrait>(db: &C) -> Result<Self, DbErr> {
        Ok(Self {
            settings: settings::queries::load(db).await?,
            categories: catalog::queries::category_tree(db).await?,
            delivery_methods: fulfilment::queries::delivery_methods(db).await?,
            tax_rates: pricing::tax_table::load(db).await?,
        })
    }
}

impl Deref for Inner {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl Deref for Shop {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Shop {
    /// Opens a shop over a database whose schema is there.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(parts: Parts) -> Result<Self, DbErr> {
        let reference = RwLock::new(Arc::new(Reference::load(parts.db.read()).await?));
        let choices = moka::future::Cache::builder().max_capacity(1_000).time_to_live(Duration::from_secs(60)).build();
        Ok(Self(Arc::new(Inner {
            outbox: Outbox::new(parts.handlers.len()),
            parts,
            reference,
            choices,
            placing: Arc::default(),
            passwords: Passwords::default(),
            signing_keys: SigningKeys::default(),
            operations: tokio::sync::Notify::new(),
        })))
    }

    /// What changes rarely, as it was a few seconds ago at most.
    pub fn reference(&self) -> Arc<Reference> {
        self.0.reference.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Reads what changes rarely anew.
    ///
    /// # Errors
    /// When the database fails; what was known stays.
    pub async fn refresh(&self) -> Result<(), DbErr> {
        let fresh = Arc::new(Reference::load(self.db.read()).await?);
        *self.0.reference.write().unwrap_or_else(std::sync::PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// For whom and when prices are shown by default.
    pub fn prices(&self) -> PriceContext {
        PriceContext { currency: self.reference().settings.currency }
    }

    /// What there is to filter a listing by, as it was a minute ago at most.
    ///
    /// # Errors
    /// When it has to be read and the database fails.
    pub async fn choices(&self, scope: Scope) -> Result<Arc<Choices>, Arc<DbErr>> {
        let load = async { catalog::queries::choices(self.db.read(), scope, self.prices()).await.map(Arc::new) };
        self.0.choices.try_get_with(scope, load).await
    }

    /// 16 bytes that only this shop can compute for `purpose` and `subject`.
    pub(crate) fn sign(&self, purpose: &str, subject: &[u8]) -> [u8; 16] {
        let full = self.mac(purpose, subject).finalize().into_bytes();
        std::array::from_fn(|index| full[index])
    }

    /// Whether these are the 16 bytes that [`sign`](Self::sign) gives, in a time that does not tell where they differ.
    pub(crate) fn has_signed(&self, purpose: &str, subject: &[u8], signature: &[u8]) -> bool {
        signature.len() == 16 && self.mac(purpose, subject).verify_truncated_left(signature).is_ok()
    }

    fn mac(&self, purpose: &str, subject: &[u8]) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.secret).unwrap_or_else(|_| unreachable!("HMAC takes any key"));
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(subject);
        mac
    }
}
