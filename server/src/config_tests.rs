//! The environment is read as documented, and what is wrong is named without giving secrets away.

use super::*;

fn parse(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Config::parse(variables, Path::new("/opt/emporion/emporion"))
}

fn refusal(variables: &[(&str, &str)]) -> String {
    parse(variables).expect_err("refused").to_string()
}

#[test]
fn without_variables_everything_has_its_default() {
    let config = parse(&[]).expect("valid");
    assert_eq!(config.addr.to_string(), "127.0.0.1:3000");
    assert_eq!(config.public_url_at(config.addr), "http://127.0.0.1:3000");
    assert_eq!(config.database_url.reveal(), "sqlite:///opt/emporion/data/emporion.db");
    assert!(config.is_embedded());
    assert_eq!(config.site_root, Path::new("/opt/emporion/site"));
    assert_eq!(config.holds_per_client, 20);
    assert_eq!(config.order_retention_years, 10);
    assert_eq!(config.shutdown_within, Duration::from_secs(20));
    assert!(config.redis_url.is_none() && config.secret_key.is_none());
}

#[test]
fn each_limit_has_a_variable_of_its_own() {
    let defaults: Vec<_> =
        Limits::default().by_variable().map(|(name, limit)| (name, limit.most, limit.window.as_secs())).into();
    let expected = [
        ("RATE_LIMIT_SIGN_IN", 10, 900),
        ("RATE_LIMIT_REGISTRATION", 5, 3_600),
        ("RATE_LIMIT_ORDERS", 100, 900),
        ("RATE_LIMIT_SEARCH", 500, 900),
        ("RATE_LIMIT_ANONYMOUS", 500, 900),
        ("RATE_LIMIT_ADDRESS", 1_000, 900),
        ("RATE_LIMIT_SIGNED_IN", 2_000, 900),
    ];
    assert_eq!(defaults, expected);
    for (name, ..) in expected {
        let mut limits = parse(&[(name, "7/8s")]).expect("valid").rate_limits;
        let set: Vec<_> = limits.by_variable().into_iter().filter(|(_, limit)| limit.most == 7).collect();
        assert!(matches!(&set[..], [(set, _)] if *set == name), "{name}: {set:?}");
    }
}

#[test]
fn an_empty_variable_is_none() {
    let names = [
        "ADDR",
        "PUBLIC_URL",
        "DATABASE_URL",
        "DATABASE_READ_URL",
        "DATABASE_MAX_CONNECTIONS",
        "REDIS_URL",
        "AMQP_URL",
        "AMQP_EXCHANGE",
        "SMTP_URL",
        "MAIL_FROM",
        "DATA_DIR",
        "SITE_ROOT",
        "SECRET_KEY",
        "ENCRYPTION_KEYS",
        "HOLDS_PER_CLIENT",
        "ORDER_RETENTION_YEARS",
        "TRUSTED_PROXIES",
        "RATE_LIMIT_SIGN_IN",
        "RATE_LIMIT_REGISTRATION",
        "RATE_LIMIT_ORDERS",
        "RATE_LIMIT_SEARCH",
        "RATE_LIMIT_ANONYMOUS",
        "RATE_LIMIT_ADDRESS",
        "RATE_LIMIT_SIGNED_IN",
        "LOG",
        "SHUTDOWN_SECONDS",
    ];
    let config = parse(&names.map(|name| (name, ""))).expect("valid");
    assert_eq!(format!("{config:?}"), format!("{:?}", parse(&[]).expect("valid")));
}

