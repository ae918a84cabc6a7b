//! Providers are read as documented, and what is wrong with one is named.

use crate::config::Config;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use std::ffi::OsString;
use std::path::Path;

fn parse(variables: &[(&str, &str)]) -> Result<Config, String> {
    let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Config::parse(variables, Path::new("/opt/emporion/emporion")).map_err(|error| error.to_string())
}

/// Name, label and scopes of each provider.
fn providers(variables: &[(&str, &str)]) -> Vec<(String, String, String)> {
    let providers = parse(variables).expect("valid").providers;
    providers.into_iter().map(|one| (one.name, one.label, one.scopes.join(" "))).collect()
}

fn owned(name: &str, label: &str, scopes: &str) -> (String, String, String) {
    (name.to_owned(), label.to_owned(), scopes.to_owned())
}

#[test]
fn several_providers_can_be_configured_at_once() {
    let all = providers(&[
        ("OIDC_GOOGLE_ISSUER", "https://accounts.google.com"),
        ("OIDC_GOOGLE_CLIENT_ID", "shop"),
        ("OIDC_GOOGLE_CLIENT_SECRET", "hunter2"),
        ("OIDC_MY_COMPANY_ISSUER", "http://localhost:8080/realms/shop"),
        ("OIDC_MY_COMPANY_CLIENT_ID", "shop"),
        ("OIDC_MY_COMPANY_CLIENT_SECRET", "hunter2"),
        ("OIDC_MY_COMPANY_LABEL", "the company"),
        ("OIDC_MY_COMPANY_SCOPES", "openid email,address"),
        ("OAUTH_GITHUB_CLIENT_ID", "shop"),
        ("OAUTH_GITHUB_CLIENT_SECRET", "hunter2"),
        ("OAUTH_FACEBOOK_CLIENT_ID", ""),
        // Somebody else's.
        ("OIDC_PROVIDER_SERVICE_HOST", "10.0.0.1"),
    ]);
    let expected = [
        owned("google", "Google", "email profile"),
        owned("my-company", "the company", "email address"),
        owned("github", "GitHub", "read:user user:email"),
    ];
    assert_eq!(all, expected);
    assert_eq!(providers(&[("OIDC_GOOGLE_ISSUER", "")]), []);
}

#[test]
fn what_is_wrong_is_named_without_giving_secrets_away() {
    let right = [
        ("OIDC_GOOGLE_ISSUER", "https://accounts.google.com"),
        ("OIDC_GOOGLE_CLIENT_ID", "shop"),
        ("OIDC_GOOGLE_CLIENT_SECRET", "hunter2hunter2"),
    ];
    for missing in 0..3 {
        let some: Vec<_> =
            right.iter().enumerate().filter(|(index, _)| *index != missing).map(|(_, one)| *one).collect();
        let refusal = parse(&some).expect_err("refused");
        assert!(refusal.starts_with(right[missing].0), "{refusal}");
        assert!(!refusal.contains("hunter2"), "{refusal}");
    }
    let addresses = [
        "accounts.google.com",
        "http://accounts.google.com",
        "https://me:hunter2@accounts.google.com",
        "https://accounts.google.com/?x=1",
        "https://accounts.google.com/#x",
        "http://localhost.example.com",
    ];
    for issuer in addresses {
        let refusal = parse(&[("OIDC_GOOGLE_ISSUER", issuer), right[1], right[2]]).expect_err("refused");
        assert!(refusal.starts_with("OIDC_GOOGLE_ISSUER"), "{issuer}: {refusal}");
        assert!(!refusal.contains("hunter2"), "{refusal}");
    }
    let long = "x".repeat(41);
    let refusal = parse(&[right[0], right[1], right[2], ("OIDC_GOOGLE_LABEL", &long)]).expect_err("refused");
    assert!(refusal.starts_with("OIDC_GOOGLE_LABEL"), "{refusal}");
    let config = parse(&right).expect("valid");
    assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
}

#[test]
fn apple_signs_with_a_key() {
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).expect("a key");
    let pem = format!("-----BEGIN PRIVATE KEY-----\\n{}\\n-----END PRIVATE KEY-----\\n", STANDARD.encode(key));
    let with = |key: &str| {
        parse(&[
            ("OIDC_APPLE_TEAM_ID", "TEAM"),
            ("OIDC_APPLE_KEY_ID", "KEY"),
            ("OIDC_APPLE_CLIENT_ID", "com.example.shop"),
            ("OIDC_APPLE_PRIVATE_KEY", key),
        ])
    };
    let apple = with(&pem).expect("valid").providers.remove(0);
    assert_eq!((apple.name.as_str(), apple.label.as_str()), ("apple", "Apple"));
    let refusal = with("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----").expect_err("refused");
    assert!(refusal.starts_with("OIDC_APPLE_PRIVATE_KEY") && !refusal.contains("AAAA"), "{refusal}");
}

#[test]
fn two_providers_have_two_names() {
    let refusal = parse(&[
        ("OIDC_GITHUB_ISSUER", "https://issuer.example"),
        ("OIDC_GITHUB_CLIENT_ID", "shop"),
        ("OIDC_GITHUB_CLIENT_SECRET", "hunter2"),
        ("OAUTH_GITHUB_CLIENT_ID", "shop"),
        ("OAUTH_GITHUB_CLIENT_SECRET", "hunter2"),
    ]);
    assert!(refusal.expect_err("refused").starts_with("OIDC_<NAME>_ISSUER"));
}
