//! Which locations a cart or an order gets its things from. Decides only; nothing is read or written here.

use super::rows::StockRow;
use super::{LocationId, Shortage};
use crate::catalog::VariationId;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

/// Up to so many locations, the fewest that have everything are found by trying all combinations.
const TRIED_IN_FULL: usize = 12;

/// A postal place, as far as nearness goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// ISO 3166-1 alpha-2, empty where unknown.
    pub country: String,
    /// The state or province, perhaps empty.
    pub region: String,
    /// The postal code, perhaps empty.
    pub postal_code: String,
}

impl Place {
    /// How far another place is, in steps: 0 in the same country where the first two characters of the postal codes
    /// agree, 1 in the same region, 2 in the same country, 3 elsewhere.
    fn distance(&self, other: &Self) -> u32 {
        let same = |one: &str, two: &str| !one.is_empty() && one.eq_ignore_ascii_case(two);
        let area = |place: &Self| place.postal_code.chars().take(2).collect::<String>();
        match other {
            other if !same(&self.country, &other.country) => 3,
            other if same(&area(self), &area(other)) => 0,
            other if same(&self.region, &other.region) => 1,
            _ => 2,
        }
    }
}

/// What the claim on a stock row shall be.
pub(super) struct Step {
    pub(super) row: StockRow,
    pub(super) target: i64,
}

/// Decides how much to claim of each row: where the destination is unknown by the locations' priority, else from the
/// nearest location that has everything, else from the fewest that together have it, nearer ones and then those of
/// higher priority first. Steps come back in the order of rows' identifiers.
pub(super) fn allocate(
    mut rows: Vec<StockRow>,
    wanted: &HashMap<VariationId, i64>,
    destination: Option<&Place>,
) -> (Vec<Step>, Vec<Shortage>) {
    let chosen = destination.and_then(|place| fewest(&rows, wanted, place)).unwrap_or_default();
    let rank = |row: &StockRow| chosen.iter().position(|location| *location == row.location_id);
    rows.sort_by_key(|row| (rank(row).map_or((1, 0), |rank| (0, rank)), row.priority, row.id));
    let mut left = wanted.clone();
    let mut offered = HashMap::<VariationId, i64>::new();
    let mut steps: Vec<Step> = rows
        .into_iter()
        .map(|row| {
            let free = row.free();
            *offered.entry(row.variation_id).or_default() += free;
            let need = left.entry(row.variation_id).or_default();
            let target = free.min(*need);
            *need -= target;
            Step { row, target }
        })
        .collect();
    steps.sort_by_key(|step| step.row.id);
    let short: BTreeMap<_, _> = left.into_iter().filter(|(_, missing)| *missing > 0).collect();
    let short = short
        .into_keys()
        .map(|variation| Shortage { variation, available: offered.get(&variation).copied().unwrap_or_default() })
        .collect();
    (steps, short)
}

/// A location and what it has.
struct Site {
    location: LocationId,
    distance: u32,
    free: HashMap<VariationId, i64>,
}

/// The fewest locations that have everything, the preferred ones first; `None` where all together don't.
fn fewest(rows: &[StockRow], wanted: &HashMap<VariationId, i64>, destination: &Place) -> Option<Vec<LocationId>> {
    let mut by_location = BTreeMap::<_, Site>::new();
    for row in rows.iter().filter(|row| row.free() > 0 && wanted.contains_key(&row.variation_id)) {
        let distance = destination.distance(&row.place());
        let site = by_location.entry((distance, row.priority, row.location_id)).or_insert_with(|| Site {
            location: row.location_id,
            distance,
            free: HashMap::new(),
        });
        site.free.insert(row.variation_id, row.free());
    }
    let sites: Vec<Site> = by_location.into_values().collect();
    let covers = |chosen: &[usize]| {
        wanted.iter().all(|(variation, quantity)| {
            let free = chosen.iter().filter_map(|index| sites.get(*index)?.free.get(variation));
            free.sum::<i64>() >= *quantity
        })
    };
    let everywhere: Vec<usize> = (0..sites.len()).collect();
    if !covers(&everywhere) {
        return None;
    }
    let far = |chosen: &Vec<usize>| -> u32 {
        chosen.iter().filter_map(|index| sites.get(*index)).map(|site| site.distance).sum()
    };
    // Of many locations, two at most are looked for exactly: who has so many finds everything in one or two of them.
    let most = if sites.len() <= TRIED_IN_FULL { sites.len() } else { 2 };
    let best = (0..=most)
        .find_map(|size| combinations(sites.len(), size).into_iter().filter(|chosen| covers(chosen)).min_by_key(far));
    let chosen = best.unwrap_or_else(|| without_needless(everywhere, covers));
    Some(chosen.into_iter().filter_map(|index| sites.get(index)).map(|site| site.location).collect())
}

