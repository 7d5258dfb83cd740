"""Archives as recorders write them, made by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mockserver.checks.findings import Finding
from mockserver.checks.traffic import Traffic, judge_traffic
from tests.mocks import DESK

TICKET = {"ticketId": "1", "title": "Printer", "state": "open"}
BEARER = "Bearer s3cret-of-the-customer"


def headers(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def request(line: str = "GET https://desk.example/tickets/1", json_body: Any = None, **more: Any) -> dict[str, Any]:
    """The request of an entry, with a credential unless `authorization` says otherwise."""
    method, _, url = line.partition(" ")
    sent = {"Authorization": more.pop("authorization", BEARER), **more.pop("headers", {})}
    sent = {name: value for name, value in sent.items() if value}
    held: dict[str, Any] = {"method": method, "url": url, "headers": headers(sent), "bodySize": 0}
    if json_body is not None:
        held["headers"] += headers({"Content-Type": "application/json"})
        held["postData"] = {"mimeType": "application/json", "text": json.dumps(json_body)}
    return {**held, **more}


def response(status: int = 200, json_body: Any = None, **more: Any) -> dict[str, Any]:
    """The response of an entry; a ticket unless something else is given."""
    body = TICKET if json_body is None and status == 200 else json_body
    sent = {"Content-Type": "application/json", **more.pop("headers", {})}
    text = more.pop("text", "" if body is None else json.dumps(body))
    content = {"size": len(text), "mimeType": "application/json", "text": text, **more.pop("content", {})}
    return {"status": status, "headers": headers(sent), "content": content, **more}


def entry(asked: Any = None, answered: Any = None, second: float = 0, **more: Any) -> dict[str, Any]:
    """An entry of a call that took 10 ms, so many seconds after noon."""
    began = f"2025-01-15T12:{int(second // 60):02}:{second % 60:06.3f}Z"
    held = {"startedDateTime": began, "time": 10, "request": asked or request(), "response": answered or response()}
    return {**held, **more}


def archive(*entries: Any) -> bytes:
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "x"}, "entries": list(entries)}}).encode()


class Judged:
    """What came of an archive."""

    def __init__(self, path: Path, *apis: str, base_urls: tuple[str, ...] = ()) -> None:
        self.findings: list[Finding] = []
        self.traffic: Traffic = judge_traffic(path, apis or [str(DESK)], base_urls, tell=self.findings.append)

    @property
    def rules(self) -> list[str]:
        return [finding.rule for finding in self.findings]

    @property
    def notes(self) -> str:
        return "\n".join(self.traffic.notes())


def judged(folder: Path, *entries: Any, base_urls: tuple[str, ...] = ()) -> Judged:
    """What comes of these entries, held against the desk."""
    path = folder / "recorded.har"
    path.write_bytes(archive(*entries))
    return Judged(path, base_urls=base_urls)
