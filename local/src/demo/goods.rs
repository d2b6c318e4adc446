//! What the demo shop sells: six categories of ten products. Prices are in
//! minor units of the shop's currency.

use super::pictures::Shape;

/// A category of the demo shop.
pub(super) struct Category {
    pub(super) slug: &'static str,
    pub(super) shape: Shape,
    pub(super) goods: [Good; 10],
}

/// A product of the demo shop.
pub(super) struct Good {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) price: u64,
    pub(super) stock: u32,
}

const fn good(name: &'static str, description: &'static str, price: u64, stock: u32) -> Good {
    Good {
        name,
        description,
        price,
        stock,
    }
}

pub(super) const CATEGORIES: [Category; 6] = [
    Category {
        slug: "teapots",
        shape: Shape::Pot,
        goods: [
            good(
                "Rain Cloud Teapot",
                "Grey stoneware for two cups, with a lid that stays on.",
                4900,
                40,
            ),
            good(
                "Brass Camp Kettle",
                "Boils over an open fire and pours without a drop.",
                6500,
                18,
            ),
            good(
                "Glass Blossom Pot",
                "See the tea unfold. Heat-proof borosilicate glass.",
                3900,
                25,
            ),
            good(
                "Iron Tetsubin",
                "Cast iron, enamelled inside, keeps an hour's warmth.",
                8900,
                9,
            ),
            good(
                "Morning Pot for One",
                "Half a litre, one hand, no fuss.",
                2400,
                60,
            ),
            good(
                "Travel Teapot",
                "Pot and two cups that nest into a case.",
                5200,
                14,
            ),
            good(
                "Cobalt Round Pot",
                "A deep blue glaze, no two alike.",
                5900,
                22,
            ),
            good(
                "Porcelain Swan Pot",
                "Thin as paper and stronger than it looks.",
                7200,
                4,
            ),
            good(
                "Clay Gongfu Pot",
                "Unglazed clay that remembers every tea.",
                9900,
                6,
            ),
            good(
                "Enamel Farm Kettle",
                "Three litres for the whole table.",
                3300,
                33,
            ),
        ],
    },
    Category {
        slug: "lamps",
        shape: Shape::Lamp,
        goods: [
            good(
                "Paper Moon Lamp",
                "A globe of rice paper, one metre of calm.",
                5500,
                20,
            ),
            good(
                "Reading Heron",
                "Bends down to the page and stays there.",
                8400,
                15,
            ),
            good(
                "Desk Lamp No. 3",
                "Steel, three joints, one switch.",
                6900,
                27,
            ),
            good(
                "Lighthouse Night Light",
                "Just enough to find the door.",
                1900,
                80,
            ),
            good(
                "Copper Pendant",
                "Hangs over a table and warms it.",
                7600,
                12,
            ),
            good(
                "Clip Lamp",
                "Holds on to any shelf up to four centimetres.",
                2600,
                45,
            ),
            good("Storm Lantern", "Wick or bulb, wind or rain.", 4100, 19),
            good(
                "Amber Glass Lamp",
                "Mouth-blown glass on an oak foot.",
                12900,
                5,
            ),
            good(
                "Floor Arc",
                "Two metres of steel over the armchair.",
                18900,
                3,
            ),
            good(
                "Window Star",
                "Folds flat when the winter is over.",
                2900,
                50,
            ),
        ],
    },
    Category {
        slug: "notebooks",
        shape: Shape::Book,
        goods: [
            good(
                "Field Notes, Dotted",
                "Fits a back pocket, survives the washing.",
                900,
                200,
            ),
            good(
                "Linen Journal",
                "Two hundred pages that lie flat.",
                2200,
                70,
            ),
            good(
                "Sketchbook A4",
                "Heavy paper for ink and a little water.",
                2700,
                40,
            ),
            good(
                "Score Book",
                "Twelve staves a page, thick enough for both sides.",
                1800,
                30,
            ),
            good(
                "Waterproof Log",
                "Writes in the rain. Tested at sea.",
                1600,
                55,
            ),
            good(
                "Five-Year Diary",
                "Five lines a day, five years on a page.",
                3400,
                24,
            ),
            good(
                "Recipe Book",
                "A page a dish, and a wipeable cover.",
                2500,
                35,
            ),
            good(
                "Pocket Grid Trio",
                "Three small ones for three projects.",
                1400,
                90,
            ),
            good("Landscape Album", "For panoramas and plans.", 3100, 16),
            good("Bound Ledger", "Numbered pages, for numbers.", 3800, 11),
        ],
    },
    Category {
        slug: "plants",
        shape: Shape::Plant,
        goods: [
            good(
                "Window Fern",
                "Likes the bathroom, forgives a week.",
                1500,
                40,
            ),
            good("Desk Cactus", "Water it when you remember.", 800, 120),
            good(
                "Climbing Pothos",
                "Two metres a year in good light.",
                1700,
                38,
            ),
            good(
                "Olive Tree, Small",
                "Sixty centimetres of the south.",
                4500,
                10,
            ),
            good(
                "Rubber Plant",
                "Big shiny leaves, easily pleased.",
                2900,
                17,
            ),
            good(
                "Peace Lily",
                "Says when it is thirsty, and gets up again.",
                2100,
                26,
            ),
            good("Herb Trio", "Basil, thyme and mint for the sill.", 1200, 65),
            good("Bonsai Elm", "Fifteen years old, and patient.", 7900, 4),
            good(
                "Snake Plant",
                "Grows in the corner where nothing grows.",
                2300,
                31,
            ),
            good(
                "Air Plant on Driftwood",
                "No soil, a bath a week.",
                1900,
                22,
            ),
        ],
    },
    Category {
        slug: "bags",
        shape: Shape::Bag,
        goods: [
            good("Market Tote", "Carries ten kilograms of apples.", 1900, 100),
            good(
                "Roll-Top Rucksack",
                "Twenty-two litres, dry inside.",
                8900,
                21,
            ),
            good("Canvas Weekender", "For two nights and a book.", 7400, 13),
            good(
                "Courier Bag",
                "One strap, fast buckle, bright lining.",
                6900,
                18,
            ),
            good(
                "Pouch with a Zip",
                "For cables, or pencils, or both.",
                1100,
                85,
            ),
            good(
                "Laptop Sleeve 14",
                "Wool felt, three millimetres.",
                3200,
                37,
            ),
            good(
                "Picnic Hamper",
                "Four plates, four glasses, one blanket.",
                11900,
                5,
            ),
            good("Camera Sling", "Turns to the front in one move.", 5600, 15),
            good(
                "Drawstring Sack",
                "For shoes, swimming things, secrets.",
                1300,
                70,
            ),
            good(
                "Leather Satchel",
                "Vegetable tanned; grows old with you.",
                15900,
                6,
            ),
        ],
    },
    Category {
        slug: "clocks",
        shape: Shape::Clock,
        goods: [
            good(
                "Station Clock",
                "Waits for the full minute before it moves.",
                9900,
                12,
            ),
            good(
                "Kitchen Timer",
                "Sixty minutes and a bell you hear upstairs.",
                1700,
                75,
            ),
            good("Travel Alarm", "Folds shut, wakes you kindly.", 2800, 42),
            good(
                "Tide Clock",
                "For one particular beach, within reason.",
                5400,
                9,
            ),
            good(
                "One-Hand Clock",
                "Tells the time to five minutes. Enough.",
                6200,
                14,
            ),
            good(
                "Wall Regulator",
                "A pendulum, and a week on one winding.",
                24900,
                2,
            ),
            good(
                "Sand Glass, Four Minutes",
                "An egg, a pause, a thought.",
                1500,
                58,
            ),
            good("World Clock", "Six cities, one dial.", 7700, 0),
            good(
                "Cuckoo, Plain",
                "Sings on the hour, sleeps at night.",
                13900,
                5,
            ),
            good("Desk Clock in Oak", "Does not tick.", 4300, 29),
        ],
    },
];
