"""The mock of one run: an engine and a server in this process, and a token for each API that takes one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

from mockserver.engine.assembly import Options, build_engine
from mockserver.engine.grants import Wanted, credential_of, still_live
from mockserver.exceptions import MockserverError, UsageError
from mockserver.web.access import Access
from mockserver.web.server import ThreadedServer
from mockserver.web.wsgi import Door, LatePages, WSGIApp

if TYPE_CHECKING:
    from mockserver.web.wsgi import StartResponse

_HOST = "127.0.0.1"
_THREADS = 64  # as many clients may stall in the middle of a body before others have to wait


class RunningMock:
    """Serves until it is closed; ready when constructed. `names` are the APIs that were asked for (none: all that
    ship); those that issue tokens for them are served beside them.

    Raises SpecError, and UsageError for an unknown API or a port that is in use.
    """

    def __init__(self, apis: Sequence[str] = (), options: Options | None = None, port: int = 0) -> None:
        self.engine = build_engine(apis, options)
        self.names = tuple(self.engine.apis)
        self.engine.serve_only({api.name: api for api in self.engine.loaded}, {})
        self.tokens: dict[str, str] = {}
        self._door = Door(self.engine, LatePages(self._pages))
        try:
            self._issue()
            self._server = ThreadedServer(self._door, host=_HOST, port=port, threads=_THREADS)
        except BaseException:
            self.engine.close()
            raise
        self.url = self._server.url

    @property
    def served(self) -> tuple[str, ...]:
        """All that is served, the APIs that issue tokens among them."""
        return tuple(self.engine.apis)

    @property
    def secrets(self) -> dict[str, str]:
        """What the events of an API are signed with that go where they were told to go, by its name."""
        outbox = self.engine.outbox
        signed = (each for each in outbox.subscriptions() if outbox.sender(each.api).signs)
        return {each.api: each.secrets[0] for each in signed}

    @property
    def is_running(self) -> bool:
        """Whether it still takes connections."""
        return self._server.is_running

    def settle(self, seconds: float) -> bool:
        """Wait until the answers to all that was sent here are made, for so many seconds at most; whether they are."""
        return self._server.settle(seconds)

    def close(self) -> None:
        """End all connections, and send nothing more. What was called can still be looked at."""
        self._server.stop()
        self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _issue(self) -> None:
        """A token for each API that takes one, unless it has one that is good."""
        for name, api in self.engine.apis.items():
            try:
                credential = credential_of(api)
            except UsageError:
                continue  # it takes none
            if name not in self.tokens or not still_live(credential.issuer, self.tokens[name], ""):
                given = self.engine.issue_token(name, Wanted())["access_token"]
                self.tokens.setdefault(name, given)

    def _pages(self) -> WSGIApp:
        from mockserver.web.app import create_pages  # Flask: not before somebody asks for a page

        pages = create_pages(self._door, Access(_HOST))

        def answer(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
            body = pages(environ, start_response)
            if environ["PATH_INFO"] == "/__admin/reset":
                self._issue_again()
            return body

        return answer

    def _issue_again(self) -> None:
        """After a reset let the tokens hold that the command was given when it began: the same draws give the same."""
        try:
            self._issue()
        except MockserverError:
            pass  # the command has called on meanwhile, and the token is for it to fetch anew
