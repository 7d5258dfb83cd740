"""All rules there are."""

from __future__ import annotations

from dataclasses import replace

from mockserver.checks.client import RULES
from mockserver.checks.provider import CHECKS
from mockserver.checks.rules import known_rules, rules_of
from tests.reports.stories import BROKEN, ODD


def test_those_of_a_client_and_those_of_a_service_have_different_names() -> None:
    assert RULES.keys().isdisjoint(CHECKS)
    assert known_rules() == {**CHECKS, **RULES}
    assert all(name == rule.id for name, rule in known_rules().items())


def test_the_rules_that_spoke() -> None:
    server_error = replace(BROKEN, rule="not_a_server_error")
    assert list(rules_of([ODD, server_error, BROKEN]).values()) == [
        RULES["contract-violation"],
        RULES["deprecated-operation"],
        CHECKS["not_a_server_error"],
    ]
    assert rules_of([]) == {}


def test_a_rule_that_is_nowhere_described_is_made_of_its_finding() -> None:
    rule = rules_of([replace(ODD, rule="of-a-plugin", advice="do otherwise")])["of-a-plugin"]
    assert (rule.id, rule.title, rule.severity) == ("of-a-plugin", "of-a-plugin", "warning")
    assert (rule.advice, rule.anchor) == ("do otherwise", ODD.anchor)
