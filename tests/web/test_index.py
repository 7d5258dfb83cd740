from __future__ import annotations

from typing import Any

from mockserver.web.app import create_app


def test_the_index_shows_what_can_be_called(engine: Any) -> None:
    response = create_app(engine).test_client().get("/", headers={"Host": "localhost:4010"})
    page = response.get_data(as_text=True)
    assert response.content_type == "text/html; charset=utf-8"
    assert "http://localhost:4010/pets" in page
    assert "curl http://localhost:4010/pets/pets -H" in page
    assert "All pets" in page
    assert "pet.sold" in page
    assert "/__admin/state/pets" in page


def test_nothing_of_a_contract_is_taken_for_markup(engine: Any) -> None:
    page = create_app(engine).test_client().get("/").get_data(as_text=True)
    assert "Pets &lt;of all kinds&gt;" in page
    assert "<of all kinds>" not in page


def test_the_page_needs_nothing_from_elsewhere(engine: Any) -> None:
    page = create_app(engine).test_client().get("/").get_data(as_text=True)
    assert "<script" not in page
    assert "src=" not in page
    assert "@import" not in page


def test_the_icon_is_no_request_for_the_engine(engine: Any) -> None:
    assert create_app(engine).test_client().get("/favicon.ico").status_code == 204
    assert engine.requests == []
