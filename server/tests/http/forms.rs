//! Forms that can't be read lead back to their page, never to an error of the browser's.

use crate::harness::{Answer, Kind, Server, an_action};
use hyper::Method;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn a_browser_is_sent_back_to_the_page_of_the_form() {
    let server = Server::start(Kind::Sqlite).await;
    let action = an_action();
    for form in ["name=%FF", "name=%00", "name=%zz", "name=%C3%28"] {
        server.submit(action, "/p/shirt?v=1", form).await.assert_sends_to("/p/shirt?v=1&refused=unreadable");
    }
    server
        .submit(action, "/cart?refused=short", &b"name=\xff\xfe"[..])
        .await
        .assert_sends_to("/cart?refused=unreadable");
    let two_megabytes = format!("name={}", "x".repeat(2 * 1024 * 1024));
    server.submit(action, "/p/shirt", two_megabytes).await.assert_sends_to("/p/shirt?refused=too-large");
    let little_more = format!("name={}", "x".repeat(64 * 1024));
    server.submit(action, "/p/shirt", little_more).await.assert_sends_to("/p/shirt?refused=too-large");
    let still_fits = format!("name={}", "x".repeat(64 * 1024 - 5));
    assert!(!server.submit(action, "/p/shirt", still_fits).await.header("location").contains("too-large"));
    server.stop().await;
}

#[tokio::test]
async fn a_form_of_another_type_is_refused() {
    let server = Server::start(Kind::Sqlite).await;
    let send = async |content_type: &str, accept: &str| {
        let headers = [("content-type", content_type), ("accept", accept)];
        server.send(Method::POST, an_action(), &headers, "name=x").await
    };
    for content_type in ["multipart/form-data; boundary=x", "text/plain", "application/json", ""] {
        send(content_type, "text/html").await.assert_sends_to("/cart?refused=unreadable");
        send(content_type, "application/json").await.assert_problem(415, "unsupported-media-type");
    }
    assert_eq!(send("application/x-www-form-urlencoded; charset=utf-8", "text/html").await.status, 303);
    server.stop().await;
}

#[tokio::test]
async fn programs_get_problem_documents() {
    let server = Server::start(Kind::Sqlite).await;
    let send = async |form: Vec<u8>| server.send(Method::POST, an_action(), &[("content-type", FORM)], form).await;
    send(b"name=%FF".to_vec()).await.assert_problem(400, "unreadable");
    send(b"name=%00".to_vec()).await.assert_problem(400, "unreadable");
    send(vec![b'x'; 2 * 1024 * 1024]).await.assert_problem(413, "too-large");
    server.stop().await;
}

#[tokio::test]
async fn nobody_is_sent_to_another_site() {
    let server = Server::start(Kind::Sqlite).await;
    let from = async |referrer: &str| -> Answer {
        let headers = [("content-type", FORM), ("accept", "text/html"), ("referer", referrer)];
        server.send(Method::POST, an_action(), &headers, "name=%FF").await
    };
    let own = server.origin();
    from(&format!("{own}/p/shirt")).await.assert_sends_to("/p/shirt?refused=unreadable");
    for other in [
        "https://evil.example.com/p/shirt",
        &format!("{own}//evil.example.com/"),
        &format!("{own}{}", an_action()),
        "not an address",
        "",
    ] {
        from(other).await.assert_sends_to("/cart?refused=unreadable");
    }
    server.stop().await;
}

#[tokio::test]
async fn fields_of_a_wrong_shape_are_no_error() {
    let server = Server::start(Kind::Sqlite).await;
    let mut actions: Vec<_> = leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path).collect();
    actions.sort_unstable();
    for action in actions {
        for form in [
            "",
            "quantity=1&quantity=2",
            "quantity[a]=1",
            "quantity[a][b][c][d][e][f][g]=1",
            "=",
            "&&&",
            "[]=1",
            "product[]=x",
            "variation=x&variation[y]=z",
            "quantity='%3B+DROP+TABLE+carts",
            "name=%3Cscript%3E",
        ] {
            let answer = server.submit(action, "/cart", form).await;
            assert_eq!(answer.status, 303, "{action} with {form}: {}", answer.text());
            assert!(answer.header("location").starts_with('/'), "{action} with {form}: {}", answer.header("location"));
            assert!(!answer.header("location").contains("__err"), "{action} with {form}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_large_form_without_a_length_is_answered_too() {
    let server = Server::start(Kind::Sqlite).await;
    let mut connection = tokio::net::TcpStream::connect(server.address).await.expect("connected");
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: {}\r\naccept: text/html\r\ncontent-type: {FORM}\r\n\
         transfer-encoding: chunked\r\nconnection: close\r\n\r\n",
        an_action(),
        server.address
    );
    connection.write_all(head.as_bytes()).await.expect("sent");
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    for _ in 0..32 {
        connection.write_all(chunk.as_bytes()).await.expect("sent");
    }
    connection.write_all(b"0\r\n\r\n").await.expect("sent");
    let mut answer = String::new();
    let read = tokio::time::timeout(Duration::from_secs(10), connection.read_to_string(&mut answer));
    read.await.expect("in time").expect("not reset");
    assert!(answer.starts_with("HTTP/1.1 303") && answer.contains("refused=too-large"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn who_opens_the_address_of_an_action_gets_to_a_page() {
    let server = Server::start(Kind::Sqlite).await;
    server.get(an_action()).await.assert_sends_to("/cart");
    server.stop().await;
}
