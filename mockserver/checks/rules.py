"""All rules there are, by id: those that a client is judged by and those that a service is put to the test with."""

from __future__ import annotations

from collections.abc import Iterable

from mockserver.checks.findings import Finding, Rule


def known_rules() -> dict[str, Rule]:
    """Every rule, by id. It loads what checks a service, which takes a moment."""
    from mockserver.checks.client import RULES
    from mockserver.checks.provider import CHECKS

    return {**CHECKS, **RULES}


def rules_of(findings: Iterable[Finding]) -> dict[str, Rule]:
    """The rules that spoke, by id, in the order of their ids. One that is nowhere described is made of its finding."""
    said: dict[str, Finding] = {}
    for finding in findings:
        said.setdefault(finding.rule, finding)
    if not said:
        return {}
    from mockserver.checks.client import RULES

    described = RULES if said.keys() <= RULES.keys() else known_rules()
    return {
        name: described.get(name) or Rule(name, name, finding.severity, finding.advice, finding.anchor)
        for name, finding in sorted(said.items())
    }
