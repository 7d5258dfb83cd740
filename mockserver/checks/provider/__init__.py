"""Is a live service true to its contract? Requests are made up by Hypothesis, and every answer is judged."""

from mockserver.checks.leftovers import nothing_left_behind
from mockserver.checks.provider.check import ProviderCheck, Result
from mockserver.checks.provider.credentials import Credentials
from mockserver.checks.provider.rules import CHECKS
from mockserver.checks.provider.wanted import PHASES, Wanted

__all__ = ["CHECKS", "PHASES", "Credentials", "ProviderCheck", "Result", "Wanted", "nothing_left_behind"]
