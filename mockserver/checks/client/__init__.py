"""What a client does wrong, seen by what it calls: the rules, and who looks for them."""

from mockserver.checks.client.holding import TokenUse
from mockserver.checks.client.judge import ClientJudge
from mockserver.checks.client.rules import RULES
from mockserver.checks.client.watch import Watch

__all__ = ["RULES", "ClientJudge", "TokenUse", "Watch"]
