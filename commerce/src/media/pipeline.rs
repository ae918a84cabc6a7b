//! From an uploaded file to the pictures that pages offer.
//!
//! Every picture becomes the same small set of files: each of [`WIDTHS`] once as WebP and once as
//! JPEG, and a placeholder that is small enough to travel inside the page. The functions are pure:
//! the same bytes give the same files, and nothing is read or written elsewhere. They are bound by
//! the processor, so callers run them on a blocking thread and in parallel; the largest picture
//! that is accepted needs about 500 MB while it is decoded.

use std::io::Cursor;

use base64::{Engine, engine::general_purpose::STANDARD};
use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer, images::Image as ResizeBuffer, images::ImageRef,
};
use image::{
    DynamicImage, ExtendedColorType, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits,
    codecs::jpeg::JpegEncoder, metadata::Orientation,
};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

/// Widths that every picture is offered in, in pixels; a picture is never enlarged.
///
/// A picture narrower than one of them is offered in its own width instead.
pub const WIDTHS: [u32; 4] = [160, 320, 640, 960];

/// Largest file that is accepted, in bytes.
pub const MAX_BYTES: usize = 20 * 1024 * 1024;

/// Largest picture that is accepted, in pixels (width × height).
pub const MAX_PIXELS: u64 = 50_000_000;

/// Longest side that WebP can hold, in pixels.
const MAX_SIDE: u32 = 16_383;

/// Largest buffer a decoder may ask for, in bytes: eight per pixel, plus what it works with.
const MAX_ALLOCATION: u64 = MAX_PIXELS * 8 + 64 * 1024 * 1024;

/// WebP quality, 0 to 100.
const WEBP_QUALITY: f32 = 86.0;

/// How hard the WebP encoder tries, 0 to 6: the default of 4 takes twice as long and saves a
/// twentieth of the bytes.
const WEBP_EFFORT: i32 = 2;

/// JPEG quality, 1 to 100.
const JPEG_QUALITY: u8 = 82;

/// Longest side of the placeholder, in pixels.
const PLACEHOLDER_SIDE: u32 = 16;

/// A file format that renditions are made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Lossy WebP, for every current browser.
    WebP,
    /// JPEG, for mail, feeds and old browsers.
    Jpeg,
}

impl Format {
    /// Every format, the preferred one first.
    pub const ALL: [Self; 2] = [Self::WebP, Self::Jpeg];

    /// The file name extension, without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::WebP => "webp",
            Self::Jpeg => "jpg",
        }
    }

    /// The media type for `Content-Type` and `<source type>`.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::WebP => "image/webp",
            Self::Jpeg => "image/jpeg",
        }
    }
}

/// One file of a picture: a width in a format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// What `bytes` are encoded as.
    pub format: Format,
    /// The encoded file, without metadata.
    pub bytes: Vec<u8>,
}

/// Everything that is kept of an uploaded picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processed {
    /// Width of the upright original in pixels.
    pub width: u32,
    /// Height of the upright original in pixels.
    pub height: u32,
    /// A blurred WebP of at most 16 × 16 pixels as a `data:` URI, to show until the picture is here.
    pub placeholder: String,
    /// The files by ascending width, each width once in every [`Format`].
    pub renditions: Vec<Rendition>,
}

/// Why a picture was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PictureError {
    /// The file has more than [`MAX_BYTES`] bytes.
    #[error("the file is too large")]
    TooLarge,
    /// The file is not PNG, JPEG or WebP, or its shape is too extreme to be offered in them.
    #[error("the file is not a supported picture")]
    Unsupported,
    /// The file is damaged or ends too early.
    #[error("the file is damaged")]
    Broken,
    /// The picture has more than [`MAX_PIXELS`] pixels.
    #[error("the picture has too many pixels")]
    TooManyPixels,
}

