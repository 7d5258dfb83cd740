"""What conforming means for a whole message: one check per operation and side, everything bound before it is needed."""

from __future__ import annotations

from mockserver.contract.request_check import CheckedRequest, RequestCheck
from mockserver.contract.response_check import ResponseCheck

__all__ = ["CheckedRequest", "RequestCheck", "ResponseCheck"]
