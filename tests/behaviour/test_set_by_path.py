"""`set` and `append` by path: one member of an object in a field, and nothing else."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mocks import Answer, Mock, answers, one_operation

TALK = {"talkId": "t1", "interaction": {"state": "OPEN", "routing": {"queue": "q", "skills": ["a"]}}, "title": "x"}
JSON = st.recursive(
    st.none() | st.integers(0, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


def did(
    rules: dict[str, Any], *, talk: dict[str, Any] = TALK, body: Any = None, **resource: Any
) -> tuple[Mock, Answer]:
    """A talk, and an operation on it, called once."""
    mock = one_operation(
        answers(True),
        {"key": "t1", "respond": {"body": {}}, **rules} if "update" in rules else {"respond": {"body": {}}, **rules},
        paths={"/post": {"post": {"operationId": "post", **answers(True), **_BODY}}},
        behaviour={"resources": {"talk": {"key": "talkId", **resource}}, "operations": {"post": {"create": "talk"}}},
        fixtures={"talk": [copy.deepcopy(talk)]},
    )
    return mock, mock.call("GET /it")


_BODY = {"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}}


def changed(set: dict[str, Any], clause: str = "set", **more: Any) -> dict[str, Any]:
    mock, answer = did({"update": "talk", clause: set}, **more)
    assert answer.status == 200, answer.response.body
    return mock.records("talk")[0]


def test_one_member_changes_and_the_rest_stays() -> None:
    assert changed({"interaction.state": "COMPLETE"}) == {
        **TALK,
        "interaction": {"state": "COMPLETE", "routing": {"queue": "q", "skills": ["a"]}},
    }


def test_as_deep_as_one_likes() -> None:
    assert changed({"interaction.routing.queue": "r"})["interaction"]["routing"] == {"queue": "r", "skills": ["a"]}


@pytest.mark.parametrize("before", [{}, {"contact": None}])
def test_objects_on_the_way_are_made(before: dict[str, Any]) -> None:
    talk = changed({"contact.name.first": "Ann", "contact.name.last": "B"}, talk={"talkId": "t1", **before})
    assert talk == {"talkId": "t1", "contact": {"name": {"first": "Ann", "last": "B"}}}


def test_append_goes_by_path_too() -> None:
    talk = changed({"interaction.routing.skills": "b", "contact.phones": 7}, "append")
    assert (talk["interaction"]["routing"]["skills"], talk["contact"]) == (["a", "b"], {"phones": [7]})


def test_expressions_see_the_record_as_it_was() -> None:
    talk = changed({"interaction.state": "NEW", "interaction.before": "${{ item.interaction.state }}"})
    assert talk["interaction"]["before"] == "OPEN"


def test_what_comes_later_goes_into_what_came_before() -> None:
    talk = changed({"interaction": {"state": "NEW"}, "interaction.by": "me"})
    assert talk["interaction"] == {"state": "NEW", "by": "me"}


def test_a_new_record_has_its_default_changed() -> None:
    rules = {"create": "talk", "set": {"talkId": "t2", "interaction.state": "NEW", "plan.x": 1}}
    mock, _ = did(rules, defaults={"interaction": {"state": "OPEN", "tries": 0}})
    assert mock.records("talk")[1] == {"talkId": "t2", "interaction": {"state": "NEW", "tries": 0}, "plan": {"x": 1}}


def test_the_default_stays_what_it_is() -> None:
    rules = {"create": "talk", "set": {"interaction.state": "NEW"}, "append": {"interaction.log": 1}}
    mock, _ = did(rules, defaults={"talkId": "k${{ len(talk) }}", "interaction": {"state": "OPEN"}})
    mock.call("GET /it")
    mock.call("POST /post", {})
    first, second, third = (talk["interaction"] for talk in mock.records("talk")[1:])
    assert first == second == {"state": "NEW", "log": [1]}
    assert third == {"state": "OPEN"}


def test_tokens_have_members_too() -> None:
    tokens = {"access": {"value": "${{ hex(8) }}"}}
    issue = {"then": [{"issue": "access", "set": {"claims.level": 3, "claims.who": "Ann"}}], "respond": {"body": {}}}
    mock = one_operation(answers(True), issue, behaviour={"tokens": tokens})
    mock.call("GET /it")
    assert mock.records("token")[0]["claims"] == {"level": 3, "who": "Ann"}


def test_timers_set_members() -> None:
    timer = {"at": "${{ item.due }}", "set": {"interaction.state": "LATE", "interaction.routing.late": "${{ now }}"}}
    mock, _ = did({}, talk={**TALK, "due": "2025-01-15T13:00:00Z"}, timers={"late": timer})
    mock.engine.advance(timedelta(hours=1))
    assert mock.records("talk")[0]["interaction"] == {
        "state": "LATE",
        "routing": {"queue": "q", "skills": ["a"], "late": "2025-01-15T13:00:00Z"},
    }


@pytest.mark.parametrize(
    ("path", "through", "held"),
    [
        ("title.x", "title", "'x'"),
        ("interaction.state.x", "interaction.state", "'OPEN'"),
        ("talkId.x", "talkId", "'t1'"),
    ],
)
@pytest.mark.parametrize("clause", ["set", "append"])
def test_what_is_no_object_is_a_fault_of_the_rule(path: str, through: str, held: str, clause: str) -> None:
    mock, answer = did({"update": "talk", clause: {path: 1}})
    assert (answer.status, answer.json["rule"]) == (500, "it.update")
    wanted = f"it.update: {clause}: '{path}' leads through '{through}', which holds no object but {held}"
    assert answer.json["detail"] == wanted
    assert mock.records("talk") == [TALK]


def test_appending_to_a_member_that_is_no_list() -> None:
    _, answer = did({"update": "talk", "append": {"interaction.state": 1}})
    assert answer.json["detail"] == "it.update: append: the field 'interaction.state' holds no list but 'OPEN'"


def test_a_version_that_is_kept_stays_as_it_was() -> None:
    mock, _ = did({"update": "talk", "set": {"interaction.routing.queue": "r"}})
    mock.engine.reset()
    snapshot = mock.engine.snapshot()
    mock.call("GET /it")
    assert mock.records("talk")[0]["interaction"]["routing"]["queue"] == "r"
    mock.engine.restore(snapshot)
    assert mock.records("talk") == [TALK]


@given(
    before=st.dictionaries(st.sampled_from("abc"), JSON, max_size=3),
    path=st.lists(st.sampled_from("abc"), min_size=1, max_size=3),
    value=JSON,
)
def test_it_is_what_writing_into_a_copy_would_be(before: dict[str, Any], path: list[str], value: Any) -> None:
    wanted: Any = {"talkId": "t1", **copy.deepcopy(before)}
    holder, possible = wanted, True
    for name in path[:-1]:
        if holder.get(name) is None:
            holder[name] = {}
        holder = holder[name]
        if not isinstance(holder, dict):
            possible = False
            break
    if possible:
        holder[path[-1]] = value
    mock, answer = did({"update": "talk", "set": {".".join(path): value}}, talk={"talkId": "t1", **before})
    assert answer.status == (200 if possible else 500)
    assert mock.records("talk") == [wanted if possible else {"talkId": "t1", **before}]
    mock.engine.reset()
    assert mock.records("talk") == [{"talkId": "t1", **before}]
