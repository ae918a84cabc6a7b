//! Pictures come out as asked for, and what is none is refused.

use image::{ImageEncoder, Rgb, RgbImage, Rgba, RgbaImage, codecs::png::PngEncoder};

use super::*;

/// A photograph-like picture: red on the left, blue on the right, with some texture.
fn picture(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| {
        let texture = ((x * 7 + y * 13) % 32) as u8;
        if x < width / 2 { Rgb([220, texture, texture]) } else { Rgb([texture, texture, 220]) }
    })
    .into()
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn decoded(rendition: &Rendition) -> RgbImage {
    image::load_from_memory(&rendition.bytes).unwrap().to_rgb8()
}

/// A JPEG file with an EXIF segment that holds nothing but an orientation.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut segment = b"Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    segment.extend([orientation, 0, 0, 0, 0, 0, 0]);
    let length = u16::try_from(segment.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, &segment, &jpeg[2..]].concat()
}

/// The beginning of a PNG file that claims a size it has no pixels for.
fn png_claiming(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut crc = u32::MAX;
    for &byte in &header {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    let mut bytes = b"\x89PNG\r\n\x1A\n\0\0\0\x0D".to_vec();
    bytes.extend(header);
    bytes.extend((!crc).to_be_bytes());
    bytes.extend(b"\0\0\0\x04IDAT\0\0\0\0");
    bytes
}

#[test]
fn every_width_comes_in_every_format() {
    let processed = process(&encoded(&picture(1200, 800), ImageFormat::Jpeg)).unwrap();
    assert_eq!((processed.width, processed.height), (1200, 800));
    let sizes: Vec<_> =
        processed.renditions.iter().map(|rendition| (rendition.width, rendition.height, rendition.format)).collect();
    let expected: Vec<_> = [(160, 107), (320, 213), (640, 427), (960, 640)]
        .into_iter()
        .flat_map(|(width, height)| Format::ALL.map(|format| (width, height, format)))
        .collect();
    assert_eq!(sizes, expected);
    for rendition in &processed.renditions {
        let format = image::guess_format(&rendition.bytes).unwrap();
        assert_eq!(format.to_mime_type(), rendition.format.content_type());
        assert_eq!(decoded(rendition).dimensions(), (rendition.width, rendition.height));
    }
}

#[test]
fn a_picture_is_never_enlarged() {
    for (width, height, expected) in [(500, 300, vec![160, 320, 500]), (320, 20, vec![160, 320]), (1, 1, vec![1])] {
        let processed = process_image(&picture(width, height)).unwrap();
        let widths: Vec<_> = processed
            .renditions
            .iter()
            .filter(|rendition| rendition.format == Format::WebP)
            .map(|rendition| rendition.width)
            .collect();
        assert_eq!(widths, expected);
        assert_eq!(processed.renditions.last().unwrap().height, height);
    }
}

#[test]
fn a_flat_strip_keeps_at_least_one_row() {
    let processed = process_image(&picture(2000, 2)).unwrap();
    assert!(processed.renditions.iter().all(|rendition| rendition.height >= 1));
}

#[test]
fn a_strip_too_tall_for_the_formats_is_refused() {
    assert_eq!(process_image(&picture(10, MAX_SIDE + 1)), Err(PictureError::Unsupported));
}

#[test]
fn pictures_are_turned_upright() {
    let jpeg = encoded(&picture(400, 200), ImageFormat::Jpeg);
    // Orientation 6: the left edge of the stored pixels is the top of the picture.
    let processed = process(&with_orientation(&jpeg, 6)).unwrap();
    assert_eq!((processed.width, processed.height), (200, 400));
    for rendition in &processed.renditions {
        let upright = decoded(rendition);
        let (width, height) = upright.dimensions();
        let top = upright.get_pixel(width / 2, height / 8);
        let bottom = upright.get_pixel(width / 2, height - height / 8);
        assert!(top[0] > 150 && top[2] < 100, "red above: {top:?}");
        assert!(bottom[2] > 150 && bottom[0] < 100, "blue below: {bottom:?}");
    }
}

#[test]
fn metadata_is_dropped() {
    let jpeg = encoded(&picture(400, 200), ImageFormat::Jpeg);
    let processed = process(&with_orientation(&jpeg, 1)).unwrap();
    for rendition in &processed.renditions {
        assert!(!rendition.bytes.windows(4).any(|four| four == b"Exif" || four == b"EXIF"));
    }
}

#[test]
fn wide_gamut_colours_become_srgb() {
    let image = RgbImage::from_pixel(40, 40, Rgb([200, 80, 80]));
    let mut bytes = Vec::new();
    let mut encoder = PngEncoder::new(&mut bytes);
    encoder.set_icc_profile(ColorProfile::new_display_p3().encode().unwrap()).unwrap();
    encoder.write_image(&image, 40, 40, ExtendedColorType::Rgb8).unwrap();
    let processed = process(&bytes).unwrap();
    let pixel = *decoded(&processed.renditions[1]).get_pixel(20, 20);
    assert!(pixel[0] > 207, "Display P3 red is more vivid in sRGB: {pixel:?}");
}

#[test]
fn transparency_stays_in_webp_and_is_white_in_jpeg() {
    let image: DynamicImage =
        RgbaImage::from_fn(200, 200, |x, _| Rgba([0, 120, 0, if x < 100 { 255 } else { 0 }])).into();
    let processed = process(&encoded(&image, ImageFormat::Png)).unwrap();
    for rendition in &processed.renditions {
        let result = image::load_from_memory(&rendition.bytes).unwrap();
        let pixel = *result.to_rgba8().get_pixel(rendition.width - 2, 2);
        match rendition.format {
            Format::WebP => assert_eq!(pixel[3], 0),
            Format::Jpeg => assert!(pixel.0[..3].iter().all(|&channel| channel > 250)),
        }
    }
}

#[test]
fn a_needless_alpha_channel_is_dropped() {
    let opaque: DynamicImage = picture(100, 100).to_rgba8().into();
    let processed = process_image(&opaque).unwrap();
    let result = image::load_from_memory(&processed.renditions[0].bytes).unwrap();
    assert!(!result.color().has_alpha());
}

#[test]
fn grey_and_deep_colours_are_accepted() {
    for image in
        [DynamicImage::ImageLuma8(picture(50, 50).to_luma8()), DynamicImage::ImageRgba16(picture(50, 50).to_rgba16())]
    {
        assert!(process(&encoded(&image, ImageFormat::Png)).is_ok());
    }
}

#[test]
fn truncated_files_are_broken() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let whole = encoded(&picture(300, 300), format);
        assert!(process(&whole).is_ok());
        for kept in [whole.len() / 3, whole.len() / 2, whole.len() - 20] {
            assert_eq!(process(&whole[..kept]), Err(PictureError::Broken), "{kept} bytes of a {format:?}");
        }
    }
}

