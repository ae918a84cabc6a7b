//! Product photographs for the demo shop, composed from small illustrations.
//!
//! One illustration makes many pictures: it is recoloured for a variation, set on a backdrop with
//! soft shadows, and shown once as it is and once in another [`View`].

mod canvas;
mod colour;

pub use colour::{Colour, Scope, Tint};

use canvas::{Canvas, Sprite};
use colour::recolour;
use image::{DynamicImage, RgbaImage};
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
}
