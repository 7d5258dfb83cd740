"""Who vouches for credentials: looks up what an API has issued, and issues on request of a test's author."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mockserver.behaviour.declared import Behaviour
from mockserver.behaviour.scope import OperationScope
from mockserver.behaviour.tokens import ACCESS, issue_token
from mockserver.behaviour.web_tokens import WebToken, read_web_token
from mockserver.state.clock import Clock
from mockserver.state.records import Record
from mockserver.state.samples import Draws
from mockserver.state.store import Namespace, State


class Issuer:
    """The tokens of one API. `space` gives its state by the name of a namespace."""

    def __init__(self, api: str, behaviour: Behaviour, space: Callable[[str], Namespace], seed: str) -> None:
        self.api = api
        self._table = behaviour.token_table
        self._kinds = behaviour.tokens
        self._space = space
        self._seed = seed
        self._issued = ACCESS if ACCESS in self._kinds else next(iter(self._kinds), "")
        #: The kinds that calls carry; the others (refresh tokens, codes) only get one of these.
        self.carried = frozenset([ACCESS] if ACCESS in self._kinds else self._kinds)

    def find(self, text: str, namespace: str) -> Record | None:
        """The record of a token, of any kind and status; None when none of this text is known (any more)."""
        return self._space(namespace).state.tables[self._table].get(text)

    def once_issued(self, text: str, namespace: str) -> str:
        """The status that a token of this text had when its record was forgotten; empty when none was issued here."""
        return self._space(namespace).once_issued.get(text, "")

    def signs(self, kind: str) -> bool:
        """Whether tokens of that kind are JSON Web Tokens."""
        return bool(self._kinds[kind].algorithm)

    def signs_what_calls_carry(self) -> bool:
        """Whether the tokens that `issue` gives are JSON Web Tokens."""
        return self._issued in self._kinds and self.signs(self._issued)

    def read(self, text: str) -> WebToken:
        """What a JSON Web Token says, and whether it is ours. Raises ValueError when it is none."""
        return read_web_token(text, self._seed)

    def issue(
        self,
        fields: Mapping[str, Any],
        namespace: str,
        clock: Clock,
        names: Mapping[str, Any],
        draws: Draws | None = None,
    ) -> Record:
        """A new token of the kind that calls carry. `names` are what expressions may name beside the record: settings,
        server. With `draws` of its own it leaves those of the state as they are. Raises ExpressionError when a rule of
        the behaviour file fails."""
        kind = self._kinds[self._issued]
        space = self._space(namespace)
        with space.lock:
            transaction = space.begin()
            drawn = transaction.draws.count
            transaction.draws = draws or transaction.draws
            scope = OperationScope(transaction, clock, {"item": None, "caller": None, **names})
            record = issue_token(kind, self._table, fields, scope, f"tokens.{kind.name}")
            space.set_state(State(transaction.tables, drawn if draws else transaction.draws.count))
        return record
