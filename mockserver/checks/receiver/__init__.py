"""The battery for receivers of webhooks: what an API may send, what nobody must get through, and what goes wrong.

All cases follow from what a spec folder declares: the events of its contract, how they are signed, the check of an
endpoint, the deadline. What it does not declare is not asked for.
"""

from mockserver.checks.receiver.battery import Battery, check_receiver
from mockserver.checks.receiver.report import ReceiverReport

__all__ = ["Battery", "ReceiverReport", "check_receiver"]
