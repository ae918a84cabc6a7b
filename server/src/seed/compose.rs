//! Product photographs for the demo shop, composed from small illustrations.
//!
//! One illustration makes many pictures: it is recoloured for a variation, set on a backdrop with
//! soft shadows, and shown once as it is and once in another [`View`].

use std::f32::consts::TAU;

use image::{DynamicImage, Rgb, RgbImage, RgbaImage};
use serde::Deserialize;

/// Width and height of a composed picture in pixels.
pub const SIDE: u32 = 960;

const SIDE_F: f32 = SIDE as f32;

/// A plain studio backdrop in a muted pastel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backdrop {
    /// Warm off-white.
    Linen,
    /// Light neutral grey.
    Stone,
    /// Bluish grey.
    Mist,
    /// Pale blue.
    Sky,
    /// Grey green.
    Sage,
    /// Pale pink.
    Blush,
    /// Light beige.
    Sand,
    /// Pale violet.
    Lilac,
    /// Pale yellow.
    Butter,
    /// Pale terracotta.
    Clay,
}

impl Backdrop {
    /// The colours at the top and at the bottom edge.
    const fn colours(self) -> ([u8; 3], [u8; 3]) {
        match self {
            Self::Linen => ([247, 243, 236], [232, 224, 211]),
            Self::Stone => ([243, 243, 242], [223, 223, 222]),
            Self::Mist => ([236, 241, 244], [211, 220, 227]),
            Self::Sky => ([231, 241, 250], [202, 220, 236]),
            Self::Sage => ([236, 242, 234], [210, 222, 207]),
            Self::Blush => ([251, 238, 236], [238, 214, 211]),
            Self::Sand => ([246, 238, 226], [230, 214, 193]),
            Self::Lilac => ([241, 237, 248], [220, 212, 233]),
            Self::Butter => ([252, 246, 226], [240, 227, 191]),
            Self::Clay => ([248, 232, 222], [232, 203, 187]),
        }
    }
}

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

/// How the illustration is arranged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// One, upright, in the middle.
    #[default]
    Front,
    /// One, slightly turned and close enough to leave the frame.
    Close,
    /// One, turned a little.
    Tilted,
    /// Two, the one behind mirrored.
    Pair,
    /// Three, two of them behind.
    Group,
}

/// One illustration on the picture.
#[derive(Clone, Copy)]
struct Placement {
    /// The centre, as shares of the picture's side.
    centre: (f32, f32),
    /// Relative to the size in [`View::Front`].
    scale: f32,
    /// Clockwise, in degrees.
    rotation: f32,
    mirrored: bool,
}

impl Placement {
    const fn new(x: f32, y: f32, scale: f32, rotation: f32) -> Self {
        Self { centre: (x, y), scale, rotation, mirrored: false }
    }

    const fn mirrored(self) -> Self {
        Self { mirrored: true, ..self }
    }
}

impl View {
    /// What is placed where, from back to front.
    fn placements(self) -> Vec<Placement> {
        match self {
            Self::Front => vec![Placement::new(0.5, 0.49, 1.0, 0.0)],
            Self::Close => vec![Placement::new(0.54, 0.56, 1.5, -8.0)],
            Self::Tilted => vec![Placement::new(0.5, 0.49, 0.92, 13.0)],
            Self::Pair => {
                vec![Placement::new(0.63, 0.40, 0.70, 6.0).mirrored(), Placement::new(0.38, 0.58, 0.78, -4.0)]
            }
            Self::Group => vec![
                Placement::new(0.29, 0.42, 0.58, -7.0),
                Placement::new(0.72, 0.40, 0.56, 8.0).mirrored(),
                Placement::new(0.50, 0.60, 0.66, 0.0),
            ],
        }
    }
}

/// Sets an illustration on a backdrop, upright and in the middle: a picture of [`SIDE`] × [`SIDE`]
/// pixels.
///
/// `variant` recolours the illustration for a variation of the product.
#[must_use]
pub fn compose(illustration: &DynamicImage, background: Backdrop, variant: Option<Tint>) -> DynamicImage {
    compose_view(illustration, background, variant, View::Front)
}

/// Like [`compose`], in another arrangement.
#[must_use]
pub fn compose_view(
    illustration: &DynamicImage,
    background: Backdrop,
    variant: Option<Tint>,
    view: View,
) -> DynamicImage {
    let mut pixels = trimmed(&illustration.to_rgba8());
    if let Some(tint) = variant {
        recolour(&mut pixels, tint);
    }
    let sprite = Sprite::new(&pixels);
    let mut canvas = Canvas::new(background);
    for placement in view.placements() {
        canvas.draw(&sprite, placement);
    }
    canvas.finish()
}

