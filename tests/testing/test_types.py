"""What a type checker says to a test that is written as the page shows it."""

from __future__ import annotations

from pathlib import Path

import pytest
from mypy import api as mypy

SUITE = """
from mockserver import Case, MockApi, StartIntercept, StartMock

def test_it(mock_api: StartMock, mock_intercept: StartIntercept, case: Case) -> None:
    api: MockApi = mock_api("zoho-assist", start="2030-01-01T00:00:00Z", strict=True)
    technicians = api.state["technician"]
    assert "tech_123" in technicians
    assert technicians["tech_123"]["name"] == technicians[0]["name"]
    assert [each["name"] for each in technicians[1:]]
    one: MockApi = mock_intercept("zoho-assist")
    both = mock_intercept("zoho-assist", "zoho-meeting", block=True)
    assert both["zoho-meeting"].url != one.url
    api.clock.advance(60)
    case.api.clock.sleep(1.5)
"""


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("", ""),
        ('    mock_api("zoho-assist", sed=1)', 'Unexpected keyword argument "sed"'),
        ('    technicians.get("x")["name"]', "not indexable"),
        ("    api.clock.advance([60])", "incompatible type"),
    ],
)
def test_strict_mypy_agrees(line: str, error: str, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(f"{SUITE}{line}\n")
    config = tmp_path / "mypy.ini"
    config.write_text("[mypy]\nstrict = true\n")
    cache = str(Path(__file__).parents[2] / ".mypy_cache" / "types")
    out, _, status = mypy.run([str(tmp_path / "test_it.py"), "--config-file", str(config), "--cache-dir", cache])
    assert (status == 1) is bool(error), out
    assert error in out
