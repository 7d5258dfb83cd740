"""A client of Auvious: the appointments of a customer desk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

_PATH = "/api/v2/appointments"
_PAGE = 100
_TRIES = 3


class Refused(Exception):
    """The service refuses a call, or cannot answer it. `status` is that of its answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{message} ({status})")
        self.status = status


@dataclass(frozen=True)
class Appointment:
    id: str
    start: datetime
    end: datetime
    title: str
    customers: int
    join_urls: tuple[str, ...]

    @classmethod
    def read(cls, data: dict[str, Any]) -> Appointment:
        customers = [each for each in data.get("participants", []) if each.get("type") == "CUSTOMER"]
        return cls(
            data["id"],
            datetime.fromisoformat(data["start"]),
            datetime.fromisoformat(data["end"]),
            data.get("title", ""),
            len(customers),
            tuple(each["ticket"]["accessUrl"] for each in customers if "ticket" in each),  # none before it is active
        )


class Appointments:
    """`token` is a JSON Web Token, which the service wants in the header as it is."""

    def __init__(
        self,
        token: str,
        application: str,
        url: str = "https://auvious.video",
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._application, self._sleep = application, sleep
        self._http = httpx.Client(base_url=url, headers={"Authorization": token}, timeout=10)

    def __enter__(self) -> Appointments:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def between(self, start: datetime, end: datetime) -> Iterator[Appointment]:
        """The appointments of a stretch of time in the order of their start, one page after the other."""
        number, pages = 1, 1
        while number <= pages:
            query = {
                "applicationId": self._application,
                "range": f"{_written(start)},{_written(end)}",
                "sortField": "start",
                "pageSize": _PAGE,
                "pageNumber": number,
            }
            try:
                page = self._call("GET", "/", params=query)
            except Refused as refusal:
                if refusal.status == 404:  # how this service says that a list is empty
                    return
                raise
            yield from map(Appointment.read, page["content"])
            number, pages = number + 1, page["pageCount"]

    def get(self, id: str) -> Appointment:
        return Appointment.read(self._call("GET", f"/{id}"))

    def schedule(self, title: str, email: str, start: datetime, length: timedelta, timezone: str) -> Appointment:
        body = {
            "applicationId": self._application,
            "title": title,
            "customers": [{"contact": {"primaryEmail": email}}],
            **_when(start, length, timezone),
        }
        return Appointment.read(self._call("POST", "/", json=body))

    def move(self, id: str, start: datetime, length: timedelta, timezone: str) -> Appointment:
        return Appointment.read(self._call("PUT", "/reschedule/", json={"id": id, **_when(start, length, timezone)}))

    def cancel(self, id: str) -> None:
        self._call("DELETE", f"/{id}")

    def _call(self, method: str, path: str, **options: Any) -> Any:
        """One call. One that changes nothing when it is made twice is tried again when the service is in trouble."""
        tries = 1 if method == "POST" else _TRIES
        for left in reversed(range(tries)):
            try:
                answer = self._http.request(method, _PATH + path, **options)
            except httpx.TransportError:
                if not left:
                    raise
            else:
                if answer.status_code < 500 or not left:
                    break
            self._sleep(tries - left)
        if answer.is_success:
            return answer.json() if answer.content else None
        raise Refused(answer.status_code, answer.json()["message"])


def _when(start: datetime, length: timedelta, timezone: str) -> dict[str, str]:
    return {"start": _written(start), "duration": f"PT{length // timedelta(minutes=1)}M", "timezone": timezone}


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
