"""Where the time goes: the real door and the real take-in in this very process, while it is sampled."""

import asyncio
import os
import signal
import threading
import time
from contextlib import nullcontext
from functools import partial

from bench.door import CONNECTIONS
from bench.load import Load, at_once, each_once, flat_out, load
from bench.mail import line_texts, written
from bench.sampler import sampled
from bench.scale import Scale
from bench.system import System
from gateway.app import serve
from runtime.ports import is_free, some_free_port
from workers_queue.take_in import take_in
from workers_queue.workplace import furnished


def profile_door(system: System, scale: Scale) -> None:
    """Print the dearest functions of the web process under load."""
    port, at = some_free_port(), system.at
    make = partial(line_texts, system.account("line"), scale.door_bodies, 1)
    with load(flat_out, port, CONNECTIONS, scale.door_seconds, make) as knocking:
        threading.Thread(target=_knock_and_stop, args=[knocking, port]).start()
        with sampled("the door"):
            serve(at.settings, at.master, at.data, at.owner, at.redis_url, host="127.0.0.1", port=port)


def _knock_and_stop(knocking: Load, port: int) -> None:
    while is_free(port):
        time.sleep(0.1)
    knocking.go()
    print(f"{knocking.answers().per_second:,.0f} webhooks/s")
    os.kill(os.getpid(), signal.SIGTERM)


def profile_take_in(system: System, scale: Scale) -> None:
    """Print the dearest functions of taking in, four of five messages by people who wrote before."""
    for count, seed in ((scale.known, 0), (scale.messages, 10_000_000)):
        with system.web() as web:
            at_once(each_once, web.port, 32, partial(written, system.accounts, count, scale.known, seed))
        began = time.perf_counter()
        with sampled("taking in") if seed else nullcontext():
            asyncio.run(_take_all_in(system))
        print(f"{count / (time.perf_counter() - began):,.0f} receipts/s")


async def _take_all_in(system: System) -> None:
    at = system.at
    workplace = furnished(
        slot="profile", settings=at.settings, master=at.master, data=at.data, owner=at.owner, redis_url=at.redis_url
    )
    await workplace.database.open()
    async with workplace.database.intake() as connection:
        await workplace.day_keys.refresh(connection)
    while await take_in(workplace):
        pass
    await workplace.nudger.close()
    await workplace.database.close()
