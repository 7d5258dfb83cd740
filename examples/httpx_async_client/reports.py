"""An asynchronous client of Zoho Assist: what happened in many sessions, asked for side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

_AT_ONCE = 8
_ATTEMPTS = 5


class Overloaded(Exception):
    """The service has had enough, again and again."""


@dataclass(frozen=True)
class Report:
    """One session. `length` is None while it goes on."""

    session: str
    technician: str | None
    status: str
    length: timedelta | None
    messages: int

    @classmethod
    def read(cls, row: dict[str, Any]) -> Report:
        length = timedelta(seconds=row["duration"]) if "duration" in row else None
        return cls(row["sessionId"], row.get("technicianName"), row["status"], length, row["chatMessages"])


class Gate:
    """Closed for all who call while the service wants to be left alone."""

    def __init__(self, sleep: Callable[[float], Awaitable[object]]) -> None:
        self._sleep = sleep
        self._open = asyncio.Event()
        self._open.set()

    async def wait(self) -> None:
        await self._open.wait()

    async def close_for(self, seconds: float) -> None:
        if not self._open.is_set():  # somebody else has been told already
            await self._open.wait()
            return
        self._open.clear()
        try:
            await self._sleep(seconds)
        finally:
            self._open.set()


class Reports:
    def __init__(
        self,
        token: Callable[[], Awaitable[str]],
        url: str = "https://assist.zoho.com",
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._token = token
        self._http = httpx.AsyncClient(base_url=f"{url}/api/v2", timeout=10)
        self._seats = asyncio.Semaphore(_AT_ONCE)
        self._gate = Gate(sleep)

    async def __aenter__(self) -> Reports:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def session_ids(self) -> list[str]:
        return [each["sessionId"] for each in (await self._get("/sessions"))["sessions"]]

    async def of(self, sessions: Iterable[str]) -> list[Report | None]:
        """One report for each session, in the same order; None for one that is not there any more."""
        return list(await asyncio.gather(*map(self._one, sessions)))

    async def _one(self, session: str) -> Report | None:
        try:
            return Report.read(await self._get(f"/sessions/{session}/details"))
        except httpx.HTTPStatusError as error:
            if error.response.status_code == 404:
                return None
            raise

    async def _get(self, path: str) -> Any:
        for _ in range(_ATTEMPTS):
            async with self._seats:
                await self._gate.wait()
                headers = {"Authorization": f"Zoho-oauthtoken {await self._token()}"}
                answer = await self._http.get(path, headers=headers)
            if answer.status_code == 429:
                await self._gate.close_for(float(answer.headers.get("Retry-After", 60)))
                continue
            answer.raise_for_status()
            return answer.json()
        raise Overloaded(path)
