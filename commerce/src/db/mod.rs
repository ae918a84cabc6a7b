//! The database: one code for SQLite and PostgreSQL. What differs is here.

mod json;

pub use json::{Json, gather_rows, read_rows};
/// What every read and write may fail with.
pub use sea_orm::DbErr;

use sea_orm::sea_query::{CommonTableExpression, InsertStatement, ValueType, WithClause};
use sea_orm::{
    AccessMode, ActiveModelTrait, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
    DbBackend, EntityTrait, IsolationLevel, QueryTrait, SqlErr, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait, Value,
};
use std::time::{Duration, Instant};

/// How many connections each pool may open, how long to wait for one, and whether there has to be a database.
#[derive(Clone, Copy, Debug)]
pub struct PoolOptions {
    /// Most connections of a pool of readers (PostgreSQL: of each pool).
    pub max_connections: u32,
    /// How long a caller waits for a free connection.
    pub acquire_timeout: Duration,
    /// Whether an SQLite file that isn't there is made.
    pub create: bool,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self { max_connections: 16, acquire_timeout: Duration::from_secs(3), create: true }
    }
}

/// Connections to read from, and connections to write through.
///
/// On SQLite these are a pool of readers and one writer, so that writers wait
/// in line in the process instead of failing on the file's lock. On PostgreSQL
/// both are the primary unless a replica is configured.
#[derive(Clone, Debug)]
pub struct Db {
    read: DatabaseConnection,
    write: DatabaseConnection,
}

impl Db {
    /// Opens `url` (`sqlite://…` or `postgres://…`), and `read_url` for reads if given.
    ///
    /// # Errors
    /// When the database cannot be reached or the address is malformed.
    pub async fn connect(url: &str, read_url: Option<&str>, pool: PoolOptions) -> Result<Self, DbErr> {
        if url.starts_with("sqlite:") {
            let write = create_sqlite(sqlite_options(url, pool, 1)).await?;
            let read = Database::connect(sqlite_options(url, pool, pool.max_connections.min(8))).await?;
            return Ok(Self { read, write });
        }
        let write = Database::connect(options(url, pool, pool.max_connections)).await?;
        let read = match read_url {
            Some(read_url) => Database::connect(options(read_url, pool, pool.max_connections)).await?,
            None => write.clone(),
        };
        Ok(Self { read, write })
    }

    /// Builds the handle from connections that are open already.
    pub fn from_connections(read: DatabaseConnection, write: DatabaseConnection) -> Self {
        Self { read, write }
    }

    /// For single statements that only read, which may lag behind on a replica.
    pub fn read(&self) -> &DatabaseConnection {
        &self.read
    }

    /// For single statements that write.
    pub fn primary(&self) -> &DatabaseConnection {
        &self.write
    }

    /// For reads that must see the last write: not from a replica, and on
    /// SQLite, where every reader sees it, without waiting for the writer.
    pub fn latest(&self) -> &DatabaseConnection {
        match self.backend() {
            DbBackend::Sqlite => &self.read,
            _ => &self.write,
        }
    }

    /// A transaction that may write. Dropping it rolls it back.
    ///
    /// # Errors
    /// When no connection can be had in time.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        // A deferred transaction on SQLite fails when it turns from reading
        // to writing while another one writes, without waiting.
        let sqlite = self.write.get_database_backend() == DbBackend::Sqlite;
        self.write
            .begin_with_options(TransactionOptions {
                isolation_level: None,
                access_mode: None,
                sqlite_transaction_mode: sqlite.then_some(SqliteTransactionMode::Immediate),
            })
            .await
    }

    /// A transaction in which several statements read what there was at one moment, and none writes.
    ///
    /// # Errors
    /// When no connection can be had in time.
    pub async fn snapshot(&self) -> Result<DatabaseTransaction, DbErr> {
        // On SQLite every transaction that reads is one.
        let postgres = self.backend() == DbBackend::Postgres;
        self.latest()
            .begin_with_options(TransactionOptions {
                isolation_level: postgres.then_some(IsolationLevel::RepeatableRead),
                access_mode: postgres.then_some(AccessMode::ReadOnly),
                sqlite_transaction_mode: (!postgres).then_some(SqliteTransactionMode::Deferred),
            })
            .await
    }

    /// Has the database count what is in its tables. Until it has, its plans for
    /// tables that were just filled are those for empty ones.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn analyze(&self) -> Result<(), DbErr> {
        if self.backend() != DbBackend::Postgres {
            return self.write.execute_unprepared("ANALYZE").await.map(drop);
        }
        // Of a table that it has never counted PostgreSQL thinks that it will fill; of one that it has found empty, that
        // reading all of it is fastest, and a connection keeps such a plan while thousands of rows come.
        let filled = "SELECT relname FROM pg_stat_user_tables WHERE pg_relation_size(relid) > 0";
        for row in self.write.query_all_raw(sql(&self.write, filled, [])).await? {
            let table: String = row.try_get("", "relname")?;
            self.write.execute_unprepared(&format!("ANALYZE \"{table}\"")).await?;
        }
        Ok(())
    }

    /// Which database this is.
    pub fn backend(&self) -> DbBackend {
        self.write.get_database_backend()
    }
}

