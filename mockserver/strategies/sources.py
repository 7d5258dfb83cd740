"""What a strategy is asked about: an API by name, path or object, and an operation or event of it."""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from mockserver.contract.build import build_contract
from mockserver.contract.model import Contract, MediaType, Operation
from mockserver.exceptions import UsageError, did_you_mean
from mockserver.spec.catalog import find
from mockserver.spec.references import Library

#: A name that ships, a path, a contract, or whatever has one as its `contract`.
Source: TypeAlias = "str | Path | Contract | Any"
_lock = threading.Lock()


def contract_of(api: Source) -> Contract:
    """The contract of an API. UsageError for an unknown name, SpecError for a document that is wrong."""
    if isinstance(api, Contract):
        return api
    if isinstance(api, (str, Path)):
        path = find(str(api)).openapi
        with _lock:
            return _loaded(str(path.absolute()), path.stat().st_mtime_ns)
    inner = getattr(api, "contract", None)
    if isinstance(inner, Contract):
        return inner
    raise UsageError(f"an API is a name, a path or a contract, not {type(api).__name__}")


@lru_cache(64)
def _loaded(path: str, changed_at: int) -> Contract:
    library = Library()
    return build_contract(library.load(Path(path)), library)


def operation_of(contract: Contract, operation: str | Operation) -> Operation:
    """An operation by its id. UsageError when there is none of that name."""
    if isinstance(operation, Operation):
        return operation
    found = contract.operations.get(operation)
    if found is None:
        title = contract.title or contract.file
        few = ", ".join(list(contract.operations)[:8])
        hint = did_you_mean(operation, contract.operations, f"it has {few}" if few else "it has none")
        raise UsageError(f"'{title}' has no operation '{operation}'", hint)
    return found


def event_of(contract: Contract, event: str | Operation) -> Operation:
    """A webhook by the name of its event. UsageError when there is none of that name."""
    if isinstance(event, Operation):
        return event
    found = contract.webhooks.get(event)
    if found is None:
        title = contract.title or contract.file
        few = ", ".join(contract.webhooks)
        hint = did_you_mean(event, contract.webhooks, f"it has {few}" if few else "it has none")
        raise UsageError(f"'{title}' has no webhook '{event}'", hint)
    return found


def event_body(operation: Operation) -> MediaType:
    """The media type of what a webhook sends. UsageError when it sends nothing."""
    content = operation.request_body.content if operation.request_body is not None else {}
    for media in content.values():
        return media
    raise UsageError(f"the webhook '{operation.path or operation.id}' has no body")
