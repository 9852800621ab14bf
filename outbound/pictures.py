"""Pictures drawn anew. Runs in the jail (jail.py): what it is given comes from strangers."""

from io import BytesIO
from typing import Any

from PIL import Image, ImageOps, MpoImagePlugin, TiffImagePlugin

from outbound.jail import Refused

_LATER = MpoImagePlugin, TiffImagePlugin  # parts of JPEG files that Pillow loads when it meets them
_LOADERS = ("JPEG", "PNG", "WEBP")
_PIXELS = 40_000_000
_JPEG_PIXELS = 250_000_000  # a JPEG is made smaller while it is read


def warm_up() -> None:
    """Do everything once with something harmless: what is loaded at first use could not be loaded later."""
    for form in _LOADERS:
        picture(_written(Image.new("RGB", (1, 1)), form))


def picture(data: bytes, side: str = "2560", most: str = "4194304") -> tuple[dict[str, Any], bytes]:
    """Drawn anew: upright, its long side no longer than `side`, without anything but its points.

    `most`: bytes that a PNG may have, and a JPEG should: a photo is no smaller for being a PNG.
    """
    long_side, bytes_ = int(side), int(most)
    Image.MAX_IMAGE_PIXELS = None  # counted here
    image: Image.Image = Image.open(BytesIO(data), formats=_LOADERS)
    if image.width * image.height > (_JPEG_PIXELS if image.format in ("JPEG", "MPO") else _PIXELS):
        raise Refused("bomb")
    was = image.format
    small = min(1.0, long_side / max(image.size))
    image.draft("RGB", (round(image.width * small), round(image.height * small)))
    clear = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
    plain = "RGBA" if clear else "RGB"
    if image.mode not in ("RGBA", "RGB", "L", "CMYK"):
        image = image.convert(plain)  # what has a palette or deep greys cannot be made smaller as it is
    image.thumbnail((long_side, long_side), Image.Resampling.LANCZOS, reducing_gap=3.0)  # first: memory
    image = ImageOps.exif_transpose(image).convert(plain)
    bare = Image.new(image.mode, image.size)  # a new canvas has no notes on its back
    bare.paste(image)
    if was == "PNG" or clear:
        drawn = _written(bare, "PNG", optimize=False)
        if len(drawn) <= bytes_:
            return {"mime": "image/png"}, drawn
    white = Image.new("RGB", bare.size, "white")
    white.paste(bare, mask=bare.getchannel("A") if clear else None)
    drawn = next((d for q in (85, 70) if len(d := _written(white, "JPEG", quality=q)) <= bytes_), b"")
    return {"mime": "image/jpeg"}, drawn or _written(white, "JPEG", quality=50)


def _written(image: Image.Image, form: str, **how: Any) -> bytes:
    out = BytesIO()
    image.save(out, form, **how)
    return out.getvalue()
