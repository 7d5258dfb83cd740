"""The one place that wires everything together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mockserver.behaviour.build import build_behaviour
from mockserver.behaviour.declared import Behaviour
from mockserver.behaviour.fixtures import Fixtures, check_fixtures, read_fixtures
from mockserver.behaviour.tokens import with_default_tokens
from mockserver.contract.build import build_contract
from mockserver.contract.model import Contract
from mockserver.engine.api import Api
from mockserver.engine.control import Options
from mockserver.engine.engine import Engine
from mockserver.exceptions import SpecError, UsageError, did_you_mean
from mockserver.spec.catalog import SpecFolder, find, related, shipped
from mockserver.spec.references import Library
from mockserver.state.clock import Clock

__all__ = ["Options", "build_engine", "load_api"]


def build_engine(apis: Sequence[str] = (), options: Options | None = None) -> Engine:
    """An engine that serves `apis` (names that ship, folders, or OpenAPI files; none given: all that ship).

    Raises SpecError when a spec is wrong, UsageError when a name is unknown or two APIs have the same one.
    """
    chosen = options or Options()
    folders = [find(each) for each in apis] if apis else list(shipped().values())
    names = [folder.name for folder in folders]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"two APIs are called '{name}'", "rename one of the folders")
    clock = Clock(chosen.start)
    served = {folder.name: load_api(folder, chosen, clock, names) for folder in folders}
    issuing = _issuers(served, chosen, clock)
    for name in chosen.settings:
        if name not in served and name not in issuing:
            raise UsageError(f"settings for '{name}', which is not served", did_you_mean(name, [*served, *issuing]))
    issuers = {name: api.issuer for name, api in {**served, **issuing}.items()}
    for api in (*served.values(), *issuing.values()):
        api.trust(issuers)
    return Engine(served, chosen, clock, issuing)


def _issuers(apis: Mapping[str, Api], options: Options, clock: Clock) -> dict[str, Api]:
    """The APIs that are not served but whose tokens hold at one that is, by name."""
    found: dict[str, Api] = {}
    waiting = list(apis.values())
    while waiting:
        api = waiting.pop()
        for rules in api.behaviour.security.values():
            if rules.issuer and rules.issuer not in apis and rules.issuer not in found:
                folder = related(rules.issuer, api.folder)
                assert folder is not None  # the behaviour file was held against it
                found[folder.name] = load_api(folder, options, clock)
                waiting.append(found[folder.name])
    return found


def load_api(folder: SpecFolder, options: Options, clock: Clock, served: Sequence[str] = ()) -> Api:
    """One API from its folder; `served` names those that are served beside it. Raises SpecError, UsageError."""
    return make_api(folder, read_parts(folder, options.settings.get(folder.name, {}), served), options, clock)


class Parts(NamedTuple):
    """What the files of a folder say. Nothing of it ever changes: any number of APIs may be made of it."""

    contract: Contract
    behaviour: Behaviour
    fixtures: Fixtures


def read_parts(folder: SpecFolder, settings: Mapping[str, Any], served: Sequence[str] = ()) -> Parts:
    """The files of a folder, under these settings. Raises SpecError, UsageError."""
    library = Library()
    contract = build_contract(library.load(folder.openapi), library)
    documents = [Library().load(path) for path in folder.fixtures]
    fixtures = read_fixtures(documents) if folder.behaviour else Fixtures()
    behaviour = Behaviour()
    if folder.behaviour is not None:
        behaviour = build_behaviour(
            Library().load(folder.behaviour),
            contract,
            fixtures.fields(),
            settings,
            known_api=lambda name: name in served or related(name, folder) is not None,
        )
        problems = check_fixtures(documents, behaviour)
        if problems:
            raise SpecError(problems)
    elif settings:
        raise UsageError(f"{folder.name} has no settings", "it has no behaviour.yaml")
    else:
        behaviour = with_default_tokens(behaviour)
    return Parts(contract, behaviour, fixtures)


def make_api(folder: SpecFolder, parts: Parts, options: Options, clock: Clock) -> Api:
    """An API that nobody has called yet."""
    return Api(
        folder,
        parts.contract,
        parts.behaviour,
        parts.fixtures,
        clock=clock,
        seed=options.seed,
        auth=options.auth,
        strict=options.strict,
    )
