from __future__ import annotations

import ast
import inspect
import keyword
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mockserver.behaviour.functions import DRAWS, FUNCTIONS
from mockserver.exceptions import ExpressionError
from mockserver.expressions import Expression, ExpressionSyntaxError, Language, compile_expression
from mockserver.state.samples import Draws

NAMES = frozenset({"a", "b", "item", "query", "now", "session"})
LANGUAGE = Language(NAMES, frozenset({"session"}), FUNCTIONS, DRAWS)
NOW = datetime(2025, 1, 15, 12, tzinfo=UTC)
SESSIONS = [{"id": "1", "status": "open", "size": 2}, {"id": "2", "status": "done", "size": None}]
SCOPE: Mapping[str, Any] = {
    "a": 7,
    "b": "text",
    "now": NOW,
    "session": SESSIONS,
    "query": {},
    "item": {"name": "Ann", "tags": ["x", "y"], "deep": {"er": 1}, "items": 3},
    "@draws": Draws("seed"),
}


def value(source: str) -> Any:
    return compile_expression(source, LANGUAGE)(SCOPE)


def refusal(source: str, language: Language = LANGUAGE) -> ExpressionSyntaxError:
    with pytest.raises(ExpressionSyntaxError) as caught:
        compile_expression(source, language)
    return caught.value


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a", 7),
        (" a\n + 1 ", 8),
        ("a - 1 * 2 / 4", 6.5),
        ("a // 2 + a % 2 + -1", 3),
        ("'x' + b", "xtext"),
        ("[1] + [a]", [1, 7]),
        ("(1, a)", [1, 7]),
        ("{'k': a, 'l': {'m': 1}}", {"k": 7, "l": {"m": 1}}),
        ("true and not false", True),
        ("null or 'else'", "else"),
        ("None", None),
        ("1 if a > 5 else 2", 1),
        ("1 < a <= 7 != 8", True),
        ("a is null", False),
        ("query.absent is None and query.absent is not true", True),
        ("b in ['text'] and 'z' not in b", True),
        ("1 in null", False),
        ("1 not in query.absent", True),
        ("item.name", "Ann"),
        ("item.deep.er", 1),
        ("item['name']", "Ann"),
        ("item.items", 3),  # a key, though dictionaries have a method of that name
        ("item.tags[0] + item.tags[-1]", "xy"),
        ("item.tags[1:] + item.tags[:1]", ["y", "x"]),
        ("item.tags[9]", None),
        ("item.absent.deeper[3].still", None),
        ("b.name", None),
        ("[s.id for s in session if s.status == 'open']", ["1"]),
        ("[x + y for x in [1, 2] for y in [10] if x > 1]", [12]),
        ("[[y for y in [x]] for x in [1]]", [[1]]),
        ("sum(s.size for s in session)", 2),
        ("count(session, status=['open', 'done'])", 2),
        ("where(session, id='2')[0].status", "done"),
        ("len(item.tags)", 2),
        ("now + duration('PT1H') - now", timedelta(hours=1)),
        ("duration('PT1H') * 2", timedelta(hours=2)),
        ("2 * duration('PT1H')", timedelta(hours=2)),
        ("'#' + '{{ }}'", "#{{ }}"),
    ],
)
def test_values(source: str, expected: Any) -> None:
    assert value(source) == expected
    assert type(value(source)) is type(expected)


def test_a_comprehension_does_not_leak_its_name() -> None:
    assert value("[a for a in [1, 2]] + [a]") == [1, 2, 7]
    assert "unknown name 'x'" in str(refusal("[x for x in [1]] + [x]"))
    assert "unknown name 'y'" in str(refusal("[y for x in y for y in [1]]"))


