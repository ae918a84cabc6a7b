/// Declares that a type is an event, `event!(OrderPlaced, version 1, about order)`: the version of its shape, which
/// goes up with every change of it, and the field that says what it is about. What `schemars(skip)` keeps out of its
/// schema doesn't leave the shop.
macro_rules! event {
    ($name:ident, version $version:literal, about $aggregate:ident) => {
        #[cfg(feature = "ssr")]
        impl $crate::events::DomainEvent for $name {
            const KIND: $crate::events::Kind = $crate::events::Kind { name: stringify!($name), version: $version };

            const ABOUT: &'static str = stringify!($aggregate);

            fn aggregate(&self) -> uuid::Uuid {
                self.$aggregate.0
            }
        }
    };
}
