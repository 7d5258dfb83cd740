"""What the tests of a run called, counted: for `--mockserver-report`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mockserver.checks.replacing import replace_file
from mockserver.engine.json_text import dumps
from mockserver.testing.worlds import Seen, World, worlds

_MOST_WARNINGS = 1_000  # different ones


class Tally:
    """Counts of calls by API and operation. What a worker counted is sent as JSON and merged."""

    def __init__(self) -> None:
        self._statuses: Counter[tuple[str, str, str]] = Counter()
        self._violations: Counter[tuple[str, str]] = Counter()
        self._warnings: Counter[tuple[str, str, str]] = Counter()

    def add(self, world: World, seen: Iterable[Seen]) -> None:
        """Count the calls of one test."""
        for exchange, _ in seen:
            api, operation = exchange.api, exchange.operation
            self._statuses[(api, operation, str(exchange.response.status))] += 1
            self._violations[(api, operation)] += len(exchange.violations)
            for warning in exchange.warnings:
                if len(self._warnings) < _MOST_WARNINGS:
                    self._warnings[(api, operation, warning.message)] += 1

    def merge(self, counted: Mapping[str, Any]) -> None:
        """Add what another process has counted, as `as_json` gives it."""
        for api, operations in counted.get("apis", {}).items():
            for operation, counts in operations.items():
                for status, times in counts["statuses"].items():
                    self._statuses[(api, operation, status)] += times
                self._violations[(api, operation)] += counts["violations"]
                for message, times in counts["warnings"].items():
                    self._warnings[(api, operation, message)] += times

    def as_json(self) -> dict[str, Any]:
        """`{"apis": {api: {operation: {"calls", "statuses", "violations", "warnings"}}}}`; a call that meant no
        operation, or no API, stands under an empty name."""
        apis: dict[str, dict[str, Any]] = {}
        for (api, operation, status), times in sorted(self._statuses.items()):
            counts = apis.setdefault(api, {}).setdefault(
                operation,
                {"calls": 0, "statuses": {}, "violations": self._violations[(api, operation)], "warnings": {}},
            )
            counts["calls"] += times
            counts["statuses"][status] = times
        for (api, operation, message), times in sorted(self._warnings.items()):
            apis[api][operation]["warnings"][message] = times
        return {"apis": apis}

    def text(self) -> list[str]:
        """A table for people, in lines."""
        apis = self.as_json()["apis"]
        if not apis:
            return ["no mock was called"]
        rows = []
        remarks = []
        for api, operations in apis.items():
            for operation, counts in operations.items():
                statuses = "  ".join(f"{status} × {times}" for status, times in counts["statuses"].items())
                name = f"{api or '(no API)'} {operation or '(no operation)'}"
                rows.append((name, str(counts["calls"]), str(counts["violations"]), statuses))
                remarks += [f"  {name}: {message} ({times})" for message, times in counts["warnings"].items()]
        wide = max(len(row[0]) for row in rows)
        lines = [f"{'operation':<{wide}}  calls  violations  statuses"]
        lines += [f"{name:<{wide}}  {calls:>5}  {broken:>10}  {statuses}" for name, calls, broken, statuses in rows]
        return [*lines, "warnings:", *remarks] if remarks else lines


class Report:
    """The part of the pytest plugin that is there when a report is asked for: on the terminal, or in `file` as JSON."""

    def __init__(self, file: str) -> None:
        if "::" in file or file.endswith(".py") or (file and Path(file).is_dir()):  # pytest took what follows for FILE
            hint = "put it last, or say --mockserver-report=FILE"
            raise pytest.UsageError(f"--mockserver-report would write into {file}: {hint}")
        self._file = file
        self._tally = Tally()
        worlds().listeners.append(self._tally.add)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A worker of pytest-xdist sends what it counted."""
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["mockserver"] = self._tally.as_json()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """What came from a worker, if it did not crash."""
        self._tally.merge(getattr(node, "workeroutput", {}).get("mockserver", {}))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The table, or where it stands."""
        terminalreporter.section("mockserver")
        for line in self._written():
            terminalreporter.write_line(line)

    def pytest_unconfigure(self) -> None:
        """Count no further."""
        worlds().listeners.remove(self._tally.add)

    def _written(self) -> list[str]:
        if not self._file:
            return self._tally.text()
        path = Path(self._file)
        try:
            replace_file(path, dumps(self._tally.as_json()) + b"\n")
        except (OSError, ValueError) as error:
            return [f"the report could not be written to {path}: {getattr(error, 'strerror', None) or error}"]
        return [f"what was called stands in {path}"]
