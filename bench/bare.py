"""What mockserver is measured against: a bare Flask route and a bare WSGI application, on the server that `serve` uses.

`python -m bench.bare flask|wsgi PORT ANSWERS`, where ANSWERS is a JSON file with the bytes to answer, as mockserver
answered them: `{"GET /path": {"status": 200, "type": "application/json", "body": "…"}}`.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import sys
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

from bench.calls import BASE, GET_LIST, GET_ONE, POST_SESSION, PUT_BUSY, READ

WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Answer(NamedTuple):
    """An answer that never changes."""

    status: int
    type: str
    body: bytes


def read_answers(file: Path) -> dict[str, Answer]:
    """The answers by `METHOD path`."""
    found = json.loads(file.read_text("utf-8"))
    return {call: Answer(each["status"], each["type"], each["body"].encode()) for call, each in found.items()}


def flask_app(answers: dict[str, Answer]) -> WSGIApp:
    """Flask as one would write it by hand, without anything else."""
    from flask import Flask, Response, request

    app = Flask("bare")
    one, many, created, updated = (
        answers[f"{call.method} {call.path}"] for call in (GET_ONE, GET_LIST, POST_SESSION, PUT_BUSY)
    )

    @app.get(f"{BASE}/technicians/<technician_id>")
    def get_one(technician_id: str) -> Response:
        return Response(one.body, one.status, content_type=one.type)

    @app.get(f"{BASE}/technicians")
    def get_list() -> Response:
        return Response(many.body, many.status, content_type=many.type)

    @app.put(f"{BASE}/technicians/<technician_id>")
    def update(technician_id: str) -> Response:
        return Response(updated.body, updated.status, content_type=updated.type)

    @app.post(f"{BASE}/sessions")
    def create() -> Response:
        return Response(created.body, created.status, content_type=created.type)

    @app.post(f"{READ}{BASE}/sessions")
    def read_and_create() -> Response:
        request.get_data()
        return Response(created.body, created.status, content_type=created.type)

    return app


def bare_app(answers: dict[str, Answer]) -> WSGIApp:
    """The least that an application can do: the limit of what the server lets through."""
    ready = {
        prefix + path: (bool(prefix), f"{each.status} {HTTPStatus(each.status).phrase}", each.type, [each.body])
        for prefix in ("", READ)
        for path, each in (
            (f"{call.partition(' ')[2]} {call.partition(' ')[0]}", each) for call, each in answers.items()
        )
    }

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        reads, status, kind, body = ready[f"{environ['PATH_INFO']} {environ['REQUEST_METHOD']}"]
        if reads:
            environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        start_response(status, [("content-type", kind), ("content-length", str(len(body[0])))])
        return body

    return app


def calm_collector() -> None:
    """Garbage collection as `serve` sets it, so that no ratio is owed to that."""
    gc.collect()
    gc.set_threshold(100_000, 50, 10)
    gc.freeze()


def main(kind: str, port: str, file: str) -> None:
    """Serve until SIGTERM, by granian as `mockserver serve` configures it."""
    from granian.constants import Interfaces
    from granian.server import MPServer

    from mockserver.web import server as ours

    def loader() -> WSGIApp:
        app = (flask_app if kind == "flask" else bare_app)(read_answers(Path(file)))
        calm_collector()
        return app

    if sys.platform == "linux":
        multiprocessing.set_start_method("fork", force=True)
    MPServer(
        "bare",
        address="127.0.0.1",
        port=int(port),
        interface=Interfaces.WSGI,
        blocking_threads=ours._THREADS,
        workers_kill_timeout=1,
        log_enabled=False,
    ).serve(target_loader=loader, wrap_loader=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
