"""One call on its way through the steps of its story."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.behaviour.caller import ANONYMOUS, Caller
from mockserver.behaviour.scope import OperationScope
from mockserver.contract.conformance import CheckedRequest
from mockserver.contract.schemas import Violation
from mockserver.engine.api import Api, Plan
from mockserver.messages import Request
from mockserver.state.store import Namespace


class Call:
    """What the steps of one request hand to each other."""

    __slots__ = ("api", "caller", "checked", "dry", "path", "plan", "quota", "raw_path", "request", "scope", "space")

    def __init__(self, request: Request, api: Api, space: Namespace, path: str) -> None:
        self.request, self.api, self.space, self.path = request, api, space, path
        self.plan: Plan
        self.raw_path: dict[str, str] = {}
        self.caller: Caller = ANONYMOUS
        self.checked: CheckedRequest
        self.scope: OperationScope | None = None
        self.quota: Mapping[str, Any] | None = None
        self.dry = False  # answered as ever, and nothing comes of it

    def late(self, name: str) -> Any:
        """What expressions may name beside the parts of the request, worked out when they do."""
        if name == "server":
            return self._server()
        if name == "@url":
            return self.request.url
        return self.caller.as_scope() if name == "caller" else None

    def error_names(self, violation: Violation | None) -> dict[str, Any]:
        """What the expressions of an error may name: the request, `item` and `parent` as far as the operation had found
        them."""
        checked: Any = getattr(self, "checked", None)
        found: Mapping[str, Any] = self.scope or {}
        return {
            "path": checked.path if checked else self.raw_path,
            "query": checked.query if checked else {},
            "headers": self.request.headers,
            "body": checked.body if checked else None,
            "settings": self.api.settings,
            "quota": self.quota,
            "violation": violation and {"pointer": violation.pointer, "message": violation.message},
            "item": found.get("item"),
            "parent": found.get("parent"),
        }

    def _server(self) -> dict[str, str]:
        """The documented host that was called. `called` is the address at which the client has called the API: that
        host's, or with a prefix the mock's own."""
        request = self.request
        header = request.headers.get("host", "")
        server = self.api.server(header)
        if not header or any(request.host in documented.hosts for documented in self.api.contract.servers):
            return server
        before = request.path[: len(request.path) - len(self.path)]
        return {**server, "called": f"{request.scheme}://{header}{before}"}
