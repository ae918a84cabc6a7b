//! Unsafe requests must come from the shop's own pages.

use crate::harness::{Kind, Server, an_action};
use hyper::Method;

#[tokio::test]
async fn only_our_own_pages_may_change_something() {
    let server = Server::start(Kind::Sqlite).await;
    let own = server.origin();
    let cases: &[(&[(&str, &str)], bool)] = &[
        (&[("sec-fetch-site", "same-origin")], true),
        (&[("sec-fetch-site", "none")], true),
        (&[("sec-fetch-site", "same-site")], false),
        (&[("sec-fetch-site", "cross-site")], false),
        (&[("sec-fetch-site", "cross-site"), ("origin", &own)], false),
        (&[("origin", &own)], true),
        (&[("origin", "null")], false),
        (&[("origin", "https://evil.example.com")], false),
        (&[("origin", "https://evil.example.com"), ("cookie", "cart=x")], false),
        (&[], true),
        (&[("cookie", "cart=x")], true),
    ];
    for (headers, allowed) in cases {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let answer = server.send(method.clone(), an_action(), headers, "").await;
            assert_eq!(answer.status != 403, *allowed, "{method} {headers:?}: {}", answer.status);
        }
        let answer = server.get_with("/api/health/live", headers).await;
        assert_eq!(answer.status, 200, "reading is allowed: {headers:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn people_and_programs_are_told_in_their_own_way() {
    let server = Server::start(Kind::Sqlite).await;
    let cross_site = ("sec-fetch-site", "cross-site");
    let page = server.send(Method::POST, an_action(), &[cross_site, ("accept", "text/html")], "").await;
    assert_eq!(page.status, 403);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.text().contains("<h1") && page.text().contains("href=\"/\""), "{}", page.text());
    server.send(Method::POST, an_action(), &[cross_site], "").await.assert_problem(403, "cross-origin");
    server.stop().await;
}
