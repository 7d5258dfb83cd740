"""The mock as its own first client: sequences of calls of every API that ships, against the model and the state.

`MOCKSERVER_SEQUENCES=500` plays as many of each API, with longer ones, and others each time.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from mockserver.spec.catalog import shipped
from mockserver.strategies import ApiMachine, state_machine_for

MANY = int(os.environ.get("MOCKSERVER_SEQUENCES", "0"))
PROFILE = settings(
    max_examples=MANY or 25,
    stateful_step_count=40 if MANY else 15,
    derandomize=not MANY,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
#: How many different operations must have gone through somewhere among the sequences, or they show little. Which of
#: them is open: what Hypothesis draws depends on the modules that are loaded beside this one.
WENT = {"auvious-appointments": 6, "zoho-assist": 12, "zoho-lens": 1, "zoho-meeting": 1}


@pytest.mark.parametrize("invalid", [False, True], ids=["valid", "invalid"])
@pytest.mark.parametrize("api", sorted(shipped()))
def test_every_sequence_is_answered_as_it_should_be(api: str, invalid: bool) -> None:
    machine = state_machine_for(api, invalid=invalid)
    went = successes(machine)
    run_state_machine_as_test(machine, settings=settings(PROFILE, max_examples=MANY or (12 if invalid else 30)))
    if not invalid:
        assert len(+went) >= WENT.get(api, 0), went


def successes(machine: type[ApiMachine]) -> Counter[str]:
    """The operations whose calls went through, counted as they are made."""
    went: Counter[str] = Counter()
    call = machine.kit.call

    def counting(operation: str, request: Any) -> Any:
        response = call(operation, request)
        went[operation] += response.status < 400
        return response

    machine.kit.call = counting
    return went


def test_actions_are_steps_too() -> None:
    """An API without operations is played by what happens at the vendor's side."""
    machine = state_machine_for("zoom-scheduler")
    act, happened = machine.kit.act, set()
    assert act is not None

    def noting(action: str, given: Any) -> tuple[bool, Any]:
        went, result = act(action, given)
        happened.add((action, went))
        return went, result

    machine.kit.act = noting
    run_state_machine_as_test(machine, settings=PROFILE)
    assert {action for action, went in happened if went} == set(machine.kit.links.actions)