/// Reads an uploaded PNG, JPEG or WebP file and makes the files that pages offer.
///
/// The picture is turned upright, converted to sRGB, and loses all its metadata: place, camera
/// and thumbnail. Of an animation the first frame is kept. The size is checked before any pixel is
/// decoded.
///
/// # Errors
///
/// A [`PictureError`] that says why the file was refused.
pub fn process(bytes: &[u8]) -> Result<Processed, PictureError> {
    if bytes.len() > MAX_BYTES {
        return Err(PictureError::TooLarge);
    }
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|_| PictureError::Broken)?;
    let format = reader.format().ok_or(PictureError::Unsupported)?;
    if !matches!(format, ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP) {
        return Err(PictureError::Unsupported);
    }
    // The JPEG decoder paints what is missing grey instead of reporting it.
    if format == ImageFormat::Jpeg && !jpeg_is_complete(bytes) {
        return Err(PictureError::Broken);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_ALLOCATION);
    reader.limits(limits);

    let mut decoder = reader.into_decoder().map_err(refused)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(PictureError::TooManyPixels);
    }
    // Unreadable metadata is no reason to refuse a readable picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten();
    let mut image = DynamicImage::from_decoder(decoder).map_err(refused)?;
    image.apply_orientation(orientation);
    make(&image, profile.as_deref())
}

/// Makes the files that pages offer from a picture in memory, which is taken to be upright sRGB.
///
/// # Errors
///
/// [`PictureError::TooManyPixels`] for more than [`MAX_PIXELS`], [`PictureError::Unsupported`] for
/// an empty picture or one too tall to be offered.
pub fn process_image(image: &DynamicImage) -> Result<Processed, PictureError> {
    make(image, None)
}

fn make(image: &DynamicImage, profile: Option<&[u8]>) -> Result<Processed, PictureError> {
    let (width, height) = (image.width(), image.height());
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(PictureError::TooManyPixels);
    }
    if width == 0 || height == 0 {
        return Err(PictureError::Unsupported);
    }
    // The largest rendition is made first, the others from it: scaling the original once is most
    // of the work. Colours are converted there too, where there are few pixels left.
    let largest = WIDTHS[WIDTHS.len() - 1].min(width);
    if scaled_height(width, height, largest) > MAX_SIDE {
        return Err(PictureError::Unsupported);
    }
    let mut base = Pixels::new(image).resized(largest);
    if let Some(profile) = profile {
        base.convert_to_srgb(profile);
    }

    let mut widths = WIDTHS.map(|offered| offered.min(width)).to_vec();
    widths.dedup();
    let mut renditions = Vec::with_capacity(widths.len() * Format::ALL.len());
    for offered in widths {
        let scaled = base.resized(offered);
        for format in Format::ALL {
            renditions.push(Rendition {
                width: scaled.width,
                height: scaled.height,
                format,
                bytes: scaled.encode(format)?,
            });
        }
    }
    Ok(Processed { width, height, placeholder: base.placeholder()?, renditions })
}

/// What an error of a decoder means for the person who sent the file.
fn refused(error: ImageError) -> PictureError {
    match error {
        ImageError::Unsupported(_) => PictureError::Unsupported,
        ImageError::Limits(_) => PictureError::TooManyPixels,
        _ => PictureError::Broken,
    }
}

/// Whether a JPEG file reaches its end-of-image marker.
///
/// Segments are skipped by their length up to the first scan, so that the marker of an embedded
/// thumbnail doesn't count; within scans `0xFF` is always escaped, so what is found there is real.
fn jpeg_is_complete(bytes: &[u8]) -> bool {
    const START_OF_SCAN: u8 = 0xDA;
    const END_OF_IMAGE: u8 = 0xD9;

    let mut position = 2;
    while let Some(&[0xFF, marker, high, low]) = bytes.get(position..position + 4) {
        if marker == 0xFF {
            position += 1; // a fill byte
            continue;
        }
        position += 2 + usize::from(u16::from_be_bytes([high, low]));
        if marker == START_OF_SCAN {
            return bytes.get(position..).is_some_and(|scan| scan.windows(2).any(|pair| pair == [0xFF, END_OF_IMAGE]));
        }
    }
    false
}

/// The height in pixels that keeps the proportions at a new width; at least one.
fn scaled_height(width: u32, height: u32, new_width: u32) -> u32 {
    let (width, height, new_width) = (u64::from(width), u64::from(height), u64::from(new_width));
    let scaled = (height * new_width + width / 2) / width;
    u32::try_from(scaled.max(1)).unwrap_or(u32::MAX)
}

/// Eight-bit pixels, RGBA only where something is transparent.
struct Pixels {
    width: u32,
    height: u32,
    transparent: bool,
    data: Vec<u8>,
}

