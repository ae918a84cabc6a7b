//! Drawing an illustration on a backdrop, with soft shadows.

use super::colour::{smooth_step, to_byte};
use super::{Backdrop, Placement, SIDE, SIDE_F};
use image::{DynamicImage, Rgb, RgbImage, RgbaImage};
use std::f32::consts::TAU;

/// An illustration ready to be drawn in any size: sharpened, because it is enlarged, and
/// premultiplied, so that no colour bleeds out of transparent pixels.
pub(super) struct Sprite {
    width: usize,
    height: usize,
    pixels: Vec<[f32; 4]>,
    /// Picture pixels per illustration pixel in [`View::Front`].
    scale: f32,
}

impl Sprite {
    pub(super) fn new(image: &RgbaImage) -> Self {
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
pub(super) struct Canvas {
    pixels: Vec<[f32; 3]>,
    /// What a full shadow multiplies the picture by: dark, with a little of the backdrop's colour.
    shadow: [f32; 3],
}

impl Canvas {
    pub(super) fn new(backdrop: Backdrop) -> Self {
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

    pub(super) fn draw(&mut self, sprite: &Sprite, placement: Placement) {
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

    pub(super) fn finish(self) -> DynamicImage {
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
