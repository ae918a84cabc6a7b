//! What people are, as far as it decides what programs may do for them.

/// What somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Buys.
    Customer,
    /// Sells products of their own.
    Vendor,
    /// Helps customers.
    Support,
    /// May do everything.
    Admin,
}

/// The role of the person `u` in a statement.
#[cfg(feature = "ssr")]
pub(super) const COLUMN: &str = "'customer'";

impl Role {
    /// What it is called in records and tokens.
    pub fn code(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Vendor => "vendor",
            Self::Support => "support",
            Self::Admin => "admin",
        }
    }

    /// Reads a code; what is none may no more than a customer.
    pub fn parse(code: &str) -> Self {
        match code {
            "vendor" => Self::Vendor,
            "support" => Self::Support,
            "admin" => Self::Admin,
            _ => Self::Customer,
        }
    }
}
