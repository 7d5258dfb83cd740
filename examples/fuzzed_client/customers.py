"""A client of Zoho Assist: who the customers are, for a mailing and for the badges at the front desk."""

from __future__ import annotations

from collections import Counter
from typing import Any

import requests

_TIMEOUT = 10.0  # seconds


class AssistError(Exception):
    """The service refuses a call, or answers what nobody can read. `status` is that of its answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{message} ({status})")
        self.status = status


class Customers:
    def __init__(self, token: str, url: str = "https://assist.zoho.com") -> None:
        self._url = url
        self._headers = {"Authorization": f"Zoho-oauthtoken {token}"}

    def emails(self) -> set[str]:
        """Every address once, however it is written."""
        return {customer["email"].lower() for customer in self._list()}

    def largest_company(self) -> str:
        """The company that most customers work for."""
        companies: Counter[str] = Counter(customer.get("company", "") for customer in self._list())
        return companies.most_common(1)[0][0]

    def badges(self) -> list[str]:
        """The initials of every customer who has told a name."""
        names = [customer["name"] for customer in self._list() if "name" in customer]
        return ["".join(word[0] for word in name.split(" ")) for name in names]

    def _list(self) -> list[dict[str, Any]]:
        answer = requests.get(f"{self._url}/api/v2/customers", headers=self._headers, timeout=_TIMEOUT)
        if not answer.ok:
            raise AssistError(answer.status_code, "the customers could not be listed")
        try:
            customers: list[dict[str, Any]] = answer.json()["customers"]
        except ValueError:
            raise AssistError(answer.status_code, "the answer is no JSON") from None
        return customers
