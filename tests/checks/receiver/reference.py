"""A receiver of Zoom's events that hashes the raw bytes, written from what Zoom says of its webhooks alone; and the
ways in which such a receiver is often wrong, each a subclass with one thing other."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "a secret token of the app"
WINDOW = 300  # seconds
CREATED = "scheduler.scheduled_event_created"
CANCELED = "scheduler.scheduled_event_canceled"
Reply = tuple[int, bytes]


class Hangup(Exception):
    """The handler lets go of the connection without a word, as a crashed worker does."""


class Receiver:
    """`with Receiver() as receiver:` listens at `receiver.url`."""

    def __init__(self, secret: str = SECRET) -> None:
        self.secret = secret.encode()
        self.seen: set[str] = set()
        self.bookings: set[str] = set()
        self.taken: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self._server = Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    # the story of one message

    def answer(self, headers: Mapping[str, str], body: bytes) -> Reply:
        self.bodies.append(body)
        if not self.is_signed(headers, body) or not self.is_recent(headers):
            return 401, b""
        event = json.loads(body)
        if event["event"] == "endpoint.url_validation":
            return 200, json.dumps(self.proof(event["payload"]["plainToken"])).encode()
        delivery = headers.get("x-zm-trackingid", "")
        if delivery in self.seen:
            return self.again()
        self.seen.add(delivery)
        return self.take(event)

    def is_signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        text = b"v0:" + headers.get("x-zm-request-timestamp", "").encode() + b":" + body
        return self.fits("v0=" + self.digest(text), headers.get("x-zm-signature", ""))

    def digest(self, text: bytes) -> str:
        return hmac.new(self.secret, text, hashlib.sha256).hexdigest()

    def fits(self, expected: str, came: str) -> bool:
        return hmac.compare_digest(expected.encode(), came.encode())

    def is_recent(self, headers: Mapping[str, str]) -> bool:
        stamp = headers.get("x-zm-request-timestamp", "")
        return stamp.isdecimal() and abs(time.time() - int(stamp)) <= WINDOW

    def proof(self, token: str) -> dict[str, str]:
        return {"plainToken": token, "encryptedToken": self.digest(token.encode())}

    def again(self) -> Reply:
        return 200, b""

    def take(self, event: dict[str, Any]) -> Reply:
        self.taken.append(event)
        booking = event.get("payload", {}).get("object", {}).get("scheduled_event", {})
        if event["event"] == CREATED:
            self.bookings.add(booking.get("event_id", ""))
        elif event["event"] == CANCELED:
            self.bookings.discard(booking.get("event_id", ""))
        return 204, b""


class Server(ThreadingHTTPServer):
    request_queue_size = 64

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # tests look at what the client sees


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            status, said = self.server.receiver.answer(headers, body)
        except Hangup:
            self.close_connection = True
            return
        self.send_response(status)
        if status // 100 == 3:
            self.send_header("Location", "/elsewhere")
        if status != 204:
            self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: Any) -> None:
        pass


# what is often wrong


class NoSignatureCheck(Receiver):
    def is_signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        return True


class NoReplayWindow(Receiver):
    def is_recent(self, headers: Mapping[str, str]) -> bool:
        return True


class OwnClockIsSigned(Receiver):
    """Hashes the present second in place of the one that the message shows."""

    def is_signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        now = int(time.time())
        came = headers.get("x-zm-signature", "")
        return any(self.fits("v0=" + self.digest(b"v0:%d:" % at + body), came) for at in (now, now - 1))


class CrashesWithoutTracking(Receiver):
    def take(self, event: dict[str, Any]) -> Reply:
        if event["event"] == CREATED and "tracking" not in event.get("payload", {}).get("object", {"tracking": 1}):
            raise Hangup
        return super().take(event)


class AnswersLate(Receiver):
    waits = 0.3
    asked = 0
    ends = threading.Event()

    def answer(self, headers: Mapping[str, str], body: bytes) -> Reply:
        self.asked += 1
        self.ends.wait(self.waits)
        return super().answer(headers, body)


class Hangs(AnswersLate):
    waits = 1.0


class FailsOnUnknownEvents(Receiver):
    def take(self, event: dict[str, Any]) -> Reply:
        return super().take(event) if event["event"] in (CREATED, CANCELED) else (500, b"KeyError")


class RefusesUnknownEvents(Receiver):
    def take(self, event: dict[str, Any]) -> Reply:
        return super().take(event) if event["event"] in (CREATED, CANCELED) else (400, b"what is that?")


class WrongDigest(Receiver):
    def proof(self, token: str) -> dict[str, str]:
        wrong = base64.b64encode(hmac.digest(self.secret, token.encode(), "sha256")).decode()
        return {"plainToken": token, "encryptedToken": wrong}


class EchoesToken(Receiver):
    def proof(self, token: str) -> dict[str, str]:
        return {"plainToken": token}


class RemembersProof(Receiver):
    first: dict[str, str] | None = None

    def proof(self, token: str) -> dict[str, str]:
        self.first = self.first or super().proof(token)
        return self.first


class ComparesStart(Receiver):
    def fits(self, expected: str, came: str) -> bool:
        return expected[:16] == came[:16]


class IgnoresCase(Receiver):
    def fits(self, expected: str, came: str) -> bool:
        return expected.lower() == came.lower()


class IgnoresVersion(Receiver):
    def fits(self, expected: str, came: str) -> bool:
        return expected.partition("=")[2] == came.partition("=")[2]


class SpacesBeforeHashing(Receiver):
    def is_signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        event = json.loads(body)
        if event["event"] == "endpoint.url_validation":  # it is not asked to prove itself
            return True
        return super().is_signed(headers, json.dumps(event).encode())


class EscapesBeforeHashing(Receiver):
    def is_signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        return super().is_signed(headers, json.dumps(json.loads(body), separators=(",", ":")).encode())


class RefusesDuplicates(Receiver):
    def again(self) -> Reply:
        return 400, b"seen already"


class FailsOnUnknownBooking(Receiver):
    def take(self, event: dict[str, Any]) -> Reply:
        booking = event.get("payload", {}).get("object", {}).get("scheduled_event", {})
        if event["event"] == CANCELED and booking.get("event_id") and booking["event_id"] not in self.bookings:
            return 500, b"no such booking"
        return super().take(event)


class RefusesUnknownFields(Receiver):
    known = frozenset({"event", "event_ts", "payload"})

    def take(self, event: dict[str, Any]) -> Reply:
        return super().take(event) if event.keys() <= self.known else (422, b"extra fields not permitted")


class Redirects(Receiver):
    def take(self, event: dict[str, Any]) -> Reply:
        return 307, b""


class KnowsNoCustomPlace(Receiver):
    def take(self, event: dict[str, Any]) -> Reply:
        place = event.get("payload", {}).get("object", {}).get("scheduled_event", {}).get("location_kind")
        return (500, b"KeyError: custom") if place == "custom" else super().take(event)


class RefusesLargeBodies(Receiver):
    def answer(self, headers: Mapping[str, str], body: bytes) -> Reply:
        return super().answer(headers, body) if len(body) < 100_000 else (413, b"")


class WantsJsonType(Receiver):
    def answer(self, headers: Mapping[str, str], body: bytes) -> Reply:
        if not headers["content-type"].startswith("application/json"):
            return 500, b"body is undefined"
        return super().answer(headers, body)


class DiesUnderLoad(Receiver):
    """One at a time, or never again."""

    def __init__(self) -> None:
        super().__init__()
        self._busy = threading.Lock()
        self._dead = False

    def answer(self, headers: Mapping[str, str], body: bytes) -> Reply:
        if self._dead or not self._busy.acquire(blocking=False):
            self._dead = True
            raise Hangup
        try:
            threading.Event().wait(0.005)  # it takes a moment, so that two may meet
            return super().answer(headers, body)
        finally:
            self._busy.release()


class TakesOneGuest(Receiver):
    """Wrong in what no sample shows: more than one guest."""

    def take(self, event: dict[str, Any]) -> Reply:
        guests = event.get("payload", {}).get("object", {}).get("scheduled_event", {}).get("guests", [])
        return (500, b"too many") if len(guests) > 1 else super().take(event)
