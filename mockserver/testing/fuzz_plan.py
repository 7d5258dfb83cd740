"""What `@mockserver.fuzz` was asked for, read and held against the contract before any test runs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from hypothesis import strategies as st

from mockserver.contract.model import Contract, Operation
from mockserver.exceptions import UsageError
from mockserver.messages import Response
from mockserver.strategies import Pages, errors_for, pages_for, responses_for
from mockserver.strategies.bodies import AnyMode, check_mode
from mockserver.strategies.formats import Declared
from mockserver.strategies.responses import documented
from mockserver.strategies.sources import operation_of
from mockserver.testing.fuzz_answers import Fuzzed, from_mapping
from mockserver.testing.options import MockOptions, read_options
from mockserver.testing.worlds import worlds

#: A documented status, several, or in a word; None: all that mean success.
Statuses: TypeAlias = int | Sequence[int] | Literal["errors", "any"] | None

_PAGE_NUMBER = re.compile(r"page(_?(number|index|no))?", re.I)
_PAGE = 3  # items


@dataclass(frozen=True)
class Wish:
    """The arguments of the decorator. `mode` is `reproduced` when there is an answer to `reproduce`, and `pages` how
    many items one has (0: no pages); `given` are the options as they were given."""

    target: str
    mode: AnyMode | Literal["reproduced"]
    status: Statuses
    pages: int
    argument: str
    intercept: bool
    most_calls: int
    formats: Mapping[str, Declared] | None
    options: MockOptions
    given: Mapping[str, Any]

    def source(self, operation: str) -> list[str]:
        """The arguments that a reproduction needs too, as source."""
        said = [repr(self.target), repr(operation)]
        said += [f"argument={self.argument!r}"] if self.argument != "api" else []
        said += ["intercept=True"] if self.intercept else []
        return [*said, *(f"{name}={value!r}" for name, value in self.given.items())]


def read_wish(
    api: Any,
    mode: AnyMode,
    status: Statuses,
    pages: bool | int,
    argument: str,
    intercept: bool,
    most_calls: int,
    formats: Mapping[str, Declared] | None,
    options: Mapping[str, Any],
) -> Wish:
    """Raises UsageError for what makes no sense whatever the API is."""
    if not isinstance(api, (str, Path)):
        raise UsageError(f"an API is named by text, not by {api!r:.80}", '@mockserver.fuzz("API", "operation")')
    check_mode(mode)
    words = isinstance(status, str) and status not in ("errors", "any")
    numbers = [status] if isinstance(status, int) else status if isinstance(status, Sequence) else []
    if words or not (status is None or isinstance(status, str) or (numbers and all(map(_is_whole, numbers)))):
        hint = 'a number, several, "errors" or "any"; without it all that mean success'
        raise UsageError(f"no status is {status!r:.80}", hint)
    size = _PAGE if pages is True else int(pages) if pages is False or _is_whole(pages) else -1
    if size < 0:
        raise UsageError(f"pages is True, or how many items a page has, not {pages!r:.80}")
    if size and (mode == "beyond" or status is not None):
        raise UsageError("pages keep the contract, and mean success", "leave out mode and status")
    if not _is_whole(most_calls) or most_calls < 1:
        raise UsageError(f"most_calls must be a whole number from 1, not {most_calls!r:.80}")
    return Wish(
        str(api), mode, status, size, argument, intercept, most_calls, formats, read_options(options), dict(options)
    )


class Plan:
    """A wish, with the contract that it is about. Raises SpecError, UsageError."""

    def __init__(self, wish: Wish, operations: Sequence[str], reproduce: Any) -> None:
        self.wish = wish
        shelf = worlds().shelf
        loaded = shelf.find(wish.target)
        self.api = loaded.folder.name
        self._contract: Contract = shelf.parts(loaded, wish.options.settings, wish.options.settings_text()).contract
        self._strategies: dict[str, st.SearchStrategy[Response] | st.SearchStrategy[Pages]] = {}
        if not self._contract.operations:
            raise UsageError(f"{self.api} has no operations", "its document has no `paths`")
        #: What is fuzzed; empty: what the test calls when nothing is.
        self.operations: tuple[str, ...] = tuple(self._known(name).id for name in dict.fromkeys(operations))
        self._given = None if reproduce is None else self._reproduced(reproduce)
        if self._given is not None:
            return
        for name in self.operations:
            self.strategy(name)
        if not self.operations and isinstance(wish.status, (int, Sequence)) and not isinstance(wish.status, str):
            wanted = [wish.status] if isinstance(wish.status, int) else wish.status
            for code in wanted:
                if all(each.response_for(code) is None for each in self._contract.operations.values()):
                    raise UsageError(f"no operation of {self.api} documents the status {code}")

    def _known(self, name: Any) -> Operation:
        if not isinstance(name, str):
            raise UsageError(f"an operation is named by text, not by {name!r:.80}")
        return operation_of(self._contract, name)

    def drawn(self, draw: Callable[[st.SearchStrategy[Any]], Any], operation: str) -> Fuzzed:
        """What an operation answers in one example."""
        if self._given is not None:
            return self._given
        answer = draw(self.strategy(operation))
        if isinstance(answer, Response):
            return Fuzzed(operation, (answer,))
        return Fuzzed(operation, answer.responses, walk=True)

    def strategy(self, operation: str) -> st.SearchStrategy[Response] | st.SearchStrategy[Pages]:
        """What an operation answers. Raises UsageError when there is nothing that it could."""
        found = self._strategies.get(operation)
        if found is None:
            found = self._strategies[operation] = self._made(self._contract.operations[operation])
        return found

    def fuzzable(self, called: Sequence[str]) -> list[str]:
        """Those of the operations that answer something that could be drawn, in the order of the document."""
        found = []
        for name in self._contract.operations:
            if name in called:
                try:
                    self.strategy(name)
                except UsageError:
                    continue
                found.append(name)
        return found

    def _made(self, operation: Operation) -> st.SearchStrategy[Response] | st.SearchStrategy[Pages]:
        wish = self.wish
        if wish.pages:
            first = next((each for each in map(_first_page, operation.parameters) if each is not None), 0)
            return pages_for(self._contract, operation, size=wish.pages, first=first, formats=wish.formats)
        mode: Any = wish.mode
        if wish.status == "errors":
            return errors_for(self._contract, operation, mode=mode, formats=wish.formats)
        status = documented(operation) if isinstance(wish.status, str) else wish.status
        return responses_for(self._contract, operation, status=status, mode=mode, formats=wish.formats)

    def _reproduced(self, reproduce: Any) -> Fuzzed:
        """A given response, or a list of pages, as what the one operation answers."""
        given = [reproduce] if isinstance(reproduce, Mapping) else reproduce
        if not isinstance(given, Sequence) or isinstance(given, (str, bytes)) or not given:
            hint = 'reproduce={"body": {}}, as a failure shows it'
            raise UsageError(f"reproduce is a response, or a list of pages, not {reproduce!r:.80}", hint)
        if len(self.operations) != 1:
            raise UsageError("reproduce is for one operation", "name it")
        operation = self._contract.operations[self.operations[0]]
        responses = tuple(from_mapping(each, operation) for each in given)
        return Fuzzed(operation.id, responses, walk=not isinstance(reproduce, Mapping))

    def check(self, test: Any) -> None:
        """Raises UsageError for what cannot be decorated."""
        if not inspect.isfunction(test):
            what = "a class" if inspect.isclass(test) else f"{test!r:.80}"
            raise UsageError(f"it stands above a function or a method, not above {what}")
        if getattr(test, "is_hypothesis_test", False):
            hint = "draw what else the test needs with hypothesis.strategies.data in a test of its own"
            raise UsageError(f"{test.__name__} stands under @given or @mockserver.fuzz already", hint)
        names = list(inspect.signature(test).parameters)
        if self.wish.argument not in names:
            has = f"it takes {', '.join(names)}" if names else "it takes none"
            said = f"{test.__name__} does not take the argument '{self.wish.argument}'"
            raise UsageError(said, f"{has}; which one gets the mock is said by argument=")


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _first_page(parameter: Any) -> int | None:
    """The number of the first page, when a parameter is that of a page."""
    if parameter.location == "query" and _PAGE_NUMBER.fullmatch(parameter.name) and _is_whole(parameter.default):
        return int(parameter.default)
    return None
