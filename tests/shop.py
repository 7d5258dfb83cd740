"""A shop that tells of its orders by webhooks, and in which things happen without a call."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from mockserver.state.store import Emission
from mockserver.webhooks.outbox import Outbox
from tests.mocks import Mock, serve

SHOP = Path(__file__).parent / "data" / "shop"
Change = tuple[str, str]


class Told(NamedTuple):
    """An event as whoever sends it gets it."""

    api: str
    namespace: str
    event: str
    given: dict[str, Any]
    at: float


class Listener:
    """Listens at the door of the outbox, and keeps what it is handed."""

    def __init__(self, outbox: Outbox) -> None:
        self.told: list[Told] = []
        accept = outbox.accept

        def listening(api: str, namespace: str, emissions: Sequence[Emission]) -> list[int]:
            self.told += [Told(api, namespace, each.event, dict(each.given), each.at) for each in emissions]
            return accept(api, namespace, emissions)

        outbox.accept = listening  # type: ignore[method-assign]

    @property
    def events(self) -> list[str]:
        return [told.event for told in self.told]


def shop_folder(into: Path, *changes: Change) -> Path:
    """A copy of the shop, with texts in its behaviour file replaced."""
    folder = into / "shop"
    shutil.copytree(SHOP, folder, dirs_exist_ok=True)
    file = folder / "behaviour.yaml"
    text = file.read_text("utf-8")
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file.name}"
        text = text.replace(old, new)
    file.write_text(text, "utf-8")
    return folder


def shop(*changes: Change, **options: Any) -> tuple[Mock, Listener]:
    """The shop, and what it tells."""
    with TemporaryDirectory() as folder:
        mock = serve(shop_folder(Path(folder), *changes), **options)
    return mock, Listener(mock.engine.outbox)
