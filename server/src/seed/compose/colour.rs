//! Recolouring illustrations in OKLCH, where equal steps look equal.

use image::RgbaImage;
use serde::Deserialize;

/// An sRGB colour, written `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Colour(pub [u8; 3]);

impl TryFrom<String> for Colour {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.strip_prefix('#')
            .filter(|digits| digits.len() == 6)
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .map(|value| {
                let [_, red, green, blue] = value.to_be_bytes();
                Self([red, green, blue])
            })
            .ok_or_else(|| format!("{text:?} is not a colour like #1f3a5f"))
    }
}

/// Which parts of an illustration a [`Tint`] recolours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// What has about the illustration's most common hue; trimmings keep their colour.
    #[default]
    Main,
    /// What is grey, black or white.
    Neutral,
    /// Everything.
    All,
}

/// A colour for the illustration, from which its light and shade are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tint {
    /// The colour the recoloured parts have on average.
    pub colour: Colour,
    /// Which parts are recoloured.
    #[serde(default)]
    pub scope: Scope,
}

/// Gives the parts that the tint is for its colour on average, and keeps their light and shade.
pub(super) fn recolour(image: &mut RgbaImage, tint: Tint) {
    let target = Oklch::from_srgb(tint.colour.0);
    let source: Vec<Oklch> = image.pixels().map(|pixel| Oklch::from_srgb([pixel[0], pixel[1], pixel[2]])).collect();
    let opacity: Vec<f32> = image.pixels().map(|pixel| f32::from(pixel[3]) / 255.0).collect();
    let main_hue = dominant_hue(&source, &opacity);
    let share = |colour: &Oklch| match tint.scope {
        Scope::Main => {
            let near = 1.0 - smooth_step(34.0, 60.0, hue_difference(colour.hue, main_hue).abs());
            near * smooth_step(0.006, 0.02, colour.chroma)
        }
        Scope::Neutral => 1.0 - smooth_step(0.05, 0.09, colour.chroma),
        Scope::All => 1.0,
    };
    let shares: Vec<f32> = source.iter().map(share).collect();

    // Averages over the recoloured parts, and how far their light and shade reach.
    let (mut weight, mut lightness, mut chroma) = (f32::EPSILON, 0.0, 0.0);
    let (mut darkest, mut lightest) = (1.0_f32, 0.0_f32);
    for ((colour, share), opacity) in source.iter().zip(&shares).zip(&opacity) {
        let part = share * opacity;
        weight += part;
        lightness += part * colour.lightness;
        chroma += part * colour.chroma;
        if part > 0.5 {
            darkest = darkest.min(colour.lightness);
            lightest = lightest.max(colour.lightness);
        }
    }
    lightness /= weight;
    chroma = (chroma / weight).max(0.01);
    // Light and shade are compressed where the target leaves less room for them, and a very dark
    // colour gets softer highlights, or black would look like chrome.
    let room_above = (0.985 - target.lightness) / (lightest - lightness).max(0.01);
    let room_below = (target.lightness - 0.08) / (lightness - darkest).max(0.01);
    let softness = 0.55 + 0.45 * smooth_step(0.2, 0.5, target.lightness);
    let above = room_above.clamp(0.25, softness);
    let below = room_below.clamp(0.25, 0.95);

    for ((pixel, colour), share) in image.pixels_mut().zip(&source).zip(&shares) {
        if *share <= 0.0 {
            continue;
        }
        let difference = colour.lightness - lightness;
        let factor = if difference > 0.0 { above } else { below };
        let new_lightness = target.lightness + difference * factor;
        let vividness = match tint.scope {
            Scope::Main => (colour.chroma / chroma).clamp(0.4, 1.3).sqrt(),
            Scope::Neutral | Scope::All => 1.0,
        };
        let drift = match tint.scope {
            Scope::Main => hue_difference(colour.hue, main_hue) * 0.3,
            Scope::Neutral | Scope::All => 0.0,
        };
        let new = Oklch {
            lightness: new_lightness,
            chroma: target.chroma * vividness * (1.0 - 0.5 * (new_lightness - target.lightness).abs()),
            hue: target.hue + drift,
        }
        .to_srgb();
        for (channel, new) in pixel.0.iter_mut().zip(new) {
            let old = f32::from(*channel);
            *channel = to_byte(old + (f32::from(new) - old) * share);
        }
    }
}

