"""Tokens for the author of a test, and APIs whose tokens hold at others."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mockserver.engine.assembly import Options, build_engine
from mockserver.engine.engine import Engine
from mockserver.engine.grants import Wanted
from mockserver.exceptions import UsageError
from mockserver.messages import Request
from mockserver.web.watch import watched_folders
from tests.mocks import DESK, START, answers, desk, one_operation, serve, write_spec

VAULT = Path(__file__).parents[1] / "data" / "vault"
OAUTH = {
    "type": "oauth2",
    "flows": {"clientCredentials": {"tokenUrl": "https://a.example/t", "scopes": {"read": "", "write": ""}}},
}


def called(engine: Engine, path: str, token: str, **headers: str) -> tuple[int, Any]:
    response = engine.handle(Request("GET", path, "", {"authorization": f"Bearer {token}", **headers}))
    return response.status, json.loads(response.body)


class TestWanted:
    def test_what_is_not_said_is_everything(self) -> None:
        engine = serve(VAULT).engine
        assert engine.issue_token("vault", Wanted()) == {
            "access_token": (token := engine.records("vault", "token")[0]["token"]),
            "token_type": "Vault-token",
            "expires_in": 3600,
            "expires_at": "2025-01-15T13:00:00Z",
            "scope": "things.all things.read things.write",
            "header": f"Authorization: Vault-token {token}",
        }
        assert called(engine, "/vault/things", token)[0] == 200

    def test_everything_said(self) -> None:
        engine = serve(VAULT).engine
        wanted = Wanted(("things.read", "things.read"), (), {"x": 1}, 60, "ann", "acme", "app")
        given = engine.issue_token("vault", wanted)
        assert (given["scope"], given["roles"], given["expires_in"]) == ("things.read", [], 60)
        who = called(engine, "/vault/me", given["access_token"])[1]
        assert (who["user"], who["organisation"], who["client"]) == ("ann", "acme", "app")
        assert (who["scopes"], who["roles"], who["claims"]) == (["things.read"], [], {"x": 1})

    def test_no_scope_at_all(self) -> None:
        engine = serve(VAULT).engine
        given = engine.issue_token("vault", Wanted(scopes=()))
        assert given["scope"] == ""
        assert called(engine, "/vault/things", given["access_token"])[0] == 403

    def test_the_life_that_was_asked_for(self) -> None:
        engine = serve(VAULT).engine
        token = engine.issue_token("vault", Wanted(expires_in=10))["access_token"]
        assert called(engine, "/vault/me", token)[0] == 200
        engine.advance(timedelta(seconds=10))
        assert called(engine, "/vault/me", token) == (401, {"code": "too_late"})
        over = engine.issue_token("vault", Wanted(expires_in=0))["access_token"]
        assert called(engine, "/vault/me", over) == (401, {"code": "too_late"})

    @pytest.mark.parametrize(
        ("wanted", "message"),
        [
            (Wanted(scopes=("things.reed",)), r"vault has no scope 'things.reed' \(did you mean 'things.read'\?\)"),
            (Wanted(scopes=("zebra",)), r"no scope 'zebra' \(known: things.all, things.read, things.write\)"),
            (Wanted(roles=("boss",)), r"vault has no role 'boss' \(it has no roles at all\)"),
            (Wanted(expires_in=-1), r"expires_in is -1 \(give seconds, 0 for a token that is over at once\)"),
            (Wanted(expires_in=10**12), r"expires_in is 1000000000000 \(.*9999"),
        ],
    )
    def test_what_cannot_be(self, wanted: Wanted, message: str) -> None:
        engine = serve(VAULT).engine
        with pytest.raises(UsageError, match=message):
            engine.issue_token("vault", wanted)
        assert engine.records("vault", "token") == []

    def test_of_an_api_that_is_not_there(self) -> None:
        with pytest.raises(UsageError, match=r"no API is called 'vualt' \(did you mean 'vault'\?\)"):
            serve(VAULT).engine.issue_token("vualt", Wanted())

    def test_of_one_that_asks_for_none(self) -> None:
        with pytest.raises(UsageError, match="it asks for no token"):
            one_operation(answers(True)).engine.issue_token("it", Wanted())

    def test_in_a_namespace(self) -> None:
        engine = serve(VAULT, auth="strict").engine
        token = engine.issue_token("vault", Wanted(), "one")["access_token"]
        assert called(engine, "/@one/vault/me", token)[0] == 200
        assert called(engine, "/vault/me", token) == (401, {"code": "stranger"})


class TestWithoutAWordAboutTokens:
    def test_without_a_behaviour_file(self) -> None:
        operation = {**answers({}, security=[{"s": ["read"]}])}
        operation["responses"] = {"default": {"description": "ok", "content": {"application/json": {"example": 1}}}}
        engine = one_operation(operation, components={"securitySchemes": {"s": OAUTH}}, auth="strict").engine
        given = engine.issue_token("it", Wanted(scopes=("write",)))
        assert (len(given["access_token"]), given["expires_in"], given["token_type"]) == (40, 3600, "Bearer")
        assert called(engine, "/it/it", given["access_token"])[0] == 403
        assert called(engine, "/it/it", engine.issue_token("it", Wanted())["access_token"])[0] == 200
        assert called(engine, "/it/it", "x" * 40)[0] == 401
        assert engine.state("it") == {}

    def test_beside_other_resources(self) -> None:
        mock = desk(auth="strict")
        given = mock.engine.issue_token("desk", Wanted())
        assert mock.call("GET /tickets", authorization=given["header"].partition(" ")[2]).status == 200
        assert mock.call("GET /tickets").status == 401
        assert set(mock.engine.state("desk")) == {"ticket", "note"}
        with pytest.raises(UsageError, match=r"desk has no resource '@token' \(resources: ticket, note\)"):
            mock.engine.records("desk", "@token")
        with pytest.raises(UsageError, match="desk has no resource '@token'"):
            mock.engine.replace_state("desk", "@token", [])
        mock.engine.advance(timedelta(hours=2))
        assert mock.call("GET /tickets", authorization=f"Bearer {given['access_token']}").status == 401

    def test_where_a_resource_of_the_api_is_called_token(self) -> None:
        behaviour = {"resources": {"token": {"key": "id"}}}
        operation = answers({}, security=[{"s": []}])
        rules = {"list": "token", "as": "tokens"}
        mock = one_operation(
            operation,
            rules,
            behaviour=behaviour,
            components={"securitySchemes": {"s": OAUTH}},
            fixtures={"token": [{"id": "parking"}]},
            auth="strict",
        )
        given = mock.engine.issue_token("it", Wanted())["access_token"]
        assert called(mock.engine, "/it/it", given) == (200, {"tokens": [{"id": "parking"}]})


class TestCarriedElsewhere:
    @pytest.mark.parametrize(
        ("scheme", "rules", "word", "header"),
        [
            ({"type": "http", "scheme": "bearer"}, {}, "Bearer", "Authorization: Bearer "),
            (OAUTH, {"words": ["", "Bearer"]}, "apiKey", "Authorization: "),
            ({"type": "apiKey", "in": "header", "name": "x-api-key"}, {}, "apiKey", "X-Api-Key: "),
            ({"type": "apiKey", "in": "query", "name": "key"}, {}, "apiKey", None),
        ],
    )
    def test_how_it_travels(self, scheme: Any, rules: Any, word: str, header: str | None) -> None:
        mock = one_operation(
            answers({}, security=[{"s": []}]),
            {"respond": {"body": {}}},
            components={"securitySchemes": {"s": scheme}},
            behaviour={"security": {"s": rules}},
            auth="strict",
        )
        given = mock.engine.issue_token("it", Wanted())
        token = given["access_token"]
        assert given["token_type"] == word
        assert given.get("header") == (None if header is None else header + token)
        headers = dict([given["header"].split(": ")]) if header else {}
        query = "" if header else f"key={token}"
        answer = mock.engine.handle(Request("GET", "/it/it", query, {k.lower(): v for k, v in headers.items()}))
        assert answer.status == 200

    def test_the_sample_request_works_however_strict(self) -> None:
        engine = serve(VAULT, auth="strict").engine
        first = engine.sample_request("vault")
        assert engine.handle(first).status == 200
        assert engine.sample_request("vault").headers == first.headers, "it is not issued again"
        snapshot = engine.snapshot()
        engine.advance(timedelta(days=400))
        assert engine.handle(first).status == 200, "it is never over"
        engine.restore(snapshot)
        assert engine.handle(first).status == 200
        engine.reset()
        assert engine.handle(first).status == 200, "what a person has copied goes on working"

    def test_looking_at_a_sample_changes_no_answer(self) -> None:
        looked, other = serve(VAULT, auth="strict").engine, serve(VAULT, auth="strict").engine
        looked.sample_request("vault")
        assert looked.issue_token("vault", Wanted()) == other.issue_token("vault", Wanted())


def two(tmp_path: Path, *serving: str, issuer: Mapping[str, Any] | None = None, **options: Any) -> Engine:
    """The API `shop`, which trusts the tokens of `accounts` beside it, whether that is served or not."""
    operation = answers({}, security=[{"s": ["read"]}])
    operation["responses"]["default"] = {"description": "no", "content": {"application/json": {}}}
    head = {"openapi": "3.1.0", "info": {"title": "It", "version": "1"}}
    write_spec(
        tmp_path,
        {
            "specs/shop/openapi.json": {
                **head,
                "paths": {"/it": {"get": {"operationId": "it", **operation}}},
                "components": {"securitySchemes": {"s": OAUTH}},
            },
            "specs/shop/behaviour.json": {
                "security": {"s": {"issuer": "accounts"}},
                "operations": {"it": {"respond": {"body": "${{ caller }}"}}},
            },
            "specs/accounts/openapi.json": {**head, "paths": {}},
            "specs/accounts/behaviour.json": issuer
            if issuer is not None
            else {"tokens": {"access": {"value": "acc.${{ hex(8) }}", "expires_in": 60}}},
        },
    )
    chosen = Options(**{"start": START, "auth": "strict", **options})
    return build_engine([str(tmp_path / "specs" / name) for name in serving], chosen)


def two_again(tmp_path: Path) -> Engine:
    return build_engine([str(tmp_path / "specs" / "shop")], Options(start=START, auth="strict"))


class TestAnotherIssuer:
    @pytest.mark.parametrize("serving", [("shop",), ("shop", "accounts"), ("accounts", "shop")])
    def test_its_tokens_hold(self, tmp_path: Path, serving: tuple[str, ...]) -> None:
        engine = two(tmp_path, *serving)
        given = engine.issue_token("shop", Wanted(user="ann"))
        assert given["access_token"].startswith("acc.")
        status, who = called(engine, "/shop/it", given["access_token"])
        assert (status, who["user"], who["scopes"]) == (200, "ann", ["read", "write"])
        assert [each["token"] for each in engine.records("accounts", "token")] == [given["access_token"]]
        assert called(engine, "/shop/it", "other")[0] == 401
        trace = engine.journal.since(0)[-1].trace[-1]
        assert "accounts has not issued this credential" in trace
        assert "'mockserver token shop' gives one" in trace
        engine.advance(timedelta(seconds=60))
        assert called(engine, "/shop/it", given["access_token"])[0] == 401
        assert engine.records("accounts", "token")[0]["status"] == "expired"

    def test_it_is_reset_kept_and_put_with_the_others(self, tmp_path: Path) -> None:
        engine = two(tmp_path, "shop")
        token = engine.issue_token("shop", Wanted())["access_token"]
        kept = engine.snapshot()
        engine.replace_state("accounts", "token", [{"token": "mine", "scopes": "read"}])
        assert [called(engine, "/shop/it", text)[0] for text in (token, "mine")] == [401, 200]
        engine.restore(kept)
        assert [called(engine, "/shop/it", text)[0] for text in (token, "mine")] == [200, 401]
        engine.reset()
        assert called(engine, "/shop/it", token)[0] == 401

    def test_its_settings_may_be_changed_and_its_files_are_watched(self, tmp_path: Path) -> None:
        issuer = {
            "settings": {"life": {"value": 60}},
            "tokens": {"access": {"value": "acc.${{ hex(8) }}", "expires_in": "${{ settings.life }}"}},
        }
        engine = two(tmp_path, "shop", issuer=issuer, settings={"accounts": {"life": 5}})
        assert engine.issue_token("shop", Wanted())["expires_in"] == 5
        assert tmp_path / "specs" / "accounts" in watched_folders(engine)
        with pytest.raises(UsageError, match=r"settings for 'acounts', which is not served .did you mean 'accounts'"):
            two(tmp_path, "shop", issuer=issuer, settings={"acounts": {"life": 5}})

    def test_a_token_for_the_scheme_that_another_issuer_vouches_for(self, tmp_path: Path) -> None:
        engine = two(tmp_path, "shop")
        document = tmp_path / "specs" / "shop" / "openapi.json"
        text = document.read_text().replace(
            '"securitySchemes": {', '"securitySchemes": {"own": {"type": "http", "scheme": "bearer"},'
        )
        document.write_text(text)
        engine = two_again(tmp_path)
        first = engine.issue_token("shop", Wanted())["access_token"]
        assert called(engine, "/shop/it", first)[0] == 401
        assert "'mockserver token shop --scheme s' gives one" in engine.journal.since(0)[-1].trace[-1]
        token = engine.issue_token("shop", Wanted(scheme="s"))["access_token"]
        assert called(engine, "/shop/it", token)[0] == 200
        with pytest.raises(UsageError, match=r"shop has no security scheme 'x' that takes a token .it has own, s"):
            engine.issue_token("shop", Wanted(scheme="x"))

    def test_a_namespace_is_one_in_both(self, tmp_path: Path) -> None:
        engine = two(tmp_path, "shop")
        token = engine.issue_token("shop", Wanted(), "one")["access_token"]
        assert called(engine, "/@one/shop/it", token)[0] == 200
        assert called(engine, "/shop/it", token)[0] == 401

    def test_it_need_not_speak_of_tokens(self, tmp_path: Path) -> None:
        engine = two(tmp_path, "shop", issuer={})
        token = engine.issue_token("shop", Wanted())["access_token"]
        assert (len(token), called(engine, "/shop/it", token)[0]) == (40, 200)

    def test_what_is_over_is_forgotten_though_nobody_calls_it(self, tmp_path: Path) -> None:
        engine = two(tmp_path, "shop")
        for _ in range(3):
            engine.issue_token("shop", Wanted())
            engine.clock.advance(timedelta(hours=2))  # as time passes by itself
        assert len(engine.api("accounts").space("").state.tables["token"]) == 1

    def test_no_path_leads_to_one_that_is_silent(self, tmp_path: Path) -> None:
        engine = two(tmp_path, "shop")
        assert list(engine.apis) == ["shop"]
        assert engine.handle(Request("GET", "/accounts/it")).status == 404


def test_many_at_once_get_tokens_of_their_own() -> None:
    engine = serve(VAULT).engine
    found: list[str] = []

    def work() -> None:
        found.extend(engine.issue_token("vault", Wanted())["access_token"] for _ in range(50))

    threads = [threading.Thread(target=work) for _ in range(8)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert len(set(found)) == len(engine.records("vault", "token")) == 400


def test_a_call_for_a_token_changes_nothing_else() -> None:
    """What is drawn for it comes from the draws of the API that issues it: its own state alone moves on."""
    engine = build_engine([str(VAULT), str(DESK)], Options(start=START))
    before = engine.apis["desk"].space("").state
    engine.issue_token("vault", Wanted())
    assert engine.apis["desk"].space("").state is before
