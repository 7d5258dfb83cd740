"""`mockserver action` against a mock on a socket of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from mockserver.cli.main import main
from mockserver.web.app import create_app
from mockserver.web.server import ThreadedServer
from tests.mocks import Mock, one_operation
from tests.shop import shop


class Running:
    def __init__(self, mock: Mock, url: str) -> None:
        self.mock, self.url = mock, url

    def action(self, *words: str) -> Result:
        return CliRunner().invoke(main, ["action", *words], env={"MOCKSERVER_URL": self.url})


@pytest.fixture
def it() -> Iterator[Running]:
    mock, _ = shop(("price: {type: integer, minimum: 1", "price: {type: [integer, string], minimum: 1"))
    with ThreadedServer(create_app(mock.engine)) as server:
        yield Running(mock, server.url)


def error_of(result: Result) -> str:
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("error: ").rstrip("\n")


class TestDone:
    def test_the_result_and_what_it_tells(self, it: Running) -> None:
        done = it.action("shop", "book", "-p", "item=cup", "-p", "price=7", "--parameter", 'tags=["a=b"]')
        assert done.exit_code == 0, done.output
        shown = json.loads(done.stdout)
        assert (shown["price"], shown["tags"]) == (7, ["a=b"])
        assert done.stderr == "emitted order.created\nemitted order.paid\n"
        assert it.mock.records("order")[-1]["id"] == shown["id"]

    @pytest.mark.parametrize("text", ["123", "true", "null", "{}", '"quoted"'])
    def test_a_text_stays_a_text(self, it: Running, text: str) -> None:
        assert it.action("shop", "book", "-p", f"item={text}").exit_code == 0
        assert it.mock.records("order")[-1]["item"] == (text.strip('"') + ", red")

    @pytest.mark.parametrize(("text", "value"), [("7", 7), ("x7", "x7")])
    def test_where_both_fit_it_is_what_it_reads_as(self, it: Running, text: str, value: object) -> None:
        mock, _ = shop(
            ("price: {type: integer, minimum: 1", "price: {type: [integer, string]"),
            ("with.price < 1000", "true"),
        )
        with ThreadedServer(create_app(mock.engine)) as server:
            done = Running(mock, server.url).action("shop", "book", "-p", "item=cup", "-p", f"price={text}")
        assert json.loads(done.stdout)["price"] == value

    def test_one_that_gives_nothing_prints_nothing(self, it: Running) -> None:
        done = it.action("shop", "tidy")
        assert (done.exit_code, done.output) == (0, "")

    def test_in_a_namespace(self, it: Running) -> None:
        it.action("shop", "tidy", "--namespace", "a")
        assert (len(it.mock.records("order", "a")), len(it.mock.records("order"))) == (1, 2)

    def test_the_whole_answer(self, it: Running) -> None:
        shown = json.loads(it.action("shop", "book", "-p", "item=cup", "--json").stdout)
        assert shown["emitted"] == ["order.created", "order.paid"]
        assert shown["result"]["id"].startswith("O-")


class TestListed:
    def test_what_there_is(self, it: Running) -> None:
        assert it.action("shop").stdout == (
            "book  Somebody orders.\n"
            "  item    string (required): What is ordered.\n"
            "  price   integer or string = ${{ integer(10, 99) }}\n"
            "  colour  red | blue = red\n"
            "  tags    array\n"
            "tidy\n"
        )

    def test_as_json(self, it: Running) -> None:
        actions = json.loads(it.action("shop", "--json").stdout)["actions"]
        assert [action["name"] for action in actions] == ["book", "tidy"]

    def test_an_api_that_has_none(self) -> None:
        mock = one_operation({"responses": {"204": {"description": "ok"}}})
        with ThreadedServer(create_app(mock.engine)) as server:
            assert Running(mock, server.url).action("it").stdout == "it has no actions\n"

    def test_by_help_it_explains_itself(self, it: Running) -> None:
        shown = it.action("--help").stdout
        assert "Examples:" in shown
        assert "MOCKSERVER_URL" in shown


class TestRefused:
    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (("sohp",), "no API is called 'sohp' (did you mean 'shop'?)"),
            (("shop", "bok"), "shop has no action 'bok' (did you mean 'book'?)"),
            (("shop", "a/b?c"), "there is no admin call /__admin/actions/shop/a/b?c"),
            (("shop", "bok", "-p", "item=cup"), "shop has no action 'bok' (did you mean 'book'?)"),
            (("shop", "book"), "book needs the parameter 'item': what is ordered"),
            (("shop", "book", "-p", "itme=cup"), "book has no parameter 'itme' (did you mean 'item'?)"),
            (
                ("shop", "book", "-p", "item=cup", "-p", "tags=a"),
                "book: 'tags' is wrong: 'a' is a string, not an array (expected an array)",
            ),
            (("shop", "book", "-p", "item=cup", "-p", "price=1000"), "Nobody pays so much"),
            (("shop", "book", "-p", "item=cup", "-p", "item=mug"), "the parameter 'item' is given twice"),
            (
                ("shop", "-p", "item=cup"),
                "parameters go to an action (name it: mockserver action shop NAME -p item=…)",
            ),
            ((), "Missing argument 'API'."),
        ],
    )
    def test_one_line_says_why(self, it: Running, words: tuple[str, ...], message: str) -> None:
        assert error_of(it.action(*words)) == message

    @pytest.mark.parametrize("text", ["item", "=cup", ""])
    def test_what_is_no_parameter(self, it: Running, text: str) -> None:
        assert error_of(it.action("shop", "book", "-p", text)).endswith(
            f"{text!r} is no parameter; write it as NAME=VALUE"
        )

    def test_nobody_listens(self, it: Running) -> None:
        said = error_of(it.action("shop", "tidy", "--url", "http://127.0.0.1:1"))
        assert said.endswith("(start it with: mockserver serve)")

    def test_what_answers_is_no_mock(self, it: Running) -> None:
        said = error_of(it.action("shop", "tidy", "--url", it.url + "/elsewhere"))
        hint = "name the mock's address with --url or MOCKSERVER_URL"
        assert said == f"what answers at {it.url}/elsewhere is no mockserver ({hint})"
