"""Who may call: credentials in every place and form, alternatives, scopes and roles, and each refusal by its name."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.mocks import Answer, Mock, answers, desk, one_operation

NAMES = ("missing", "malformed", "unknown", "expired", "revoked", "insufficient")
STATUS = {"unauthenticated": 401, "forbidden": 403, **dict.fromkeys(NAMES, 401), "insufficient": 403}
BEARER = {"type": "http", "scheme": "bearer"}
BASIC = {"type": "http", "scheme": "basic"}
OAUTH = {
    "type": "oauth2",
    "flows": {"clientCredentials": {"tokenUrl": "https://a.example/t", "scopes": {"read": "", "write": ""}}},
}
HEADER_KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}
QUERY_KEY = {"type": "apiKey", "in": "query", "name": "key"}
COOKIE_KEY = {"type": "apiKey", "in": "cookie", "name": "sid"}
AUTHORIZATION_KEY = {"type": "apiKey", "in": "header", "name": "Authorization"}


def secured(
    *schemes: dict[str, Any],
    security: list[dict[str, list[str]]] | None = None,
    rules: dict[str, Any] | None = None,
    **more: Any,
) -> Mock:
    """`GET /it` that any one of the schemes `s0`, `s1`, … opens, or what `security` says; it answers who called. Every
    error has its own name in the answer. `rules` are those of `s0`."""
    operation = answers({}, security=security or [{f"s{at}": []} for at in range(len(schemes))])
    operation["responses"]["default"] = {"description": "no", "content": {"application/json": {}}}
    behaviour = {
        "errors": {name: {"status": status} for name, status in STATUS.items()},
        "error_body": {"code": "${{ error.name }}"},
        "tokens": {"access": {"value": "t.${{ hex(8) }}", "expires_in": 3600}, "refresh": {"value": "r.${{ hex(8) }}"}},
    }
    if rules is not None:
        behaviour["security"] = {"s0": rules}
    return one_operation(
        operation,
        {"respond": {"body": "${{ caller }}"}},
        components={"securitySchemes": {f"s{at}": scheme for at, scheme in enumerate(schemes)}},
        behaviour=behaviour,
        **more,
    )


def hold(mock: Mock, *tokens: dict[str, Any]) -> None:
    """Let these be the tokens that were issued."""
    mock.engine.replace_state("it", "token", list(tokens))


def pair(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def said(answer: Answer) -> str:
    """The error, and the reason that the trace gives."""
    return f"{answer.json['code']}: {answer.exchange.trace[-1]}"


WELL_FORMED = [
    (BEARER, {"authorization": "Bearer abc.DEF-1"}, "", "abc.DEF-1"),
    (BEARER, {"authorization": "bearer x"}, "", "x"),
    (BEARER, {"authorization": "bEaReR x"}, "", "x"),
    (BEARER, {"authorization": "Bearer <YOUR_TOKEN>"}, "", "<YOUR_TOKEN>"),
    (BEARER, {"authorization": f"Bearer {'x' * 4096}"}, "", "x" * 4096),
    (BASIC, {"authorization": "Basic dTpw"}, "", "dTpw"),
    (OAUTH, {"authorization": "Bearer x"}, "", "x"),
    ({"type": "openIdConnect", "openIdConnectUrl": "https://a.example"}, {"authorization": "Bearer x"}, "", "x"),
    (HEADER_KEY, {"x-key": "k"}, "", "k"),
    (QUERY_KEY, {}, "?a=1&key=k%21", "k!"),
    (QUERY_KEY, {}, "?key=one&key=two", "one"),
    (COOKIE_KEY, {"cookie": "a=b; sid=k"}, "", "k"),
    (COOKIE_KEY, {"cookie": 'odd={"a":1}; broken; sid="k"'}, "", "k"),
    (AUTHORIZATION_KEY, {"authorization": "k"}, "", "k"),
    (AUTHORIZATION_KEY, {"authorization": "Token k"}, "", "k"),
    ({"type": "mutualTLS"}, {}, "", ""),
]


@pytest.mark.parametrize(("scheme", "headers", "query", "token"), WELL_FORMED)
def test_a_credential_that_is_well_formed(scheme: Any, headers: dict[str, str], query: str, token: str) -> None:
    answer = secured(scheme).call(f"GET /it{query}", headers={"authorization": None, **headers})
    assert answer.status == 200, answer.exchange.trace
    assert (answer.json["scheme"], answer.json["token"], answer.json["issued"]) == ("s0", token, False)
    assert (answer.json["scopes"], answer.json["roles"]) == (None, None), "it may do everything"
    assert answer.violations == []


def test_what_a_rule_can_ask_of_the_caller() -> None:
    who = dict.fromkeys(("scopes", "roles", "user", "organisation", "client", "username", "password"))
    who |= {"scheme": "s0", "token": "test", "issued": False, "claims": {}}
    assert secured(BEARER).call("GET /it").json == who


BAD_HEADERS = {
    "no scheme word": ("x", "the header has no scheme word"),
    "the word alone": ("Bearer", "the credential is empty; wanted"),
    "nothing after the word": ("Bearer ", "the credential is empty"),
    "two spaces": ("Bearer  x", "there is a space in the credential"),
    "a tab": ("Bearer\tx", "the header has no scheme word"),
    "another word": ("Token x", "the scheme word is 'Token'"),
    "two schemes": ("Bearer x, Basic dTpw", "there is a space in the credential"),
    "two headers joined": ("Bearer x,Bearer y", "there is a space in the credential"),
    "not ASCII": ("Bearer é", "not visible ASCII"),
    "two words": ("Bearer a b", "there is a space in the credential"),
    "a control character": ("Bearer a\x07b", "not visible ASCII"),
    "a line break at the end": ("Bearer a\n", "not visible ASCII"),
    "eight kilobytes": (f"Bearer {'x' * 8192}", "the credential has 8192 characters, more than 4096"),
    "a word of eight kilobytes": ("x" * 8192, "the header has no scheme word; wanted"),
}


@pytest.mark.parametrize("auth", ["lenient", "strict"])
@pytest.mark.parametrize(("header", "reason"), BAD_HEADERS.values(), ids=BAD_HEADERS)
def test_a_header_that_cannot_be_read(header: str, reason: str, auth: str) -> None:
    answer = secured(BEARER, rules={"missing": "missing", "malformed": "malformed"}, auth=auth).call(
        "GET /it", authorization=header
    )
    assert (answer.status, answer.json, answer.violations) == (401, {"code": "malformed"}, ["security"])
    assert reason in answer.exchange.trace[-1]
    assert "wanted: Authorization: Bearer <credential> (rule security.s0.malformed" in answer.exchange.trace[-1]
    assert answer.exchange.violations[0].expected == "Authorization: Bearer <credential>"


@pytest.mark.parametrize(
    ("scheme", "headers", "query", "what"),
    [
        (BEARER, {}, "", "missing"),
        (BEARER, {"authorization": ""}, "", "missing"),
        (BASIC, {"authorization": "Bearer x"}, "", "malformed"),
        (HEADER_KEY, {}, "", "missing"),
        (HEADER_KEY, {"x-key": ""}, "", "missing"),
        (HEADER_KEY, {"x-key": "a b"}, "", "malformed"),
        (HEADER_KEY, {"x-key": "ü"}, "", "malformed"),
        (QUERY_KEY, {}, "", "missing"),
        (QUERY_KEY, {}, "?key=", "missing"),
        (QUERY_KEY, {}, "?key=%00", "malformed"),
        (QUERY_KEY, {}, f"?key={'x' * 5_000}", "malformed"),
        (COOKIE_KEY, {}, "", "missing"),
        (COOKIE_KEY, {"cookie": "sid; =;\x00"}, "", "missing"),
        (COOKIE_KEY, {"cookie": "sid=a b"}, "", "malformed"),
        (AUTHORIZATION_KEY, {"authorization": "Token a b"}, "", "malformed"),
    ],
)
def test_nothing_or_nothing_that_could_be_one(scheme: Any, headers: dict[str, str], query: str, what: str) -> None:
    mock = secured(scheme, rules={"missing": "missing", "malformed": "malformed"})
    answer = mock.call(f"GET /it{query}", headers={"authorization": None, **headers})
    assert (answer.status, answer.json, answer.violations) == (401, {"code": what}, ["security"])
    assert "wanted: " in answer.exchange.violations[0].message


class TestWords:
    def test_others_are_accepted_with_a_warning(self) -> None:
        mock = secured(OAUTH, rules={"words": ["Desk-token", "Bearer"]})
        assert mock.call("GET /it", authorization="desk-TOKEN x").warnings == []
        odd = mock.call("GET /it", authorization="Bearer x")
        assert (odd.status, odd.json["token"], odd.warnings) == (200, "x", ["security.s0"])
        assert mock.call("GET /it", authorization="Token x").status == 401

    def test_the_bare_credential_where_the_file_says_so(self) -> None:
        mock = secured(OAUTH, rules={"words": ["Bearer", ""]})
        bare = mock.call("GET /it", authorization="x")
        assert (bare.status, bare.json["token"], bare.warnings) == (200, "x", ["security.s0"])
        assert mock.call("GET /it", authorization="Bearer x").warnings == []
        assert mock.call("GET /it", authorization="Token x").status == 401
        assert mock.call("GET /it", authorization="Bearer").status == 401

    def test_the_bare_credential_alone(self) -> None:
        mock = secured(OAUTH, rules={"words": [""]})
        assert (mock.call("GET /it", authorization="x").warnings, mock.call("GET /it").status) == ([], 401)
        assert mock.call("GET /it").exchange.violations[0].expected == "Authorization: <credential>"
        assert mock.engine.handle(mock.engine.sample_request("it")).status == 200

    def test_an_api_key_has_them_too(self) -> None:
        mock = secured(AUTHORIZATION_KEY, rules={"words": ["Token"]})
        assert mock.call("GET /it", authorization="token k").json["token"] == "k"
        assert mock.call("GET /it", authorization="Bearer k").status == 401
        assert (
            mock.call("GET /it", authorization=None).exchange.violations[0].expected
            == "Authorization: Token <credential>"
        )


class TestBasic:
    def test_user_and_password(self) -> None:
        mock = secured(BASIC)
        who = mock.call("GET /it", authorization=f"Basic {pair('ann:p:w')}").json
        assert (who["username"], who["password"]) == ("ann", "p:w")
        who = mock.call("GET /it", authorization=f"Basic {pair('jürgen:')}").json
        assert (who["username"], who["password"]) == ("jürgen", "")

    @pytest.mark.parametrize("auth", ["lenient", "strict"])
    @pytest.mark.parametrize(
        ("credential", "reason"),
        [
            ("d", "not base64"),
            ("dTpw!", "not base64"),
            (pair(b"\xff:x"), "not base64"),
            (pair("ann"), "no colon"),
        ],
    )
    def test_what_is_no_such_pair(self, credential: str, reason: str, auth: str) -> None:
        mock = secured(BASIC, rules={"missing": "missing", "malformed": "malformed"}, auth=auth)
        answer = mock.call("GET /it", authorization=f"Basic {credential}")
        assert said(answer).startswith("malformed: 401: ")
        assert reason in said(answer)

    def test_strictly_only_what_was_issued(self) -> None:
        mock = secured(BASIC, rules={"unknown": "unknown"}, auth="strict")
        assert mock.call("GET /it", authorization=f"Basic {pair('ann:pw')}").json == {"code": "unknown"}
        hold(mock, {"token": pair("ann:pw"), "kind": "access", "user": "ann"})
        assert mock.call("GET /it", authorization=f"Basic {pair('ann:pw')}").json["user"] == "ann"


TOKENS = (
    {"token": "good"},
    {"token": "late", "status": "expired", "expires_at": "2025-01-15T11:20:00Z"},
    {"token": "back", "status": "revoked", "revoked_at": "2025-01-15T11:30:00Z"},
    {"token": "reader", "scopes": ["read"]},
    {"token": "nobody", "scopes": []},
    {"token": "textual", "scopes": "read,write"},
    {"token": "longer", "kind": "refresh"},
)
FOUND = {
    "missing": (None, "no Authorization header"),
    "malformed": ("Bearer a b", "there is a space in the credential"),
    "unknown": ("Bearer stranger", "it has not issued this credential"),
    "expired": ("Bearer late", "the credential expired at 2025-01-15T11:20:00Z"),
    "revoked": ("Bearer back", "the credential was revoked at 2025-01-15T11:30:00Z"),
    "insufficient": ("Bearer reader", "the caller has the scopes read; wanted: read and write"),
}


def guarded(rules: dict[str, Any] | None, auth: str = "strict") -> Mock:
    mock = secured(OAUTH, security=[{"s0": ["write", "read"]}], rules=rules, auth=auth)
    hold(mock, *TOKENS)
    return mock


class TestErrors:
    @pytest.mark.parametrize("what", NAMES)
    def test_each_has_its_own(self, what: str) -> None:
        credential, reason = FOUND[what]
        mock = guarded({**{name: name for name in NAMES}, "evidence": "observed"})
        answer = mock.call("GET /it", authorization=credential)
        assert (answer.status, answer.json) == (STATUS[what], {"code": what})
        assert f": {reason}" in answer.exchange.trace[-1]
        assert f"(rule security.s0.{what}, error {what}, observed)" in answer.exchange.trace[-1]

    @pytest.mark.parametrize("what", NAMES)
    def test_the_client_has_broken_the_contract_only_where_no_credential_came(self, what: str) -> None:
        answer = guarded(None).call("GET /it", authorization=FOUND[what][0])
        assert answer.violations == (["security"] if what in ("missing", "malformed") else [])
        assert answer.exchange.verdict == ("violation" if answer.violations else "ok")

    @pytest.mark.parametrize(
        ("what", "passes"),
        [
            *((what, "wanted: Authorization: Bearer <credential>") for what in ("missing", "malformed")),
            *((what, "'mockserver token it' gives one") for what in ("unknown", "expired", "revoked")),
            ("insufficient", "'mockserver token it --scope read --scope write' gives one that passes"),
        ],
    )
    def test_the_trace_says_what_would_have_passed(self, what: str, passes: str) -> None:
        assert passes in guarded(None).call("GET /it", authorization=FOUND[what][0]).exchange.trace[-1]

    @pytest.mark.parametrize(
        ("declared", "codes"),
        [
            ((), ["unauthenticated"] * 5 + ["forbidden"]),
            (("missing",), ["missing"] * 5 + ["forbidden"]),
            (("malformed",), ["unauthenticated"] + ["malformed"] * 4 + ["forbidden"]),
            (("missing", "unknown"), ["missing"] * 2 + ["unknown"] * 3 + ["forbidden"]),
            (("expired",), ["unauthenticated"] * 3 + ["expired", "unauthenticated", "forbidden"]),
            (("revoked", "insufficient"), ["unauthenticated"] * 4 + ["revoked", "insufficient"]),
        ],
    )
    def test_one_that_is_not_declared_is_the_one_before(self, declared: tuple[str, ...], codes: list[str]) -> None:
        mock = guarded({name: name for name in declared})
        given = [mock.call("GET /it", authorization=FOUND[what][0]).json["code"] for what in NAMES]
        assert given == codes

    def test_lenient_lets_in_who_is_unknown_and_nobody_else(self) -> None:
        mock = guarded({name: name for name in NAMES}, auth="lenient")
        answer = mock.call("GET /it", authorization=FOUND["unknown"][0])
        assert (answer.status, answer.json["issued"]) == (200, False)
        assert "authenticate: the credential is present and well-formed, accepted (lenient)" in answer.exchange.trace
        for what in NAMES:
            if what != "unknown":
                assert mock.call("GET /it", authorization=FOUND[what][0]).json == {"code": what}

    @pytest.mark.parametrize("auth", ["lenient", "strict"])
    def test_a_token_that_only_gets_others_opens_nothing(self, auth: str) -> None:
        answer = guarded({name: name for name in NAMES}, auth).call("GET /it", authorization="Bearer longer")
        assert answer.json == {"code": "unknown"}
        assert "a token of the kind 'refresh', which no call carries" in answer.exchange.trace[-1]

    def test_with_accept_any_nothing_is_looked_up(self) -> None:
        mock = guarded({"accept": "any"})
        for token in ("stranger", "late", "back", "reader", "longer"):
            answer = mock.call("GET /it", authorization=f"Bearer {token}")
            assert (answer.status, answer.json["issued"], answer.json["scopes"]) == (200, False, None)
        assert mock.call("GET /it", authorization="Bearer a b").status == 401


class TestScopes:
    @pytest.mark.parametrize(
        ("token", "allowed"), [("good", True), ("reader", False), ("nobody", False), ("textual", True)]
    )
    def test_all_of_a_requirement_must_be_held(self, token: str, allowed: bool) -> None:
        answer = guarded(None).call("GET /it", authorization=f"Bearer {token}")
        assert answer.status == (200 if allowed else 403)

    def test_one_requirement_is_enough(self) -> None:
        mock = secured(OAUTH, security=[{"s0": ["write", "read"]}, {"s0": ["read"]}])
        hold(mock, *TOKENS)
        assert mock.call("GET /it", authorization="Bearer reader").json["scopes"] == ["read"]
        refused = mock.call("GET /it", authorization="Bearer nobody")
        assert "the caller has no scope; wanted: read and write or read;" in said(refused)

    def test_roles_stand_where_openapi_knows_no_scopes(self) -> None:
        mock = secured(BEARER, security=[{"s0": ["agent"]}], rules={"insufficient": "insufficient"})
        hold(mock, {"token": "a", "roles": ["agent", "x"]}, {"token": "s", "roles": ["x"], "scopes": ["agent"]})
        assert mock.call("GET /it", authorization="Bearer a").json["roles"] == ["agent", "x"]
        refused = mock.call("GET /it", authorization="Bearer s")
        assert said(refused).startswith("insufficient: 403: the caller has the roles x; wanted: agent; ")
        assert "'mockserver token it --role agent' gives one that passes" in said(refused)


class TestAlternatives:
    def test_any_one_of_them(self) -> None:
        mock = secured(BEARER, HEADER_KEY)
        assert mock.call("GET /it").json["scheme"] == "s0"
        assert mock.call("GET /it", authorization=None, x_key="k").json["scheme"] == "s1"
        refused = mock.call("GET /it", authorization=None)
        assert refused.status == 401
        assert refused.exchange.violations[0].expected == "Authorization: Bearer <credential> or header X-Key: <key>"

    def test_a_certificate_is_named_in_words(self) -> None:
        mock = secured(BEARER, {"type": "mutualTLS"}, security=[{"s0": [], "s1": []}])
        refused = mock.call("GET /it", authorization=None)
        assert refused.exchange.violations[0].expected == "Authorization: Bearer <credential> and a client certificate"

    @pytest.mark.parametrize("order", [("s0", "s1", "s2"), ("s2", "s1", "s0"), ("s1", "s0", "s2")])
    def test_the_refusal_that_tells_most(self, order: tuple[str, ...]) -> None:
        """Nothing at X-Key, the wrong word for Basic, a token that was revoked."""
        mock = secured(OAUTH, BASIC, HEADER_KEY, security=[{name: []} for name in order], rules={"revoked": "revoked"})
        hold(mock, *TOKENS)
        answer = mock.call("GET /it", authorization="Bearer back")
        assert (answer.json, answer.violations) == ({"code": "revoked"}, [])

    def test_all_of_one_alternative(self) -> None:
        mock = secured(OAUTH, HEADER_KEY, security=[{"s0": ["read"], "s1": []}], auth="strict")
        hold(mock, *TOKENS, {"token": "key"})
        assert mock.call("GET /it", authorization="Bearer reader", x_key="key").status == 200
        assert "no header 'X-Key'" in said(mock.call("GET /it", authorization="Bearer reader"))
        assert "has not issued" in said(mock.call("GET /it", authorization="Bearer reader", x_key="other"))
        assert mock.call("GET /it", authorization="Bearer nobody", x_key="key").status == 403

    def test_the_one_that_is_too_narrow_is_named(self) -> None:
        mock = secured(OAUTH, HEADER_KEY, security=[{"s0": ["read"], "s1": ["boss"]}])
        hold(mock, *TOKENS, {"token": "key", "roles": ["clerk"]})
        refused = said(mock.call("GET /it", authorization="Bearer reader", x_key="key"))
        assert "the caller has the roles clerk; wanted: boss; 'mockserver token it --role boss'" in refused
        assert "rule security.s1.insufficient" in refused

    def test_a_later_one_that_reaches_where_the_first_is_too_narrow(self) -> None:
        mock = secured(
            OAUTH, HEADER_KEY, security=[{"s0": ["write"]}, {"s1": []}], rules={"insufficient": "insufficient"}
        )
        hold(mock, *TOKENS)
        assert mock.call("GET /it", authorization="Bearer reader").json == {"code": "insufficient"}
        answer = mock.call("GET /it", authorization="Bearer reader", x_key="k")
        assert (answer.status, answer.json["scheme"]) == (200, "s1")
        assert any("what came before it is too narrow" in line for line in answer.exchange.trace)

    def test_nobody_is_let_in_by_an_empty_one(self) -> None:
        mock = secured(OAUTH, security=[{"s0": ["write"]}, {}], rules={"revoked": "revoked"})
        hold(mock, *TOKENS)
        nobody = mock.call("GET /it", authorization=None)
        assert (nobody.status, nobody.json["scheme"], nobody.violations) == (200, "", [])
        assert mock.call("GET /it").json["scheme"] == "s0"
        assert mock.call("GET /it", authorization="Bearer reader").json["scopes"] == ["read"], "nobody may call too"
        assert mock.call("GET /it", authorization="Bearer back").json == {"code": "revoked"}
        assert mock.call("GET /it", authorization="Token x").status == 401


def test_an_operation_open_to_all_needs_none() -> None:
    assert desk().call("GET /status", authorization=None).status == 200


def test_the_sample_request_carries_one() -> None:
    mock = desk()
    assert mock.engine.handle(mock.engine.sample_request("desk")).status == 200
