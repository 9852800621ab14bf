"""Which languages there are."""

from collections.abc import Mapping

#: every language we have (BCP 47) with its English name, in the order in which a choice is offered
ENGLISH_NAMES: Mapping[str, str] = {
    "my": "Burmese", "shn": "Shan", "mnw": "Mon", "ksw": "S'gaw Karen", "kac": "Kachin (Jinghpaw)", "km": "Khmer",
    "lo": "Lao", "th": "Thai", "ne": "Nepali", "hi": "Hindi", "bn": "Bengali", "vi": "Vietnamese", "id": "Indonesian",
    "tl": "Tagalog", "ta": "Tamil", "si": "Sinhala", "ur": "Urdu", "en": "English", "es": "Spanish", "ms": "Malay",
    "zh": "Chinese",
}  # fmt: skip
CODES = frozenset(ENGLISH_NAMES)
