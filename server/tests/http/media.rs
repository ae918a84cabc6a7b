//! Pictures and files.

use crate::fixture::fill;
use crate::harness::{Kind, Server};
use hyper::Method;

#[tokio::test]
async fn pictures_are_served_for_ever() {
    let server = Server::start(Kind::Sqlite).await;
    let id = fill(&server.shop).await.picture;
    for (file, content_type, magic) in
        [("160.webp", "image/webp", &b"RIFF"[..]), ("160.jpg", "image/jpeg", b"\xff\xd8")]
    {
        let path = format!("/media/{id}/{file}");
        let answer = server.get(&path).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), content_type);
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(answer.header("cross-origin-resource-policy"), "cross-origin");
        assert!(answer.body.starts_with(magic));
        let again = server.get_with(&path, &[("if-none-match", answer.header("etag"))]).await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
        let head = server.send(Method::HEAD, &path, &[], "").await;
        assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
        assert_eq!(head.header("content-length"), answer.body.len().to_string());
    }
    server.stop().await;
}

#[tokio::test]
async fn there_is_nothing_else_to_be_had() {
    let server = Server::start(Kind::Sqlite).await;
    let id = fill(&server.shop).await.picture;
    std::fs::write(server.place.folder.path().join("data/files/media/secret.jpg"), "secret").expect("a file");
    for path in [
        format!("/media/{id}/161.webp"),
        format!("/media/{id}/160.png"),
        format!("/media/{id}/0160.webp"),
        format!("/media/{id}/160.webp.jpg"),
        format!("/media/{id}/"),
        format!("/media/{id}"),
        format!("/media/{}/160.webp", id.to_string().to_uppercase()),
        "/media/0193d2a1-7c9e-7000-8000-0123456789ab/160.webp".to_owned(),
        "/media/x/160.webp".to_owned(),
        "/media/secret.jpg".to_owned(),
        "/media/..%2F..%2Fsecret.key/160.webp".to_owned(),
        "/media/../../secret.key".to_owned(),
        format!("/media/{id}/..%2F..%2F..%2Fsecret.key"),
        format!("/media/{id}/%00.webp"),
        format!("/media/{id}/%FF.webp"),
        "/pkg/../../data/secret.key".to_owned(),
        "/pkg/%2e%2e/%2e%2e/data/secret.key".to_owned(),
        "/..%2Fdata/secret.key".to_owned(),
        "/%2e%2e/data/secret.key".to_owned(),
        "/pkg".to_owned(),
    ] {
        let answer = server.get(&path).await;
        assert!(matches!(answer.status.as_u16(), 308 | 400 | 404), "{path}: {}", answer.status);
        assert!(!answer.header("cache-control").contains("immutable"), "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn files_of_the_site_say_how_long_they_last() {
    let server = Server::start(Kind::Sqlite).await;
    let robots = server.get("/robots.txt").await;
    assert_eq!(robots.header("content-type"), "text/plain");
    assert_eq!(robots.header("cache-control"), "public, max-age=86400");
    let modified = robots.header("last-modified");
    assert_eq!(server.get_with("/robots.txt", &[("if-modified-since", modified)]).await.status, 304);
    // Without hashes in names, files may change.
    let style = server.get("/pkg/emporion.css").await;
    assert_eq!((style.status.as_u16(), style.header("cache-control")), (200, "no-cache"));
    server.get("/pkg/none.css").await.assert_problem(404, "not-found");
    server.stop().await;
}
