"""Runs to report on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from hypothesis import strategies as st

from mockserver.checks.coverage.coverage import Coverage
from mockserver.checks.findings import Finding, Shown
from mockserver.checks.judgement import Judgement
from mockserver.checks.places import Place
from mockserver.checks.settings import Settings
from mockserver.checks.stream import Began, Checked, Story
from mockserver.checks.verdict import Verdict
from mockserver.engine.assembly import Options, build_engine
from mockserver.messages import Request

SHOP = Path(__file__).parents[1] / "data" / "shop"

CALL = Shown(
    number=4,
    at="2025-01-15T12:00:00.000Z",
    method="POST",
    url="/shop/orders?limit=3",
    headers=(("authorization", "Bearer ***"),),
    body='{"name": ""}',
    status=400,
    response_headers=(),
    response_body='{"error": "name"}',
    curl="curl 'http://127.0.0.1:4010/shop/orders?limit=3' -H 'Authorization: Bearer $TOKEN' --data-binary '{}'",
)
BROKEN = Finding(
    "contract-violation",
    "error",
    "shop",
    "createOrder",
    "name is too short",
    where="body /name",
    expected="at least 1 character",
    advice="send what the contract asks for",
    place=Place("specs/shop/openapi.yaml", 12, "/paths", "minLength: 1"),
    exchanges=(CALL,),
    anchor="client-rules.md#contract-violation",
)
ODD = Finding(
    "deprecated-operation",
    "warning",
    "shop",
    "listOrders",
    "listOrders is deprecated",
    anchor="client-rules.md#deprecated-operation",
)
LOST = Finding("undocumented-call", "error", "", "", "no API has GET /nowhere", where="path", key="GET /nowhere")


def told(
    findings: Iterable[Finding] = (),
    *,
    settings: Settings | None = None,
    verdicts: Sequence[Verdict] = (),
    reasons: Sequence[str] = (),
    code: int = 0,
    coverage: Coverage | None = None,
    began: Began | None = None,
) -> Story:
    """The story of a run of 124 exchanges in 3.2 seconds that found this."""
    story = Story()
    judgement = Judgement(story, settings or Settings())
    judgement.tell(began or Began("run", "node test.js", ("shop",), {"seed": 7}))
    for verdict in verdicts:
        judgement.tell(Checked(verdict))
    for finding in findings:
        judgement.take(finding)
    judgement.end(exchanges=124, duration=3.2, coverage=coverage, reasons=reasons, code=code)
    return story


def covered() -> Coverage:
    """The coverage of one call of the shop."""
    engine = build_engine([str(SHOP)], Options())
    coverage = Coverage.of(engine.apis.values())
    engine.handle(Request("GET", "/shop/orders"))
    for exchange in engine.journal.since(0):
        coverage.add(exchange)
    return coverage


#: Anything that a client may have sent, and what means something to those who read reports.
TEXTS = st.text(st.characters(exclude_categories=())) | st.sampled_from(
    [
        "]]>",
        "</failure>",
        "::error::owned",
        "%0A::error::owned",
        "a\nb\r\nc",
        "\x00\x1b[31m",
        "\ud800",
        "‮x",
        "{0} [x](1)",
        "|`<b>",
        "é" * 100_000,
    ]
)


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    """A finding that holds anything wherever it can."""
    text = draw(TEXTS)
    shown = Shown(1, text, text, text, ((text, text),), text, 0, (), text, text, (text,), text)
    return Finding(
        draw(st.sampled_from(["contract-violation", "some-rule"]) | TEXTS.filter(bool)),
        draw(st.sampled_from(["error", "warning"])),
        draw(st.sampled_from(["shop", ""]) | TEXTS),
        draw(TEXTS),
        draw(TEXTS),
        where=text,
        expected=text,
        advice=draw(TEXTS),
        place=draw(st.none() | st.builds(Place, TEXTS, st.integers(0, 9), TEXTS, TEXTS)),
        exchanges=draw(st.sampled_from([(), (shown,)])),
        test=text,
        anchor=text,
    )
