from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mockserver import __version__
from mockserver.web.access import Access
from mockserver.web.app import create_app


@pytest.fixture
def client(engine: Any) -> FlaskClient:
    return create_app(engine).test_client()


def problem(response: TestResponse) -> dict[str, Any]:
    assert response.content_type == "application/problem+json"
    body: dict[str, Any] = response.get_json(force=True)
    assert body["status"] == response.status_code
    return body


def test_health(client: FlaskClient) -> None:
    body = client.get("/__admin/health").get_json()
    assert (body["status"], body["version"], body["apis"]) == ("ok", __version__, ["pets"])
    assert body["uptime"] >= 0


class TestRequests:
    def test_the_journal_newest_last(self, client: FlaskClient, engine: Any) -> None:
        engine.journal.add()
        engine.journal.add()
        body = client.get("/__admin/requests").get_json()
        assert [exchange["seq"] for exchange in body["requests"]] == [1, 2]
        assert body["last_seq"] == 2

    def test_filters_reach_the_journal_in_their_types(self, client: FlaskClient, engine: Any) -> None:
        client.get(
            "/__admin/requests?api=pets&operation=listPets&status=404&violations=true&since=3&limit=5&namespace=a"
        )
        assert engine.journal.asked == {
            "api": "pets",
            "operation": "listPets",
            "status": 404,
            "violations": True,
            "since": 3,
            "limit": 5,
            "namespace": "a",
        }

    def test_the_namespace_header_narrows_too(self, client: FlaskClient, engine: Any) -> None:
        client.get("/__admin/requests", headers={"X-Mock-Namespace": "b"})
        assert engine.journal.asked == {"namespace": "b"}

    @pytest.mark.parametrize("query", ["status=four", "violations=yes", "limit=-1", "since=", "statsu=404"])
    def test_a_filter_that_means_nothing_is_refused(self, client: FlaskClient, query: str) -> None:
        assert problem(client.get(f"/__admin/requests?{query}"))["status"] == 400

    def test_a_typo_gets_a_hint(self, client: FlaskClient) -> None:
        assert problem(client.get("/__admin/requests?statsu=404"))["hint"] == "did you mean 'status'?"
        assert problem(client.get("/__admin/requests?api=pest"))["hint"] == "did you mean 'pets'?"


class TestReset:
    def test_all(self, client: FlaskClient, engine: Any) -> None:
        assert client.post("/__admin/reset").status_code == 200
        assert engine.resets == [(None, None)]

    def test_one_api_in_one_namespace(self, client: FlaskClient, engine: Any) -> None:
        client.post("/__admin/reset", json={"api": "pets"}, headers={"X-Mock-Namespace": "a"})
        assert engine.resets == [("pets", "a")]

    @pytest.mark.parametrize(
        ("body", "status"), [({"api": "nope"}, 404), ({"apis": "pets"}, 400), ([], 400), ({"api": 1}, 404)]
    )
    def test_nonsense_resets_nothing(self, client: FlaskClient, engine: Any, body: Any, status: int) -> None:
        assert problem(client.post("/__admin/reset", json=body))["status"] == status
        assert engine.resets == []


class TestState:
    def test_of_an_api_and_of_a_resource(self, client: FlaskClient) -> None:
        assert client.get("/__admin/state/pets").get_json() == {"pet": [{"id": 1}]}
        assert client.get("/__admin/state/pets/pet").get_json() == [{"id": 1}]

    def test_replaced_in_one_namespace_only(self, client: FlaskClient) -> None:
        answer = client.put("/__admin/state/pets/pet", json=[{"id": 7}], headers={"X-Mock-Namespace": "a"})
        assert answer.get_json() == [{"id": 7}]
        assert client.get("/__admin/state/pets/pet").get_json() == [{"id": 1}]

    def test_unknown_names_get_a_hint(self, client: FlaskClient) -> None:
        assert "pets" in problem(client.get("/__admin/state/petz"))["hint"]
        assert "pet" in problem(client.get("/__admin/state/pets/pett"))["hint"]
        assert problem(client.put("/__admin/state/pets/pett", json=[]))["status"] == 404

    @pytest.mark.parametrize("body", [b"{", b"{}", b"[1]", b'[{"name": "no key"}]', b"", b"\xff", b"[" * 100_000])
    def test_what_are_no_records_changes_nothing(self, client: FlaskClient, body: bytes) -> None:
        assert problem(client.put("/__admin/state/pets/pet", data=body))["status"] == 400
        assert client.get("/__admin/state/pets/pet").get_json() == [{"id": 1}]

    def test_the_engines_hint_is_kept(self, client: FlaskClient) -> None:
        refused = problem(client.put("/__admin/state/pets/pet", json=[{}]))
        assert (refused["detail"], refused["hint"]) == ("a pet lacks its key 'id'", "give each one")


def test_snapshots(client: FlaskClient) -> None:
    taken = client.post("/__admin/snapshots")
    assert taken.status_code == 201
    assert client.post(f"/__admin/snapshots/{taken.get_json()['id']}/restore").status_code == 200
    assert problem(client.post("/__admin/snapshots/nope/restore"))["status"] == 404


