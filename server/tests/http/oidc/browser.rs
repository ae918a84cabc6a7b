//! A browser: it keeps cookies, and follows nothing by itself.

use super::issuer::{Issuer, asked};
use crate::harness::{Answer, Kind, Place, Server};
use hyper::Method;
use std::collections::BTreeMap;
use url::Url;
use url::form_urlencoded::Serializer;

pub const FORM: &str = "application/x-www-form-urlencoded";

/// A shop that knows these issuers.
pub async fn shop(kind: Kind, issuers: &[(&str, &Issuer)]) -> Server {
    let variables = issuers.iter().flat_map(|(name, issuer)| issuer.variables(name)).collect::<Vec<_>>();
    shop_with(kind, &variables).await
}

/// A shop with these variables.
pub async fn shop_with(kind: Kind, variables: &[(String, String)]) -> Server {
    let mut place = Place::new(kind).await;
    for (name, value) in variables {
        place = place.with(name, value);
    }
    Server::start_at(place).await
}

#[derive(Clone)]
pub struct Browser<'a> {
    server: &'a Server,
    pub cookies: BTreeMap<String, String>,
}

impl<'a> Browser<'a> {
    pub fn new(server: &'a Server) -> Self {
        Self { server, cookies: BTreeMap::new() }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[("accept", "text/html")], "").await
    }

    /// Sends a form of the shop's own pages.
    pub async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = Serializer::new(String::new()).extend_pairs(fields).finish();
        let headers = [("accept", "text/html"), ("content-type", FORM), ("sec-fetch-site", "same-origin")];
        self.send(Method::POST, path, &headers, &form).await
    }

    pub async fn send(&mut self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let mut headers = headers.to_vec();
        if !cookies.is_empty() {
            headers.push(("cookie", &cookies));
        }
        let answer = self.server.send(method, path, &headers, body.to_owned()).await;
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().expect("ASCII");
            let (name, rest) = cookie.split_once('=').expect("a name");
            let value = rest.split(';').next().unwrap_or_default();
            if cookie.contains("Max-Age=0") || value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Leaves for a provider; gives where to.
    pub async fn leave(&mut self, path: &str) -> Url {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        answer.header("location").parse().expect("an address elsewhere")
    }

    /// Comes back to a path with an answer.
    pub async fn come_back(&mut self, name: &str, answer: &[(&str, &str)]) -> Answer {
        let query = Serializer::new(String::new()).extend_pairs(answer).finish();
        self.get(&format!("/auth/oidc/{name}/callback?{query}")).await
    }

    /// Signs in at an issuer; gives the answer of the shop.
    pub async fn sign_in(&mut self, issuer: &Issuer, name: &str) -> Answer {
        let address = self.leave(&format!("/auth/oidc/{name}")).await;
        let (code, state) = (issuer.sign_in(&address), asked(&address, "state").expect("a state"));
        self.come_back(name, &[("code", &code), ("state", &state)]).await
    }

    pub fn session(&self) -> Option<&String> {
        self.cookies.get("session")
    }

    /// The address of whoever is signed in.
    pub async fn email(&mut self) -> Option<String> {
        let answer = self.get("/account/profile").await;
        if answer.status != 200 {
            return None;
        }
        let (_, rest) = answer.text().split_once("E-mail address</h2><p>").expect("an address");
        Some(rest.split('<').next().expect("text").to_owned())
    }
}
