"""Judges exchanges that took place elsewhere, by the steps that the engine itself takes; it answers nothing."""

from __future__ import annotations

import sys
from dataclasses import replace

from mockserver.behaviour.issuer import Issuer
from mockserver.behaviour.operation import Refused
from mockserver.behaviour.web_tokens import WebToken
from mockserver.contract.violations import Violation
from mockserver.engine.api import Api
from mockserver.engine.call import Call
from mockserver.engine.engine import Engine
from mockserver.engine.journal import Exchange
from mockserver.engine.routes import is_readable
from mockserver.messages import Request, Response
from mockserver.state.records import Record

_TIMES = frozenset({"exp", "nbf", "iat"})


class Onlooker(Engine):
    """Sees what others have said to each other. It is made of an engine that nobody has called yet, whose APIs it takes
    over. Credentials must be there and well-formed; nobody looks them up."""

    def __init__(self, engine: Engine) -> None:
        options = replace(engine.options, body_limit=sys.maxsize, strict=False)
        super().__init__(engine.apis, options, engine.clock)
        strangers: dict[str, Issuer] = {
            api.name: _Stranger(api.name, api.behaviour, api.space, "") for api in engine.loaded
        }
        for api in engine.apis.values():
            api.trust(strangers)

    def judge(self, api: Api, path: str, request: Request, response: Response, at: float) -> Exchange:
        """The exchange with all that is wrong with its request. `path` is that of the request inside the API, with the
        documented base path, `at` the moment of the call in seconds since the epoch."""
        exchange = Exchange(request, at)
        exchange.response, exchange.api = response, api.name
        if not (path.isprintable() or is_readable(path)):
            message = "the path has control characters, or bytes that are not UTF-8"
            exchange.violations.append(Violation("path", "", message, "printable characters in UTF-8", "/paths"))
            return exchange
        call = Call(request, api, api.space(""), path)
        if self._match(call, exchange) is None:
            for step in (self._authenticate, self._check_request):
                try:
                    step(call, exchange)
                except Refused:  # what was wrong is written down; the service has answered as it saw fit
                    pass
        return exchange

    def _refuse(self, call: Call, refusal: Refused, exchange: Exchange) -> Response:
        return Response(0)


class _Stranger(Issuer):
    """Knows no token, and does not mind how old one is: the service that was called has looked at it."""

    def find(self, text: str, namespace: str) -> Record | None:
        return None

    def once_issued(self, text: str, namespace: str) -> str:
        return ""

    def read(self, text: str) -> WebToken:
        claims = super().read(text).claims
        return WebToken({name: value for name, value in claims.items() if name not in _TIMES}, False, False)
