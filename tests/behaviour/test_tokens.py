"""Tokens from their issue to the day when nobody remembers them."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mockserver.exceptions import UsageError
from mockserver.messages import Request
from mockserver.state import store
from tests.mocks import START, Answer, Mock, answers, one_operation, serve, write_spec

VAULT = Path(__file__).parents[1] / "data" / "vault"


@pytest.fixture
def vault() -> Mock:
    return serve(VAULT)


def issued(vault: Mock, kind: str = "access", **fields: Any) -> str:
    """The text of a new token."""
    answer = vault.call("POST /issue", {"kind": kind, **fields})
    assert answer.status == 200, answer.response.body
    return str(answer.json["made"]["token"])


def use(vault: Mock, token: str, line: str = "GET /me", namespace: str = "") -> Answer:
    headers = {"authorization": f"Vault-token {token}", "x-mock-namespace": namespace}
    return vault.call(line, headers={name: value for name, value in headers.items() if value})


def code(answer: Answer) -> str:
    """The name of the error; empty for none."""
    return str(answer.json.get("code", "")) if answer.status >= 400 else ""


def status(vault: Mock, token: str) -> str:
    """What the records say of a token; empty when there is none."""
    return next((str(each["status"]) for each in vault.records("token") if each["token"] == token), "")


def later(vault: Mock, seconds: float) -> None:
    vault.engine.advance(timedelta(seconds=seconds))


class TestIssue:
    def test_a_token_is_a_record(self, vault: Mock) -> None:
        token = issued(vault, client="c", user="u", organisation="o", scopes=["things.read"], note="hello")
        [record] = vault.records("token")
        given = {"client": "c", "user": "u", "organisation": "o", "scopes": ["things.read"]}
        assert record == {
            **dict.fromkeys(("parent", "revoked_at", "roles")),
            **given,
            "token": token,
            "kind": "access",
            "status": "live",
            "claims": {},
            "issued_at": "2025-01-15T12:00:00Z",
            "expires_in": 3600,
            "expires_at": "2025-01-15T13:00:00Z",
            "note": "hello",
        }
        who = use(vault, token)
        assert {name: who.json[name] for name in (*given, "issued")} == {**given, "issued": True}
        lives = "authenticate: vault has issued the credential to c; it lives until 2025-01-15T13:00:00Z"
        assert lives in who.exchange.trace

    def test_one_without_an_end(self, vault: Mock) -> None:
        issued(vault, "refresh")
        assert vault.records("token")[0]["expires_at"] is None
        later(vault, 10 * 365 * 86_400)
        assert len(vault.records("token")) == 1

    def test_a_token_may_do_what_it_was_issued_for(self, vault: Mock) -> None:
        read, all_of_it = issued(vault, scopes=["things.read"]), issued(vault, scopes=["things.all"])
        assert use(vault, read, "GET /things").status == 200
        assert use(vault, all_of_it, "GET /things").status == 200
        assert code(use(vault, read, "POST /things")) == "too_little"
        assert code(use(vault, all_of_it, "POST /things")) == "too_little"
        assert use(vault, issued(vault, scopes=["things.read", "things.write"]), "POST /things").status == 200
        assert use(vault, issued(vault), "POST /things").status == 200, "no scopes: everything"
        assert use(vault, issued(vault, scopes=[]), "GET /me").status == 200, "which asks for none"

    @pytest.mark.parametrize("kind", ["refresh", "code"])
    def test_only_access_tokens_are_carried(self, vault: Mock, kind: str) -> None:
        assert code(use(vault, issued(vault, kind))) == "stranger"

    def test_a_failed_operation_has_issued_nothing(self) -> None:
        behaviour = {"tokens": {"access": {"value": "${{ hex(8) }}"}}}
        rules = {"then": [{"issue": "access"}], "respond": {"body": "${{ 1 / query.n }}"}}
        operation = answers({}, parameters=[{"name": "n", "in": "query", "schema": {"type": "integer"}}])
        mock = one_operation(operation, rules, behaviour=behaviour)
        assert (mock.call("GET /it?n=0").status, mock.records("token")) == (500, [])
        assert mock.call("GET /it?n=1").status == 200
        assert len(mock.records("token")) == 1

    @pytest.mark.parametrize(
        ("kind", "reason"),
        [
            ({"value": "${{ 5 + 5 }}"}, "the value of a token must be text, not 10"),
            ({"value": "${{ '' }}"}, "1 to 4096 visible ASCII characters"),
            ({"value": "two words ${{ hex(4) }}"}, "1 to 4096 visible ASCII characters"),
            ({"value": "${{ alphanumeric(4097) }}"}, "1 to 4096 visible ASCII characters, not the 4097"),
            ({"value": "${{ hex(4) }}", "expires_in": "${{ 'soon' }}"}, "must be a number of seconds, not 'soon'"),
            ({"value": "${{ hex(4) }}", "expires_in": "${{ true }}"}, "must be a number of seconds, not True"),
            ({"value": "${{ hex(4) }}", "expires_in": "${{ 0 - 1 }}"}, "must be a number of seconds, not -1"),
            ({"value": "${{ hex(4) }}", "expires_in": 10**13}, "it.then[0]"),
            ({"value": "${{ 'always' }}"}, "taken"),
        ],
    )
    def test_a_rule_that_fails_is_named(self, kind: dict[str, Any], reason: str) -> None:
        rules = {"then": [{"issue": "access"}], "respond": {"body": {}}}
        mock = one_operation(
            answers({}), rules, behaviour={"tokens": {"access": kind}}, fixtures={"token": [{"token": "always"}]}
        )
        answer = mock.call("GET /it")
        assert (answer.status, answer.json["rule"]) == (500, "it.then[0]")
        assert reason in answer.json["detail"]


class TestEnd:
    def test_it_expires_by_the_clock_and_is_forgotten_an_hour_later(self, vault: Mock) -> None:
        token = issued(vault)
        later(vault, 3599)
        assert (use(vault, token).status, status(vault, token)) == (200, "live")
        later(vault, 1)
        refused = use(vault, token)
        assert (code(refused), status(vault, token)) == ("too_late", "expired")
        assert "the credential expired at 2025-01-15T13:00:00Z" in refused.exchange.trace[-1]
        later(vault, 3599)
        assert status(vault, token) == "expired"
        later(vault, 1)
        refused = use(vault, token)
        assert (code(refused), status(vault, token)) == ("too_late", ""), "forgotten, and still no stranger"
        assert "is over for more than an hour" in refused.exchange.trace[-1]

    def test_all_of_that_in_one_step_of_the_clock(self, vault: Mock) -> None:
        token = issued(vault)
        later(vault, 7200)
        assert (code(use(vault, token)), vault.records("token")) == ("too_late", [])

    def test_one_that_is_over_at_once(self) -> None:
        vault = serve(VAULT, settings={"vault": {"life": 0}})
        assert code(use(vault, issued(vault))) == "too_late"

    def test_one_that_was_revoked_and_forgotten(self, vault: Mock) -> None:
        token = issued(vault)
        assert vault.call("POST /revoke", {"token": token}).json == {"live": 0}
        refused = use(vault, token)
        assert (code(refused), status(vault, token)) == ("taken_back", "revoked")
        assert "the credential was revoked at 2025-01-15T12:00:00Z" in refused.exchange.trace[-1]
        later(vault, 3600)
        assert (code(use(vault, token)), vault.records("token")) == ("taken_back", [])

    def test_only_so_many_are_remembered_for_ever(self, vault: Mock, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(store, "_MOST_REMEMBERED", 10)
        first = issued(vault)
        tokens = [issued(vault) for _ in range(25)]
        later(vault, 7200)
        space = vault.engine.apis["vault"].space("")
        assert len(space.once_issued) <= 10
        assert code(use(vault, tokens[-1])) == "too_late"
        assert use(vault, first).status == 200, "nobody remembers it: it is as good as any other"

    def test_a_clock_that_is_set_back_gives_no_life_back(self, vault: Mock) -> None:
        token = issued(vault)
        later(vault, 3600)
        vault.engine.set_clock(START)
        assert code(use(vault, token)) == "too_late"


class TestKeep:
    def test_one_more_revokes_the_oldest_of_its_kind(self, vault: Mock) -> None:
        parent = issued(vault, "refresh")
        tokens = [issued(vault, parent=parent) for _ in range(4)]
        assert [code(use(vault, token)) for token in tokens] == ["taken_back", "", "", ""]
        issued(vault, parent=parent)
        assert [code(use(vault, token)) for token in tokens] == ["taken_back", "taken_back", "", ""]

    def test_each_has_its_own(self, vault: Mock) -> None:
        parents = [issued(vault, "refresh", client=name) for name in "ab"]
        tokens = [issued(vault, parent=parent) for _ in range(3) for parent in parents]
        assert [code(use(vault, token)) for token in tokens] == [""] * 6

    def test_what_is_over_makes_room(self, vault: Mock) -> None:
        parent = issued(vault, "refresh")
        for _ in range(3):
            issued(vault, parent=parent)
        later(vault, 3600)
        tokens = [issued(vault, parent=parent) for _ in range(3)]
        assert [code(use(vault, token)) for token in tokens] == [""] * 3

    def test_by_several_fields_together(self, vault: Mock) -> None:
        owners = [("c", "u"), ("c", "v"), ("d", "u"), ("c", "u"), ("c", "u")]
        tokens = [issued(vault, "refresh", client=client, user=user) for client, user in owners]
        assert [status(vault, token) for token in tokens] == ["revoked", "live", "live", "live", "live"]

    def test_the_oldest_takes_what_was_made_from_it_along(self, vault: Mock) -> None:
        refresh = issued(vault, "refresh", client="c")
        access = issued(vault, parent=refresh)
        for _ in range(2):
            issued(vault, "refresh", client="c")
        assert code(use(vault, access)) == "taken_back"

    def test_one_of_nobody_is_not_counted(self, vault: Mock) -> None:
        tokens = [issued(vault) for _ in range(9)]
        assert [code(use(vault, token)) for token in tokens] == [""] * 9

    def test_settings_decide_how_many(self) -> None:
        vault = serve(VAULT, settings={"vault": {"kept": 1}})
        parent = issued(vault, "refresh")
        tokens = [issued(vault, parent=parent) for _ in range(2)]
        assert [code(use(vault, token)) for token in tokens] == ["taken_back", ""]


class TestRevoke:
    def test_what_was_made_from_it_goes_too(self, vault: Mock) -> None:
        started = issued(vault, "code")
        refresh = issued(vault, "refresh", parent=started)
        children = [issued(vault, parent=refresh) for _ in range(2)]
        other = issued(vault)
        assert vault.call("POST /revoke", {"token": children[0]}).json == {"live": 4}
        assert vault.call("POST /revoke", {"token": started}).json == {"live": 1}
        assert [code(use(vault, token)) for token in (*children, other)] == ["taken_back"] * 2 + [""]

    def test_what_is_between_may_be_over(self, vault: Mock) -> None:
        refresh = issued(vault, "refresh")
        started = issued(vault, "code", parent=refresh)
        access = issued(vault, parent=started)
        later(vault, 120)
        assert status(vault, started) == "expired"
        vault.call("POST /revoke", {"token": refresh})
        assert (code(use(vault, access)), status(vault, started)) == ("taken_back", "expired")

    def test_a_long_chain_and_a_circle_end(self, vault: Mock) -> None:
        chain: list[dict[str, Any]] = [{"token": f"t{at}", "parent": f"t{at - 1}"} for at in range(3_000)]
        chain[0]["parent"] = "t2999"
        vault.engine.replace_state("vault", "token", chain)
        assert vault.call("POST /revoke", {"token": "t1500"}).json == {"live": 0}

    def test_what_is_unknown_or_does_not_hold_changes_nothing(self, vault: Mock) -> None:
        token = issued(vault)
        for body in ({"token": "none"}, {"token": None}, {"token": [token]}, {"token": token, "never": True}):
            assert vault.call("POST /revoke", body).json == {"live": 1}

    def test_twice_is_once(self, vault: Mock) -> None:
        token = issued(vault)
        vault.call("POST /revoke", {"token": token})
        later(vault, 60)
        vault.call("POST /revoke", {"token": token})
        assert vault.records("token")[0]["revoked_at"] == "2025-01-15T12:00:00Z"


class TestState:
    def test_a_namespace_knows_its_own(self, vault: Mock) -> None:
        token = issued(vault)
        vault.call("POST /revoke", {"token": token})
        assert code(use(vault, token)) == "taken_back"
        assert use(vault, token, namespace="other").json["issued"] is False
        strict = serve(VAULT, auth="strict")
        assert code(use(strict, issued(strict), namespace="other")) == "stranger"

    def test_a_reset_forgets_them(self, vault: Mock) -> None:
        token = issued(vault)
        later(vault, 7200)
        assert code(use(vault, token)) == "too_late"
        vault.engine.reset()
        assert (use(vault, token).json["issued"], vault.records("token")) == (False, [])

    def test_a_snapshot_brings_them_back(self, vault: Mock) -> None:
        kept, lost = issued(vault), issued(vault)
        later(vault, 1)
        before = vault.engine.snapshot()
        vault.call("POST /revoke", {"token": kept})
        later(vault, 7200)
        vault.engine.set_clock(START)
        vault.engine.restore(before)
        assert (use(vault, kept).json["issued"], use(vault, lost).json["issued"]) == (True, True)

    def test_what_came_after_a_snapshot_was_never_issued(self, vault: Mock) -> None:
        before = vault.engine.snapshot()
        token = issued(vault)
        later(vault, 7200)
        assert code(use(vault, token)) == "too_late"
        vault.engine.restore(before)
        assert use(vault, token).json["issued"] is False

    def test_records_that_somebody_wrote_down(self, vault: Mock) -> None:
        """What they do not say is as it is of a token that was issued."""
        records: list[dict[str, Any]] = [{"token": "one", "kind": "access"}, {"token": "two"}]
        records[1] |= {"scopes": ["things.read"], "user": "u"}
        vault.engine.replace_state("vault", "token", records)
        assert [use(vault, name).json["user"] for name in ("one", "two")] == [None, "u"]
        assert code(use(vault, "two", "POST /things")) == "too_little"
        assert {each["status"] for each in vault.records("token")} == {"live"}
        assert vault.call("POST /revoke", {"token": "one"}).json == {"live": 1}

    @pytest.mark.parametrize(
        ("record", "message"),
        [
            ({"token": "x", "kind": "acces"}, "'kind': no kind of token is called 'acces' (did you mean 'access'?)"),
            ({"token": "x", "kind": []}, "'kind': no kind of token is called []"),
            ({"token": "x", "status": "active"}, "'status': a token has no status 'active' (it is live, expired or"),
            ({"token": "x", "status": None}, "'status': a token has no status None"),
            ({"token": "x y"}, "'token': no call could carry this token"),
            ({"token": "x", "expires_at": "soon"}, "'soon' is not an RFC 3339 date-time"),
            ({"kind": "access"}, "has no 'token'"),
        ],
    )
    def test_and_that_are_wrong(self, vault: Mock, record: dict[str, Any], message: str) -> None:
        with pytest.raises(UsageError) as caught:
            vault.engine.replace_state("vault", "token", [record])
        assert message in str(caught.value)

    @pytest.mark.parametrize(
        "odd",
        [
            {"expires_at": None, "kind": "access"},
            {"expires_at": 1736949600000},
            {"scopes": 5, "roles": {}},
            {"claims": [1], "user": ["u"]},
        ],
    )
    def test_odd_ones_are_no_fault_of_the_mock(self, vault: Mock, odd: dict[str, Any]) -> None:
        vault.engine.replace_state("vault", "token", [{"token": "x", **odd}])
        assert use(vault, "x").status == 200

    def test_in_fixtures_they_are_moved_with_the_anchor(self, tmp_path: Path) -> None:
        fixtures = {
            "anchor": "2020-01-01T00:00:00Z",
            "token": [{"token": "half", "expires_at": "2020-01-01T00:30:00Z"}, {"token": "r", "kind": "refresh"}],
        }
        vault = serve(vault_with(tmp_path, fixtures))
        assert use(vault, "half").json["issued"] is True
        assert issued(vault, parent="r")
        later(vault, 1800)
        assert code(use(vault, "half")) == "too_late"


def vault_with(tmp_path: Path, fixtures: Any) -> Path:
    """The vault with fixtures."""
    files = {name: (VAULT / name).read_text("utf-8") for name in ("openapi.yaml", "behaviour.yaml")}
    return write_spec(tmp_path / "vault", {**files, "fixtures/token.json": fixtures})


def test_the_same_calls_give_the_same_tokens() -> None:
    one, other = [[issued(vault := serve(VAULT)), issued(vault, "code"), issued(vault)] for _ in range(2)]
    assert one == other
    assert issued(serve(VAULT, seed=1)) != one[0]


def test_many_at_once_get_tokens_of_their_own(vault: Mock) -> None:
    found: list[str] = []

    def work() -> None:
        for _ in range(25):
            body = b'{"kind": "access", "client": "c"}'
            request = Request("POST", "/vault/issue", "", {"content-type": "application/json"}, body)
            found.append(json.loads(vault.engine.handle(request).body)["made"]["token"])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == len(found) == 200 == len(vault.records("token"))


def test_one_may_live_to_the_end_of_the_calendar(vault: Mock) -> None:
    vault.engine.replace_state("vault", "token", [{"token": "x", "expires_at": "9999-12-31T23:59:59Z"}])
    assert use(vault, "x").status == 200
