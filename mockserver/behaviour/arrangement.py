"""How a test brings about that a rule does not hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockserver.behaviour.declared import Effect


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What is so before the call that a rule refuses: `settings` have these values, the effects `then` have happened,
    and the call's token was issued with the fields `token`."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    then: tuple[Effect, ...] = ()
    token: Mapping[str, Any] = field(default_factory=dict)
