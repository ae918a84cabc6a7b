//! Where programs are signed in, and the keys of people.

/// Where programs are signed in.
pub mod grant {
    use crate::access::GrantId;
    use crate::accounts::UserId;
    use sea_orm::entity::prelude::*;

    /// A place where a program is signed in.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "api_grants")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: GrantId,
        /// For whom.
        pub user_id: UserId,
        /// What it may do, as codes with spaces between.
        pub scopes: String,
        /// What the program said of itself.
        pub device: String,
        /// The network address it was begun from.
        pub client: String,
        /// Which refresh token is good: goes up by one with each.
        pub generation: i32,
        /// When it began.
        pub created_at: DateTimeUtc,
        /// When the refresh token was made.
        pub used_at: DateTimeUtc,
        /// When it ends at the latest.
        pub expires_at: DateTimeUtc,
    }

    /// None that are used.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Keys that people have made.
pub mod api_key {
    use crate::access::ApiKeyId;
    use crate::accounts::UserId;
    use sea_orm::entity::prelude::*;

    /// A key that somebody has made.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "api_keys")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ApiKeyId,
        /// Whose it is.
        pub user_id: UserId,
        /// What they call it.
        pub name: String,
        /// The hash of the key.
        #[sea_orm(unique)]
        pub key_hash: String,
        /// The last characters of the key, to tell it from others.
        pub ending: String,
        /// What it allows, as codes with spaces between.
        pub scopes: String,
        /// When it was made.
        pub created_at: DateTimeUtc,
        /// When it was last used.
        pub used_at: Option<DateTimeUtc>,
        /// Until when it is good.
        pub expires_at: Option<DateTimeUtc>,
    }

    /// None that are used.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
