"""A request over the network: to a running mock, or to anything else that speaks HTTP."""

from mockserver.transport.client import CallFailed, Client, Rate
from mockserver.transport.line import Line, Reply, check_headers
from mockserver.transport.sending import send

__all__ = ["CallFailed", "Client", "Line", "Rate", "Reply", "check_headers", "send"]
