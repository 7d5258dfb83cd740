from __future__ import annotations

import json
from typing import Any

import pytest

from mockserver.engine.json_text import dumps, dumps_indented


@pytest.mark.parametrize("value", [{"a": [1, "é"]}, {"a": 10**30}, [-(10**20), "\ud800"], None])
def test_any_value_is_written_and_read_back_as_it_was(value: Any) -> None:
    assert json.loads(dumps(value)) == json.loads(dumps_indented(value)) == value


@pytest.mark.parametrize("number", [7, 10**30])
def test_both_ways_look_alike_whatever_the_size_of_a_number(number: int) -> None:
    assert dumps({"a": [number, "é"]}) == f'{{"a":[{number},"é"]}}'.encode()
    assert dumps_indented({"a": [number]}) == f'{{\n  "a": [\n    {number}\n  ]\n}}\n'.encode()
