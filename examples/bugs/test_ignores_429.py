import mockserver
from examples.bugs.ignores_429 import Technicians


@mockserver.errors("zoho-assist", "listTechnicians", include=429)
def test_too_many_calls(case):
    case.api.clock.freeze()
    client = Technicians(case.api.url, case.token, sleep=case.api.clock.sleep)
    names = client.names()
    case.api.assert_called("listTechnicians", times=2)
    assert names
