//! Letters: how wide they are, and where lines break.

use super::PdfError;
use krilla::geom::Point;
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};
use unicode_normalization::UnicodeNormalization;

const PLAIN: &[u8] = include_bytes!("fonts/DejaVuSans.ttf");
const BOLD: &[u8] = include_bytes!("fonts/DejaVuSans-Bold.ttf");

/// What stands for a letter that the font does not have.
const UNKNOWN: char = '\u{fffd}';

/// A font at one weight.
pub struct Face {
    font: Font,
    reference: FontRef<'static>,
}

impl Face {
    /// The usual weight.
    pub fn plain() -> Result<Self, PdfError> {
        Self::new(PLAIN)
    }

    /// The weight of what matters.
    pub fn bold() -> Result<Self, PdfError> {
        Self::new(BOLD)
    }

    fn new(bytes: &'static [u8]) -> Result<Self, PdfError> {
        let reference = FontRef::new(bytes).map_err(|error| PdfError(error.to_string()))?;
        let font = Font::new(bytes.into(), 0).ok_or_else(|| PdfError("font not read".to_owned()))?;
        Ok(Self { font, reference })
    }

    /// Each letter as a glyph with its width, as a share of the size. Accents join their letters.
    fn glyphs(&self, text: &str) -> (String, Vec<KrillaGlyph>) {
        let (letters, metrics) =
            (self.reference.charmap(), self.reference.glyph_metrics(Size::unscaled(), LocationRef::default()));
        let em = self.font.units_per_em();
        let mut composed = String::new();
        let mut glyphs = Vec::new();
        for letter in text.nfc().map(|letter| if letter.is_whitespace() { ' ' } else { letter }) {
            let letter = if letters.map(letter).is_some() { letter } else { UNKNOWN };
            let Some(glyph) = letters.map(letter) else { continue };
            let start = composed.len();
            composed.push(letter);
            let advance = metrics.advance_width(glyph).unwrap_or_default() / em;
            glyphs.push(KrillaGlyph::new(
                GlyphId::new(glyph.to_u32()),
                advance,
                0.0,
                0.0,
                0.0,
                start..composed.len(),
                None,
            ));
        }
        (composed, glyphs)
    }

    /// How wide a text is at a size.
    pub fn width(&self, text: &str, size: f32) -> f32 {
        self.glyphs(text).1.iter().map(|glyph| glyph.x_advance * size).sum()
    }

    /// Draws a text from a point on its base line.
    pub fn draw(&self, surface: &mut Surface<'_>, at: Point, size: f32, text: &str) {
        let (text, glyphs) = self.glyphs(text);
        surface.draw_glyphs(at, &glyphs, self.font.clone(), &text, size, false);
    }

    /// A text in lines of this width at most: between words, and within one that is wider than a line.
    pub fn wrap(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut line = String::new();
        for word in text.split_whitespace() {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if self.width(&longer, size) <= width {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for letter in word.chars() {
                line.push(letter);
                if self.width(&line, size) > width && line.chars().count() > 1 {
                    line.pop();
                    lines.push(std::mem::replace(&mut line, letter.to_string()));
                }
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
        lines
    }
}
