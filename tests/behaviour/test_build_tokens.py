"""What can be wrong with `tokens:`, with `issue` and `revoke`, and with what `security:` says of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockserver.checks.lint import lint
from tests.mocks import line_of, problems_of, write_spec

VAULT = Path(__file__).parents[1] / "data" / "vault"
#: What stands in the vault's behaviour file, what stands there instead, on which line, and the message.
CASES = {
    "a kind without a text": (
        ("    value: r.${{ hex(16) }}\n    keep: 2", "    keep: 2", "    keep: 2"),
        "'refresh' needs one of value, jwt",
    ),
    "a text that is always the same": (
        ("value: r.${{ hex(16) }}", "value: secret", "value: secret"),
        "all tokens of this kind would be the same text (draw some of it at random: ${{ hex(32) }})",
    ),
    "an algorithm that needs a pair of keys": (
        ("    value: c.${{ hex(16) }}", "    jwt: {algorithm: RS256}", "jwt:"),
        "'algorithm' must be one of HS256, HS384, HS512, not 'RS256'",
    ),
    "per without keep": (
        ("    keep: 2\n", "", "per: [client, user]"),
        "'per' has no effect without 'keep' (say how many to keep)",
    ),
    "keep by a field that no token has": (
        ("per: [client, user]", "per: [clint, user]", "per: [clint"),
        "a token has no field 'clint' (did you mean 'client'?)",
    ),
    "none to keep": (("keep: 2", "keep: 0", "keep: 0"), "'keep': 0 is less than the minimum of 1"),
    "keep by a setting that is no number": (
        ("kept: {value: 3,", "kept: {value: many,", "keep: ${{ settings.kept }}"),
        "'keep' must be a whole number from 1, not 'many'",
    ),
    "keep by a setting that is not there": (
        ("keep: ${{ settings.kept }}", "keep: ${{ settings.keep }}", "keep: ${{ settings.keep }}"),
        "'settings' has no 'keep' here in ${{ settings.keep }} (did you mean 'kept'?)",
    ),
    "keep by what only a call knows": (
        ("keep: ${{ settings.kept }}", "keep: ${{ caller.user }}", "keep: ${{ caller"),
        "unknown name 'caller' in ${{ caller.user }}",
    ),
    "a field of the token that there is none": (
        ("value: c.${{ hex(16) }}", "value: c.${{ item.clent }}.${{ hex(16) }}", "item.clent"),
        "a token has no field 'clent' in ${{ item.clent }} (did you mean 'client'?)",
    ),
    "a name that no token knows": (
        ("value: c.${{ hex(16) }}", "value: c.${{ boddy }}.${{ hex(16) }}", "boddy"),
        "unknown name 'boddy' in ${{ boddy }}",
    ),
    "a kind that is not declared": (
        ("issue: refresh", "issue: refesh", "issue: refesh"),
        "unknown kind of token 'refesh' (did you mean 'refresh'?)",
    ),
    "a field that issue sets itself": (
        ("set: *fields\n        bind: coded", "set: {status: live}\n        bind: coded", "{status: live}"),
        "'status' is set by issue itself",
    ),
    "issue with a key": (
        ("      - issue: code\n", "      - issue: code\n        key: x\n", "        key: x"),
        "'key' has no effect here",
    ),
    "issue with append": (
        ("      - issue: code\n", "      - issue: code\n        append: {scopes: x}\n", "append:"),
        "'append' has no effect here",
    ),
    "revoke with set": (
        ("        when: ${{ not body.never }}\n", "        set: {note: x}\n", "set: {note: x}"),
        "'set' has no effect here",
    ),
    "revoke with bind": (
        ("        when: ${{ not body.never }}\n", "        bind: gone\n", "bind: gone"),
        "'bind' has no effect here (it goes with create, update, issue)",
    ),
    "two effects in one": (
        ("      - issue: code\n", "      - issue: code\n        revoke: x\n", "issue: code"),
        "an effect has one of create, update, delete, issue, revoke",
    ),
    "a field of the issued token that nothing stores": (
        ('{made: "${{ made or', '{made: "${{ made.scopse or', "made.scopse"),
        "a token has no field 'scopse' in ${{ made.scopse or refreshed or coded }} (did you mean 'scopes'?)",
    ),
    "an own resource of that name": (
        ("operations:\n", "resources: {token: {key: id}}\noperations:\n", "resources:"),
        "'token' is a name of the language (rename the resource)",
    ),
    "an error that is not declared": (
        ("revoked: taken_back", "revoked: taken_bak", "revoked: taken_bak"),
        "unknown error 'taken_bak' (did you mean 'taken_back'?)",
    ),
    "an issuer that is not there": (
        ("    missing: nothing_sent", "    issuer: vualt\n    missing: nothing_sent", "issuer:"),
        "no API is called 'vualt' (name an API that ships, or one whose folder stands beside this one)",
    ),
    "an issuer by a path": (
        ("    missing: nothing_sent", "    issuer: ../vault\n    missing: nothing_sent", "issuer:"),
        "no API is called '../vault'",
    ),
    "a format that nobody knows": (
        ("    missing: nothing_sent", "    format: saml\n    missing: nothing_sent", "format:"),
        "'format' must be one of opaque, jwt, not 'saml'",
    ),
    "a claim for what a caller does not have": (
        ("    missing: nothing_sent", "    claims: {email: mail}\n    missing: nothing_sent", "claims:"),
        "unknown key 'email'",
    ),
}  # fmt: skip


def vault(folder: Path, old: str = "", new: str = "", fixtures: str = "") -> Path:
    """The vault with something changed."""
    texts = {name: (VAULT / name).read_text("utf-8") for name in ("openapi.yaml", "behaviour.yaml")}
    assert old in texts["behaviour.yaml"], f"{old!r} does not stand there"
    texts["behaviour.yaml"] = texts["behaviour.yaml"].replace(old, new, 1)
    return write_spec(folder / "vault", {**texts, **({"fixtures/t.yaml": fixtures} if fixtures else {})})


@pytest.mark.parametrize(("change", "message"), CASES.values(), ids=CASES)
def test_one_clear_message(tmp_path: Path, change: tuple[str, str, str], message: str) -> None:
    old, new, marker = change
    folder = vault(tmp_path, old, new)
    file = folder / "behaviour.yaml"
    wanted = f"{file}:{line_of(file, marker)}: {message}"
    texts = [str(problem) for problem in lint(str(folder))]
    assert any(text.startswith(wanted) for text in texts), texts
    assert len(texts) == 1, "one message for one mistake"
    assert [str(problem) for problem in problems_of(folder)] == texts


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("{token: t, kind: acces}", "no kind of token is called 'acces' (did you mean 'access'?)"),
        ("{token: t, status: gone}", "a token has no status 'gone' (it is live, expired or revoked)"),
        ("{token: a b}", "no call could carry this token (1 to 4096 visible ASCII characters)"),
        ("{kind: access}", "a token without its key 'token' (give it token: '…' as text)"),
        ("{token: t, expires_at: soon}", "the timer 'expire' fails for this token ("),
    ],
)
def test_tokens_among_the_fixtures(tmp_path: Path, record: str, message: str) -> None:
    folder = vault(tmp_path, fixtures=f"token:\n  - {{token: fine, kind: refresh}}\n  - {record}\n")
    file = folder / "fixtures" / "t.yaml"
    [problem] = lint(str(folder))
    assert str(problem).startswith(f"{file}:3: {message}")


@pytest.mark.parametrize("name", ["token", "@token"])
def test_fixtures_of_an_api_without_tokens(tmp_path: Path, name: str) -> None:
    document = {"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {}}
    behaviour = {"resources": {"ticket": {"key": "id"}}}
    files = {"openapi.json": document, "behaviour.json": behaviour, "fixtures/t.json": {name: [{"token": "x"}]}}
    [problem] = lint(str(write_spec(tmp_path / "it", files)))
    assert str(problem).endswith(f": no resource is called '{name}' (declared: ticket)")


def test_revoke_where_nothing_is_issued(tmp_path: Path) -> None:
    for resources in ({}, {"token": {"key": "token"}}):
        document = {
            "openapi": "3.1.0",
            "info": {"title": "x", "version": "1"},
            "paths": {"/it": {"get": {"operationId": "it", "responses": {"200": {"description": "ok"}}}}},
        }
        behaviour = {"resources": resources, "operations": {"it": {"then": [{"revoke": "${{ path.x }}"}]}}}
        folder = write_spec(tmp_path / "it", {"openapi.json": document, "behaviour.json": behaviour})
        texts = [str(problem) for problem in lint(str(folder))]
        assert any("this API issues no tokens to revoke (declare them under tokens:)" in text for text in texts), texts


def test_an_issuer_beside_it_however_its_folder_is_written(tmp_path: Path) -> None:
    document = {"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {}}
    write_spec(tmp_path / "Our_Accounts", {"openapi.json": document})
    folder = vault(tmp_path, "    missing: nothing_sent", "    issuer: our-accounts\n    missing: nothing_sent")
    assert lint(str(folder)) == []
    folder = vault(tmp_path, "    missing: nothing_sent", "    issuer: Our_Accounts\n    missing: nothing_sent")
    assert len(lint(str(folder))) == 1
