"""mockserver: other people's HTTP APIs on your own machine, from their contract and a declarative file of behaviour.

Importing the package costs nothing: the names below load when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockserver.testing.cases import Case, errors
    from mockserver.testing.exchanges import load_fixture
    from mockserver.testing.fuzz import fuzz
    from mockserver.testing.intercept import intercept
    from mockserver.testing.mock_api import MockApi
    from mockserver.testing.remarks import MockWarning
    from mockserver.testing.server import MockServer
    from mockserver.testing.starters import StartIntercept, StartMock
    from mockserver.testing.verdict import ContractViolated

__version__ = "0.1.0"

__all__ = [
    "Case",
    "ContractViolated",
    "MockApi",
    "MockServer",
    "MockWarning",
    "StartIntercept",
    "StartMock",
    "__version__",
    "errors",
    "fuzz",
    "intercept",
    "load_fixture",
]


def __getattr__(name: str) -> Any:
    found: Any
    if name == "MockServer":
        from mockserver.testing import server

        found = server.MockServer
    elif name == "MockApi":
        from mockserver.testing import mock_api

        found = mock_api.MockApi
    elif name == "ContractViolated":
        from mockserver.testing import verdict

        found = verdict.ContractViolated
    elif name == "intercept":
        from mockserver.testing import intercept

        found = intercept.intercept
    elif name == "load_fixture":
        from mockserver.testing import exchanges

        found = exchanges.load_fixture
    elif name in ("Case", "errors"):
        from mockserver.testing import cases

        found = getattr(cases, name)
    elif name == "MockWarning":
        from mockserver.testing import remarks

        found = remarks.MockWarning
    elif name in ("StartMock", "StartIntercept"):
        from mockserver.testing import starters

        found = getattr(starters, name)
    elif name == "fuzz":
        from mockserver.testing import fuzz

        found = fuzz.fuzz
    else:
        raise AttributeError(f"module 'mockserver' has no attribute '{name}'")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
