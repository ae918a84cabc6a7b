//! A shop of our own: a folder, a database, and the processes of `emporion`.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a shop may take to open, and to close.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which database a shop keeps its records in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Database {
    /// The embedded one.
    Sqlite,
    /// A private server, beside Redis.
    Postgres,
}

impl Database {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// What would stop the load.
const RATE_LIMITS: [&str; 7] = [
    "RATE_LIMIT_SIGN_IN",
    "RATE_LIMIT_REGISTRATION",
    "RATE_LIMIT_ORDERS",
    "RATE_LIMIT_SEARCH",
    "RATE_LIMIT_ANONYMOUS",
    "RATE_LIMIT_ADDRESS",
    "RATE_LIMIT_SIGNED_IN",
];

/// Where a shop is kept, and how it is configured.
pub struct Place {
    /// Which database it has.
    pub database: Database,
    binary: PathBuf,
    folder: PathBuf,
    settings: Vec<(&'static str, String)>,
}

impl Place {
    /// A place in a new folder below `parent`, with an empty database.
    pub fn new(database: Database, parent: &Path) -> io::Result<Self> {
        Self::named(database, parent, "bench", Path::new("target/release/emporion"))
    }

    /// A place for the shop in `binary`, in a new folder below `parent` and with an empty database of this name.
    pub fn named(database: Database, parent: &Path, name: &str, binary: &Path) -> io::Result<Self> {
        let folder = parent.join(format!("{name}-{}", database.name().to_lowercase()));
        std::fs::create_dir(&folder)?;
        let folder = std::fs::canonicalize(folder)?;
        let site = std::fs::canonicalize("target/site").or_else(|_| {
            let site = folder.join("site");
            std::fs::create_dir(&site).map(|()| site)
        })?;
        let mut settings = vec![
            ("ADDR", "127.0.0.1:0".to_owned()),
            ("DATA_DIR", folder.join("data").display().to_string()),
            ("SITE_ROOT", site.display().to_string()),
            // The load comes from one network.
            ("HOLDS_PER_CLIENT", "1000000".to_owned()),
        ];
        settings.extend(RATE_LIMITS.map(|name| (name, "10000000/1s".to_owned())));
        if database == Database::Postgres {
            let server = variable("TEST_DATABASE_URL")?;
            let created =
                Command::new("psql").args(["-q", &server, "-c", &format!("CREATE DATABASE {name}")]).status()?;
            if !created.success() {
                return Err(io::Error::other("psql could not create a database"));
            }
            let (server, _) = server.rsplit_once('/').unwrap_or((&server, ""));
            settings.push(("DATABASE_URL", format!("{server}/{name}")));
            settings.push(("REDIS_URL", variable("TEST_REDIS_URL")?));
        }
        Ok(Self { database, binary: std::fs::canonicalize(binary)?, folder, settings })
    }

    /// With one more setting.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.settings.push((name, value.to_owned()));
        self
    }

    /// Where its database is.
    pub fn database_url(&self) -> String {
        let named = self.settings.iter().find(|(name, _)| *name == "DATABASE_URL");
        named.map_or_else(|| format!("sqlite://{}/data/emporion.db", self.folder.display()), |(_, url)| url.clone())
    }

    /// Ends a private server of this shop or starts it again.
    pub fn service(&self, name: &str, action: &str) -> io::Result<()> {
        let done = Command::new(variable("TEST_SERVICES")?).args([name, action]).status()?;
        if done.success() { Ok(()) } else { Err(io::Error::other(format!("{name} did not {action}"))) }
    }

    /// Has `emporion` do something until it is done; gives how long that took.
    pub fn run(&self, arguments: &[&str]) -> io::Result<Duration> {
        let started = Instant::now();
        let done = self.command("info")?.args(arguments).status()?;
        if done.success() { Ok(started.elapsed()) } else { Err(self.failure(&format!("emporion {arguments:?}"))) }
    }

    /// Has `emporion` do something with what it reads from its standard input.
    pub fn tell(&self, arguments: &[&str], input: &str) -> io::Result<()> {
        let mut child = self.command("info")?.args(arguments).stdin(Stdio::piped()).spawn()?;
        child.stdin.take().ok_or_else(|| io::Error::other("no standard input"))?.write_all(input.as_bytes())?;
        if child.wait()?.success() { Ok(()) } else { Err(self.failure(&format!("emporion {arguments:?}"))) }
    }

    /// Opens the shop, which logs what `log` lets through into a file.
    pub fn open(&self, log: &str) -> io::Result<Shop> {
        let begun = self.log_text().len();
        let child = self.command(log)?.arg("serve").spawn()?;
        let mut shop = Shop { child, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let started = Instant::now();
        while started.elapsed() < PATIENCE && shop.child.try_wait()?.is_none() {
            let text = self.log_text();
            let open = text.get(begun..).and_then(|text| text.split_once("Emporion is open at http://"));
            if let Some(address) = open.and_then(|(_, behind)| behind.lines().next()?.trim().parse().ok()) {
                shop.address = address;
                return Ok(shop);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(self.failure("emporion serve"))
    }

    /// Ends the private PostgreSQL and starts it again.
    pub fn restart_database(&self) -> io::Result<()> {
        self.service("pg", "stop")?;
        self.service("pg", "start")
    }

    /// The folder of the private servers, if this shop uses them.
    pub fn services(&self) -> Option<PathBuf> {
        let control = variable("TEST_SERVICES").ok().filter(|_| self.database == Database::Postgres)?;
        Some(Path::new(&control).parent()?.to_owned())
    }

    /// `emporion` with these settings and no others, writing into the log; it ends with us.
    fn command(&self, log: &str) -> io::Result<Command> {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(&self.binary);
        let file = std::fs::File::options().create(true).append(true).open(self.log())?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).env_clear().env("LOG", log);
        for name in ["PATH", "HOME"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.envs(self.settings.iter().map(|(name, value)| (*name, value.as_str())));
        Ok(command)
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn log_text(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn failure(&self, what: &str) -> io::Error {
        let text = self.log_text();
        let lines: Vec<_> = text.lines().rev().take(40).collect();
        let last = lines.into_iter().rev().collect::<Vec<_>>().join("\n");
        io::Error::other(format!("{what} failed:\n{last}"))
    }
}

fn variable(name: &str) -> io::Result<String> {
    std::env::var(name).map_err(|_| io::Error::other(format!("{name} is not set: run scripts/bench")))
}

/// A shop that is open; it closes with this.
pub struct Shop {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Shop {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Closes it in peace.
    pub fn close(mut self) -> io::Result<()> {
        Command::new("kill").args(["-TERM", &self.pid().to_string()]).status()?;
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(io::Error::other("the shop did not close"))
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