@pytest.mark.parametrize(
    ("source", "message", "offset"),
    [
        ("itme.name", "unknown name 'itme' (did you mean 'item'?)", 0),
        ("a + itme.name", "unknown name 'itme' (did you mean 'item'?)", 4),
        ("'é' + itme", "unknown name 'itme' (did you mean 'item'?)", 6),
        ("zzz", "unknown name 'zzz' (known: a, b, false, item, now, null, query, session, true)", 0),
        ("cuont(session)", "unknown function 'cuont' (did you mean 'count'?)", 0),
        ("a + count", "'count' is a function (call it: count(…))", 4),
        ("a ==", "not an expression: invalid syntax", 4),
        ("a + ", "not an expression: invalid syntax", 3),
        ("", "not an expression: invalid syntax", 0),
        ("a = 1", "not an expression: invalid syntax", 2),
        ("(a", "not an expression: '(' was never closed", 0),
        ("query.from", "not an expression: invalid syntax ('from' is a word of the language: write ['from'])", 6),
        ("a ** 2", "'**' is not part of the language", 0),
        ("~a", "'~' is not part of the language", 0),
        ("lambda: a", "a lambda is not part of the language", 0),
        ("f'{a}'", "an f-string is not part of the language", 0),
        ("(a := 1)", "':=' is not part of the language", 1),
        ("{x for x in b}", "a set comprehension is not part of the language", 0),
        ("{x: 1 for x in b}", "a dict comprehension is not part of the language", 0),
        ("{**item}", "'**' is not part of the language", 0),
        ("b'x'", "a bytes constant is not part of the language", 0),
        ("item.tags[::2]", "a slice with a step is not part of the language", 0),
        ("[x for x, y in a]", "a comprehension binds one plain name", 0),
        ("item.name()", "only a function of the language can be called", 0),
        ("len()", "len(): missing a required argument: 'value'", 0),
        ("len(a, b)", "len(): too many positional arguments", 0),
        ("len(a, key=b)", "len(): got an unexpected keyword argument 'key'", 0),
        ("len(*a)", "'*' in a call is not part of the language", 0),
        ("len(**a)", "'**' in a call is not part of the language", 0),
        ("a is 7", "'is' goes with null, true and false alone (compare with ==)", 0),
        ("a is b", "'is' goes with null, true and false alone (compare with ==)", 0),
        ("a # and the rest", "a comment is not part of the language", 2),
        ("1e999", "the number is too large", 0),
        ("a" + ".b" * 900, "not an expression: nested too deeply", 0),
        ("a" + "+a" * 900, "not an expression: nested too deeply", 0),
        ("a" * 2_001, "an expression of more than 2000 characters", 0),
    ],
)
def test_what_is_refused(source: str, message: str, offset: int) -> None:
    error = refusal(source)
    assert (str(error), error.offset) == (message, offset)


@pytest.mark.parametrize("source", [r"'\d'", "'a' is 'b'", "'a", "a\x00b", "a b", "'\ud800'", r"'\ud800'", "\ufeffa"])
def test_what_python_refuses_or_warns_of(source: str) -> None:
    refusal(source)


def test_the_caret_stands_under_the_fault() -> None:
    assert refusal("a + stauts").fragment() == "a + stauts\n    ^"
    assert refusal("a\n  + stauts").fragment() == "a   + stauts\n      ^"


@pytest.mark.parametrize(
    ("source", "names", "keys"),
    [
        ("item.deep.er + query.x", {"item", "query"}, {("item", "deep"), ("item", "deep", "er"), ("query", "x")}),
        ("session[query.id].status", {"session", "query"}, {("session", "*", "status"), ("query", "id")}),
        ("[s.size for s in session]", {"session"}, {("session", "*", "size")}),
        ("[s.size for s in where(session, id='1')]", {"session"}, {("session", "*", "size"), ("session", "*", "id")}),
        ("item['name'].x", {"item"}, {("item", "name"), ("item", "name", "x")}),
        ("session['x'].size", {"session"}, {("session", "*", "size")}),
        ("item[query.id]", {"item", "query"}, {("query", "id")}),
        ("digits(3)", {"@draws"}, set()),
    ],
)
def test_what_an_expression_reads(source: str, names: set[str], keys: set[tuple[str, ...]]) -> None:
    expression = compile_expression(source, LANGUAGE)
    assert (set(expression.names), set(expression.keys)) == (names, keys)