#[test]
fn a_jpeg_thumbnail_does_not_hide_a_truncated_picture() {
    let whole = encoded(&picture(300, 300), ImageFormat::Jpeg);
    let thumbnail = encoded(&picture(20, 20), ImageFormat::Jpeg);
    let length = u16::try_from(thumbnail.len() + 2).unwrap().to_be_bytes();
    let mut with_thumbnail = [&whole[..2], &[0xFF, 0xEF], &length, &thumbnail, &whole[2..]].concat();
    assert!(process(&with_thumbnail).is_ok());
    with_thumbnail.truncate(with_thumbnail.len() - 100);
    assert_eq!(process(&with_thumbnail), Err(PictureError::Broken));
}

#[test]
fn a_decompression_bomb_is_refused_unopened() {
    for (width, height) in [(8000, 7000), (60_000, 60_000)] {
        assert_eq!(process(&png_claiming(width, height)), Err(PictureError::TooManyPixels));
    }
    assert_eq!(process(&png_claiming(100, 100)), Err(PictureError::Broken));
}

#[test]
fn other_files_are_unsupported() {
    for bytes in
        [b"".as_slice(), b"GIF89a\x01\0\x01\0\0\0\0;", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7"]
    {
        assert_eq!(process(bytes), Err(PictureError::Unsupported));
    }
}

#[test]
fn large_files_are_refused_unread() {
    assert_eq!(process(&vec![0; MAX_BYTES + 1]), Err(PictureError::TooLarge));
}

#[test]
fn the_same_bytes_give_the_same_files() {
    let bytes = encoded(&picture(700, 500), ImageFormat::Png);
    assert_eq!(process(&bytes), process(&bytes));
}

#[test]
fn placeholders_are_small_and_complete() {
    for (width, height) in [(1200, 800), (300, 900), (3, 2), (2000, 1)] {
        let placeholder = process_image(&picture(width, height)).unwrap().placeholder;
        assert!(placeholder.len() < 400, "{} bytes", placeholder.len());
        let encoded = placeholder.strip_prefix("data:image/webp;base64,").unwrap();
        let image = image::load_from_memory(&STANDARD.decode(encoded).unwrap()).unwrap();
        assert!(image.width() <= PLACEHOLDER_SIDE && image.height() <= PLACEHOLDER_SIDE);
    }
}
