"""How long each measurement takes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Numbers of one run of everything."""

    rounds: int  #: of floor and us in turn; their median counts
    door_seconds: float  #: of each
    door_bodies: int  #: distinct webhooks
    frozen_seconds: float
    known: int  #: people who wrote before
    messages: int  #: a worker takes in
    month: int  #: calls and messages
    deliveries: int  #: of one measurement
    broadcast_seconds: float
    agents: int  #: who have the inbox open
    live_seconds: float  #: of messages that come in meanwhile
    tickets: int  #: of the long list
    said: int  #: messages one can search
    patience: float  #: seconds until a measurement is given up


FULL = Scale(
    rounds=3,
    door_seconds=5,
    door_bodies=20_000,
    frozen_seconds=8,
    known=3_000,
    messages=10_000,
    month=20_000,
    deliveries=2_500,
    broadcast_seconds=20,
    agents=100,
    live_seconds=20,
    tickets=400_000,
    said=1_000_000,
    patience=180,
)
QUICK = Scale(
    rounds=1,
    door_seconds=1,
    door_bodies=500,
    frozen_seconds=1,
    known=100,
    messages=400,
    month=200,
    deliveries=200,
    broadcast_seconds=2,
    agents=5,
    live_seconds=2,
    tickets=2_000,
    said=2_000,
    patience=60,
)
