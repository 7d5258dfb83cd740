"""How a command is run, and that nothing of it stays. What holds the pipe of a test lives: its end is everybody's."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from mockserver.testing.run import keeper
from mockserver.testing.run.command import Command, Outcome
from mockserver.testing.run.program import find_program
from tests.served import ROOT
from tests.testing.run.commands import CONTINUED, POLITE, STUBBORN, python, sh

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks for processes in /proc")


def run(
    words: Sequence[str],
    *,
    timeout: float | None = None,
    grace: float = 2.0,
    settle: float = 0.1,
    environment: dict[str, str] | None = None,
) -> Outcome:
    given = dict(os.environ) if environment is None else environment
    with Command(grace=grace, settle=settle) as command:
        return command.run(find_program(words, given), words, given, timeout=timeout)


def test_the_exit_code_is_the_commands() -> None:
    assert run(["true"]) == Outcome(0)
    assert run(sh("exit 7")) == Outcome(7, "the command failed with exit code 7")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGSEGV])
def test_a_command_that_dies_by_a_signal_has_128_and_its_number(number: signal.Signals) -> None:
    outcome = run(sh(f"ulimit -c 0; kill -{int(number)} $$"))
    assert (outcome.code, outcome.reason) == (128 + number, f"the command was ended by {number.name}")


def test_it_has_the_environment_that_was_given_and_no_other(tmp_path: Path) -> None:
    given = {"PATH": os.environ["PATH"], "TOKEN": "a b\nc=€", "ODD": "\udcff"}
    assert run(sh(f"env -0 > {tmp_path}/env"), environment=given) == Outcome(0)
    pairs = (tmp_path / "env").read_bytes().rstrip(b"\0").split(b"\0")
    found = {name: value for name, _, value in (pair.partition(b"=") for pair in pairs)}
    for of_the_shell in (b"PWD", b"SHLVL", b"_", b"OLDPWD"):
        found.pop(of_the_shell, None)
    assert found == {os.fsencode(name): os.fsencode(value) for name, value in given.items()}


def test_it_has_a_process_group_of_its_own(tmp_path: Path) -> None:
    code = (
        f"import os; open({str(tmp_path / 'ids')!r}, 'w').write(f'{{os.getpid()}} {{os.getpgrp()}} {{os.getsid(0)}}')"
    )
    assert run(python(code)).code == 0
    pid, group, session = map(int, (tmp_path / "ids").read_text().split())
    assert group == pid != os.getpgrp()
    assert session == os.getsid(0)  # where it may still have the terminal


def test_signals_do_to_it_what_they_do_elsewhere(tmp_path: Path) -> None:
    code = f"""
import signal
ignored = sorted(each for each in signal.valid_signals() if signal.getsignal(each) == signal.SIG_IGN)
blocked = sorted(signal.pthread_sigmask(signal.SIG_BLOCK, []))
open({str(tmp_path / "found")!r}, "w").write(repr((list(map(int, ignored)), blocked)))
"""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as under nohup
    try:
        assert run(python(code)).code == 0
    finally:
        signal.signal(signal.SIGHUP, before)
    ignored = sorted(map(int, [signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ]))  # the last two by Python, for itself
    assert (tmp_path / "found").read_text() == repr((ignored, []))


def test_a_script_that_names_no_interpreter_is_run_by_a_shell(tmp_path: Path) -> None:
    script = tmp_path / "plain"
    script.write_text('exit "$1"\n')
    script.chmod(0o755)
    assert run([str(script), "3"]).code == 3


def test_a_script_whose_interpreter_is_missing_cannot_be_run(tmp_path: Path) -> None:
    script = tmp_path / "broken"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    outcome = run([str(script)])
    assert outcome.code == 126
    assert outcome.reason == f"'{script}' cannot be run: {script} names an interpreter that is not there"


def test_a_command_that_hangs_is_ended_when_its_time_is_over() -> None:
    outcome = run(["sleep", "60"], timeout=0.05)
    assert (outcome.code, outcome.reason) == (124, "the command had not ended after 0.05 s, and was ended")


def test_a_command_that_does_not_want_to_go_is_killed() -> None:
    assert run(python(STUBBORN), timeout=0.1, grace=0.1).code == 124


def test_a_command_that_is_stopped_ends_when_its_time_is_over() -> None:
    assert run(sh("kill -STOP $$"), timeout=0.05).code == 124


def holding(line: str, *, grace: float = 2.0, settle: float = 0.1) -> tuple[Outcome, str]:
    """The outcome of a line of shell, whose descriptor 9 is a pipe, and what was written there until all who hold it
    had ended."""
    read, write = os.pipe()
    os.set_inheritable(write, True)
    # The keeper hands on nothing but the first three descriptors: the shell opens the pipe by its name.
    outcome = run(sh(f"exec 9> /proc/{os.getpid()}/fd/{write}; {line}"), grace=grace, settle=settle)
    os.close(write)
    with os.fdopen(read) as pipe:
        return outcome, pipe.read()


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("sleep 60 & sleep 61 &", ["(sleep)", "(sleep)"]),
        ("setsid sleep 60 & exec true", ["(sleep)"]),
        ("setsid sh -c 'sleep 60 &' & wait", ["(sleep)"]),
        ("(kill -STOP $(sh -c 'echo $PPID')) & exec true", ["(sh)"]),
    ],
    ids=["in its group", "in a session of its own", "orphaned", "stopped"],
)
def test_what_outlives_the_command_is_ended_and_told(line: str, names: list[str]) -> None:
    outcome, _ = holding(line)
    assert outcome.code == 0
    assert [each.partition(" ")[2] for each in outcome.left] == names
    assert outcome.stuck == ()


def test_what_outlives_it_and_does_not_want_to_go_is_killed(tmp_path: Path) -> None:
    up = tmp_path / "up"
    os.mkfifo(up)
    stubborn = STUBBORN.replace('os.write(1, b"ready\\n")', f'open("{up}", "w").write("ready")')
    assert str(up) in stubborn
    word = shlex.join(python(f"exec(bytes.fromhex('{stubborn.encode().hex()}'))"))
    outcome, _ = holding(f'setsid {word} & read up < {up}; test "$up"', grace=0.1)
    assert (outcome.code, len(outcome.left), outcome.stuck) == (0, 1, ())


def test_what_ends_by_itself_with_the_command_is_not_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "held")
    held = f"exec 8<> {tmp_path}/held 7< {tmp_path}/held"  # until the command ends
    line = f"{held}; (exec 8>&-; read x <&7; echo done >&9) & exec true"
    outcome, said = holding(line, settle=20)
    assert (outcome, said) == (Outcome(0), "done\n")


RUNS = """
import os, sys
from mockserver.testing.run.command import Command
from mockserver.testing.run.program import find_program
words = sys.argv[1:]
with Command() as command:
    outcome = command.run(find_program(words, os.environ), words, os.environ)
