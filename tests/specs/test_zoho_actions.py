"""What can happen at the side of the shipped Zoho APIs without a call: customers who join, computers that are gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from mockserver.exceptions import UsageError
from tests.mocks import Mock, serve

TOKEN = "Zoho-oauthtoken any-token"
LENS = {
    "mode": "SCHEDULE",
    "title": "Pump",
    "customer_email": "ada@example.com",
    "schedule_time": 1737009000000,  # 2025-01-16T06:30:00Z
    "schedule_upto": 1737012600000,
    "utc_offset": "+05:30",
    "time_zone": "Asia/Kolkata",
    "reminder": 15,
    "department_id": 123456789,
}


@pytest.fixture(scope="module")
def engines() -> Iterator[dict[str, Mock]]:
    found = {name: serve(name) for name in ("zoho-assist", "zoho-lens", "zoho-meeting")}
    yield found
    for mock in found.values():
        mock.engine.close()


@pytest.fixture
def assist(engines: dict[str, Mock]) -> Mock:
    engines["zoho-assist"].engine.reset()
    return engines["zoho-assist"]


@pytest.fixture
def lens(engines: dict[str, Mock]) -> Mock:
    """A session is scheduled for tomorrow."""
    engines["zoho-lens"].engine.reset()
    assert engines["zoho-lens"].call("POST /api/v2/lens_session/schedule", LENS, authorization=TOKEN).status == 200
    return engines["zoho-lens"]


@pytest.fixture
def meeting(engines: dict[str, Mock]) -> Mock:
    """A meeting is going on."""
    engines["zoho-meeting"].engine.reset()
    path = "POST /meeting/api/v2/1234567/sdk/session/meet"
    assert (
        engines["zoho-meeting"].call(path, {"session": {"conferenceType": "audio"}}, authorization=TOKEN).status == 200
    )
    return engines["zoho-meeting"]


def act(mock: Mock, name: str, **given: Any) -> Any:
    return mock.engine.act(mock.name, name, given).result


def get(mock: Mock, path: str) -> Any:
    answer = mock.call(f"GET /api/v2{path}", authorization=TOKEN)
    assert answer.status == 200, answer.response.body
    assert answer.violations == []
    return answer.json


def refusal(mock: Mock, name: str, **given: Any) -> str:
    with pytest.raises(UsageError) as caught:
        act(mock, name, **given)
    return str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "customerJoins",
        "customerLeaves",
        "customerWrites",
        "technicianWrites",
        "customerSendsFile",
        "technicianComesOnline",
        "technicianGoesOffline",
        "computerComesOnline",
        "computerGoesOffline",
    ],
)
def test_the_shipped_sessions_take_each_action_without_parameters(name: str, assist: Mock) -> None:
    assert act(assist, name)
    for path in ("/sessions", "/technicians", "/computers", "/reports/sessions", "/reports/technicians"):
        get(assist, path)


def new_session(assist: Mock) -> str:
    answer = assist.call(
        "POST /api/v2/sessions", {"technicianId": "tech_124", "customerName": "Ada"}, authorization=TOKEN
    )
    return str(answer.json["sessionId"])


def test_a_session_begins_when_the_customer_joins_and_ends_when_they_leave(assist: Mock) -> None:
    session = new_session(assist)
    assist.engine.advance(timedelta(minutes=10))
    assert act(assist, "customerJoins")["sessionId"] == session
    found = get(assist, f"/sessions/{session}/details")
    assert (found["status"], found["startTime"]) == ("active", "2025-01-15T12:10:00Z")
    assist.engine.advance(timedelta(hours=2))  # what has begun does not expire
    act(assist, "customerLeaves", session=session)
    row = get(assist, f"/sessions/{session}/details")
    assert (row["status"], row["endTime"], row["duration"]) == ("completed", "2025-01-15T14:10:00Z", 7200)
    report = get(assist, "/reports/sessions?technicianId=tech_124&from_date=2025-01-15&status=completed")
    assert session in [each["sessionId"] for each in report["sessions"]]


def test_who_ends_it_makes_no_difference(assist: Mock) -> None:
    session = new_session(assist)
    act(assist, "customerJoins")
    assist.engine.advance(timedelta(minutes=5))
    name = assist.engine.snapshot()
    act(assist, "customerLeaves", session=session)
    by_customer = assist.records("session")
    assist.engine.restore(name)
    assist.call(f"DELETE /api/v2/sessions/{session}", authorization=TOKEN)
    assert assist.records("session") == by_customer


def test_the_chat_and_the_files_grow(assist: Mock) -> None:
    session = new_session(assist)
    act(assist, "customerJoins")
    act(assist, "customerWrites", session=session, message="It hums")
    act(assist, "technicianWrites", session=session)
    messages = get(assist, f"/sessions/{session}/chat")["messages"]
    assert [(each["sender"], each["senderName"]) for each in messages] == [
        ("customer", "Ada"),
        ("technician", "Tomasz Wilkov"),
    ]
    sent = act(assist, "customerSendsFile", session=session, fileName="photo.jpg", size=3)
    (found,) = get(assist, f"/sessions/{session}/files")["files"]
    assert (found["fileName"], found["size"], found["direction"]) == ("photo.jpg", 3, "upload")
    content = assist.call(f"GET /api/v2/sessions/{session}/files/{sent['fileId']}", authorization=TOKEN).response.body
    assert len(content) == 3
    (row,) = [each for each in get(assist, "/reports/sessions")["sessions"] if each["sessionId"] == session]
    assert (row["chatMessages"], row["filesTransferred"]) == (2, 1)


def test_a_technician_goes_and_comes(assist: Mock) -> None:
    for name, status in (("technicianGoesOffline", "offline"), ("technicianComesOnline", "online")):
        act(assist, name, technician="tech_123")
        assert get(assist, "/technicians/tech_123")["status"] == status


def test_a_computer_that_is_gone_takes_its_sessions_along(assist: Mock) -> None:
    opened = assist.call("POST /api/v2/computers/comp_301/connect", {}, authorization=TOKEN).json["sessionId"]
    assist.engine.advance(timedelta(minutes=3))
    act(assist, "computerGoesOffline", computer="comp_301")
    assert get(assist, "/computers/comp_301")["status"] == "offline"
    found = get(assist, f"/sessions/{opened}/details")
    assert (found["status"], found["duration"]) == ("completed", 180)
    warned = assist.call("POST /api/v2/computers/comp_301/connect", {}, authorization=TOKEN)
    assert len(warned.warnings) == 1
    assist.engine.advance(timedelta(minutes=1))
    act(assist, "computerComesOnline", computer="comp_301")
    found = get(assist, "/computers/comp_301")
    assert (found["status"], found["lastSeen"]) == ("online", "2025-01-15T12:04:00Z")


def test_what_cannot_happen_at_assist_is_refused(assist: Mock) -> None:
    session = new_session(assist)
    for name in ("customerLeaves", "customerWrites", "technicianWrites", "customerSendsFile"):
        assert "the session is not active" in refusal(assist, name, session=session)
    assert "there is no such session" in refusal(assist, "customerJoins", session="1")
    act(assist, "customerJoins", session=session)
    assert "waits for nobody" in refusal(assist, "customerJoins", session=session)
    unattended = assist.call("POST /api/v2/computers/comp_301/connect", {}, authorization=TOKEN).json["sessionId"]
    assert "nobody sits" in refusal(assist, "customerLeaves", session=unattended)
    for name in ("technicianComesOnline", "technicianGoesOffline"):
        assert "no such technician" in refusal(assist, name, technician="x")
    for name in ("computerComesOnline", "computerGoesOffline"):
        assert "no such computer" in refusal(assist, name, computer="x")
    other = new_session(assist)
    assist.engine.advance(timedelta(hours=2))
    assert "waits for nobody" in refusal(assist, "customerJoins", session=other)  # it is expired


def test_a_session_of_lens_begins_early_and_ends_early(lens: Mock) -> None:
    assert "has not begun" in refusal(lens, "customerJoins", session=lens.records("session")[0]["schedule_id"])
    assert act(lens, "technicianStarts")["status"] == "started"
    assert "customer_joined_time" in act(lens, "customerJoins")
    assert "has begun" in refusal(lens, "technicianStarts", session=lens.records("session")[0]["schedule_id"])
    lens.engine.advance(timedelta(hours=18, minutes=40))  # its time comes, and it goes on
    assert lens.records("session")[0]["status"] == "started"
    assert act(lens, "technicianEnds")["status"] == "ended"
    assert "there is no such session" in refusal(lens, "technicianEnds")
    lens.engine.advance(timedelta(hours=2))
    assert lens.records("session")[0]["ended_time"] == "2025-01-16T06:40:00Z"


def test_a_meeting_is_joined_and_ends(meeting: Mock) -> None:
    key = meeting.records("session")[0]["meetingKey"]
    act(meeting, "participantJoins")
    found = act(meeting, "participantJoins", session=key, email="ada@example.com")
    assert [each["email"] for each in found["attendance"]] == ["customer@example.com", "ada@example.com"]
    assert act(meeting, "meetingEnds")["ended"] == "2025-01-15T12:00:00Z"
    for name in ("participantJoins", "meetingEnds"):
        assert "none that is going on" in refusal(meeting, name)
        assert "the meeting is over" in refusal(meeting, name, session=key)
