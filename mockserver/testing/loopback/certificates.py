"""A certificate authority of this process, made when the first secure connection comes, and what trusts it.

It lives in memory alone and ends with the process.
"""

from __future__ import annotations

import ssl
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trustme import CA

_making = threading.RLock()
_MOST_HOSTS = 256


@lru_cache(maxsize=1)
def _made() -> CA:
    import trustme

    return trustme.CA(organization_name="mockserver")


def authority() -> CA:
    """The certificate authority."""
    with _making:
        return _made()


@lru_cache(maxsize=_MOST_HOSTS)
def _of_host(host: str, exact: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert(host).configure_cert(context)
    context.set_alpn_protocols(["http/1.1"])
    if not exact:
        context.sni_callback = _as_asked
    return context


def server_context(host: str, *, exact: bool = False) -> ssl.SSLContext:
    """With which the mock shows itself as `host`, or, unless that is `exact`, as the host that the client asks for."""
    with _making:
        return _of_host(host, exact)


def _as_asked(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
    if name:
        with _making:
            connection.context = _of_host(name.lower(), False)


def client_context(asked: ssl.SSLContext) -> ssl.SSLContext:
    """A context as strict as `asked` that trusts our authority alone: `asked` itself is never touched, and would a call
    reach the real host after all, it would go no further."""
    versions = (max(asked.minimum_version, ssl.TLSVersion.TLSv1_2), asked.maximum_version)
    socket_class: Any = asked.sslsocket_class
    with _making:
        return _trusting(asked.verify_mode, asked.check_hostname, versions, socket_class)


@lru_cache(maxsize=64)
def _trusting(
    mode: ssl.VerifyMode, check_hostname: bool, versions: tuple[Any, Any], socket_class: Any
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # till there is something to check by
    context.verify_mode = mode
    context.check_hostname = check_hostname
    context.minimum_version, context.maximum_version = versions
    context.sslsocket_class = socket_class
    context.load_verify_locations(cadata=authority().cert_pem.bytes().decode())
    return context