print("outcome", outcome.code, outcome.reason, len(outcome.left), flush=True)
"""


def started(*words: str, code: str = RUNS) -> subprocess.Popen[str]:
    """A process that runs a command, with pipes."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


ALIVE = "sleep 60 & setsid sleep 60 & setsid sh -c 'sleep 60 & sleep 60' & echo ready; wait"


def test_when_the_process_that_runs_it_is_killed_nothing_lives_on() -> None:
    with started(*sh(ALIVE)) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.kill()
        assert process.communicate(timeout=20)[0] == ""  # everybody who held the pipe has ended


def test_when_the_process_that_runs_it_is_killed_its_folder_goes_too(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "file").write_text("x")
    code = RUNS.replace("words, os.environ)\nprint", f"words, os.environ, folder={str(folder)!r})\nprint")
    assert code != RUNS
    with started(*sh(ALIVE), code=code) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.kill()
        process.communicate(timeout=20)
    assert not folder.exists()


def test_when_the_process_that_keeps_it_is_killed_nothing_lives_on_either() -> None:
    with started(*sh(ALIVE.replace("; wait", "; kill -KILL $PPID; wait"))) as process:
        said = process.communicate(timeout=20)[0]
    assert said == "ready\noutcome 137 the process that watched over the command was killed 0\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGWINCH])
def test_signals_are_passed_on(number: signal.Signals) -> None:
    with started(*python(POLITE)) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        said = process.communicate(timeout=20)[0]
    assert said == f"got {number.name}\noutcome 5 the command failed with exit code 5 0\n"


def test_a_second_one_is_not_to_be_refused() -> None:
    with started(*python(STUBBORN)) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=20)[0]
    assert said == "outcome 137 the command was ended by SIGKILL 0\n"


def test_it_is_stopped_and_continued_with_us() -> None:
    with started(*python(CONTINUED)) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTSTP)  # nobody could continue us, so that we go on at once, and it does
        assert process.stdout.readline() == "continued\n"
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=20)[0] == "outcome 143 the command was ended by SIGTERM 0\n"


def test_standard_input_goes_to_the_command() -> None:
    with started("cat") as process:
        said = process.communicate("one\ntwo\n", timeout=20)[0]
    assert said == "one\ntwo\noutcome 0  0\n"


def test_no_zombie_and_no_descriptor_stays() -> None:
    run(["true"])
    before = len(list(Path("/proc/self/fd").iterdir()))
    run(sh("sleep 60 & true"))
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    try:
        assert os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:
        pass  # there are no children at all


def test_it_finds_the_processes_that_stem_from_one() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        assert keeper.descendants(os.getpid())[process.pid].parent == os.getpid()
        assert process.stdin
        process.stdin.close()
        process.wait()
        assert process.pid not in keeper.descendants(os.getpid())
