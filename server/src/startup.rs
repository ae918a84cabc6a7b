//! Builds the shop from its configuration, and runs it until it is told to stop.

use crate::config::{Config, ConfigError};
use crate::http::{self, Assets, Web};
use crate::oidc::Providers;
use crate::workers::rabbit::Rabbit;
use crate::{secret, workers};
use app::{SignInProvider, Site};
use axum::Router;
use axum::serve::ListenerExt;
use commerce::cart::sessions::Sessions;
use commerce::clock::Clock;
use commerce::db::{Db, PoolOptions, is_unreachable};
use commerce::events::Handler;
use commerce::fulfilment::carriers::HttpError;
use commerce::notifications::Mailer;
use commerce::payments::{BankTransfer, CashOnDelivery, ClientError, Gateway, Gateways, TestGateway, test_gateway};
use commerce::{Parts, Shop, settings};
use fred::clients::Pool;
use fred::interfaces::ClientLike;
use fred::types::Builder;
use fred::types::config::{Config as RedisConfig, ReconnectPolicy};
use migration::{Migrator, MigratorTrait};
use object_store::local::LocalFileSystem;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DbBackend, DbErr};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The most that carriers collect in cash, in minor units.
const CASH_LIMIT: i64 = 50_000;

/// How long to wait for a database that is still starting itself.
const DATABASE_PATIENCE: Duration = Duration::from_secs(15);

/// Names the lock under which one replica migrates while the others wait.
const MIGRATION_LOCK: i64 = 0x456d_706f_7269_6f6e;

/// How long workers may take for their last step once requests are finished.
const LAST_STEP: Duration = Duration::from_secs(5);

