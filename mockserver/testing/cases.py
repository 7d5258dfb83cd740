"""`@mockserver.errors`: one test for every documented error of an operation."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from mockserver.engine.api import Api
from mockserver.engine.assembly import build_engine
from mockserver.exceptions import MockserverError, UsageError, did_you_mean
from mockserver.testing.arrange import bring_about, settings_for
from mockserver.testing.catalogue import ErrorCase, errors_of

if TYPE_CHECKING:
    from mockserver.testing.fixture import Starter
    from mockserver.testing.mock_api import MockApi

#: A status, the name of an error, or a pattern for ids such as `*-429-*`.
Pick: TypeAlias = int | str


@dataclass(frozen=True, slots=True)
class Case:
    """One documented error, brought about: the next good call of `operation` at `api` with `token` is answered by it.

    `status` and `error` (its name in the behaviour file, empty where it has none) say which, `how` what was done,
    `advice` what a good client does. `token` is empty where the operation takes none. `injected`: the answer is
    ordered, for one call; `evidence` is documented, observed or assumed.
    """

    id: str
    how: str
    advice: str
    operation: str
    status: int
    error: str
    injected: bool
    evidence: str
    api: MockApi
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a test is parametrised with: an API as the test names it, and one of its errors."""

    target: str
    case: ErrorCase


def errors(
    api: str | Path,
    operation: str | None = None,
    *,
    include: Pick | Iterable[Pick] | None = None,
    exclude: Pick | Iterable[Pick] = (),
    injected: bool = True,
) -> pytest.MarkDecorator:
    """Run a test, or each test of a class, once for every documented error of `operation` (None: of all operations).

    The test takes the argument `case`, a `Case`. `include` and `exclude` pick statuses, names of errors, or patterns
    for ids; with `injected=False` errors are left out that have no real precondition. An unknown name is an error when
    pytest collects the file.
    """
    try:
        cases = _chosen(_known(str(api), operation), include, exclude, injected)
    except MockserverError as error:
        caller = sys._getframe(1)
        place = f"{Path(caller.f_code.co_filename).name}:{caller.f_lineno}"
        raise pytest.Collector.CollectError(f"{place}: @mockserver.errors: {error}") from None
    params = [pytest.param(_Wanted(str(api), case), id=case.id) for case in cases]
    return pytest.mark.parametrize("case", params, indirect=True)


def arranged(wanted: Any, mock_api: Starter) -> Case:
    """What the fixture `case` gives for a parameter of `errors`. Raises UsageError without one."""
    if not isinstance(wanted, _Wanted):
        raise UsageError("the fixture 'case' belongs to @mockserver.errors", '@mockserver.errors("API", "operation")')
    case, options = wanted.case, mock_api.options(wanted.target, {})
    changes: dict[str, Any] = {}
    if settings := settings_for(case):
        changes["settings"] = {**options.settings, **settings}
    if case.means.quota is not None:
        changes["rate_limits"] = True
    api = mock_api(wanted.target, **changes)
    return Case(
        api=api,
        token=bring_about(api.engine, case, api.namespace),
        operation=case.operation,
        status=case.status,
        error=case.error,
        how=case.how,
        advice=case.advice,
        injected=case.injected,
        evidence=case.evidence,
        id=case.id,
    )


@lru_cache(maxsize=32)
def _loaded(target: str, beside: Path) -> Api:
    """The API that a name or path means in the folder `beside`, loaded once."""
    (api,) = build_engine([target]).apis.values()
    return api


def _known(target: str, operation: str | None) -> list[ErrorCase]:
    return errors_of(_loaded(target, Path.cwd()), operation)


def _chosen(
    cases: list[ErrorCase], include: Pick | Iterable[Pick] | None, exclude: Pick | Iterable[Pick], injected: bool
) -> list[ErrorCase]:
    wanted = None if include is None else _picks(include, cases)
    unwanted = _picks(exclude, cases)
    kept = [
        case
        for case in cases
        if (wanted is None or any(_fits(pick, case) for pick in wanted))
        and not any(_fits(pick, case) for pick in unwanted)
        and (injected or not case.injected)
    ]
    if not kept:
        raise UsageError("no documented error is left", "take something out of include, exclude or injected=False")
    return kept


def _picks(given: Pick | Iterable[Pick], cases: list[ErrorCase]) -> list[Pick]:
    """The picks, each of which must fit something: a misspelt one would leave out nothing, or everything."""
    picks = [given] if isinstance(given, (int, str)) else list(given)
    for pick in picks:
        if not any(_fits(pick, case) for case in cases):
            known = dict.fromkeys([*(case.error for case in cases if case.error), *(case.id for case in cases)])
            statuses = ", ".join(str(status) for status in sorted({case.status for case in cases}))
            raise UsageError(
                f"no documented error is {pick!r}", did_you_mean(str(pick), known, f"statuses: {statuses}")
            )
    return picks


def _fits(pick: Pick, case: ErrorCase) -> bool:
    if isinstance(pick, int):
        return pick == case.status
    return pick == case.error or fnmatchcase(case.id, pick)
