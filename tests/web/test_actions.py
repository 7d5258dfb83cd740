"""`/__admin/actions`: what may happen at the side of an API, and making it happen."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from mockserver.web.app import create_app
from tests.mocks import Mock
from tests.shop import Listener, shop


@pytest.fixture
def world() -> tuple[Mock, Listener]:
    return shop()


@pytest.fixture
def client(world: tuple[Mock, Listener]) -> FlaskClient:
    return create_app(world[0].engine).test_client()


def test_what_there_is(client: FlaskClient) -> None:
    answer = client.get("/__admin/actions/shop")
    assert answer.status_code == 200
    book, tidy = answer.get_json()["actions"]
    assert (book["name"], book["about"], list(book["parameters"])) == (
        *("book", "Somebody orders."),
        ["item", "price", "colour", "tags"],
    )
    assert book["parameters"]["colour"]["default"] == "red"
    assert tidy["parameters"] == {}


def test_it_happens(client: FlaskClient, world: tuple[Mock, Listener]) -> None:
    answer = client.post("/__admin/actions/shop/book", json={"item": "cup", "price": 7})
    assert answer.status_code == 200
    shown = answer.get_json()
    assert (shown["result"]["price"], shown["emitted"]) == (7, ["order.created", "order.paid"])
    assert world[0].records("order")[-1]["id"] == shown["result"]["id"]


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_parameters_may_be_left_out(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/__admin/actions/shop/tidy", data=body)
    assert (answer.status_code, answer.get_json()) == (200, {"result": None, "emitted": []})


def test_in_the_namespace_of_the_header(client: FlaskClient, world: tuple[Mock, Listener]) -> None:
    client.post("/__admin/actions/shop/tidy", headers={"X-Mock-Namespace": "a"})
    assert (len(world[0].records("order", "a")), len(world[0].records("order"))) == (1, 2)


@pytest.mark.parametrize(
    ("path", "status", "detail", "hint"),
    [
        ("sohp/book", 404, "no API is called 'sohp'", "did you mean 'shop'?"),
        ("shop/bok", 404, "shop has no action 'bok'", "did you mean 'book'?"),
        ("shop/x", 404, "shop has no action 'x'", "it has book, tidy"),
    ],
)
def test_what_is_not_there(client: FlaskClient, path: str, status: int, detail: str, hint: str) -> None:
    answer = client.post(f"/__admin/actions/{path}", json={})
    assert answer.content_type == "application/problem+json"
    shown = answer.get_json(force=True)
    assert (answer.status_code, shown["detail"], shown["hint"]) == (status, detail, hint)


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        ({}, "book needs the parameter 'item': what is ordered"),
        ({"itme": "x"}, "book has no parameter 'itme'"),
        ({"item": 7}, "book: 'item' is wrong: 7 is an integer, not a string"),
        ({"item": "cup", "tags": [[]]}, "book: 'tags' at /0 is wrong: [] is an array, not a string"),
        ([], "the body must be a JSON object"),
        ("book", "the body must be a JSON object"),
    ],
)
def test_wrong_parameters(client: FlaskClient, world: tuple[Mock, Listener], given: Any, detail: str) -> None:
    before = world[0].engine.apis["shop"].space("").state
    answer = client.post("/__admin/actions/shop/book", json=given)
    assert (answer.status_code, answer.get_json(force=True)["detail"]) == (400, detail)
    assert world[0].engine.apis["shop"].space("").state is before


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 10_000, b'{"item": NaN}'])
def test_a_body_that_is_no_json(client: FlaskClient, body: bytes) -> None:
    assert client.post("/__admin/actions/shop/book", data=body).status_code == 400


def test_what_may_not_happen_now(client: FlaskClient, world: tuple[Mock, Listener]) -> None:
    answer = client.post("/__admin/actions/shop/book", json={"item": "cup", "price": 1000})
    assert (answer.status_code, answer.get_json(force=True)["detail"]) == (409, "Nobody pays so much")
    assert world[1].told == []


def test_a_rule_that_fails() -> None:
    mock, _ = shop(('price: "${{ made.price }}", tags', "price: \"${{ made.price + 'x' }}\", tags"))
    answer = create_app(mock.engine).test_client().post("/__admin/actions/shop/book", json={"item": "cup"})
    assert (answer.status_code, answer.headers["X-Mockserver-Problem"]) == (500, "rule-failed")
    assert len(mock.records("order")) == 2


def test_a_wrong_method_and_a_wrong_path_are_told(client: FlaskClient) -> None:
    assert client.post("/__admin/actions/shop").status_code == 405
    wrong = client.get("/__admin/actions")
    assert wrong.status_code == 404
    assert "POST /__admin/actions/<api>/<name>" in wrong.get_json(force=True)["calls"]


def test_a_web_page_from_elsewhere_cannot(client: FlaskClient) -> None:
    answer = client.post("/__admin/actions/shop/tidy", headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 403
