"""Writes into a record by path: `state` is a field, `interaction.state` a member of the object in a field.

Objects are copied before they are written to: what is stored, or came with the request, is shared.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mockserver.behaviour.scope import OperationScope
from mockserver.behaviour.values import Value
from mockserver.contract.wording import brief
from mockserver.exceptions import ExpressionError


def write(
    fields: dict[str, Any],
    set: Iterable[tuple[str, Value]],
    append: Iterable[tuple[str, Value]],
    scope: OperationScope,
    rule: str,
) -> None:
    """Put what `set` and `append` give into `fields`, one after another. Raises ExpressionError when a value fails, or
    when what a path leads through is no object; `rule` names the rule then."""
    for path, value in set:
        if "." in path:
            holder, name = _holder(fields, path, "set", rule)
            holder[name] = value.render(scope)
        else:
            fields[path] = value.render(scope)
    for path, value in append:
        holder, name = _holder(fields, path, "append", rule)
        held = holder.get(name)
        if held is not None and not isinstance(held, list):
            raise ExpressionError(f"append: the field '{path}' holds no list but {brief(held)}", rule)
        holder[name] = [*(held or ()), value.render(scope)]


def _holder(fields: dict[str, Any], path: str, clause: str, rule: str) -> tuple[dict[str, Any], str]:
    """The object in which the last part of `path` is a key, copied, and that key. What lacks on the way is made."""
    holder = fields
    *way, last = path.split(".")
    for at, name in enumerate(way):
        try:
            held = holder[name]  # not `get`: the draft of a record works out the default now
        except KeyError:
            held = None
        if held is not None and not isinstance(held, dict):
            through = ".".join(way[: at + 1])
            message = f"{clause}: '{path}' leads through '{through}', which holds no object but {brief(held)}"
            raise ExpressionError(message, rule)
        holder[name] = held = dict(held or ())
        holder = held
    return holder, last
