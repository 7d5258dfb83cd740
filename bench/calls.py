"""What is asked of the servers: the calls, the cases that are made of them, and the load scripts for wrk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

API: Final = "zoho-assist"
BASE: Final = f"/{API}/api/v2"
AUTHORIZATION: Final = "Zoho-oauthtoken 1000.benchmark.token"
#: A bare server reads the request's body when the path is beneath this.
READ: Final = "/read"


@dataclass(frozen=True, slots=True)
class Call:
    """One request, without the address of a server."""

    method: str
    path: str
    body: bytes = b""

    @property
    def headers(self) -> dict[str, str]:
        """The headers that a client sends with it, beside those of HTTP itself."""
        kind = {"Content-Type": "application/json"} if self.body else {}
        return {"Authorization": AUTHORIZATION, **kind}


@dataclass(frozen=True, slots=True)
class Case:
    """Calls that are repeated in turn. `goal` is the ratio to a bare Flask route that we want at 16 connections."""

    name: str
    title: str
    calls: tuple[Call, ...]
    goal: float
    grows: bool = False  # whether it leaves records behind


def _json(**members: str) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode()


GET_ONE: Final = Call("GET", f"{BASE}/technicians/tech_123")
GET_LIST: Final = Call("GET", f"{BASE}/technicians")
PUT_BUSY: Final = Call("PUT", GET_ONE.path, _json(status="busy"))
PUT_ONLINE: Final = Call("PUT", GET_ONE.path, _json(status="online"))
POST_SESSION: Final = Call(
    "POST",
    f"{BASE}/sessions",
    _json(
        sessionType="remote_support",
        customerName="John Doe",
        customerEmail="john@example.com",
        sessionName="Software Installation Support",
        technicianId="tech_123",
    ),
)

CASES: Final = (
    Case("get-one", "GET one technician", (GET_ONE,), 2.0),
    Case("list", "GET list of technicians", (GET_LIST,), 1.5),
    Case(
        "list-changing",
        "GET list, 1 PUT in 10 requests",
        (PUT_BUSY, *[GET_LIST] * 9, PUT_ONLINE, *[GET_LIST] * 9),
        1.5,
    ),
    Case("post", "POST session", (POST_SESSION,), 1.5, grows=True),
)


def load_script(case: Case, prefix: str = "") -> str:
    """The Lua script by which wrk makes the calls of a case, each path beneath `prefix`."""
    if len(case.calls) == 1:  # wrk repeats one request much more cheaply than it asks a function for the next
        call = case.calls[0]
        lines = [f"wrk.method, wrk.path, wrk.body = {_lua(call.method)}, {_lua(prefix + call.path)}, {_lua(call.body)}"]
        lines += [f"wrk.headers[{_lua(name)}] = {_lua(value)}" for name, value in call.headers.items()]
        return "\n".join(lines)
    made = [
        f"  wrk.format({_lua(call.method)}, {_lua(prefix + call.path)}, {_table(call.headers)}, {_lua(call.body)}),"
        for call in case.calls
    ]
    return "\n".join(
        (
            "local made, at = {}, 0",
            "function init() made = {",
            *made,
            "} end",
            "function request() at = at % #made + 1; return made[at] end",
        )
    )


def _lua(text: str | bytes) -> str:
    """A Lua literal; JSON's escapes for quotes and backslashes are Lua's too."""
    text = text.decode() if isinstance(text, bytes) else text
    return json.dumps(text) if text else "nil"


def _table(headers: dict[str, str]) -> str:
    members = {"Host": "localhost", **headers}
    return "{" + ", ".join(f"[{_lua(name)}] = {_lua(value)}" for name, value in members.items()) + "}"
