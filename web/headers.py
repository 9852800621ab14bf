"""What every page tells the browser: run nothing but our own files, ask nobody else, keep nothing."""

from multidict import CIMultiDict

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_ALWAYS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(self), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # browsers that do not know frame-ancestors
}
#: Two years. Only where the browser came encrypted: on a bare machine this would lock a newcomer out of 127.0.0.1.
_ENCRYPTED = {"Strict-Transport-Security": "max-age=63072000"}


def put(headers: CIMultiDict[str], *, encrypted: bool) -> None:
    """Add them to an answer, over whatever stands there."""
    headers.popall("Server", None)  # which versions run here helps nobody who is welcome
    headers.update(_ALWAYS)
    if encrypted:
        headers.update(_ENCRYPTED)
