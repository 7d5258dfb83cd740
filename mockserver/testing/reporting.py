"""The part of the pytest plugin that is there when reports on the clients are asked for."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from mockserver.checks.client import RULES
from mockserver.checks.stream import Began, Event, Noted
from mockserver.exceptions import MockserverError, UsageError
from mockserver.reports.reports import Reports
from mockserver.reports.text import TextReport
from mockserver.reports.wanted import ReportOptions
from mockserver.state.clock import Stopwatch
from mockserver.testing.gathering import Gathering
from mockserver.testing.worlds import Seen, World, worlds

_SENT, _SENT_LEFT_OUT = "mockserver_gathered", "mockserver_left_out"
_FILES = ("junit", "json", "sarif", "html", "coverage", "baseline")
_NEVER_BEGAN = (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR)
#: Options of pytest that leave out tests without a word of it.
_NARROWING = {"lf": "--lf", "ignore": "--ignore", "ignore_glob": "--ignore-glob"}


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
        self._failed: set[str] = set()
        self._update, self._is_worker = bool(wanted["baseline-update"]), hasattr(config, "workerinput")
        self._left_out = dict.fromkeys([] if self._is_worker else _narrowed(config))
        if not self._is_worker:
            try:
                self._reports = Reports(
                    _options(wanted),
                    self._show,
                    rules=RULES,
                    fail_on="never",
                    say=self._text.append,
                    prefix="--mockserver-",
                )
            except (MockserverError, UsageError) as error:
                raise pytest.UsageError(f"mockserver: {error}") from None
        worlds().listeners.append(self._gather)

    def _gather(self, world: World, seen: Sequence[Seen]) -> None:
        self._gathering.add(world, seen, self._test)

    def _show(self, event: Event) -> None:
        self._shown(event)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Findings are told with the test that showed them first."""
        self._test = item.nodeid
        try:
            return (yield)
        finally:
            self._test = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Tests that failed, whichever process ran them."""
        if report.failed:
            self._failed.add(report.nodeid)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """What -k, -m, --lf, --deselect and their like leave out."""
        if items:
            self._left_out["some were deselected"] = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """When the last test is done, and all workers: judge, write, and fail the run if it is to fail. A worker sends
        what it gathered."""
        if self._is_worker:
            output = session.config.workeroutput  # type: ignore[attr-defined]
            output[_SENT] = orjson.dumps(self._gathering.as_json()).decode()
            output[_SENT_LEFT_OUT] = list(self._left_out)
        elif not session.config.option.collectonly and exitstatus not in _NEVER_BEGAN:
            if session.shouldstop or session.shouldfail:
                self._left_out["the run was stopped"] = None
            writer = session.config.get_terminal_writer()
            self._shown = TextReport(self._text.append, width=writer.fullwidth, colour=writer.hasmarkup)
            code = self._end(int(exitstatus))
            if code and not exitstatus:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _end(self, status: int) -> int:
        gathering, reports = self._gathering, self._reports
        gathering.settle()
        reports.listener(Began("tests", "pytest", gathering.apis))
        for finding in gathering.findings:
            reports.judgement.take(finding)
        for note in gathering.notes:
            reports.listener(Noted(note))
        reports.judgement.partial = bool(self._left_out)
        if self._update and self._left_out:
            why = "; ".join(self._left_out)
            reports.listener(Noted(f"the baseline only grows, since not all tests were run: {why}"))
        code, self._wrong = reports.finish(
            exchanges=gathering.exchanges,
            duration=Stopwatch.read() - self._began,
            coverage=gathering.coverage() if gathering.apis else None,
            reasons=self._reasons(status),
            code=status,
        )
        return code or len(self._wrong)

    def _reasons(self, status: int) -> list[str]:
        if not status:
            return []
        if status == pytest.ExitCode.TESTS_FAILED and self._failed:
            return [f"{len(self._failed)} test{'s' if len(self._failed) > 1 else ''} failed"]
        if status == pytest.ExitCode.NO_TESTS_COLLECTED:
            return ["no test was run"]
        if status == pytest.ExitCode.INTERRUPTED:
            return ["the tests were interrupted"]
        return [f"pytest ended with {status}"]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """What came from a worker, if it did not crash."""
        output = getattr(node, "workeroutput", {})
        if sent := output.get(_SENT):
            self._gathering.merge(orjson.loads(sent))
            self._left_out |= dict.fromkeys(output[_SENT_LEFT_OUT])
        else:
            self._left_out["a worker was lost"] = None

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The findings and the coverage."""
        if self._is_worker or not (self._text or self._wrong):
            return
        terminalreporter.section("mockserver")
        for text in self._text:
            terminalreporter.write(text)
        for text in self._wrong:
            terminalreporter.write_line(f"error: {text}", red=True)

    def pytest_unconfigure(self) -> None:
        """Gather no further."""
        worlds().listeners.remove(self._gather)


def _options(wanted: Mapping[str, Any]) -> ReportOptions:
    files: dict[str, Any] = {name: Path(os.path.abspath(wanted[name])) for name in _FILES if wanted[name]}
    return ReportOptions(
        **files,
        github=bool(wanted["github"]),
        baseline_update=bool(wanted["baseline-update"]),
        fail_under=wanted["fail-under"],
        fail_on=wanted["fail-on"],
    )


def _narrowed(config: pytest.Config) -> list[str]:
    """Why the tests of this run may not be all there are."""
    said = [option for name, option in _NARROWING.items() if getattr(config.option, name, None)]
    return said if _whole(config) else ["it was said which", *said]


def _whole(config: pytest.Config) -> bool:
    """Whether all the tests of the project are in what pytest looks into, as the command line or its folder say."""
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        return True
    named = [Path(os.path.abspath(each)) for each in config.args if "::" not in each]
    meant = [config.rootpath / each for each in config.getini("testpaths")] or [config.rootpath]
    return all(any(each.is_relative_to(name) for name in named) for each in meant)
