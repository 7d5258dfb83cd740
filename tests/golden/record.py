"""`python -m tests.golden.record FILE…`: write into golden cases what the mock answers, to be read before it is kept.

Only the `expect` of each request is written anew; whatever else stands in the file stays as it is. Lines of `trace`,
`operation` and headers that were left out stay so: what a case says of them is the author's choice.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from mockserver.exceptions import MockserverError
from tests.golden.case import CaseError, answers, check, load_case
from tests.golden.doors import InProcess

_WIDTH = 118
_WIDEST = 400  # records of a list stand on one line each, however long
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./@+-]*( [A-Za-z0-9_./@+(-][A-Za-z0-9_./@+)-]*)*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def record(path: Path) -> None:
    """Fill in or refresh the answers of one case."""
    case = load_case(path)
    with tempfile.TemporaryDirectory() as folder:
        engine = case.engine(Path(folder))
        found = {answer.step.number: answer.observed for answer in answers(case, engine, InProcess(engine))}
    text = path.read_text("utf-8")
    lines = text.splitlines()
    steps = _step_nodes(yaml.compose(text, Loader=yaml.SafeLoader))
    for number, node in reversed(list(enumerate(steps, 1))):
        if number in found:
            _write(lines, node, case.steps[number - 1].given.get("expect") or {}, found[number])
    path.write_text("\n".join(lines) + "\n", "utf-8")
    with tempfile.TemporaryDirectory() as folder:
        case = load_case(path)
        engine = case.engine(Path(folder))
        check(case, engine, InProcess(engine))


def _step_nodes(root: yaml.Node | None) -> list[yaml.MappingNode]:
    assert isinstance(root, yaml.MappingNode)
    for key, value in root.value:
        if key.value == "steps":
            return list(value.value)
    return []


def _write(lines: list[str], step: yaml.MappingNode, before: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Put the observed answer in the place of the `expect` of a step, or after its other keys."""
    column = step.start_mark.column
    start = end = _last_line(step) + 1
    for key, value in step.value:
        if key.value == "expect":
            start, end = key.start_mark.line, _last_line(value) + 1
    lines[start:end] = [" " * column + line for line in _block({"expect": _kept(before, found)}, _WIDTH - column)]


def _last_line(node: yaml.Node) -> int:
    """The last line of a node: block collections end where the next thing begins, so their content tells."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        return max(_last_line(value) for _, value in node.value)
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
        return _last_line(node.value[-1])
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        return node.end_mark.line - 1
    return int(node.end_mark.line)


def _kept(before: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """What is written of an answer."""
    kept = {"status": found["status"]}
    wanted = {name.lower() for name in before.get("headers", ())} if "headers" in before else None
    headers = {name: value for name, value in found["headers"].items() if wanted is None or name.lower() in wanted}
    if headers:
        kept["headers"] = headers
    kept |= {name: found[name] for name in ("body", "text", "base64") if name in found}
    kept |= {name: found[name] for name in ("operation",) if name in before}
    kept["verdict"] = found["verdict"]
    kept |= {name: found[name] for name in ("violations", "warnings") if found[name]}
    if "trace" in before:
        kept["trace"] = before["trace"]
    return kept


def _block(value: Mapping[str, Any], width: int) -> Iterator[str]:
    """A mapping as lines: what fits into one stands in one."""
    for name, item in value.items():
        flow = _flow(item)
        if len(_scalar(name)) + len(flow) + 2 <= width or not isinstance(item, (dict, list)) or name == "headers":
            yield f"{_scalar(name)}: {flow}"
        else:
            yield f"{_scalar(name)}:"
            yield from (f"  {line}" for line in _items(item, width - 2))


def _items(value: Any, width: int) -> Iterator[str]:
    if isinstance(value, dict):
        yield from _block(value, width)
        return
    for item in value:
        flow = _flow(item)
        if len(flow) + 2 <= (_WIDEST if _is_flat(item) else width) or not isinstance(item, (dict, list)):
            yield f"- {flow}"
        else:
            lines = list(_items(item, width - 2))
            yield f"- {lines[0]}"
            yield from (f"  {line}" for line in lines[1:])


def _is_flat(value: Any) -> bool:
    return isinstance(value, dict) and not any(isinstance(item, (dict, list)) for item in value.values())


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(name)}: {_flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


def main(names: list[str]) -> int:
    """Record each file; 1 when what its author chose to say (headers, trace) does not hold."""
    worst = 0
    for name in names:
        try:
            record(Path(name))
            sys.stdout.write(f"recorded {name}\n")
        except (AssertionError, CaseError, MockserverError) as error:
            sys.stdout.write(f"FAILED {name}\n{error}\n")
            worst = 1
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