impl Pixels {
    fn new(image: &DynamicImage) -> Self {
        let (width, height) = (image.width(), image.height());
        if image.color().has_alpha() {
            let rgba = image.to_rgba8();
            if rgba.pixels().any(|pixel| pixel.0[3] < u8::MAX) {
                return Self { width, height, transparent: true, data: rgba.into_raw() };
            }
        }
        Self { width, height, transparent: false, data: image.to_rgb8().into_raw() }
    }

    fn resized(&self, width: u32) -> Self {
        let height = scaled_height(self.width, self.height, width);
        self.resized_to(width, height, FilterType::Lanczos3)
    }

    fn resized_to(&self, width: u32, height: u32, filter: FilterType) -> Self {
        let data = if (width, height) == (self.width, self.height) {
            self.data.clone()
        } else {
            let pixel_type = if self.transparent { PixelType::U8x4 } else { PixelType::U8x3 };
            let source = ImageRef::new(self.width, self.height, &self.data, pixel_type)
                .expect("a buffer is as long as its picture");
            let mut target = ResizeBuffer::new(width, height, pixel_type);
            let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
            Resizer::new().resize(&source, &mut target, &options).expect("both pictures have the same pixels");
            target.into_vec()
        };
        Self { width, height, transparent: self.transparent, data }
    }

    /// Converts from the colours of an ICC profile; a profile that can't be used is ignored, as
    /// browsers do.
    fn convert_to_srgb(&mut self, profile: &[u8]) {
        let Ok(profile) = ColorProfile::new_from_slice(profile) else {
            return;
        };
        // The decoder already turned grey and CMYK into RGB.
        if profile.color_space != DataColorSpace::Rgb {
            return;
        }
        let layout = if self.transparent { Layout::Rgba } else { Layout::Rgb };
        let srgb = ColorProfile::new_srgb();
        let mut converted = vec![0; self.data.len()];
        let done = profile
            .create_transform_8bit(layout, &srgb, layout, TransformOptions::default())
            .and_then(|transform| transform.transform(&self.data, &mut converted));
        if done.is_ok() {
            self.data = converted;
        }
    }

    /// The same picture on white, as RGB.
    fn flattened(&self) -> std::borrow::Cow<'_, [u8]> {
        if !self.transparent {
            return (&self.data).into();
        }
        let mut rgb = Vec::with_capacity(self.data.len() / 4 * 3);
        for pixel in self.data.chunks_exact(4) {
            let alpha = u32::from(pixel[3]);
            for &channel in &pixel[..3] {
                let mixed = (u32::from(channel) * alpha + 255 * (255 - alpha) + 127) / 255;
                rgb.push(u8::try_from(mixed).unwrap_or(u8::MAX));
            }
        }
        rgb.into()
    }

    fn encode(&self, format: Format) -> Result<Vec<u8>, PictureError> {
        match format {
            Format::WebP => self.encode_webp(WEBP_QUALITY),
            Format::Jpeg => {
                let mut bytes = Vec::new();
                JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY)
                    .encode(&self.flattened(), self.width, self.height, ExtendedColorType::Rgb8)
                    .map_err(refused)?;
                Ok(bytes)
            }
        }
    }

    fn encode_webp(&self, quality: f32) -> Result<Vec<u8>, PictureError> {
        let encoder = if self.transparent {
            webp::Encoder::from_rgba(&self.data, self.width, self.height)
        } else {
            webp::Encoder::from_rgb(&self.data, self.width, self.height)
        };
        let mut config = webp::WebPConfig::new().map_err(|()| PictureError::Unsupported)?;
        config.quality = quality;
        config.method = WEBP_EFFORT;
        encoder.encode_advanced(&config).map(|bytes| bytes.to_vec()).map_err(|_| PictureError::Unsupported)
    }

    fn placeholder(&self) -> Result<String, PictureError> {
        let longest = self.width.max(self.height);
        let side = |length: u32| {
            let side = u64::from(length) * u64::from(PLACEHOLDER_SIDE) / u64::from(longest);
            u32::try_from(side.max(1)).unwrap_or(1).min(length)
        };
        // Scaled without Lanczos' overshoot, which would show as rims once the page enlarges it.
        let small =
            Self { width: self.width, height: self.height, transparent: false, data: self.flattened().into_owned() }
                .resized_to(side(self.width), side(self.height), FilterType::Bilinear);
        let bytes = small.encode_webp(20.0)?;
        Ok(format!("data:image/webp;base64,{}", STANDARD.encode(bytes)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A test that panics has failed, which is what it is for.
#[path = "pipeline_tests.rs"]
mod tests;
