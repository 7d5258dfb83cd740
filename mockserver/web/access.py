"""Who may call the admin API: programs on this machine, and no web page of somebody else's.

A page in the developer's browser can reach localhost. It gives itself away by its `Origin`, or, when it has pointed a
name of its own at 127.0.0.1 (DNS rebinding), by its `Host`.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mockserver.web.problems import Refusal

if TYPE_CHECKING:
    from flask import Request

_OPTION = "--allow-remote-admin opens the admin API to other machines"


@dataclass(frozen=True, slots=True)
class Access:
    """`bound_host` is the address that the server listens on; `allow_remote` lifts all but the check of `Origin`."""

    bound_host: str = ""
    allow_remote: bool = False

    def check(self, request: Request) -> None:
        """Raises a 403 `Refusal` when the caller may not."""
        host = _hostname(request.headers.get("Host", ""))
        origin = request.headers.get("Origin")
        if origin is not None and not self._is_own_page(_hostname(origin.partition("://")[2]), host):
            raise Refusal(403, f"the admin API does not answer web pages of {origin[:80]!r}")
        if self.allow_remote:
            return
        if not _is_loopback(request.remote_addr or ""):
            raise Refusal(403, f"the admin API answers this machine only, not {request.remote_addr}", _OPTION)
        # HTTP/1.0 may leave Host out; a browser never does.
        if host and not self._is_own_name(host):
            raise Refusal(403, f"the admin API does not answer to the host {host[:80]!r}", "call it at 127.0.0.1")

    def _is_own_page(self, origin: str, host: str) -> bool:
        return bool(origin) and (self._is_own_name(origin) or (self.allow_remote and origin == host))

    def _is_own_name(self, host: str) -> bool:
        return host == "localhost" or host.endswith(".localhost") or _is_loopback(host) or host == self.bound_host


def _hostname(authority: str) -> str:
    try:
        return urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return authority  # not a host at all, so nobody's own


def _is_loopback(address: str) -> bool:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_loopback)
