"""`python -m sandbox`."""

import asyncio
import signal
import sys
from pathlib import Path

from aiohttp.test_utils import TestServer

from tests.sandbox_gateway import Gateway

PROGRAM_CONFIG = """
network: {public_url: "https://gw.example.org"}
accounts:
  - {id: line-th, channel: line, channel_secret: "${LINE_SECRET}", languages: [my]}
"""


async def test_the_program_writes_to_the_gateway_and_stops_when_told(tmp_path, unused_tcp_port):
    config = tmp_path / "config.yaml"
    config.write_text(PROGRAM_CONFIG, "utf-8")
    gateway = Gateway()
    async with TestServer(gateway.app()) as server:
        program = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "sandbox", "--config", config, "--gateway", str(server.make_url("")),
            "--port", str(unused_tcp_port), "--secrets", tmp_path / "s.env", "--rate", "50", "--quiet",
            cwd=Path(__file__).parents[2], stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        async with asyncio.timeout(30):
            await gateway.first.wait()
            program.send_signal(signal.SIGTERM)
            said, _ = await program.communicate()
    assert (program.returncode, said) == (0, b"")
    assert gateway.got[0][0] == "line-th"
