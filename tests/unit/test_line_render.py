"""A free reply and the pushes that follow or replace it."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from channels.line import CHANNEL
from channels.line.render import render
from model.deliveries import Outgoing
from model.events import Sender

SETTINGS = CHANNEL.settings(
    {"id": "line-th", "channel": "line", "channel_secret": "secret", "channel_access_token": "token"}
)
ANSWER = Outgoing(
    id=UUID("019ab5c8-3f00-7000-8000-000000000001"),
    to=Sender(scope="line:line-th", value="U4af4980629aaaaaaaaaaaaaaaaaaaaaa"),
    text="ความยุติธรรม " * 3000,
    now=datetime(2026, 11, 22, 12, 5, tzinfo=UTC),
)


def test_without_its_handle_every_part_is_what_it_would_have_been():
    pushes = render(ANSWER, SETTINGS)
    replied = render(replace(ANSWER, reply_handle="38ef843bde154d9b91c21320ffd17a0f"), SETTINGS)
    assert [part.call for part in replied] == ["reply", "push"]
    assert [part.content["messages"] for part in replied] == [part.content["messages"] for part in pushes]
    assert replied[1:] == pushes[1:]
    assert (replied[0].key, replied[0].units, pushes[0].units) == (None, 0, 1)


def test_a_key_is_of_one_part_of_one_delivery():
    keys = [part.key for part in render(ANSWER, SETTINGS)]
    others = [part.key for part in render(replace(ANSWER, id=UUID(int=7)), SETTINGS)]
    assert len({*keys, *others}) == 4
    assert keys == [part.key for part in render(ANSWER, SETTINGS)]
