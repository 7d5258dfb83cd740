"""What the proxy says to a client, and afterwards to whoever ran it."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Iterator

_MOST_LISTED = 12
_LONGEST_HOST = 100
_SLIP = 0.85
_PAGE = "docs/proxy.md"


def shown(host: str) -> str:
    """A host as it may stand in a line of text: what a client sent may be anything."""
    return "".join(each if each.isprintable() and each.isascii() else "?" for each in host)[:_LONGEST_HOST]


def listed(hosts: Collection[str], most: int = _MOST_LISTED) -> str:
    """`a.example, b.example, and 3 more`."""
    first = sorted(hosts)[:most]
    more = len(hosts) - len(first)
    return ", ".join([*first, *([f"and {more} more"] if more else [])]) or "none"


def refused_reason(host: str) -> str:
    """For the status line: most clients show nothing else of what a proxy says."""
    return f"mockserver answers for no host {shown(host)}"


def refused_text(host: str, hosts: Collection[str]) -> str:
    """For the body of a refusal."""
    return (
        f"mockserver: {shown(host)} is a host of no API that is served here{_near(host, hosts)}.\n"
        f"Served: {listed(hosts)}.\n"
        "With --passthrough calls of other hosts reach the real ones. NO_PROXY names hosts that a client shall call\n"
        f"by itself. More: {_PAGE}\n"
    )


def remarks(
    asked: Counter[str], refused: Counter[str], untrusted: Counter[str], hosts: Collection[str]
) -> Iterator[str]:
    """For the end of a run: what the user should know, one sentence each."""
    for host, times in untrusted.most_common():
        yield (
            f"{shown(host)}: the client ended the connection {_times(times)} because it does not trust the proxy's "
            f"authority; how it learns to stands in {_PAGE}, by language"
        )
    for host, times in refused.most_common():
        yield (
            f"{shown(host)}: refused {_times(times)}, as it is a host of no API that is served"
            f"{_near(host, hosts)}; --passthrough would let it through"
        )
    if not (asked or refused or untrusted):
        yield (
            f"nothing came through the proxy: if the client calls {listed(hosts, 3)}, it does not look at HTTPS_PROXY; "
            f"what to do stands in {_PAGE}, by language"
        )


def _near(host: str, hosts: Collection[str]) -> str:
    """Only what looks like a slip: names of one company are like each other, too."""
    near = difflib.get_close_matches(host, hosts, n=1, cutoff=_SLIP)
    return f" (did you mean {near[0]}?)" if near else ""


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
