//! Pages compressed in one go: faster than a stream, and each form gets a tag of its own.

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use std::io::Write;

/// Smaller bodies fit into the packet that carries the headers.
const LEAST_BYTES: usize = 1_200;

/// How hard to try: every page is compressed for one reader.
const BROTLI_QUALITY: u32 = 2;

/// How far back to look for repetitions, as the logarithm of bytes: more costs time and saves nothing on a page.
const BROTLI_WINDOW: u32 = 16;

/// How a body is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Identity,
    /// By gzip.
    Gzip,
    /// By Brotli.
    Brotli,
}

impl Encoding {
    /// The best that the other side takes.
    pub fn accepted(headers: &HeaderMap) -> Self {
        let accepted = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let (mut gzip, mut brotli) = (false, false);
        for entry in accepted.flat_map(|value| value.split(',')) {
            let (name, weight) = entry.split_once(';').unwrap_or((entry, "q=1"));
            let refused = weight.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()) == Some(0.0);
            match name.trim() {
                "gzip" => gzip = !refused,
                "br" => brotli = !refused,
                _ => {}
            }
        }
        match (brotli, gzip) {
            (true, _) => Self::Brotli,
            (false, true) => Self::Gzip,
            (false, false) => Self::Identity,
        }
    }

    /// The same for a body of this size: a small one isn't worth it.
    pub fn for_size(self, bytes: usize) -> Self {
        if bytes < LEAST_BYTES { Self::Identity } else { self }
    }

    /// Its name in `Content-Encoding`, if it needs one.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }

    /// The body in this form.
    ///
    /// # Errors
    /// Never in practice: it is written to memory.
    pub fn encode(self, body: Bytes) -> std::io::Result<Bytes> {
        let room = body.len() / 4;
        match self {
            Self::Identity => Ok(body),
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::with_capacity(room), Compression::fast());
                encoder.write_all(&body)?;
                encoder.finish().map(Bytes::from)
            }
            Self::Brotli => {
                let mut encoded = Vec::with_capacity(room);
                let mut encoder = brotli::CompressorWriter::new(&mut encoded, 32 * 1024, BROTLI_QUALITY, BROTLI_WINDOW);
                encoder.write_all(&body)?;
                drop(encoder);
                Ok(encoded.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use std::io::Read;

    fn accepted(value: &'static str) -> Encoding {
        Encoding::accepted(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))]))
    }

    #[test]
    fn the_best_that_is_accepted_is_chosen() {
        assert_eq!(accepted("gzip, deflate, br, zstd"), Encoding::Brotli);
        assert_eq!(accepted("gzip"), Encoding::Gzip);
        assert_eq!(accepted("br;q=0, gzip;q=0.5"), Encoding::Gzip);
        assert_eq!(accepted("identity"), Encoding::Identity);
        assert_eq!(Encoding::accepted(&HeaderMap::new()), Encoding::Identity);
        assert_eq!(Encoding::Brotli.for_size(10), Encoding::Identity);
    }

    #[test]
    fn what_is_encoded_can_be_read_back() {
        let page = Bytes::from("<p>Emporion</p>".repeat(500));
        let gzip = Encoding::Gzip.encode(page.clone()).expect("encoded");
        let mut read = Vec::new();
        flate2::read::GzDecoder::new(&gzip[..]).read_to_end(&mut read).expect("decoded");
        assert_eq!(read, page);
        let encoded = Encoding::Brotli.encode(page.clone()).expect("encoded");
        let mut read = Vec::new();
        brotli::Decompressor::new(&encoded[..], 4096).read_to_end(&mut read).expect("decoded");
        assert_eq!(read, page);
        assert!(encoded.len() < page.len() / 10);
    }
}