/// The hue in degrees that most of the colourfulness has.
fn dominant_hue(colours: &[Oklch], opacity: &[f32]) -> f32 {
    const BINS: usize = 36;
    let mut histogram = [0.0_f32; BINS];
    for (colour, opacity) in colours.iter().zip(opacity) {
        let bin = (colour.hue.rem_euclid(360.0) / 10.0) as usize % BINS;
        histogram[bin] += colour.chroma * opacity;
    }
    let smoothed = |bin: usize| histogram[(bin + BINS - 1) % BINS] + 2.0 * histogram[bin] + histogram[(bin + 1) % BINS];
    let best = (0..BINS).max_by(|&a, &b| smoothed(a).total_cmp(&smoothed(b))).unwrap_or(0);
    best as f32 * 10.0 + 5.0
}

/// The shorter way from one hue to another in degrees, −180 to 180.
fn hue_difference(hue: f32, from: f32) -> f32 {
    (hue - from + 180.0).rem_euclid(360.0) - 180.0
}

pub(super) fn smooth_step(from: f32, to: f32, value: f32) -> f32 {
    let t = ((value - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

pub(super) fn to_byte(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

/// A colour in OKLCH, where equal steps look equal.
#[derive(Clone, Copy)]
struct Oklch {
    /// 0 to 1.
    lightness: f32,
    /// 0 to about 0.37.
    chroma: f32,
    /// In degrees.
    hue: f32,
}

impl Oklch {
    fn from_srgb(srgb: [u8; 3]) -> Self {
        let [red, green, blue] = srgb.map(|channel| {
            let value = f32::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        });
        let l = (0.412_221_47 * red + 0.536_332_54 * green + 0.051_445_99 * blue).cbrt();
        let m = (0.211_903_5 * red + 0.680_699_5 * green + 0.107_396_96 * blue).cbrt();
        let s = (0.088_302_46 * red + 0.281_718_84 * green + 0.629_978_7 * blue).cbrt();
        let a = 1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s;
        let b = 0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s;
        Self {
            lightness: 0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
            chroma: a.hypot(b),
            hue: b.atan2(a).to_degrees(),
        }
    }

    /// The nearest sRGB colour of the same lightness and hue.
    fn to_srgb(self) -> [u8; 3] {
        let mut chroma = self.chroma;
        for _ in 0..16 {
            let linear = self.linear(chroma);
            if linear.iter().all(|channel| (-0.002..=1.002).contains(channel)) {
                break;
            }
            chroma *= 0.9;
        }
        self.linear(chroma).map(|channel| {
            let value = channel.clamp(0.0, 1.0);
            let encoded = if value <= 0.003_130_8 { value * 12.92 } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 };
            to_byte(encoded * 255.0)
        })
    }

    fn linear(self, chroma: f32) -> [f32; 3] {
        let (sin, cos) = self.hue.to_radians().sin_cos();
        let (a, b) = (chroma * cos, chroma * sin);
        let l = (self.lightness + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
        let m = (self.lightness - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
        let s = (self.lightness - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
        [
            4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
            -1.268_438 * l + 2.609_757_4 * m - 0.341_319_38 * s,
            -0.004_196_086_3 * l - 0.703_418_6 * m + 1.707_614_7 * s,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_survive_the_way_to_oklch_and_back() {
        for colour in [[0, 0, 0], [255, 255, 255], [31, 58, 95], [200, 53, 59], [143, 165, 138]] {
            let back = Oklch::from_srgb(colour).to_srgb();
            for (before, after) in colour.into_iter().zip(back) {
                assert!(before.abs_diff(after) <= 1, "{colour:?} became {back:?}");
            }
        }
    }

    #[test]
    fn wrong_colours_are_refused() {
        for text in ["", "#12345", "#12345g", "123456", "#1234567"] {
            assert!(Colour::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
