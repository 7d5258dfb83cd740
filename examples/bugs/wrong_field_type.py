import requests


class Sessions:
    """Bug: the length comes from a form, and is sent as the text that it is there."""

    def __init__(self, url, token):
        self._url, self._headers = url, {"Authorization": f"Zoho-oauthtoken {token}"}

    def schedule(self, form):
        body = {
            "customerName": form["name"],
            "customerEmail": form["email"],
            "sessionName": "Check-up",
            "technicianId": "tech_123",
            "scheduledTime": form["time"],
            "duration": form["seconds"],
        }
        requests.post(f"{self._url}/api/v2/sessions/schedule", json=body, headers=self._headers)
