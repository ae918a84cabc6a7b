//! The words that plausible products are named and described with.

/// What a thing is like.
pub const ADJECTIVES: [&str; 40] = [
    "Airy", "Amber", "Autumn", "Bold", "Breeze", "Bright", "Calm", "Cinder", "Classic", "Coastal", "Cosy", "Dusk",
    "Early", "Ember", "Everyday", "Fjord", "Garden", "Gentle", "Golden", "Harbour", "Heather", "Honest", "Island",
    "Juniper", "Little", "Lofty", "Meadow", "Merry", "Misty", "Modern", "Morning", "Nimble", "Northern", "Quiet",
    "River", "Rustic", "Simple", "Summer", "Sunday", "Willow",
];

/// What things of a department are made of, or by.
pub struct Department {
    /// The slug of the category that is a department.
    pub slug: &'static str,
    /// What its things are made of, or how.
    pub makes: [&'static str; 8],
    /// What its things are.
    pub nouns: [&'static str; 12],
    /// What its variations differ in besides colour.
    pub sizes: (&'static str, &'static [&'static str]),
    /// The least and the most that a thing costs, in cents.
    pub prices: (i64, i64),
}

/// Every department of the demo shop.
pub const DEPARTMENTS: [Department; 6] = [
    Department {
        slug: "clothing",
        makes: ["Linen", "Cotton", "Wool", "Denim", "Corduroy", "Jersey", "Merino", "Canvas"],
        nouns: [
            "Shirt", "Trousers", "Jumper", "Jacket", "Skirt", "Cardigan", "Polo", "Coat", "Trainers", "Boots",
            "Shorts", "Dress",
        ],
        sizes: ("Size", &["S", "M", "L"]),
        prices: (1_490, 18_900),
    },
    Department {
        slug: "accessories",
        makes: ["Leather", "Canvas", "Felt", "Waxed", "Silk", "Steel", "Silver", "Straw"],
        nouns: [
            "Backpack",
            "Tote",
            "Wallet",
            "Belt",
            "Cap",
            "Scarf",
            "Umbrella",
            "Watch",
            "Bracelet",
            "Weekender",
            "Hat",
            "Gloves",
        ],
        sizes: ("Size", &["Small", "Large"]),
        prices: (990, 24_900),
    },
    Department {
        slug: "home",
        makes: ["Oak", "Walnut", "Stoneware", "Glass", "Brass", "Linen", "Rattan", "Enamel"],
        nouns: [
            "Lamp",
            "Chair",
            "Side Table",
            "Vase",
            "Bowl",
            "Mug",
            "Candle Holder",
            "Blanket",
            "Cushion",
            "Mirror",
            "Plant Pot",
            "Teapot",
        ],
        sizes: ("Size", &["Small", "Medium", "Large"]),
        prices: (890, 49_900),
    },
    Department {
        slug: "food",
        makes: ["Organic", "Roasted", "Hand-Picked", "Stone-Ground", "Wild", "Slow-Baked", "Raw", "Spiced"],
        nouns: [
            "Honey",
            "Olive Oil",
            "Granola",
            "Coffee",
            "Tea",
            "Chocolate",
            "Biscuits",
            "Jam",
            "Pasta",
            "Vinegar",
            "Almonds",
            "Mustard",
        ],
        sizes: ("Pack", &["250 g", "500 g", "1 kg"]),
        prices: (290, 3_490),
    },
    Department {
        slug: "leisure",
        makes: ["Trail", "Club", "Training", "Beech", "Carbon", "Travel", "Alpine", "Studio"],
        nouns: [
            "Racket",
            "Football",
            "Tent",
            "Kite",
            "Board Game",
            "Puzzle",
            "Skipping Rope",
            "Yoga Mat",
            "Ukulele",
            "Drum",
            "Climbing Rope",
            "Frisbee",
        ],
        sizes: ("Level", &["Beginner", "Club", "Pro"]),
        prices: (790, 29_900),
    },
    Department {
        slug: "studio",
        makes: ["Cherry", "Forged", "Field", "Desk", "Pocket", "Archive", "Bluetooth", "Precision"],
        nouns: [
            "Notebook",
            "Fountain Pen",
            "Screwdriver Set",
            "Headphones",
            "Camera Strap",
            "Speaker",
            "Paint Set",
            "Hammer",
            "Tape Measure",
            "Sketchbook",
            "Radio",
            "Bookend",
        ],
        sizes: ("Edition", &["Standard", "Deluxe"]),
        prices: (590, 39_900),
    },
];

/// Colours with the colour of their button.
pub const COLOURS: [(&str, &str); 8] = [
    ("Navy", "#1f3a5f"),
    ("Sage", "#8fa58a"),
    ("Coral", "#e8796a"),
    ("Sand", "#d9c5a0"),
    ("Charcoal", "#3a3d42"),
    ("Plum", "#6d3b5e"),
    ("Mustard", "#d6a534"),
    ("White", "#f2efe9"),
];

/// How a description begins.
pub const OPENINGS: [&str; 6] = [
    "Made in small batches by people who use what they make.",
    "The one you reach for without thinking about it.",
    "Simple in the best sense: nothing is missing and nothing is in the way.",
    "We have had one in daily use for three years, and it only got better.",
    "Designed to be repaired, and then designed to need no repair.",
    "A good thing at a fair price, and no more to it than that.",
];

/// How a description ends.
pub const CLOSINGS: [&str; 6] = [
    "It comes in a box without plastic, ready to be given away or kept.",
    "Spare parts can be had from us for at least ten years.",
    "Should it disappoint you, send it back within thirty days.",
    "Each one is looked at by a person before it leaves the house.",
    "It goes well with almost everything, which is how we like it.",
    "Take good care of it and it will outlast the trend it never followed.",
];
