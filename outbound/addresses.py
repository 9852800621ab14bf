"""Which addresses a download may reach: those of the open internet, looked at on the socket itself."""

import ipaddress
import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network

from aiohttp.connector import AddrInfoType

Guard = Callable[[str], bool]  #: whether a numeric address may be connected to

_UNICAST = IPv6Network("2000::/3")
_TRANSLATED = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last four bytes
_NOT_OPEN = tuple(
    IPv6Network(net)
    for net in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: any IPv4 address inside
        "3fff::/20",  # documentation
    )
)


def is_open(address: str) -> bool:
    """Whether an address belongs to the open internet: not to this machine, a private network, or a detour to one."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return _open4(ip) if isinstance(ip, IPv4Address) else _open6(ip)


def _open4(ip: IPv4Address) -> bool:
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _open6(ip: IPv6Address) -> bool:
    inside = ip.ipv4_mapped or (IPv4Address(ip.packed[12:]) if ip in _TRANSLATED else None)
    if inside is not None:
        return _open4(inside)
    return ip in _UNICAST and not any(ip in net for net in _NOT_OPEN)


class Closed(OSError):
    """The address may not be connected to."""


def guarded(may: Guard) -> Callable[[AddrInfoType], socket.socket]:
    """Makes sockets for aiohttp, and none for an address that is not allowed.

    A resolver alone would not do: it is not asked about numeric hosts, and a name may resolve anew.
    """

    def make(found: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = found
        if not may(str(address[0])):
            raise Closed("this address is not open to downloads")
        return socket.socket(family, kind, protocol)

    return make
