"""A provider on this machine: answers as a test has written, over TLS or not, and remembers who asked for what.

Its hosts end in `.provider.test`; it lives at an address of its own, so that a test may let downloads reach it and
nothing else on this machine. `canary` is a port of this machine that nobody may ever reach.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from aiohttp.abc import AbstractResolver
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from outbound.addresses import is_open
from outbound.fetch import Downloads

HOME = "127.0.0.7"  # the provider's; everything else of this machine stays closed
HOSTS = ("api.provider.test", ".cdn.provider.test")


@dataclass
class Provider:
    """`pages`: path → what answers; `asked`: (host, path, headers) in the order of asking."""

    port: int
    tls: ssl.SSLContext
    pages: dict[str, Callable] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=dict)  #: host → addresses, the first for the first question

    def url(self, path: str, host: str = "api.provider.test") -> str:
        return f"https://{host}:{self.port}{path}"

    def gives(self, path: str, data: bytes, **how) -> str:
        """The address of a page with these bytes."""

        async def page(request: web.Request) -> web.Response:
            return web.Response(body=data, **how)

        self.pages[path] = page
        return self.url(path)

    def sends_on(self, path: str, to: str, status: int = 307, **headers: str) -> str:
        """The address of a page that sends whoever asks to another."""

        async def page(request: web.Request) -> web.Response:
            return web.Response(status=status, headers={"Location": to, **headers})

        self.pages[path] = page
        return self.url(path)

    def downloads(self, **how) -> Downloads:
        """Downloads that may reach the provider, and judge every other address as always."""
        return Downloads(
            **{"largest": 1 << 20, "seconds": 1.0} | how,
            guard=lambda address: address == HOME or is_open(address),
            resolver=_Names(self.names),
            tls=self.tls,
        )

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.host.partition(":")[0], request.path, dict(request.headers)))
        page = self.pages.get(request.path)
        return await page(request) if page else web.Response(status=404)


class _Names(AbstractResolver):
    def __init__(self, names: dict[str, list[str]]) -> None:
        self._names = names

    async def resolve(self, host, port=0, family=socket.AF_INET):
        found = self._names.get(host, [HOME])
        address = found.pop(0) if len(found) > 1 else found[0]
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": kind,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST,
            }
        ]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def provider(folder: Path) -> AsyncIterator[Provider]:
    """The provider, over TLS."""
    server, client = _contexts(folder)
    found = Provider(port=0, tls=client)
    runner = web.ServerRunner(web.Server(found.answer), shutdown_timeout=0.1)  # some of its pages never end
    await runner.setup()
    await web.TCPSite(runner, HOME, 0, ssl_context=server).start()
    found.port = runner.addresses[0][1]
    try:
        yield found
    finally:
        await runner.cleanup()


def _contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "provider.test")])
    names = ["api.provider.test", "a.cdn.provider.test", "b.cdn.provider.test"]
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    certificate = made.add_extension(
        x509.SubjectAlternativeName([x509.DNSName(n) for n in names] + [x509.IPAddress(ipaddress.ip_address(HOME))]),
        critical=False,
    ).sign(key, hashes.SHA256())
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "tls.pem").write_bytes(pem + secret)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(folder / "tls.pem")
    return server, ssl.create_default_context(cadata=pem.decode())


@dataclass
class Canary:
    """`hits`: how often somebody came."""

    port: int
    hits: int = 0

    async def knock(self) -> None:
        """Come ourselves, so that it is known to sing, and that whoever came before has been counted."""
        before = self.hits
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        await reader.read()
        writer.close()
        assert self.hits > before


@asynccontextmanager
async def canary() -> AsyncIterator[Canary]:
    """A port of this machine, at every address of it but the provider's, that counts who comes."""
    found = Canary(0)

    async def come(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.hits += 1
        writer.close()

    first = await asyncio.start_server(come, "127.0.0.1", 0)
    found.port = first.sockets[0].getsockname()[1]
    servers = [first]
    for address in ("127.0.0.2", "::1"):
        try:
            servers.append(await asyncio.start_server(come, address, found.port))
        except OSError:  # this machine has no such address
            continue
    try:
        yield found
    finally:
        for server in servers:
            server.close()
