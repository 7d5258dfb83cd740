"""Signing schemes as declared: held against vectors that others have published, and against another implementation."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from mockserver.behaviour.declared import Signing
from mockserver.behaviour.functions import DRAWS, FUNCTIONS
from mockserver.behaviour.values import Value, compile_value
from mockserver.exceptions import UsageError
from mockserver.expressions import Expression, Language, compile_expression
from mockserver.state.samples import Draws
from mockserver.webhooks.bodies import canonical
from mockserver.webhooks.signing import key_of, made_secret, signature, signed_headers

NAMES = frozenset({"body", "timestamp", "signature", "signatures", "delivery"})
LANGUAGE = Language(NAMES, frozenset(), FUNCTIONS, DRAWS)


def value(tree: Any) -> Value:
    def compiled(text: str, language: Language, pointer: str) -> Expression:
        return compile_expression(text, language)

    def complain(message: str, pointer: str, hint: str = "") -> None:
        raise AssertionError(message)

    return compile_value(tree, LANGUAGE, "", compiled, complain)


def scheme(text: str, headers: dict[str, str], **more: str) -> Signing:
    return Signing(
        hash=more.get("hash", "sha256"),
        encoding=more.get("encoding", "hex"),
        text=value(text),
        headers=tuple((name, value(each)) for name, each in headers.items()),
        secret_prefix=more.get("prefix", ""),
        secret_encoding=more.get("secret", "text"),
        when=None,
        evidence="documented",
    )


STANDARD = scheme(
    "${{ delivery.event_id }}.${{ timestamp }}.${{ body }}",
    {
        "webhook-id": "${{ delivery.event_id }}",
        "webhook-timestamp": "${{ timestamp }}",
        "webhook-signature": "${{ join(['v1,' + each for each in signatures], ' ') }}",
    },
    encoding="base64",
    prefix="whsec_",
    secret="base64",
)


def headers(signing: Signing, *secrets: str, **scope: Any) -> dict[str, Any]:
    return dict(signed_headers(signing, secrets, scope))


def test_over_the_body_alone() -> None:
    """The vector of GitHub's page on validating deliveries."""
    signing = scheme("${{ body }}", {"x-hub-signature-256": "sha256=${{ signature }}"})
    assert headers(signing, "It's a Secret to Everybody", body="Hello, World!") == {
        "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    }


def test_over_words_time_and_body() -> None:
    """The vector of Slack's page on verifying requests."""
    body = (
        "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
        "&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack."
        "com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0b"
        "c887a14d10d2c447fce8b6703c"
    )
    signing = scheme("v0:${{ timestamp }}:${{ body }}", {"x-slack-signature": "v0=${{ signature }}"})
    assert headers(signing, "8f742231b10e8888abcd99yyyzzz85a5", body=body, timestamp=1531420618) == {
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    }


def test_two_secrets_in_one_header_while_they_are_changed() -> None:
    signing = scheme(
        "${{ timestamp }}.${{ body }}",
        {"signature": "t=${{ timestamp }},${{ join(['v1=' + each for each in signatures], ',') }}"},
    )
    new = "3a60be4d4adda8ce23b8b3df9a54e9f8ef3e1f8a0ac5ee29ab8d3e8fba2f5fb5"
    shown = headers(signing, "new", "old", body="{}", timestamp=12)["signature"]
    assert shown == f"t=12,v1={signature(signing, b'new', '12.{}')},v1={signature(signing, b'old', '12.{}')}"
    assert len(new) == len(signature(signing, b"new", "12.{}"))


@pytest.mark.parametrize(
    ("hash", "digest"),
    [  # RFC 2202 and RFC 4231, the case with the key "Jefe"
        ("sha1", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        ("sha256", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            "sha512",
            (
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
            ),
        ),
    ],
)
def test_every_hash_in_both_encodings(hash: str, digest: str) -> None:
    text = "what do ya want for nothing?"
    assert signature(scheme("", {}, hash=hash), b"Jefe", text) == digest
    encoded = signature(scheme("", {}, hash=hash, encoding="base64"), b"Jefe", text)
    assert base64.b64decode(encoded).hex() == digest


@given(value=st.dictionaries(st.text(max_size=5), st.text(max_size=9) | st.integers(0, 99)), key=st.binary(min_size=24))
def test_another_implementation_takes_it(value: Any, key: bytes) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    body = canonical(value).decode()
    at = int(datetime.now(UTC).timestamp())  # it refuses what is older than five minutes
    sent = headers(STANDARD, secret, body=body, timestamp=at, delivery={"event_id": "msg_1"})
    shown = {name: str(each) for name, each in sent.items()}
    assert Webhook(secret).verify(body, shown) == value
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(secret).verify(body + " ", shown)


@pytest.mark.parametrize(
    ("secret", "said"),
    [("", "the secret is empty"), ("whsec_", "the secret is empty"), ("whsec_%%%", "the secret is no base64")],
)
def test_a_secret_that_cannot_be(secret: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        key_of(STANDARD, secret)


def test_a_secret_that_the_mock_makes_is_of_the_right_form() -> None:
    made = made_secret(STANDARD, Draws("x"))
    assert len(key_of(STANDARD, made)) == 32
    assert made == made_secret(STANDARD, Draws("x"))
