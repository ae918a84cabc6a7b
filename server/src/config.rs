//! What the environment says, read once at the start.

use crate::carriers::{self, CarrierSettings};
use crate::gateways::{self, GatewaySettings};
use crate::limits::{EXPECTED, Limits};
use crate::oidc::{self, ProviderSettings};
use crate::workers::rabbit::Rabbit;
use commerce::notifications::Smtp;
use commerce::sealed::Keyring;
use ipnet::IpNet;
use lapin::uri::AMQPUri;
use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;
use tracing_subscriber::EnvFilter;
use url::Url;

/// The fewest bytes a secret may have.
const SECRET_BYTES: usize = 32;

/// A text that must not be seen in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// How Emporion is to run. Each field is an environment variable; one that is
/// not set, or empty, has the default that is named here.
#[derive(Clone, Debug)]
pub struct Config {
    /// `ADDR`: the address and port to listen on; 127.0.0.1:3000. Port 0 takes any free one.
    pub addr: SocketAddr,
    /// `PUBLIC_URL`: the address by which people reach the shop; `http://` and `ADDR`.
    /// Behind a proxy that speaks HTTPS it begins with `https://`.
    pub public_url: Option<String>,
    /// `DATABASE_URL`: `sqlite://PATH` or `postgres://…`; `emporion.db` in `DATA_DIR`.
    pub database_url: Secret,
    /// `DATABASE_READ_URL`: a replica of the PostgreSQL database to read from; none.
    pub database_read_url: Option<Secret>,
    /// `DATABASE_MAX_CONNECTIONS`: the most connections of each pool, 1 to 1000; 16.
    pub database_max_connections: u32,
    /// `REDIS_URL`: `redis://…` or `rediss://…`, kept in front of the database for guests; none.
    pub redis_url: Option<Secret>,
    /// `AMQP_URL`: `amqp://…` or `amqps://…`, the RabbitMQ server that every event is published to; none.
    pub amqp_url: Option<Secret>,
    /// `AMQP_EXCHANGE`: the durable topic exchange that events go to; `emporion.events`.
    pub amqp_exchange: String,
    /// `SMTP_URL`: `smtp://…` or `smtps://…` that mails are sent through; none, they stay in the mailbox.
    pub smtp_url: Option<Secret>,
    /// `MAIL_FROM`: the sender of mails, needed with `SMTP_URL`.
    pub mail_from: Option<String>,
    /// `DATA_DIR`: where the embedded database, files and the secret are kept; `data` in the
    /// workspace for a binary in `target/`, else beside the binary.
    pub data_dir: PathBuf,
    /// `SITE_ROOT`: the folder of the site's files; `site` beside the binary, else `target/site`.
    pub site_root: PathBuf,
    /// `SECRET_KEY`: what links and refresh tokens are signed with, and the keys of access tokens sealed;
    /// at least 32 characters, the same on every replica; generated once into `secret.key` in `DATA_DIR`.
    pub secret_key: Option<Secret>,
    /// `ENCRYPTION_KEYS`: `name:key` with commas between, each key 32 random bytes in base 64, what sensitive columns
    /// are encrypted with; the first is current, the others open what they closed. Without it one follows from `SECRET_KEY`.
    pub encryption_keys: Option<Secret>,
    /// `OIDC_<NAME>_…`, `OAUTH_GITHUB_…`, `OAUTH_FACEBOOK_…`: where else people can sign in; nowhere. See
    /// [`crate::oidc`] for each of them.
    pub providers: Vec<ProviderSettings>,
    /// `DHL_…`, `FEDEX_…`, `BLUEDART_…`: who makes labels and tells how far parcels have come; nobody. See
    /// [`crate::carriers`] for each of them.
    pub carriers: CarrierSettings,
    /// `TRUSTED_PROXIES`: networks, with commas between, whose `X-Forwarded-For` tells where a request comes from; none.
    pub trusted_proxies: Vec<IpNet>,
    /// `HOLDS_PER_CLIENT`: how many carts of one network address may hold stock at a time; 20.
    pub holds_per_client: u32,
    /// `ORDER_RETENTION_YEARS`: how many years after that of an order its names and addresses are kept, as the law on
    /// bookkeeping asks for; 10.
    pub order_retention_years: u32,
    /// How many requests of a client are answered in a time, each as in `10/15m` with s, m or h:
    /// `RATE_LIMIT_SIGN_IN` (10/15m), what proves who somebody is; `RATE_LIMIT_REGISTRATION` (5/1h);
    /// `RATE_LIMIT_ORDERS` (100/15m); `RATE_LIMIT_SEARCH` (500/15m); of all others that are counted,
    /// `RATE_LIMIT_ANONYMOUS` (500/15m) for a guest, `RATE_LIMIT_ADDRESS` (1000/15m) for the guests of
    /// an address together, and `RATE_LIMIT_SIGNED_IN` (2000/15m) for an account.
    pub rate_limits: Limits,
    /// `STRIPE_…`, `PAYPAL_…`, `RAZORPAY_…`: where orders can be paid; nowhere of these. See [`crate::gateways`] for each
    /// of them.
    pub gateways: GatewaySettings,
    /// `TEST_GATEWAY`: whether orders can be paid at a gateway that moves no money, on or off; on where neither a database
    /// nor another gateway is configured, else off.
    pub test_gateway: bool,
    /// `LOG`: what is logged, as a level or as directives of `tracing`; info.
    pub log: String,
    /// `SHUTDOWN_SECONDS`: how long requests may take to finish at the end, 0 to 600; 20.
    pub shutdown_within: Duration,
}

