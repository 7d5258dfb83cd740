"""The functions of the language, as a behaviour file calls them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.behaviour.functions import DRAWS, FUNCTIONS, plain, text
from mockserver.exceptions import ExpressionError
from mockserver.expressions import Language, compile_expression
from mockserver.state.samples import Draws

NOW = datetime(2025, 1, 15, 12, 0, 0, 250_000, tzinfo=UTC)
DATA = [{"n": 2, "s": "b", "ok": True}, {"n": None, "s": "a"}, {"n": 1, "s": "b", "ok": 1}]
LANGUAGE = Language(frozenset({"data", "now", "none", "held"}), frozenset(), FUNCTIONS, DRAWS)


def value(source: str, **scope: Any) -> Any:
    names = {"data": DATA, "now": NOW, "none": None, "@draws": Draws("seed"), **scope}
    return compile_expression(source, LANGUAGE)(names)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("[d.n for d in where(data, s='b')]", [2, 1]),
        ("count(where(data, ok=true))", 1),
        ("count(data, ok=1)", 1),
        ("count(data, n=none)", 1),
        ("count(data, n=[1, 2], s='b')", 2),
        ("count(none, s='b')", 0),
        ("count([{'values': 1}], values=1)", 1),
        ("[count(data, n=below(2)), count(data, n=at_most(2)), count(data, n=above(1)), count(data, n=at_least(1))]",
         [1, 2, 1, 2]),
        ("[d.n for d in where(data, n=between(1, 2), s='b')]", [1]),
        ("[count(data, n=below(none)), count(data, n=between(none, none))]", [3, 3]),
        ("count([{'at': '2025-01-15T12:00:00Z'}, {'at': '2025-01-15T12:00:01Z'}, {}], at=at_most(now))", 1),
        ("where([{'v': ['a']}, {'v': 'a'}, {'v': []}], v=has('a'))", [{"v": ["a"]}]),
        ("[len('abc'), len([1]), len({'a': 1}), len(none)]", [3, 1, 1, 0]),
        ("sum([d.n for d in data])", 3),
        ("sum([])", 0),
        ("average([d.n for d in data])", 1.5),
        ("average([none])", 0),
        ("[min([3, none, 1]), max([3, none, 1]), min([]), max([none])]", [1, 3, None, None]),
        ("[round(2.5), round(-2.5), round(0.49999999999999994), round(7)]", [3, -3, 0, 7]),
        ("[round(2.675, 2), round(125, -1), round(5, 2)]", [2.68, 130.0, 5.0]),
        ("[int('42'), int(3.9), int(true)]", [42, 3, 1]),
        ("[text(none), text(true), text(1.5), text('x')]", ["", "true", "1.5", "x"]),
        ("text({'é': [none]})", '{"é":[null]}'),
        ("[text(now), text(duration(90)), text(base64_bytes('AAE='))]", ["2025-01-15T12:00:00Z", "PT1M30S", "AAE="]),
        ("lower('ÄB') + upper('äb') + trim(' x ')", "äbÄBx"),
        ("join([1, none, 'x'], '-')", "1--x"),
        ("join([1, 2])", "1,2"),
        ("split('a, b,,c')", ["a", "b", "", "c"]),
        ("split('a;b', ';') + split('') + split(none)", ["a", "b"]),
        ("[first([1, 2]), last([1, 2]), first([]), last([])]", [1, 2, None, None]),
        ("unique([1, 1.0, true, 'a', 'a', none, none])", [1, True, "a", None]),
        ("sorted([3, 1, 2]) + sorted(['b', 'a'], descending=true)", [1, 2, 3, "b", "a"]),
        ("[d.s for d in sorted(data, by='n')]", ["a", "b", "b"]),
        ("sorted([time('2025-10-01T00:00:00Z'), time('2025-09-01T00:00:00Z')])[0] < now", False),
        ("date(sorted([time('2025-10-01T00:00:00Z'), time('2025-09-01T00:00:00Z')])[0])", "2025-09-01"),
        ("[any([0, 1]), all([0, 1]), any([]), all([])]", [True, False, False, True]),
        ("time('2025-01-15T12:00:00.25Z') == now and time(now) == now", True),
        ("time(1736942400250) == now", True),
        ("duration('PT1H') == duration(3600) and duration(duration(1)) == duration(1)", True),
        ("[seconds('PT1.9S'), seconds(90), millis('PT0S' and duration(1.5))]", [1, 90, 1500]),
        ("[millis(now), millis('1970-01-01T00:00:01Z')]", [1736942400250, 1000]),
        ("[date(now), date('2025-01-15T23:30:00-02:00'), date(none)]", ["2025-01-15", "2025-01-16", None]),
        ("[iso(now), iso(now, 3)]", ["2025-01-15T12:00:00Z", "2025-01-15T12:00:00.250Z"]),
        ("iso(0)", "1970-01-01T00:00:00Z"),
        ("strftime(now, '%Y-%m-%d %H:%M:%S %j %y')", "2025-01-15 12:00:00 015 25"),
        ("strftime(1704375009000, '%b %-d, %Y %-I:%M:%-S %p %Z', 'Asia/Calcutta')", "Jan 4, 2024 7:00:9 PM IST"),
        ("strftime('2025-07-01T04:05:00Z', '%A %a %B %I%p %-H %-m %-M %-j %%', 'Europe/Paris')",
         "Tuesday Tue July 06AM 6 7 5 182 %"),
        ("strftime('2025-01-01T00:30:00Z', '%-I %I %p') + strftime(now, ' %I %p')", "12 12 AM 12 PM"),
        ("strftime(now, '%z %:z', 'America/St_Johns') + strftime(now, ' %z')", "-0330 -03:30 +0000"),
        ("strftime('1900-01-01T00:00:00Z', '%z %:z', 'Asia/Riyadh')", "+030652 +03:06:52"),
        ("strftime('0099-01-01T00:00:00Z', '%Y %-Y')", "0099 99"),
        ("strftime(now, 'no directive, ü')", "no directive, ü"),
        ("millis(utc_offset(1704375000000, 'Asia/Calcutta'))", 19800000),
        ("text(utc_offset('2025-07-01T00:00:00Z', 'America/New_York'))", "-PT4H"),
        ("[is_zone('Asia/Kolkata'), is_zone('asia/kolkata'), is_zone('+05:30'), is_zone(''), is_zone(none)]",
         [True, False, False, False, False]),
        ("[is_zone('../../etc/passwd'), is_zone('Asia'), is_zone(7), is_zone([1])]", [False, False, False, False]),
        ("[is_time(now), is_time('2022-01-31T19:00:00+02:00'), is_time(0), is_time('2016-12-31T23:59:60Z')]",
         [True, True, True, True]),
        ("[is_time('2022-01-31T19:00:00'), is_time('2023-02-29T12:00:00Z'), is_time('soon'), is_time(''), is_time(.5)]",
         [False, False, False, False, False]),
        ("[time(1.5e12) == time(1500000000000), is_time(1e300)]", [True, False]),
        ("[is_time(none), is_time(true), is_time([]), is_time({}), is_time(99999999999999999)]",
         [False, False, False, False, False]),
        ("[is_duration('PT5M'), is_duration('-PT5M'), is_duration('PT0S'), is_duration(90), is_duration(duration(1))]",
         [True, True, True, True, True]),
        ("[is_duration('PT5M0s (5 minutes)'), is_duration('\"PT5M\"'), is_duration('P1Y'), is_duration('')]",
         [False, False, False, False]),
        ("[is_duration(none), is_duration([]), is_duration({'a': 1}), is_duration(1e300), is_duration(now)]",
         [False, False, False, False, False]),
        ("[unquoted('\"PT5M\"'), unquoted('PT5M'), unquoted('\"\"a\"\"'), unquoted('\"')]",
         ["PT5M", "PT5M", '"a"', '"']),
        ("[unquoted('\"\"'), unquoted(''), unquoted(none), unquoted(5)]", ["", "", None, "5"]),
        ("merge({'a': 1, 'b': {'x': 1}}, none, {'b': {'y': 2}, 'c': none}, {'a': 2})",
         {"a": 2, "b": {"y": 2}, "c": None}),
        ("[merge(), merge(none), merge(data[0], {'n': 5}), data[0].n]", [{}, {}, {"n": 5, "s": "b", "ok": True}, 2]),
        ("[omit(data[0], 'n', 'none'), omit(none, 'n'), omit({'a': 1})]", [{"s": "b", "ok": True}, {}, {"a": 1}]),
        ("[pick_keys(data[0], ['ok', 'n', 'none']), pick_keys(none, ['n']), pick_keys({'a': 1}, [])]",
         [{"n": 2, "ok": True}, {}, {}]),
        ("[without_nulls({'a': none, 'b': {'c': none}, 'd': 0}), without_nulls(none)]",
         [{"b": {"c": None}, "d": 0}, {}]),
        ("quote('a b/ü?&')", "a%20b%2F%C3%BC%3F%26"),
        ("html('<a b=\"c\">&</a>') + html(null) + html(1)", "&lt;a b=&quot;c&quot;&gt;&amp;&lt;/a&gt;1"),
        ("sha256('abc')", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("hmac_sha256('key', 'The quick brown fox jumps over the lazy dog')",
         "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"),
        ("hmac_sha256(base64_bytes('a2V5'), base64_bytes('YQ==')) == hmac_sha256('key', 'a')", True),
        ("hmac_sha256('key', none) == hmac_sha256('key', '')", True),
        ("hmac_sha256('key', 'a', 'base64') == base64(hex_bytes(hmac_sha256('key', 'a')))", True),
        ("[base64('a'), base64(base64_bytes('AAE=')), base64(none)]", ["YQ==", "AAE=", ""]),
        ("hex_bytes('00fF')", b"\x00\xff"),
        ("[json_text({'b': [1, none], 'a': 'ü'}), json_text('x'), json_text(none)]",
         ['{"b":[1,null],"a":"ü"}', '"x"', "null"]),
        ("pkce('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk', 'S256')", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("[pkce('abc'), pkce('abc', 'plain'), pkce('abc', none), pkce(none, 'S256')]", ["abc", "abc", "abc", None]),
        ("base64_bytes('AAE=')", b"\x00\x01"),
        ("len(sample_bytes('x', 1000))", 1000),
        ("sample_bytes('x', 8) == sample_bytes('x', 8)", True),
        ("sample_bytes('x', 8) == sample_bytes('y', 8)", False),
        ("len(digits(4)) + len(hex(3)) + len(letters(2)) + len(alphanumeric(1)) + len(uuid())", 46),
        ("integer(5, 5) + pick([1])", 6),
    ],
)  # fmt: skip
def test_functions(source: str, expected: Any) -> None:
    assert value(source) == expected
    assert repr(value(source)) == repr(expected)  # 1 is not true, 1.0 is not 1


@pytest.mark.parametrize(
    "source",
    ["round('x')", "round(1e300, 99)", "int('x')", "time('yesterday')", "time(none)",
     "time(true)", "time(99999999999999999)",
     "duration('an hour')", "base64_bytes('A')", "sample_bytes('x', -1)", "sample_bytes('x', 99999999999)",
     "integer(2, 1)", "digits(99999999)", "sorted(data, by='n')[0] + 1", "split('a', '')", "len(1)",
     "pkce('a', 'S512')", "sum(['x'])",
     "below(true)", "above([1])", "between(1, 'a')", "at_most(duration(1))", "sorted([below(1), 2], 'x')[0].x + 1"],
)  # fmt: skip
def test_what_a_function_refuses(source: str) -> None:
    with pytest.raises(ExpressionError, match="failed: "):
        value(source)


def test_every_function_is_described_and_tried_here() -> None:
    tried = " ".join(str(mark.args[1]) for mark in test_functions.pytestmark)
    for name, function in {**FUNCTIONS, **DRAWS}.items():
        assert f"{name}(" in tried
        assert function.__doc__


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(JSON)
def test_json_is_plain_already(held: Any) -> None:
    assert plain(held) == held
    assert plain([held, {"at": NOW, "for": timedelta(hours=1)}]) == [
        held,
        {"at": "2025-01-15T12:00:00Z", "for": "PT1H"},
    ]


@given(JSON | st.text('0123456789PTDHMS-+:.Z"', max_size=25))
def test_what_is_a_time_or_a_duration_can_be_read_as_one(held: Any) -> None:
    for kind in ("time", "duration"):
        try:
            value(f"{kind}(held)", held=held)
            read = True
        except ExpressionError:
            read = False
        assert value(f"is_{kind}(held)", held=held) is read


@given(st.text())
def test_quotes_come_off_once(held: str) -> None:
    assert value("unquoted(held)", held=f'"{held}"') == held


@given(*[st.dictionaries(st.text(max_size=2), JSON, max_size=4)] * 2)
def test_objects_put_together_and_cut(one: dict[str, Any], other: dict[str, Any]) -> None:
    before, held = repr((one, other)), [one, other, list(other)]
    assert value("merge(held[0], held[1])", held=held) == {**one, **other}
    assert value("pick_keys(merge(held[0], held[1]), held[2])", held=held) == other
    kept, rest = value("pick_keys(held[0], held[2])", held=held), FUNCTIONS["omit"](one, *other)
    assert kept.keys().isdisjoint(rest)
    assert value("merge(held[0], held[1])", held=[kept, rest]) == one
    assert repr((one, other)) == before


@given(JSON)
def test_any_value_has_a_text(held: Any) -> None:
    assert isinstance(text(held), str)
    assert value("text(held) == text(held) and trim(held) == trim(text(held))", held=held) is True


@given(st.floats(-1e12, 1e12), st.integers(0, 6))
def test_rounding_is_never_more_than_half_off(number: float, digits: int) -> None:
    rounded = value(f"round(held, {digits})", held=number)
    assert abs(rounded - number) <= 0.5 * 10**-digits * (1 + 1e-9) + abs(number) * 1e-15
    assert value(f"round(held, {digits})", held=-number) == -rounded


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("time(9223372036854775807)", "9223372036854775807 ms is no moment between the years 1 and 9999"),
        ("time('0001-01-01T00:00:00+23:59')", "is no moment between the years 1 and 9999"),
        ("duration(9223372036854775807)", "9223372036854775807 s is longer than can be reckoned with"),
        ("duration(held)", "longer than can be reckoned with"),
        ("merge({}, [1])", "merge: takes objects, not a list"),
        ("merge('{}')", "merge: takes objects, not the text '{}'"),
        ("merge(now)", "merge: takes objects, not a moment"),
        ("omit(5, 'a')", "omit: takes objects, not 5"),
        ("omit({}, ['a'])", "omit: a key is a text, not a list"),
        ("omit({}, none)", "omit: a key is a text, not null"),
        ("pick_keys([], ['a'])", "pick_keys: takes objects, not a list"),
        ("pick_keys({}, 'a')", "pick_keys: takes a list of keys, not the text 'a'"),
        ("pick_keys({}, [{}])", "pick_keys: a key is a text, not an object"),
        ("without_nulls(true)", "without_nulls: takes objects, not true"),
        ("hmac_sha256('', 'a')", "hmac_sha256: the key is empty"),
        ("hmac_sha256(none, 'a')", "hmac_sha256: the key is empty"),
        ("hmac_sha256('k', 'a', 'hxe')", "hmac_sha256: the encoding must be hex or base64, not 'hxe'"),
        ("strftime('9999-12-31T23:59:59Z', '%Y', 'Asia/Kolkata')", "is outside of the years 1 to 9999 in Asia/Kolkata"),
        ("strftime('0001-01-01T00:00:00Z', '%Y', 'America/New_York')", "is outside of the years 1 to 9999"),
        ("strftime('2025-01-01T00:00:00Z', '%Y %q')", r"'%q' is not known; known are %Y .* %-d and the like"),
        ("strftime('2025-01-01T00:00:00Z', '%-B')", "'%-B' is not known"),
        ("strftime('2025-01-01T00:00:00Z', '100%')", "'%' is not known"),
        ("utc_offset('2025-01-01T00:00:00Z', 'Asia/Kolkatta')", r"'Asia/Kolkatta' is no time zone \(did you mean"),
        ("utc_offset('2025-01-01T00:00:00Z', '+05:30')", r"no time zone \(such as Europe/Berlin\)"),
    ],
)
def test_what_no_calendar_has_is_refused_in_words(source: str, reason: str) -> None:
    with pytest.raises(ExpressionError, match=reason):
        value(source, held=float("inf"))


def test_a_number_that_json_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="no number that JSON knows"):
        plain({"n": float("inf")})
