//! Draws the demo shop's pictures: a plain shape on a soft background, in
//! colours of its own. Small indexed PNGs, so that sixty take no time.

use std::borrow::Cow;

use serde::Deserialize;

/// Pixels across.
pub(super) const WIDTH: u32 = 320;
/// Pixels down.
pub(super) const HEIGHT: u32 = 240;

/// What a picture shows.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Shape {
    Pot,
    Lamp,
    Book,
    Plant,
    Bag,
    Clock,
}

/// Parts of a picture, each with colours of its own.
#[derive(Clone, Copy)]
enum Part {
    Background,
    Body,
    Light,
    Dark,
}

/// How many shades the background runs through.
const SHADES: u8 = 48;

/// Draws a PNG. `number` picks the colours.
pub(super) fn draw(shape: Shape, number: usize) -> Result<Vec<u8>, png::EncodingError> {
    let mut pixels = Vec::with_capacity((WIDTH * HEIGHT) as usize);
    for row in 0..HEIGHT {
        for column in 0..WIDTH {
            // From the middle outwards, one unit to the upper edge.
            let half = f64::from(HEIGHT) / 2.0;
            let x = (f64::from(column) - f64::from(WIDTH) / 2.0) / half;
            let y = (half - f64::from(row)) / half;
            pixels.push(match part(shape, x, y) {
                Part::Background => shade(row),
                Part::Body => SHADES,
                Part::Light => SHADES + 1,
                Part::Dark => SHADES + 2,
            });
        }
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, WIDTH, HEIGHT);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(Cow::from(palette(number)));
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(bytes)
}

/// Returns which shade of the background a row has.
fn shade(row: u32) -> u8 {
    u8::try_from(row * u32::from(SHADES) / HEIGHT).unwrap_or(0)
}

/// Returns three bytes a colour: the background's shades, then the shape's three.
fn palette(number: usize) -> Vec<u8> {
    let turn = f64::from(u32::try_from(number % 10).unwrap_or(0)) / 10.0;
    let background = (0..SHADES).map(|shade| {
        let depth = f64::from(shade) / f64::from(SHADES);
        colour(turn + 0.5, 0.18, 0.97 - 0.15 * depth)
    });
    let shape = [
        colour(turn, 0.62, 0.78),
        colour(turn, 0.35, 0.95),
        colour(turn, 0.70, 0.45),
    ];
    background.chain(shape).flatten().collect()
}

/// Returns a colour by hue (in turns), saturation and value.
fn colour(hue: f64, saturation: f64, value: f64) -> [u8; 3] {
    [5.0, 3.0, 1.0].map(|offset: f64| {
        let k = (offset + hue * 6.0) % 6.0;
        let level = value - value * saturation * k.min(4.0 - k).clamp(0.0, 1.0);
        // Between 0 and 255, so nothing is cut off.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let byte = (level * 255.0).round() as u8;
        byte
    })
}

/// Returns what is to be seen at a place.
fn part(shape: Shape, x: f64, y: f64) -> Part {
    let circle = |cx: f64, cy: f64, r: f64| (x - cx).hypot(y - cy) < r;
    let ring = |cx: f64, cy: f64, r: f64, w: f64| ((x - cx).hypot(y - cy) - r).abs() < w;
    let block = |x0: f64, x1: f64, y0: f64, y1: f64| (x0..x1).contains(&x) && (y0..y1).contains(&y);
    let parts = match shape {
        Shape::Pot => [
            (circle(-0.16, 0.18, 0.09), Part::Light),
            (
                circle(0.0, 0.58, 0.07) || block(-0.3, 0.3, 0.42, 0.48),
                Part::Dark,
            ),
            (
                x.hypot((y + 0.05) * 1.15) < 0.55 || ring(0.58, 0.0, 0.24, 0.05),
                Part::Body,
            ),
            (
                (x + 0.62 - (y - 0.1) * -0.5).abs() < 0.08 && (-0.2..0.45).contains(&y),
                Part::Dark,
            ),
        ],
        Shape::Lamp => [
            (block(-0.04, 0.04, -0.6, 0.1), Part::Dark),
            (block(-0.3, 0.3, -0.68, -0.6), Part::Dark),
            ((0.05..0.14).contains(&y) && x.abs() < 0.48, Part::Light),
            (
                (0.1..0.65).contains(&y) && x.abs() < 0.5 - (y - 0.1) * 0.5,
                Part::Body,
            ),
        ],
        Shape::Book => [
            (block(-0.5, -0.4, -0.6, 0.6), Part::Dark),
            (block(-0.2, 0.3, 0.2, 0.36), Part::Light),
            (block(0.5, 0.55, -0.56, 0.56), Part::Light),
            (block(-0.5, 0.5, -0.6, 0.6), Part::Body),
        ],
        Shape::Plant => [
            (
                (-0.7..-0.25).contains(&y) && x.abs() < 0.26 + (y + 0.25) * 0.15,
                Part::Dark,
            ),
            (block(-0.03, 0.03, -0.3, 0.3), Part::Light),
            (
                circle(-0.24, 0.12, 0.2) || circle(0.24, 0.2, 0.2) || circle(0.0, 0.48, 0.22),
                Part::Body,
            ),
            (
                circle(-0.36, 0.42, 0.12) || circle(0.38, 0.5, 0.12),
                Part::Light,
            ),
        ],
        Shape::Bag => [
            (block(-0.1, 0.1, -0.05, 0.08), Part::Light),
            (y > 0.2 && ring(0.0, 0.25, 0.3, 0.05), Part::Dark),
            (block(-0.52, 0.52, 0.0, 0.06), Part::Dark),
            (block(-0.52, 0.52, -0.6, 0.3), Part::Body),
        ],
        Shape::Clock => [
            (
                block(-0.03, 0.03, -0.02, 0.42) || block(-0.02, 0.28, -0.03, 0.03),
                Part::Dark,
            ),
            (circle(0.0, 0.0, 0.5), Part::Light),
            (circle(0.0, 0.0, 0.62), Part::Body),
            (
                block(-0.45, -0.3, -0.72, -0.5) || block(0.3, 0.45, -0.72, -0.5),
                Part::Dark,
            ),
        ],
    };
    let seen = parts.into_iter().find(|(there, _)| *there);
    seen.map_or(Part::Background, |(_, part)| part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_is_a_png_of_its_size() {
        for shape in [
            Shape::Pot,
            Shape::Lamp,
            Shape::Book,
            Shape::Plant,
            Shape::Bag,
            Shape::Clock,
        ] {
            let bytes = draw(shape, 3).unwrap();
            let reader = png::Decoder::new(std::io::Cursor::new(bytes))
                .read_info()
                .unwrap();
            assert_eq!((reader.info().width, reader.info().height), (WIDTH, HEIGHT));
        }
    }

    #[test]
    fn two_numbers_make_two_pictures() {
        assert_ne!(draw(Shape::Pot, 1).unwrap(), draw(Shape::Pot, 2).unwrap());
    }
}
