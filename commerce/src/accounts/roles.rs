//! What people may do: a table of roles and permissions. What is not in it is denied.

use serde::{Deserialize, Serialize};

/// What somebody is to the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Buys here.
    Customer,
    /// Sells here.
    Vendor,
    /// Helps customers.
    Support,
    /// Runs the shop.
    Admin,
}

impl Role {
    /// Every role, from the least to the most powerful.
    pub const ALL: [Self; 4] = [Self::Customer, Self::Vendor, Self::Support, Self::Admin];

    /// How it is stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Vendor => "vendor",
            Self::Support => "support",
            Self::Admin => "admin",
        }
    }

    /// The role that is stored as `code`.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }

    /// Whether they work for the shop, and so have more to lose than their own things.
    pub fn is_staff(self) -> bool {
        self != Self::Customer
    }

    /// How far a permission reaches for this role.
    pub fn reach(self, permission: Permission) -> Reach {
        use Permission::*;
        use Reach::*;
        use Role::*;
        match (permission, self) {
            (ProductsRead, _) | (_, Admin) => All,
            (ProductsWrite | AnalyticsRead, Vendor) => Own,
            (OrdersRead | OrdersWrite | UsersRead, Support) => All,
            (OrdersRead | OrdersWrite | UsersRead, Customer | Vendor) => Own,
            (UsersWrite, Customer | Vendor | Support) => Own,
            (ProductsWrite | AnalyticsRead, Customer | Support) => Nothing,
            (StockRead | StockWrite, Support) => All,
            (StockRead | StockWrite, Customer | Vendor) => Nothing,
            (AuditRead, Customer | Vendor | Support) => Nothing,
        }
    }

    /// Whether a permission reaches everybody's things, which is what pages and use cases of staff ask for.
    pub fn allows(self, permission: Permission) -> bool {
        self.reach(permission) == Reach::All
    }
}

/// Something that can be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Permission {
    /// See products.
    #[serde(rename = "products:read")]
    ProductsRead,
    /// Make and change products and their prices.
    #[serde(rename = "products:write")]
    ProductsWrite,
    /// See orders.
    #[serde(rename = "orders:read")]
    OrdersRead,
    /// Place, change and cancel orders.
    #[serde(rename = "orders:write")]
    OrdersWrite,
    /// See people and what they are to the shop.
    #[serde(rename = "users:read")]
    UsersRead,
    /// Change people and what they are to the shop.
    #[serde(rename = "users:write")]
    UsersWrite,
    /// See how the shop does.
    #[serde(rename = "analytics:read")]
    AnalyticsRead,
    /// See what there is of everything, and where.
    #[serde(rename = "stock:read")]
    StockRead,
    /// Receive, count and move stock, and say where it can be.
    #[serde(rename = "stock:write")]
    StockWrite,
    /// See who did what.
    #[serde(rename = "audit:read")]
    AuditRead,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 10] = [
        Self::ProductsRead,
        Self::ProductsWrite,
        Self::OrdersRead,
        Self::OrdersWrite,
        Self::UsersRead,
        Self::UsersWrite,
        Self::AnalyticsRead,
        Self::StockRead,
        Self::StockWrite,
        Self::AuditRead,
    ];

    /// Its name, as scopes of the API have it.
    pub fn code(self) -> &'static str {
        match self {
            Self::ProductsRead => "products:read",
            Self::ProductsWrite => "products:write",
            Self::OrdersRead => "orders:read",
            Self::OrdersWrite => "orders:write",
            Self::UsersRead => "users:read",
            Self::UsersWrite => "users:write",
            Self::AnalyticsRead => "analytics:read",
            Self::StockRead => "stock:read",
            Self::StockWrite => "stock:write",
            Self::AuditRead => "audit:read",
        }
    }
}

/// Whose things a permission is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Nobody's: it is denied.
    Nothing,
    /// One's own.
    Own,
    /// Everybody's.
    All,
}

/// Somebody may not do that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not allowed: {}", .0.code())]
pub struct Forbidden(pub Permission);

#[cfg(test)]
mod tests {
    use super::*;

    /// The table as people read it: `-` nothing, `o` own, `a` all; customer, vendor, support, admin.
    const TABLE: [(Permission, &str); 10] = [
        (Permission::ProductsRead, "aaaa"),
        (Permission::ProductsWrite, "-o-a"),
        (Permission::OrdersRead, "ooaa"),
        (Permission::OrdersWrite, "ooaa"),
        (Permission::UsersRead, "ooaa"),
        (Permission::UsersWrite, "oooa"),
        (Permission::AnalyticsRead, "-o-a"),
        (Permission::StockRead, "--aa"),
        (Permission::StockWrite, "--aa"),
        (Permission::AuditRead, "---a"),
    ];

    #[test]
    fn every_role_may_what_the_table_says_and_no_more() {
        assert_eq!(TABLE.map(|(permission, _)| permission), Permission::ALL);
        for (permission, reaches) in TABLE {
            let drawn: String = Role::ALL
                .iter()
                .map(|role| match role.reach(permission) {
                    Reach::Nothing => '-',
                    Reach::Own => 'o',
                    Reach::All => 'a',
                })
                .collect();
            assert_eq!(drawn, reaches, "{}", permission.code());
        }
    }

    #[test]
    fn codes_are_read_back() {
        for role in Role::ALL {
            assert_eq!(Role::from_code(role.code()), Some(role));
            assert_eq!(serde_json::to_value(role).expect("text"), role.code());
        }
        for permission in Permission::ALL {
            assert_eq!(serde_json::to_value(permission).expect("text"), permission.code());
        }
        assert_eq!(Role::from_code("root"), None);
    }
}
