"""Files people send, and files that go to them: their states, the types we know, and names that are safe to show."""

import unicodedata
from collections.abc import Mapping
from typing import Literal, get_args

from model.events import MediaKind

#: `due`: not fetched yet. `kept`: here. `gone`: nobody has it any more. `refused`: not kept, for a reason.
State = Literal["due", "kept", "gone", "refused"]

#: Why a file is not here, or cannot be shown; each has a sentence for agents, `media.<why>`.
Why = Literal[
    "preparing",  # the provider still makes it ready
    "away",  # the provider does not answer, or answers with an error of its own
    "not_there",  # the provider does not give it out, perhaps not yet
    "credentials",  # the provider no longer knows our token
    "account",  # no such account in config.yaml, or without its secrets
    "address",  # the provider's name leads to an address of a private network
    "disk_full",  # no room to keep it
    "store_away",  # the file store does not answer
    "expired",  # the provider has forgotten it
    "erased",  # its person was erased
    "too_large",  # larger than `files.largest_mb`
    "empty",  # no bytes at all
    "host",  # the provider's answer points to a place we do not fetch from
    "web_page",  # a page of text came in place of a picture, sound or film
    "gave_up",  # every try ended our worker
    "not_what_it_says",  # kept, but it is something else than was announced
    "bomb",  # kept, but it would unfold into more than a file of its kind may be
    "broken",  # kept, but it cannot be read as what it is
    "too_long",  # kept, but making it playable takes too long
]
WHYS: tuple[Why, ...] = get_args(Why)

IMAGES = ("image/jpeg", "image/png", "image/webp")  #: drawn anew before a browser sees them
SOUND = "audio/mp4"  #: AAC in an .m4a file, which every browser plays

#: Types by content → the ending their names get. What is not here is of unknown type.
ENDINGS: Mapping[str, tuple[str, ...]] = {
    "image/jpeg": ("jpg", "jpeg"), "image/png": ("png",), "image/webp": ("webp",), "image/gif": ("gif",),
    "image/heic": ("heic", "heif"), "image/avif": ("avif",), "image/tiff": ("tif", "tiff"), "image/bmp": ("bmp",),
    "image/svg+xml": ("svg",),
    "audio/mp4": ("m4a",), "audio/mpeg": ("mp3",), "audio/ogg": ("ogg", "oga", "opus"), "audio/amr": ("amr",),
    "audio/aac": ("aac",), "audio/x-wav": ("wav",), "audio/x-flac": ("flac",), "audio/webm": ("weba", "webm"),
    "audio/3gpp": ("3gp",),
    "video/mp4": ("mp4", "m4v"), "video/3gpp": ("3gp",), "video/webm": ("webm",), "video/quicktime": ("mov",),
    "video/x-matroska": ("mkv",), "video/x-msvideo": ("avi",), "video/mpeg": ("mpg", "mpeg"), "video/ogg": ("ogv",),
    "application/pdf": ("pdf",), "application/rtf": ("rtf",), "application/zip": ("zip",),
    "application/msword": ("doc",), "application/vnd.ms-excel": ("xls",), "application/vnd.ms-powerpoint": ("ppt",),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ("docx",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ("xlsx",),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ("pptx",),
    "application/vnd.oasis.opendocument.text": ("odt",), "application/vnd.oasis.opendocument.spreadsheet": ("ods",),
    "text/plain": ("txt", "csv", "log", "md"), "text/vcard": ("vcf",), "text/calendar": ("ics",),
    "text/html": ("html", "htm"), "text/xml": ("xml",), "application/json": ("json",),
}  # fmt: skip
UNKNOWN = "application/octet-stream"

#: What goes out, and as what. Programs, web pages, archives and files of unknown type do not.
SENDABLE: Mapping[str, MediaKind] = {
    **dict.fromkeys(IMAGES, "image"),
    SOUND: "audio",
    "video/mp4": "video",
    **{mime: "file" for mime in ENDINGS if mime.startswith("application/vnd.")},
    **dict.fromkeys(("application/pdf", "application/rtf", "application/msword", "text/plain", "text/vcard"), "file"),
}

#: Types that a page may show or play as they are, once they are drawn or recorded anew.
INLINE = (*IMAGES, SOUND)

_LONGEST, _LONGEST_ENDING = 80, 10  # characters of a name and of its ending
_FORBIDDEN = set('/\\:*?"<>|')
_JOINERS = "\u200c\u200d"  # letters of Sinhala, Tamil and Persian names are joined with them


def safe_name(name: str | None, mime: str | None, otherwise: str) -> str:
    """A file's name that shows what it is: no path, no control or direction marks, and the ending of its real type.

    `mime` None: the type is not known yet, and the ending stays. `otherwise` stands in for a missing name.
    """
    shown = "".join(c for c in unicodedata.normalize("NFC", name or "") if _may_stand(c))
    shown = " ".join(shown.split()).strip(". ")
    stem, _, ending = shown.rpartition(".")
    known = ENDINGS.get(mime, ("bin",)) if mime else ()
    if not stem or len(ending) > _LONGEST_ENDING or (known and ending.lower() not in known):
        stem, ending = shown, known[0] if known else ""
    return ".".join(filter(None, (_cut(stem).strip(". ") or otherwise, ending)))


def _may_stand(char: str) -> bool:
    return char in _JOINERS or (char not in _FORBIDDEN and unicodedata.category(char)[0] != "C")


def _cut(text: str) -> str:
    """At most so many characters, without half a letter at the end."""
    end = len(text) if len(text) <= _LONGEST else _LONGEST
    while 0 < end < len(text) and (unicodedata.category(text[end])[0] == "M" or text[end] in _JOINERS):
        end -= 1
    return text[:end]
