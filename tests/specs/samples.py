"""The calls that the vendors' documents show, as data: method, address, headers and body as they stand there.

What a document leaves to its reader is chosen here: the arguments of functions that it defines and never calls, ids of
sessions and computers, the parameters of the address at which a person is asked for consent, and at Meeting the header
with the token, of which the document only names the scope.
"""

from __future__ import annotations

import json
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode

#: What a sample is written in: a command line, Python for requests, JavaScript for axios, Deluge, or nothing.
Client = Literal["curl", "python", "javascript", "deluge", "none"]


class Sample(NamedTuple):
    """One call. `headers` are those that the sample itself sets; `{sessionId}` in its address is a session that waits;
    `shows` are keys of the answer, none where it is a page."""

    client: Client
    method: str
    url: str
    headers: dict[str, str]
    body: Any
    status: int
    shows: tuple[str, ...]

    @property
    def sent(self) -> bytes | None:
        """The body as its client writes it."""
        if self.body is None:
            return None
        if self.client == "curl":
            return json.dumps(self.body, indent=2).encode()
        return json.dumps(self.body, separators=(",", ":") if self.client == "javascript" else None).encode()

    @property
    def sent_headers(self) -> dict[str, str]:
        """The headers of the sample, and those that its client adds by itself and the mock could stumble over."""
        added = {"Accept": "application/json, text/plain, */*", "User-Agent": "axios/1.7.9"}
        if self.client != "javascript":
            return self.headers
        return {**added, **({} if self.body is None else {"Content-Type": "application/json"}), **self.headers}


TOKEN = {"Authorization": "Zoho-oauthtoken {access_token}"}
JSON = {**TOKEN, "Content-Type": "application/json"}
ASSIST = "https://assist.zoho.com/api/v2"

NEW_SESSION = {
    "sessionType": "remote_support",
    "customerName": "John Doe",
    "customerEmail": "john@example.com",
    "sessionName": "Software Installation Support",
    "technicianId": "tech_123",
}
#: Of the reader's choice, but for the names of the fields.
NEW_CUSTOMER = {
    "name": "John Doe",
    "email": "john@example.com",
    "phone": "+1 555 0100",
    "company": "Example",
    "notes": "Calls in the morning",
}
#: Of the reader's choice, but for the names of the fields.
LATER = {
    "customerName": "John Doe",
    "customerEmail": "john@example.com",
    "technicianId": "tech_123",
    "scheduledTime": "2025-01-20T14:00:00Z",
    "duration": 1800,
    "sessionName": "Software Installation Support",
}
#: The name of the customer and the number of the ticket are variables that the script does not set.
FROM_A_TICKET = {
    "sessionType": "remote_support",
    "customerName": "John Doe",
    "customerEmail": "customer@example.com",
    "sessionName": "Technical Support - Ticket #1",
    "technicianId": "tech_123",
}
SCHEDULE = {
    "mode": "SCHEDULE",
    "title": "Support Session",
    "notes": "Assisting with Hardware installation",
    "customer_email": "customer@example.com",
    "schedule_time": 1683038400000,
    "schedule_upto": 1683042000000,
    "utc_offset": "+05:30",
    "time_zone": "Asia/Kolkata",
    "reminder": 15,
    "department_id": 123456789,
}
#: Only the scopes stand in the document.
CONSENT = {
    "client_id": "1000.WEBAPPEXAMPLE00000000000000000",
    "response_type": "code",
    "redirect_uri": "https://app.example.com/oauth/callback",
    "scope": "ZohoAssist.sessions.ALL,ZohoAssist.sessions.READ,ZohoAssist.customers.ALL,ZohoAssist.technicians.READ",
}
PERIOD = "from_date=2025-01-01&to_date=2025-01-31"
SESSION = ("sessionId", "sessionKey", "sessionUrl", "sessionType", "status", "createdTime", "expiresIn")
ONE = f"{ASSIST}/sessions/{{sessionId}}"
INVITATION = {"email": "john@example.com", "sendEmail": True}

SAMPLES = {
    "assist, authorization URL": Sample(
        "none", "GET", f"https://accounts.zoho.com/oauth/v2/auth?{urlencode(CONSENT)}", {}, None, 200, ()
    ),
    "assist, create a session": Sample("javascript", "POST", f"{ASSIST}/sessions", JSON, NEW_SESSION, 201, SESSION),
    "assist, list technicians": Sample("python", "GET", f"{ASSIST}/technicians", TOKEN, None, 200, ("technicians",)),
    "assist, add a customer": Sample(
        "javascript", "POST", f"{ASSIST}/customers", JSON, NEW_CUSTOMER, 201, ("customerId", *NEW_CUSTOMER)
    ),
    "assist, list computers": Sample("python", "GET", f"{ASSIST}/computers", TOKEN, None, 200, ("computers",)),
    "assist, connect to a computer": Sample(
        "javascript", "POST", f"{ASSIST}/computers/comp_301/connect", TOKEN, {}, 200, SESSION
    ),
    # `technicianId` is a parameter of the function, left out where it is called: axios sends nothing then.
    "assist, report of sessions": Sample(
        "javascript", "GET", f"{ASSIST}/reports/sessions?{PERIOD}", TOKEN, None, 200, ("sessions", "summary")
    ),
    "assist, files of a session": Sample("python", "GET", f"{ONE}/files", TOKEN, None, 200, ("files",)),
    "assist, chat of a session": Sample("javascript", "GET", f"{ONE}/chat", TOKEN, None, 200, ("messages",)),
    "assist, invite to a session": Sample("javascript", "POST", f"{ONE}/invite", JSON, INVITATION, 200, SESSION),
    "assist, transfer a session": Sample(
        "python", "POST", f"{ONE}/transfer", JSON, {"technicianId": "tech_124"}, 200, SESSION
    ),
    "assist, schedule a session": Sample(
        "javascript", "POST", f"{ASSIST}/sessions/schedule", JSON, LATER, 201, (*SESSION, "scheduledTime", "duration")
    ),
    # The script posts text, names no content type, and leaves the token to its connection.
    "assist, create a session from a ticket": Sample(
        "deluge", "POST", f"{ASSIST}/sessions", TOKEN, FROM_A_TICKET, 201, SESSION
    ),
    "lens, schedule a session": Sample(
        "curl",
        "POST",
        "https://lens.zoho.com/api/v2/lens_session/schedule",
        JSON,
        SCHEDULE,
        200,
        ("representation", "resource_type"),
    ),
    "meeting, start a session": Sample(
        "none",
        "POST",
        "https://meeting.zoho.com/meeting/api/v2/1234567/sdk/session/meet",
        TOKEN,
        {"session": {"conferenceType": "audio"}},
        200,
        ("session",),
    ),
}
