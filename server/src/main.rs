//! The command line of Emporion.

use clap::{Parser, Subcommand};
use commerce::db::DbErr;
use commerce::payments::webhook;
use commerce::{Shop, events, sealed};
use server::config::Config;
use server::startup::{self, Application, StartError};
use server::{admin, doctor, schemas, seed, telemetry};
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal;
use tokio_util::sync::CancellationToken;

/// Pages are many small pieces: the system's allocator took a fifth of their time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A shop in one binary. It is configured by environment variables.
#[derive(Parser)]
#[command(name = "emporion", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Open the shop: migrate, fill an empty embedded database with the demo shop, and answer requests.
    Serve,
    /// Bring the database's schema up to date.
    Migrate,
    /// Make somebody an admin: a new account with a password that is printed once, or the account that they have.
    CreateAdmin {
        /// Where they get mail.
        email: String,
        /// What they are called.
        #[arg(long, default_value = "Admin")]
        name: String,
        /// Read the password from the standard input instead of making one.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Encrypt sensitive columns under the first of ENCRYPTION_KEYS, so that the others can be taken away.
    RotateKeys,
    /// Print every kind of event that the shop reports, with the JSON schema of its data.
    Events {
        /// Write a file for each into this folder instead. A schema that is there is not changed: other shapes take
        /// another version.
        #[arg(long, value_name = "FOLDER")]
        into: Option<PathBuf>,
        #[command(subcommand)]
        command: Option<EventsCommand>,
    },
    /// See to what payment gateways have sent and nobody could use.
    Webhooks {
        #[command(subcommand)]
        command: WebhooksCommand,
    },
    /// Check that what must always be true of the shop's records is; the shop may be open meanwhile. Ends with 0 where
    /// all is well by now, with 1 where something is wrong, with 2 where the configuration is, with 3 where it could
    /// not be looked at: a database that isn't there is not made, and one that is not up to date is not migrated.
    Doctor {
        /// Repair what follows from other records: counters, listings, payment states, balances of store credit,
        /// expired holds, deliveries. Money and orders are left to people.
        #[arg(long)]
        repair: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Fill an empty shop with the demo shop, or any shop with products for load tests.
    Seed {
        /// Make this many plausible products instead.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
        products: Option<u32>,
    },
}

#[derive(Subcommand)]
enum EventsCommand {
    /// Deliver again what was given up, and what waits behind it.
    Replay,
}

#[derive(Subcommand)]
enum WebhooksCommand {
    /// Print what it is.
    List,
    /// Try all of it again.
    Replay,
}

/// Why a command has failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("The shop could not be filled: {0}.")]
    Seed(#[from] seed::SeedError),
    #[error("{0}.")]
    Events(#[from] schemas::SchemaError),
    #[error("{0}.")]
    Admin(#[from] admin::AdminError),
    #[error("Nothing is delivered again: {0}.")]
    Replay(DbErr),
    #[error("Nothing could be done about webhooks: {0}.")]
    Webhooks(DbErr),
    #[error("Not everything could be looked at: {0}.")]
    Doctor(DbErr),
    #[error("The keys could not be changed: {0}.")]
    Database(#[from] DbErr),
    #[error(
        "{0} values could not be opened: a key is missing from ENCRYPTION_KEYS. Keep the others until it is there."
    )]
    KeyMissing(u64),
}

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    let examines = matches!(command, Command::Doctor { .. });
    // 1 says that something is wrong with the shop.
    let failed = if examines { 3 } else { 1 };
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(error) => return fail(&error, 2),
    };
    telemetry::init(&config.log, examines || matches!(command, Command::Webhooks { .. }));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error, failed),
    };
    match runtime.block_on(run(command, config)) {
        Ok(code) => code,
        Err(error @ Failure::Start(StartError::Config(_))) => fail(&error, 2),
        Err(error) => fail(&error, failed),
    }
}

fn fail(error: &dyn std::fmt::Display, code: u8) -> ExitCode {
    eprintln!("emporion: {error}");
    ExitCode::from(code)
}

