//! The files that pages refer to, by the names that the build gave them.

use std::path::Path;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

const OUTPUT_NAME: &str = "emporion";

/// What makes islands work. Its imports are filled in below.
const LOADER: &str = include_str!("islands.js");

/// The addresses of style sheet, script and WASM.
#[derive(Clone, Debug)]
pub struct Assets {
    /// The style sheet.
    pub stylesheet: String,
    /// Whether names contain a hash of what is in the file, so that they can be kept for ever.
    pub hashed: bool,
    /// The address of the loader of islands.
    pub loader_path: String,
    /// The loader itself.
    pub loader: Arc<str>,
    /// What stands in the head of a page with islands.
    pub(super) head: String,
}

impl Assets {
    /// Reads the names of hashed files from `hash.txt` beside the executable, where cargo-leptos
    /// writes them. Without it, names have no hash.
    pub fn find(executable: &Path) -> Self {
        let hashes = std::fs::read_to_string(executable.with_file_name("hash.txt")).unwrap_or_default();
        Self::named(&hashes)
    }

    /// The files with these hashes, a line `kind: hash` each.
    fn named(hashes: &str) -> Self {
        let hash = |kind: &str| {
            let mut lines = hashes.lines().filter_map(|line| line.split_once(':'));
            lines.find(|(name, _)| name.trim() == kind).map(|(_, hash)| hash.trim())
        };
        let path = |kind: &str| match hash(kind) {
            Some(hash) => format!("/pkg/{OUTPUT_NAME}.{hash}.{kind}"),
            None => format!("/pkg/{OUTPUT_NAME}.{kind}"),
        };
        let (script, wasm) = (path("js"), path("wasm"));
        let loader: Arc<str> = LOADER.replace("/pkg/emporion.js", &script).replace("/pkg/emporion.wasm", &wasm).into();
        let loader_path = format!("/islands-{:016x}.js", xxh3_64(loader.as_bytes()));
        let head = format!(
            "<link rel=\"modulepreload\" href=\"{script}\">\
             <link rel=\"preload\" href=\"{wasm}\" as=\"fetch\" type=\"application/wasm\" crossorigin>\
             <script type=\"module\" src=\"{loader_path}\"></script>"
        );
        Self { stylesheet: path("css"), hashed: hash("js").is_some(), loader_path, loader, head }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_list_of_hashes() {
        let assets = Assets::named("js: aB1\nwasm: cD2\ncss: eF3\n");
        assert_eq!(assets.stylesheet, "/pkg/emporion.eF3.css");
        assert!(assets.hashed);
        assert!(assets.loader.contains("\"/pkg/emporion.aB1.js\""), "{}", assets.loader);
        assert!(assets.loader.contains("\"/pkg/emporion.cD2.wasm\""));
        assert!(assets.head.contains("/pkg/emporion.aB1.js") && assets.head.contains(&assets.loader_path));
        assert_ne!(assets.loader_path, Assets::named("").loader_path);
    }

    #[test]
    fn without_a_list_names_have_no_hash() {
        let assets = Assets::named("");
        assert_eq!(assets.stylesheet, "/pkg/emporion.css");
        assert!(!assets.hashed);
        assert!(assets.loader.contains("\"/pkg/emporion.js\""));
    }
}
