"""All that a state machine needs of one API, made once for all its examples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from mockserver.behaviour.declared import Behaviour, Paging
from mockserver.behaviour.views import item_schema, success_schema, success_status
from mockserver.contract.conformance import ResponseCheck
from mockserver.contract.model import Contract
from mockserver.contract.schemas import Schema
from mockserver.contract.serialization import is_json
from mockserver.engine.assembly import read_parts
from mockserver.exceptions import UsageError, did_you_mean
from mockserver.spec.catalog import find
from mockserver.strategies.adapter import Answer, Call, Mock, Sent, State, answer_of, mock_of
from mockserver.strategies.answers import says
from mockserver.strategies.breaks import Exchange, broken
from mockserver.strategies.drafts import Draft, plain_draft
from mockserver.strategies.guesses import links_of_names
from mockserver.strategies.links import Link, Links, links_of_behaviour
from mockserver.strategies.requests import Sender
from mockserver.strategies.sources import contract_of

Act = Callable[[str, Mapping[str, Any]], tuple[bool, Any]]
#: How lists in pages usually ask for one: the parameter, what it counts, and the first.
_PAGES = {"page": 1, "pageNumber": 1, "page_number": 1}
_OFFSETS = ("offset", "skip")
_SIZES = ("pageSize", "page_size", "size", "limit", "per_page", "perPage", "count")


class Kit:
    """An API with its links, whoever answers for it, and the drafts and checks of each operation."""

    def __init__(
        self,
        api: Any,
        *,
        call: Call | None,
        operations: Iterable[str] | None,
        headers: Mapping[str, str] | None,
        act: Act | None,
        state: Callable[[], State] | None,
        reset: Callable[[], object] | None,
    ) -> None:
        self.mock = mock_of(api, served=call is None)
        self.contract: Contract = self.mock.api.contract if self.mock is not None else contract_of(api)
        self.links = _links_of(api, self.mock, self.contract)
        self._calls_mock = call is None
        self.call: Call = call or (self.mock.call if self.mock else _nowhere)
        self.act = act or (self.mock.act if self.mock is not None else None)
        self.state = state or (self.mock.state if self.mock is not None else None)
        self.reset = reset or (self.mock.reset if self.mock is not None else None)
        self.chosen = self._chosen(operations)
        base = self.contract.servers[0].base_path if self.contract.servers else ""
        self.headers = lowered = {name.lower(): text for name, text in (headers or {}).items()}
        self.senders = {
            name: Sender(operation, base, lowered, None) for name, operation in self.contract.operations.items()
        }
        self.forgiving = self.mock is not None and self.mock.api.behaviour.content_type_ignored
        self._checks: dict[str, ResponseCheck] = {}
        self._plain: dict[str, Draft] = {}
        self._members: dict[str, frozenset[str]] = {}
        self._settable: dict[str, dict[str, Schema]] = {}
        #: The members that were seen to move from one reading to the next, by operation.
        self.volatile: dict[str, set[str]] = {}

    def _chosen(self, operations: Iterable[str] | None) -> list[str]:
        known = self.contract.operations
        for name in operations or ():
            if name not in known:
                raise UsageError(f"there is no operation '{name}'", did_you_mean(name, known))
        return list(known if operations is None else operations)

    def plain(self, link: Link) -> Draft:
        """The simplest request of an operation."""
        if link.operation.id not in self._plain:
            self._plain[link.operation.id] = plain_draft(self.senders[link.operation.id])
        return self._plain[link.operation.id]

    def ready(self, link: Link) -> None:
        """Let the mock have what a call needs before its state is looked at: a token that is issued is a record."""
        if self.mock is not None and self._calls_mock:
            self.mock.credentials(link.operation)

    def exchange(self, link: Link, sent: Sent, step: str, *, refused: bool = False) -> Exchange:
        """Make a call, and hold the answer against the contract; one that is to be `refused` may be by any status."""
        answer = answer_of(self.call(link.operation.id, sent))
        exchange = Exchange(step, link, sent, answer)
        self._check(exchange, refused)
        return exchange

    def _check(self, exchange: Exchange, refused: bool) -> None:
        link, answer = exchange.link, exchange.answer
        operation = link.operation
        if answer.status >= 500:
            fault = self.mock.fault() if self.mock is not None else ""
            why = f"the mock says: {fault}" if fault else "no request that keeps the contract may bring a service down"
            raise broken("not_a_server_error", exchange, f"answered {answer.status}", "a status below 500", why)
        spec = operation.response_for(answer.status)
        if spec is None and refused and answer.status >= 400:
            return
        if spec is None:
            documented = ", ".join(map(str, operation.documented_statuses()))
            why = f"the contract documents {documented}"
            raise broken("status_code_conformance", exchange, f"answered {answer.status}", "a documented status", why)
        if answer.body is None and answer.value is None:
            return
        check = self._checks.setdefault(operation.id, ResponseCheck(operation))
        headers = answer.headers
        if headers is None:
            headers = (("Content-Type", next((name for name in spec.content if is_json(name)), "application/json")),)
        value = {} if answer.body is not None else {"value": answer.value}
        for found in check.violations(answer.status, headers, answer.body or b"", **value):
            if found.location == "response.header" and answer.headers is None:
                continue
            name = "content_type" if found.pointer == "content-type" else "response_schema"
            where = f"{found.location} {found.pointer}".strip()
            raise broken(
                f"{name}_conformance", exchange, f"{where}: {found.message}", found.expected, "the contract says so"
            )

    def reader(self, resource: str) -> Link | None:
        """The operation that reads one record of a resource by its key."""
        found = [
            link
            for link in self.links.operations.values()
            if link.verb == "read" and link.resource == resource and link.reading and link.use("key") is not None
            and link.operation.id in self.chosen and self.members(link)
        ]  # fmt: skip
        return min(found, key=lambda link: (link.guarded, len(link.shows)), default=None)

    def lists(self, resource: str) -> list[Link]:
        """The operations that list a resource."""
        return [
            link
            for link in self.links.operations.values()
            if link.verb == "list" and link.resource == resource and link.reading and link.operation.id in self.chosen
        ]

    def members(self, link: Link) -> frozenset[str]:
        """What an answer can show of the record, or of each of a list."""
        if link.operation.id not in self._members:
            schema = success_schema(link.operation, success_status(link.operation))
            shown = item_schema(schema, link.wrap, link.verb == "list")
            self._members[link.operation.id] = frozenset(shown.properties()) if shown is not None else frozenset()
        return self._members[link.operation.id]

    def settable(self, resource: str) -> Mapping[str, Schema]:
        """What a client may set of a record: the members of the documented bodies, but those that are `readOnly`."""
        if resource not in self._settable:
            found = self._settable[resource] = {}
            for link in self.links.operations.values() if resource else ():
                body = link.operation.request_body if link.resource == resource else None
                for media in body.content.values() if body is not None else ():
                    for name, schema in media.schema.properties().items() if media.schema is not None else ():
                        if not says(schema, "readOnly", True):
                            found.setdefault(name, schema)
        return self._settable[resource]

    def secret(self, resource: str) -> frozenset[str]:
        """The members that only a client sends."""
        schemas = self.settable(resource)
        return frozenset(name for name in schemas if says(schemas[name], "writeOnly", True))

    def paging(self, link: Link) -> Paging | None:
        """How a list comes in pages by number or offset; None for one that comes whole, or by cursor. The `evidence` is
        "assumed" where no document says which number the first page has."""
        if link.page is not None:
            return link.page if link.page.by != "cursor" else None
        query = {each.name: each for each in link.operation.parameters if each.location == "query"}
        size = next((name for name in _SIZES if name in query), "")
        for name in query if size else ():
            if name in _PAGES or name in _OFFSETS:
                least = next((each for each in (0, 1) if says(query[name].schema, "minimum", each)), None)
                told = next((each for each in (query[name].default, least) if isinstance(each, int)), None)
                if name in _OFFSETS:
                    return Paging("offset", name, size, 0, None, None, None, "", "documented")
                first, evidence = (_PAGES[name], "assumed") if told is None else (told, "documented")
                return Paging("number", name, size, first, None, None, None, "", evidence)
        return None


def _links_of(api: Any, mock: Mock | None, contract: Contract) -> Links:
    """By the behaviour file where there is one, else by names."""
    behaviour = mock.api.behaviour if mock is not None else getattr(api, "behaviour", None)
    if behaviour is None and isinstance(api, (str, Path)):
        folder = find(str(api))
        behaviour = read_parts(folder, {}).behaviour if folder.behaviour is not None else None
    if isinstance(behaviour, Behaviour) and (behaviour.operations or behaviour.actions):
        return links_of_behaviour(contract, behaviour)
    return links_of_names(contract)


def _nowhere(operation: str, request: Sent) -> Answer:
    raise UsageError("nobody answers", "give `call`")
