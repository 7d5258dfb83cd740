"""The one place that wires everything together."""

from __future__ import annotations

from collections.abc import Sequence

from mockserver.behaviour.build import build_behaviour
from mockserver.behaviour.declared import Behaviour
from mockserver.behaviour.fixtures import Fixtures, check_fixtures, read_fixtures
from mockserver.contract.build import build_contract
from mockserver.engine.api import Api
from mockserver.engine.control import Options
from mockserver.engine.engine import Engine
from mockserver.errors import SpecError, UsageError, did_you_mean
from mockserver.spec.catalog import SpecFolder, find, shipped
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
    for name in chosen.settings:
        if name not in names:
            raise UsageError(f"settings for '{name}', which is not served", did_you_mean(name, names))
    clock = Clock(chosen.start)
    return Engine({folder.name: load_api(folder, chosen, clock) for folder in folders}, chosen, clock)


def load_api(folder: SpecFolder, options: Options, clock: Clock) -> Api:
    """One API from its folder. Raises SpecError, UsageError."""
    library = Library()
    contract = build_contract(library.load(folder.openapi), library)
    documents = [Library().load(path) for path in folder.fixtures]
    fixtures = read_fixtures(documents) if folder.behaviour else Fixtures()
    behaviour = Behaviour()
    overrides = options.settings.get(folder.name, {})
    if folder.behaviour is not None:
        behaviour = build_behaviour(Library().load(folder.behaviour), contract, fixtures.fields(), overrides)
        problems = check_fixtures(documents, behaviour)
        if problems:
            raise SpecError(problems)
    elif overrides:
        raise UsageError(f"{folder.name} has no settings", "it has no behaviour.yaml")
    return Api(folder, contract, behaviour, fixtures, clock=clock, seed=options.seed, strict=options.strict)
