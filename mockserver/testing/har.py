"""Exchanges as an HTTP Archive (HAR 1.2), which browsers and proxies read and replay."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from mockserver import __version__
from mockserver.contract.queries import parse_query
from mockserver.messages import Request, Response
from mockserver.state.clock import format_time
from mockserver.testing.exchanges import Exchange

_UNKNOWN = -1  # the standard's word for a size that nobody knows


def as_har(exchanges: Iterable[Exchange], at: datetime) -> bytes:
    """The archive, to its last byte. Each entry says in its comment how it came about; all began `at` this moment."""
    began = format_time(at, 3)
    log = {
        "version": "1.2",
        "creator": {"name": "mockserver", "version": __version__},
        "entries": [_entry(exchange, began) for exchange in exchanges],
    }
    return json.dumps({"log": log}, indent=1, ensure_ascii=False).encode() + b"\n"


def _entry(exchange: Exchange, began: str) -> dict[str, Any]:
    return {
        "startedDateTime": began,
        "time": 0,
        "request": _request(exchange.request),
        "response": _response(exchange.response),
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "comment": f"{exchange.id}: {exchange.how}",
    }


def _request(request: Request) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "method": request.method,
        "url": request.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _named(request.headers),
        "queryString": [{"name": name, "value": value} for name, value in parse_query(request.query)],
        "headersSize": _UNKNOWN,
        "bodySize": len(request.body),
    }
    if request.body:
        text = request.body.decode("utf-8", "replace")
        shown["postData"] = {"mimeType": request.headers.get("content-type", ""), "params": [], "text": text}
    return shown


def _response(response: Response) -> dict[str, Any]:
    content: dict[str, Any] = {"size": len(response.body), "mimeType": response.header("content-type") or ""}
    try:
        content["text"] = response.body.decode()
    except UnicodeDecodeError:
        content |= {"text": base64.b64encode(response.body).decode(), "encoding": "base64"}
    return {
        "status": response.status,
        "statusText": _phrase(response.status),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [{"name": name, "value": value} for name, value in response.headers],
        "content": content,
        "redirectURL": response.header("location") or "",
        "headersSize": _UNKNOWN,
        "bodySize": len(response.body),
    }


def _named(headers: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
