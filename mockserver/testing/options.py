"""How a mock for a test is run: the options of `mock_api`, `MockServer` and `intercept`, read exactly."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from mockserver.engine.control import Options
from mockserver.exceptions import UsageError, did_you_mean
from mockserver.state.clock import parse_time

#: Records by resource, or the file (YAML, JSON) that holds them.
StartState: TypeAlias = str | Path | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MockOptions:
    """`strict`: None, a violation fails the test; True, what deserves a warning is refused as well; False, violations
    are allowed. `auth` is lenient or strict. With a `start` the clock stands at that moment, else it runs. `settings`
    and `start_state` are those of the API that they are given for."""

    seed: int = 0
    strict: bool | None = None
    auth: str = "lenient"
    start: datetime | None = None
    rate_limits: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)
    start_state: StartState | None = None

    @property
    def shared(self) -> tuple[Any, ...]:
        """What APIs must have in common to live in one world."""
        return (self.seed, self.strict, self.auth, self.start, self.rate_limits)

    def engine(self) -> Options:
        """The same for an engine; the settings of its APIs are put in with them."""
        return Options(
            auth=self.auth,
            strict=self.strict is True,
            seed=self.seed,
            start=self.start,
            rate_limits=self.rate_limits,
        )

    def settings_text(self) -> str:
        """The settings as text, to tell one set from another."""
        return json.dumps(self.settings, sort_keys=True, default=str)


OPTION_NAMES = tuple(each.name for each in fields(MockOptions))


def read_options(given: Mapping[str, Any]) -> MockOptions:
    """Options from keyword arguments. Raises UsageError for one that is unknown or not of its type."""
    for name in given:
        if name not in OPTION_NAMES:
            known = f"options: {', '.join(OPTION_NAMES)}"
            raise UsageError(f"unknown option '{name}'", did_you_mean(name, OPTION_NAMES, known))
    return MockOptions(**{name: _READERS[name](name, value) for name, value in given.items()})


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise UsageError(f"{name} must be a whole number, not {value!r:.80}")
    return value


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{name} must be True or False, not {value!r:.80}")
    return value


def _strict(name: str, value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    hint = "None: violations fail the test; True: warnings refuse as well; False: violations are allowed"
    raise UsageError(f"strict must be None, True or False, not {value!r:.80}", hint)


def _auth(name: str, value: Any) -> str:
    if value not in ("lenient", "strict"):
        raise UsageError(f"auth must be 'lenient' or 'strict', not {value!r:.80}")
    return str(value)


def _start(name: str, value: Any) -> datetime | None:
    return None if value is None else read_moment(name, value)


def read_moment(name: str, value: Any) -> datetime:
    """An aware datetime, or RFC 3339 text, as a moment in UTC. Raises UsageError."""
    if isinstance(value, str):
        try:
            return parse_time(value)
        except ValueError as error:
            raise UsageError(f"{name}: {error}") from None
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise UsageError(f"{name} has no time zone: {value!r}", "datetime(…, tzinfo=UTC)")
        return value.astimezone(UTC)
    hint = "a datetime with a time zone, or text such as 2025-01-15T10:30:00Z"
    raise UsageError(f"{name} must be a moment, not {value!r:.80}", hint)


def _settings(name: str, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise UsageError(f"settings must map names to values, not {value!r:.80}", "settings={'name': value}")
    return dict(value)


def _start_state(name: str, value: Any) -> StartState | None:
    if value is None or isinstance(value, (str, Path, Mapping)):
        return value
    raise UsageError(f"start_state must be a file or {{resource: [records]}}, not {value!r:.80}")


_READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "seed": _whole,
    "strict": _strict,
    "auth": _auth,
    "start": _start,
    "rate_limits": _flag,
    "settings": _settings,
    "start_state": _start_state,
}
