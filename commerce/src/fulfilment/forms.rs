//! What staff type of a parcel.

use super::buy_label::{Packed, SIDE_MOST, WEIGHT_MOST};
use super::ship::{Papers, Parcel};
use crate::forms::{self, Errors, FieldError, Fields, Parser, clean};
use crate::inventory::{LocationId, parse_number};
use crate::orders::OrderLineId;
use std::ops::RangeInclusive;

/// The field that says which carrier has told the prices that are shown.
pub const RATED: &str = "rated";

/// What the fields of lines begin with.
const LINE: &str = "line-";

/// The most pieces that are read; how many are left, the order knows.
const PIECES_MOST: i64 = 1_000_000;

/// The longest link.
const LINK_MOST: usize = 300;

/// The field of how many pieces of a line are in a parcel.
pub fn field_of(line: OrderLineId) -> String {
    format!("{LINE}{line}")
}

/// A parcel that staff bring to a carrier themselves.
#[derive(Clone, Debug)]
pub struct ByHand {
    /// The parcel.
    pub parcel: Parcel,
    /// What goes with it.
    pub papers: Papers,
}

fn get<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.get(name).map(String::as_str)
}

/// From where it goes, and what is in it.
fn contents(fields: &Fields, parser: &mut Parser) -> Option<(LocationId, Vec<(OrderLineId, i64)>)> {
    let location = clean(get(fields, "location")).parse().map_err(|_| FieldError::UnknownChoice);
    let location = parser.field("location", location);
    let mut lines = Vec::new();
    for (name, raw) in fields {
        let Some(line) = name.strip_prefix(LINE).and_then(|line| line.parse().ok()) else { continue };
        let pieces = match clean(Some(raw)).as_str() {
            "" => Ok(0),
            text => parse_number(Some(text), 0..=PIECES_MOST),
        };
        lines.extend(parser.field(name, pieces).map(|pieces| (line, pieces)));
    }
    Some((location?, lines))
}

/// Reads a parcel that staff bring to a carrier themselves.
///
/// # Errors
/// What is wrong with which field.
pub fn by_hand(fields: &Fields) -> Result<ByHand, Errors> {
    let mut parser = Parser::default();
    let key = parser.field("key", forms::required(get(fields, "key"), 200));
    let contents = contents(fields, &mut parser);
    let carrier = parser.field("carrier_name", forms::required(get(fields, "carrier_name"), 60));
    let number = parser.field("tracking", forms::optional(get(fields, "tracking"), 60));
    let link = parser.field("tracking_url", link(get(fields, "tracking_url")));
    let by_hand = (|| {
        let (location, lines) = contents?;
        let tracking_number = number.filter(|number| !number.is_empty());
        let parcel = Parcel { key: key?, location, carrier: carrier?, tracking_number, lines };
        Some(ByHand { parcel, papers: Papers { tracking_url: link?, ..Papers::default() } })
    })();
    parser.finish(by_hand)
}

/// Reads a parcel that a carrier is asked about. A weight that was left empty is 0.
///
/// # Errors
/// What is wrong with which field.
pub fn packed(fields: &Fields) -> Result<Packed, Errors> {
    let mut parser = Parser::default();
    let contents = contents(fields, &mut parser);
    let carrier = parser.field("carrier", forms::required(get(fields, "carrier"), 60));
    let weight = match clean(get(fields, "weight")).as_str() {
        "" => Ok(0),
        text => parse_number(Some(text), 1..=WEIGHT_MOST),
    };
    let weight = parser.field("weight", weight);
    let mut side = |name| parser.field(name, whole(get(fields, name), 1..=SIDE_MOST));
    let sides = (side("length"), side("width"), side("height"));
    let packed = (|| {
        let (location, lines) = contents?;
        let size_cm = [sides.0?, sides.1?, sides.2?];
        Some(Packed { location, carrier: carrier?, weight_grams: weight?, size_cm, lines })
    })();
    parser.finish(packed)
}

/// Reads by which service of its carrier a parcel goes.
///
/// # Errors
/// What is wrong with which field; also where the prices that were seen are another carrier's.
pub fn service(fields: &Fields) -> Result<String, Errors> {
    let mut parser = Parser::default();
    let service = parser.field("service", forms::required(get(fields, "service"), 60));
    let rated = get(fields, RATED).filter(|rated| !rated.is_empty());
    let is_same = rated.is_none_or(|rated| get(fields, "carrier") == Some(rated));
    parser.field("carrier", if is_same { Ok(()) } else { Err(FieldError::Wrong) });
    parser.field("key", forms::required(get(fields, "key"), 200));
    parser.finish(service)
}

fn whole(raw: Option<&str>, range: RangeInclusive<i64>) -> Result<u32, FieldError> {
    parse_number(raw, range).and_then(|number| u32::try_from(number).map_err(|_| FieldError::Invalid))
}

/// A link that people are sent to, if there is one.
fn link(raw: Option<&str>) -> Result<Option<String>, FieldError> {
    let text = forms::optional(raw, LINK_MOST)?;
    if text.is_empty() {
        return Ok(None);
    }
    let link = reqwest::Url::parse(&text).map_err(|_| FieldError::Invalid)?;
    let is_page = matches!(link.scheme(), "http" | "https") && link.has_host() && link.username().is_empty();
    if is_page { Ok(Some(link.into())) } else { Err(FieldError::Invalid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    const LINE_ID: &str = "line-019a9c3e-0000-7000-8000-000000000001";
    const LOCATION: (&str, &str) = ("location", "019a9c3e-0000-7000-8000-000000000002");

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let typed = fields(&[
            ("location", "here"),
            (LINE_ID, "some"),
            ("weight", "70001"),
            ("length", "0"),
            ("width", "301"),
            ("height", "1.5"),
        ]);
        let errors = packed(&typed).expect_err("wrong");
        let names: Vec<_> = errors.keys().map(String::as_str).collect();
        assert_eq!(names, ["carrier", "height", "length", LINE_ID, "location", "weight", "width"]);
    }

    #[test]
    fn a_link_leads_to_a_page() {
        for text in ["javascript:alert(1)", "data:text/html,x", "//example.com", "example.com/1", "https://a@b.example"]
        {
            assert_eq!(link(Some(text)), Err(FieldError::Invalid), "{text}");
        }
        let typed = fields(&[
            ("key", "k"),
            LOCATION,
            (LINE_ID, " 2 "),
            ("carrier_name", "Royal Mail"),
            ("tracking_url", "https://example.com/1"),
        ]);
        let ByHand { parcel, papers } = by_hand(&typed).expect("right");
        assert_eq!((parcel.lines[0].1, parcel.tracking_number), (2, None));
        assert_eq!(papers.tracking_url.as_deref(), Some("https://example.com/1"));
    }

    #[test]
    fn the_prices_of_one_carrier_are_not_another_s() {
        let mut typed = fields(&[("key", "k"), ("carrier", "dhl"), ("service", "P"), (RATED, "dhl")]);
        assert_eq!(service(&typed).as_deref(), Ok("P"));
        typed.insert("carrier".to_owned(), "fedex".to_owned());
        assert_eq!(service(&typed), Err([("carrier".to_owned(), FieldError::Wrong)].into()));
    }
}