async fn run(command: Command, config: Config) -> Result<ExitCode, Failure> {
    if let Command::Serve = command {
        return serve(config).await.map(|()| ExitCode::SUCCESS);
    }
    if let Command::Events { into, command: None } = &command {
        schemas::show(into.as_deref())?;
        return Ok(ExitCode::SUCCESS);
    }
    let public_url = config.public_url_at(config.addr);
    let opened = match command {
        Command::Doctor { .. } => startup::open_to_look(&config, &public_url).await?,
        _ => startup::open(&config, &public_url).await?,
    };
    let outcome = match command {
        Command::CreateAdmin { email, name, password_stdin } => {
            admin::create(&opened.shop, &name, &email, password_stdin).await.map_err(Failure::from)
        }
        Command::Seed { products: Some(products) } => {
            seed::products(&opened.shop, products).await.map_err(Failure::from)
        }
        Command::Seed { products: None } => seed::demo(&opened.shop).await.map_err(Failure::from),
        Command::Doctor { repair, json } => match doctor::run(&opened.shop, repair, json).await {
            Ok(false) => {
                opened.close().await;
                return Ok(ExitCode::FAILURE);
            }
            outcome => outcome.map(drop).map_err(Failure::Doctor),
        },
        Command::RotateKeys => rotate_keys(&opened.shop).await,
        Command::Events { .. } => replay(&opened.shop).await,
        Command::Webhooks { command } => webhooks(&opened.shop, &command).await.map_err(Failure::Webhooks),
        // Opening has migrated.
        Command::Migrate | Command::Serve => {
            println!("The database is up to date.");
            Ok(())
        }
    };
    opened.close().await;
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn replay(shop: &Shop) -> Result<(), Failure> {
    let again = events::replay::replay_from_command_line(shop).await.map_err(Failure::Replay)?;
    println!("{again} events are delivered again by the server.");
    Ok(())
}

async fn webhooks(shop: &Shop, command: &WebhooksCommand) -> Result<(), DbErr> {
    match command {
        WebhooksCommand::List => {
            for one in webhook::replay::unused(shop.db.primary()).await? {
                let webhook::replay::Unused { gateway, event_id, kind, received_at, tries, outcome, .. } = one;
                let came = received_at.format("%Y-%m-%d %H:%M");
                println!("{came} {gateway} {event_id}: {kind}, {outcome}, tried {tries} times");
            }
        }
        WebhooksCommand::Replay => {
            let again = webhook::replay::replay_from_command_line(shop).await?;
            println!("{again} webhooks are tried again by the server.");
        }
    }
    Ok(())
}

async fn rotate_keys(shop: &Shop) -> Result<(), Failure> {
    let done = sealed::rotate::rotate(shop).await?;
    println!("{} values are sealed anew under the key {}.", done.sealed, shop.keys.current());
    if done.unreadable > 0 { Err(Failure::KeyMissing(done.unreadable)) } else { Ok(()) }
}

async fn serve(config: Config) -> Result<(), Failure> {
    let shutdown = CancellationToken::new();
    tokio::spawn(on_signal(shutdown.clone()));
    let application = Application::build(config).await?;
    if application.is_embedded() {
        tokio::select! {
            filled = seed::if_empty(application.shop()) => filled?,
            () = shutdown.cancelled() => return Ok(()),
        }
    }
    println!("Emporion is open at {}", application.public_url());
    println!("Staff sign in at {}/auth/signin", application.public_url());
    application.run(shutdown).await;
    Ok(())
}

/// Asks for the end at the first signal, and brings it about at the second.
async fn on_signal(shutdown: CancellationToken) {
    signal_received().await;
    shutdown.cancel();
    signal_received().await;
    std::process::exit(130);
}

#[cfg(unix)]
async fn signal_received() {
    use signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = terminate.recv() => {}
            _ = signal::ctrl_c() => {}
        },
        Err(_) => drop(signal::ctrl_c().await),
    }
}

#[cfg(not(unix))]
async fn signal_received() {
    drop(signal::ctrl_c().await);
}
