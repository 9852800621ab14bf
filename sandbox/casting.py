"""Who says which conversation on which account, and in what order it all arrives. Chance is seeded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from sandbox.accounts import Account
from sandbox.people import Person, person
from sandbox.script import BadMessages, Conversation, Line, changes_the_line_before, channels_for
from sandbox.webhook import hexes

OPEN_AT_ONCE = 6  #: conversations that are going on at the same time
_RUNS, _A_RUN = 2_000, 1_000_000  # ids of 2,000 runs of a million messages each fit into 31 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One person says or does one thing."""

    account: Account
    person: Person
    line: Line
    number: int  #: makes all ids of this turn
    before: int  #: the number of this person's line before it, for an edit or an unsend
    copies: int
    of: Line = field(default_factory=Line)  #: that line itself


def turns(
    conversations: Sequence[Conversation],
    accounts: Sequence[Account],
    seed: int,
    *,
    endless: bool,
    in_order: bool = False,
) -> Iterator[Turn]:
    """Each conversation once, its lines in order but mixed with others; endless: again and again by other people.

    The first ones cover all languages and channels, the others come by chance; `in_order`: one after another as given.
    Raises BadMessages where a conversation finds no account.
    """
    rng = Random(f"turns {seed}")
    number = int(hexes(8, "run", seed), 16) % _RUNS * _A_RUN
    waiting = _casts(conversations, Stage(accounts), seed, endless, None if in_order else rng)
    going: list[Iterator[Turn]] = []
    while True:
        while len(going) < (1 if in_order else OPEN_AT_ONCE) and (cast := next(waiting, None)):
            going.append(_lines(cast, number + 1))
            number += len(cast.conversation.lines)
        if not going:
            return
        chosen = rng.randrange(len(going))
        turn = next(going[chosen], None)
        if turn is None:
            del going[chosen]
        else:
            yield turn


def with_room(conversations: Sequence[Conversation], accounts: Sequence[Account]) -> list[Conversation]:
    """Those that some account can hear: a config with fewer channels than ours hears less of `messages.json`."""
    able = [account for account in accounts if account.inbound]
    return [said for said in conversations if any(_able(account, said) for account in able)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cast:
    conversation: Conversation
    account: Account
    person: Person


class Stage:
    """The accounts on which people can be heard; remembers how busy each channel was."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        self._accounts = [account for account in accounts if account.inbound]
        self._used = dict.fromkeys((account.channel for account in self._accounts), 0)

    def place(self, said: Conversation) -> Account:
        """The account that fits best: by language, then country, then the channel meant; then the least busy channel.

        Raises BadMessages when there is none.
        """
        able = [account for account in self._accounts if _able(account, said)]
        if not able:
            wanted = f"account {said.account}" if said.account else f"{said.channel or 'fitting'} account"
            raise BadMessages(f"{said.id}: no {wanted} in config.yaml can receive this")
        best = min(able, key=lambda account: (_misfit(account, said), self._used[account.channel]))
        self._used[best.channel] += 1
        return best


def _able(account: Account, said: Conversation) -> bool:
    if said.account:
        return account.id == said.account and account.channel in channels_for(said)
    return account.channel in channels_for(said) and (not said.strict or said.channel in (None, account.channel))


def _misfit(account: Account, said: Conversation) -> tuple[bool, bool, bool]:
    return (
        bool(said.language and account.languages and said.language not in account.languages),
        bool(said.country and account.countries and said.country not in account.countries),
        bool(said.channel and account.channel != said.channel),
    )


def _casts(
    conversations: Sequence[Conversation], stage: Stage, seed: int, endless: bool, rng: Random | None
) -> Iterator[_Cast]:
    """Without `rng` as given, each round by the same people or by new ones where none are named."""
    round_number = 0
    while round_number == 0 or endless:
        shuffled = rng.sample(conversations, len(conversations)) if rng else conversations
        placed = [(said, stage.place(said)) for said in shuffled]
        for said, account in _varied(placed) if rng else placed:
            # One in five of the later ones wrote before: their ticket is still open, or opens again.
            known = rng.randrange(round_number + 1) if rng and rng.random() < 0.2 else round_number
            yield _Cast(conversation=said, account=account, person=_somebody(said, account, f"{seed}.{known}"))
        round_number += 1


def _varied(placed: Sequence[tuple[Conversation, Account]]) -> list[tuple[Conversation, Account]]:
    """In the order given, but words in a language or on a channel not heard before come first."""
    heard: set[str] = set()
    first: list[tuple[Conversation, Account]] = []
    rest: list[tuple[Conversation, Account]] = []
    for said, account in placed:
        new = {said.language, account.channel} - heard if said.language else set()
        heard |= {name for name in new if name}
        (first if new else rest).append((said, account))
    return first + rest


def _somebody(said: Conversation, account: Account, run: str) -> Person:
    country = said.country or (account.countries[0] if account.countries else "TH")
    return person(said.person or f"{run}.{said.id}", said.language or "en", country)


def _lines(cast: _Cast, first: int) -> Iterator[Turn]:
    before, of = first, Line()
    for number, line in enumerate(cast.conversation.lines, first):
        yield Turn(
            account=cast.account,
            person=cast.person,
            line=line,
            number=number,
            before=before,
            copies=cast.conversation.copies,
            of=of,
        )
        before, of = (before, of) if changes_the_line_before(line) else (number, line)