/// The part of an illustration that isn't transparent, so that all of them get equal margins.
fn trimmed(image: &RgbaImage) -> RgbaImage {
    let visible = |pixel: &image::Rgba<u8>| pixel.0[3] > 8;
    let (mut left, mut top, mut right, mut bottom) = (image.width(), image.height(), 0, 0);
    for (x, y, pixel) in image.enumerate_pixels() {
        if visible(pixel) {
            left = left.min(x);
            top = top.min(y);
            right = right.max(x + 1);
            bottom = bottom.max(y + 1);
        }
    }
    if left >= right {
        return image.clone();
    }
    image::imageops::crop_imm(image, left, top, right - left, bottom - top).to_image()
}

/// Gives the parts that the tint is for its colour on average, and keeps their light and shade.
fn recolour(image: &mut RgbaImage, tint: Tint) {
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

fn smooth_step(from: f32, to: f32, value: f32) -> f32 {
    let t = ((value - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

fn to_byte(value: f32) -> u8 {
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

/// An illustration ready to be drawn in any size: sharpened, because it is enlarged, and
/// premultiplied, so that no colour bleeds out of transparent pixels.
struct Sprite {
    width: usize,
    height: usize,
    pixels: Vec<[f32; 4]>,
    /// Picture pixels per illustration pixel in [`View::Front`].
    scale: f32,
}

impl Sprite {
    fn new(image: &RgbaImage) -> Self {
        /// Strength of the sharpening.
        const SHARPNESS: f32 = 0.4;
        /// Longest side in the picture, in pixels.
        const LONGEST: f32 = 672.0;
        /// Side of a square with the area that an illustration's box may cover, in pixels.
        const LARGEST: f32 = 600.0;

        let (width, height) = (image.width() as usize, image.height() as usize);
        let source: Vec<[f32; 4]> = image
            .pixels()
            .map(|pixel| {
                let [red, green, blue, alpha] = pixel.0.map(|channel| f32::from(channel) / 255.0);
                [red * alpha, green * alpha, blue * alpha, alpha]
            })
            .collect();
        let mut pixels = source.clone();
        for y in 0..height {
            for x in 0..width {
                let centre = source[y * width + x];
                if centre[3] <= 0.0 {
                    continue;
                }
                let mut blurred = [0.0; 4];
                for (dy, row_weight) in [(0, 1.0), (1, 2.0), (2, 1.0)] {
                    let row = (y + dy).saturating_sub(1).min(height - 1);
                    for (dx, column_weight) in [(0, 1.0), (1, 2.0), (2, 1.0)] {
                        let column = (x + dx).saturating_sub(1).min(width - 1);
                        for (sum, value) in blurred.iter_mut().zip(source[row * width + column]) {
                            *sum += value * row_weight * column_weight;
                        }
                    }
                }
                let sharpened = &mut pixels[y * width + x];
                for channel in 0..3 {
                    let colour = centre[channel] / centre[3];
                    let around = blurred[channel] / blurred[3].max(f32::EPSILON);
                    let crisp = (colour + (colour - around) * SHARPNESS).clamp(0.0, 1.0);
                    sharpened[channel] = crisp * centre[3];
                }
            }
        }
        let (w, h) = (width as f32, height as f32);
        Self { width, height, pixels, scale: (LONGEST / w.max(h)).min(LARGEST / (w * h).sqrt()) }
    }

    fn pixel(&self, x: isize, y: isize) -> [f32; 4] {
        match (usize::try_from(x), usize::try_from(y)) {
            (Ok(x), Ok(y)) if x < self.width && y < self.height => self.pixels[y * self.width + x],
            _ => [0.0; 4],
        }
    }

    /// The premultiplied colour between the pixels, by Catmull-Rom interpolation.
    fn sample(&self, x: f32, y: f32) -> [f32; 4] {
        let (left, top) = ((x - 0.5).floor(), (y - 0.5).floor());
        let horizontal = catmull_rom(x - 0.5 - left);
        let vertical = catmull_rom(y - 0.5 - top);
        let mut sum = [0.0; 4];
        for (row, row_weight) in (-1..).zip(vertical) {
            for (column, column_weight) in (-1..).zip(horizontal) {
                let pixel = self.pixel(left as isize + column, top as isize + row);
                for (sum, value) in sum.iter_mut().zip(pixel) {
                    *sum += value * row_weight * column_weight;
                }
            }
        }
        sum
    }
}

/// Weights of the four pixels around a point, `t` of the way from the second to the third.
fn catmull_rom(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [-0.5 * t + t2 - 0.5 * t3, 1.0 - 2.5 * t2 + 1.5 * t3, 0.5 * t + 2.0 * t2 - 1.5 * t3, 0.5 * (t3 - t2)]
}

/// The picture while it is painted; channels are 0 to 1.
struct Canvas {
    pixels: Vec<[f32; 3]>,
    /// What a full shadow multiplies the picture by: dark, with a little of the backdrop's colour.
    shadow: [f32; 3],
}

impl Canvas {
    fn new(backdrop: Backdrop) -> Self {
        let (top, bottom) = backdrop.colours();
        let top = top.map(|channel| f32::from(channel) / 255.0);
        let bottom = bottom.map(|channel| f32::from(channel) / 255.0);
        let side = SIDE as usize;
        let mut pixels = Vec::with_capacity(side * side);
        for y in 0..side {
            let vertical = smooth_step(0.0, 1.0, y as f32 / SIDE_F);
            for x in 0..side {
                // A broad soft light behind the product.
                let (dx, dy) = (x as f32 / SIDE_F - 0.5, y as f32 / SIDE_F - 0.42);
                let light = 0.03 * (1.0 - smooth_step(0.0, 0.75, dx.hypot(dy)));
                pixels.push(std::array::from_fn(|channel| {
                    top[channel] + (bottom[channel] - top[channel]) * vertical + light
                }));
            }
        }
        Self { pixels, shadow: bottom.map(|channel| 0.38 * channel * channel) }
    }

    fn draw(&mut self, sprite: &Sprite, placement: Placement) {
        let layer = Layer::new(sprite, placement);
        let shadow = layer.shadow();
        let side = SIDE as usize;
        for y in 0..side {
            for x in 0..side {
                let dark = shadow.sample(x, y);
                let [red, green, blue, alpha] = layer.pixels[y * side + x];
                if dark <= 0.001 && alpha <= 0.0 {
                    continue;
                }
                let over = [red, green, blue];
                let pixel = &mut self.pixels[y * side + x];
                for channel in 0..3 {
                    let shaded = pixel[channel] * (1.0 - dark * (1.0 - self.shadow[channel]));
                    pixel[channel] = shaded * (1.0 - alpha) + over[channel];
                }
            }
        }
    }

    fn finish(self) -> DynamicImage {
        let mut noise = 0x9E37_79B9_u32;
        let pixels = self.pixels.iter();
        let mut image = RgbImage::new(SIDE, SIDE);
        for (target, source) in image.pixels_mut().zip(pixels) {
            // Half a step of fixed noise keeps the soft gradients free of bands.
            noise ^= noise << 13;
            noise ^= noise >> 17;
            noise ^= noise << 5;
            let dither = (noise >> 8) as f32 / (1 << 24) as f32 - 0.5;
            *target = Rgb(source.map(|channel| to_byte(channel * 255.0 + dither)));
        }
        image.into()
    }
}

/// One placed illustration in the size of the picture, premultiplied.
struct Layer {
    pixels: Vec<[f32; 4]>,
}

impl Layer {
    fn new(sprite: &Sprite, placement: Placement) -> Self {
        let side = SIDE as usize;
        let scale = sprite.scale * placement.scale;
        let (sin, cos) = (placement.rotation / 360.0 * TAU).sin_cos();
        let (centre_x, centre_y) = (placement.centre.0 * SIDE_F, placement.centre.1 * SIDE_F);
        let (half_width, half_height) = (sprite.width as f32 / 2.0, sprite.height as f32 / 2.0);
        // Enlarged edges are soft; a steeper ramp through the same middle makes them crisp again.
        let steepness = (scale * 0.6).max(1.0);
        let mut pixels = vec![[0.0; 4]; side * side];
        for y in 0..side {
            for x in 0..side {
                let (dx, dy) = (x as f32 + 0.5 - centre_x, y as f32 + 0.5 - centre_y);
                let mut u = (dx * cos + dy * sin) / scale;
                let v = (dy * cos - dx * sin) / scale;
                if u.abs() > half_width + 2.0 || v.abs() > half_height + 2.0 {
                    continue;
                }
                if placement.mirrored {
                    u = -u;
                }
                let colour = sprite.sample(u + half_width, v + half_height);
                if colour[3] <= 0.001 {
                    continue;
                }
                let alpha = colour[3].min(1.0);
                let crisp = ((alpha - 0.5) * steepness + 0.5).clamp(0.0, 1.0);
                let factor = crisp / colour[3];
                pixels[y * side + x] = [
                    (colour[0] * factor).clamp(0.0, 1.0),
                    (colour[1] * factor).clamp(0.0, 1.0),
                    (colour[2] * factor).clamp(0.0, 1.0),
                    crisp,
                ];
            }
        }
        Self { pixels }
    }

    /// A soft shadow of the whole shape, and a darker one where it touches the ground.
    fn shadow(&self) -> Shadow {
        let side = SIDE as usize;
        let mut cast = Shadow::new();
        for y in 0..Shadow::SIDE {
            for x in 0..Shadow::SIDE {
                let above = (y * Shadow::STEP).checked_sub(22);
                let alpha = above.map_or(0.0, |row| self.pixels[row * side + x * Shadow::STEP][3]);
                cast.values[y * Shadow::SIDE + x] = alpha * 0.20;
            }
        }
        cast.blur(6);

        let mut contact = Shadow::new();
        if let Some((standing, bottom)) = self.footprint() {
            let width = standing.iter().filter(|&&stands| stands).count() as f32;
            let half_height = 9.0 + width * 0.02;
            for y in 0..Shadow::SIDE {
                let dy = ((y * Shadow::STEP) as f32 - bottom as f32) / half_height;
                let inside = 1.0 - smooth_step(0.6, 1.15, dy.abs());
                for x in 0..Shadow::SIDE {
                    if standing[x * Shadow::STEP] {
                        contact.values[y * Shadow::SIDE + x] = inside * 0.6;
                    }
                }
            }
            contact.blur(3);
        }
        for (cast, contact) in cast.values.iter_mut().zip(contact.values) {
            *cast = 1.0 - (1.0 - *cast) * (1.0 - contact);
        }
        cast
    }

    /// Which columns stand on the ground, and the row it is at; nothing where the shape leaves the
    /// picture at the bottom.
    fn footprint(&self) -> Option<(Vec<bool>, usize)> {
        /// Height above the lowest point that still counts as standing, in pixels.
        const REACH: usize = 14;

        let side = SIDE as usize;
        let covered = |x: usize, y: usize| self.pixels[y * side + x][3] > 0.5;
        let bottom = (0..side).rev().find(|&y| (0..side).any(|x| covered(x, y)))?;
        if bottom + 2 >= side {
            return None;
        }
        let standing = (0..side).map(|x| (bottom.saturating_sub(REACH)..=bottom).any(|y| covered(x, y))).collect();
        Some((standing, bottom))
    }
}

/// How dark each point is, 0 to 1, in a quarter of the resolution: it is blurred anyway.
struct Shadow {
    values: Vec<f32>,
}

impl Shadow {
    /// Picture pixels per shadow pixel.
    const STEP: usize = 4;
    const SIDE: usize = SIDE as usize / Self::STEP;

    fn new() -> Self {
        Self { values: vec![0.0; Self::SIDE * Self::SIDE] }
    }

    /// Three box blurs each way, which is close to a Gaussian blur; the radius is in shadow pixels.
    fn blur(&mut self, radius: usize) {
        let mut line = vec![0.0; Self::SIDE];
        for _ in 0..3 {
            for index in 0..Self::SIDE {
                self.blur_line(index * Self::SIDE, 1, radius, &mut line);
                self.blur_line(index, Self::SIDE, radius, &mut line);
            }
        }
    }

    fn blur_line(&mut self, start: usize, stride: usize, radius: usize, line: &mut [f32]) {
        for (index, value) in line.iter_mut().enumerate() {
            *value = self.values[start + index * stride];
        }
        let size = (2 * radius + 1) as f32;
        let mut sum: f32 = line[..radius.min(line.len())].iter().sum();
        for index in 0..line.len() {
            sum += line.get(index + radius).copied().unwrap_or(0.0);
            if let Some(gone) = index.checked_sub(radius + 1) {
                sum -= line[gone];
            }
            self.values[start + index * stride] = (sum / size).max(0.0);
        }
    }

    /// The darkness at a pixel of the picture, between four shadow pixels.
    fn sample(&self, x: usize, y: usize) -> f32 {
        let step = Self::STEP as f32;
        let (left, top) = (x / Self::STEP, y / Self::STEP);
        let (right, bottom) = ((left + 1).min(Self::SIDE - 1), (top + 1).min(Self::SIDE - 1));
        let (h, v) = ((x % Self::STEP) as f32 / step, (y % Self::STEP) as f32 / step);
        let value = |x: usize, y: usize| self.values[y * Self::SIDE + x];
        let upper = value(left, top) * (1.0 - h) + value(right, top) * h;
        let lower = value(left, bottom) * (1.0 - h) + value(right, bottom) * h;
        upper * (1.0 - v) + lower * v
    }
}

#[cfg(test)]
mod tests {
    use image::Rgba;

    use super::*;

    /// A red disc with a darker lower half and a yellow middle.
    fn disc() -> DynamicImage {
        RgbaImage::from_fn(64, 64, |x, y| {
            let distance = (x as f32 - 31.5).hypot(y as f32 - 31.5);
            if distance > 30.0 {
                Rgba([0, 0, 0, 0])
            } else if distance < 6.0 {
                Rgba([250, 210, 40, 255])
            } else if y < 32 {
                Rgba([220, 40, 50, 255])
            } else {
                Rgba([160, 20, 30, 255])
            }
        })
        .into()
    }

    fn tint(colour: &str, scope: Scope) -> Option<Tint> {
        let colour = Colour::try_from(colour.to_owned()).expect("a colour");
        Some(Tint { colour, scope })
    }

    #[test]
    fn the_illustration_stands_in_the_middle_of_a_full_picture() {
        let picture = compose(&disc(), Backdrop::Mist, None).to_rgb8();
        assert_eq!(picture.dimensions(), (SIDE, SIDE));
        let above = picture.get_pixel(SIDE / 2, SIDE / 3);
        assert!(above[0] > 180 && above[1] < 80, "{above:?}");
        let corner = picture.get_pixel(2, 2);
        assert!(corner.0.iter().all(|&channel| channel > 220), "{corner:?}");
    }

    #[test]
    fn a_tint_gives_the_main_colour_and_keeps_shade_and_trimmings() {
        let picture = compose(&disc(), Backdrop::Mist, tint("#1f3a5f", Scope::Main)).to_rgb8();
        let upper = *picture.get_pixel(SIDE / 2, SIDE / 3);
        let lower = *picture.get_pixel(SIDE / 2, SIDE * 2 / 3);
        let middle = *picture.get_pixel(SIDE / 2, SIDE * 49 / 100);
        assert!(upper[2] > upper[0] && lower[2] > lower[0], "{upper:?} {lower:?}");
        assert!(upper[2] > lower[2] + 10, "{upper:?} {lower:?}");
        assert!(middle[0] > 200 && middle[2] < 120, "{middle:?}");
    }

    #[test]
    fn black_and_white_have_no_hue() {
        for (colour, dark) in [("#2b2b2e", true), ("#f2efe9", false)] {
            let picture = compose(&disc(), Backdrop::Mist, tint(colour, Scope::All)).to_rgb8();
            let [red, green, blue] = picture.get_pixel(SIDE / 2, SIDE / 3).0;
            assert!(red.abs_diff(green) < 16 && green.abs_diff(blue) < 16);
            assert_eq!(green < 128, dark);
        }
    }

    #[test]
    fn every_view_and_backdrop_is_different_and_repeatable() {
        let views = [View::Front, View::Close, View::Tilted, View::Pair, View::Group];
        let make = |view| compose_view(&disc(), Backdrop::Clay, None, view);
        assert_eq!(make(View::Tilted), make(View::Tilted));
        // Each is made once: an unoptimised build takes seconds for one.
        let made: Vec<_> = views.into_iter().map(make).collect();
        for (index, picture) in made.iter().enumerate() {
            // A disc looks the same when it is turned, but not in its shading.
            assert!(!made[..index].contains(picture), "{:?} looks like one before it", views[index]);
        }
        assert_ne!(compose(&disc(), Backdrop::Clay, None), compose(&disc(), Backdrop::Sky, None));
    }

    #[test]
    fn an_empty_illustration_leaves_the_backdrop() {
        let empty = RgbaImage::new(8, 8).into();
        assert_eq!(compose(&empty, Backdrop::Stone, None).width(), SIDE);
    }

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