/// What is wrong with a variable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {problem}.")]
pub struct ConfigError {
    /// The name of the variable.
    pub variable: Cow<'static, str>,
    /// What is wrong with it and what was expected; never its value where that is secret.
    pub problem: String,
}

impl ConfigError {
    pub(crate) fn new(variable: impl Into<Cow<'static, str>>, problem: impl Into<String>) -> Self {
        Self { variable: variable.into(), problem: problem.into() }
    }
}

impl Config {
    /// Reads the environment of the process.
    ///
    /// # Errors
    /// [`ConfigError`] for the first variable that is wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        let executable = std::env::current_exe().and_then(|path| path.canonicalize()).unwrap_or_default();
        Self::parse(std::env::vars_os(), &executable)
    }

    /// Reads these variables, for a binary at this place.
    ///
    /// # Errors
    /// [`ConfigError`] for the first variable that is wrong.
    pub fn parse(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        executable: &Path,
    ) -> Result<Self, ConfigError> {
        let variables = Variables(variables.into_iter().collect());
        let addr = variables.parsed("ADDR", "must be an IP address and a port, such as 127.0.0.1:3000")?;
        let places = Places::of(executable);
        let data_dir = variables.folder("DATA_DIR")?.unwrap_or(places.data);
        let site_root = match variables.folder("SITE_ROOT")? {
            Some(folder) if folder.is_dir() => folder,
            Some(folder) => {
                return Err(ConfigError::new("SITE_ROOT", format!("is {}, which is not a folder", folder.display())));
            }
            None => places.site,
        };
        let gateways = gateways::parse(&variables)?;
        let config = Self {
            addr: addr.unwrap_or(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 3000)),
            public_url: variables.text("PUBLIC_URL")?.map(|text| public_url(&text)).transpose()?,
            database_url: database_url(&variables, &data_dir)?,
            database_read_url: variables.text("DATABASE_READ_URL")?.map(Secret),
            database_max_connections: variables.number("DATABASE_MAX_CONNECTIONS", 1, 1_000)?.unwrap_or(16),
            redis_url: redis_url(&variables)?,
            amqp_url: variables.text("AMQP_URL")?.map(Secret),
            amqp_exchange: amqp_exchange(&variables)?,
            smtp_url: variables.text("SMTP_URL")?.map(Secret),
            mail_from: variables.text("MAIL_FROM")?,
            secret_key: variables.text("SECRET_KEY")?.map(Secret),
            encryption_keys: variables.text("ENCRYPTION_KEYS")?.map(Secret),
            providers: oidc::parse(&variables)?,
            carriers: carriers::parse(&variables)?,
            trusted_proxies: trusted_proxies(&variables)?,
            holds_per_client: variables.number("HOLDS_PER_CLIENT", 1, 1_000_000)?.unwrap_or(20),
            order_retention_years: variables.number("ORDER_RETENTION_YEARS", 1, 100)?.unwrap_or(10),
            rate_limits: rate_limits(&variables)?,
            test_gateway: test_gateway(&variables, &gateways)?,
            gateways,
            log: variables.text("LOG")?.unwrap_or_else(|| "info".to_owned()),
            shutdown_within: Duration::from_secs(variables.number("SHUTDOWN_SECONDS", 0, 600)?.unwrap_or(20).into()),
            data_dir,
            site_root,
        };
        config.check()?;
        Ok(config)
    }

    /// Whether the database is a file of our own.
    pub fn is_embedded(&self) -> bool {
        self.database_url.reveal().starts_with("sqlite:")
    }

    /// Who sends mails, if anyone.
    ///
    /// # Errors
    /// [`ConfigError`] where the server or the sender is wrong.
    pub fn mailer(&self) -> Result<Option<Smtp>, ConfigError> {
        let Some(url) = &self.smtp_url else { return Ok(None) };
        let sender = self.mail_from.as_deref().ok_or_else(|| {
            ConfigError::new("MAIL_FROM", "must be set with SMTP_URL, to a sender such as Emporion <shop@example.com>")
        })?;
        // What the library says of an address may repeat its password.
        let wrong_url =
            || ConfigError::new("SMTP_URL", "must be the address of a mail server, such as smtps://user:password@host");
        if !["smtp://", "smtps://"].iter().any(|scheme| url.reveal().starts_with(scheme)) {
            return Err(wrong_url());
        }
        Smtp::new(url.reveal(), "shop@example.com").map_err(|_| wrong_url())?;
        let mailer = Smtp::new(url.reveal(), sender).map_err(|_| {
            ConfigError::new("MAIL_FROM", "must be an e-mail address, such as Emporion <shop@example.com>")
        })?;
        Ok(Some(mailer))
    }

    /// The RabbitMQ server that events are published to, if there is one.
    ///
    /// # Errors
    /// [`ConfigError`] where the address is none; nothing of it is repeated, as it holds a password.
    pub fn rabbit(&self) -> Result<Option<Rabbit>, ConfigError> {
        let Some(url) = &self.amqp_url else { return Ok(None) };
        let uri: Result<AMQPUri, String> = url.reveal().parse();
        let uri = uri.map_err(|_| {
            ConfigError::new(
                "AMQP_URL",
                "must be the address of a RabbitMQ server, such as amqp://user:password@host:5672/%2f, or amqps://…",
            )
        })?;
        Ok(Some(Rabbit::new(uri, self.amqp_exchange.clone())))
    }

    /// What sensitive columns are encrypted with, for a shop with this secret.
    ///
    /// # Errors
    /// [`ConfigError`] where the list is none; nothing of it is repeated.
    pub fn keyring(&self, secret: &[u8]) -> Result<Keyring, ConfigError> {
        let list = self.encryption_keys.as_ref().map_or("", |keys| keys.reveal());
        Keyring::parse(list, secret).map_err(|error| ConfigError::new("ENCRYPTION_KEYS", error.to_string()))
    }

    /// By which address people reach the shop that listens at `bound`, without a slash at the end.
    pub fn public_url_at(&self, bound: SocketAddr) -> String {
        let host = match bound.ip() {
            // Nobody can go to "every address".
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        self.public_url.clone().unwrap_or_else(|| format!("http://{}", SocketAddr::new(host, bound.port())))
    }

    /// What concerns more than one variable, or is only tried.
    fn check(&self) -> Result<(), ConfigError> {
        if let Some(read) = &self.database_read_url
            && (self.is_embedded() || !is_postgres(read.reveal()))
        {
            return Err(ConfigError::new(
                "DATABASE_READ_URL",
                "must be a postgres:// address, and is only of use with a DATABASE_URL that is one",
            ));
        }
        if self.secret_key.as_ref().is_some_and(|secret| secret.reveal().len() < SECRET_BYTES) {
            return Err(ConfigError::new("SECRET_KEY", format!("must have at least {SECRET_BYTES} characters")));
        }
        self.keyring(&[])?;
        if EnvFilter::builder().parse(&self.log).is_err() {
            return Err(ConfigError::new(
                "LOG",
                "must be a level, such as info, or directives, such as server=debug,warn",
            ));
        }
        self.rabbit()?;
        self.mailer().map(|_| ())
    }
}

