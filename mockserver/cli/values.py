"""Option values that need more than click's own types; a wrong one is a `click.BadParameter` with what is right."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import click
import orjson

from mockserver.state.clock import parse_time

_SIZE = re.compile(r"(\d+)\s*(B|kB|KB|MB|GB|KiB|MiB|GiB)?")
_UNITS = {
    "": 1,
    "B": 1,
    "KB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "KIB": 1024,
    "MIB": 1024**2,
    "GIB": 1024**3,
}


class Size(click.ParamType[int]):
    """`10MiB`, `512KiB`, `1000` -> bytes."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = _SIZE.fullmatch(str(value).strip())
        if match is None:
            self.fail(f"{value!r} is no size; write bytes as 10MiB, 512KiB or 1000000", param, ctx)
        return int(match[1]) * _UNITS[(match[2] or "").upper()]


class Percent(click.ParamType[float]):
    """`60`, `0.5` -> from 0 to 100."""

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 <= number <= 100:  # nor what is no number
            self.fail(f"{value!r} is no percentage from 0 to 100", param, ctx)
        return number


class Time(click.ParamType[datetime]):
    """An RFC 3339 date-time -> aware datetime."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return parse_time(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Setting(click.ParamType[tuple[str, str, Any]]):
    """`API.NAME=VALUE` -> (api, name, value). A value that reads as JSON is that, any other is text."""

    name = "setting"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str, Any]:
        if isinstance(value, tuple):
            return value[0], value[1], value[2]
        path, equals, text = str(value).partition("=")
        api, dot, name = path.partition(".")
        if not (equals and dot and api and name):
            self.fail(f"{value!r} is no setting; write it as API.NAME=VALUE", param, ctx)
        return api, name, _json_or_text(text)


class Claim(click.ParamType[tuple[str, Any]]):
    """`NAME=VALUE` -> (name, value). A value that reads as JSON is that, any other is text."""

    name = "claim"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:
        if isinstance(value, tuple):
            return value[0], value[1]
        name, equals, text = str(value).partition("=")
        if not (equals and name):
            self.fail(f"{value!r} is no claim; write it as NAME=VALUE", param, ctx)
        return name, _json_or_text(text)


def _json_or_text(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
