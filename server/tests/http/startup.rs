//! Wrong configuration stops the start with one sentence.

use crate::harness::{Kind, Place, databases};
use server::startup;
use std::process::{Command, Output};

fn emporion(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    Command::new(env!("CARGO_BIN_EXE_emporion"))
        .args(arguments)
        .env_clear()
        .env("DATA_DIR", folder.path().join("data"))
        .envs(variables.iter().copied())
        .output()
        .expect("runs")
}

#[track_caller]
fn assert_refused(output: &Output, code: i32, beginning: &str) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.starts_with(&format!("emporion: {beginning}")), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.ends_with(".\n") && !said.contains("hunter2"), "{said}");
}

#[test]
fn a_wrong_variable_is_named() {
    for command in ["serve", "migrate", "seed"] {
        assert_refused(&emporion(&[command], &[("ADDR", "nowhere")]), 2, "ADDR must be an IP address and a port");
    }
    let postgres = "postgres://me:hunter2@host:port/db";
    assert_refused(&emporion(&["migrate"], &[("DATABASE_URL", postgres)]), 2, "DATABASE_URL must begin with");
    assert_refused(&emporion(&["migrate"], &[("SECRET_KEY", "hunter2")]), 2, "SECRET_KEY must have at least 32");
    assert_refused(&emporion(&["serve"], &[("SITE_ROOT", "/nowhere/at/all")]), 2, "SITE_ROOT is /nowhere/at/all");
}

#[test]
fn what_can_not_be_used_is_named() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let path = file.path().to_str().expect("text");
    assert_refused(&emporion(&["migrate"], &[("DATA_DIR", path)]), 1, &format!("DATA_DIR is {path}"));
    let database = "sqlite:///nowhere/at/all/shop.db";
    assert_refused(&emporion(&["migrate"], &[("DATABASE_URL", database)]), 1, "DATABASE_URL names a database");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    assert_refused(&emporion(&["serve"], &[("ADDR", &address)]), 1, &format!("ADDR is {address}"));
}

#[test]
fn a_database_can_be_migrated_again_and_again() {
    let folder = tempfile::tempdir().expect("a folder");
    for _ in 0..2 {
        let output = emporion(&["migrate"], &[("DATA_DIR", folder.path().to_str().expect("text"))]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(folder.path().join("emporion.db").is_file());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_start_at_once_migrate_one_after_the_other() {
    for kind in databases() {
        let place = Place::new(kind).await;
        let starts = (0..6).map(|_| {
            let config = place.config();
            tokio::spawn(async move { startup::open(&config, "http://127.0.0.1:3000").await.map(drop) })
        });
        for start in starts.collect::<Vec<_>>() {
            start.await.expect("ends").unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        }
    }
}

#[tokio::test]
async fn a_folder_may_be_called_anything() {
    let place = Place::new(Kind::Sqlite).await;
    let folder = place.folder.path().join("100% mine? #1 ü");
    let place = place.with("DATA_DIR", folder.to_str().expect("text"));
    startup::open(&place.config(), "http://127.0.0.1:3000").await.expect("opens");
    assert!(folder.join("emporion.db").is_file() && folder.join("secret.key").is_file());
}
