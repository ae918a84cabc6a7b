//! Notes where a request comes from, for those limits that are per client.

use app::ClientAddress;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::Next;
use axum::response::Response;
use std::net::SocketAddr;

/// Puts the network address of the other side among the extensions of the request.
pub async fn note_address(mut request: Request, next: Next) -> Response {
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>() {
        let address = ClientAddress(peer.ip().to_canonical());
        request.extensions_mut().insert(address);
    }
    next.run(request).await
}
