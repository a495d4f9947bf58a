"""Addresses on the internet, as opposed to those of this machine and its network."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable

from ollama_chat_tui.tools.definition import ToolFailure

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# What is behind such an address is an IPv4 address, reached through a translator of the network.
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
# Where networks and clouds have services of their own, though older Pythons or the registry call it global.
_LOCAL = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "168.63.129.16/32", "64:ff9b:1::/48")))


def is_public(address: Address) -> bool:
    """Whether an address belongs to a host on the internet."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is not None:
            return is_public(inner)
        if address in _TRANSLATED:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if address.is_site_local:
            return False
    if any(address in network for network in _LOCAL):
        return False
    return address.is_global and not (address.is_multicast or address.is_unspecified or address.is_reserved)


def is_any(_: Address) -> bool:
    """Let every address pass, those of this machine and its network too."""
    return True


async def resolve(host: str, port: int, may_reach: Callable[[Address], bool]) -> str:
    """The address to connect to, looked at; the name must not be resolved again after this.

    Raises:
        ToolFailure: there is none, or it is not one that may be reached.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [ipaddress.ip_address(str(where[0]).partition("%")[0]) for *_, where in found]
    except (OSError, UnicodeError, ValueError) as exc:
        raise ToolFailure(f"There is no host {host}.") from exc
    if not all(may_reach(address) for address in addresses):
        raise ToolFailure(f"{host} is not on the internet, and other addresses are not allowed.")
    # Where both are there, the old one works everywhere.
    addresses.sort(key=lambda address: address.version)
    return str(addresses[0])
