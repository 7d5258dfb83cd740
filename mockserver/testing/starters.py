"""The types of what the fixtures give, for tests that are checked by one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from os import PathLike
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, Unpack, overload

if TYPE_CHECKING:
    from mockserver.testing.mock_api import MockApi
    from mockserver.testing.options import StartState


class OptionWords(TypedDict, total=False):
    """The options of a mock as keywords; `MockOptions` says what each means."""

    seed: int
    strict: bool | None
    auth: str
    start: datetime | str | None
    rate_limits: bool
    settings: Mapping[str, Any]
    start_state: StartState | None


class StartMock(Protocol):
    """The fixture `mock_api`: `mock_api("name", **options)` gives a running `MockApi`."""

    def __call__(self, name_or_path: str | PathLike[str] | None = None, **options: Unpack[OptionWords]) -> MockApi: ...


class StartIntercept(Protocol):
    """The fixture `mock_intercept`: of one API it gives the `MockApi`, of several a mapping by name."""

    @overload
    def __call__(
        self, api: str, /, *, block: bool = False, allow: Collection[str] = (), **options: Unpack[OptionWords]
    ) -> MockApi: ...
    @overload
    def __call__(
        self,
        api: str,
        other: str,
        /,
        *apis: str,
        block: bool = False,
        allow: Collection[str] = (),
        **options: Unpack[OptionWords],
    ) -> Mapping[str, MockApi]: ...
    @overload
    def __call__(
        self, *, block: bool = False, allow: Collection[str] = (), **options: Unpack[OptionWords]
    ) -> Any: ...  # what the marker names: one or several
