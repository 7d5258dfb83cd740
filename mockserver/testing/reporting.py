"""The part of the pytest plugin that is there when reports on the clients are asked for."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from mockserver.checks.baseline import Baseline
from mockserver.checks.judgement import Judgement
from mockserver.checks.rules import known_rules
from mockserver.checks.settings import Settings, read_settings
from mockserver.checks.stream import Began, Event
from mockserver.exceptions import MockserverError, UsageError
from mockserver.reports.outlets import Outlets, must_be_writable, replace_file
from mockserver.reports.text import TextReport
from mockserver.state.clock import Stopwatch
from mockserver.testing.gathering import Gathering
from mockserver.testing.worlds import Seen, World, worlds

_SENT = "mockserver_gathered"


class Reporting:
    """Gathers what the tests bring to light. `wanted` are the values of the options by name (`fail-on`).

    Workers of pytest-xdist only gather; the process that has started them judges and writes. Raises pytest.UsageError
    for options, settings, or a baseline that make no sense.
    """

    def __init__(self, config: pytest.Config, wanted: Mapping[str, Any]) -> None:
        self._gathering = Gathering()
        self._began = Stopwatch.read()
        self._test = ""
        self._text: list[str] = []
        self._wrong: list[str] = []
        self._wanted, self._is_worker = wanted, hasattr(config, "workerinput")
        if not self._is_worker:
            try:
                self._prepare()
            except (MockserverError, UsageError) as error:
                raise pytest.UsageError(f"mockserver: {error}") from None
        worlds().listeners.append(self._gather)

    def _prepare(self) -> None:
        """Look at everything before a test runs. Raises UsageError."""
        files: dict[str, Any] = {
            name: Path(os.path.abspath(self._wanted[name]))
            for name in ("junit", "json", "sarif", "html", "coverage", "baseline")
            if self._wanted[name]
        }
        summary = os.environ.get("GITHUB_STEP_SUMMARY") if self._wanted["github"] else None
        self._outlets = Outlets(
            **files,
            github=self._wanted["github"],
            summary=Path(summary) if summary else None,
            say=self._text.append,
        )
        update = bool(self._wanted["baseline-update"])
        self._judgement = Judgement(
            self._tell, self._settings(), _baseline(files.get("baseline"), update), update=update
        )

    def _settings(self) -> Settings:
        """What pyproject.toml says, and over it what the options say. A finding fails the run only when they do."""
        settings = read_settings()
        if settings.rules or settings.ignore:  # only then is it worth the wait
            settings = read_settings(known=known_rules())
        settings = replace(settings, fail_on=self._wanted["fail-on"] or "never")
        under = self._wanted["fail-under"]
        if under is not None and not 0 <= under <= 100:
            raise UsageError(f"--mockserver-fail-under is {under:g}", "give a percentage from 0 to 100")
        return settings if under is None else replace(settings, fail_under=under)

    def _gather(self, world: World, seen: Sequence[Seen]) -> None:
        self._gathering.add(world, seen, self._test)

    def _tell(self, event: Event) -> None:
        self._outlets(event)
        self._shown(event)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Findings are told with the test that showed them first."""
        self._test = item.nodeid
        try:
            return (yield)
        finally:
            self._test = ""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """When the last test is done, and all workers: judge, write, and fail the run if it is to fail."""
        result = yield
        if self._is_worker or session.config.option.collectonly:
            return result
        writer = session.config.get_terminal_writer()
        self._shown = TextReport(self._text.append, width=writer.fullwidth, colour=writer.hasmarkup)
        code = self._end()
        if code and not session.testsfailed:
            session.testsfailed = 1  # what makes pytest exit with 1
        return result

    def _end(self) -> int:
        gathering = self._gathering
        self._judgement.tell(Began("tests", "pytest", gathering.apis))
        for finding in gathering.findings:
            self._judgement.take(finding)
        coverage = gathering.coverage() if gathering.apis else None
        duration = Stopwatch.read() - self._began
        code = self._judgement.end(exchanges=gathering.exchanges, duration=duration, coverage=coverage)
        self._text += [f"note: {note}\n" for note in gathering.notes]
        for write in (self._outlets.write, self._keep_baseline):
            try:
                write()
            except UsageError as error:
                self._wrong.append(str(error))
        return code or len(self._wrong)

    def _keep_baseline(self) -> None:
        if self._wanted["baseline-update"]:
            try:
                replace_file(Path(self._wanted["baseline"]), self._judgement.baseline.as_bytes())
            except OSError as error:
                raise UsageError(f"the baseline cannot be written: {(error.strerror or str(error)).lower()}") from None

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A worker of pytest-xdist sends what it gathered."""
        if self._is_worker:
            session.config.workeroutput[_SENT] = orjson.dumps(self._gathering.as_json()).decode()  # type: ignore[attr-defined]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """What came from a worker, if it did not crash."""
        if sent := getattr(node, "workeroutput", {}).get(_SENT):
            self._gathering.merge(orjson.loads(sent))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The findings and the coverage."""
        if self._is_worker:
            return
        terminalreporter.section("mockserver")
        for text in self._text:
            terminalreporter.write(text)
        for text in self._wrong:
            terminalreporter.write_line(f"error: {text}", red=True)

    def pytest_unconfigure(self) -> None:
        """Gather no further."""
        worlds().listeners.remove(self._gather)


def _baseline(file: Path | None, update: bool) -> Baseline | None:
    if file is None:
        if update:
            raise UsageError("--mockserver-baseline-update: which file?", "add --mockserver-baseline=FILE")
        return None
    if update:
        must_be_writable("baseline", file)
        if not file.exists():
            return Baseline()
    return Baseline.read(file)
