"""How property tests run everywhere: time decides nothing, and CI sees the same examples every time."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

#: Suites that tests run in a process of their own need no plugin of Schemathesis, which takes half a second to load.
os.environ["PYTEST_ADDOPTS"] = "-p no:schemathesis"

settings.register_profile(
    "mockserver",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("mockserver")
