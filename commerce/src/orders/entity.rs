//! Orders and their lines.

/// Orders.
pub mod order {
    use crate::accounts::UserId;
    use crate::cart::CartId;
    use crate::checkout::Address;
    use crate::orders::OrderId;
    use sea_orm::entity::prelude::*;

    /// An order with all that it copied.
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "orders")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: OrderId,
        /// What people call it.
        #[sea_orm(unique)]
        pub number: String,
        /// The hash of the token that opens its page.
        #[sea_orm(unique)]
        pub access_token_hash: String,
        /// The cart it was made from: a cart becomes at most one order.
        #[sea_orm(unique)]
        pub cart_id: Option<CartId>,
        /// The hash of the token of the guest whose cart that was.
        pub guest_hash: Option<String>,
        /// Who placed it, if they have an account.
        pub user_id: Option<UserId>,
        /// Whether it stands, by `Lifecycle::code`.
        pub lifecycle: String,
        /// What of it is paid, by `Payment::code`.
        pub payment: String,
        /// What of it is sent, by `Fulfilment::code`.
        pub fulfilment: String,
        /// The gateway it is paid through.
        pub payment_method: String,
        /// When it has to be paid, by `PaymentTerms::code`.
        pub payment_terms: String,
        /// When its payment must be agreed.
        pub pay_by: Option<DateTimeUtc>,
        /// Where mails go.
        pub email: String,
        /// For questions about the delivery, perhaps empty.
        pub phone: String,
        /// Where it is sent.
        #[sea_orm(column_type = "JsonBinary")]
        pub delivery_address: Address,
        /// Where the invoice goes.
        #[sea_orm(column_type = "JsonBinary")]
        pub billing_address: Address,
        /// What the customer had to say.
        pub note: String,
        /// The currency of every amount, by ISO 4217.
        pub currency: String,
        /// Whether unit prices include tax.
        pub prices_include_tax: bool,
        /// How it is sent: the code of the delivery method.
        pub delivery_code: String,
        /// What that was called.
        pub delivery_name: String,
        /// The tax rate of delivery, as a fraction.
        pub delivery_tax_rate: String,
        /// Delivery without tax.
        pub delivery_net: i64,
        /// The tax on it.
        pub delivery_tax: i64,
        /// Delivery with tax.
        pub delivery_gross: i64,
        /// Everything without tax.
        pub net: i64,
        /// All tax.
        pub tax: i64,
        /// Everything: the sum of the gross of lines and delivery.
        pub total: i64,
        /// What of the total was paid with store credit.
        pub store_credit: i64,
        /// When its payment is looked at again, while it waits for that.
        pub check_at: Option<DateTimeUtc>,
        /// When it was cancelled.
        pub cancelled_at: Option<DateTimeUtc>,
        /// Whether what was paid is kept though it is cancelled.
        pub keeps_payment: bool,
        /// Counts the changes.
        pub version: i64,
        /// When it was forgotten who it was for.
        pub anonymised_at: Option<DateTimeUtc>,
        /// When it was placed.
        pub placed_at: Option<DateTimeUtc>,
        /// When it was made.
        pub created_at: DateTimeUtc,
        /// When it last changed.
        pub updated_at: DateTimeUtc,
    }

    /// Joins are written where they are needed.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Lines of orders.
pub mod line {
    use crate::catalog::{ChosenOptions, ProductId, VariationId};
    use crate::media::MediaId;
    use crate::orders::{OrderId, OrderLineId};
    use sea_orm::entity::prelude::*;

    /// A line with all that it copied.
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "order_lines")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: OrderLineId,
        /// Of which order.
        pub order_id: OrderId,
        /// Its place.
        pub position: i32,
        /// The product.
        pub product_id: ProductId,
        /// What was bought of it.
        pub variation_id: VariationId,
        /// Who offered it, if not the shop.
        pub vendor_id: Option<Uuid>,
        /// Its picture then.
        pub media_id: Option<MediaId>,
        /// Its address then.
        pub product_slug: String,
        /// What it was called.
        pub name: String,
        /// The article number.
        pub sku: String,
        /// What was chosen.
        #[sea_orm(column_type = "JsonBinary")]
        pub options: ChosenOptions,
        /// How many.
        pub quantity: i32,
        /// What one piece cost, in minor units.
        pub unit_price: i64,
        /// What was taken off the line, in minor units.
        pub discount: i64,
        /// What decided the rate.
        pub tax_class: String,
        /// The tax rate, as a fraction.
        pub tax_rate: String,
        /// The line without tax.
        pub net: i64,
        /// The tax on it.
        pub tax: i64,
        /// The line with tax.
        pub gross: i64,
    }

    /// Joins are written where they are needed.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
