"""Tests by example, as one writes them: they pass. What they miss is found by fuzz_customers.py."""

from __future__ import annotations

import pytest

from examples.fuzzed_client.customers import AssistError, Customers
from mockserver import MockApi, StartMock

ADA = {"customerId": "cust_1", "name": "Ada Example", "email": "Ada@Example.com", "company": "Engines"}
BEN = {"customerId": "cust_2", "name": "Ben Ben Example", "email": "ben@example.com", "company": "Looms"}
EVE = {"customerId": "cust_3", "name": "Eve Example", "email": "eve@example.com", "company": "Engines"}


@pytest.fixture
def service(mock_api: StartMock) -> MockApi:
    return mock_api("zoho-assist", start_state={"customer": [ADA, BEN, EVE]})


@pytest.fixture
def client(service: MockApi) -> Customers:
    return Customers(service.token(), service.url)


def test_emails(client: Customers) -> None:
    assert client.emails() == {"ada@example.com", "ben@example.com", "eve@example.com"}


def test_the_largest_company(client: Customers) -> None:
    assert client.largest_company() == "Engines"


def test_badges(client: Customers) -> None:
    assert client.badges() == ["AE", "BBE", "EE"]


def test_a_refusal(service: MockApi, client: Customers) -> None:
    service.fail_next("listCustomers", 403)
    with pytest.raises(AssistError, match="403"):
        client.emails()
