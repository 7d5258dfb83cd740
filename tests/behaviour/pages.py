"""The API whose lists come in pages, and what a client reads from an answer."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.mocks import Answer, Mock, serve

#: One operation for each way in which lists are cut into pages.
PAGES = Path(__file__).parents[1] / "data" / "pages"


def pages_folder(into: Path, *changes: tuple[str, str]) -> Path:
    """A copy of the API in `into`, each change a text of its behaviour file and what stands there instead."""
    folder = into / "pages"
    shutil.copytree(PAGES, folder)
    file = folder / "behaviour.yaml"
    text = file.read_text("utf-8")
    for old, new in changes:
        assert old in text, f"{old!r} does not stand there"
        text = text.replace(old, new, 1)
    file.write_text(text, "utf-8")
    return folder


def changed(*changes: tuple[str, str]) -> Mock:
    """The mock with texts of its behaviour file replaced."""
    with TemporaryDirectory() as folder:
        return serve(pages_folder(Path(folder), *changes))


def get(mock: Mock, target: str, **headers: str | None) -> Answer:
    return mock.call(f"GET /v1{target}", headers={name.replace("_", "-"): value for name, value in headers.items()})


def books(answer: Answer) -> list[str]:
    """The ids of the books on a page."""
    assert answer.status == 200, answer.response.body
    found = answer.json
    return [book["bookId"] for book in (found if isinstance(found, list) else found["books"])]


def page(answer: Answer) -> dict[str, Any]:
    """What the answer says of its page."""
    assert answer.status == 200, answer.response.body
    found: dict[str, Any] = answer.json["page"]
    return found


def links(answer: Answer) -> dict[str, str]:
    """The Link header: the URL of each relation, and nothing beside them."""
    header = answer.response.header("Link") or ""
    found = re.findall(r'<([^<>"\s]+)>; rel="([a-z]+)"', header)
    assert header == ", ".join(f'<{url}>; rel="{relation}"' for url, relation in found)
    return {relation: url for url, relation in found}
