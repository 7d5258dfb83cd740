"""A client of Zoho Assist: remote support sessions and the technicians who hold them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests

_TIMEOUT = 10.0  # seconds, for each call
_ATTEMPTS = 4


class AssistError(Exception):
    """The service refuses a call. `status` and `code` are those of its answer."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"{message} ({status}, code {code})")
        self.status, self.code = status, code


class SignInNeeded(Exception):
    """The refresh token holds no longer: a person must agree again."""


@dataclass(frozen=True)
class Session:
    id: str
    key: str
    join_url: str
    status: str
    created: datetime

    @classmethod
    def read(cls, data: dict[str, Any]) -> Session:
        created = datetime.fromisoformat(data["createdTime"])
        return cls(data["sessionId"], data["sessionKey"], data["sessionUrl"], data["status"], created)


@dataclass(frozen=True)
class Technician:
    id: str
    name: str
    role: str
    open_sessions: int

    @classmethod
    def read(cls, data: dict[str, Any]) -> Technician:
        name = data.get("name") or data.get("email") or data["technicianId"]  # only the id is sure to be there
        return cls(data["technicianId"], name, data["role"], data["activeSessions"])


class Tokens:
    """Access tokens for a refresh token. One is used until it is refused."""

    def __init__(
        self, client_id: str, client_secret: str, refresh_token: str, url: str = "https://accounts.zoho.com"
    ) -> None:
        self._form = {
            "grant_type": "refresh_token",
            "client_id": client_id,
            "client_secret": client_secret,
            "refresh_token": refresh_token,
        }
        self._url = url
        self._held = ""

    def current(self) -> str:
        return self._held or self.renew()

    def renew(self) -> str:
        answer = requests.post(f"{self._url}/oauth/v2/token", data=self._form, timeout=_TIMEOUT)
        told = answer.json()
        if "error" in told:  # the service says so with status 200
            raise SignInNeeded(told["error"])
        self._held = str(told["access_token"])
        return self._held


class Assist:
    def __init__(
        self, tokens: Tokens, url: str = "https://assist.zoho.com", sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self._tokens, self._url, self._sleep = tokens, url, sleep
        self._http = requests.Session()

    def __enter__(self) -> Assist:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def technicians(self) -> list[Technician]:
        return [Technician.read(each) for each in self._call("GET", "/technicians")["technicians"]]

    def start_session(self, name: str, customer: str, email: str, technician: str) -> Session:
        body = {
            "sessionType": "remote_support",
            "sessionName": name,
            "customerName": customer,
            "customerEmail": email,
            "technicianId": technician,
        }
        return Session.read(self._call("POST", "/sessions", json=body))

    def session(self, id: str) -> Session:
        return Session.read(self._call("GET", f"/sessions/{id}"))

    def end_session(self, id: str) -> Session:
        return Session.read(self._call("DELETE", f"/sessions/{id}"))

    def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """One call; it is made again with a new token, when the service has had enough for now, and, where that does
        no harm, when the connection breaks."""
        token, renewed = self._tokens.current(), False
        for last in [False] * (_ATTEMPTS - 1) + [True]:
            headers = {"Authorization": f"Zoho-oauthtoken {token}"}
            try:
                url = f"{self._url}/api/v2{path}"
                answer = self._http.request(method, url, headers=headers, timeout=_TIMEOUT, **options)
            except requests.ConnectionError:
                if last or method == "POST":
                    raise
                continue
            if answer.status_code == 401 and not renewed:
                token, renewed = self._tokens.renew(), True
            elif answer.status_code == 429 and not last:
                self._sleep(float(answer.headers.get("Retry-After", 60)))
            else:
                break
        told: dict[str, Any] = answer.json()
        if not answer.ok:
            raise AssistError(answer.status_code, told["error"]["code"], told["error"]["message"])
        return told
