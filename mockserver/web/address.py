"""The address to listen on: resolved, proven free before anything starts, and as a URL."""

from __future__ import annotations

import errno
import socket
import sys

from mockserver.exceptions import UsageError


def claim(host: str, port: int) -> tuple[str, int]:
    """Resolve `host`, see that `port` can be had on it (0: pick a free one), and give back IP address and port.

    The port is free again on return: the server binds it a moment later, with options under which it would not notice
    a neighbour on the same port. Raises UsageError.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError, OverflowError) as error:
        raise UsageError(f"cannot listen on {host!r}: {getattr(error, 'strerror', None) or error}") from None
    # IPv4 first where a name has both: `localhost` in a URL is then what people expect.
    family, kind, _, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    with socket.socket(family, kind) as probe:
        if sys.platform != "win32":  # there this option means to share the port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen(1)
        except OSError as error:
            raise UsageError(*_refusal(host, port, error)) from None
        ip, free = probe.getsockname()[:2]
    return ip, free


def base_url(ip: str, port: int) -> str:
    """`http://127.0.0.1:4010`; for an address that means all of them, the one by which this machine reaches itself."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(ip, ip)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def is_listening(ip: str, port: int) -> bool:
    """Whether somebody takes connections there."""
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(ip, ip)
    try:
        socket.create_connection((target, port), timeout=1).close()
    except OSError:
        return False
    return True


def _refusal(host: str, port: int, error: OSError) -> tuple[str, str]:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use", "choose another with --port, or --port 0 for a free one"
    if error.errno == errno.EACCES:
        return f"port {port} on {host} is not for ordinary users", "choose one above 1023 with --port"
    return f"cannot listen on {host}:{port}: {error.strerror}", ""
