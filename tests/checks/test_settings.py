"""What `[tool.mockserver]` of a pyproject.toml says."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockserver.checks.findings import Finding
from mockserver.checks.settings import Ignored, Settings, read_settings
from mockserver.exceptions import UsageError

KNOWN = ("blind-retry", "contract-violation", "status_code_conformance")
FULL = """\
[project]
name = "client"

[tool.mockserver]
fail-on = "warning"
fail-under = 80

[tool.mockserver.rules]
"blind-retry" = "off"
status_code_conformance = "warning"

[[tool.mockserver.ignore]]
rule = "contract-violation"
api = "shop"
operation = "createOrder"
where = "body /name"
reason = "the vendor takes it"

[[tool.mockserver.ignore]]
rule = "contract-*"
reason = "all of it"
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "pyproject.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_all_that_can_be_said(tmp_path: Path) -> None:
    written(tmp_path, FULL)
    assert read_settings(tmp_path, KNOWN) == Settings(
        "warning",
        80.0,
        {"blind-retry": "off", "status_code_conformance": "warning"},
        (
            Ignored("contract-violation", "shop", "createOrder", "body /name", "the vendor takes it"),
            Ignored("contract-*", reason="all of it"),
        ),
    )


def test_what_fails_where_nothing_is_said_is_for_the_caller_to_say(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "none", fail_on="never").fail_on == "never"
    written(tmp_path, "[tool.mockserver]\nfail-under = 10\n")
    assert read_settings(tmp_path, fail_on="never").fail_on == "never"
    written(tmp_path, "[tool.mockserver]\nfail-on = 'error'\n")
    assert read_settings(tmp_path, fail_on="never").fail_on == "error"


def test_the_nearest_file_counts(tmp_path: Path) -> None:
    written(tmp_path, "[tool.mockserver]\nfail-under = 10\n")
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert read_settings(deep).fail_under == 10
    written(tmp_path / "a", "[project]\nname = 'x'\n")
    assert read_settings(deep) == Settings()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[tool.mockserver]\nfail-onn = 'error'\n", ":2: unknown key 'fail-onn' (did you mean 'fail-on'?)"),
        ("[tool.mockserver]\n\nfail-on = 'eror'\n", ":3: fail-on cannot be 'eror' (did you mean 'error'?)"),
        ("[tool.mockserver]\nfail-on = 3\n", ":2: fail-on cannot be 3 (it is one of error, warning, never)"),
        ("[tool.mockserver]\nfail-under = 101\n", ":2: fail-under is no percentage: 101 (a number from 0 to 100)"),
        ("[tool.mockserver]\nfail-under = true\n", ":2: fail-under is no percentage: True"),
        ("[tool.mockserver]\nfail-under = nan\n", ":2: fail-under is no percentage: nan"),
        ("[tool]\nmockserver = 3\n", ":2: tool.mockserver is no table"),
        ("[tool.mockserver]\nrules = 'off'\n", ":2: rules is no table"),
        (
            "[tool.other]\nblind-rety = 1\n[tool.mockserver.rules]\n# blind-rety\n'blind-rety' = 'off'\n",
            ":5: unknown rule 'blind-rety' (did you mean 'blind-retry'?)",
        ),
        (
            "[tool.mockserver]\nrules = {blind-retry = 'of'}\n",
            ":2: blind-retry cannot be 'of' (did you mean 'off'?)",
        ),
        ("[tool.mockserver]\nignore = 'x'\n", ":2: ignore is no list of tables"),
        (
            "[[tool.mockserver.ignore]]\nrule = '*'\nreason = 'x'\n\n[[tool.mockserver.ignore]]\nrule = '*'\n",
            ":5: an ignore entry without a reason (say why this may stay as it is)",
        ),
        ("[[tool.mockserver.ignore]]\nreason = 'x'\n", ":1: an ignore entry without a rule"),
        ("[[tool.mockserver.ignore]]\nrule = 'blind-retry'\nreason = ' '\n", ":1: an ignore entry without a reason"),
        (
            "[[tool.mockserver.ignore]]\nrule = 'blind-retry'\nreason = 'x'\nwhen = 'y'\n",
            ":4: unknown key 'when' (did you mean 'where'?)",
        ),
        ("[tool.mockserver.rules]\n'blink-*' = 'off'\n", ":2: unknown rule 'blink-*' ("),
        ("[[tool.mockserver.ignore]]\nrule = 'x'\nreason = 'x'\n", ":2: unknown rule 'x' (docs/client-rules.md"),
        ("[[tool.mockserver.ignore]]\nrule = 'blind-retry'\nreason = 3\n", ":3: reason is no text: 3"),
        ("[tool.mockserver]\nfail-on = \n", ":2: this is no TOML: Invalid value"),
        ("[tool.mockserver", ":1: this is no TOML: "),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, complaint: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(UsageError) as error:
        read_settings(tmp_path, KNOWN)
    assert str(error.value).startswith(f"{file}{complaint}")
    assert "\n" not in str(error.value)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="cannot be read: it is not UTF-8"):
        read_settings(tmp_path)


def test_without_known_rules_any_name_will_do(tmp_path: Path) -> None:
    written(tmp_path, "[tool.mockserver.rules]\nwhatever = 'off'\n")
    assert read_settings(tmp_path).rules == {"whatever": "off"}


@pytest.mark.parametrize(
    ("entry", "fits"),
    [
        (Ignored("contract-violation"), True),
        (Ignored("contract-violation", "shop", "createOrder", "body /name"), True),
        (Ignored("*", operation="create*"), True),
        (Ignored("contract-violation", where="body /*"), True),
        (Ignored("contract-violation", where="body"), False),
        (Ignored("contract-violation", api="other"), False),
        (Ignored("contract", api="shop"), False),
        (Ignored("contract-violation", operation="create."), False),
    ],
)
def test_what_an_entry_speaks_of(entry: Ignored, fits: bool) -> None:
    finding = Finding("contract-violation", "error", "shop", "createOrder", "too short", where="body /name")
    assert entry.fits(finding) is fits