def test_what_an_expression_filters_by() -> None:
    expression = compile_expression("count(session, status='x', id=a) + len(where(session, id=b))", LANGUAGE)
    assert expression.filters == {"session": {(("id", "equal"), ("status", "equal")), (("id", "equal"),)}}
    assert compile_expression("count(item.tags, id=1)", LANGUAGE).filters == {}


@pytest.mark.parametrize(
    "source",
    ["a + b", "b * 3", "3 * b", "item.tags * 2", "b % 3", "a / 0", "b < a", "-b", "len(a)", "int('x')", "time(b)",
     "integer(5, 4)", "round(a, 99)", "hex(1000000000)", "sum(b)", "first(a)", "b[a:'x']", "{item: 1}",
     "now + duration('P4000000D')", "now < a", "sample_bytes('x', -1)", "a in b", "a < b in item"],
)  # fmt: skip
def test_what_fails_on_its_values(source: str) -> None:
    expression = compile_expression(source, LANGUAGE, lambda: "behaviour.yaml:7")
    with pytest.raises(ExpressionError) as caught:
        expression(SCOPE)
    assert str(caught.value).startswith(f"behaviour.yaml:7: ${{{{ {source} }}}} failed: ")


# Ways out of Python sandboxes that are known from elsewhere.
ESCAPES = [
    "().__class__.__bases__[0].__subclasses__()",
    "item.__class__.__mro__[-1].__subclasses__()",
    "''.__class__.__mro__[1].__subclasses__()[40]('/etc/passwd').read()",
    "[x for x in [1].__class__.__base__.__subclasses__()]",
    "(lambda: 0).__globals__",
    "len.__globals__",
    "len.__self__.__import__('os')",
    "count.__globals__['__builtins__']",
    "__import__('os').system('true')",
    "__builtins__['open']('x')",
    "globals()['__builtins__']",
    "getattr(item, '__class__')",
    "eval('1')",
    "exec('1')",
    "open('x')",
    "type(a)",
    "vars()",
    "'{0.__class__}'.format(a)",
    "'%s' % a",
    "b.format(a)",
    "f'{a.__class__}'",
    "text(a).__class__()",
    "[g.gi_frame.f_back for g in [(x for x in b)]]",
    "(x for x in b).gi_frame",
    "(await a)",
    "(yield a)",
    "[c for c in (a := b)]",
    "_scope", "_key(a, 'x')", "_item(a, 0)", "_mul(a, b)", "fn_len", "fn_len(b)", "v_a", "@draws", "_RUNTIME",
    "digits.__func__", "digits.__self__._seed",
    "pick([len]).__globals__",
    "sorted(session, by='__class__').append(1)",
    "where(session, __class__=1).__class__",
    "9 ** 9 ** 9", "b * 9999999", "[0] * 9999999", "1 << 99999999",
]  # fmt: skip


@pytest.mark.parametrize("source", ESCAPES)
def test_there_is_no_way_out(source: str) -> None:
    """Refused, failed, or nothing but JSON: never an object of Python's own."""
    try:
        found = value(source)
    except ExpressionError:
        return
    assert found is None or isinstance(found, (str, int, float, list, dict))
    assert "class" not in repr(found)


class Guarded:
    """Something of Python's in the scope: no expression may reach its attributes."""

    secret = "attribute"

    def method(self) -> str:
        return self.secret


@settings(deadline=None)
@given(st.text(alphabet="abcdefgst_", min_size=1, max_size=12) | st.sampled_from(dir(Guarded())))
def test_a_key_is_never_an_attribute(name: str) -> None:
    if name.isidentifier() and not keyword.iskeyword(name):
        for held in (Guarded(), [1], "text", 1, NOW, None, len, {"other": 1}):
            for source in (f"a.{name}", f"a['{name}']", f"[x.{name} for x in [a]][0]"):
                assert compile_expression(source, LANGUAGE)({"a": held}) is None


