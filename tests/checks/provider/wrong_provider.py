"""A service that is the mock, but for one thing that is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from mockserver.engine.engine import Engine
from mockserver.engine.grants import Wanted
from mockserver.messages import Request, Response
from tests.mocks import serve

DEPOT = Path(__file__).parent / "depot"
Answer = Callable[[Request], Response]
Fault = Callable[[Answer, Request], Response]


@cache
def _depot() -> Engine:
    return serve(DEPOT, auth="strict").engine


def fresh() -> Engine:
    """The depot as it is at the start."""
    engine = _depot()
    engine.reset()
    return engine


class Provider:
    """The depot, behind a `fault`. `url` and `send` are those of a Client: no socket is between."""

    timeout, took = 10.0, 0.0

    def __init__(self, fault: Fault | None = None, engine: Engine | None = None) -> None:
        self.engine = engine or fresh()
        self.url = "http://127.0.0.1:4010/depot"
        self.fault = fault
        self.asked: list[Request] = []
        self.asked_over_http: list[Request] = []

    def send(self, request: Request) -> Response:
        """What a Client would give."""
        self.asked.append(request)
        return self.answer(request._replace(path=f"/depot{request.path}"))

    def answer(self, request: Request) -> Response:
        """The answer to a request with the prefix of the API."""
        if self.fault is None:
            return self.engine.handle(request)
        return self.fault(self.engine.handle, request)

    def token(self) -> str:
        """A credential that the mock has issued."""
        return str(self.engine.issue_token("depot", Wanted())["access_token"])


def wsgi(provider: Provider) -> Callable[..., Iterator[bytes]]:
    """The same over HTTP."""

    def app(environ: Mapping[str, Any], start: Any) -> Iterator[bytes]:
        headers = {
            name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")
        }
        headers |= {"content-type": environ["CONTENT_TYPE"]} if environ.get("CONTENT_TYPE") else {}
        body = environ["wsgi.input"].read()
        path = str(environ["PATH_INFO"])
        query = str(environ.get("QUERY_STRING", ""))
        request = Request(str(environ["REQUEST_METHOD"]), path, query, headers, body)
        provider.asked_over_http.append(request)
        answer = provider.answer(request)
        start(f"{answer.status} So", [*answer.headers])
        return iter([answer.body])

    return app


# --- faults ------------------------------------------------------------------------------------------------------


def undocumented_status(answer: Answer, request: Request) -> Response:
    found = answer(request)
    return found._replace(status=203) if found.status == 200 and _is_one(request, "GET") else found


def field_missing(answer: Answer, request: Request) -> Response:
    return _changed(answer(request), lambda record: record.pop("state", None)) if _is_one(request) else answer(request)


def wrong_type_now_and_then(answer: Answer, request: Request) -> Response:
    def change(record: dict[str, Any]) -> None:
        if record.get("address", {}).get("street"):
            record["address"]["street"] = 7

    return _changed(answer(request), change)


def wrong_content_type(answer: Answer, request: Request) -> Response:
    found = answer(request)
    return found._replace(headers=(("Content-Type", "text/plain"),)) if _is_one(request, "GET") else found


def fails_at_the_edge(answer: Answer, request: Request) -> Response:
    size = parse_qs(request.query).get("size")
    return Response(500, (), b"oops") if size == ["50"] else answer(request)


def takes_anything(answer: Answer, request: Request) -> Response:
    found = answer(request)
    if found.status == 400 and request.method == "PATCH":
        return answer(Request("GET", request.path, "", request.headers))
    return found


def never_forgets() -> Fault:
    gone: dict[str, Response] = {}

    def fault(answer: Answer, request: Request) -> Response:
        if request.method == "DELETE":
            gone[request.path] = answer(request._replace(method="GET", body=b""))
        found = answer(request)
        kept = gone.get(request.path)
        return kept if kept is not None and found.status == 404 and request.method == "GET" else found

    return fault


def loses_what_is_made(answer: Answer, request: Request) -> Response:
    found = answer(request)
    if request.method == "POST" and found.status == 201:
        key = json.loads(found.body)["parcelId"]
        answer(Request("DELETE", f"{request.path}/{key}", "", request.headers))
    return found


def needs_no_credential() -> Fault:
    taken: list[str] = []

    def fault(answer: Answer, request: Request) -> Response:
        given = request.headers.get("authorization")
        if given is None and taken and request.method == "GET":
            return answer(request._replace(headers={**request.headers, "authorization": taken[-1]}))
        found = answer(request)
        if found.status != 401 and given is not None:
            taken.append(given)
        return found

    return fault


def takes_any_token() -> Fault:
    taken: list[str] = []

    def fault(answer: Answer, request: Request) -> Response:
        found = answer(request)
        given = request.headers.get("authorization")
        if found.status == 401 and given is not None and taken:
            return answer(request._replace(headers={**request.headers, "authorization": taken[-1]}))
        if found.status != 401 and given is not None:
            taken.append(given)
        return found

    return fault


def header_missing(answer: Answer, request: Request) -> Response:
    found = answer(request)
    return found._replace(headers=tuple(pair for pair in found.headers if pair[0] != "X-Total"))


def no_allow(answer: Answer, request: Request) -> Response:
    found = answer(request)
    return found._replace(headers=tuple(pair for pair in found.headers if pair[0].lower() != "allow"))


def short_allow(answer: Answer, request: Request) -> Response:
    found = answer(request)
    return found._replace(
        headers=tuple((name, "GET" if name.lower() == "allow" else text) for name, text in found.headers)
    )


def any_method(answer: Answer, request: Request) -> Response:
    found = answer(request)
    return Response(200, (("Content-Type", "application/json"),), b"{}") if found.status == 405 else found


def no_header_needed(answer: Answer, request: Request) -> Response:
    headers = request.headers
    return answer(request._replace(headers={"x-depot": "north", **headers}) if request.method == "POST" else request)


def repeats_across_pages(answer: Answer, request: Request) -> Response:
    """The second page begins with the last record of the first."""
    found = answer(request)
    asked = parse_qs(request.query)
    if request.path != "/depot/parcels" or request.method != "GET" or found.status != 200 or asked.get("page") != ["2"]:
        return found
    before = answer(request._replace(query=request.query.replace("page=2", "page=1")))
    body = json.loads(found.body)
    body["parcels"] = [json.loads(before.body)["parcels"][-1], *body["parcels"][:-1]]
    return found._replace(body=json.dumps(body).encode())


def forgets_a_field(answer: Answer, request: Request) -> Response:
    """A parcel is as heavy as it always was."""
    if request.method == "PATCH" and b'"weight"' in request.body:
        try:
            left = {name: value for name, value in json.loads(request.body).items() if name != "weight"}
        except (ValueError, AttributeError):
            return answer(request)
        shown = answer(request)
        if shown.status == 200:
            before = json.loads(shown.body)
            answer(request._replace(body=json.dumps({**left, "weight": 1}).encode()))
            return shown._replace(body=json.dumps(before).encode())
        return shown
    return answer(request)


def refuses_all(answer: Answer, request: Request) -> Response:
    problem = Response(400, (("Content-Type", "application/json"),), b'{"code": "no"}')
    return problem if request.method == "POST" else answer(request)


def _is_one(request: Request, method: str = "") -> bool:
    return request.path.count("/") == 3 and method in ("", request.method)


def _changed(found: Response, change: Callable[[dict[str, Any]], object]) -> Response:
    if found.status not in (200, 201) or not found.body:
        return found
    body = json.loads(found.body)
    for record in body.get("parcels", [body]):
        change(record)
    return found._replace(body=json.dumps(body).encode())