/// How long others may keep an SQLite file locked.
const LOCKED_FOR: Duration = Duration::from_secs(5);

/// How long a connection may be idle before it is asked whether it still works.
const IDLE_IS_DOUBTFUL: Duration = Duration::from_secs(1);

fn options(url: &str, pool: PoolOptions, max_connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(max_connections)
        .min_connections(1)
        .acquire_timeout(pool.acquire_timeout)
        .connect_timeout(pool.acquire_timeout)
        // What was idle may have died with the server. What was just in use is
        // not asked: that would be a round trip for every use.
        .test_before_acquire_if_idle_for(IDLE_IS_DOUBTFUL)
        .sqlx_logging(false);
    options
}

fn sqlite_options(url: &str, pool: PoolOptions, max_connections: u32) -> ConnectOptions {
    let mut options = options(url, pool, max_connections);
    options.map_sqlx_sqlite_opts(move |sqlite| {
        sqlite
            .create_if_missing(pool.create)
            .foreign_keys(true)
            .busy_timeout(LOCKED_FOR)
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL")
            .pragma("cache_size", "-16000")
            .pragma("mmap_size", "268435456")
    });
    options
}

/// Opens an SQLite file, which the first to open one turns to write-ahead logging. SQLite refuses that to others at
/// the same moment without having them wait: they try again.
async fn create_sqlite(options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    let started = Instant::now();
    loop {
        match Database::connect(options.clone()).await {
            Err(error) if error.to_string().contains("database is locked") && started.elapsed() < LOCKED_FOR => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            opened => return opened,
        }
    }
}

/// Whether an error says that the value of a unique column was taken.
pub(crate) fn is_taken(error: &DbErr, column: &str) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(message)) if message.contains(column))
}

/// A statement with `$1`, `$2` … as its parameters, which both databases read.
///
/// PostgreSQL takes no zero character in a text, but an address may have one:
/// it is replaced, so that it finds nothing instead of failing.
pub fn sql<C: ConnectionTrait>(db: &C, text: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    let values = values.into_iter().map(|value| match value {
        Value::String(Some(text)) if text.contains('\0') => without_zeros(&text).into(),
        other => other,
    });
    Statement::from_sql_and_values(db.get_database_backend(), text, values)
}

/// A text with its zero characters made the replacement character, for where
/// [`sql`] can't see it: in JSON, which PostgreSQL refuses likewise.
pub fn without_zeros(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// `$from, $from+1, …` for `count` parameters of an `IN (…)` list.
pub fn placeholders(from: usize, count: usize) -> String {
    (from..from + count).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}

/// Values for an `IN (…)` list: the last one again until there are 1, 2, 4, 8 … of them. So there are few different
/// statements, and what a connection has prepared is used again.
pub(crate) fn padded<V: Clone>(values: impl IntoIterator<Item = V>) -> Vec<V> {
    let mut values: Vec<V> = values.into_iter().collect();
    if let Some(last) = values.last().cloned() {
        values.resize(values.len().next_power_of_two(), last);
    }
    values
}

/// Rows in groups of 64, 32, 16 … 1: so there are few different statements for them.
pub(crate) fn in_groups<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let (group, rest) = rows.split_at(1 << rows.len().min(64).checked_ilog2()?);
        rows = rest;
        Some(group)
    })
}

/// How many values are a list. PostgreSQL plans for ten of an array of which it doesn't know how many there are: where
/// there are fewer it finds planning anew better, each time.
const FEW: usize = 16;

/// What is written behind a column to ask whether it is one of these values, with parameters from `$from` on, and what
/// to bind to them.
pub(crate) fn in_list<V, C>(db: &C, from: usize, values: impl IntoIterator<Item = V>) -> (String, Vec<Value>)
where
    V: ValueType + Into<Value>,
    C: ConnectionTrait,
{
    let values: Vec<_> = values.into_iter().map(Into::into).collect();
    if values.len() > FEW && db.get_database_backend() == DbBackend::Postgres {
        // One text for any number of them.
        let values = Value::Array(V::array_type(), Some(Box::new(values)));
        return (format!("= ANY(${from})"), vec![values]);
    }
    let values = padded(values);
    (format!("IN ({})", placeholders(from, values.len())), values)
}

