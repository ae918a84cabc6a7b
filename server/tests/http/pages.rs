//! How pages are sent.

use crate::fixture::{PRODUCT, fill};
use crate::harness::{Kind, Server, databases};
use hyper::Method;
use std::io::Read;

#[tokio::test]
async fn a_page_is_whole_and_the_same_for_everybody() {
    for kind in databases() {
        let server = Server::start(kind).await;
        fill(&server.shop).await;
        for path in ["/", PRODUCT] {
            let first = server.get(path).await;
            assert_eq!(first.status, 200, "{kind:?} {path}");
            assert_eq!(first.header("content-type"), "text/html; charset=utf-8");
            assert_eq!(first.header("cache-control"), "private, no-cache");
            let page = first.text();
            assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"), "{page}");
            assert!(page.contains("<title>") && page.contains("/pkg/emporion.css"), "{page}");
            for script in page.split("<script").skip(1) {
                assert!(script.starts_with(" type=\"module\" src=\"/islands-"), "no inline script: {script}");
            }
            assert!(!page.contains(" style=\""), "no inline style");
            assert_eq!(page.contains("<leptos-island"), page.contains("/islands-"), "{path}");
            assert_eq!(server.get(path).await.body, first.body, "{path}");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn a_browser_that_has_a_page_needs_no_copy() {
    let server = Server::start(Kind::Sqlite).await;
    fill(&server.shop).await;
    let plain = server.get("/").await;
    let tag = plain.header("etag");
    assert!(tag.starts_with('"') && tag.ends_with('"'), "a strong tag: {tag}");
    for known in [tag, &format!("\"x\", {tag}"), &format!("W/{tag}"), "*"] {
        let again = server.get_with("/", &[("if-none-match", known)]).await;
        assert_eq!((again.status.as_u16(), again.body.len(), again.header("etag")), (304, 0, tag), "{known}");
    }
    assert_eq!(server.get_with("/", &[("if-none-match", "\"x\"")]).await.status, 200);
    let head = server.send(Method::HEAD, "/", &[], "").await;
    assert_eq!((head.status.as_u16(), head.body.len(), head.header("etag")), (200, 0, tag));
    assert_eq!(head.header("content-length"), plain.body.len().to_string());
    server.stop().await;
}

#[tokio::test]
async fn each_form_of_a_page_has_a_tag_of_its_own() {
    let server = Server::start(Kind::Sqlite).await;
    fill(&server.shop).await;
    let plain = server.get("/").await;
    if plain.body.len() < 1_200 {
        return server.stop().await;
    }
    let gzip = server.get_with("/", &[("accept-encoding", "gzip")]).await;
    let brotli = server.get_with("/", &[("accept-encoding", "gzip, deflate, br, zstd")]).await;
    assert_eq!((gzip.header("content-encoding"), brotli.header("content-encoding")), ("gzip", "br"));
    assert_eq!(plain.header("content-encoding"), "");
    for answer in [&plain, &gzip, &brotli] {
        assert_eq!(answer.header("vary"), "accept-encoding");
    }
    let tags = [plain.header("etag"), gzip.header("etag"), brotli.header("etag")];
    assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2], "{tags:?}");
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&gzip.body[..]).read_to_end(&mut unpacked).expect("gzip");
    assert_eq!(unpacked, plain.body);
    let mut unpacked = Vec::new();
    brotli::Decompressor::new(&brotli.body[..], 4096).read_to_end(&mut unpacked).expect("Brotli");
    assert_eq!(unpacked, plain.body);
    server.stop().await;
}

#[tokio::test]
async fn somebodys_own_page_is_not_kept() {
    let server = Server::start(Kind::Sqlite).await;
    fill(&server.shop).await;
    let tag = server.get("/").await.header("etag").to_owned();
    let cookie = ("cookie", "cart=AAAAAAAAAAAAAAAAAAAAAA");
    for (path, headers) in [("/", &[cookie, ("if-none-match", &tag)][..]), ("/cart", &[]), ("/cart?x=1", &[])] {
        let answer = server.get_with(path, headers).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("cache-control"), "private, no-store", "{path}");
        assert_eq!(answer.header("etag"), "", "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_does_not_exist_is_said_in_a_page() {
    let server = Server::start(Kind::Sqlite).await;
    for path in ["/nowhere", "/nowhere/at/all", "/p", "/%FF", "/%00", "/a%2Fb", "/index.html"] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert!(answer.text().ends_with("</html>"), "{path}");
        assert_eq!(answer.header("etag"), "", "{path}");
    }
    let head = server.send(Method::HEAD, "/nowhere", &[], "").await;
    assert_eq!((head.status.as_u16(), head.body.len()), (404, 0));
    for path in ["/api", "/api/none", "/api/health/none"] {
        server.get(path).await.assert_problem(404, "not-found");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_slash_too_many_leads_to_the_page() {
    let server = Server::start(Kind::Sqlite).await;
    let answer = server.get("/p/linen-shirt/?v=1").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (308, "/p/linen-shirt?v=1"));
    for path in ["//evil.example.com/", "/\\evil.example.com/", "//"] {
        let answer = server.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (404, ""), "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn pages_take_no_posts() {
    let server = Server::start(Kind::Sqlite).await;
    server.send(Method::POST, "/cart", &[], "").await.assert_problem(405, "method-not-allowed");
    let page = server.send(Method::POST, "/", &[("accept", "text/html")], "").await;
    assert_eq!((page.status.as_u16(), page.header("allow")), (405, "GET,HEAD"));
    assert!(page.text().contains("<h1"));
    assert_eq!(server.send(Method::POST, "/nowhere", &[("accept", "text/html")], "").await.status, 404);
    server.stop().await;
}

#[tokio::test]
async fn the_loader_of_islands_can_be_had() {
    let server = Server::start(Kind::Sqlite).await;
    fill(&server.shop).await;
    let pages = [server.get("/").await, server.get(PRODUCT).await];
    let Some(page) = pages.iter().find(|page| page.text().contains("/islands-")) else {
        return server.stop().await;
    };
    let from = page.text().find("/islands-").expect("a loader");
    let path = page.text()[from..].split('"').next().expect("an address");
    let loader = server.get(path).await;
    assert_eq!(loader.status, 200);
    assert_eq!(loader.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(loader.header("cache-control"), "public, max-age=31536000, immutable");
    assert!(loader.text().contains("/pkg/emporion.js"));
    server.stop().await;
}
