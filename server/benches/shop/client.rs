//! An HTTP/1.1 client that costs little: one connection, one request at a time, no copies.
//!
//! The load generator shares the machine with what it measures, so it reads
//! no more of an answer than it must.

use memchr::memmem;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// What went wrong with an operation.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The connection was lost.
    #[error("connection: {0}")]
    Connection(#[from] io::Error),
    /// The answer was another than the one that belongs there.
    #[error("{0}")]
    Unexpected(String),
}

/// An answer, until the next request.
pub struct Answer<'a> {
    /// Its status code.
    pub status: u16,
    head: &'a str,
    /// Its body as it was sent.
    pub body: &'a [u8],
}

impl<'a> Answer<'a> {
    /// The value of a header, whose name is in lower case.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Every header.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.head.lines().skip(1).filter_map(|line| line.split_once(':')).map(|(name, value)| (name, value.trim()))
    }

    /// The body as text.
    pub fn text(&self) -> &'a str {
        std::str::from_utf8(self.body).unwrap_or_default()
    }
}

/// A request that was made, and what came of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The form that was sent, if it was a POST.
    pub form: Option<String>,
    /// The cookie that was sent.
    pub cookie: Option<String>,
    /// The status of the answer.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

/// A connection to a server on this machine, and the guest who uses it.
pub struct Client {
    stream: TcpStream,
    server: SocketAddr,
    /// The address that the connection comes from.
    from: Ipv4Addr,
    read: Vec<u8>,
    written: Vec<u8>,
    encoding: Option<&'static str>,
    /// The cookie that the next request carries.
    pub cookie: Option<String>,
    /// How much its guest has put into the cart.
    pub additions: usize,
    /// Where exchanges are kept, if they are to be.
    pub recording: Option<Vec<Exchange>>,
}

impl Client {
    /// Connects to a server; `number` gives each client a loopback address of
    /// its own, as people have, where the system allows that.
    pub async fn connect(server: SocketAddr, number: u8, encoding: Option<&'static str>) -> io::Result<Self> {
        let from = Ipv4Addr::new(127, 0, 1, number.saturating_add(1));
        Ok(Self {
            stream: open(server, from).await?,
            server,
            from,
            read: Vec::with_capacity(256 * 1024),
            written: Vec::with_capacity(1024),
            encoding,
            cookie: None,
            additions: 0,
            recording: None,
        })
    }

    /// Opens the connection anew after it was lost.
    pub async fn reconnect(&mut self) -> io::Result<()> {
        self.stream = open(self.server, self.from).await?;
        Ok(())
    }

    /// Connects to where the server is now, unless that is where it was.
    pub async fn follow(&mut self, server: SocketAddr) -> io::Result<()> {
        if self.server != server {
            self.server = server;
            self.reconnect().await?;
        }
        Ok(())
    }

    /// Asks for a page.
    pub async fn get(&mut self, path: &str) -> Result<Answer<'_>, Fault> {
        self.send(path, None).await
    }

    /// Sends a form as a browser does.
    pub async fn post(&mut self, path: &str, form: &str) -> Result<Answer<'_>, Fault> {
        self.send(path, Some(form)).await
    }

    /// Sends a form, or asks for a page where there is none; keeps the cookie of the answer.
    pub async fn send(&mut self, path: &str, form: Option<&str>) -> Result<Answer<'_>, Fault> {
        self.write(path, form);
        self.stream.write_all(&self.written).await?;
        let head_end = self.read_head().await?;
        let head = std::str::from_utf8(&self.read[..head_end]).map_err(|_| unexpected("a head that is no text"))?;
        let answer = Answer { status: status(head)?, head, body: &[] };
        let length = answer.header("content-length").and_then(|length| length.parse::<usize>().ok());
        let length = length.ok_or_else(|| unexpected("an answer without its length"))?;
        let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next()).map(str::to_owned);
        let end = head_end + 4 + length;
        while self.read.len() < end {
            self.read_more().await?;
        }
        if let Some(exchanges) = &mut self.recording {
            let head = std::str::from_utf8(&self.read[..head_end]).unwrap_or_default();
            let answer = Answer { status: status(head)?, head, body: &self.read[head_end + 4..end] };
            exchanges.push(Exchange {
                form: form.map(str::to_owned),
                cookie: self.cookie.clone(),
                status: answer.status,
                headers: answer.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
                body: answer.body.to_vec(),
            });
        }
        if cookie.is_some() {
            self.cookie = cookie;
        }
        let head = std::str::from_utf8(&self.read[..head_end]).unwrap_or_default();
        Ok(Answer { status: status(head)?, head, body: &self.read[head_end + 4..end] })
    }

    fn write(&mut self, path: &str, form: Option<&str>) {
        let mut text = String::from_utf8(std::mem::take(&mut self.written)).unwrap_or_default();
        text.clear();
        let server = self.server.to_string();
        let method = if form.is_some() { "POST" } else { "GET" };
        for part in [method, " ", path, " HTTP/1.1\r\nhost: ", &server, "\r\naccept: text/html\r\n"] {
            text.push_str(part);
        }
        let mut header =
            |name: &str, value: &str| [name, ": ", value, "\r\n"].iter().for_each(|part| text.push_str(part));
        if let Some(encoding) = self.encoding {
            header("accept-encoding", encoding);
        }
        if let Some(cookie) = &self.cookie {
            header("cookie", cookie);
        }
        if let Some(form) = form {
            header("content-type", "application/x-www-form-urlencoded");
            header("content-length", &form.len().to_string());
            header("sec-fetch-site", "same-origin");
        }
        text.push_str("\r\n");
        text.push_str(form.unwrap_or_default());
        self.written = text.into_bytes();
    }

    /// Reads the head of the next answer; gives where it ends.
    async fn read_head(&mut self) -> io::Result<usize> {
        self.read.clear();
        loop {
            self.read_more().await?;
            if let Some(end) = memmem::find(&self.read, b"\r\n\r\n") {
                return Ok(end);
            }
        }
    }

    async fn read_more(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.read).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// What an answer should not have been.
pub fn unexpected(what: impl Into<String>) -> Fault {
    Fault::Unexpected(what.into())
}

fn status(head: &str) -> Result<u16, Fault> {
    let status = head.get(9..12).and_then(|status| status.parse().ok());
    status.ok_or_else(|| unexpected("an answer that is not HTTP"))
}

async fn open(server: SocketAddr, from: Ipv4Addr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    // Only Linux has all of 127.0.0.0/8.
    let _ = socket.bind(SocketAddr::new(from.into(), 0));
    let stream = socket.connect(server).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
