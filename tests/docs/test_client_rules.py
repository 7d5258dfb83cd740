"""The page about the rules for clients: its examples are called, every rule is on it with its severity."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from mockserver.checks.client import RULES, ClientJudge
from mockserver.checks.findings import Finding
from mockserver.engine.assembly import Options, build_engine
from mockserver.engine.engine import Engine
from mockserver.engine.faults import NETWORK_FAULTS, FaultOrder
from mockserver.engine.grants import Wanted
from mockserver.messages import Request
from tests.docs.blocks import ROOT, Section, code, read_page

PAGE = read_page(ROOT / "docs" / "client-rules.md")
EXAMPLES = [each for each in PAGE.sections if any(block.kind == "calls" for block in each.blocks)]
REFRESH = (
    "grant_type=refresh_token&client_id=1000.WEBAPPEXAMPLE00000000000000000"
    "&client_secret=5a1e7c0d9b3f2648a7c1e0d4b9f8263517aecd0948"
    "&refresh_token=1000.0123456789abcdef0123456789abcdef.fedcba9876543210fedcba9876543210"
)
_CALL = re.compile(r"([A-Z]+) (\S+?)(?: (\{.*\}|\w+=\S+))?(?: \(([^()]+)\))?(?: -> (\d+|no answer))?")


@cache
def engine() -> Engine:
    return build_engine((), Options(start=datetime(2025, 1, 15, 12, tzinfo=UTC)))


class Play:
    """Calls as the page writes them, and what is found."""

    def __init__(self) -> None:
        self.engine = engine()
        self.engine.reset()
        self.judge = ClientJudge(self.engine.apis)
        self.findings: list[Finding] = []
        self.token = ""
        self.engine.journal.listener = lambda exchange: self.findings.extend(self.judge.see(exchange))

    def line(self, text: str) -> str:
        """Does what a line says; gives it back as it should stand there."""
        if found := re.fullmatch(r"(\d+) times: (.+)", text):
            answers = [self.line(part) for _ in range(int(found[1])) for part in found[2].split("; ")]
            return f"{found[1]} times: {'; '.join(answers[-found[2].count('; ') - 1 :])}"
        if found := re.fullmatch(r"(\d+) s", text):
            self.engine.advance(timedelta(seconds=int(found[1])))
        elif found := re.fullmatch(r"fault: (\S+) (\S+) (\S+)", text):
            what = {"fault": found[3]} if found[3] in NETWORK_FAULTS else {"status": int(found[3])}
            self.engine.faults.add(FaultOrder(found[1], found[2], **what))
        elif found := re.fullmatch(r"token: (\S+)(.*)", text):
            wanted = Wanted(tuple(found[2].split()) or None)
            self.token = self.engine.issue_token(found[1], wanted)["header"].removeprefix("Authorization: ")
        else:
            return self.call(text)
        return text

    def call(self, text: str) -> str:
        found = _CALL.fullmatch(text)
        assert found, text
        method, target, body, about, said = found.groups()
        path, _, query = target.partition("?")
        headers = {"authorization": "Zoho-oauthtoken any-token"}
        if about == "a refresh token":
            body = REFRESH
        if body:
            form = "application/x-www-form-urlencoded"
            headers["content-type"] = "application/json" if body.startswith("{") else form
        if about == "no credential":
            del headers["authorization"]
        elif about == "that token":
            headers["authorization"] = self.token
        elif about and about.startswith("text/"):
            headers["content-type"] = about
        elif about and body != REFRESH:
            headers["authorization"] = about
        self.engine.advance(timedelta(seconds=0.2))
        response = self.engine.handle(Request(method, path, query, headers, (body or "").encode()))
        if path.endswith("/token"):
            self.token = f"Zoho-oauthtoken {json.loads(response.body)['access_token']}"
        lost = getattr(response, "fault", "")
        return text.removesuffix(f" -> {said}") + f" -> {'no answer' if lost else response.status}"

    def told(self) -> list[str]:
        """The rules that have spoken, each once."""
        self.findings += self.judge.end()
        once = {each.fingerprint: each for each in self.findings}
        return [f"{each.rule}{f' ({each.where})' if each.where else ''}: {each.message}" for each in once.values()]


def played(text: str) -> str:
    """A block with the statuses that come and the findings that are told."""
    play = Play()
    calls = text.partition("\n\n")[0].strip().splitlines()
    return "\n".join([*map(play.line, calls), "", *play.told()]) + "\n"


@pytest.mark.parametrize("section", EXAMPLES, ids=lambda each: each.heading)
def test_what_is_called_is_found(section: Section) -> None:
    (block,) = section.blocks
    assert played(block.text) == block.text
    assert re.search(rf"^{section.heading}(?: \(.*?\))?: ", block.text, re.M)


def test_every_rule_is_told_of_in_its_place() -> None:
    assert [each.heading for each in PAGE.sections if each.heading in RULES] == list(RULES)
    listed = {code(row[0]): row[1] for row in PAGE.sections[1].rows()}
    assert listed == {name: rule.severity for name, rule in RULES.items()}


def test_all_blocks_are_of_a_kind_that_somebody_looks_at() -> None:
    assert {block.kind for block in PAGE.blocks()} == {"calls", "toml"}


def test_the_settings_are_understood() -> None:
    (block,) = PAGE.blocks("toml")
    settings = tomllib.loads(block.text)["tool"]["mockserver"]
    named = {*settings["rules"], *(each["rule"] for each in settings["ignore"])}
    assert named <= RULES.keys()
