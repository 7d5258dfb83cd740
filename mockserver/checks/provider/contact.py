"""The first calls to a service: who answers there, and which records does it have?"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mockserver.checks.findings import Finding
from mockserver.checks.provider.calling import Called, Caller, Throttled
from mockserver.contract.model import Operation
from mockserver.engine.api import Api
from mockserver.exceptions import UsageError
from mockserver.strategies.breaks import SequenceBroken
from mockserver.strategies.kit import Kit
from mockserver.strategies.links import Link
from mockserver.strategies.model import Id
from mockserver.strategies.play import Play

First = tuple[Link, Called, list[Finding]]
_UNFIT = frozenset({"content_type_conformance", "status_code_conformance", "response_schema_conformance"})


def refuse(caller: Caller, api: Api, first: Sequence[First]) -> list[str]:
    """Raises UsageError where none of the first answers can be one of the API; gives what is to be noted otherwise."""
    answers = [called for _, called, _ in first]
    if not answers:
        return []
    url, shown = caller.url, _line(answers[0])
    if all(called.failed is not None for called in answers):
        raise UsageError(f"nothing of what {url} answers can be read: {shown}", "is --url the address of the API?")
    if all(_is_html(called) for called in answers):
        hint = "is --url the address of the API, and no page before it: a login, a proxy, a web site?"
        raise UsageError(f"{url} answers with HTML pages only: {shown}", hint)
    # A list without records is empty, and not missing.
    lost = [_unfit(found) or (link.verb == "list" and link.use("parent") is None) for link, _, found in first]
    if any(lost) and all(called.response.status == 404 for called in answers):
        paths = f"the paths of {api.name} follow it, as {answers[0].request.path}"
        raise UsageError(f"{url} knows none of the paths of the API: {shown}", f"is --url right? {paths}")
    return _turned_away(caller, first)


def _turned_away(caller: Caller, first: Sequence[First]) -> list[str]:
    credentials = caller.credentials
    known = [(link.operation, called) for link, called, _ in first if link.operation.security]
    away = [called for operation, called in known if called.response.status in (401, 403)]
    if len(away) == len(first):
        given = any(credentials.known(operation) for operation, _ in known)
        what = "the credential that was given is not taken" if given else "no credential was given"
        raise UsageError(f"every call is turned away: {_line(away[0])}; {what}", _how_to_give(known[0][0]))
    lacking = [operation.id for operation, _ in known if not credentials.known(operation)]
    if lacking:
        return [f"no credential was given for {', '.join(lacking[:5])}{'…' if len(lacking) > 5 else ''}"]
    return []


def _how_to_give(operation: Operation) -> str:
    names = ", ".join(dict.fromkeys(name for each in operation.security for name, _ in each.schemes))
    return f"--token TOKEN, or --token SCHEME=TOKEN; {operation.id} takes {names}"


def _line(called: Called) -> str:
    kind = (called.response.header("content-type") or "").partition(";")[0]
    came = str(called.failed) if called.failed is not None else f"{called.response.status} {kind}".strip()
    return f"{called.request.method} {called.request.path} -> {came}"


def _is_html(called: Called) -> bool:
    return "html" in (called.response.header("content-type") or "").lower()


def _unfit(found: Sequence[Finding]) -> bool:
    return any(each.rule in _UNFIT for each in found)


def known_records(kit: Kit, links: Collection[Link]) -> dict[str, list[Id]]:
    """Some records that are there, by resource: what lists and readable records show."""
    found: dict[str, list[Id]] = {}
    play = Play(kit)
    for resource in sorted({use.resource for link in links for use in link.uses}):
        try:
            ids = play.start(resource)
        except (SequenceBroken, Throttled):  # whatever was wrong with an answer is found elsewhere
            ids = []
        found[resource] = [id for id in reversed(ids) if id.key is not None]
    return found
