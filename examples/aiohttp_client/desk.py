"""An asynchronous client of Auvious for a booking page, which signs in by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp

_PATH = "/api/v2/appointments"


class DeskError(Exception):
    """A call is refused. `status` is that of the answer, `reason` the service's own word for it."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{message} ({status} {reason})")
        self.status, self.reason = status, reason


@dataclass(frozen=True)
class Guest:
    """A customer who takes part; `link` is the way in, once the appointment is active."""

    id: str
    link: str | None

    @classmethod
    def read(cls, data: dict[str, Any]) -> Guest:
        return cls(data["id"], data.get("ticket", {}).get("accessUrl"))


@dataclass(frozen=True)
class Booking:
    id: str
    start: datetime
    guests: tuple[Guest, ...]

    @classmethod
    def read(cls, data: dict[str, Any]) -> Booking:
        guests = (Guest.read(each) for each in data.get("participants", []) if each.get("type") == "CUSTOMER")
        return cls(data["id"], datetime.fromisoformat(data["start"]), tuple(guests))


class Desk:
    """`client_id` and `client_secret` are those that the service has given to this application."""

    def __init__(
        self, client_id: str, client_secret: str, application: str, url: str = "https://auvious.video"
    ) -> None:
        self._form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
        self._application, self._url = application, url
        self._token = ""
        self._signing_in = asyncio.Lock()

    async def __aenter__(self) -> Desk:
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def book(self, start: str, duration: str, timezone: str, email: str) -> Booking:
        body = {
            "applicationId": self._application,
            "start": start,
            "duration": duration,
            "timezone": timezone,
            "customers": [{"contact": {"primaryEmail": email}}],
        }
        return Booking.read(await self._call("POST", "/", json=body))

    async def booking(self, id: str) -> Booking:
        return Booking.read(await self._call("GET", f"/{id}"))

    async def bookings(self, page_size: int = 50) -> AsyncIterator[Booking]:
        number = 1
        while True:
            query = {"applicationId": self._application, "pageNumber": number, "pageSize": page_size}
            page = await self._call("GET", "/", params=query)
            for each in page["content"]:
                yield Booking.read(each)
            if number >= page["pageCount"]:
                return
            number += 1

    async def cancel(self, id: str) -> None:
        await self._call("DELETE", f"/{id}")

    async def _call(self, method: str, path: str, **options: Any) -> Any:
        token = self._token or await self._sign_in("")
        status, told = await self._send(method, path, token, **options)
        if status == 401:
            status, told = await self._send(method, path, await self._sign_in(token), **options)
        if status >= 400:
            raise DeskError(status, told["error"], told["message"])
        return told

    async def _send(self, method: str, path: str, token: str, **options: Any) -> tuple[int, Any]:
        url = f"{self._url}{_PATH}{path}"
        async with self._http.request(method, url, headers={"Authorization": token}, **options) as answer:
            return answer.status, await answer.json() if answer.content_type == "application/json" else None

    async def _sign_in(self, refused: str) -> str:
        """A token other than `refused`; whoever comes while one is being fetched gets the same."""
        async with self._signing_in:
            if self._token == refused:
                async with self._http.post(f"{self._url}/security/oauth/token", data=self._form) as answer:
                    told = await answer.json()
                    if answer.status >= 400:
                        raise DeskError(answer.status, told["error"], told.get("error_description", ""))
                    self._token = told["access_token"]
            return self._token
