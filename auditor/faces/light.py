"""How bright a frame is."""

import cv2

from auditor.faces.frames import Pixels


def luminance(pixels: Pixels) -> float:
    """The mean luminance (ITU-R BT.601) of a picture, 0 to 255.

    Of the whole frame: that of a face would say more of the skin than of the lamp.

    Args:
        pixels: uint8 RGB, shape (height, width, 3).
    """
    red, green, blue, _ = cv2.mean(pixels)
    return 0.299 * red + 0.587 * green + 0.114 * blue
