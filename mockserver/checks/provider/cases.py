"""The requests that are made up: such as keep the contract, and such as break it in one place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from hypothesis import reject
from hypothesis import strategies as st

from mockserver.checks.provider.edges import edges, wrong_alone
from mockserver.contract.schemas import Schema
from mockserver.messages import Request
from mockserver.strategies.bodies import picked
from mockserver.strategies.drafts import Draft, plain_draft
from mockserver.strategies.drawing import Drawing
from mockserver.strategies.kit import Kit
from mockserver.strategies.links import Link, Use
from mockserver.strategies.model import Id
from mockserver.strategies.variants import Fullest

#: Keywords that say how a value looks.
_TELLING = frozenset({"enum", "const", "format", "example", "examples", "default", "pattern", "$ref"})
_TRIES = 5  # until a change is found that the contract forbids


class Case(NamedTuple):
    """A request to be made. `rule` says what it breaks, empty for nothing. `near`: it is close to what the contract
    shows, and about records that are there."""

    request: Request
    rule: str = ""
    near: bool = False


class Cases:
    """The requests of one operation. `records` are some that are there, by resource."""

    def __init__(self, kit: Kit, link: Link, records: Mapping[str, Sequence[Id]], *, type_ignored: bool) -> None:
        self.link, self.sender = link, kit.senders[link.operation.id]
        self._records = {use: list(records.get(use.resource, ())) for use in link.uses}
        self._type_ignored = type_ignored

    def documented(self) -> Iterator[Case]:
        """What the contract shows: the least, all that there is, each example of a body."""
        seen = set()
        for draft in (plain_draft(self.sender), self._full(), *self._examples()):
            sent = self._filled(draft, self._first()).sent()
            request = Request(*sent) if sent is not None else None
            if request is not None and (key := key_of(request)) not in seen:
                seen.add(key)
                yield Case(request, near=self._all_known() and self.is_shown(draft))

    def edges(self) -> Iterator[Case]:
        """Each value at its bounds, once and always the same: what is drawn may miss them."""
        for sketch in edges(self.sender):
            sent = self._filled(Draft(self.sender, sketch), self._first()).sent()
            if sent is not None:
                yield Case(Request(*sent))

    def wrong_alone(self) -> Iterator[Case]:
        """The least with one thing wrong, for each value and each way; always the same."""
        for rule, sketch in wrong_alone(self.sender):
            if not (self._type_ignored and "Content-Type" in rule):
                request = self._breaks(self._filled(Draft(self.sender, sketch), self._first()).sketch)
                if request is not None:
                    yield Case(request, rule)

    def plain(self) -> Request | None:
        """The least that the operation takes, about records that are there; None when that cannot be sent."""
        sent = self._filled(plain_draft(self.sender), self._first()).sent()
        return Request(*sent) if sent is not None else None

    def without_header(self, name: str) -> Request | None:
        """The least but for one header."""
        draft = self._filled(plain_draft(self.sender), self._first())
        left = {
            number: value
            for number, value in draft.sketch.parameters.items()
            if (self.sender.parameters[number].location, self.sender.parameters[number].name) != ("header", name)
        }
        return self.sender.sent(draft.sketch._replace(parameters=left))

    def valid(self) -> st.SearchStrategy[Case]:
        """Requests that keep the contract."""
        return _valid(self)

    def invalid(self) -> st.SearchStrategy[Case]:
        """Requests with one thing wrong."""
        return _invalid(self)

    def has_invalid(self) -> bool:
        """Whether there is anything that a request could do wrong."""
        draft = self._filled(self._full(), self._first())
        return any(self._breaks(change) for _, change in self._changes(draft))

    def filled(self, draw: Any, draft: Draft, *, sure: bool) -> tuple[Draft, bool]:
        """The draft with ids in their places, and whether all are of records that are there. Unless `sure` now and then
        one is of none."""
        chosen: dict[Use, Id] = {}
        there = True
        for use, known in self._records.items():
            kind = draw(st.integers(0, 9)) if not sure else 0
            if kind <= 7 and known:
                chosen[use] = known[draw(st.integers(0, len(known) - 1))]
            elif kind == 9:
                chosen[use] = Id(use.resource, None)
            there = there and use in chosen and chosen[use].key is not None
        return self._filled(draft, chosen), there

    def is_shown(self, draft: Draft) -> bool:
        """Whether the contract says of each value in a request what it may look like. One that it only calls a text
        may have to be anything: an id that is nowhere listed, a time, a word."""
        sketch = draft.sketch
        named = {(use.location, use.name) for use in self.link.uses}
        for number in sketch.parameters:
            parameter = self.sender.parameters[number]
            if (parameter.location, parameter.name) not in named and not _is_told(parameter.schema):
                return False
        return sketch.media is None or bool(sketch.media.examples) or not _is_free(sketch.body)

    def _first(self) -> dict[Use, Id]:
        return {use: known[0] for use, known in self._records.items() if known}

    def _all_known(self) -> bool:
        return all(self._records.values())

    def _filled(self, draft: Draft, chosen: Mapping[Use, Id]) -> Draft:
        ids = dict(chosen)
        for outer in [id.within for id in chosen.values()]:
            for use in self.link.uses:
                if outer is not None and use.resource == outer.resource and use.role in ("key", "parent"):
                    ids[use] = outer
        for use, id in ids.items():
            draft = draft.at(use, id.key)
        return draft

    def _full(self) -> Draft:
        return Draft(self.sender, self.sender.sketch(Fullest(), Fullest(), full=True))

    def _examples(self) -> Iterator[Draft]:
        plain = plain_draft(self.sender).sketch
        for media, _ in self.sender.content:
            for example in media.examples:
                yield Draft(self.sender, plain._replace(media=media, body=example.value))

    def wrong(self, drawing: Drawing, draft: Draft) -> Case | None:
        """A request that breaks the contract in one place; None when there is none."""
        found = self._changes(draft)
        for _ in range(min(_TRIES, len(found))):
            taken = picked(drawing, found, _sort)
            rule, change = taken
            request = self._breaks(change)
            if request is not None:
                return Case(Request(*request), rule)
            found = [each for each in found if each is not taken]
        return None

    def _changes(self, draft: Draft) -> list[tuple[str, Any]]:
        """What may be wrong with a request, in words, and the request or the values that it is made of."""
        valid = draft.sent()
        if valid is None:
            return []
        found: list[tuple[str, Any]] = [*self.sender.wrong(draft.sketch), *self.sender.broken(valid)]
        return [each for each in found if not (self._type_ignored and "Content-Type" in each[0])]

    def _breaks(self, change: Any) -> Request | None:
        """The request with a change; None where the contract has nothing against it."""
        request = change if isinstance(change, Request) else self.sender.sent(change)
        return request if request is not None and self.sender.problems(request) else None


def _is_told(schema: Schema | None) -> bool:
    data = schema.data if schema is not None and isinstance(schema.data, dict) else {}
    return data.get("type") in ("integer", "number", "boolean") or not _TELLING.isdisjoint(data)


def _is_free(body: Any) -> bool:
    """Whether a body holds texts, of which nothing is known."""
    if isinstance(body, dict):
        return any(map(_is_free, body.values()))
    if isinstance(body, list):
        return any(map(_is_free, body))
    return isinstance(body, (str, bytes))


def _sort(found: tuple[str, Any]) -> str:
    return " ".join(found[0].replace(":", "").split()[:3])


@st.composite
def _valid(draw: Any, cases: Cases) -> Case:
    mode: Any = "documented" if draw(st.integers(0, 2)) else "allowed"  # the smallest case leaves out what it may
    sketch = cases.sender.sketch(Drawing(draw, mode), Drawing(draw, mode, plain=True))
    draft, there = cases.filled(draw, Draft(cases.sender, sketch), sure=False)
    sent = draft.sent()
    if sent is None:
        reject()
    return Case(Request(*sent), near=there and mode == "documented" and cases.is_shown(draft))


@st.composite
def _invalid(draw: Any, cases: Cases) -> Case:
    kind = draw(st.integers(0, 2))
    mode: Any = "documented" if kind else "allowed"
    drawing, plain = Drawing(draw, mode, extras=False), Drawing(draw, mode, plain=True)
    sketch = cases.sender.sketch(drawing, plain, full=kind == 2)
    draft, _ = cases.filled(draw, Draft(cases.sender, sketch), sure=True)
    case = cases.wrong(drawing, draft)
    if case is None and kind != 2:  # what is there cannot be wrong: then what may be left out
        draft, _ = cases.filled(draw, Draft(cases.sender, cases.sender.sketch(drawing, plain, full=True)), sure=True)
        case = cases.wrong(drawing, draft)
    if case is None:
        reject()
    return case


def key_of(request: Request) -> tuple[Any, ...]:
    """What tells one request from another."""
    return (request.method, request.path, request.query, tuple(request.headers.items()), request.body)