#[test]
fn what_is_wrong_is_named() {
    let secret = "hunter2hunter2";
    let cases = [
        ("ADDR", "localhost"),
        ("ADDR", "127.0.0.1"),
        ("PUBLIC_URL", "shop.example.com"),
        ("PUBLIC_URL", "https://shop.example.com/path"),
        ("PUBLIC_URL", "https://me:hunter2hunter2@shop.example.com"),
        ("ENCRYPTION_KEYS", "2026:hunter2hunter2"),
        ("DATABASE_URL", "mysql://me:hunter2hunter2@host/db"),
        ("DATABASE_URL", "postgres://me:hunter2hunter2@host:port/db"),
        ("DATABASE_URL", "sqlite::memory:"),
        ("DATABASE_READ_URL", "postgres://me:hunter2hunter2@host/db"),
        ("DATABASE_MAX_CONNECTIONS", "0"),
        ("DATABASE_MAX_CONNECTIONS", "many"),
        ("REDIS_URL", "http://me:hunter2hunter2@host"),
        ("REDIS_URL", "redis://me:hunter2hunter2@host:port"),
        ("AMQP_URL", "http://me:hunter2hunter2@host"),
        ("AMQP_URL", "me:hunter2hunter2@host"),
        ("AMQP_EXCHANGE", "amq.topic"),
        ("AMQP_EXCHANGE", "two words"),
        ("SITE_ROOT", "/nowhere/at/all"),
        ("SECRET_KEY", "hunter2hunter2"),
        ("HOLDS_PER_CLIENT", "-1"),
        ("ORDER_RETENTION_YEARS", "0"),
        ("RATE_LIMIT_SIGN_IN", "10"),
        ("RATE_LIMIT_REGISTRATION", "0/1h"),
        ("RATE_LIMIT_ORDERS", "many"),
        ("RATE_LIMIT_SEARCH", "500/15d"),
        ("RATE_LIMIT_ANONYMOUS", "500/25h"),
        ("RATE_LIMIT_ADDRESS", "-1/1m"),
        ("RATE_LIMIT_SIGNED_IN", "2000/0s"),
        ("LOG", "server=loud"),
        ("SHUTDOWN_SECONDS", "601"),
    ];
    for (variable, value) in cases {
        let message = refusal(&[(variable, value)]);
        assert!(message.starts_with(&format!("{variable} ")), "{message}");
        assert!(message.ends_with('.') && !message.contains('\n'), "{message}");
        assert!(!message.contains(secret), "{message}");
    }
}

#[test]
fn half_a_gateway_is_none() {
    for (set, missing) in [
        ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"),
        ("STRIPE_WEBHOOK_SECRET", "STRIPE_SECRET_KEY"),
        ("PAYPAL_CLIENT_ID", "PAYPAL_CLIENT_SECRET"),
        ("PAYPAL_WEBHOOK_ID", "PAYPAL_CLIENT_ID"),
        ("PAYPAL_ENVIRONMENT", "PAYPAL_CLIENT_ID"),
        ("RAZORPAY_KEY_ID", "RAZORPAY_KEY_SECRET"),
        ("RAZORPAY_WEBHOOK_SECRET", "RAZORPAY_KEY_ID"),
    ] {
        let message = refusal(&[(set, "hunter2")]);
        assert!(message.starts_with(&format!("{missing} ")) && !message.contains("hunter2"), "{message}");
    }
    let paypal = ["PAYPAL_CLIENT_ID", "PAYPAL_CLIENT_SECRET", "PAYPAL_WEBHOOK_ID"].map(|name| (name, "hunter2hunter2"));
    let [id, secret, webhook] = paypal;
    let test = refusal(&[id, secret, webhook, ("PAYPAL_ENVIRONMENT", "test")]);
    assert_eq!(test, "PAYPAL_ENVIRONMENT must be live or sandbox.");
    let codes = |variables: &[(&str, &str)]| {
        let gateways = parse(variables).expect("valid").gateways.gateways().expect("a client");
        gateways.iter().map(|gateway| gateway.code()).collect::<Vec<_>>()
    };
    assert_eq!(codes(&[]), [""; 0]);
    assert_eq!(codes(&paypal), ["paypal"]);
    let razorpay = ["RAZORPAY_KEY_ID", "RAZORPAY_KEY_SECRET", "RAZORPAY_WEBHOOK_SECRET"].map(|name| (name, "x"));
    let stripe = ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"].map(|name| (name, "x"));
    assert_eq!(codes(&[&razorpay[..], &stripe[..]].concat()), ["stripe", "razorpay"]);
}

