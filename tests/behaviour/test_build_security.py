from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.mocks import DESK, answers, desk_folder, line_of, one_operation, problems_of

BEHAVIOUR, OPENAPI = "behaviour.yaml", "openapi.yaml"
SCHEME = next(line for line in (DESK / BEHAVIOUR).read_text("utf-8").splitlines() if "token: {missing" in line)

WRONG = {
    "an error whose status an operation lacks": (
        ("  token: {missing", "  token: {unknown: too_many, missing"),
        "unknown: too_many",
        "does not document status 409 of 'too_many'",
    ),
    "an issuer that is not there": (
        ("  token: {missing", "  token: {issuer: nobody, missing"),
        "issuer: nobody",
        "no API is called 'nobody'",
    ),
    "a scheme that the contract lacks": (
        ("  token: {missing", "  tocken: {missing"),
        "tocken:",
        "the contract has no security scheme 'tocken' (did you mean 'token'?)",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_one_clear_message(tmp_path: Path, what: str) -> None:
    (old, new), marker, message = WRONG[what]
    folder = desk_folder(tmp_path, (BEHAVIOUR, old, new))
    problems = [str(problem) for problem in problems_of(folder)]
    file = folder / BEHAVIOUR
    assert any(problem.startswith(f"{file}:{line_of(file, marker)}: ") and message in problem for problem in problems)


def test_words_are_for_the_authorization_header(tmp_path: Path) -> None:
    schemes = {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}
    with pytest.raises(Exception, match="'words' has no effect on the header X-Key"):
        one_operation(
            answers({}), {}, components={"securitySchemes": schemes}, behaviour={"security": {"key": {"words": ["x"]}}}
        )


@pytest.mark.parametrize("life", ["1h", -1])
def test_a_life_in_seconds(life: Any) -> None:
    tokens = {"access": {"value": "${{ hex(8) }}", "expires_in": life}}
    with pytest.raises(Exception, match=f"'expires_in' must be a number of seconds from 0, not {life!r}"):
        one_operation(answers({}), {}, behaviour={"tokens": tokens})
