from examples.bugs.crashes_on_null import Reports


def test_the_minutes_of_all_sessions(mock_api):
    assist = mock_api("zoho-assist")
    minutes = Reports(assist.url, assist.token()).minutes()
    assert len(minutes) == len(assist.state["session"])
