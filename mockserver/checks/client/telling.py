"""Makes findings: the first few of each kind with their exchanges, all others cheaply."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from mockserver.checks.client.rules import RULES
from mockserver.checks.client.seen import Callers
from mockserver.checks.findings import Finding, Shown
from mockserver.checks.places import Place
from mockserver.checks.secrets import known_in
from mockserver.checks.verdict import Severity
from mockserver.engine.api import Api
from mockserver.engine.journal import Exchange

_MOST_SHOWN = 3  # findings of one kind that have their exchanges
_MOST_KINDS = 1_000  # of one rule: a client that invents paths must not fill the memory
_OTHERS = "others"
#: What the author of two tests with one story can do.
APART = "where these are two tests: POST /__admin/reset between them, or a token or a namespace for each"


class Said(NamedTuple):
    """What a finding says. `place` None: where the operation begins, if there is one."""

    message: str
    where: str = ""
    expected: str = ""
    advice: str = ""
    place: Place | None = None
    evidence: str = ""
    severity: Severity | None = None


class Teller:
    """Tells what was found."""

    def __init__(self) -> None:
        #: Texts that are known to be secrets, in the order in which they came.
        self.secrets: OrderedDict[str, None] = OrderedDict()
        self._known: dict[tuple[str, str, str, str], Finding] = {}
        self._times: Counter[tuple[str, str, str, str]] = Counter()
        self._kinds: Counter[str] = Counter()

    def find(
        self,
        rule: str,
        api: str,
        operation: str,
        key: str,
        say: Callable[[], Said],
        exchanges: Sequence[Exchange],
        *,
        of: Api | None = None,
        secrets: Sequence[str] = (),
    ) -> Finding:
        """A finding. `key` tells it from others of the same rule and operation; `say` is asked when it is new.
        `secrets` are texts that it must not show."""
        kind = (rule, api, operation, key)
        known = self._known.get(kind)
        if known is None and self._kinds[rule] >= _MOST_KINDS:
            kind = (rule, api, "", _OTHERS)
            known = self._known.get(kind)
        self._times[kind] += 1
        times = self._times[kind]
        if known is not None and times > _MOST_SHOWN:
            return known
        if known is None:
            said = (
                say()
                if kind[3] == key
                else Said(f"more than {_MOST_KINDS:,} different ones; all others are counted here")
            )
            known = self._made(kind, said)
        shown = known.shown_by([self._shown(each, of, secrets) for each in exchanges])
        if times == 1:
            self._known[kind] = replace(shown, exchanges=())
        return shown

    def _shown(self, exchange: Exchange, api: Api | None, secrets: Sequence[str]) -> Shown:
        request = exchange.request
        sent = "" if exchange.caller.token else Callers(api).token(request)  # a call that met a fault has no caller
        known = known_in(request, exchange.response, self.secrets)
        return Shown.of(exchange, secrets=(*secrets, *known, *filter(None, (sent,))))

    def _made(self, kind: tuple[str, str, str, str], said: Said) -> Finding:
        name, api, operation, key = kind
        rule = RULES[name]
        finding = Finding(
            name,
            said.severity or rule.severity,
            api,
            operation,
            said.message,
            where=said.where,
            expected=said.expected,
            advice=said.advice or rule.advice,
            place=said.place,
            key=key,
            evidence=said.evidence,
            anchor=rule.anchor,
        )
        self._kinds[name] += 1
        self._known[kind] = finding
        return finding