class TestClock:
    def test_tells_the_time(self, client: FlaskClient) -> None:
        assert client.get("/__admin/clock").get_json() == {"now": "2025-01-15T12:00:00.000Z", "frozen": True}

    def test_months_have_no_length(self, client: FlaskClient) -> None:
        refused = problem(client.post("/__admin/clock", json={"advance": "P1M"}))
        assert refused["detail"] == "'P1M' is no length of time: months and years have no fixed length"

    def test_is_turned(self, client: FlaskClient) -> None:
        turned = client.post("/__admin/clock", json={"advance": "PT1H"}).get_json()
        assert turned["now"] == "2025-01-15T13:00:00.000Z"
        turned = client.post("/__admin/clock", json={"set": "2027-01-01T00:00:00Z", "advance": "PT1S"}).get_json()
        assert turned["now"] == "2027-01-01T00:00:01.000Z"
        assert client.post("/__admin/clock", json={"freeze": False}).get_json()["frozen"] is False

    @pytest.mark.parametrize(
        "body",
        [
            {},
            [],
            {"advance": "1h"},
            {"advance": 3600},
            {"advance": "-PT1H"},
            {"advance": "P9999999D"},
            {"set": "tomorrow"},
            {"freeze": "yes"},
            {"advanced": "PT1H"},
            {"set": "2027-01-01T00:00:00Z", "advance": "nonsense"},
        ],
    )
    def test_nonsense_leaves_it_alone(self, client: FlaskClient, body: Any) -> None:
        assert problem(client.post("/__admin/clock", json=body))["status"] == 400
        assert client.get("/__admin/clock").get_json() == {"now": "2025-01-15T12:00:00.000Z", "frozen": True}


def test_openapi(client: FlaskClient) -> None:
    assert client.get("/__admin/openapi/pets").get_json() == {"openapi": "3.1.0"}
    assert problem(client.get("/__admin/openapi/pest"))["status"] == 404


class TestUnknownCalls:
    def test_list_the_known_ones(self, client: FlaskClient) -> None:
        for path in ("/__admin", "/__admin/", "/__admin/helth"):
            assert "GET /__admin/health" in problem(client.get(path))["calls"]

    def test_a_wrong_method_names_the_right_ones(self, client: FlaskClient) -> None:
        refused = client.delete("/__admin/clock")
        assert problem(refused)["status"] == 405
        assert {"GET", "POST"} <= set(refused.headers["Allow"].split(", "))


class TestAccess:
    @pytest.mark.parametrize("address", ["10.0.0.7", "::ffff:10.0.0.7", "", "fe80::1%eth0"])
    def test_other_machines_are_refused(self, client: FlaskClient, address: str) -> None:
        refused = client.get("/__admin/health", environ_base={"REMOTE_ADDR": address})
        assert "--allow-remote-admin" in problem(refused)["hint"]
        assert refused.status_code == 403

    @pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
    def test_this_machine_is_not(self, client: FlaskClient, address: str) -> None:
        assert client.get("/__admin/health", environ_base={"REMOTE_ADDR": address}).status_code == 200

    @pytest.mark.parametrize(
        "origin", ["https://evil.example", "null", "", "http://localhost.evil.example", "http://[", "x"]
    )
    def test_web_pages_of_others_are_refused(self, client: FlaskClient, origin: str) -> None:
        assert problem(client.post("/__admin/reset", headers={"Origin": origin}))["status"] == 403

    @pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1:4010", "http://[::1]:80"])
    def test_pages_of_this_machine_are_not(self, client: FlaskClient, origin: str) -> None:
        assert client.post("/__admin/reset", headers={"Origin": origin}).status_code == 200

    @pytest.mark.parametrize(
        "host", ["rebound.example", "rebound.example:4010", "127.0.0.1.evil.example", "192.168.1.5", "[::2]"]
    )
    def test_a_foreign_name_for_this_machine_is_refused(self, client: FlaskClient, host: str) -> None:
        assert problem(client.get("/__admin/health", headers={"Host": host}))["status"] == 403

    @pytest.mark.parametrize("host", ["localhost", "LOCALHOST:4010", "127.0.0.1:4010", "[::1]:4010", "mock.localhost"])
    def test_own_names_are_not(self, client: FlaskClient, host: str) -> None:
        assert client.get("/__admin/health", headers={"Host": host}).status_code == 200

    def test_the_bound_address_is_an_own_name(self, engine: Any) -> None:
        client = create_app(engine, Access("192.168.1.5")).test_client()
        assert client.get("/__admin/health", headers={"Host": "192.168.1.5:4010"}).status_code == 200

    def test_an_option_opens_it_to_machines_but_not_to_foreign_pages(self, engine: Any) -> None:
        client = create_app(engine, Access(allow_remote=True)).test_client()
        far = {"REMOTE_ADDR": "10.0.0.7"}
        assert client.get("/__admin/health", headers={"Host": "mock.lan"}, environ_base=far).status_code == 200
        own = {"Host": "mock.lan:4010", "Origin": "http://mock.lan:4010"}
        assert client.post("/__admin/reset", headers=own, environ_base=far).status_code == 200
        foreign = {"Host": "mock.lan:4010", "Origin": "https://evil.example"}
        assert client.post("/__admin/reset", headers=foreign, environ_base=far).status_code == 403