def compiles_or_is_refused(source: str) -> Expression | None:
    try:
        return compile_expression(source, LANGUAGE)
    except ExpressionSyntaxError as error:
        refused = error
    assert refused.message
    assert 0 <= refused.offset <= max(len(refused.source), 1)
    assert refused.fragment().endswith("^")
    return None


TOKENS = st.sampled_from(
    [
        *(*NAMES, *FUNCTIONS, *DRAWS, *keyword.kwlist, *"()[]{}.,:+-*/%<>=~@^&|!#'\\", "\n", "==", "**", "//", ":="),
        *("'x'", '"""', "0", "1.5", "1e999", "0x1", "1j", "b''", "f'{a}'", "__class__", "é", "\x00", "\ud800", " "),
    ]
)


@settings(max_examples=400)
@given(st.text() | st.lists(TOKENS, max_size=15).map(" ".join) | st.lists(TOKENS, max_size=15).map("".join))
@example("-" * 1_900 + "1")
@example("not " * 490 + "a")
@example("[" * 990 + "]" * 990)
@example("[x " + "for x in b " * 170 + "]")
@example("len(" * 400 + "b" + ")" * 400)
@example("'" + "\ud800" + "'")
@example(r"'\ud800'")
@example("a\x00")
def test_any_text_compiles_or_is_a_syntax_error(source: str) -> None:
    compiles_or_is_refused(source)


@st.composite
def python_expressions(draw: st.DrawFn) -> str:
    """Python's own grammar, more of it than the language has."""
    leaf = st.sampled_from(["a", "b", "item", "session", "x", "1", "2.5", "'s'", "null", "True", "now"])
    two = "{0} + {1}|{0} * {1}|{0} % {1}|{0} < {1}|{0} in {1}|{0} is {1}|{0} and {1}|[{0}, {1}]|{{{0}: {1}}}|{0}[{1}]"
    more = "|{0} if {1} else {0}|[x for x in {0} if {1}]|{0}[{1}:]|({0} for x in {1})|count({0}, k={1})|join({0}, {1})"
    one = "|-{0}|not {0}|{0}.key|{0}.items|len({0})|text({0})|sum({0})|first({0})|digits({0})|sorted({0}, by='k')"
    odd = "|lambda x: {0}|{0} @ {1}|{0} ** {1}|{{{0} for x in {1}}}|len(*{0})|{0}({1})|f'{{{0}}}'|{0}.a()|({0} := {1})"
    shapes = (two + more + one + odd).split("|")
    inner = st.recursive(leaf, lambda e: st.builds(str.format, st.sampled_from(shapes), e, e), max_leaves=6)
    return draw(inner)


@settings(max_examples=400)
@given(python_expressions(), st.sampled_from([None, 1, "text", [1, "x"], {"key": 1}, NOW, timedelta(1), True]))
def test_what_compiles_has_a_value_or_an_expression_error(source: str, held: Any) -> None:
    expression = compiles_or_is_refused(source)
    if expression is None:
        return
    scope = {**dict.fromkeys(NAMES, held), "session": SESSIONS, "@draws": Draws("seed")}
    try:
        expression(scope)
    except ExpressionError as error:
        assert "failed: " in str(error)  # noqa: PT017  # both outcomes are right


@given(python_expressions())
def test_compiled_code_names_nothing_of_python(source: str) -> None:
    """Only the scope, the run-time helpers and the language's functions stand behind the code."""
    expression = compiles_or_is_refused(source)
    if expression is not None:
        run: Any = expression.run
        assert run.__globals__["__builtins__"] == {}
        reachable = {name: held for name, held in run.__globals__.items() if name != "__builtins__"}
        assert {name for name in reachable if not name.startswith("_")} == {f"fn_{name}" for name in FUNCTIONS}
        assert all(inspect.isroutine(held) for held in reachable.values())
        assert expression.names <= NAMES | {"@draws"}
        ast.parse(expression.source, mode="eval")
