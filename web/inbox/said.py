"""What a thread shows, as sentences: days, events, what became of an answer, and files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from desk.reading import Attached, Fate, Line, Message, Thread
from model.agents import agent_id
from runtime.settings import Settings
from translations import catalog, taxonomy
from web.inbox import mentions
from web.local import Local

_SOON = timedelta(seconds=10)  #: what leaves within this can be called back from the bar above the composer
#: What sentences about events may speak of; not every event has all of them.
_TOLD = ("queue", "reasons", "urgency", "was", "routed_by", "to", "until", "outcome", "where", "language")
_ICONS = {
    "ticket.opened": "route", "ticket.moved": "route", "ticket.urgency_raised": "flag",
    "ticket.urgency_lowered": "flag",
    "ticket.closed": "done", "ticket.reopened": "refresh", "ticket.snoozed": "snooze", "ticket.woke": "snooze",
    "ticket.unsnoozed": "snooze", "contact.rules_changed": "shield", "contact.consent_changed": "shield",
    "contact.may_text": "shield",
    "contact.may_not_text": "shield", "ticket.language_corrected": "globe", "ticket.spoken_changed": "globe",
    "ticket.answered_elsewhere": "voice",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """An entry of the log that is no message: a day, where the unanswered words begin, or something that happened."""

    id: str
    kind: str  #: day, unanswered or event
    text: str
    icon: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Teller:
    """Puts a thread into words for one screen."""

    local: Local
    settings: Settings
    names: Mapping[UUID, str]

    def entries(self, thread: Thread) -> Iterator[Told | Message]:
        """The log in its order, with a line where a day begins and where the unanswered words do."""
        day, waits = None, thread.ticket.waiting_since
        for item in thread.items:
            if (today := self.local.there(item.at).date()) != day:
                day = today
                yield Told(f"day-{today:%Y%m%d}", "day", self.local.day(item.at))
            if waits and isinstance(item, Message) and item.direction == "in" and item.at >= waits:
                yield Told("unanswered", "unanswered", self.local.text("thread.unanswered", at=self.local.clock(waits)))
                waits = None
            yield self._event(item) if isinstance(item, Line) else item

    def _event(self, line: Line) -> Told:
        told = {name: self._named(name, value) for name, value in line.detail.items()}
        words = self._sentence(line, dict.fromkeys(_TOLD, "") | {"by": self.name(line.agent)} | told)
        return Told(f"e-{line.id}", "event", words, _ICONS.get(line.action, "user"), line.at)

    def _sentence(self, line: Line, told: Mapping[str, str]) -> str:
        key = f"event.{line.action.partition('.')[2]}"
        if line.action in ("ticket.urgency_raised", "ticket.moved") and line.agent is None:
            key += "_itself"
        elif line.action == "ticket.spoken_changed" and not told["language"]:
            key += "_back"
        return self.local.text(key, **told)

    def _named(self, name: str, value: str) -> str:
        match name:
            case "queue" | "from":
                queue = self.settings.network.queues.get(value)
                return queue.name if queue else value
            case "reasons":
                return self.reasons(value.split())
            case "language" | "was" if len(value) in (2, 3) and value.islower():
                return self.local.language_name(value)
            case "until":
                return self.local.moment(datetime.fromisoformat(value))
            case "to" | "was" if len(value) == 36:
                return self.name(UUID(value))
            case "outcome" | "where":
                return self.local.text(f"{name}.{value}")
        return value

    def name(self, agent: UUID | None) -> str:
        """A colleague's name; what no agent did, the system did."""
        return self.names.get(agent, "?") if agent else self.local.text("thread.system")

    def pieces(self, message: Message) -> Iterator[tuple[str, bool]]:
        """The words of a message; those that call a colleague apart."""
        return mentions.pieces(
            message.text or "", [self.names[agent] for agent in message.mentions if agent in self.names]
        )

    def reason(self, code: str) -> str:
        """Why something is urgent, in a few words."""
        kind, _, issue = code.rpartition(":")
        if kind == "issue":
            return self.issue(issue)
        return self.local.text(f"why.{code}")

    def reasons(self, codes: Sequence[str]) -> str:
        """All of them: each is a short sentence."""
        return " ".join(self.reason(code) for code in codes)

    def actor(self, written: str) -> str:
        """Whoever the store names as an author."""
        return self.name(agent_id(written))

    def issue(self, code: str) -> str:
        """An issue in words."""
        return self.local.text(f"issue.{code}") if code in taxonomy.load().issues else code

    def fate(self, fate: Fate, now: datetime) -> str:
        """What became of an answer: only what the channel really told."""
        clock = self.local.clock
        if fate.state == "queued" and fate.held_until and fate.held_until > now:
            return self.local.text("fate.held", at=self.local.moment(fate.held_until))
        when = {"sent": fate.sent_at, "delivered": fate.delivered_at, "read": fate.read_at, "failed": fate.failed_at}
        at = when.get(fate.state)
        return self.local.text(
            f"fate.{fate.state}_at" if at else f"fate.{fate.state}", **({"at": clock(at)} if at else {})
        )

    def why(self, reason: str | None) -> str:
        """Why something was not sent, and what to do (`refused.<reason>`)."""
        return catalog.say(f"refused.{reason}", self.local.language) if reason else ""

    def media(self, why: str | None) -> str:
        """Why a file is not here (`media.<why>`); empty where there is no reason yet."""
        return catalog.say(f"media.{why}", self.local.language) if why else ""


def undoable(thread: Thread, agent: UUID, now: datetime) -> tuple[Message, Fate] | None:
    """The answer of this agent that leaves in a few seconds, if there is one."""
    for item in reversed(thread.items):
        if isinstance(item, Message) and item.agent == agent:
            for fate in item.deliveries:
                if fate.state == "queued" and not fate.tries and now < fate.due_at <= now + _SOON:
                    return item, fate
    return None


def heard_by(attached: Attached, names: Mapping[UUID, str]) -> Sequence[str]:
    """Who has listened to it, or looked at it."""
    return [names.get(agent, "?") for agent, _ in attached.heard]
