"""Things that workers say, to be sent with one press."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from web.phones.stand_in import StandIn
from web.phones.workers import Worker

_ABLE = frozenset(("text", "image", "audio", "video", "file", "sticker", "location"))
_WORDS = 40  #: letters of a sample shown where one is chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A few lines of one person."""

    id: str
    urgency: str
    zawgyi: bool
    channel: str
    lines: Sequence[dict[str, Any]]  #: as the sandbox is told them

    @property
    def begins(self) -> str:
        words = str(next((line["text"] for line in self.lines if line["text"]), self.lines[0]["kind"]))
        return words if len(words) <= _WORDS else words[:_WORDS] + "…"


async def samples(stand_in: StandIn, worker: Worker) -> list[Sample]:
    """What somebody of this worker's language may say on one of their phones."""
    return [
        _sample(told, worker)
        for told in await stand_in.get("samples")
        if told["language"] == worker.language and all(line["kind"] in _ABLE for line in told["lines"])
    ]


def _sample(told: dict[str, Any], worker: Worker) -> Sample:
    writing = [channel for channel in worker.ids if channel != "voice"]
    wished = told["channel"] if told["channel"] in writing else None
    return Sample(
        id=told["id"],
        urgency=told["urgency"] or "",
        zawgyi=told["encoding"] == "zawgyi",
        channel=wished or next((channel for channel in ("line", *writing) if channel in writing), ""),
        lines=told["lines"],
    )
