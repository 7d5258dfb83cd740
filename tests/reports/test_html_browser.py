"""The page in a real browser, with its own policy in force: two starts, each looks at it narrow and wide."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from mockserver.checks.settings import Ignored, Settings
from mockserver.checks.verdict import Verdict
from mockserver.reports.html import html_of
from tests.reports.stories import BROKEN, CALL, LOST, ODD, covered, told

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on the PATH")
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--allow-file-access-from-files",  # the frames below look into the page
    "--enable-logging=stderr",
    "--virtual-time-budget=4000",
)
_WIDTHS = (320, 1280)
_LONG = "/" + "a-name-without-a-place-to-break" * 12
_LOOK = """
const frames = [...document.querySelectorAll("iframe")];
const look = (frame) => {
  const page = frame.contentDocument, view = frame.contentWindow;
  const one = (selector) => page.querySelector(selector);
  const shown = () => [...page.querySelectorAll(".finding")]
    .filter((each) => each.checkVisibility()).map((each) => each.dataset.rule);
  const change = (name, value) => {
    const field = one(`.filter [name=${name}]`);
    field.value = value;
    field.dispatchEvent(new view.Event("input", {bubbles: true}));
  };
  const width = () => page.documentElement.scrollWidth - page.documentElement.clientWidth;
  const found = {width: view.innerWidth};
  found.ground = view.getComputedStyle(page.body).backgroundColor;
  found.overflow = width();
  found.open = shown();
  found.closedText = one("#findings .finding:not([open]) .inside").checkVisibility();
  change("severity", "warning");
  found.warnings = shown();
  found.said = one(".filter output").textContent;
  change("severity", "");
  change("rule", "undocumented-call");
  found.ofRule = shown();
  change("rule", "");
  change("text", "NOWHERE no api");
  found.ofText = shown();
  change("text", "nothing has this");
  found.ofNothing = shown();
  change("text", "");
  one(".filter button").click();
  found.unfolded = page.querySelectorAll("#findings > .rule > .finding[open]").length;
  for (const each of page.querySelectorAll("details")) each.open = true;
  found.overflowOpen = width();
  found.outside = [...page.querySelectorAll("main *")].filter((each) =>
    each.checkVisibility() && !each.closest(".frame, pre, .spoken") &&
    each.getBoundingClientRect().right > page.documentElement.clientWidth + 1)
    .map((each) => each.outerHTML.slice(0, 80));
  found.copy = one("pre.curl button").textContent;
  one("#theme-dark").click();
  found.dark = view.getComputedStyle(page.body).backgroundColor;
  one("#theme-light").click();
  found.light = view.getComputedStyle(page.body).backgroundColor;
  one("#theme-auto").click();
  return found;
};
addEventListener("load", () => {
  const out = document.createElement("pre");
  try {
    out.textContent = JSON.stringify(frames.map(look));
  } catch (error) {
    out.textContent = JSON.stringify(String(error.stack));
  }
  out.id = "out";
  document.body.append(out);
});
"""


def looked_at(folder: Path, *options: str) -> tuple[list[dict[str, Any]], list[str]]:
    """What each frame saw, and what the browser has complained of."""
    frames = "".join(
        f'<iframe src="report.html" style="width:{each}px;height:900px;border:0"></iframe>' for each in _WIDTHS
    )
    wrapper = folder / "wrapper.html"
    wrapper.write_text(f"<!doctype html><body>{frames}<script>{_LOOK}</script></body>", "utf-8")
    done = subprocess.run(
        [str(BROWSER), *_OPTIONS, *options, f"--user-data-dir={folder / 'profile'}", "--dump-dom", wrapper.as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    told_ = re.search(r'<pre id="out">(.*?)</pre>', done.stdout, re.DOTALL)
    assert told_, done.stdout[-2000:] + done.stderr[-2000:]
    found = json.loads(unescape(told_[1]))
    assert isinstance(found, list), found
    return found, [line for line in done.stderr.splitlines() if ":CONSOLE" in line]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a page stands with one of everything, some of it too long for a phone."""
    hostile = replace(CALL, url=_LONG, body='{"name": "</pre></script><script>document.title = 1</script>"}')
    broken = replace(BROKEN, exchanges=(CALL, hostile), message=f"{_LONG} is too short")
    checks = [
        Verdict(f"{name}: {check}", "", name, "error", "fail" if check == "ignored_auth" else "pass", came=_LONG)
        for name in ("getOrder", "listOrders", "addOrder")
        for check in ("not_a_server_error", "ignored_auth", "response_schema_conformance", "status_code_conformance")
    ]
    accepted = replace(ODD, operation="old", message="another")
    settings = Settings(fail_under=50, ignore=(Ignored(ODD.rule, operation="old", reason=_LONG),))
    story = told([broken, ODD, LOST, accepted], verdicts=checks, coverage=covered(), settings=settings, reasons=[_LONG])
    made = tmp_path_factory.mktemp("page")
    (made / "report.html").write_bytes(html_of(story))
    return made


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_works_in_a_browser(folder: Path, scheme: str) -> None:
    found, complaints = looked_at(folder, f"--blink-settings=preferredColorScheme={int(scheme == 'light')}")
    assert complaints == []
    light, dark = "rgb(255, 255, 255)", "rgb(18, 21, 25)"
    for seen, width in zip(found, _WIDTHS, strict=True):
        assert seen == {
            "width": width,
            "ground": light if scheme == "light" else dark,
            "overflow": 0,
            "open": ["contract-violation", "undocumented-call", "deprecated-operation"],
            "closedText": False,
            "warnings": ["deprecated-operation"],
            "said": "2 of 4 shown",
            "ofRule": ["undocumented-call"],
            "ofText": ["undocumented-call"],
            "ofNothing": [],
            "unfolded": 3,
            "overflowOpen": 0,
            "outside": [],
            "copy": "Copy",
            "dark": dark,
            "light": light,
        }
