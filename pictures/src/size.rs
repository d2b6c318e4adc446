//! How large a picture is, and how large one becomes that has to fit into a box.

use crate::limits::{MAX_PIXELS, MAX_SIDE};
use crate::rejection::Rejection;

/// Width and height, at least 1 each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Size {
    /// Takes what a header says.
    ///
    /// # Errors
    /// [`Rejection::TooLarge`]; [`Rejection::Damaged`] if there are no pixels.
    pub(crate) fn checked(width: u32, height: u32) -> Result<Self, Rejection> {
        if width == 0 || height == 0 {
            return Err(Rejection::Damaged);
        }
        if width > MAX_SIDE || height > MAX_SIDE || width * height > MAX_PIXELS {
            return Err(Rejection::TooLarge { width, height });
        }
        Ok(Self { width, height })
    }

    pub(crate) fn turned(self) -> Self {
        Self {
            width: self.height,
            height: self.width,
        }
    }

    /// Returns how many pixels that are.
    pub(crate) fn area(self) -> usize {
        self.width as usize * self.height as usize
    }

    /// Returns the largest size of the same shape that fits, itself if it does already.
    pub(crate) fn fit(self, (width, height): (u32, u32)) -> Self {
        let Self {
            width: own_width,
            height: own_height,
        } = self;
        if own_width <= width && own_height <= height {
            return self;
        }
        // Rounded to the nearest, and no side vanishes.
        let scaled = |side: u32, to: u32, from: u32| ((side * to + from / 2) / from).max(1);
        if own_width * height >= own_height * width {
            Self {
                width,
                height: scaled(own_height, width, own_width),
            }
        } else {
            Self {
                width: scaled(own_width, height, own_height),
                height,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(width: u32, height: u32, bounds: (u32, u32)) -> (u32, u32) {
        let fitted = Size::checked(width, height).unwrap().fit(bounds);
        (fitted.width, fitted.height)
    }

    #[test]
    fn a_picture_keeps_its_shape_and_is_never_enlarged() {
        assert_eq!(fit(4000, 4000, (1600, 1200)), (1200, 1200));
        assert_eq!(fit(4000, 3000, (1600, 1200)), (1600, 1200));
        assert_eq!(fit(3000, 4000, (800, 600)), (450, 600));
        assert_eq!(fit(1000, 333, (320, 240)), (320, 107));
        assert_eq!(fit(320, 240, (320, 240)), (320, 240));
        assert_eq!(fit(4000, 1, (320, 240)), (320, 1));
    }

    #[test]
    fn sixteen_megapixels_of_4000_a_side_are_the_most() {
        assert!(Size::checked(4000, 4000).is_ok());
        assert!(Size::checked(4001, 1).is_err());
        assert!(Size::checked(1, 4001).is_err());
        assert!(Size::checked(u32::MAX, u32::MAX).is_err());
        assert_eq!(Size::checked(0, 1), Err(Rejection::Damaged));
    }
}
