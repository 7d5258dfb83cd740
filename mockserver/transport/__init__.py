"""A request over the network: to a running mock, or to anything else that speaks HTTP."""

from mockserver.transport.line import Line, Reply, check_headers
from mockserver.transport.sending import send

__all__ = ["Line", "Reply", "check_headers", "send"]
