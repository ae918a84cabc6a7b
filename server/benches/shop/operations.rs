//! What people do in the shop, as requests whose answers are checked.

use crate::client::{Answer, Client, Exchange, Fault, unexpected};
use crate::load::Operation;

/// Looking at a page, at each of some in turn.
pub struct Visit<'a> {
    /// The pages.
    pub paths: Vec<String>,
    /// What the visitor has put into a cart before, if anything.
    pub cart: Option<Add<'a>>,
}

impl Operation for Visit<'_> {
    async fn once(&self, client: &mut Client, turn: usize) -> Result<(), Fault> {
        if let (Some(add), None) = (&self.cart, &client.cookie) {
            add.once(client, turn).await?;
        }
        let answer = client.get(&self.paths[turn % self.paths.len()]).await?;
        let whole = answer.header("content-encoding").is_some() || answer.body.ends_with(b"</html>");
        if answer.status == 200 && whole { Ok(()) } else { Err(refused("a page", &answer)) }
    }

    fn variety(&self) -> usize {
        self.paths.len()
    }
}

/// A variation that can be bought, as its page offers it.
#[derive(Clone, Debug)]
pub struct Article {
    /// The form that puts one of it into the cart.
    form: String,
    /// The path that the form then leads to, without the note of what was added.
    path: String,
}

impl Article {
    /// Reads the form of a product's page; nothing where there is little or nothing left.
    pub fn of(page: &str) -> Option<Self> {
        let offer = &page[page.find("class=\"availability\">In stock<")?..];
        let [product, variation, sku] = ["product", "variation", "sku"].map(|name| field(offer, name));
        Some(Self::new(product?, variation?, sku?))
    }

    /// The variation with this identifier and SKU of the product with this slug.
    pub fn new(product: &str, variation: &str, sku: &str) -> Self {
        Self {
            form: format!("product={product}&variation={variation}&sku={sku}&quantity=1"),
            path: format!("/p/{product}?v={sku}"),
        }
    }
}

/// Putting one of something into the cart.
#[derive(Clone, Copy)]
pub struct Add<'a> {
    /// What is bought, in turn.
    pub articles: &'a [Article],
    /// After how many additions a new guest comes.
    pub per_guest: usize,
}

impl Operation for Add<'_> {
    async fn once(&self, client: &mut Client, turn: usize) -> Result<(), Fault> {
        if client.additions.is_multiple_of(self.per_guest) {
            client.cookie = None;
        }
        client.additions += 1;
        let article = &self.articles[turn % self.articles.len()];
        let answer = client.post("/actions/cart/add", &article.form).await?;
        let target = format!("{}&added=1", article.path);
        sent_to("an addition", &answer, |location| location == target)
    }
}

/// A guest's whole purchase, from the first addition to the page that thanks for it.
pub struct Buy<'a> {
    /// What is bought, in turn.
    pub articles: &'a [Article],
    /// How it is sent.
    pub delivery: String,
    /// How it is paid.
    pub payment: String,
}

/// Who buys and where they live.
pub const ADDRESS: &str = "email=ada%40example.org&phone=&country=DE&name=Ada+Lovelace&line1=Lindenstr.+7&line2=\
    &postal_code=10117&city=Berlin&billing_same=on";

