//! Whether the shop stays right when many want the same, and when it is killed at any moment: `make torture`.
//!
//! Processes of the shop are used over HTTP as people use them. What they have answered is written down, and has to be
//! true in the end, as the doctor, the books of the test gateway and the records say.

#[path = "../shop/client.rs"]
#[allow(dead_code, reason = "the bench uses the rest")]
mod client;
#[path = "../shop/load.rs"]
#[allow(dead_code, reason = "the bench uses the rest")]
mod load;
#[path = "../shop/operations.rs"]
#[allow(dead_code, reason = "the bench uses the rest")]
mod operations;
#[path = "../shop/place.rs"]
#[allow(dead_code, reason = "the bench uses the rest")]
mod place;

mod books;
mod contention;
mod kills;
mod shelf;
mod shopper;
mod till;

use clap::Parser;
use place::Database;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

type Failure = Box<dyn Error>;

/// Lets many buy the same few things at once, then kills the shop and its servers while they are at it.
#[derive(Parser)]
struct Arguments {
    /// A folder for everything that is written.
    #[arg(long, default_value = "target")]
    folder: PathBuf,
    /// The shop.
    #[arg(long, default_value = "target/release/emporion")]
    binary: PathBuf,
    /// How many try to buy something, for each database and number of processes; 0 for none.
    #[arg(long, default_value_t = 100_000)]
    attempts: usize,
    /// How often something is killed, on both databases together; 0 for never.
    #[arg(long, default_value_t = 200)]
    kills: u32,
    /// Only on this database.
    #[arg(long)]
    database: Option<Database>,
    /// Chooses what happens; a random one is printed.
    #[arg(long)]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // A shop ends with the thread that has opened it.
        .thread_keep_alive(Duration::from_secs(86_400))
        .build()
        .map_err(Failure::from)
        .and_then(|runtime| runtime.block_on(torture(&arguments)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("torture: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn torture(arguments: &Arguments) -> Result<(), Failure> {
    let seed = arguments.seed.unwrap_or_else(rand::random);
    println!("The seed is {seed}: --seed {seed} makes the same choices again.");
    let databases = [Database::Sqlite, Database::Postgres];
    let databases = databases.into_iter().filter(|database| arguments.database.is_none_or(|only| only == *database));
    for database in databases.clone().filter(|_| arguments.attempts > 0) {
        let processes: &[usize] = if database == Database::Sqlite { &[1] } else { &[1, 3] };
        for processes in processes {
            contention::run(arguments, database, *processes).await?;
        }
    }
    let parts = u32::try_from(databases.clone().count())?;
    for database in databases.filter(|_| arguments.kills > 0) {
        kills::run(arguments, database, arguments.kills.div_ceil(parts), seed).await?;
    }
    Ok(())
}