#[test]
fn nobody_pays_with_nothing_where_real_orders_are_expected() {
    let offered = |variables: &[(&str, &str)]| parse(variables).expect("valid").test_gateway;
    let stripe = ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"].map(|name| (name, "x"));
    assert!(offered(&[]));
    assert!(!offered(&stripe));
    assert!(!offered(&[("DATABASE_URL", "sqlite:///var/lib/shop.db")]));
    assert!(!offered(&[("DATABASE_URL", "postgres://db.example.com/shop")]));
    assert!(!offered(&[("TEST_GATEWAY", "off")]));
    assert!(offered(&[&stripe[..], &[("TEST_GATEWAY", "on")]].concat()));
    assert!(refusal(&[("TEST_GATEWAY", "perhaps")]).starts_with("TEST_GATEWAY must be on or off"));
}

#[test]
fn mails_need_a_sender() {
    let url = ("SMTP_URL", "smtp://me:hunter2hunter2@mail.example.com");
    assert!(refusal(&[url]).starts_with("MAIL_FROM must be set"));
    assert!(refusal(&[url, ("MAIL_FROM", "nobody")]).starts_with("MAIL_FROM must be an e-mail address"));
    let sender = ("MAIL_FROM", "Emporion <shop@example.com>");
    let config = parse(&[url, sender]).expect("valid");
    assert!(config.mailer().expect("valid").is_some());
    let message = refusal(&[("SMTP_URL", "http://me:hunter2hunter2@mail"), sender]);
    assert!(message.starts_with("SMTP_URL ") && !message.contains("hunter2"), "{message}");
}

#[test]
fn secrets_are_not_printed() {
    let config = parse(&[
        ("DATABASE_URL", "postgres://me:hunter2@host/db"),
        ("REDIS_URL", "redis://me:hunter2@host"),
        ("AMQP_URL", "amqp://me:hunter2@host"),
        ("SECRET_KEY", &"hunter2".repeat(5)),
        ("STRIPE_SECRET_KEY", "hunter2"),
        ("STRIPE_WEBHOOK_SECRET", "hunter2"),
    ]);
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn the_public_address_follows_from_where_it_listens() {
    let at = |public: &str, bound: &str| {
        parse(&[("PUBLIC_URL", public)]).expect("valid").public_url_at(bound.parse().expect("an address"))
    };
    assert_eq!(at("", "127.0.0.1:41234"), "http://127.0.0.1:41234");
    assert_eq!(at("", "0.0.0.0:80"), "http://127.0.0.1:80");
    assert_eq!(at("", "[::]:80"), "http://[::1]:80");
    assert_eq!(at("https://Shop.Example.com:443/", "0.0.0.0:80"), "https://shop.example.com");
}

#[test]
fn a_folder_with_marks_of_addresses_in_its_name_is_one() {
    let config = parse(&[("DATA_DIR", "/tmp/100% mine?")]).expect("valid");
    assert_eq!(config.database_url.reveal(), "sqlite:///tmp/100%25 mine%3F/emporion.db");
}

#[test]
fn a_binary_in_target_uses_the_workspace() {
    let root = tempfile::tempdir().expect("a folder");
    std::fs::write(root.path().join("Cargo.toml"), "").expect("a file");
    let binary = root.path().join("target/release/emporion");
    let config = Config::parse([], &binary).expect("valid");
    assert_eq!(config.data_dir, root.path().join("data"));
    assert_eq!(config.site_root, root.path().join("target/site"));
    // The same binary installed elsewhere keeps to its own folder.
    std::fs::remove_file(root.path().join("Cargo.toml")).expect("removed");
    let config = Config::parse([], &binary).expect("valid");
    assert_eq!(config.data_dir, root.path().join("target/release/data"));
    assert_eq!(config.site_root, root.path().join("target/release/site"));
}

#[test]
fn proxies_are_networks_or_addresses() {
    let proxies = |text| parse(&[("TRUSTED_PROXIES", text)]).map(|config| config.trusted_proxies.len());
    assert_eq!(proxies("10.0.0.0/8, 192.0.2.1,fd00::/8"), Ok(3));
    assert_eq!(proxies(""), Ok(0));
    assert!(refusal(&[("TRUSTED_PROXIES", "localhost")]).starts_with("TRUSTED_PROXIES must be networks"));
}
