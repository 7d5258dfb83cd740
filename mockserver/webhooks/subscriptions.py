"""Who is told: a URL, its secrets, the events that it wants, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from mockserver.exceptions import UsageError
from mockserver.state.clock import format_time

_SHOWN = 4  # characters of a secret


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """A subscription that a mock begins with. Without a `secret` one is made from the seed."""

    api: str
    url: str
    secret: str = field(default="", repr=False)


@dataclass(eq=False, slots=True)
class Subscription:
    """`events` None: all. `status` is active; pending (its endpoint is checked before the first delivery); failed (the
    check was not passed, `reason` says why); disabled (it gets nothing more). Moments are seconds since the epoch, None
    when there is none. `made_secret`: the mock has made its secret up. `remote`: it may be another machine."""

    id: str
    api: str
    namespace: str
    url: str
    secrets: tuple[str, ...] = field(repr=False)
    client: str
    created_at: float
    events: frozenset[str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    concurrency: int = 1
    status: str = "active"
    reason: str = ""
    validated_at: float | None = None
    next_validation: float | None = None
    failures: int = 0
    made_secret: bool = False
    remote: bool = False

    def disable(self, reason: str) -> None:
        """Send it nothing more."""
        self.status, self.reason, self.next_validation = "disabled", reason, None

    def wants(self, event: str) -> bool:
        """Whether it is told of an event."""
        return self.events is None or event in self.events

    def as_scope(self) -> dict[str, Any]:
        """What expressions see as `subscription`."""
        return {"id": self.id, "url": self.url, "client": self.client, "namespace": self.namespace, "api": self.api}

    def as_json(self) -> dict[str, Any]:
        """For people and tests; of secrets only the end is shown."""
        return {
            "id": self.id,
            "api": self.api,
            "namespace": self.namespace,
            "url": self.url,
            "events": None if self.events is None else sorted(self.events),
            "status": self.status,
            "reason": self.reason,
            "secrets": [masked(secret) for secret in self.secrets],
            "headers": sorted(self.headers),
            "concurrency": self.concurrency,
            "created_at": moment(self.created_at),
            "validated_at": moment(self.validated_at),
            "next_validation": moment(self.next_validation),
        }


def masked(secret: str) -> str:
    """The end of a secret, when enough of it stays hidden."""
    return f"…{secret[-_SHOWN:]}" if len(secret) >= 4 * _SHOWN else "…"


def at_moment(at: float) -> datetime:
    """The moment that is so many seconds after the epoch; the last of the calendar for one beyond it."""
    try:
        return datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError):
        return datetime.max.replace(tzinfo=UTC)


def moment(at: float | None) -> str | None:
    """RFC 3339 with milliseconds."""
    return None if at is None else format_time(at_moment(at), 3)


def check_url(url: object, *, remote: bool) -> str:
    """The URL, if it may be called. Raises UsageError: http or https with a host, and one of another machine only with
    `remote`."""
    if not isinstance(url, str):
        raise UsageError(f"{url!r:.80} is no URL", "write it as http://127.0.0.1:8080/hooks")
    from mockserver.transport import Line  # it loads what nobody needs who sends nothing

    if "://" not in url and not url.startswith(("http:", "https:")):
        raise UsageError(f"the URL {url[:80]!r} has no scheme", f"did you mean 'http://{url[:80]}'?")
    Line(url)
    host = urlsplit(url).hostname or ""
    if not remote and not is_loopback(host):
        raise UsageError(
            f"{host[:80]} is not this machine, and events go to other machines only when that is allowed",
            "--allow-remote-webhooks of `serve`, --allow-remote of `webhook send`, remote=True in Python",
        )
    return url


def is_readable_on_the_way(url: str) -> bool:
    """Whether what is sent there goes over a network as plain text."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def is_loopback(host: str) -> bool:
    """Whether a host of a URL is this machine, as far as its name tells: where it leads is seen when it is called."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)  # of IPv6 with a zone, if it has one
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
