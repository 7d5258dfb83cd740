"""The variables that a command finds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.exceptions import UsageError
from mockserver.testing.run.environment import filled, variables

URL = "http://127.0.0.1:4010"


def test_each_api_has_its_own_and_a_token_where_it_takes_one() -> None:
    assert variables(URL, ["my-api", "other"], {"my-api": "t"}) == {
        "MOCKSERVER_URL": URL,
        "MY_API_URL": f"{URL}/my-api",
        "MY_API_TOKEN": "t",
        "OTHER_URL": f"{URL}/other",
    }


def test_a_shell_can_say_every_name() -> None:
    assert variables(URL, ["3d-prints"], {}) == {"MOCKSERVER_URL": URL, "_3D_PRINTS_URL": f"{URL}/3d-prints"}


@pytest.mark.parametrize(
    ("apis", "said"),
    [
        (["a-b", "a_b"], "a-b and a_b would both have A_B_URL"),
        (["mockserver"], "the mock itself and mockserver would both have MOCKSERVER_URL"),
    ],
)
def test_two_that_would_have_the_same_are_told(apis: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        variables(URL, apis, {})


def test_variables_of_the_users_own_are_filled_in() -> None:
    given = [("A", "{url}/x"), ("B", "{my-api.url}"), ("C", "Bearer {my-api.token}"), ("A", "{url}")]
    assert filled(given, URL, ["my-api"], {"my-api": "t"}) == {"A": URL, "B": f"{URL}/my-api", "C": "Bearer t"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{my-ap.url}", r"--env: \{my-ap.url\} stands for nothing \(did you mean 'my-api.url'\?\)"),
        ("{my-api.token}", r"\(did you mean 'my-api.url'\?\)"),
        ("{host}", r"\(there are \{url\}, \{my-api.url\}\)"),
    ],
)
def test_what_stands_for_nothing_is_told(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        filled([("A", text)], URL, ["my-api"], {})


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="{\0"))
    | st.sampled_from(['{"a": {"b": 1}}', "a{3}", "${X}", "{}", "{{.Name}}"])
)
def test_any_other_text_is_left_as_it_is(text: str) -> None:
    assert filled([("A", text)], URL, ["my-api"], {}) == {"A": text}
