"""Formats of frames: which are read, what the others are called, and whether a JPEG is whole."""

#: The formats that are read, by Pillow's names.
READ = ("JPEG", "PNG", "WEBP", "BMP")
#: Those that are read only if the policy's ``extra_frame_formats`` name them, by its words.
EXTRA = {"heic": "HEIC", "avif": "AVIF", "tiff": "TIFF"}

#: Ends of the names of frames, of both kinds of formats.
ENDS = (
    *(".jpg", ".jpeg", ".png", ".webp", ".bmp"),
    *(".heic", ".heif", ".avif", ".tif", ".tiff"),
)

_JPEG, _PNG = b"\xff\xd8", b"\x89PNG"
_SCAN, _END = b"\xff\xda", b"\xff\xd9"  # of a JPEG

#: What other files begin with, and what they are called.
_OTHERS = (
    (b"GIF8", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),  # of 64 bits, "BigTIFF"
    (b"MM\x00+", "TIFF"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"%PDF", "PDF"),
    (b"\x1aE\xdf\xa3", "a Matroska video"),
)
#: Brands of ISO media files (ISO/IEC 14496-12), which follow on "ftyp", and those that say no more
#: than that it is a picture: the brands that it is compatible with say more.
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"), "HEIC"),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
}
_ANY_CODING = (b"mif1", b"msf1")


def is_jpeg(content: bytes) -> bool:
    """Whether a file begins as a JPEG does."""
    return content.startswith(_JPEG)


def is_png(content: bytes) -> bool:
    """Whether a file begins as a PNG does."""
    return content.startswith(_PNG)


def unread(content: bytes) -> str | None:
    """What a file is that is of no format that is read; None if it is of one."""
    is_webp = content.startswith(b"RIFF") and content[8:12] == b"WEBP"
    if is_webp or is_jpeg(content) or is_png(content) or content.startswith(b"BM"):
        return None
    if content[4:8] == b"ftyp":
        brand = content[8:12]
        if brand in _ANY_CODING and b"avif" in content[16 : int.from_bytes(content[:4])]:
            brand = b"avif"
        return _BRANDS.get(brand, "a video or picture of the MP4 family")
    return next((name for start, name in _OTHERS if content.startswith(start)), "no picture")


def extra_word(content: bytes) -> str | None:
    """The word of EXTRA that names a file's format; None for any other file."""
    name = unread(content)
    return next((word for word, its_name in EXTRA.items() if its_name == name), None)


def webp_pixels(content: bytes) -> int:
    """Pixels that a WebP says it has, by its first chunk; 0 for any other file.

    The decoder takes memory for them before it says how many there are (RFC 9649, section 2).
    """
    kind, head = content[12:16], content[20:30]
    if not content.startswith(b"RIFF") or content[8:12] != b"WEBP" or len(head) < 10:
        return 0
    if kind == b"VP8X":
        sides = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (4, 7))
    elif kind == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        sides = ((bits >> shift & 0x3FFF) + 1 for shift in (0, 14))
    else:
        sides = (int.from_bytes(head[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    width, height = sides
    return width * height


def ended(content: bytes) -> bytes:
    """A JPEG with an end marker: some cameras leave it out."""
    return content if content.find(_END, content.rfind(_SCAN)) >= 0 else content + _END


def with_more(content: bytes) -> bytes:
    """A JPEG whose last scan goes on for some bytes.

    A decoder ignores them if it has all of the picture by then. Otherwise they become part of it.
    """
    end = content.find(_END, content.rfind(_SCAN))
    return content[:end] + bytes(range(1, 65)) + content[end:]
