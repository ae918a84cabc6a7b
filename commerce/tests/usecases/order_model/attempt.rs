//! A try to pay an order, at a gateway or another way.

/// How long a gateway can leave its shop in the dark, in seconds.
pub const DARK_SECONDS: i64 = 9;

/// A way to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Transfer,
    Cash,
    Card,
    /// The gateway with books of its own.
    Test,
    /// Store credit, and nothing beside it.
    Credit,
}

impl Method {
    /// Those that are on offer.
    pub const ALL: [Self; 4] = [Self::Transfer, Self::Cash, Self::Card, Self::Test];

    pub fn code(self) -> &'static str {
        match self {
            Self::Transfer => "bank_transfer",
            Self::Cash => "cash_on_delivery",
            Self::Card => "card",
            Self::Test => "test",
            Self::Credit => "store_credit",
        }
    }

    /// Whether staff see the money come.
    pub fn by_hand(self) -> bool {
        matches!(self, Self::Transfer | Self::Cash)
    }
}

/// Where a payment is at the gateway that keeps books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bank {
    Open,
    Challenged,
    Declined,
    Authorised,
    Captured,
    Voided,
}

/// A try to pay an order: what its gateway knows, and what the shop has heard of it.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub method: Method,
    /// What was to be paid when it was opened.
    pub amount: i64,
    /// Whether its owner was signed in who opened it; whoever has the link can as well.
    pub by_owner: bool,
    /// Whether its gateway has answered.
    pub named: bool,
    pub bank: Bank,
    pub refused: bool,
    pub authorised: bool,
    pub captured: i64,
    pub refunded: i64,
    /// What of that went back by itself because it was more than was due.
    pub excess: i64,
    pub voided: bool,
    /// Whether its gateway is to end it.
    pub ending: bool,
}

impl Attempt {
    pub fn new(method: Method, amount: i64, by_owner: bool) -> Self {
        Self {
            method,
            amount,
            by_owner,
            named: method.by_hand(),
            bank: Bank::Open,
            refused: false,
            authorised: false,
            captured: 0,
            refunded: 0,
            excess: 0,
            voided: false,
            ending: false,
        }
    }

    pub fn kept(&self) -> i64 {
        self.captured - self.refunded
    }

    pub fn is_agreed(&self) -> bool {
        self.authorised || self.captured > 0
    }

    pub fn has_failed(&self) -> bool {
        self.voided || (self.refused && !self.is_agreed())
    }

    /// Whether it can still be paid.
    pub fn is_open(&self) -> bool {
        !self.is_agreed() && !self.has_failed() && !self.ending
    }

    /// The shop asks its gateway.
    pub fn learn(&mut self) {
        match (self.method, self.bank) {
            (Method::Test, Bank::Declined) => self.refused = true,
            (Method::Test, Bank::Authorised) => self.authorised = true,
            (Method::Test, Bank::Captured) if self.captured == 0 => {
                (self.authorised, self.captured) = (true, self.amount);
            }
            (Method::Test, Bank::Voided) => self.voided = true,
            _ => {}
        }
    }

    /// The shop has its gateway end it; what was paid can't be ended, and is known then.
    pub fn end(&mut self) {
        self.ending = false;
        match self.method {
            Method::Card => self.voided = true,
            Method::Test if self.named && self.bank != Bank::Captured => self.bank = Bank::Voided,
            _ => {}
        }
        self.learn();
    }
}
