//! People, sessions, and links that were mailed.

/// People with an account.
pub mod user {
    use crate::accounts::UserId;
    use sea_orm::entity::prelude::*;

    /// A person with an account.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: UserId,
        /// Where they get mail, as they typed it.
        pub email: String,
        /// The same as `email_key` makes it.
        #[sea_orm(unique)]
        pub email_key: String,
        /// When they proved that it is theirs.
        pub email_verified_at: Option<DateTimeUtc>,
        /// What they are called.
        pub name: String,
        /// Their password as a PHC string, if they have one.
        pub password_hash: Option<String>,
        /// What they are to the shop, by `Role::code`.
        pub role: String,
        /// How many sign-ins have failed since the last that didn't.
        pub failed_sign_ins: i32,
        /// Goes up with every change.
        pub version: i64,
        /// When they registered.
        pub created_at: DateTimeUtc,
        /// When anything changed.
        pub updated_at: DateTimeUtc,
    }

    /// None that are used.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Where people are signed in.
pub mod session {
    use crate::accounts::{SessionId, UserId};
    use sea_orm::entity::prelude::*;

    /// A place where somebody is signed in.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sessions")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: SessionId,
        /// Who.
        pub user_id: UserId,
        /// The hash of the token in the cookie.
        #[sea_orm(unique)]
        pub token_hash: String,
        /// What the browser said of itself.
        pub device: String,
        /// The network address it was begun from.
        pub client: String,
        /// When it began.
        pub created_at: DateTimeUtc,
        /// When it was last used.
        pub used_at: DateTimeUtc,
        /// When it ends at the latest.
        pub expires_at: DateTimeUtc,
    }

    /// None that are used.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Links that were mailed.
pub mod verification {
    use crate::accounts::{UserId, VerificationId};
    use sea_orm::entity::prelude::*;

    /// A link that lets its holder do one thing once.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "verification_tokens")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: VerificationId,
        /// Whom it was mailed to.
        pub user_id: UserId,
        /// What it is for, by `Purpose::code`.
        pub purpose: String,
        /// The hash of the token in the link.
        #[sea_orm(unique)]
        pub token_hash: String,
        /// When it was made.
        pub created_at: DateTimeUtc,
        /// Until when it can be used.
        pub expires_at: DateTimeUtc,
    }

    /// None that are used.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Who people are at other providers.
pub mod account {
    use crate::accounts::UserId;
    use crate::accounts::identity::LinkedId;
    use sea_orm::entity::prelude::*;

    /// The link between a person and who they are elsewhere.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "accounts")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: LinkedId,
        /// Whose account it opens.
        pub user_id: UserId,
        /// The shop's name of the provider.
        pub provider: String,
        /// Who says who they are.
        pub issuer: String,
        /// What the issuer calls them.
        pub subject: String,
        /// The address that the provider had when it was linked.
        pub email: Option<String>,
        /// When it was linked.
        pub created_at: DateTimeUtc,
        /// When it was last used to sign in.
        pub used_at: DateTimeUtc,
    }

    /// None that are used.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
