"""Signals that come to the process that runs a command."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading

import pytest

from mockserver.testing.run.signals import Caught, leaving_in_order

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_before_and_after_the_command_they_end_the_process_in_order(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(SystemExit) as caught, leaving_in_order():
        signal.raise_signal(number)
    assert caught.value.code == 128 + number
    assert signal.getsignal(number) == before


def test_while_it_runs_they_are_kept_in_order_for_it() -> None:
    numbers = [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT]
    with leaving_in_order(), Caught() as caught:
        for number in numbers:
            signal.raise_signal(number)
        assert select.select([caught], [], [], 0)[0]
        assert caught.read() == numbers
        assert caught.read() == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_was_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with leaving_in_order(), Caught() as caught:
            os.kill(os.getpid(), signal.SIGHUP)
            assert caught.read() == []
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_in_another_thread_there_are_none() -> None:
    found: list[list[int]] = []

    def look() -> None:
        with leaving_in_order(), Caught() as caught:
            found.append(caught.read())

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [[]]
