"""Hosts as programs name them."""

from __future__ import annotations

from ipaddress import ip_address


def host_of(name: object) -> str:
    """The host that a program names, as text: lower-case, no dot at the end."""
    if isinstance(name, (bytes, bytearray)):
        name = bytes(name).decode("ascii", "replace")
    return name.rstrip(".").lower() if isinstance(name, str) else ""


def is_loopback(host: str) -> bool:
    """Whether a host, a name or an address, is this machine."""
    if host in ("", "localhost", "localhost.localdomain") or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)
