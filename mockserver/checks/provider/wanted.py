"""What is asked of a check: which operations, which checks, how much of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from mockserver.checks.provider.rules import CHECKS
from mockserver.engine.api import Api
from mockserver.exceptions import UsageError, did_you_mean
from mockserver.strategies.links import Link, Links

#: A day: longer than anybody waits, and more than no clock can count.
MOST_SECONDS = 86_400
PHASES = ("examples", "coverage", "fuzzing", "stateful")
#: In which order operations are put to the test: what takes records away comes last.
_ORDER = ("read", "list", "create", "", "update", "replace", "delete")


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a service is checked. `examples` valid requests are made up for each operation, and half as many invalid
    ones. Operations and checks may hold `*` and `?`; none named: all. `max_response_time` and `max_wait` are in
    seconds: what an answer may take, and how long a call waits because the service says so. Without `allow_writes`
    nothing is called that may change anything."""

    allow_writes: bool = False
    examples: int = 100
    seed: int = 0
    checks: tuple[str, ...] = ()
    exclude_checks: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    exclude_operations: tuple[str, ...] = ()
    phases: tuple[str, ...] = PHASES
    max_response_time: float | None = None
    max_wait: float = 60.0

    def checked(self, api: Api) -> Wanted:
        """The same, if all that it names is there. Raises UsageError."""
        if not api.contract.operations:
            raise UsageError(
                f"{api.name} has no operations, so there is nothing to call",
                "its webhooks are what `mockserver check receiver` sends" if api.contract.webhooks else "",
            )
        _must_fit("operation", (*self.operations, *self.exclude_operations), api.contract.operations)
        _must_fit("check", (*self.checks, *self.exclude_checks), CHECKS)
        _must_fit("phase", self.phases, PHASES)
        if not self.enabled():
            raise UsageError("no check is left", "--checks and --exclude-checks leave out all of them")
        for name in ("max_wait", "max_response_time"):
            seconds = getattr(self, name)
            if seconds is not None and not 0 <= seconds <= MOST_SECONDS:
                raise UsageError(f"{name} is {seconds:g}", f"give a number of seconds up to {MOST_SECONDS:,}")
        if not self.phases:
            raise UsageError("no phase is left", f"they are {', '.join(PHASES)}")
        return self

    def enabled(self) -> tuple[str, ...]:
        """The names of the checks that count."""
        return tuple(name for name in CHECKS if _chosen(name, self.checks, self.exclude_checks))

    def links(self, links: Links) -> tuple[list[Link], dict[str, str]]:
        """The operations that are called, in their order, and by id why others are not."""
        called: list[Link] = []
        left: dict[str, str] = {}
        for name, link in links.operations.items():
            if not _chosen(name, self.operations, self.exclude_operations):
                continue
            if is_reading(link) or self.allow_writes:
                called.append(link)
            else:
                left[name] = "it may change something: only with --allow-writes"
        if not called:
            raise UsageError("no operation is left to call", _why_none(left))
        return sorted(called, key=lambda link: _ORDER.index(link.verb) if link.verb in _ORDER else 3), left

    def asked_for_records(self, links: Links) -> list[str]:
        """The operations that may be asked which records there are: those that only read, named or not."""
        return [
            name
            for name, link in links.operations.items()
            if is_reading(link) and not _fits(name, self.exclude_operations)
        ]


def is_reading(link: Link) -> bool:
    """Whether an operation changes nothing, as far as method and behaviour file say."""
    return link.reading and link.operation.method in ("GET", "HEAD", "OPTIONS")


def _why_none(left: dict[str, str]) -> str:
    return "all of those named may change something: --allow-writes lets them be called" if left else ""


def _chosen(name: str, wanted: Iterable[str], excluded: Iterable[str]) -> bool:
    wanted = list(wanted)
    return (not wanted or _fits(name, wanted)) and not _fits(name, excluded)


def _fits(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _must_fit(kind: str, patterns: Iterable[str], known: Iterable[str]) -> None:
    names = list(known)
    for pattern in patterns:
        if not any(_fits(name, [pattern]) for name in names):
            raise UsageError(f"there is no {kind} '{pattern}'", did_you_mean(pattern, names, _few(names)))


def _few(names: list[str]) -> str:
    def told() -> Iterator[str]:
        yield from names[:12]
        if len(names) > 12:
            yield "…"

    return f"there are {', '.join(told())}"
