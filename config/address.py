"""Whose request is it? The visitor's address, behind the proxies that we believe."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Proxies = tuple[IPv4Network | IPv6Network, ...]


def parse_proxies(text: str) -> Proxies:
    """Return the networks of ``10.0.0.5, 192.168.0.0/16``. Raise ValueError naming the bad one."""
    return tuple(ip_network(one.strip(), strict=False) for one in text.split(",") if one.strip())


def visitor(peer: str, forwarded: Sequence[str], proxies: Proxies) -> str:
    """Return the visitor's address: the last one that is no proxy of ours.

    Whoever connects to us is believed about the hop before only if it is one of *proxies*; a header that
    anybody else sends changes nothing, so nobody escapes throttling, or has another throttled, by writing it.
    """
    hops = [hop.strip() for line in forwarded for hop in line.split(",")]
    address = peer
    while hops and _is_one(address, proxies):
        address = hops.pop()
    return address[:64]


def _is_one(address: str, proxies: Proxies) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in proxies)
