//! Photos of what is sent back: for staff, as they were meant, and not for ever.

use crate::harness::TestShop;
use crate::shipments::{ordered, send_everything};
use commerce::media::pipeline::PictureError;
use commerce::orders::Order;
use commerce::returns::approve::withdraw;
use commerce::returns::forget::{forget_order, purge_photos};
use commerce::returns::photos::{PHOTO_BYTES_MOST, PhotoError, add_photo, read_photo};
use commerce::returns::request::request;
use commerce::returns::{NewReturn, PHOTOS_MOST, Return, ReturnError, ReturnReason, Wanted, queries};
use futures::TryStreamExt;
use image::{DynamicImage, ImageFormat, RgbImage};
use std::io::Cursor;

const PLACE: &[u8] = b"52.5200 N, 13.4050 E";

/// A JPEG of one colour that says where it was taken.
fn photo(shade: u8) -> Vec<u8> {
    let picture = DynamicImage::ImageRgb8(RgbImage::from_pixel(40, 20, image::Rgb([shade; 3])));
    let mut bytes = Vec::new();
    picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Jpeg).expect("encoded");
    let metadata = [b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0".as_slice(), PLACE].concat();
    let length = u16::try_from(metadata.len() + 2).expect("short").to_be_bytes();
    let segment = [&[0xff, 0xe1][..], &length, &metadata].concat();
    bytes.splice(2..2, segment);
    bytes
}

/// A return of a mug.
pub async fn returning(shop: &TestShop, order: &Order, comment: &str) -> Return {
    let wanted =
        Wanted { line: order.lines[0].id, quantity: 1, reason: ReturnReason::Damaged, comment: comment.to_owned() };
    let new = NewReturn { key: "key".to_owned(), lines: vec![wanted] };
    let number = request(shop, order.id, &new).await.expect("asked for");
    queries::of_order_by_number(shop.db.primary(), order.id, number.number).await.expect("read").expect("the return")
}

async fn asked(shop: &TestShop) -> (Order, Return) {
    shop.sells("MUG", 1_290, 10).await;
    shop.sells("PLATE", 990, 10).await;
    let order = ordered(shop).await;
    send_everything(shop).await;
    let of = returning(shop, &order, "").await;
    (order, of)
}

async fn files(shop: &TestShop) -> usize {
    let prefix = object_store::path::Path::from("returns");
    shop.files.list(Some(&prefix)).try_collect::<Vec<_>>().await.expect("listed").len()
}

both_databases! {
    async fn photos_are_kept_without_what_they_tell_besides(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let eve = shop.member("eve@example.org").await;
        let (_, of) = asked(&shop).await;
        let bytes = photo(1);
        assert!(bytes.windows(PLACE.len()).any(|part| part == PLACE));
        let both = tokio::join!(add_photo(&shop, of.id, bytes.clone()), add_photo(&shop, of.id, bytes));
        both.0.expect("kept");
        both.1.expect("kept once");
        let kept = queries::photos(shop.db.primary(), of.id).await.expect("read");
        assert_eq!((kept.len(), kept[0].width, kept[0].height, files(&shop).await), (1, 40, 20, 1));
        let file = read_photo(&shop, &ada, of.id, kept[0].id).await.expect("read").expect("there");
        assert!(image::load_from_memory(&file).is_ok());
        assert!(!file.windows(4).any(|part| part == b"Exif"));
        assert!(!file.windows(PLACE.len()).any(|part| part == PLACE));
        let refused = read_photo(&shop, &eve, of.id, kept[0].id).await;
        assert!(matches!(refused, Err(PhotoError::Return(ReturnError::NotAllowed))));
        let other = commerce::returns::ReturnId::new(shop.clock.now());
        assert!(read_photo(&shop, &ada, other, kept[0].id).await.expect("read").is_none(), "of another return");
    }

    async fn a_return_has_a_few_pictures_and_nothing_else(shop: TestShop) {
        let (_, of) = asked(&shop).await;
        for (bytes, expected) in [
            (b"GIF89a".to_vec(), PictureError::Unsupported),
            (b"<svg onload=alert(1)>".to_vec(), PictureError::Unsupported),
            (photo(1)[..200].to_vec(), PictureError::Broken),
            (vec![0; PHOTO_BYTES_MOST + 1], PictureError::TooLarge),
        ] {
            let refused = add_photo(&shop, of.id, bytes).await;
            assert!(matches!(refused, Err(PhotoError::Picture(error)) if error == expected), "{refused:?}");
        }
        assert_eq!((shop.count("return_photos").await, files(&shop).await), (0, 0));
        let adding: Vec<_> = (0..8)
            .map(|shade| {
                let (shop, id) = (shop.clone(), of.id);
                tokio::spawn(async move { add_photo(&shop, id, photo(shade * 20)).await })
            })
            .collect();
        let mut refused = 0;
        for adding in adding {
            match adding.await.expect("no panic") {
                Ok(()) => {}
                Err(PhotoError::TooMany) => refused += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!((refused, files(&shop).await), (8 - PHOTOS_MOST, PHOTOS_MOST));
        withdraw(&shop, of.id, "w").await.expect("taken back");
        let late = add_photo(&shop, of.id, photo(255)).await;
        assert!(matches!(late, Err(PhotoError::Return(ReturnError::WrongState))), "{late:?}");
    }

    async fn photos_go_with_their_time_or_their_customer(shop: TestShop) {
        let (order, of) = asked(&shop).await;
        add_photo(&shop, of.id, photo(1)).await.expect("kept");
        shop.wait_minutes(365 * 24 * 60);
        assert_eq!(purge_photos(&shop).await.expect("purged"), 0, "it is still open");
        withdraw(&shop, of.id, "w").await.expect("taken back");
        shop.wait_minutes(90 * 24 * 60);
        assert_eq!(purge_photos(&shop).await.expect("purged"), 0);
        shop.wait_minutes(1);
        assert_eq!(purge_photos(&shop).await.expect("purged"), 1);
        assert_eq!((shop.count("return_photos").await, files(&shop).await), (0, 0));

        let next = Wanted { line: order.lines[1].id, quantity: 1, reason: ReturnReason::Other, comment: "Mine".to_owned() };
        let new = NewReturn { key: "next".to_owned(), lines: vec![next] };
        let number = request(&shop, order.id, &new).await.expect("asked for");
        let of = queries::of_order_by_number(shop.db.primary(), order.id, number.number).await.expect("read").expect("one");
        add_photo(&shop, of.id, photo(1)).await.expect("kept");
        let tx = shop.db.begin().await.expect("begun");
        forget_order(&tx, order.id).await.expect("forgotten");
        tx.commit().await.expect("committed");
        assert!(queries::photos(shop.db.primary(), of.id).await.expect("read").is_empty(), "nobody sees it any more");
        assert_eq!(purge_photos(&shop).await.expect("purged"), 1);
        assert_eq!(files(&shop).await, 0);
        assert_eq!(shop.number("SELECT COUNT(*) AS n FROM return_lines WHERE comment <> ''", []).await, 0);
        assert_eq!(shop.count("return_lines").await, 2, "what was sent back stays");
    }
}
