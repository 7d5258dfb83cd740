"""All patches of this process: put in place with the first `intercept`, taken away with the last."""

from __future__ import annotations

import atexit
import sys
import warnings
from collections.abc import Callable, Collection

from mockserver.testing.intercept import for_httpx, for_requests, redirect
from mockserver.testing.intercept.layers import Layer, layers
from mockserver.testing.intercept.patches import Patch

_patches: list[Patch] = []
#: Libraries that have a shorter way, and have not been imported so far.
_waiting: dict[str, Callable[[], list[Patch]]] = {
    for_requests.LIBRARY: for_requests.make_patches,
    for_httpx.LIBRARY: for_httpx.make_patches,
}


def install() -> None:
    """Put all patches in place. Called with `layers.lock` held."""
    if not _patches:
        _patches.extend(redirect.make_patches(_notice))
        atexit.register(_warn_at_exit)
    _notice()
    for patch in _patches:
        patch.install()


def uninstall() -> None:
    """Take all patches away, the latest first. Called with `layers.lock` held."""
    for patch in reversed(_patches):
        patch.remove()


def _notice() -> None:
    """Shorten the way for libraries that have been imported since: until then their calls are redirected."""
    for name in [name for name in _waiting if name in sys.modules]:
        with layers.lock:
            make = _waiting.pop(name, None)
            if make is not None and _is_loaded(name):
                made = make()
                _patches.extend(made)
                for patch in made:
                    patch.install()
            elif make is not None:
                _waiting[name] = make


def _is_loaded(name: str) -> bool:
    """Whether a module is there as a whole, and not in the middle of being imported."""
    spec = sys.modules[name].__spec__
    return not getattr(spec, "_initializing", False)


def open_now() -> tuple[Layer, ...]:
    """What is open at the moment, for `close_left_open`."""
    return layers.open


def close_left_open(before: Collection[Layer] = ()) -> list[str]:
    """Close every `intercept` that is open and was not `before`; what to say about each."""
    left = [layer for layer in reversed(layers.open) if layer not in before]
    for layer in left:
        layer.close()
    return [_complaint(layer) for layer in left]


def _complaint(layer: Layer) -> str:
    names = ", ".join(layer.world.engine.apis)
    return f"intercept({names}) was opened at {layer.opened} and never closed: use `with`, or stop() after start()"


def _warn_at_exit() -> None:
    for complaint in close_left_open():
        warnings.warn(complaint, ResourceWarning, stacklevel=1)
