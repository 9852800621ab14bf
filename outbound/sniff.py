"""What a file really is: by its bytes, never by what anybody says of it."""

import re

import filetype

from model.media import UNKNOWN

_HEAD = 8192
# what the library calls otherwise than we do
_OURS = {
    "audio/x-m4a": "audio/mp4", "audio/m4a": "audio/mp4", "audio/wav": "audio/x-wav", "audio/flac": "audio/x-flac",
    "video/x-m4v": "video/mp4", "application/x-rtf": "application/rtf", "text/rtf": "application/rtf",
}  # fmt: skip
# the library looks for these at fixed places, where not every program puts them
_OFFICE = {
    b"word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    b"xl/workbook.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    b"ppt/presentation.xml": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_MARKUP = re.compile(r"\s*<(?:[a-z!?/])", re.IGNORECASE)
_PAGE = re.compile(r"<(?:!doctype\s+html|html|head|body|script|iframe|title|div|meta)\b", re.IGNORECASE)
_DRAWING = re.compile(r"<(?:[a-z]+:)?svg\b", re.IGNORECASE)


def sniff(data: bytes) -> str:
    """The type of a file, UNKNOWN where nothing tells."""
    found = filetype.guess_mime(data[:_HEAD])
    if found == "video/mp4" and data[8:11] == b"3gp":
        return "video/3gpp"
    if found == "application/zip":
        return next((mime for part, mime in _OFFICE.items() if part in data), str(found))
    if found:
        return _OURS.get(str(found), str(found))
    text = _text(data[:_HEAD])
    return UNKNOWN if text is None else _written(text)


def is_text(mime: str) -> bool:
    """Whether it is something to read, not to see or hear."""
    return mime.startswith("text/") or mime in ("application/json", "application/xml")


def _text(head: bytes) -> str | None:
    """What can be read of it, None when it is no text."""
    for mark, code in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if head.startswith(mark):
            return head[len(mark) :].decode(code, "replace")
    if b"\0" in head:
        return None
    try:
        text = head.decode("utf-8", "strict" if len(head) < _HEAD else "ignore")
    except UnicodeDecodeError:
        # another alphabet's code page: a text if it holds no control characters
        text = head.decode("latin-1")
    return None if re.search(r"[\x01-\x08\x0e-\x1a\x1c-\x1f]", text) else text


def _written(text: str) -> str:
    """Markup is named as such on the least suspicion: a browser would run it."""
    if _MARKUP.match(text):
        if _DRAWING.search(text):
            return "image/svg+xml"
        return "text/html" if _PAGE.search(text) or not text.lstrip().startswith("<?xml") else "text/xml"
    start = text.lstrip()[:20].upper()
    if start.startswith("BEGIN:VCARD"):
        return "text/vcard"
    if start.startswith("BEGIN:VCALENDAR"):
        return "text/calendar"
    return "application/json" if start[:1] in ("{", "[") else "text/plain"
