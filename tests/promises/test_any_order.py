"""Promise 3: words keep the order of speaking; the same receipts in any order and batching give the same tickets."""

import asyncio
from datetime import timedelta
from random import Random

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.people import person
from sandbox.providers import facebook, line, telegram, twilio_sms, twilio_voice
from tests.house import NOON, batches, house

PEOPLE = [person(f"p{n}", language, "TH") for n, language in enumerate(["my", "km", "ne", "en", "th"])]
WORDS = [
    "He beat me. I am locked in, please help now", "When can I renew my permit?", "thank you", "လစာ ၂ လ မရသေးဘူး။",
    "लचाई", "ខ្ញុំធ្វើការនៅរោងចក្រ", "They keep my passport", "👍", "နေကောင်းလား", "no pay for 2 months",
]  # fmt: skip


def told(home, random: Random):
    """Half an hour on the hotline: five people, every kind of event, each webhook with the minute it arrived."""
    webhooks = []
    for number in range(1, 19):
        who, at = random.choice(PEOPLE), NOON + timedelta(minutes=number, seconds=random.randrange(60))
        webhooks += random.choice(_KINDS)(home.accounts, who, at, number, random)
    arrivals = [NOON + timedelta(hours=1, seconds=n) for n in range(len(webhooks))]
    return list(zip(webhooks, arrivals, strict=True))


def _line(accounts, who, at, number, random):
    words = line.text(accounts["line-th"], who, random.choice(WORDS), at, number)
    more = [line.unsend(accounts["line-th"], who, number, at + timedelta(minutes=1), number + 100)]
    return [words, *random.choice([[], [], more, [line.redelivery(accounts["line-th"], words)]])]


def _telegram(accounts, who, at, number, random):
    words = telegram.text(accounts["telegram-my"], who, random.choice(WORDS), at, number)
    edits = [
        telegram.edit(
            accounts["telegram-my"], who, random.choice(WORDS), number, at + timedelta(minutes=n), number + 100 * n
        )
        for n in range(1, random.choice([1, 2, 3]))
    ]
    return [words, *edits]


def _facebook(accounts, who, at, number, random):
    account = accounts["facebook-mm"]
    said = random.choice([facebook.sticker, facebook.audio, facebook.image])(account, who, at, number)
    heart = facebook.reaction(account, who, facebook.message_id(account, number), at + timedelta(minutes=2))
    return [said, *random.choice([[], [heart]])]


def _sms(accounts, who, at, number, random):
    return [twilio_sms.text(accounts["sms-np"], who, random.choice(WORDS), number)]


def _voice(accounts, who, at, number, random):
    call = twilio_voice.call(accounts["voice-th"], who, at, number)
    return twilio_voice.whole_call(call, random.choice("1234"), 20)


def _wish(accounts, who, at, number, random):
    """A tap on the menu, a name typed, or words for the system itself."""
    account = accounts["line-th"]
    tap = line.postback(account, who, f"language:{random.choice(['my', 'km', 'th'])}", at, number)
    words = line.text(account, who, random.choice(["stop", "start", "delete my data", "ខ្មែរ", "ထပ်မပို့နဲ့တော့"]), at, number)
    return [random.choice([tap, words])]


_KINDS = [_line, _telegram, _facebook, _sms, _voice, _wish]


def seen(tickets):
    """Tickets without what differs from run to run: ids and numbers."""
    rows = []
    for ticket in tickets:
        messages = sorted(
            orjson.dumps({k: v for k, v in m.items() if k not in ("id", "ticket_id")}) for m in ticket.pop("messages")
        )
        kept = {k: v for k, v in ticket.items() if k not in ("id", "number", "person")}
        rows.append((orjson.dumps(kept).decode(), [m.decode() for m in messages]))
    return sorted(rows)


async def addresses(home):
    """What is known of each address, whoever it belongs to."""
    async with home.database.intake() as connection:
        cursor = await connection.execute("select scope, language, left_how from address")
        return sorted(map(str, await cursor.fetchall()))


async def _run(database, valkey, tmp_path, seed: int) -> None:
    async with house(database, valkey, tmp_path) as home:
        random = Random(seed)
        webhooks = told(home, random)
        outcomes = []
        for order in ([webhooks], batches(webhooks, random), batches(webhooks, random)):
            await home.empty()
            for batch in order:
                for webhook, arrived in batch:
                    await home.put(webhook, at=arrived)
                await home.take_in()
            outcomes.append((seen(await home.tickets()), await addresses(home)))
        assert outcomes[0][0]
        assert outcomes[0] == outcomes[1] == outcomes[2]


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**6))
def test_any_order_and_any_batching_give_the_same_tickets(database, valkey, tmp_path, seed):
    asyncio.run(_run(database, valkey, tmp_path, seed))
