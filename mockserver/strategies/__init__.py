"""The contract as Hypothesis strategies: values of a schema, requests, responses, events, pages.

    from hypothesis import given
    from mockserver.strategies import responses_for

    @given(responses_for("some-api", "listThings"))
    def test_any_answer(response): ...

Needs Hypothesis; nothing that serves imports this.
"""

from mockserver.strategies.adapter import Sent
from mockserver.strategies.bodies import body_for, webhook_variants, webhooks_for
from mockserver.strategies.breaks import SequenceBroken
from mockserver.strategies.formats import UnknownFormat
from mockserver.strategies.machine import ApiMachine, state_machine_for
from mockserver.strategies.mutations import Mutation
from mockserver.strategies.pages import Pages, pages_for
from mockserver.strategies.requests import InvalidRequest, invalid_requests_for, requests_for
from mockserver.strategies.responses import Bent, errors_for, responses_for
from mockserver.strategies.schemas import from_schema
from mockserver.strategies.texts import UnreadPattern
from mockserver.strategies.variants import Variant, variants

__all__ = [
    "ApiMachine",
    "Bent",
    "InvalidRequest",
    "Mutation",
    "Pages",
    "Sent",
    "SequenceBroken",
    "UnknownFormat",
    "UnreadPattern",
    "Variant",
    "body_for",
    "errors_for",
    "from_schema",
    "invalid_requests_for",
    "pages_for",
    "requests_for",
    "responses_for",
    "state_machine_for",
    "variants",
    "webhook_variants",
    "webhooks_for",
]
