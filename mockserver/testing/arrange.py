"""Brings an error about: the token, the state, the quota that lead to it, or an order to fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mockserver.behaviour.effects import apply
from mockserver.behaviour.scope import OperationScope
from mockserver.behaviour.tokens import revoke_token
from mockserver.engine.api import Api
from mockserver.engine.control import Control
from mockserver.engine.faults import FaultOrder
from mockserver.engine.grants import Wanted
from mockserver.state.windows import Limit
from mockserver.testing.catalogue import ErrorCase, Means, credential_for


def settings_for(case: ErrorCase) -> Mapping[str, Any]:
    """The settings with which the API must have been started."""
    return case.means.arrangement.settings if case.means.arrangement is not None else {}


def bring_about(engine: Control, case: ErrorCase, namespace: str = "") -> str:
    """Arrange everything but the settings, so that the next good call of the operation is answered by the error. Gives
    the token to call with; empty where the operation takes none."""
    api, means = engine.api(case.api), case.means
    if means.emptied:
        engine.replace_state(api.name, means.emptied, [], namespace)
    if means.arrangement is not None:
        _apply(engine, api, means, namespace)
    if means.quota is not None:
        quota = means.quota
        limit = Limit(quota.name, quota.limit, quota.window, quota.sliding)
        api.space(namespace).windows.use_up(limit, engine.clock.timestamp())
    if means.injected:
        engine.faults.add(_order(case, namespace))
    return _token(engine, case, namespace)


def _order(case: ErrorCase, namespace: str) -> FaultOrder:
    order = FaultOrder(case.api, case.operation, namespace, status=case.status)
    return replace(order, status=None, error=case.error) if case.error else order


def _apply(engine: Control, api: Api, means: Means, namespace: str) -> None:
    assert means.arrangement is not None
    space = api.space(namespace)
    with space.lock:
        transaction = space.begin()
        names = {"settings": api.settings, "server": api.server(), "caller": None, "item": None}
        scope = OperationScope(transaction, engine.clock, names)
        for effect in means.arrangement.then:
            apply(effect, api.behaviour, scope)
        transaction.commit()
    space.walks.clear()


def _token(engine: Control, case: ErrorCase, namespace: str) -> str:
    api, means = engine.api(case.api), case.means
    credential = credential_for(api, api.contract.operations[case.operation])
    if credential is None:
        return ""
    scheme = means.scheme or next(name for name, each in api.credentials.items() if each is credential)
    token: str = engine.issue_token(api.name, Wanted(**{"scheme": scheme, **means.fields}), namespace)["access_token"]
    if means.token == "revoked":
        _revoke(engine, engine.api(credential.issuer.api), token, namespace)
    return token


def _revoke(engine: Control, issuing: Api, token: str, namespace: str) -> None:
    space = issuing.space(namespace)
    table = issuing.behaviour.token_table
    with space.lock:
        transaction = space.begin()
        record = transaction.tables[table].get(token)
        assert record is not None
        revoke_token(table, record, OperationScope(transaction, engine.clock, {"item": None, "caller": None}))
        transaction.commit()
