//! What becomes of mails that their server does not take.

use crate::delivery::{changed, dispatch_all, emit};
use crate::harness::TestShop;
use chrono::Utc;
use commerce::Shop;
use commerce::events::{Event, Handler, HandlerError};
use commerce::inventory::StockId;
use commerce::notifications::send_each::send_each;
use commerce::notifications::send_mail::send_mail;
use commerce::notifications::{Mail, MailError, MailId, Mailer, Smtp};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

const GREETING: &str = "220 mail.example.org";
const SIGNED_IN: &str = "235 2.7.0 Welcome";

/// A mail server that answers as it is told to.
struct MailServer {
    address: SocketAddr,
    told: Arc<Mutex<Told>>,
}

struct Told {
    greeting: &'static str,
    sign_in: &'static str,
    /// What it says of recipients; without a word it hangs up.
    recipients: BTreeMap<String, &'static str>,
    taken: Vec<String>,
}

impl MailServer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let told = Told { greeting: GREETING, sign_in: SIGNED_IN, recipients: BTreeMap::new(), taken: Vec::new() };
        let told = Arc::new(Mutex::new(told));
        let server = Self { address, told: told.clone() };
        // It ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let told = told.clone();
                thread::spawn(move || converse(stream, &told));
            }
        });
        server
    }

    fn tells(&self, change: impl FnOnce(&mut Told)) {
        change(&mut self.told.lock().expect("not poisoned"));
    }

    fn says_of(&self, recipient: &str, answer: &'static str) {
        self.tells(|told| {
            told.recipients.insert(recipient.to_owned(), answer);
        });
    }

    /// To whom it has sent mails, in the order of their addresses.
    fn taken(&self) -> Vec<String> {
        let mut taken = self.told.lock().expect("not poisoned").taken.clone();
        taken.sort();
        taken
    }

    fn mailer(&self) -> Smtp {
        Smtp::new(&format!("smtp://shop:secret@{}", self.address), "Shop <shop@example.org>").expect("a mail server")
    }
}

fn converse(stream: TcpStream, told: &Mutex<Told>) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let say = |answer: &str| (&stream).write_all(format!("{answer}\r\n").as_bytes()).ok();
    say(told.lock().ok()?.greeting)?;
    let mut recipient = String::new();
    while let Some(Ok(line)) = lines.next() {
        let answer = match line.split([' ', ':']).next()? {
            "EHLO" => "250-mail.example.org\r\n250 AUTH PLAIN",
            "AUTH" => told.lock().ok()?.sign_in,
            "RCPT" => {
                recipient = line.split(['<', '>']).nth(1)?.to_owned();
                match told.lock().ok()?.recipients.get(&recipient).copied() {
                    Some("") => return None,
                    answer => answer.unwrap_or("250 2.1.5 Fine"),
                }
            }
            "DATA" => {
                say("354 Go on")?;
                while lines.next()?.ok()? != "." {}
                told.lock().ok()?.taken.push(recipient.clone());
                "250 2.0.0 Taken"
            }
            "QUIT" => "221 2.0.0 Bye",
            _ => "250 2.0.0 Fine",
        };
        say(answer)?;
    }
    Some(())
}

fn mail(recipient: &str) -> Mail {
    Mail {
        recipient: recipient.to_owned(),
        subject: "Your order".to_owned(),
        text: "Thank you.".to_owned(),
        html: "<p>Thank you.</p>".to_owned(),
    }
}

/// Whether a mail that was not sent is waited with for the server, put off or refused.
fn came_of(sent: Result<(), MailError>) -> &'static str {
    match sent.map_err(HandlerError::from) {
        Ok(()) => "sent",
        Err(HandlerError::NotNow(_)) => "not now",
        Err(HandlerError::PutOff(_)) => "put off",
        Err(HandlerError::Failed(_)) => "refused",
    }
}

#[tokio::test]
async fn what_a_mail_server_says_tells_whether_to_ask_it_again() {
    let server = MailServer::start();
    let smtp = server.mailer();
    let send = async |recipient: &str| came_of(smtp.send(MailId::new(Utc::now()), &mail(recipient)).await);
    assert_eq!(send("ada@example.org").await, "sent");
    assert_eq!(server.taken(), ["ada@example.org"]);
    for (answer, expected) in [
        ("450 4.2.0 Greylisted", "put off"),
        ("451 4.3.0 Try again later", "put off"),
        ("452 4.2.2 Mailbox full", "put off"),
        ("", "put off"),
        ("421 4.3.2 Shutting down", "not now"),
        ("550 5.1.1 No such user", "refused"),
        ("554 5.7.1 Refused", "refused"),
    ] {
        server.says_of("ada@example.org", answer);
        assert_eq!(send("ada@example.org").await, expected, "{answer}");
    }
    assert_eq!(send("nobody at all").await, "refused");
    // Who is not let in has no word about the mail.
    for greeting in ["421 4.3.2 Too many connections", "554 5.7.1 No mails from there"] {
        server.tells(|told| told.greeting = greeting);
        assert_eq!(send("bob@example.org").await, "not now", "{greeting}");
    }
    server.tells(|told| told.greeting = GREETING);
    for sign_in in ["454 4.7.0 Temporary failure", "535 5.7.8 Wrong password"] {
        server.tells(|told| told.sign_in = sign_in);
        assert_eq!(send("bob@example.org").await, "not now", "{sign_in}");
    }
    server.tells(|told| told.sign_in = SIGNED_IN);
    assert_eq!(send("bob@example.org").await, "sent");
    let nobody = TcpListener::bind("127.0.0.1:0").and_then(|closed| closed.local_addr()).expect("a port");
    let smtp = Smtp::new(&format!("smtp://{nobody}"), "Shop <shop@example.org>").expect("a mail server");
    assert_eq!(came_of(smtp.send(MailId::new(Utc::now()), &mail("ada@example.org")).await), "not now");
}