/// The environment, in which an empty variable is none.
pub(crate) struct Variables(HashMap<OsString, OsString>);

impl Variables {
    /// The names of all that are set, where they are text.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().filter_map(|name| name.to_str())
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, ConfigError> {
        let Some(value) = self.0.get(&OsString::from(name)) else { return Ok(None) };
        let value = value.to_str().ok_or_else(|| ConfigError::new(name.to_owned(), "must be UTF-8"))?.trim();
        Ok((!value.is_empty()).then(|| value.to_owned()))
    }

    fn parsed<T: FromStr>(&self, name: &'static str, problem: &str) -> Result<Option<T>, ConfigError> {
        self.text(name)?.map(|text| text.parse().map_err(|_| ConfigError::new(name, problem))).transpose()
    }

    fn number(&self, name: &'static str, least: u32, most: u32) -> Result<Option<u32>, ConfigError> {
        let problem = format!("must be a whole number from {least} to {most}");
        match self.parsed(name, &problem)? {
            Some(number) if !(least..=most).contains(&number) => Err(ConfigError::new(name, problem)),
            number => Ok(number),
        }
    }

    /// A folder may have a name that is not UTF-8; a relative one is taken from the working folder.
    fn folder(&self, name: &'static str) -> Result<Option<PathBuf>, ConfigError> {
        let value = self.0.get(&OsString::from(name)).filter(|value| !value.is_empty());
        let absolute = |value| std::path::absolute(value).map_err(|_| ConfigError::new(name, "must be a folder"));
        value.map(absolute).transpose()
    }
}

