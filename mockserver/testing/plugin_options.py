"""The options of the pytest plugin. pytest loads this file at every start: it imports nothing else."""

from __future__ import annotations

from typing import Any

import pytest

_INI = {
    "seed": "what all that is random comes from, a whole number (0)",
    "strict": "none: violations fail the test; true: warnings are refused as well; false: violations are allowed",
    "auth": "lenient, or strict: only tokens that were issued hold",
    "start": "a moment (RFC 3339) at which the clock of every test stands; without one it runs",
    "rate_limits": "whether quotas are counted (true)",
}
_FILES = {
    "junit": "write what was found about the clients, as JUnit XML",
    "json": "write it as JSON",
    "sarif": "write it as SARIF 2.1.0",
    "html": "write it as one page to look at",
    "coverage": "write what of the contracts was covered, for `mockserver coverage combine`",
    "baseline": "findings that are accepted",
}
_SWITCHES = {
    "findings": "show what was found about the clients, and the coverage, at the end of the run",
    "github": "annotations and a summary for GitHub Actions",
    "baseline-update": "accept what is found now",
}
_REPORTS = (*_FILES, *_SWITCHES, "fail-under", "fail-on")
_FAIL_UNDER = "mockserver: fail the run when less of the contracts is covered"
_FAIL_ON = "mockserver: the least severity of a finding that fails the run (never, unless pyproject.toml names one)"


def add_options(parser: pytest.Parser) -> None:
    """Let pytest know them."""
    for name, about in _INI.items():
        parser.addini(f"mockserver_{name}", f"mockserver: {about}")
    group = parser.getgroup("mockserver")
    about = "what the tests called on mocks: as a table at the end, or with =FILE as JSON"
    group.addoption("--mockserver-report", nargs="?", const="", metavar="FILE", help=about)
    for name, about in _FILES.items():
        group.addoption(f"--mockserver-{name}", metavar="FILE", help=f"mockserver: {about}")
    for name, about in _SWITCHES.items():
        group.addoption(f"--mockserver-{name}", action="store_true", help=f"mockserver: {about}")
    group.addoption("--mockserver-fail-under", type=float, metavar="PERCENT", help=_FAIL_UNDER)
    group.addoption("--mockserver-fail-on", choices=("error", "warning", "never"), help=_FAIL_ON)


def wanted_reports(config: pytest.Config) -> dict[str, Any]:
    """The values of the options by name (`fail-on`); empty when nothing was asked for."""
    wanted = {name: config.getoption(f"mockserver_{name.replace('-', '_')}") for name in _REPORTS}
    return wanted if any(value not in (None, False) for value in wanted.values()) else {}