fn recipient(row: StockId) -> String {
    format!("{}@example.org", row.0.simple())
}

/// Mails each event to whom it is about.
#[derive(Debug)]
struct Post;

#[async_trait::async_trait]
impl Handler for Post {
    fn name(&self) -> &'static str {
        "post"
    }

    fn wants(&self, _: &str) -> bool {
        true
    }

    async fn handle(&self, shop: &Shop, event: &Event) -> Result<(), HandlerError> {
        let mail = mail(&recipient(StockId(event.aggregate)));
        Ok(send_mail(shop, &event.id.to_string(), &mail).await?)
    }
}

async fn with_post(shop: &TestShop, server: &MailServer) -> TestShop {
    let smtp = server.mailer();
    shop.through(|parts| {
        parts.handlers = vec![Arc::new(Post)];
        parts.mailer = Some(Arc::new(smtp));
    })
    .await
}

both_databases! {
    async fn a_mail_server_may_be_gone_for_days(shop: TestShop) {
        let server = MailServer::start();
        let shop = with_post(&shop, &server).await;
        let rows: Vec<StockId> = (0..12).map(|_| StockId::new(shop.clock.now())).collect();
        emit(&shop, rows.iter().map(|row| changed(*row, 1)).collect()).await;
        server.tells(|told| told.greeting = "421 4.3.2 Shutting down");
        for _ in 0..30 {
            dispatch_all(&shop).await;
            shop.wait_minutes(120);
        }
        let waiting = "SELECT COUNT(*) AS n FROM event_deliveries WHERE state = 'pending' AND attempts = 0";
        assert_eq!((shop.number(waiting, []).await, server.taken()), (12, Vec::new()));
        server.tells(|told| told.greeting = GREETING);
        dispatch_all(&shop).await;
        let all: BTreeSet<_> = rows.iter().map(|row| recipient(*row)).collect();
        assert_eq!(server.taken(), all.into_iter().collect::<Vec<_>>(), "each once");
    }

    async fn who_can_not_be_reached_yet_keeps_no_mail_from_others(shop: TestShop) {
        let server = MailServer::start();
        let shop = with_post(&shop, &server).await;
        let [full, other, gone] = std::array::from_fn(|_| StockId::new(shop.clock.now()));
        server.says_of(&recipient(full), "452 4.2.2 Mailbox full");
        server.says_of(&recipient(gone), "550 5.1.1 No such user");
        emit(&shop, [full, other, gone].map(|row| changed(row, 1)).to_vec()).await;
        dispatch_all(&shop).await;
        assert_eq!(server.taken(), [recipient(other)]);
        let states = async |state: &str, attempts: i32| {
            let text = "SELECT COUNT(*) AS n FROM event_deliveries WHERE state = $1 AND attempts = $2";
            shop.number(text, [state.into(), attempts.into()]).await
        };
        for attempt in 2..=82 {
            shop.wait_minutes(60);
            dispatch_all(&shop).await;
            if attempt == 12 {
                let states = (states("dead", 12).await, states("pending", 12).await);
                assert_eq!(states, (1, 1), "who is gone, and who is full");
            }
        }
        assert_eq!(states("pending", 82).await, 1);
        shop.wait_minutes(60);
        dispatch_all(&shop).await;
        assert_eq!(states("dead", 83).await, 1, "after three days");
        shop.execute("UPDATE event_deliveries SET state = 'pending', attempts = 40 WHERE state = 'dead'", []).await;
        server.tells(|told| told.recipients.clear());
        dispatch_all(&shop).await;
        assert_eq!(states("dead", 41).await, 1, "only what was put off is tried so often");
        assert_eq!(server.taken().len(), 2);
    }

    async fn of_several_mails_each_is_sent_that_can_be(shop: TestShop) {
        let server = MailServer::start();
        let shop = with_post(&shop, &server).await;
        let to = |names: &[&str]| -> Vec<(String, Mail)> {
            names.iter().map(|name| ((*name).to_owned(), mail(&format!("{name}@example.org")))).collect()
        };
        let (gone, full) = ("gone@example.org", "full@example.org");
        server.says_of(gone, "550 5.1.1 No such user");
        server.says_of(full, "452 4.2.2 Mailbox full");
        assert_eq!(came_of(send_each(&shop, to(&["gone", "full", "gone", "ada"])).await), "put off");
        assert_eq!(came_of(send_each(&shop, to(&["ada", "gone", "bob"])).await), "refused");
        assert_eq!(server.taken(), ["ada@example.org", "bob@example.org"], "each once");
        server.tells(|told| told.greeting = "421 4.3.2 Shutting down");
        assert_eq!(came_of(send_each(&shop, to(&["eve", "zoe"])).await), "not now");
        let kept = "SELECT COUNT(*) AS n FROM mails WHERE idempotency_key IN ('eve', 'zoe')";
        assert_eq!(shop.number(kept, []).await, 1, "what needs the server waits");
    }
}