fn public_url(text: &str) -> Result<String, ConfigError> {
    let problem = "must be an address without a path, such as https://shop.example.com";
    let url = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    });
    let url = url.ok_or_else(|| ConfigError::new("PUBLIC_URL", problem))?;
    Ok(url.origin().ascii_serialization())
}

fn is_postgres(url: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) && Url::parse(url).is_ok()
}

fn database_url(variables: &Variables, data_dir: &Path) -> Result<Secret, ConfigError> {
    const NAME: &str = "DATABASE_URL";
    let Some(url) = variables.text(NAME)? else {
        let path = data_dir.join("emporion.db");
        let path = path.to_str().ok_or_else(|| ConfigError::new("DATA_DIR", "must be UTF-8"))?;
        // These mean something in an address.
        let path = path.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
        return Ok(Secret(format!("sqlite://{path}")));
    };
    if url.starts_with("sqlite:") {
        if url.contains(":memory:") || url.contains("mode=memory") {
            return Err(ConfigError::new(NAME, "must be a file: a database in memory has one connection only"));
        }
    } else if !is_postgres(&url) {
        return Err(ConfigError::new(NAME, "must begin with sqlite:// or postgres:// and be an address"));
    }
    Ok(Secret(url))
}

fn test_gateway(variables: &Variables, gateways: &GatewaySettings) -> Result<bool, ConfigError> {
    match variables.text("TEST_GATEWAY")?.as_deref() {
        Some("on") => Ok(true),
        Some("off") => Ok(false),
        Some(_) => Err(ConfigError::new("TEST_GATEWAY", "must be on or off")),
        // Where real orders are expected nobody is to pay with nothing.
        None => Ok(gateways.is_empty() && variables.text("DATABASE_URL")?.is_none()),
    }
}

fn redis_url(variables: &Variables) -> Result<Option<Secret>, ConfigError> {
    let Some(url) = variables.text("REDIS_URL")? else { return Ok(None) };
    let known = ["redis", "rediss", "redis-cluster", "rediss-cluster", "redis-sentinel", "valkey", "valkeys"];
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    if !scheme.is_some_and(|scheme| known.contains(&scheme)) || fred::types::config::Config::from_url(&url).is_err() {
        return Err(ConfigError::new(
            "REDIS_URL",
            "must be the address of a Redis server, such as redis://127.0.0.1:6379",
        ));
    }
    Ok(Some(Secret(url)))
}

fn amqp_exchange(variables: &Variables) -> Result<String, ConfigError> {
    const NAME: &str = "AMQP_EXCHANGE";
    let name = variables.text(NAME)?.unwrap_or_else(|| "emporion.events".to_owned());
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
    // These belong to the broker.
    if !plain || name.len() > 127 || name.starts_with("amq.") {
        return Err(ConfigError::new(
            NAME,
            "must be 1 to 127 letters, digits, hyphens, underscores, dots and colons, and not begin with amq.",
        ));
    }
    Ok(name)
}

/// Networks in CIDR notation, or single addresses.
fn trusted_proxies(variables: &Variables) -> Result<Vec<IpNet>, ConfigError> {
    const NAME: &str = "TRUSTED_PROXIES";
    let network = |text: &str| {
        let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map_err(|_| ConfigError::new(NAME, "must be networks or addresses, such as 10.0.0.0/8, 192.0.2.1"))
    };
    let text = variables.text(NAME)?.unwrap_or_default();
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(network).collect()
}

fn rate_limits(variables: &Variables) -> Result<Limits, ConfigError> {
    let mut limits = Limits::default();
    for (name, limit) in limits.by_variable() {
        *limit = variables.parsed(name, EXPECTED)?.unwrap_or(*limit);
    }
    Ok(limits)
}

/// Where things are unless the environment says otherwise.
struct Places {
    data: PathBuf,
    site: PathBuf,
}

impl Places {
    fn of(executable: &Path) -> Self {
        let beside = executable.parent().unwrap_or(Path::new("."));
        // target/release/emporion, or one deeper for tests and other targets.
        let target = beside
            .ancestors()
            .take(3)
            .find(|folder| folder.ends_with("target") && folder.with_file_name("Cargo.toml").exists());
        let site = beside.join("site");
        match target {
            Some(target) => Self {
                data: target.with_file_name("data"),
                site: if site.is_dir() { site } else { target.join("site") },
            },
            None => Self { data: beside.join("data"), site },
        }
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
