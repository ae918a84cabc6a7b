//! The end of a server.

use crate::fixture::fill;
use crate::harness::{Kind, Server, an_action};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_request_that_has_begun_is_finished() {
    let server = Server::start(Kind::Sqlite).await;
    fill(&server.shop).await;
    let address = server.address;
    let mut under_way = TcpStream::connect(address).await.expect("connected");
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: {address}\r\naccept: text/html\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: 6\r\n\r\nname",
        an_action()
    );
    under_way.write_all(head.as_bytes()).await.expect("sent");
    let idle = TcpStream::connect(address).await.expect("connected");
    tokio::time::sleep(Duration::from_millis(200)).await;
    let started = Instant::now();
    let stopping = tokio::spawn(server.stop());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(TcpStream::connect(address).await.is_err(), "no new connections");
    under_way.write_all(b"=x").await.expect("sent");
    let mut answer = String::new();
    under_way.read_to_string(&mut answer).await.expect("answered");
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    stopping.await.expect("stops");
    assert!(started.elapsed() < Duration::from_secs(10), "it doesn't wait for idle connections");
    drop(idle);
}
