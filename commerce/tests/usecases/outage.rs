//! PostgreSQL is ended and started again while the shop is open, on a server of the test's own.

use crate::harness::{Database, TestShop, services_missing};
use commerce::cart::CartError;
use commerce::db::{PoolOptions, is_unreachable};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A server that ends with the test.
struct Server {
    folder: tempfile::TempDir,
}

impl Server {
    fn start_new() -> Self {
        let server = Self { folder: tempfile::tempdir().expect("a folder") };
        // PostgreSQL runs as another user and has to get to its own folder.
        let permissions = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o711);
        std::fs::set_permissions(server.folder.path(), permissions).expect("ours");
        server.run("start");
        server
    }

    fn run(&self, action: &str) {
        let script: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/service");
        let status =
            Command::new(script).arg(self.folder.path()).args(["pg", action]).env("SERVICES_FSYNC", "off").status();
        assert!(status.expect("it can be run").success(), "pg {action}");
    }

    fn url(&self) -> String {
        let port = std::fs::read_to_string(self.folder.path().join("pg.port")).expect("written at the start");
        format!("postgres://emporion@127.0.0.1:{}/postgres", port.trim())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let script: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/service");
        let _ = Command::new(script).arg(self.folder.path()).args(["pg", "stop"]).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shop_recovers_when_postgres_returns() {
    if std::env::var("TEST_SERVICES").is_err() && services_missing::<()>("TEST_SERVICES").is_none() {
        return;
    }
    let server = Server::start_new();
    let database = Database::at(server.url()).await;
    let pool = PoolOptions { max_connections: 8, acquire_timeout: Duration::from_secs(1), ..PoolOptions::default() };
    let shop = TestShop::over(database, pool).await;
    shop.sells("MUG", 1_290, 50).await;
    let mut guest = shop.guest();
    guest.add("MUG", 1).await.expect("added");
    // Several connections are open when the server goes.
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let mut tab = guest.clone();
            tokio::spawn(async move { tab.add("MUG", 1).await })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic").expect("added");
    }
    for _ in 0..2 {
        server.run("stop");
        for _ in 0..3 {
            match guest.add("MUG", 1).await {
                Err(CartError::Db(error)) => assert!(is_unreachable(&error), "{error}"),
                outcome => panic!("{outcome:?}"),
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        server.run("start");
        let before = guest.cart().await.expect("the cart is still there").items();
        // Not even the first ones notice: connections that were idle are tried before they are used.
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let mut tab = guest.clone();
                tokio::spawn(async move { tab.add("MUG", 1).await })
            })
            .collect();
        for task in tasks {
            task.await.expect("no panic").expect("added");
        }
        assert_eq!(guest.cart().await.expect("the cart").items(), before + 8);
    }
    shop.assert_all_is_well().await;
}
