"""The sections `webhooks:` and `actions:`: what they become, and what can be wrong in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockserver.behaviour.build_webhooks import shape_of
from mockserver.behaviour.declared import Delivering, Webhooks
from mockserver.checks.lint import lint
from tests.mocks import line_of, problems_of
from tests.shop import shop, shop_folder


class TestBuilt:
    @pytest.fixture
    def webhooks(self) -> Webhooks:
        return shop()[0].engine.apis["shop"].behaviour.webhooks

    def test_signing(self, webhooks: Webhooks) -> None:
        signing = webhooks.signing
        assert signing is not None
        assert (signing.hash, signing.encoding, signing.secret_prefix, signing.secret_encoding) == (
            *("sha256", "hex"),
            *("", "text"),
        )
        scope = {"timestamp": 7, "body": "{}", "signature": "abc"}
        assert signing.text.render(scope) == "v0:7:{}"
        assert [(name, value.render(scope)) for name, value in signing.headers] == [
            ("x-shop-timestamp", 7),
            ("x-shop-signature", "v0=abc"),
        ]
        assert signing.when is not None
        assert signing.when({"settings": {"signed": True}}) is True

    def test_validation(self, webhooks: Webhooks) -> None:
        check = webhooks.validation
        assert check is not None
        assert (check.event, check.timeout, check.statuses, check.every, check.disable_after, check.when) == (
            *("check.endpoint", 3.0, ("200",)),
            *(72 * 3600.0, 6, None),
        )
        assert check.answer is not None
        answer = check.answer.render({"sent": {"payload": {"token": "abc"}}, "secret": "k"})
        assert (answer["token"], len(answer["digest"])) == ("abc", 64)

    def test_delivery(self, webhooks: Webhooks) -> None:
        delivering = webhooks.delivering
        assert (delivering.timeout, delivering.delivered, delivering.retries) == (2.5, ("200", "2XX"), (300.0, 1200.0))
        assert (delivering.stop, delivering.disable, delivering.most) == (("410",), ("410",), 20)

    def test_events_keep_the_order_of_the_file(self, webhooks: Webhooks) -> None:
        assert list(webhooks.events) == ["order.created", "order.paid"]
        body = webhooks.events["order.created"].body.render({"event": "order.created", "with": {"order": {"id": 1}}})
        assert list(body.items()) == [("event", "order.created"), ("order", {"id": 1})]

    def test_what_is_silent(self) -> None:
        webhooks = (
            shop(
                ("    timeout: PT2.5S\n", ""),
                ("    timeout: PT3S\n", ""),
                ('    statuses: ["200"]\n', ""),
                ("    every: PT72H\n    disable_after: 6\n", ""),
                ("    encoding: hex\n", ""),
                ("    subscriptions: 20\n", ""),
                ('    delivered: ["200", 2XX]\n', ""),
            )[0]
            .engine.apis["shop"]
            .behaviour.webhooks
        )
        assert webhooks.signing is not None
        assert webhooks.validation is not None
        usual = Delivering()
        check = webhooks.validation
        assert webhooks.signing.encoding == "hex"
        assert (webhooks.delivering.timeout, webhooks.delivering.delivered) == (usual.timeout, ("2XX",))
        assert (check.timeout, check.statuses, check.every, check.disable_after) == (usual.timeout, ("2XX",), None, 0)
        assert webhooks.delivering.most == 0

    def test_events_alone_will_do(self) -> None:
        text = (Path(__file__).parents[1] / "data" / "shop" / "behaviour.yaml").read_text()
        start, end = text.index("  signing:"), text.index("  events:")
        webhooks = shop((text[start:end], ""))[0].engine.apis["shop"].behaviour.webhooks
        assert (webhooks.signing, webhooks.validation, webhooks.delivering) == (None, None, Delivering())

    def test_evidence_is_counted(self) -> None:
        grades = shop(
            ("    hash: sha256\n", "    hash: sha256\n    evidence: assumed\n"),
            ("    event: check.endpoint\n", "    event: check.endpoint\n    evidence: assumed\n"),
            ("    timeout: PT2.5S\n", "    timeout: PT2.5S\n    evidence: observed\n"),
            ("      with: {order: null, why", "      evidence: assumed\n      with: {order: null, why"),
            ("    about: Somebody orders.\n", "    about: Somebody orders.\n    evidence: observed\n"),
            ("about: Nobody pays so much.}", "about: Nobody pays so much., evidence: assumed}"),
            ("{emit: order.gone,", "{emit: order.gone, evidence: observed,"),
        )[0].engine.apis["shop"].behaviour.evidence  # fmt: skip
        assert (grades["assumed"], grades["observed"]) == (4, 3)


WRONG = {
    "an event that the contract lacks": (
        ("    order.created:\n      with", "    order.craeted:\n      with", "order.craeted"),
        "the contract has no webhook 'order.craeted' (did you mean 'order.created'?)",
    ),
    "an effect for such an event": (
        ("{emit: order.gone,", "{emit: order.goen,", "order.goen"),
        "the contract has no webhook 'order.goen' (did you mean 'order.gone'?)",
    ),
    "a parameter that the event lacks": (
        ("{emit: order.created, with: {order: \"${{ made }}\"}}", "{emit: order.created, with: {oder: 1}}", "oder: 1"),
        "'order.created' has no parameter 'oder' (did you mean 'order'?)",
    ),
    "a parameter of an event of which the file does not speak": (
        ("{emit: order.gone,", "{emit: order.gone, with: {a: 1},", "order.gone, with"),
        "'order.gone' has no parameter 'a' (it has none)",
    ),
    "a clause that emit has no use for": (
        ("{emit: order.gone,", "{emit: order.gone, set: {a: 1},", "order.gone, set"),
        "'set' has no effect here (it goes with create, update, issue)",
    ),
    "an unknown hash": (
        ("hash: sha256", "hash: md5", "hash: md5"),
        "'hash' must be one of sha1, sha256, sha512, not 'md5'",
    ),
    "an unknown encoding": (
        ("encoding: hex", "encoding: hxe", "encoding: hxe"),
        "'encoding' must be one of hex, base64, not 'hxe'",
    ),
    "an unknown key": (
        ("    retries:", "    retires:", "retires"),
        "unknown key 'retires' (did you mean 'retries'?)",
    ),
    "a duration that is none": (
        ("timeout: PT2.5S", "timeout: 3 s", "timeout: 3 s"),
        "'3 s' is not an ISO 8601 duration such as PT1H30M (three seconds are PT3S, five minutes PT5M)",
    ),
    "a duration of nothing": (
        ("retries: [PT5M, PT20M]", "retries: [PT5M, PT0S]", "retries: [PT5M, PT0S]"),
        "PT0S is not between nothing and a year (three seconds are PT3S)",
    ),
    "a duration by the calendar": (
        ("every: PT72H", "every: P1M", "every: P1M"),
        "'P1M' is no length of time: months and years have no fixed length (three seconds are PT3S, five minutes PT5M)",
    ),
    "a status that is none": (
        ("stop: [\"410\"]", "stop: [\"41\"]", "stop: "),
        "'0': '41' does not match '^[1-5](XX|[0-9][0-9])$'",
    ),
    "what is signed leaves out the body": (
        ("text: v0:${{ timestamp }}:${{ body }}", "text: v0:${{ timestamp }}", "text: v0"),
        "what is signed leaves out the body (add ${{ body }})",
    ),
    "a signature that nobody sees": (
        ("x-shop-signature: v0=${{ signature }}", "x-shop-signature: v0", "    headers:"),
        "no header shows the signature (write ${{ signature }} into one of them)",
    ),
    "a signature where it is not made yet": (
        ("text: v0:${{ timestamp }}:${{ body }}", "text: ${{ signature }}${{ body }}", "text: ${{ sig"),
        "unknown name 'signature' in ${{ signature }} (known: ",
    ),
    "records in what is worked out later": (
        ("order.paid, order: \"${{ with.order }}\"}", "order.paid, order: \"${{ first(order) }}\"}", "order.paid, ord"),
        "unknown name 'order' in ${{ first(order) }} (known: ",
    ),
    "a parameter that an event does not have": (
        ("order: \"${{ with.order }}\"}\n      headers", "order: \"${{ with.oder }}\"}\n      headers", "with.oder"),
        "'with' has no 'oder' here in ${{ with.oder }} (did you mean 'order'?)",
    ),
    "a key that a delivery does not have": (
        ("${{ delivery.attempt }}", "${{ delivery.atempt }}", "delivery.atempt"),
        "'delivery' has no 'atempt' here in ${{ delivery.atempt }} (did you mean 'attempt'?)",
    ),
    "a key that a subscription does not have": (
        ("${{ delivery.attempt }}", "${{ subscription.ulr }}", "subscription.ulr"),
        "'subscription' has no 'ulr' here in ${{ subscription.ulr }} (did you mean 'url'?)",
    ),
    "a key that was not sent": (
        ("answer: {token: \"${{ sent.payload.token }}\"", "answer: {token: \"${{ sent.payload.tokne }}\"", "tokne"),
        "'sent.payload' has no 'tokne' here in ${{ sent.payload.tokne }} (did you mean 'token'?)",
    ),
    "a key that the body of the event does not have": (
        ("${{ content.order.id }}", "${{ content.oder.id }}", "content.oder"),
        "'content' has no 'oder' here in ${{ content.oder.id }} (did you mean 'order'?)",
    ),
    "a header that frames the message": (
        ("x-shop-order:", "Content-Length:", "Content-Length:"),
        "'Content-Length' is no header to set (whoever sends the message sees to it)",
    ),
    "a header that is no header": (
        ("headers: {x-shop-order:", "headers: {x shop:", "x shop"),
        "'x shop' is no name of a header (letters, digits and hyphens)",
    ),
    "headers that are just text": (
        ("headers: {x-shop-order: \"${{ content.order.id }}\"}", "headers: x-shop-order", "headers: x-shop-order"),
        "'headers' takes an object, or one expression that gives it (write name: value)",
    ),
    "a condition that looks at the event": (
        ("when: ${{ settings.signed }}", "when: ${{ event }}", "when: ${{ event }}"),
        "unknown name 'event' in ${{ event }} (known: ",
    ),
    "an event without a body": (
        ("      body: {event: order.paid, order: \"${{ with.order }}\"}\n", "", "with: {order: null, why"),
        "'order.paid' needs the key 'body'",
    ),
    "a parameter that is a word of the language": (
        ("with: {order: null, why", "with: {from: 1, order: null, why", "from: 1"),
        "an expression cannot say 'with.from' (it is a word of the language)",
    ),
}  # fmt: skip

ACTIONS = {
    "an unknown key": (
        ("parameters:\n", "paramters:\n", "paramters"),
        "unknown key 'paramters' (did you mean 'parameters'?)",
    ),
    "an unknown keyword of a schema": (
        ("minLength: 2", "minLenght: 2", "minLenght"),
        "unknown key 'minLenght' (did you mean 'minLength'?)",
    ),
    "an unknown type": (
        ("price: {type: integer", "price: {type: int", "price: {type: int"),
        "'int' is no type of JSON Schema (did you mean 'integer'?)",
    ),
    "a parameter that is not declared": (
        ("${{ with.price < 1000 }}", "${{ with.prize < 1000 }}", "with.prize"),
        "'with' has no 'prize' here in ${{ with.prize < 1000 }} (did you mean 'price'?)",
    ),
    "a default that knows a later parameter": (
        ("default: \"${{ integer(10, 99) }}\"", "default: \"${{ len(with.colour) }}\"", "len(with.colour)"),
        "'with' has no 'colour' here in ${{ len(with.colour) }} (known: item)",
    ),
    "a default that nobody needs": (
        ("required: true", "required: true, default: x", "default: x"),
        "'default' has no effect here (a parameter is required, or has a default)",
    ),
    "a name that a let hides": (
        ("    let:\n", "    let:\n      order: 1\n", "order: 1"),
        "'order' has a meaning already (choose another name)",
    ),
    "a field that nobody has": (
        ("id: \"${{ made.id }}\"", "id: \"${{ made.di }}\"", "made.di"),
        "an order has no field 'di' in ${{ made.di }} (stored: id, item, ",
    ),
    "effects without a verb": (
        ("- {delete: order, where", "- {remove: order, where", "remove"),
        "unknown key 'remove'",
    ),
    "what a caller would be": (
        ("result: {id", "result: {x: \"${{ body }}\", id", "result: {x"),
        "unknown name 'body' in ${{ body }} (known: ",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [*WRONG.values(), *ACTIONS.values()],
    ids=[*(f"webhooks: {name}" for name in WRONG), *(f"actions: {name}" for name in ACTIONS)],
)
def test_one_clear_message(tmp_path: Path, change: tuple[str, str, str], message: str) -> None:
    old, new, marker = change
    folder = shop_folder(tmp_path, (old, new))
    file = folder / "behaviour.yaml"
    (problem,) = problems_of(folder)
    assert str(problem).startswith(f"{file}:{line_of(file, marker)}: {message}")


#: What starts all the same, since nobody may ever use it, and what `lint` says of it.
LINTED = {
    "a default that breaks its schema": (
        ("default: red", "default: gren", "default: gren"),
        "the default breaks its schema: 'gren' is not one of the documented values (expected one of 'red', 'blue')",
    ),
    "a pattern that is none": (
        ("minLength: 2", "pattern: '('", "pattern: '('"),
        "the pattern '(' is no regular expression",
    ),
    "a type that is none, further down": (
        ("items: {type: string}", "items: {type: text}", "type: text"),
        "'text' is no type of JSON Schema (one of string,",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), LINTED.values(), ids=LINTED)
def test_what_lint_says_of_parameters(tmp_path: Path, change: tuple[str, str, str], message: str) -> None:
    old, new, marker = change
    folder = shop_folder(tmp_path, (old, new))
    file = folder / "behaviour.yaml"
    (problem,) = lint(str(folder))
    assert str(problem).startswith(f"{file}:{line_of(file, marker)}: {message}")


def test_a_contract_that_cannot_be_read_hides_no_event(tmp_path: Path) -> None:
    folder = shop_folder(tmp_path)
    contract = folder / "openapi.yaml"
    contract.write_text(
        contract.read_text().replace("  order.created: &event\n", "  order.created: &event\n    7: 8\n")
    )
    assert [problem.file for problem in lint(str(folder))].count(str(folder / "behaviour.yaml")) == 0
    contract.write_text("[]")
    assert [problem.file for problem in lint(str(folder))] == [str(contract)]


@pytest.mark.parametrize(
    ("tree", "shape"),
    [
        ({"a": {"b": 1}, "c": "${{ x }}"}, {"a": {"b": {}}, "c": None}),
        ({"a": "x${{ x }}"}, {"a": {}}),
        ("${{ x }}", None),
        ([1], None),
    ],
)
def test_what_can_be_known_of_a_template(tree: object, shape: object) -> None:
    assert shape_of(tree) == shape