/// Why the shop could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The environment says something that can't be.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The folder for data can't be used.
    #[error("DATA_DIR is {}, which can't be used: {error}.", path.display())]
    DataDir {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        error: io::Error,
    },
    /// The database can't be reached or doesn't answer as it should.
    #[error("DATABASE_URL names a database that can't be used: {0}.")]
    Database(#[from] DbErr),
    /// The database lacks what this version needs, and was only to be looked at.
    #[error("DATABASE_URL names a database that is not up to date: `emporion migrate` has {pending} steps to take.")]
    Outdated {
        /// How many steps its schema lacks.
        pending: usize,
    },
    /// The address is taken, or not one of this machine.
    #[error("ADDR is {addr}, where nothing can listen: {error}.")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// What is wrong with it.
        error: io::Error,
    },
    /// There can be no client to ask providers with.
    #[error("Providers to sign in at can't be asked: {0}.")]
    Providers(#[from] openidconnect::reqwest::Error),
    /// There can be no client to ask carriers with.
    #[error("Carriers can't be asked: {0}.")]
    Carriers(#[from] HttpError),
    /// There can be no client to ask gateways with.
    #[error("Gateways can't be asked: {0}.")]
    Gateways(#[from] ClientError),
    /// The client of Redis could not be built.
    #[error("REDIS_URL can't be used: {0}.")]
    Redis(fred::error::Error),
}

/// A shop with an open database, and what it was opened with.
pub struct Opened {
    /// The shop.
    pub shop: Shop,
    redis: Option<Pool>,
    rabbit: Option<Arc<Rabbit>>,
}

/// Opens the shop for people who reach it at `public_url`: connects, migrates, and prepares what it needs.
///
/// # Errors
/// [`StartError`]. That Redis can't be reached is none: it is looked for again and again.
pub async fn open(config: &Config, public_url: &str) -> Result<Opened, StartError> {
    open_for(config, public_url, Schema::IsMigrated).await
}

/// As [`open`], for whoever only looks: a database that isn't there, or not up to date, is left so.
///
/// # Errors
/// [`StartError`], of which [`StartError::Outdated`] is for this only.
pub async fn open_to_look(config: &Config, public_url: &str) -> Result<Opened, StartError> {
    // First, so that nothing is made beside a database that isn't there.
    let pending = reached(config, || pending(config.database_url.reveal())).await?;
    if pending > 0 {
        return Err(StartError::Outdated { pending });
    }
    open_for(config, public_url, Schema::IsLeft).await
}

/// What becomes of the schema of a database that is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Schema {
    /// It is brought up to date, and made where there is none.
    IsMigrated,
    /// It stays as it is.
    IsLeft,
}

async fn open_for(config: &Config, public_url: &str, schema: Schema) -> Result<Opened, StartError> {
    let in_data_dir = |error| StartError::DataDir { path: config.data_dir.clone(), error };
    let files = config.data_dir.join("files");
    create_private(&config.data_dir).and_then(|()| create_private(&files)).map_err(in_data_dir)?;
    let secret = match &config.secret_key {
        Some(secret) => secret.reveal().as_bytes().to_vec(),
        None => {
            if !config.is_embedded() {
                tracing::warn!("SECRET_KEY is not set: other replicas won't know the links that this one makes");
            }
            secret::load_or_create(&config.data_dir).map_err(in_data_dir)?
        }
    };
    let files = LocalFileSystem::new_with_prefix(files).map_err(|error| in_data_dir(io::Error::other(error)))?;
    let db = connect(config, schema).await?;
    let redis = config.redis_url.as_ref().map(|url| redis(url.reveal())).transpose().map_err(StartError::Redis)?;
    let rabbit = config.rabbit()?.map(Arc::new);
    let mut handlers = workers::handlers(public_url);
    handlers.extend(rabbit.clone().map(|rabbit| rabbit as Arc<dyn Handler>));
    let settings = settings::queries::load(db.read()).await?;
    let test_gateway = config
        .test_gateway
        .then(|| TestGateway::new(db.clone(), Clock::System, public_url, test_gateway::key(&secret)));
    let mut gateways: Vec<Arc<dyn Gateway>> = Vec::new();
    gateways.extend(config.gateways.gateways()?);
    gateways.push(Arc::new(BankTransfer));
    gateways.push(Arc::new(CashOnDelivery { country: settings.country, limit: CASH_LIMIT }));
    if let Some(gateway) = &test_gateway {
        gateways.push(Arc::new(gateway.clone()));
    }
    let shop = Shop::open(Parts {
        public_url: public_url.to_owned(),
        db,
        clock: Clock::System,
        sessions: redis.clone().map_or_else(Sessions::default, Sessions::with_redis),
        gateways: Gateways::new(gateways),
        test_gateway,
        carriers: config.carriers.clone().carriers()?,
        files: Arc::new(files),
        mailer: config.mailer()?.map(|mailer| Arc::new(mailer) as Arc<dyn Mailer>),
        handlers,
        keys: config.keyring(&secret)?,
        secret,
        holds_per_client: config.holds_per_client,
        order_retention_years: config.order_retention_years,
    })
    .await?;
    Ok(Opened { shop, redis, rabbit })
}

impl Opened {
    /// Closes the connections, so that nothing written is left to be recovered.
    pub async fn close(self) {
        let db = &self.shop.db;
        for (name, outcome) in [("read", db.read().close_by_ref().await), ("write", db.primary().close_by_ref().await)]
        {
            if let Err(error) = outcome {
                tracing::warn!(%error, pool = name, "database connections not closed");
            }
        }
        if let Some(redis) = &self.redis {
            let _ = tokio::time::timeout(Duration::from_secs(1), redis.quit()).await;
        }
    }
}

/// Creates a folder that only its owner can look into, if it isn't there.
fn create_private(path: &std::path::Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Migrates the database where it is to be, then opens its pools.
async fn connect(config: &Config, schema: Schema) -> Result<Db, DbErr> {
    let url = config.database_url.reveal();
    let create = schema == Schema::IsMigrated;
    let pool = PoolOptions { max_connections: config.database_max_connections, create, ..PoolOptions::default() };
    reached(config, || async move {
        if create {
            migrate(url).await?;
        }
        Db::connect(url, config.database_read_url.as_ref().map(|url| url.reveal()), pool).await
    })
    .await
}

/// What a database answers, once it does: waits for one that is still starting.
async fn reached<T, Attempt: Future<Output = Result<T, DbErr>>>(
    config: &Config,
    ask: impl Fn() -> Attempt,
) -> Result<T, DbErr> {
    let started = Instant::now();
    loop {
        match ask().await {
            Err(error) if !config.is_embedded() && is_unreachable(&error) && started.elapsed() < DATABASE_PATIENCE => {
                tracing::warn!(%error, "database not reached, trying again");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            outcome => return outcome,
        }
    }
}

/// How many steps the schema lacks.
async fn pending(url: &str) -> Result<usize, DbErr> {
    let pool = PoolOptions { max_connections: 1, create: false, ..PoolOptions::default() };
    let db = Db::connect(url, None, pool).await?;
    let pending = Migrator::get_pending_migrations_read_only(db.read()).await?.len();
    close(&db).await?;
    Ok(pending)
}

/// Closes both pools, which may be one.
async fn close(db: &Db) -> Result<(), DbErr> {
    db.read().close_by_ref().await?;
    db.primary().close_by_ref().await
}

/// Brings the schema up to date, one process at a time.
async fn migrate(url: &str) -> Result<(), DbErr> {
    if url.starts_with("sqlite:") {
        let db = Db::connect(url, None, PoolOptions { max_connections: 1, ..PoolOptions::default() }).await?;
        // The file's write lock is taken before looking what there is to do.
        let tx = db.begin().await?;
        Migrator::up(&tx, None).await?;
        tx.commit().await?;
        return close(&db).await;
    }
    // The lock belongs to a connection, so there may be only one.
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).connect_timeout(Duration::from_secs(3)).sqlx_logging(false);
    let db = Database::connect(options).await?;
    let lock = |function: &str| format!("SELECT {function}({MIGRATION_LOCK})");
    db.execute_unprepared(&lock("pg_advisory_lock")).await?;
    Migrator::up(&db, None).await?;
    db.execute_unprepared(&lock("pg_advisory_unlock")).await?;
    db.close().await
}

/// A pool of connections to Redis that connects in the background and never gives up.
fn redis(url: &str) -> Result<Pool, fred::error::Error> {
    let mut config = RedisConfig::from_url(url)?;
    config.fail_fast = false;
    let pool = Builder::from_config(config)
        .with_performance_config(|performance| performance.default_command_timeout = Duration::from_millis(250))
        .with_connection_config(|connection| {
            connection.connection_timeout = Duration::from_secs(1);
            connection.internal_command_timeout = Duration::from_secs(1);
            connection.max_command_attempts = 1;
            connection.max_command_buffer_len = 10_000;
            connection.unresponsive.max_timeout = Some(Duration::from_secs(2));
        })
        .set_policy(ReconnectPolicy::new_exponential(0, 100, 5_000, 2))
        .build_pool(4)?;
    // The tasks end with the pool.
    drop(pool.connect_pool());
    Ok(pool)
}

/// A shop that listens, and is about to answer.
pub struct Application {
    opened: Opened,
    router: Router,
    listener: TcpListener,
    address: SocketAddr,
    public_url: String,
    shutdown_within: Duration,
}

impl Application {
    /// Listens, opens the shop and builds everything that answers.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn build(config: Config) -> Result<Self, StartError> {
        // First, so that a second server on the same address says so before it touches anything.
        let listen = |error| StartError::Listen { addr: config.addr, error };
        let listener = TcpListener::bind(config.addr).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let public_url = config.public_url_at(address);
        let opened = open(&config, &public_url).await?;
        let assets = Assets::find(&std::env::current_exe().unwrap_or_default());
        if !config.site_root.join(assets.stylesheet.trim_start_matches('/')).is_file() {
            let site_root = config.site_root.display();
            tracing::warn!(%site_root, file = assets.stylesheet, "SITE_ROOT lacks the style sheet: pages will be plain");
        }
        let providers = Providers::new(&config.providers, &public_url)?;
        let shown = |provider: &crate::oidc::Provider| SignInProvider {
            name: provider.name.clone(),
            label: provider.label.clone(),
        };
        let site = Site {
            providers: providers.iter().map(shown).collect(),
            secure: public_url.starts_with("https://"),
            stylesheet: assets.stylesheet.clone(),
            public_url: public_url.clone(),
        };
        let web = Web::new(http::Parts {
            shop: opened.shop.clone(),
            site,
            assets,
            live_reload: http::LiveReload::from_env(),
            providers,
            trusted_proxies: config.trusted_proxies.clone(),
            limiter: http::Limiter::new(config.rate_limits, &opened.shop, opened.redis.clone()),
            redis: opened.redis.clone(),
            rabbit: opened.rabbit.clone(),
            replica: config.database_read_url.is_some(),
        });
        let router = http::router(&web, &config.site_root);
        Ok(Self { opened, router, listener, address, public_url, shutdown_within: config.shutdown_within })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where people reach it.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// The shop that it serves.
    pub fn shop(&self) -> &Shop {
        &self.opened.shop
    }

    /// What answers requests.
    pub fn router(&self) -> &Router {
        &self.router
    }

    /// Whether the database is a file of our own.
    pub fn is_embedded(&self) -> bool {
        self.shop().db.backend() == DbBackend::Sqlite
    }

    /// Answers requests and does what goes on beside them until `shutdown`;
    /// then finishes what is under way, and closes everything.
    pub async fn run(self, shutdown: CancellationToken) {
        let stop_workers = CancellationToken::new();
        let workers = workers::start(self.shop(), &stop_workers);
        // Answers are written in one piece: waiting for more would only delay them.
        let listener = self.listener.tap_io(|connection| {
            let _ = connection.set_nodelay(true);
        });
        let service = self.router.into_make_service_with_connect_info::<SocketAddr>();
        let serving = axum::serve(listener, service).with_graceful_shutdown(shutdown.clone().cancelled_owned());
        let mut serving = tokio::spawn(serving.into_future());
        tokio::select! {
            () = shutdown.cancelled() => {
                tracing::info!("stopping");
                if tokio::time::timeout(self.shutdown_within, &mut serving).await.is_err() {
                    tracing::warn!("requests were still under way and have been cut off");
                    serving.abort();
                }
            }
            ended = &mut serving => tracing::error!(?ended, "no longer listening"),
        }
        stop_workers.cancel();
        if tokio::time::timeout(LAST_STEP, workers.wait()).await.is_err() {
            tracing::warn!("workers were still at work and have been cut off");
        }
        self.opened.close().await;
        tracing::info!("stopped");
    }
}
