"""Pictures, in the jail: a scan or a photo of a bill, of one page, or of several in a TIFF."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from math import sqrt
from typing import Any

from PIL import Image, ImageOps

from domain.bills.reading.faults import Fault, Faulty
from domain.bills.reading.limits import MAX_PIXELS, MAX_POINTS, MAX_SCAN_PIXELS, MAX_SCAN_SIDE, MAX_SIDE

FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/tiff": "TIFF", "image/webp": "WEBP"}
POINTS_PER_INCH = 72
SCAN_DPI, LEAST_DPI, MOST_DPI = 200, 50, 1200
WHITE = (255, 255, 255)
ORIENTATION, FIRST_ON_ITS_SIDE, ON_ITS_SIDE = 0x0112, 5, 6

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)


class PictureFile:
    """A picture of which no pixel is decoded before its size is known to be one that can be."""

    def __init__(self, data: bytes) -> None:
        with faults(Fault.OTHER_KIND):
            self._image = Image.open(io.BytesIO(data), formats=list(FORMATS.values()))
            self.pages = getattr(self._image, "n_frames", 1) if self._image.format == "TIFF" else 1

    def text(self) -> dict[str, Any]:
        """Return that all its pages are scans."""
        pages = [self._page(number) for number in range(self.pages)]
        return {"pages": [page | {"words": [], "scan": True} for page in pages], "xml": None}

    def scan(self, page: int) -> Image.Image:
        """Return the page in grey, no larger than text recognition takes it."""
        image = self._at(page)
        with faults(Fault.DAMAGED):
            image.draft("L", _scan_size(image.size))
            grey = _flat(ImageOps.exif_transpose(image)).convert("L")
            return grey.resize(_scan_size(grey.size)) if grey.size != _scan_size(grey.size) else grey

    def picture(self, page: int) -> Image.Image:
        """Return the page, with its longer side at most MAX_SIDE pixels."""
        image = self._at(page)
        with faults(Fault.DAMAGED):
            image.draft("RGB", (MAX_SIDE, MAX_SIDE))
            shown = _flat(ImageOps.exif_transpose(image)).convert("RGB")
            shown.thumbnail((MAX_SIDE, MAX_SIDE))
            return shown

    def _page(self, number: int) -> dict[str, float]:
        image = self._at(number)
        with faults(Fault.DAMAGED):
            width, height = image.size
            # Pillow itself turns a TIFF.
            if image.format != "TIFF" and image.getexif().get(ORIENTATION, 1) >= FIRST_ON_ITS_SIDE:
                width, height = height, width
            dpi = _dpi(image)
        sides = {"width": width, "height": height}
        return {name: min(MAX_POINTS, pixels * POINTS_PER_INCH / dpi) for name, pixels in sides.items()}

    def _at(self, page: int) -> Image.Image:
        with faults(Fault.DAMAGED):
            self._image.seek(page)
        pixels = self._image.width * self._image.height
        if pixels > MAX_PIXELS:
            raise Faulty(Fault.TOO_MANY_PIXELS, pixels)
        return self._image


@contextmanager
def faults(fault: Fault) -> Iterator[None]:
    """Say of whatever a decoder raises that it is the file's fault; without memory the process ends."""
    try:
        yield
    except (Faulty, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Faulty(Fault.TOO_MANY_PIXELS, MAX_PIXELS + 1) from None
    except Exception:
        raise Faulty(fault) from None


def png(image: Image.Image) -> bytes:
    """Return the picture as PNG."""
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=4)
    return file.getvalue()


def _scan_size(size: tuple[int, int]) -> tuple[int, int]:
    pixels, side = size[0] * size[1], max(size)
    factor = min(1.0, sqrt(MAX_SCAN_PIXELS / pixels), MAX_SCAN_SIDE / side)
    return max(1, int(size[0] * factor)), max(1, int(size[1] * factor))


def _flat(image: Image.Image) -> Image.Image:
    """Return the picture on white, where one can see through it; of 16 bits a sample, the upper eight."""
    if image.mode.startswith("I;16"):
        return image.point(lambda value: value / 256).convert("L")
    if not image.has_transparency_data:
        return image
    seen = image.convert("RGBA")
    ground = Image.new("RGBA", seen.size, (*WHITE, 255))
    return Image.alpha_composite(ground, seen)


def _dpi(image: Image.Image) -> float:
    told = image.info.get("dpi", (0, 0))
    dpi = float(told[0]) if isinstance(told, tuple) and told else 0.0
    return dpi if LEAST_DPI <= dpi <= MOST_DPI else SCAN_DPI


def specimens() -> Iterator[tuple[str, bytes]]:
    """Yield a small picture of each kind, with what a decoder may load for it."""
    Image.init()
    exif = Image.Exif()
    exif[ORIENTATION] = ON_ITS_SIDE
    for media_type, name in FORMATS.items():
        for mode in ("RGB", "L") if name == "JPEG" else ("RGBA", "RGB", "L"):
            file = io.BytesIO()
            more = {"save_all": True, "append_images": [Image.new(mode, (8, 9))]} if name == "TIFF" else {}
            Image.new(mode, (40, 30)).save(file, name, dpi=(300, 300), exif=exif, **more)
            yield media_type, file.getvalue()
