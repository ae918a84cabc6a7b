//! Where carriers show people how far their parcels have come.

/// The names of carriers without spaces and in small letters, as they begin, and their pages with `{}` for the number.
const PAGES: &[(&str, &str)] = &[
    ("austrianpost", "https://www.post.at/sv/sendungssuche?snr={}"),
    ("bluedart", "https://www.bluedart.com/trackdartresultthirdparty?trackFor=0&trackNo={}"),
    ("bpost", "https://track.bpost.cloud/btr/web/#/search?itemCode={}"),
    ("canadapost", "https://www.canadapost-postescanada.ca/track-reperage/en#/search?searchFor={}"),
    ("colissimo", "https://www.laposte.fr/outils/suivre-vos-envois?code={}"),
    ("correos", "https://www.correos.es/es/es/herramientas/localizador/envios/detalle?tracking-number={}"),
    ("delhivery", "https://www.delhivery.com/track-v2/package/{}"),
    ("deutschepost", "https://www.deutschepost.de/sendung/simpleQuery.html?form.sendungsnummer={}"),
    ("dhl", "https://www.dhl.com/global-en/home/tracking.html?tracking-id={}"),
    ("dpd", "https://tracking.dpd.de/status/en_US/parcel/{}"),
    ("evri", "https://www.evri.com/track/parcel/{}"),
    ("fedex", "https://www.fedex.com/fedextrack/?trknbr={}"),
    ("gls", "https://gls-group.com/GROUP/en/parcel-tracking?match={}"),
    ("hermes", "https://www.myhermes.de/empfangen/sendungsverfolgung/sendungsinformation#{}"),
    ("inpost", "https://inpost.pl/sledzenie-przesylek?number={}"),
    ("laposte", "https://www.laposte.fr/outils/suivre-vos-envois?code={}"),
    ("postnl", "https://postnl.nl/tracktrace/?B={}"),
    ("postnord", "https://tracking.postnord.com/en/tracking?id={}"),
    ("royalmail", "https://www.royalmail.com/track-your-item#/tracking-results/{}"),
    ("swisspost", "https://service.post.ch/ekp-web/ui/entry/search/{}"),
    ("ups", "https://www.ups.com/track?tracknum={}"),
    ("usps", "https://tools.usps.com/go/TrackConfirmAction?tLabels={}"),
];

/// The page of a carrier for a number, by the carrier's name as staff write it; `None` for a carrier that isn't known.
pub fn url(carrier: &str, number: &str) -> Option<String> {
    let name: String = carrier.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let number: String = number.chars().filter(|c| !c.is_whitespace()).collect();
    if number.is_empty() {
        return None;
    }
    let (_, page) = PAGES.iter().find(|(known, _)| name.starts_with(known))?;
    Some(page.replace("{}", &escaped(&number)))
}

/// A number as a part of an address: what is neither a letter nor a digit means something there.
fn escaped(number: &str) -> String {
    let mut escaped = String::new();
    for byte in number.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            escaped.push(byte.into());
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carriers_are_known_however_they_are_written() {
        let royal = Some("https://www.royalmail.com/track-your-item#/tracking-results/AB123456789GB".to_owned());
        assert_eq!(url("Royal Mail", "AB 123 456 789 GB"), royal);
        assert_eq!(url("royal-mail Tracked 24", "AB123456789GB"), royal);
        for name in ["DHL Express", "UPS", "FedEx", "GLS", "Blue Dart", "USPS"] {
            assert!(url(name, "1Z999").is_some_and(|url| url.ends_with("1Z999")), "{name}");
        }
        assert_eq!(url("My cousin's van", "1"), None);
        assert_eq!(url("DHL", " "), None);
    }

    #[test]
    fn a_number_stays_a_part_of_the_address() {
        let page = url("ups", "1Z\"><script>&x=#/../").expect("a page");
        assert_eq!(page, "https://www.ups.com/track?tracknum=1Z%22%3E%3Cscript%3E%26x%3D%23%2F%2E%2E%2F");
    }

    #[test]
    fn the_list_is_one() {
        assert!(PAGES.is_sorted_by(|a, b| a.0 < b.0));
        assert!(PAGES.iter().all(|(_, page)| page.starts_with("https://") && page.matches("{}").count() == 1));
    }
}