/// The clause that locks the selected rows of the table or alias `of` until
/// the transaction ends. SQLite has one writer at a time and needs none.
pub fn for_update<C: ConnectionTrait>(db: &C, of: &str) -> String {
    match db.get_database_backend() {
        DbBackend::Postgres => format!(" FOR UPDATE OF {of}"),
        _ => String::new(),
    }
}

/// As [`for_update`], for changes that leave keys alone: rows that refer to the locked ones may be added meanwhile.
pub fn for_no_key_update<C: ConnectionTrait>(db: &C, of: &str) -> String {
    match db.get_database_backend() {
        DbBackend::Postgres => format!(" FOR NO KEY UPDATE OF {of}"),
        _ => String::new(),
    }
}

/// As [`for_update`], leaving out the rows that somebody else has locked.
pub fn for_update_of_free<C: ConnectionTrait>(db: &C, of: &str) -> String {
    match db.get_database_backend() {
        DbBackend::Postgres => format!(" FOR UPDATE OF {of} SKIP LOCKED"),
        _ => String::new(),
    }
}

/// Inserts rows in as few statements as the databases' limits on parameters allow.
pub(crate) async fn insert_all<E, C>(db: &C, rows: Vec<E::ActiveModel>) -> Result<(), DbErr>
where
    E: EntityTrait,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    C: ConnectionTrait,
{
    for insert in inserts::<E>(rows) {
        db.execute(&insert).await?;
    }
    Ok(())
}

/// How many rows one statement inserts at most.
const CHUNK: usize = 1_000;

/// How many inserts are one statement at most: full ones of events have 8,000 parameters each, of 65,535 in all.
const TOGETHER: usize = 8;

/// Rows of one table, as statements that insert them, each within the databases' limits on parameters.
pub(crate) fn inserts<E>(rows: Vec<E::ActiveModel>) -> Vec<InsertStatement>
where
    E: EntityTrait,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
{
    let mut rows = rows.into_iter().peekable();
    let mut inserts = Vec::new();
    while rows.peek().is_some() {
        inserts.push(E::insert_many(rows.by_ref().take(CHUNK)).into_query());
    }
    inserts
}

/// Inserts into several tables, those first that others refer to: in one statement where the database has that.
pub(crate) async fn insert_together<C: ConnectionTrait>(db: &C, inserts: Vec<InsertStatement>) -> Result<(), DbErr> {
    if db.get_database_backend() != DbBackend::Postgres {
        for insert in &inserts {
            db.execute(insert).await?;
        }
        return Ok(());
    }
    // PostgreSQL looks at references when all of a statement is done.
    let mut inserts = inserts.into_iter().peekable();
    while inserts.peek().is_some() {
        let mut some: Vec<_> = inserts.by_ref().take(TOGETHER).collect();
        let Some(last) = some.pop() else { break };
        if some.is_empty() {
            db.execute(&last).await?;
            continue;
        }
        let mut with = WithClause::new();
        for (number, insert) in some.into_iter().enumerate() {
            with.cte(CommonTableExpression::new().table_name(format!("insert_{number}")).query(insert).to_owned());
        }
        db.execute(&with.query(last)).await?;
    }
    Ok(())
}

/// An error that may pass when the same is tried again.
pub trait Transient {
    /// Whether the database gave up this transaction in favour of another.
    fn is_transient(&self) -> bool;
}

impl Transient for DbErr {
    fn is_transient(&self) -> bool {
        let text = self.to_string();
        // 40P01, 40001 and SQLITE_BUSY: the drivers give no common code.
        ["deadlock detected", "could not serialize", "database is locked"].iter().any(|known| text.contains(known))
    }
}

/// Whether the database could not be reached, as opposed to having refused.
pub fn is_unreachable(error: &DbErr) -> bool {
    match error {
        DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => true,
        other => {
            let text = other.to_string();
            [
                "error communicating with database",
                "terminating connection",
                "pool timed out",
                "connection refused",
                "the database system is",
                "attempted to communicate with a crashed",
            ]
            .iter()
            .any(|known| text.contains(known))
        }
    }
}

/// Tries `attempt` up to three times while its error is transient.
///
/// # Errors
/// The error of the last attempt.
pub async fn retry<T, E: Transient, Attempt: Future<Output = Result<T, E>>>(
    mut attempt: impl FnMut() -> Attempt,
) -> Result<T, E> {
    for _ in 0..2 {
        match attempt().await {
            Err(error) if error.is_transient() => tracing::info!("transaction given up by the database, trying again"),
            outcome => return outcome,
        }
    }
    attempt().await
}

/// Implements [`Transient`] for a capability's error through its `Db` variant.
macro_rules! transient_by_db {
    ($error:ty) => {
        impl $crate::db::Transient for $error {
            fn is_transient(&self) -> bool {
                matches!(self, Self::Db(error) if $crate::db::Transient::is_transient(error))
            }
        }
    };
}
pub(crate) use transient_by_db;
