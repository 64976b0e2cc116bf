"""Which of this machine's addresses browsers are told to send their media to."""

from collections.abc import Sequence
from ipaddress import ip_address

import aioice.ice


def offer_addresses(hosts: Sequence[str]) -> None:
    """Let ICE use exactly *hosts*, for every connection made from now on in this process.

    aioice leaves out 127.0.0.1, which is all that a machine without a network has; and a machine with many
    addresses should tell only those on which browsers can reach it.
    """
    known = [(host, ip_address(host).version) for host in hosts]

    def addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        wanted = {4: use_ipv4, 6: use_ipv6}
        return [host for host, version in known if wanted[version]]

    aioice.ice.get_host_addresses = addresses
