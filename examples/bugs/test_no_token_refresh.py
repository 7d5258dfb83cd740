import mockserver
from examples.bugs.no_token_refresh import Sessions


@mockserver.errors("zoho-assist", "endSession", include=401)
def test_a_token_that_has_expired(case):
    tokens = iter([case.token, case.api.token()])
    session = case.api.state["session"].list(status="waiting")[0]
    client = Sessions(case.api.url, sign_in=lambda: next(tokens))
    assert client.end(session["sessionId"]) == "completed"
