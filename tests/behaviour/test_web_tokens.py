"""JSON Web Tokens: those that the mock signs, and whatever else a client may send in their place."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest

from mockserver.engine.grants import Wanted
from mockserver.exceptions import ExpressionError, UsageError
from tests.behaviour.test_security import BEARER, NAMES, STATUS
from tests.mocks import START, Answer, Mock, answers, one_operation

NOW = int(START.timestamp())
JWT = {**BEARER, "bearerFormat": "JWT"}
CLAIMS = {
    "iss": "https://it.example",
    "sub": "${{ item.user }}",
    "roles": "${{ item.roles }}",
    "org": "${{ item.organisation }}",
    "plan": "basic",
}


def signing(
    scheme: dict[str, Any] = JWT,
    rules: dict[str, Any] | None = None,
    kind: dict[str, Any] | None = None,
    roles: tuple[str, ...] = (),
    **more: Any,
) -> Mock:
    """`GET /it` for who has the roles, and tells who called; its tokens are JSON Web Tokens."""
    operation = answers({}, security=[{"s0": list(roles)}])
    operation["responses"]["default"] = {"description": "no", "content": {"application/json": {}}}
    errors = {name: name for name in NAMES}
    behaviour = {
        "errors": {name: {"status": status} for name, status in STATUS.items()},
        "error_body": {"code": "${{ error.name }}"},
        "security": {"s0": {**errors, "claims": {"organisation": "org"}, **(rules or {})}},
        "tokens": {"access": {"jwt": {"claims": CLAIMS}, "expires_in": 3600, **(kind or {})}},
    }
    components = {"securitySchemes": {"s0": scheme}}
    return one_operation(
        operation, {"respond": {"body": "${{ caller }}"}}, components=components, behaviour=behaviour, **more
    )


def granted(mock: Mock, **wanted: Any) -> str:
    """A token that the mock has issued."""
    return str(mock.engine.issue_token("it", Wanted(**wanted))["access_token"])


def forget(mock: Mock) -> None:
    """The mock has no records of tokens any more; those that it signed it can still read."""
    mock.engine.replace_state("it", "token", [])


def use(mock: Mock, token: str) -> Answer:
    return mock.call("GET /it", authorization=f"Bearer {token}")


def reason(answer: Answer) -> str:
    """The error, and why."""
    return f"{answer.json['code']}: {answer.exchange.trace[-1]}"


def foreign(key: str = "a key of somebody else's, and a long one", **claims: Any) -> str:
    """A token of another issuer."""
    return jwt.encode({"sub": "ann", **claims}, key, "HS256")


def unsigned(header: Any, payload: Any) -> str:
    """The three parts of a token as they come, with some signature."""
    parts = (part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload, "sig"))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


class TestOurs:
    def test_what_it_says(self) -> None:
        token = granted(signing(), user="ann", roles=(), claims={"plan": "gold", "extra": [1]})
        claims = jwt.decode(token, options={"verify_signature": False})
        assert claims.pop("jti")
        assert claims == {
            **{name: claim for name, claim in CLAIMS.items() if name == "iss"},
            "sub": "ann",
            "roles": [],
            "plan": "gold",
            "extra": [1],
            "iat": NOW,
            "exp": NOW + 3600,
        }
        header = jwt.get_unverified_header(token)
        assert (header["alg"], header["typ"], len(header["kid"])) == ("HS256", "JWT", 16)

    @pytest.mark.parametrize("known", [True, False], ids=["with its record", "by its signature alone"])
    @pytest.mark.parametrize("auth", ["lenient", "strict"])
    def test_it_is_held_to_what_it_was_issued_for(self, auth: str, known: bool) -> None:
        mock = signing(roles=("agent",), auth=auth)
        good = granted(mock, user="ann", organisation="acme", roles=("agent",))
        narrow = granted(mock, roles=())
        if not known:
            forget(mock)
        if auth == "strict" and not known:
            for token in (good, narrow):
                assert reason(use(mock, token)).startswith("unknown: 401: it has no record of this token, which it has")
            return
        who = use(mock, good)
        found = [who.json[name] for name in ("issued", "roles", "user", "organisation")]
        assert found == [True, ["agent"], "ann", "acme"]
        assert who.json["claims"]["plan"] == "basic"
        assert reason(use(mock, narrow)).startswith("insufficient: 403: the caller has no role; wanted: agent")
        assert use(mock, granted(mock)).status == 200, "no roles: everything"

    @pytest.mark.parametrize("known", [True, False], ids=["with its record", "by its signature alone"])
    def test_its_time_is_that_of_the_mock(self, known: bool) -> None:
        mock = signing()
        token = granted(mock, expires_in=60)
        if not known:
            forget(mock)
        mock.engine.advance(timedelta(seconds=59))
        assert use(mock, token).status == 200
        mock.engine.advance(timedelta(seconds=1))
        assert reason(use(mock, token)).startswith("expired: 401: the ")
        mock.engine.set_clock(START - timedelta(seconds=1))
        if not known:
            assert reason(use(mock, token)).startswith("unknown: 401: the token is from the future")

    def test_one_from_the_future(self) -> None:
        mock = signing()
        token, coming = granted(mock), granted(mock, claims={"nbf": NOW + 10})
        assert reason(use(mock, coming)).startswith("unknown: 401: the token is from the future")
        mock.engine.advance(timedelta(seconds=10))
        assert use(mock, coming).status == 200
        mock.engine.set_clock(START - timedelta(seconds=1))
        assert reason(use(mock, token)).startswith("unknown: 401: the token is from the future")

    @pytest.mark.parametrize("claim", ["exp", "iat"])
    def test_the_clock_alone_says_when(self, claim: str) -> None:
        with pytest.raises(UsageError, match=f"the claim {claim} is reckoned from the clock"):
            granted(signing(), claims={claim: NOW})

    def test_what_a_claim_says_counts_more_than_the_record(self) -> None:
        mock = signing(roles=("agent",))
        token = granted(mock, roles=("agent",), user="ann", claims={"roles": [], "sub": "bob"})
        assert reason(use(mock, token)).startswith("insufficient: ")
        forget(mock)
        assert reason(use(mock, token)).startswith("insufficient: ")

    def test_strictly_a_reset_takes_it_away(self) -> None:
        mock = signing(auth="strict")
        token = granted(mock)
        assert mock.call("GET /it", authorization=f"Bearer {token}", x_mock_namespace="other").status == 401
        snapshot = mock.engine.snapshot()
        assert use(mock, token).status == 200
        mock.engine.reset("it")
        assert use(mock, token).status == 401
        mock.engine.restore(snapshot)
        assert use(mock, token).status == 200

    def test_roles_that_only_a_claim_says(self) -> None:
        mock = signing(roles=("agent",), kind={"jwt": {"claims": {"roles": ["clerk"]}}})
        assert use(mock, granted(mock)).json == {"code": "insufficient"}
        mock = signing(
            roles=("agent",), rules={"claims": {"roles": "groups"}}, kind={"jwt": {"claims": {"groups": "agent x"}}}
        )
        assert use(mock, granted(mock)).json["roles"] == ["agent", "x"]

    def test_revoked_and_long_over(self) -> None:
        mock = signing()
        token = granted(mock)
        mock.engine.advance(timedelta(hours=2))
        assert reason(use(mock, token)).startswith("expired: 401: the credential was issued here and is over")
        forget(mock)
        [record] = [{"token": granted(mock), "status": "revoked", "revoked_at": "2025-01-15T14:00:00Z"}]
        mock.engine.replace_state("it", "token", [record])
        assert reason(use(mock, record["token"])).startswith("revoked: 401: ")

    @pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
    def test_the_algorithm(self, algorithm: str) -> None:
        mock = signing(kind={"jwt": {"algorithm": algorithm}})
        token = granted(mock)
        assert jwt.get_unverified_header(token)["alg"] == algorithm
        forget(mock)
        assert use(mock, token).json["issued"] is True

    def test_the_scheme_need_not_say_what_its_tokens_look_like(self) -> None:
        mock = signing(BEARER, roles=("agent",), kind={"jwt": {"claims": {"roles": ["clerk"]}}})
        assert use(mock, granted(mock)).json == {"code": "insufficient"}
        assert use(mock, "any-text").json["issued"] is False

    def test_the_same_calls_give_the_same_tokens(self) -> None:
        one, other = [[granted(mock), granted(mock)] for mock in (signing(), signing())]
        assert one == other
        assert one[0] != one[1]
        assert granted(signing(seed=1)) != one[0]
        kid = jwt.get_unverified_header(one[0])["kid"]
        assert kid == "86bf850d3b76ac3c", "in every process"

    @pytest.mark.parametrize("auth", ["lenient", "strict"])
    def test_the_sample_request_carries_one(self, auth: str) -> None:
        mock = signing(auth=auth)
        assert mock.engine.handle(mock.engine.sample_request("it")).status == 200

    @pytest.mark.parametrize("claims", [{"iss": 5}, {"big": "x" * 5_000}])
    def test_claims_that_no_token_can_hold(self, claims: dict[str, Any]) -> None:
        with pytest.raises(ExpressionError):
            granted(signing(), claims=claims)


class TestTheirs:
    def test_lenient_believes_anybody(self) -> None:
        answer = use(signing(roles=("agent",)), foreign(roles=["clerk"], org="acme"))
        who = {name: answer.json[name] for name in ("issued", "roles", "user", "organisation")}
        assert who == {"issued": False, "roles": None, "user": "ann", "organisation": "acme"}
        assert answer.json["claims"]["roles"] == ["clerk"]
        assert answer.warnings == []

    @pytest.mark.parametrize(
        ("claims", "warned"),
        [
            ({"exp": NOW}, "the token's exp is over"),
            ({"nbf": NOW + 1}, "the token's nbf or iat is still to come"),
            ({"iat": NOW + 1}, "the token's nbf or iat is still to come"),
            ({"exp": NOW + 1, "nbf": NOW, "iat": NOW}, ""),
            ({"exp": "soon", "iat": True}, ""),
        ],
    )
    def test_and_warns_of_what_a_real_service_would_refuse(self, claims: dict[str, Any], warned: str) -> None:
        answer = use(signing(), foreign(**claims))
        assert answer.status == 200
        assert [each.message for each in answer.exchange.warnings] == (
            [f"{warned}; a real service would refuse it"] if warned else []
        )

    def test_it_follows_the_clock_of_the_mock(self) -> None:
        mock, token = signing(), foreign(exp=NOW + 3600)
        assert use(mock, token).warnings == []
        mock.engine.advance(timedelta(hours=1))
        assert use(mock, token).warnings == ["security.s0"]

    def test_strict_believes_nobody(self) -> None:
        answer = use(signing(auth="strict"), foreign())
        assert reason(answer).startswith("unknown: 401: it has not signed this token")
        assert answer.violations == []

    @pytest.mark.parametrize("auth", ["lenient", "strict"])
    def test_one_that_pretends_to_be_ours(self, auth: str) -> None:
        mock = signing(auth=auth)
        head, payload, signature = granted(mock).split(".")
        claims = jwt.decode(f"{head}.{payload}.{signature}", options={"verify_signature": False})
        kid = jwt.get_unverified_header(f"{head}.{payload}.{signature}")["kid"]
        forged = (
            f"{head}.{unsigned({}, {**claims, 'roles': ['boss']}).split('.')[1]}.{signature}",
            f"{head}.{payload}.{'A' * len(signature)}",
            jwt.encode(claims, "a key of somebody else's, and a long one", "HS256", {"kid": kid}),
        )
        for token in forged:
            answer = use(mock, token)
            assert reason(answer).startswith("unknown: 401: the signature is not right for the key that kid names")
            assert answer.violations == []

    @pytest.mark.parametrize("auth", ["lenient", "strict"])
    @pytest.mark.parametrize("alg", ["none", "None", "nOnE", "", None, 5])
    def test_one_that_is_not_signed(self, alg: Any, auth: str) -> None:
        token = unsigned({"typ": "JWT"} if alg is None else {"alg": alg, "typ": "JWT"}, {"sub": "ann"})
        answer = use(signing(auth=auth), token)
        assert (answer.json, answer.violations) == ({"code": "malformed"}, ["security"])

    def test_alg_none_is_called_by_its_name(self) -> None:
        mock = signing()
        kid = jwt.get_unverified_header(granted(mock))["kid"]
        assert "its alg is none: it is not signed" in reason(use(mock, unsigned({"alg": "none", "kid": kid}, {})))

    @pytest.mark.parametrize(
        "token",
        [
            "any-token",
            "a.b",
            "a.b.c",
            "a.b.c.d",
            "...",
            unsigned({"alg": "HS256"}, []),
            unsigned([], {}),
            unsigned({"alg": "HS256", "kid": 5}, {}),
            unsigned({"alg": "HS256"}, b"\xff"),
            unsigned({"alg": "HS256"}, b'{"exp": NaN}'),
            unsigned({"alg": "HS256"}, b"[" * 1_500),
            unsigned({"alg": "HS256"}, {}).rpartition(".")[0] + ".",
            unsigned({"alg": "HS256"}, b'{"a":' * 500),
        ],
    )
    def test_what_is_none_at_all(self, token: str) -> None:
        answer = use(signing(), token)
        assert (answer.json, answer.violations) == ({"code": "malformed"}, ["security"])
        assert "wanted: Authorization: Bearer <credential>" in answer.exchange.trace[-1]

    def test_numbers_that_no_clock_reaches(self) -> None:
        for exp in (b"9" * 400, b"1e400"):
            assert use(signing(), unsigned({"alg": "HS256"}, b'{"exp": ' + exp + b"}")).status in (200, 401)
        assert use(signing(), unsigned({"alg": "HS256"}, b'{"exp": -' + b"9" * 400 + b"}")).warnings == ["security.s0"]


def test_with_accept_any_rules_decide() -> None:
    assert use(signing(rules={"accept": "any"}), "any-token").json["token"] == "any-token"


def test_a_scheme_may_say_itself_that_it_is_one() -> None:
    assert use(signing(BEARER, rules={"format": "jwt"}), "any-token").json == {"code": "malformed"}
    assert use(signing(JWT, rules={"format": "opaque"}), "any-token").status == 200
