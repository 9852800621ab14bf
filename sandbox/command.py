"""`worker-voice simulate`: one run of the simulated workers, and what it came to in words."""

import asyncio
import os
from pathlib import Path

from dotenv import dotenv_values

from sandbox.accounts import read_accounts
from sandbox.simulate import Summary
from sandbox.simulate import simulate as run


def simulate(
    config: Path, secrets: Path, gateway: str, *, messages: Path | None, rate: float, count: int | None, seed: int
) -> str:
    """Let people write to a gateway. Secrets come from the environment, then `.env`, then the invented ones.

    Raises BadConfig or BadMessages.
    """
    files = (secrets, config.with_name(".env"))
    env = {k: v for file in files for k, v in dotenv_values(file, interpolate=False).items() if v} | dict(os.environ)
    accounts = read_accounts(config.read_text("utf-8"), env)
    return told(asyncio.run(run(gateway, accounts, messages=messages, rate=rate, count=count, seed=seed)))


def told(summary: Summary) -> str:
    """A summary in one line."""
    answers = ", ".join(f"{number} × {status}" for status, number in sorted(summary.answered.items()))
    kept = f"{len(summary.expected)} messages kept, {len(summary.lost)} lost"
    sent = f"{summary.said} things said in {summary.sent} requests: {answers or 'no answer'}"
    return f"{sent}, {summary.unanswered} unanswered, {kept}; ms {summary.milliseconds}"
