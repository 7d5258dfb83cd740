from examples.bugs.stops_paging_early import Appointments


def test_all_appointments_are_read(mock_api):
    auvious = mock_api("auvious-appointments")
    assert len(auvious.state["appointment"]) == 300
    read = list(Appointments(auvious.url, auvious.token(roles="ROLE_SUPERVISOR")))
    auvious.assert_called("listAppointments", query={"pageNumber": 3})
    assert len(read) == 300
