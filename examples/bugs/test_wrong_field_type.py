from examples.bugs.wrong_field_type import Sessions


def test_a_check_up_is_scheduled(mock_api):
    assist = mock_api("zoho-assist", start="2025-01-15T12:00:00Z")
    form = {"name": "Ada Example", "email": "ada@example.com", "time": "2025-01-20T14:00:00Z", "seconds": "1800"}
    Sessions(assist.url, assist.token()).schedule(form)