impl Buy<'_> {
    /// Posts a form of the checkout that leads to a page.
    async fn step(&self, client: &mut Client, action: &str, form: &str, to: &str) -> Result<(), Fault> {
        let answer = client.post(&format!("/actions/checkout/{action}"), form).await?;
        sent_to(action, &answer, |location| location == to)
    }

    /// Goes as far as the choice of delivery; gives the first that is offered there.
    pub async fn first_delivery(&self, client: &mut Client) -> Result<String, Fault> {
        self.address(client, 0).await?;
        first_method(client.get("/checkout/delivery").await?)
    }

    /// Goes as far as the choice of payment; gives the first that is offered there.
    pub async fn first_payment(&self, client: &mut Client) -> Result<String, Fault> {
        self.address(client, 0).await?;
        self.step(client, "delivery", &format!("method={}&note=", self.delivery), "/checkout/payment").await?;
        first_method(client.get("/checkout/payment").await?)
    }

    /// Puts something into a new cart.
    pub async fn fill(&self, client: &mut Client, turn: usize) -> Result<(), Fault> {
        Add { articles: self.articles, per_guest: 1 }.once(client, turn).await
    }

    /// Presses checkout, which takes the stock.
    pub async fn start(&self, client: &mut Client) -> Result<(), Fault> {
        self.step(client, "start", "", "/checkout/address").await
    }

    async fn address(&self, client: &mut Client, turn: usize) -> Result<(), Fault> {
        self.fill(client, turn).await?;
        self.start(client).await?;
        self.step(client, "address", ADDRESS, "/checkout/delivery").await
    }

    /// Goes as far as the review; gives the form that places the order.
    pub async fn review(&self, client: &mut Client, turn: usize) -> Result<String, Fault> {
        self.address(client, turn).await?;
        self.step(client, "delivery", &format!("method={}&note=", self.delivery), "/checkout/payment").await?;
        self.step(client, "payment", &format!("method={}", self.payment), "/checkout/review").await?;
        let review = client.get("/checkout/review").await?;
        match (field(review.text(), "cart"), field(review.text(), "total")) {
            (Some(cart), Some(total)) => Ok(format!("cart={cart}&total={total}")),
            _ => Err(refused("the review", &review)),
        }
    }
}

/// Sends the form that places an order; gives where the page that thanks for it is.
pub async fn place(client: &mut Client, form: &str) -> Result<String, Fault> {
    let placed = client.post("/actions/checkout/place", form).await?;
    sent_to("place", &placed, |location| location.starts_with("/checkout/confirmation/"))?;
    Ok(placed.header("location").unwrap_or_default().to_owned())
}

impl Operation for Buy<'_> {
    async fn once(&self, client: &mut Client, turn: usize) -> Result<(), Fault> {
        let form = self.review(client, turn).await?;
        let confirmation = place(client, &form).await?;
        let thanks = client.get(&confirmation).await?;
        let thanked = thanks.status == 200 && thanks.text().contains("class=\"order-number\"");
        if thanked { Ok(()) } else { Err(refused("the confirmation", &thanks)) }
    }
}

/// The requests of recorded operations again, to a server that answers them with the same bytes.
pub struct Replay(pub Vec<Vec<Exchange>>);

impl Operation for Replay {
    async fn once(&self, client: &mut Client, turn: usize) -> Result<(), Fault> {
        let operation = turn % self.0.len();
        let first: usize = self.0[..operation].iter().map(Vec::len).sum();
        for (number, exchange) in self.0[operation].iter().enumerate() {
            client.cookie.clone_from(&exchange.cookie);
            let answer = client.send(&format!("/{}", first + number), exchange.form.as_deref()).await?;
            if answer.status != exchange.status || answer.body.len() != exchange.body.len() {
                return Err(refused("the floor", &answer));
            }
        }
        Ok(())
    }
}

/// The first of the choices on a page of the checkout.
fn first_method(page: Answer<'_>) -> Result<String, Fault> {
    field(page.text(), "method").map(str::to_owned).ok_or_else(|| refused("a step of the checkout", &page))
}

/// The value of the first field of this name.
pub fn field<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let (_, behind) = page.split_once(&format!("name=\"{name}\""))?;
    let (tag, _) = behind.split_once('>')?;
    let (_, value) = tag.split_once("value=\"")?;
    value.split('"').next()
}

/// Checks that a form was answered with the page to go on at.
fn sent_to(what: &str, answer: &Answer<'_>, fits: impl Fn(&str) -> bool) -> Result<(), Fault> {
    let fits = answer.status == 303 && answer.header("location").is_some_and(fits);
    if fits { Ok(()) } else { Err(refused(what, answer)) }
}

fn refused(what: &str, answer: &Answer<'_>) -> Fault {
    let location = answer.header("location").unwrap_or_default();
    unexpected(format!("{what} was answered by {} {location}", answer.status))
}
