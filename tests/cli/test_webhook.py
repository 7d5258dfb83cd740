"""`mockserver webhook send`, and `serve --webhook`."""

from __future__ import annotations

import json
import re
import socket
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mockserver.cli.main import main
from mockserver.cli.serve import announcement, announcement_json
from mockserver.web.worker import ServeOptions
from mockserver.webhooks.subscriptions import WebhookTarget
from tests.mocks import serve as start
from tests.served import Served
from tests.webhooks.receiver import Came, Receiver, answer, digest

BAZAAR = str(Path(__file__).parents[1] / "data" / "bazaar")
NOON = "2025-01-15T12:00:00Z"


def send(*words: str, api: str = BAZAAR, event: str = "order.placed") -> Result:
    return CliRunner().invoke(main, ["webhook", "send", api, event, "--clock", NOON, *words])


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def test_one_signed_event(receiver: Receiver) -> None:
    result = send("--to", receiver.url, "--secret", "s", "--set", "data.item=5", "--set", 'data.tags=["a"]')
    (came,) = receiver.came
    assert came.json["data"] == {
        "orderId": "O-1",
        "item": "5",
        "amount": 2.5,
        "tags": ["a"],
    }  # text where text is wanted
    assert came.headers["x-bazaar-signature"] == "v0=" + digest("s", b"v0:1736942400:" + came.body)
    assert result.exit_code == 0
    assert f"POST {receiver.url}\n" in result.output
    assert came.body.decode() in result.output
    assert re.search(r"\ndelivered: answered 200 after \d+ ms\n$", result.output)


def test_as_json(receiver: Receiver) -> None:
    shown = json.loads(send("--to", receiver.url, "--secret", "s", "--json", "--remove", "data.note").stdout)
    assert (shown["sent"], shown["delivered"], shown["verdict"], shown["response"]["status"]) == (
        *(True, True),
        *("answered 200", 200),
    )
    assert shown["body"] == receiver.came[0].json


def test_a_dry_run_sends_nothing(receiver: Receiver) -> None:
    result = send("--to", receiver.url, "--dry-run")
    assert result.exit_code == 0
    assert result.stdout.endswith("\nnot sent (--dry-run)\n")
    assert result.stderr.startswith("signed with a secret made from the seed: ")
    assert receiver.came == []


