//! How the notes send a picture from the service to the web: as JSON, with a field for the pixels. The web
//! makes a PNG of it.

use anyhow::ensure;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use png::{BitDepth, ColorType, Decoder, Encoder, Transformations};
use serde::{Deserialize, Serialize};

/// A picture in memory: four bytes a pixel, red, green, blue and how much of it is seen. Go's library
/// has such a type, and its JSON looks like this.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Image {
    /// The pixels, in base64.
    pix: String,
    stride: u32,
    rect: Rect,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Rect {
    min: Point,
    max: Point,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
struct Point {
    x: u32,
    y: u32,
}

/// The JSON of a picture that comes as PNG: our painter makes nothing else.
///
/// # Errors
/// If it is no PNG.
pub fn to_json(png: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut decoder = Decoder::new(std::io::Cursor::new(png));
    decoder.set_transformations(Transformations::EXPAND | Transformations::ALPHA);
    let mut reader = decoder.read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().unwrap_or_default()];
    let info = reader.next_frame(&mut pixels)?;
    ensure!(
        info.color_type == ColorType::Rgba,
        "{:?} is not RGBA",
        info.color_type
    );
    let image = Image {
        pix: STANDARD.encode(&pixels),
        stride: 4 * info.width,
        rect: Rect {
            min: Point { x: 0, y: 0 },
            max: Point {
                x: info.width,
                y: info.height,
            },
        },
    };
    Ok(serde_json::to_vec(&image)?)
}

/// The PNG of a picture in JSON.
///
/// # Errors
/// If it is no picture.
pub fn to_png(json: &[u8]) -> anyhow::Result<Vec<u8>> {
    let image: Image = serde_json::from_slice(json)?;
    let pixels = STANDARD.decode(&image.pix)?;
    let mut png = Vec::new();
    let mut encoder = Encoder::new(&mut png, image.rect.max.x, image.rect.max.y);
    encoder.set_color(ColorType::Rgba);
    encoder.set_depth(BitDepth::Eight);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(png)
}
