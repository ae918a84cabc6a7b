//! Wrong configuration stops the start with one sentence.

use crate::harness::{Kind, Place, databases};
use sea_orm::{ConnectionTrait, Database};
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
    for command in ["serve", "migrate", "seed", "doctor"] {
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

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_whether_all_is_well() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("text");
    let doctor = |arguments: &[&str]| emporion(&[&["doctor"], arguments].concat(), &[("DATA_DIR", data)]);
    assert!(emporion(&["migrate"], &[("DATA_DIR", data)]).status.success());
    let well = doctor(&[]);
    assert_eq!(
        (well.status.code(), String::from_utf8_lossy(&well.stdout).ends_with("\nAll is well.\n")),
        (Some(0), true)
    );
    let db = Database::connect(format!("sqlite://{data}/emporion.db")).await.expect("connected");
    let text = "INSERT INTO webhook_events (id, gateway, event_id, kind, body, received_at, due_at, tries, outcome)
                VALUES (RANDOMBLOB(16), 'card', 'evt-7', 'paid', '{}', '2026-01-01T00:00:00+00:00',
                        '2026-01-01T00:00:00+00:00', 0, 'waiting')";
    db.execute_unprepared(text).await.expect("written");
    for arguments in [&[][..], &["--repair"], &["--json"]] {
        let ill = doctor(arguments);
        let said = String::from_utf8_lossy(&ill.stdout).into_owned();
        assert_eq!((ill.status.code(), said.contains("card evt-7: paid")), (Some(1), true), "{said}");
    }
    let checked: serde_json::Value = serde_json::from_slice(&doctor(&["--json"]).stdout).expect("JSON");
    let wrong = checked.as_array().expect("checks").iter().filter(|check| check["wrong"] != 0);
    assert_eq!(wrong.map(|check| check["check"].as_str()).collect::<Vec<_>>(), [Some("webhooks")]);
    let nowhere = emporion(&["doctor"], &[("DATABASE_URL", "sqlite:///nowhere/at/all/shop.db")]);
    assert_eq!(nowhere.status.code(), Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_that_nobody_could_use_are_listed_and_tried_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("text");
    let run = |arguments: &[&str]| {
        let output = emporion(arguments, &[("DATA_DIR", data)]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    run(&["migrate"]);
    let db = Database::connect(format!("sqlite://{data}/emporion.db")).await.expect("connected");
    let text = "INSERT INTO webhook_events (id, gateway, event_id, kind, body, received_at, due_at, tries, outcome)
                VALUES (RANDOMBLOB(16), 'card', 'evt-7', 'paid', '{}', '2026-01-01T00:00:00+00:00',
                        NULL, 10, 'unmatched')";
    db.execute_unprepared(text).await.expect("written");
    let line = "2026-01-01 00:00 card evt-7: paid, unmatched, tried 10 times\n";
    assert!(run(&["webhooks", "list"]).ends_with(line), "{}", run(&["webhooks", "list"]));
    assert!(run(&["webhooks", "replay"]).ends_with("1 webhooks are tried again by the server.\n"));
    assert!(!run(&["webhooks", "list"]).contains("evt-7"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_makes_no_database_and_migrates_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data");
    let data = path.to_str().expect("text");
    let run = |command: &str| emporion(&[command], &[("DATA_DIR", data)]);
    assert_refused(&run("doctor"), 3, "DATABASE_URL names a database that can't be used");
    assert!(!path.exists(), "nothing was made");
    assert!(run("migrate").status.success());
    assert_eq!(run("doctor").status.code(), Some(0));
    let db = Database::connect(format!("sqlite://{data}/emporion.db")).await.expect("connected");
    let text = "DELETE FROM seaql_migrations WHERE version = (SELECT MAX(version) FROM seaql_migrations)";
    db.execute_unprepared(text).await.expect("a step is to be taken again");
    for _ in 0..2 {
        assert_refused(&run("doctor"), 3, "DATABASE_URL names a database that is not up to date");
    }
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
