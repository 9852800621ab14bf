"""HTTP as data, so that an adapter can speak it without doing it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One webhook request as it arrived."""

    method: str  #: upper case
    url: str  #: as the provider called it: `public_url` + raw path + query, never the Host header
    step: str = ""  #: what follows the account in the path, `/hooks/{account}/{step}`
    headers: Headers = ()  #: names in lower case; a name may stand twice
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The one value of a header; None when it is absent **or stands twice**.

        Two signatures are no signature: which of them a proxy checked cannot be known.
        """
        values = [value for key, value in self.headers if key == name]
        return values[0] if len(values) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What the provider is answered."""

    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    body: bytes = b""
    headers: Headers = field(default=())


#: The only headers a receipt keeps: the others may be secrets (Telegram's token) or say where the provider sits.
KEPT_HEADERS = ("content-type", "i-twilio-idempotency-token")