/// Leaves out, the least preferred first, what is not needed.
fn without_needless(mut chosen: Vec<usize>, covers: impl Fn(&[usize]) -> bool) -> Vec<usize> {
    let mut by_preference = chosen.clone();
    by_preference.sort_by_key(|index| Reverse(*index));
    for index in by_preference {
        let fewer: Vec<usize> = chosen.iter().copied().filter(|kept| *kept != index).collect();
        if covers(&fewer) {
            chosen = fewer;
        }
    }
    chosen
}

/// Every choice of `size` of the first `count` numbers, each ascending, in the order of words in a dictionary.
fn combinations(count: usize, size: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for place in 0..size {
        all = all
            .into_iter()
            .flat_map(|begun: Vec<usize>| {
                let from = begun.last().map_or(0, |last| last + 1);
                (from..=count.saturating_sub(size - place)).map(move |next| [begun.as_slice(), &[next]].concat())
            })
            .collect();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::StockId;
    use super::*;
    use crate::catalog::ProductId;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn variation(number: u128) -> VariationId {
        VariationId(Uuid::from_u128(number))
    }

    fn place(country: &str, region: &str, postal_code: &str) -> Place {
        let text = |text: &str| text.to_owned();
        Place { country: text(country), region: text(region), postal_code: text(postal_code) }
    }

    /// A row at one of five locations; those with a higher number are nearer and of lower priority.
    fn row(number: u128, location: u128, of: u128, on_hand: i64, reserved: i64, own: i64) -> StockRow {
        let at =
            [place("US", "", ""), place("", "", ""), place("DE", "", ""), place("DE", "BE", ""), place("DE", "", "1")];
        let at = at[usize::try_from(location).expect("small")].clone();
        StockRow {
            id: StockId(Uuid::from_u128(number)),
            variation_id: variation(of),
            product_id: ProductId(Uuid::nil()),
            location_id: LocationId(Uuid::from_u128(location)),
            priority: i32::try_from(location).expect("small"),
            country: at.country,
            region: at.region,
            postal_code: at.postal_code,
            on_hand,
            reserved,
            own,
            low_stock_threshold: None,
        }
    }

    fn stock() -> impl Strategy<Value = Vec<StockRow>> {
        let level = (0_i64..12, 0_i64..12, 0_i64..12);
        prop::collection::btree_map((0_u128..5, 0_u128..3), level, 0..15).prop_map(|levels| {
            let rows = levels.into_iter().zip(0..);
            rows.map(|(((location, of), (on_hand, reserved, own)), number)| {
                let reserved = reserved.min(on_hand);
                row(number, location, of, on_hand, reserved, own.min(reserved))
            })
            .collect()
        })
    }

    fn wants() -> impl Strategy<Value = HashMap<VariationId, i64>> {
        prop::collection::hash_map((0_u128..3).prop_map(variation), 1_i64..25, 0..3)
    }

    fn destination() -> impl Strategy<Value = Option<Place>> {
        let places = [place("DE", "BE", "10117"), place("US", "NY", "10001"), place("FR", "", "75001")];
        prop::option::of(prop::sample::select(places.to_vec()))
    }

    /// The locations that steps take from.
    fn used(steps: &[Step]) -> Vec<LocationId> {
        let mut used: Vec<_> = steps.iter().filter(|step| step.target > 0).map(|step| step.row.location_id).collect();
        used.sort();
        used.dedup();
        used
    }

    /// Whether these locations have everything.
    fn suffice(rows: &[StockRow], wanted: &HashMap<VariationId, i64>, locations: &[LocationId]) -> bool {
        wanted.iter().all(|(of, quantity)| {
            let at = rows.iter().filter(|row| row.variation_id == *of && locations.contains(&row.location_id));
            at.map(StockRow::free).sum::<i64>() >= *quantity
        })
    }

    proptest! {
        #[test]
        fn what_is_allocated_is_what_was_wanted(rows in stock(), wanted in wants(), to in destination()) {
            let (steps, short) = allocate(rows.clone(), &wanted, to.as_ref());
            prop_assert!(steps.is_sorted_by_key(|step| step.row.id));
            prop_assert_eq!(steps.len(), rows.len());
            for (of, quantity) in &wanted {
                let targets: i64 =
                    steps.iter().filter(|step| step.row.variation_id == *of).map(|step| step.target).sum();
                match short.iter().find(|short| short.variation == *of) {
                    None => prop_assert_eq!(targets, *quantity),
                    Some(short) => {
                        prop_assert!(short.available < *quantity);
                        prop_assert_eq!(targets, short.available);
                    }
                }
            }
            for step in &steps {
                prop_assert!(step.target >= 0);
                prop_assert!(step.target == 0 || wanted.contains_key(&step.row.variation_id));
                prop_assert!(step.row.reserved - step.row.own + step.target <= step.row.on_hand);
            }
        }

        #[test]
        fn no_fewer_and_no_nearer_locations_would_do(rows in stock(), wanted in wants(), to in destination()) {
            let (steps, short) = allocate(rows.clone(), &wanted, to.as_ref());
            let Some(to) = to.filter(|_| short.is_empty()) else { return Ok(()) };
            let used = used(&steps);
            let far = |locations: &[LocationId]| -> u32 {
                let near = |location: &LocationId| rows.iter().find(|row| row.location_id == *location);
                locations.iter().filter_map(near).map(|row| to.distance(&row.place())).sum()
            };
            for subset in 0_u32..32 {
                let subset: Vec<_> =
                    (0..5).filter(|bit| subset & (1 << bit) != 0).map(|id| LocationId(Uuid::from_u128(id))).collect();
                if suffice(&rows, &wanted, &subset) {
                    prop_assert!(subset.len() >= used.len(), "{:?} would do", subset);
                    let at_all = |location: &LocationId| rows.iter().any(|row| row.location_id == *location);
                    if subset.len() == used.len() && subset.iter().all(at_all) {
                        prop_assert!(far(&subset) >= far(&used), "{:?} are nearer", subset);
                    }
                }
            }
        }

        #[test]
        fn without_a_destination_the_first_locations_are_emptied_first(rows in stock(), wanted in wants()) {
            let (steps, _) = allocate(rows, &wanted, None);
            for step in steps.iter().filter(|step| step.target > 0) {
                let before = steps.iter().filter(|other| {
                    other.row.variation_id == step.row.variation_id && other.row.priority < step.row.priority
                });
                for other in before {
                    prop_assert_eq!(other.target, other.row.free());
                }
            }
        }
    }

    #[test]
    fn nearness_has_four_steps() {
        let berlin = place("DE", "BE", "10117");
        assert_eq!(berlin.distance(&place("DE", "", "10999")), 0);
        assert_eq!(berlin.distance(&place("DE", "be", "12043")), 1);
        assert_eq!(berlin.distance(&place("DE", "HH", "20095")), 2);
        assert_eq!(berlin.distance(&place("US", "BE", "10117")), 3);
        assert_eq!(place("", "", "").distance(&place("", "", "")), 3, "two unknown places are not near each other");
    }

    #[test]
    fn of_many_locations_none_is_taken_needlessly() {
        // Twenty locations, the last three of which are needed.
        let mut rows: Vec<_> = (0..20).map(|number| row(number, 0, 0, 1, 0, 0)).collect();
        for (row, number) in rows.iter_mut().zip(0..) {
            row.location_id = LocationId(Uuid::from_u128(number));
            row.on_hand = if number < 17 { 1 } else { 100 };
        }
        let (steps, short) = allocate(rows, &HashMap::from([(variation(0), 300)]), Some(&place("DE", "", "")));
        assert!(short.is_empty());
        assert_eq!(used(&steps).len(), 3);
    }

    #[test]
    fn combinations_are_in_the_order_of_a_dictionary() {
        assert_eq!(combinations(3, 2), [[0, 1], [0, 2], [1, 2]]);
        assert_eq!(combinations(3, 0), [[0_usize; 0]]);
        assert_eq!(combinations(4, 4), [[0, 1, 2, 3]]);
    }
}
