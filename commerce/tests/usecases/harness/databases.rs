//! Databases made for one test each, as copies of a template that is migrated and framed once.

use super::goods::frame;
use commerce::Shop;
use commerce::db::{Db, PoolOptions};
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;
use tokio::sync::{Mutex, OnceCell};

/// A database of a test.
pub enum Database {
    /// A file in a folder that goes with it.
    Sqlite {
        /// Its address.
        url: String,
        /// Removed when dropped.
        _folder: TempDir,
    },
    /// A database on the server of `TEST_DATABASE_URL`.
    Postgres {
        /// Its address.
        url: String,
        /// What it is called.
        name: String,
    },
    /// The only database of a server that somebody else ends.
    Lent {
        /// Its address.
        url: String,
    },
}

static SQLITE_TEMPLATE: OnceCell<(TempDir, PathBuf)> = OnceCell::const_new();
static POSTGRES_TEMPLATE: OnceCell<String> = OnceCell::const_new();

/// PostgreSQL refuses to copy a template that is being copied or looked at.
static COPYING: Mutex<()> = Mutex::const_new(());

impl Database {
    /// A copy of the SQLite template.
    pub async fn sqlite() -> Self {
        let (_, template) = SQLITE_TEMPLATE
            .get_or_init(|| async {
                let folder = tempfile::tempdir().expect("a folder");
                let path = folder.path().join("template.db");
                build(&format!("sqlite://{}", path.display())).await;
                (folder, path)
            })
            .await;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("shop.db");
        std::fs::copy(template, &path).expect("the template can be copied");
        Self::Sqlite { url: format!("sqlite://{}", path.display()), _folder: folder }
    }

    /// An SQLite file with nothing in it.
    pub async fn empty_sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("shop.db").display());
        Self::Sqlite { url, _folder: folder }
    }

    /// A copy of the PostgreSQL template; `None` where there shall be none.
    pub async fn postgres() -> Option<Self> {
        let server = server()?;
        let template = POSTGRES_TEMPLATE
            .get_or_init(|| async {
                let name = format!("emporion_template_{}", std::process::id());
                administer(&server, &format!("CREATE DATABASE {name}")).await;
                build(&with_name(&server, &name)).await;
                name
            })
            .await;
        Some(Self::create(&server, &format!(" TEMPLATE {template}")).await)
    }

    /// The empty database at an address, migrated and framed.
    pub async fn at(url: String) -> Self {
        build(&url).await;
        Self::Lent { url }
    }

    /// A PostgreSQL database with nothing in it.
    pub async fn empty_postgres() -> Option<Self> {
        Some(Self::create(&server()?, "").await)
    }

    async fn create(server: &str, template: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("emporion_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
        let _one_at_a_time = COPYING.lock().await;
        administer(server, &format!("CREATE DATABASE {name}{template}")).await;
        Self::Postgres { url: with_name(server, &name), name }
    }

    /// Where to connect to.
    pub fn url(&self) -> &str {
        match self {
            Self::Sqlite { url, .. } | Self::Postgres { url, .. } | Self::Lent { url } => url,
        }
    }

    /// Drops what a shop was over; an SQLite file goes with its folder.
    pub async fn remove(&self, shop: &Shop) {
        let _ = shop.db.read().clone().close().await;
        let _ = shop.db.primary().clone().close().await;
        self.discard().await;
    }

    /// Drops it, though somebody may be connected.
    pub async fn discard(&self) {
        if let (Self::Postgres { name, .. }, Some(server)) = (self, server()) {
            administer(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
        }
    }
}

/// The server's address; `None` where the developer has said that there is none.
fn server() -> Option<String> {
    std::env::var("TEST_DATABASE_URL").ok().or_else(|| services_missing("TEST_DATABASE_URL"))
}

/// Says that a service is missing: a skipped test where that was asked for, else a failed one.
pub fn services_missing<T>(variable: &str) -> Option<T> {
    assert!(
        std::env::var("EMPORION_SQLITE_ONLY").is_ok_and(|value| value == "1"),
        "{variable} is not set, so this can't be tested. Run it beside private servers:\n    \
         SERVICES_FSYNC=off scripts/with-services cargo test -p commerce --features ssr\n\
         or do without PostgreSQL and Redis: EMPORION_SQLITE_ONLY=1 cargo test -p commerce --features ssr",
    );
    eprintln!("SKIPPED: EMPORION_SQLITE_ONLY=1 and {variable} is not set");
    None
}

/// Migrates a template and puts the frame of a catalogue into it.
async fn build(url: &str) {
    let db = Db::connect(url, None, PoolOptions::default()).await.expect("the template can be reached");
    Migrator::up(db.primary(), None).await.expect("the migrations run");
    frame(&db).await.expect("the frame can be built");
    close(db.read()).await;
    close(db.primary()).await;
}

async fn close(connection: &DatabaseConnection) {
    connection.clone().close().await.expect("the connection closes");
}

async fn administer(server: &str, statement: &str) {
    let connection = sea_orm::Database::connect(server).await.expect("TEST_DATABASE_URL can be reached");
    connection.execute_unprepared(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    close(&connection).await;
}

/// The address of another database on the same server.
fn with_name(server: &str, name: &str) -> String {
    let (host, _) = server.rsplit_once('/').expect("an address with a database");
    format!("{host}/{name}")
}
