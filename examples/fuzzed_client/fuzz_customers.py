"""The same client, whatever the contract allows to be answered. These tests fail: `pytest fuzz_customers.py`."""

from __future__ import annotations

import mockserver
from examples.fuzzed_client.customers import Customers
from mockserver import MockApi


@mockserver.fuzz("zoho-assist", "listCustomers")
def test_emails(api: MockApi) -> None:
    assert all(email == email.lower() for email in Customers(api.token(), api.url).emails())


@mockserver.fuzz("zoho-assist", "listCustomers")
def test_the_largest_company(api: MockApi) -> None:
    Customers(api.token(), api.url).largest_company()


@mockserver.fuzz("zoho-assist", "listCustomers")
def test_badges(api: MockApi) -> None:
    Customers(api.token(), api.url).badges()