def test_what_is_not_delivered() -> None:
    with Receiver(answer(500)) as receiver:
        result = send("--to", receiver.url, "--secret", "s")
    assert (result.exit_code, "\nnot delivered: answered 500: delivered is 2XX after " in result.output) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "data.itm=1"), "'data' has no 'itm' (did you mean 'item'?)"),
        (
            ("--set", "data.amount=much"),
            "'data.amount' cannot be \"much\": 'much' is a string, not a number (a number)",
        ),
        (
            ("--set", "data.item"),
            "Invalid value for '--set': 'data.item' sets nothing; write it as payload.title=VALUE",
        ),
        (("--remove", "data.foo"), "'data' has no 'foo' (there are: orderId, item, amount, note, tags)"),
        (("--remove", "data.item"), "the body breaks the contract at /data: the required property 'item' is missing"),
        (
            ("--secret", ""),
            "the secret is empty (what is sent is signed with it: give the one that the receiver knows)",
        ),
        (("--to", "127.0.0.1:80"), "the URL '127.0.0.1:80' has no scheme (did you mean 'http://127.0.0.1:80'?)"),
        (("--to", "http://10.1.2.3/"), "10.1.2.3 is not this machine"),
        (("--setting", "bazaar.chekced=1"), "chekced"),
    ],
)
def test_bad_calls(words: tuple[str, ...], said: str) -> None:
    result = send("--to", "http://127.0.0.1:1/", "--secret", "s", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_secret_of_the_environment(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCKSERVER_WEBHOOK_SECRET", "s")
    result = send("--to", receiver.url)
    (came,) = receiver.came
    assert came.headers["x-bazaar-signature"] == "v0=" + digest("s", b"v0:1736942400:" + came.body)
    assert "secret" not in result.stderr


@pytest.mark.parametrize(("url", "warned"), [("http://10.1.2.3:1/", True), ("https://10.1.2.3:1/", False)])
def test_plain_http_to_another_machine_is_warned_of(url: str, warned: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise socket.gaierror("nobody is called")

    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    result = send("--to", url, "--secret", "s", "--allow-remote")
    assert (f"warning: {url} is plain http" in result.stderr) is warned


def test_an_unknown_event() -> None:
    result = send("--to", "http://127.0.0.1:1/", event="order.plced")
    assert result.stderr == "error: bazaar has no event 'order.plced' (did you mean 'order.placed'?)\n"


def test_a_contract_without_a_behaviour_file_sends_its_example(tmp_path: Path, receiver: Receiver) -> None:
    media = {"schema": {"type": "object", "properties": {"id": {"type": "integer"}}}, "example": {"id": 7}}
    operation = {"requestBody": {"content": {"application/json": media}}, "responses": {"200": {"description": "ok"}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Own", "version": "1"},
        "webhooks": {"thing.made": {"post": operation}},
    }
    (tmp_path / "own").mkdir()
    file = tmp_path / "own" / "openapi.json"
    file.write_text(json.dumps(document))
    assert send("--to", receiver.url, "--set", "id=8", api=str(file), event="thing.made").exit_code == 0
    assert receiver.came[0].body == b'{"id":8}'


class TestServe:
    def test_it_begins_with_a_subscription(self, serve: Callable[..., Served]) -> None:
        def say(came: Came) -> bytes:
            if came.json["event"] != "endpoint.check":
                return answer()
            token = came.json["token"]
            return answer(200, json.dumps({"token": token, "proof": digest("s3cret", token)}).encode())

        with Receiver(say) as receiver:
            served = serve(
                *("--webhook", f"bazaar={receiver.url}", "--webhook-secret", "bazaar=s3cret"),
                *("--setting", "bazaar.checked=true"),
                spec=BAZAAR,
            )
            url = served.url
            served.wait_for("events go to .*/hooks, once it has passed the check")
            served.wait_for("signed with the secret that you gave")
            body = b'{"api": "bazaar", "event": "order.placed"}'
            request = urllib.request.Request(f"{url}/__admin/webhooks/emit", body, method="POST")
            with urllib.request.urlopen(request, timeout=10) as response:
                (delivery,) = json.load(response)["deliveries"]
            assert delivery["status"] == "delivered"
            assert [came.json["event"] for came in receiver.came] == ["endpoint.check", "order.placed"]
            served.wait_for(r"webhook order.placed http://\S+/hooks answered 200, \S+ ms delivered$")
            assert served.stop() == 0

    def test_without_a_secret_the_banner_shows_one(self, serve: Callable[..., Served]) -> None:
        served = serve("--webhook", "bazaar=http://127.0.0.1:1/x", spec=BAZAAR)
        assert served.url
        served.wait_for(r"signed with the secret \w{32}$")
        assert served.stop() == 0

    def test_only_a_secret_that_the_mock_made_is_shown(self) -> None:
        hooks = "http://127.0.0.1:1/x"
        targets = (WebhookTarget("bazaar", hooks), WebhookTarget("bazaar", hooks, "s3cret-of-mine"))
        with start(BAZAAR, webhooks=targets).engine as engine:
            told = json.loads(announcement_json(engine, "http://127.0.0.1:1"))["webhooks"]
            banner = announcement(engine, "http://127.0.0.1:1")
        assert [bool(re.fullmatch(r"\w{32}", str(each["secret"]))) for each in told] == [True, False]
        assert told[1]["secret"] is None
        assert [line.strip() for line in banner.splitlines() if "signed" in line] == [
            f"signed with the secret {told[0]['secret']}",
            "signed with the secret that you gave",
        ]
        assert "s3cret" not in banner

    def test_plain_http_to_another_machine_is_warned_of(self) -> None:
        targets = (WebhookTarget("bazaar", "http://10.1.2.3/"), WebhookTarget("bazaar", "https://10.1.2.3/"))
        with start(BAZAAR, webhooks=targets, remote_webhooks=True).engine as engine:
            assert announcement(engine, "http://127.0.0.1:1").count("warning: that is plain http") == 1

    def test_secrets_of_the_environment(self) -> None:
        def told(environment: str, *words: str) -> str:
            found: list[str] = []

            def look(options: ServeOptions, announce: object) -> None:
                found.extend(f"{each.api} {each.secret}" for each in options.engine.webhooks)

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("mockserver.cli.serve.serve", look)
                result = CliRunner().invoke(
                    main, ["serve", BAZAAR, *words], env={"MOCKSERVER_WEBHOOK_SECRETS": environment}
                )
            return ", ".join(found) or result.stderr

        words = ("--webhook", "bazaar=http://127.0.0.1:1/x")
        assert told("bazaar=one other=two", *words) == "bazaar one"
        assert told("bazaar=one", *words, "--webhook-secret", "bazaar=three") == "bazaar three"
        assert told("other=two", *words) == "bazaar "
        assert "a secret is not written as API=SECRET" in told("hunter2", *words)
        assert "hunter2" not in told("hunter2", *words)

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("--webhook", "bazar=http://127.0.0.1/"), "no API is called 'bazar' (did you mean 'bazaar'?)"),
            (("--webhook", "bazaar"), "'bazaar' is not written as API=URL"),
            (("--webhook", "bazaar=127.0.0.1:80"), "the URL '127.0.0.1:80' has no scheme"),
            (("--webhook", "bazaar=http://10.0.0.1/"), "10.0.0.1 is not this machine"),
            (("--webhook-secret", "bazaar=s"), "a secret is given for 'bazaar', and no webhook"),
            (
                ("--webhook", "bazaar=http://127.0.0.1/", "--webhook-secret", "bazaar="),
                "the secret for bazaar is empty",
            ),
        ],
    )
    def test_bad_calls(self, words: tuple[str, ...], said: str) -> None:
        result = CliRunner().invoke(main, ["serve", BAZAAR, *words])
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
        assert said in result.stderr
