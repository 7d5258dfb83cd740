"""`arrange` under a rule: what a behaviour file may say there, and that a mock which serves never looks at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mocks import desk, desk_folder, problems_of

RULE = "        else: too_many\n"


@pytest.mark.parametrize(
    ("arrange", "message", "hint"),
    [
        ("{settings: {most_opn: 0}}", "there is no setting 'most_opn'", "did you mean 'most_open'?"),
        ("{setings: {most_open: 0}}", "unknown key 'setings'", "did you mean 'settings'?"),
        ("{}", "'arrange': {} should be non-empty", ""),
        ("{then: [{delete: tickt, where: {}}]}", "unknown resource 'tickt'", "did you mean 'ticket'?"),
        ("{then: [{update: ticket, where: {}, set: {state: '${{ path.id }}'}}]}", "unknown name 'path'", ""),
        ("{then: [{update: ticket, where: {}, set: {state: '${{ body.id }}'}}]}", "unknown name 'body'", ""),
        ("{token: {scope: [a]}}", "a token has no 'scope' to be issued with", "did you mean 'scopes'?"),
        ("{token: {scopes: a}}", "'scopes' must be a list of texts", ""),
        ("{token: {organisation: 7}}", "'organisation' must be text", ""),
    ],
)
def test_what_is_wrong_in_it(tmp_path: Path, arrange: str, message: str, hint: str) -> None:
    folder = desk_folder(tmp_path, ("behaviour.yaml", RULE, f"{RULE}        arrange: {arrange}\n"))
    (problem,) = problems_of(folder)
    assert message in problem.message
    assert hint in problem.hint
    assert problem.line == 1 + (folder / "behaviour.yaml").read_text().split("arrange:")[0].count("\n")


def test_a_mock_that_serves_never_looks_at_it() -> None:
    arrange = "{settings: {most_open: 0}, then: [{delete: ticket, where: {}}]}"
    mock = desk(("behaviour.yaml", RULE, f"{RULE}        arrange: {arrange}\n"))
    plain = desk()
    assert (
        mock.call("POST /tickets", {"title": "x"}).status == plain.call("POST /tickets", {"title": "x"}).status == 200
    )
    assert mock.records("ticket")
    assert mock.engine.evidence("desk") == plain.engine.evidence("desk")
