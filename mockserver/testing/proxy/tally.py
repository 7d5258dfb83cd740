"""What came to the proxy and did not get through."""

from __future__ import annotations

import threading
from collections import Counter


class Tally:
    """Counted by the connections, each in its thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refused: Counter[str] = Counter()
        self._untrusted: Counter[str] = Counter()
        self._silent: Counter[str] = Counter()
        self._asked: Counter[str] = Counter()

    def ask(self, host: str) -> None:
        """A request for a host of an API has come."""
        with self._lock:
            self._asked[host] += 1

    def refuse(self, host: str) -> None:
        """Somebody wanted a host that nobody answers for."""
        with self._lock:
            self._refused[host] += 1

    def distrust(self, host: str) -> None:
        """A client said that it does not accept the certificate."""
        with self._lock:
            self._untrusted[host] += 1

    def fall_silent(self, host: str) -> None:
        """A client left as soon as it had seen the certificate, and gave no reason."""
        with self._lock:
            self._silent[host] += 1

    @property
    def asked(self) -> Counter[str]:
        with self._lock:
            return self._asked.copy()

    @property
    def refused(self) -> Counter[str]:
        with self._lock:
            return self._refused.copy()

    @property
    def untrusted(self) -> Counter[str]:
        """With those who gave no reason (Node checks a certificate only when the handshake is over, and hangs up):
        unless somebody has called that host since, or before. Then it was a connection made ahead, and not needed."""
        with self._lock:
            quiet = {host: times for host, times in self._silent.items() if not self._asked[host]}
            return self._untrusted + Counter(quiet)
