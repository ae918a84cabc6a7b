//! How the shop and what it depends on are.

use super::Web;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use commerce::db::sql;
use fred::interfaces::ClientLike;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long the database may take to answer.
const DATABASE_PATIENCE: Duration = Duration::from_secs(2);

/// How long RabbitMQ may take to be connected to.
const RABBIT_PATIENCE: Duration = Duration::from_secs(1);

/// How long Redis may take to answer.
const REDIS_PATIENCE: Duration = Duration::from_millis(500);

/// `/api/health` and `/api/health/ready` say how everything is, `/api/health/live` only that the process answers.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/health", get(ready))
        .route("/api/health/ready", get(ready))
        .route("/api/health/live", get(live))
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Ok,
    /// The shop is open, but slower or with less than it should have.
    Degraded,
    Unavailable,
}

#[derive(Serialize)]
struct Check {
    status: Status,
    latency_ms: f64,
}

#[derive(Serialize)]
struct Report {
    status: Status,
    version: &'static str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    checks: BTreeMap<&'static str, Check>,
}

async fn live() -> Response {
    answer(BTreeMap::new())
}

async fn ready(State(web): State<Web>) -> Response {
    let db = &web.shop.db;
    // SQLite's one writer may be at work: that it is busy doesn't make the shop unavailable.
    let main = if db.backend() == DbBackend::Sqlite { db.read() } else { db.primary() };
    let (database, replica, redis, rabbit) = tokio::join!(
        timed(database(main), Status::Unavailable),
        async {
            if !web.replica {
                return None;
            }
            Some(timed(database(db.read()), Status::Unavailable).await)
        },
        async {
            let pool = web.redis.as_ref()?;
            let ping =
                async { matches!(tokio::time::timeout(REDIS_PATIENCE, pool.ping::<()>(None)).await, Ok(Ok(()))) };
            Some(timed(ping, Status::Degraded).await)
        },
        async {
            let rabbit = web.rabbit.as_ref()?;
            let reached =
                async { matches!(tokio::time::timeout(RABBIT_PATIENCE, rabbit.is_reachable()).await, Ok(true)) };
            Some(timed(reached, Status::Degraded).await)
        }
    );
    let checks = [("database", Some(database)), ("replica", replica), ("redis", redis), ("rabbitmq", rabbit)];
    answer(checks.into_iter().filter_map(|(name, check)| Some((name, check?))).collect())
}

async fn database(db: &DatabaseConnection) -> bool {
    let asked = db.query_one_raw(sql(db, "SELECT 1", []));
    matches!(tokio::time::timeout(DATABASE_PATIENCE, asked).await, Ok(Ok(_)))
}

async fn timed(check: impl Future<Output = bool>, otherwise: Status) -> Check {
    let started = Instant::now();
    let status = if check.await { Status::Ok } else { otherwise };
    Check { status, latency_ms: (started.elapsed().as_secs_f64() * 100_000.0).round() / 100.0 }
}

fn answer(checks: BTreeMap<&'static str, Check>) -> Response {
    let status = checks.values().map(|check| check.status).max().unwrap_or(Status::Ok);
    let code = if status == Status::Unavailable { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let headers = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (code, headers, Json(Report { status, version: env!("CARGO_PKG_VERSION"), checks })).into_response()
}
