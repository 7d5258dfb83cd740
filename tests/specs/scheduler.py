"""The shipped zoom-scheduler and somebody who listens: what is sent arrives in a list, and is answered as told."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from tests.mocks import Mock, serve

API = "zoom-scheduler"
CREATED, CANCELED = "scheduler.scheduled_event_created", "scheduler.scheduled_event_canceled"
CHECK = "endpoint.url_validation"
SECRET = "s3cret-of-the-app"
_PATIENCE = 10.0  # seconds


class Received(NamedTuple):
    """One request: its path, its headers with names in lower case, its bytes."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def event(self) -> str:
        return str(self.json.get("event"))

    @property
    def object(self) -> dict[str, Any]:
        """What the event tells of."""
        found: dict[str, Any] = self.json["payload"]["object"]
        return found


class Listener:
    """Keeps all that arrives. `answer` gives status and body for one request; the check of the endpoint is passed
    unless `answers_check` says otherwise."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.begin()

    def begin(self) -> None:
        """Forget what came, and answer as at first."""
        self.received: list[Received] = []
        self.answer: Callable[[Received], tuple[int, bytes]] = lambda request: (204, b"")
        self.answers_check = True

    def reply(self, request: Received) -> tuple[int, bytes]:
        self.received.append(request)
        if self.answers_check and request.body.startswith(b'{"event":"endpoint.url_validation"'):
            plain = request.json["payload"]["plainToken"]
            digest = hmac.digest(SECRET.encode(), plain.encode(), "sha256").hex()
            return 200, json.dumps({"plainToken": plain, "encryptedToken": digest}).encode()
        return self.answer(request)

    @property
    def events(self) -> list[Received]:
        """All but checks of the endpoint."""
        return [request for request in self.received if request.event != CHECK]


@contextmanager
def listening() -> Iterator[Listener]:
    """Somebody who listens on a port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", "0")))
            status, answer = listener.reply(Received(self.path, headers, body))
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener = Listener(f"http://127.0.0.1:{server.server_port}/hooks/in?from=mock")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Scheduler(Mock):
    """The mock, and what it tells the listener."""

    def __init__(self, listener: Listener, settings: Mapping[str, Any]) -> None:
        super().__init__(serve(API, settings={API: settings}).engine)
        self.listener = listener

    def begin(self, *, validate: bool = False) -> Scheduler:
        """Everything as at the start, and the listener subscribed."""
        self.told()  # what is under way arrives before it is forgotten
        self.engine.reset()
        self.listener.begin()
        self.engine.outbox.subscribe(API, self.listener.url, SECRET, validate=validate)
        return self

    def act(self, name: str, **given: Any) -> Any:
        return self.engine.act(self.name, name, given).result

    def told(self) -> list[Received]:
        """The events so far, once all that is due is sent."""
        assert self.engine.outbox.settle(_PATIENCE)
        return self.listener.events

    def happen(self, name: str, **given: Any) -> Received:
        """The one event that an action brings about."""
        before = len(self.told())
        self.act(name, **given)
        (event,) = self.told()[before:]
        return event


@contextmanager
def scheduler(**settings: Any) -> Iterator[Scheduler]:
    """The mock under these settings, and a listener that has subscribed."""
    with listening() as listener:
        mock = Scheduler(listener, settings)
        try:
            yield mock.begin()
        finally:
            mock.told()
            mock.engine.close()


def signature(request: Received, secret: str = SECRET) -> str:
    """What the header must say, worked out from what arrived."""
    text = b"v0:" + request.headers["x-zm-request-timestamp"].encode() + b":" + request.body
    return "v0=" + hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
