"""Invented workers: names, and numbers that nobody can own."""

from dataclasses import dataclass, replace

from sandbox.webhook import digits, hexes

# Prefix and number of digits that follow. The United States keep 555-01xx for stories; elsewhere these are ranges
# of the right length that no operator has been given.
_PHONES = {
    "AE": ("+9712000", 5), "BD": ("+88020000", 5), "HK": ("+852200", 5), "ID": ("+6220000", 5),
    "IN": ("+9120000", 5), "JO": ("+9622000", 5), "JP": ("+8130000", 5), "KH": ("+855200", 5),
    "KR": ("+8220000", 5), "LA": ("+85620000", 5), "LK": ("+942000", 5), "MM": ("+952000", 5),
    "MX": ("+5240000", 5), "MY": ("+602000", 5), "NP": ("+97720000", 5), "PH": ("+6320000", 5),
    "PK": ("+9220000", 5), "QA": ("+974200", 5), "SA": ("+9662000", 5), "SG": ("+65200", 5),
    "TH": ("+662000", 5), "TW": ("+8863000", 5), "VN": ("+842000", 5),
}  # fmt: skip
_AREAS = (
    "202",
    "209",
    "213",
    "239",
    "305",
    "312",
    "404",
    "503",
    "512",
    "559",
    "602",
    "617",
    "713",
    "805",
    "813",
    "919",
)
_NAMES = {
    "my": ("Aye Thida", "Ko Zaw", "မသန္တာ", "ကိုမျိုး"), "shn": ("Sai Kham", "Nang Mo"), "mnw": ("Mi Chan", "Nai Tala"),
    "ksw": ("Naw Paw", "Saw Eh"), "kac": ("Ja Seng", "Naw Awng"), "km": ("សុខា", "Dara", "Srey Neang"),
    "lo": ("ບຸນມີ", "Noy"), "th": ("นก", "สมหญิง", "Lek"), "ne": ("सीता", "Ram B.", "बिमल"), "hi": ("राजू", "Sunita"),
    "bn": ("রহিম", "Shirin"), "vi": ("Hoa", "Tuấn"), "id": ("Sri", "Agus"), "tl": ("Joy", "Rodel"),
    "ta": ("முருகன்", "Selvi"), "si": ("නිමල්", "Kumari"), "ur": ("اسلم", "Nadia"), "en": ("Grace", "John"),
    "es": ("María", "Chuy"), "ms": ("Aminah", "Faizal"), "zh": ("小芳", "阿强"),
}  # fmt: skip
_APP_LANGUAGES = frozenset(
    ["my", "km", "lo", "th", "ne", "hi", "bn", "vi", "id", "ta", "si", "ur", "en", "es", "ms", "zh"]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An invented worker. The same key is the same person in every run, on every channel."""

    key: str
    name: str
    language: str  #: BCP 47, two or three letters
    country: str  #: where the person is now
    phone: str  #: E.164
    known_as: str = ""  #: the id on the one channel this person is known on, in place of one made of the key

    @property
    def line_id(self) -> str:
        """LINE's user id."""
        return self.known_as or "U" + hexes(32, "line", self.key)

    @property
    def facebook_id(self) -> str:
        """The id Messenger gives this person for one Page; we give the same for all."""
        return self.known_as or digits(16, "facebook", self.key)

    @property
    def telegram_id(self) -> int:
        """Telegram's user id; more than 32 bits, as new ones have."""
        return int(self.known_as or digits(10, "telegram", self.key))

    def id_on(self, channel: str) -> str:
        """The person's id on a channel: a phone number for voice and SMS."""
        match channel:
            case "line":
                return self.line_id
            case "facebook":
                return self.facebook_id
            case "telegram":
                return str(self.telegram_id)
        return self.phone

    @property
    def app_language(self) -> str | None:
        """The language of the person's apps, where the apps know it."""
        return self.language if self.language in _APP_LANGUAGES else None


def person(key: str, language: str, country: str) -> Person:
    """The invented worker of that key. A key that is itself a number (`+…`) is also the number called from."""
    names = _NAMES.get(language, _NAMES["en"])
    phone = key if key.startswith("+") and key[1:].isdigit() else _phone(key, country)
    name = names[int(hexes(4, "name", key), 16) % len(names)]
    return Person(key=key, name=name, language=language, country=country, phone=phone)


def known_as(channel: str, ident: str, language: str = "en", country: str = "TH") -> Person:
    """Somebody of whom only the id on one channel is known. Raises ValueError where the channel has no such ids."""
    if channel == "telegram" and not ident.isdigit():
        raise ValueError("a Telegram id is a whole number")
    if channel in ("sms", "voice"):
        return replace(person(ident, language, country), phone=ident)
    return replace(person(f"{channel} {ident}", language, country), known_as=ident)


def _phone(key: str, country: str) -> str:
    chance = int(hexes(12, "phone", key), 16)
    if country not in _PHONES:
        return f"+1{_AREAS[chance % len(_AREAS)]}55501{chance // 16 % 100:02d}"
    prefix, length = _PHONES[country]
    return f"{prefix}{chance % 10**length:0{length}d}"
