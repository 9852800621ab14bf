"""Free ports of this machine."""

import secrets
import socket
from collections.abc import Callable

_FIRST, _LAST = 20_000, 31_999  # below the range from which Linux takes ports for outgoing connections


class PortTaken(Exception):
    """Another program listens on the port that was asked for."""


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether we could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that are closing do not count
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def some_free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens. Chosen by chance, so that two instances rarely ask for the same."""
    for _ in range(1000):
        port = _FIRST + secrets.randbelow(_LAST - _FIRST + 1)
        if is_free(port):
            return port
    raise PortTaken(f"no free port between {_FIRST} and {_LAST}: stop programs that listen there")


def need_free(port: int, host: str = "127.0.0.1", option: str = "--port") -> None:
    """Raises PortTaken, naming the port and the option to type, when we cannot listen there."""
    if is_free(port, host):
        return
    if port < 1024:
        raise PortTaken(f"port {port} needs root, or another program has it: type {option} 8080")
    other = next((p for p in range(port + 1, min(port + 100, 65_536)) if is_free(p, host)), None)
    raise PortTaken(f"port {port} is taken by another program: type {option} {other or some_free_port()}")


def keep_or_choose(port: int | None, whose: str, note: Callable[[str], None]) -> int:
    """The port of the last time if nobody else has it by now, else another, which is noted."""
    if port is not None and is_free(port):
        return port
    chosen = some_free_port()
    if port is not None:
        note(f"{whose}: port {port} is taken by another program, using {chosen}")
    return chosen
