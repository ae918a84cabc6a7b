//! What an address needs, by country.

/// What a country's addresses need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Country {
    /// ISO 3166-1 alpha-2.
    pub code: &'static str,
    /// Its English name.
    pub name: &'static str,
    /// Its postal codes, where it has them.
    pub postal_code: Option<PostalCode>,
    /// Its states or provinces, where addresses name them.
    pub region: Option<Region>,
}

/// Postal codes of a country.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostalCode {
    /// What they are called there.
    pub label: &'static str,
    /// Their forms, separated by `|`: `9` is a digit, `A` a letter, `X` either;
    /// anything else stands for itself.
    pub forms: &'static str,
    /// One of them.
    pub example: &'static str,
}

/// States or provinces of a country.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// What they are called there.
    pub label: &'static str,
    /// Whether an address needs one.
    pub required: bool,
}

const fn plain(code: &'static str, name: &'static str, forms: &'static str, example: &'static str) -> Country {
    Country { code, name, postal_code: Some(PostalCode { label: "Postal code", forms, example }), region: None }
}

const fn regional(country: Country, postal_label: &'static str, region_label: &'static str) -> Country {
    let postal_code = match country.postal_code {
        Some(code) => Some(PostalCode { label: postal_label, ..code }),
        None => None,
    };
    Country { postal_code, region: Some(Region { label: region_label, required: true }), ..country }
}

/// Where the shop sends to, by name.
pub const COUNTRIES: &[Country] = &[
    regional(plain("AU", "Australia", "9999", "3000"), "Postcode", "State or territory"),
    plain("AT", "Austria", "9999", "1010"),
    plain("BE", "Belgium", "9999", "1000"),
    plain("BG", "Bulgaria", "9999", "1000"),
    regional(plain("CA", "Canada", "A9A 9A9", "K1A 0B1"), "Postal code", "Province or territory"),
    plain("HR", "Croatia", "99999", "10000"),
    plain("CY", "Cyprus", "9999", "1010"),
    plain("CZ", "Czechia", "999 99", "110 00"),
    plain("DK", "Denmark", "9999", "1050"),
    plain("EE", "Estonia", "99999", "10111"),
    plain("FI", "Finland", "99999", "00100"),
    plain("FR", "France", "99999", "75001"),
    plain("DE", "Germany", "99999", "10115"),
    plain("GR", "Greece", "999 99", "104 31"),
    Country {
        code: "HK",
        name: "Hong Kong",
        postal_code: None,
        region: Some(Region { label: "District", required: true }),
    },
    plain("HU", "Hungary", "9999", "1011"),
    plain("IS", "Iceland", "999", "101"),
    regional(plain("IN", "India", "999999|999 999", "110001"), "PIN code", "State"),
    Country {
        code: "IE",
        name: "Ireland",
        postal_code: Some(PostalCode { label: "Eircode", forms: "A99 XXXX|A9A XXXX", example: "D02 AF30" }),
        region: Some(Region { label: "County", required: false }),
    },
    regional(plain("IT", "Italy", "99999", "00118"), "Postal code", "Province"),
    regional(plain("JP", "Japan", "999-9999", "100-0001"), "Postal code", "Prefecture"),
    plain("LV", "Latvia", "LV-9999", "LV-1010"),
    plain("LT", "Lithuania", "LT-99999", "LT-01100"),
    plain("LU", "Luxembourg", "9999", "1111"),
    plain("MT", "Malta", "AAA 9999", "VLT 1117"),
    plain("NL", "Netherlands", "9999 AA", "1011 AB"),
    plain("NZ", "New Zealand", "9999", "6011"),
    plain("NO", "Norway", "9999", "0150"),
    plain("PL", "Poland", "99-999", "00-001"),
    plain("PT", "Portugal", "9999-999", "1000-001"),
    plain("RO", "Romania", "999999", "010011"),
    plain("SG", "Singapore", "999999", "018989"),
    plain("SK", "Slovakia", "999 99", "811 01"),
    plain("SI", "Slovenia", "9999", "1000"),
    regional(plain("ES", "Spain", "99999", "28001"), "Postal code", "Province"),
    plain("SE", "Sweden", "999 99", "111 20"),
    plain("CH", "Switzerland", "9999", "8001"),
    Country {
        code: "GB",
        name: "United Kingdom",
        postal_code: Some(PostalCode {
            label: "Postcode",
            forms: "A9 9AA|A99 9AA|AA9 9AA|AA99 9AA|A9A 9AA|AA9A 9AA",
            example: "SW1A 1AA",
        }),
        region: None,
    },
    regional(plain("US", "United States", "99999|99999-9999", "10001"), "ZIP code", "State"),
];

/// The country with this code.
pub fn country(code: &str) -> Option<&'static Country> {
    COUNTRIES.iter().find(|country| country.code == code)
}

impl PostalCode {
    /// The code as it is written officially, if `typed` is one: in any case,
    /// with or without spaces and dashes.
    pub fn normalise(self, typed: &str) -> Option<String> {
        let typed: Vec<char> = typed.to_uppercase().chars().filter(|c| c.is_alphanumeric()).collect();
        self.forms.split('|').find_map(|form| fit(form, &typed))
    }
}

/// `typed`, which has letters and digits only, written by a form.
fn fit(form: &str, typed: &[char]) -> Option<String> {
    let mut rest = typed.iter();
    let mut written = String::new();
    for place in form.chars() {
        let fits: fn(char) -> bool = match place {
            '9' => |c| c.is_ascii_digit(),
            'A' => |c| c.is_ascii_uppercase(),
            'X' => |c| c.is_ascii_alphanumeric(),
            ' ' | '-' => {
                written.push(place);
                continue;
            }
            // A fixed letter, which may be left out when typing.
            fixed => {
                if rest.as_slice().first() == Some(&fixed) {
                    rest.next();
                }
                written.push(fixed);
                continue;
            }
        };
        written.push(*rest.next().filter(|c| fits(**c))?);
    }
    rest.next().is_none().then_some(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_a_code_of_its_country() {
        for country in COUNTRIES {
            if let Some(code) = country.postal_code {
                assert_eq!(code.normalise(code.example).as_deref(), Some(code.example), "{}", country.name);
            }
        }
        assert!(COUNTRIES.is_sorted_by_key(|country| country.name));
    }

    #[test]
    fn codes_are_written_officially_however_they_are_typed() {
        let normalise = |country_code, typed: &str| country(country_code)?.postal_code?.normalise(typed);
        assert_eq!(normalise("GB", "sw1a1aa").as_deref(), Some("SW1A 1AA"));
        assert_eq!(normalise("NL", "1011ab").as_deref(), Some("1011 AB"));
        assert_eq!(normalise("LV", "1010").as_deref(), Some("LV-1010"));
        assert_eq!(normalise("US", "100010001").as_deref(), Some("10001-0001"));
        for (code, typed) in
            [("DE", "1234"), ("DE", "123456"), ("DE", "1234A"), ("GB", "12345"), ("DE", ""), ("DE", "１２３４５")]
        {
            assert_eq!(normalise(code, typed), None, "{code} {typed}");
        }
    }
}
