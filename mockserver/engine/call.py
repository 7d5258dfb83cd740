"""One call on its way through the steps of its story."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.behaviour.caller import ANONYMOUS, Caller
from mockserver.behaviour.scope import OperationScope
from mockserver.contract.conformance import CheckedRequest
from mockserver.engine.api import Api, Plan
from mockserver.messages import Request
from mockserver.state.store import Namespace


class Call:
    """What the steps of one request hand to each other."""

    __slots__ = ("api", "caller", "checked", "path", "plan", "quota", "raw_path", "request", "scope", "space")

    def __init__(self, request: Request, api: Api, space: Namespace, path: str) -> None:
        self.request, self.api, self.space, self.path = request, api, space, path
        self.plan: Plan
        self.raw_path: dict[str, str] = {}
        self.caller: Caller = ANONYMOUS
        self.checked: CheckedRequest
        self.scope: OperationScope | None = None
        self.quota: Mapping[str, Any] | None = None

    def late(self, name: str) -> Any:
        """What expressions may name beside the parts of the request, worked out when they do."""
        if name == "server":
            return self._server()
        if name == "@url":
            return self.request.url
        return self.caller.as_scope() if name == "caller" else None

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
