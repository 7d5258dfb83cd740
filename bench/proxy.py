"""Calls by https through the proxy of `mockserver run --proxy`, from a process of their own."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from urllib.parse import urlsplit

from bench.calls import API, GET_ONE, Case
from bench.figures import median, table

_CALLS = {"kept": 3000, "made anew": 300}


def run(cases: Sequence[Case], rounds: int, seconds: int) -> bool:
    """Measure one call after another; prints milliseconds and calls per second."""
    from mockserver.engine.assembly import Options, build_engine
    from mockserver.testing.proxy import Proxy

    engine = build_engine([API], Options(rate_limits=False))
    hosts = engine.api(API).contract.servers[0].hosts
    rows = []
    with TemporaryDirectory() as folder, Proxy(engine.handle, hosts, folder=Path(folder)) as proxy:
        for kind, calls in _CALLS.items():
            command = [sys.executable, "-m", "bench.proxy", kind, str(calls), hosts[0]]
            environment = {**os.environ, **proxy.environment}
            took = [
                float(subprocess.run(command, env=environment, capture_output=True, check=True).stdout) / calls
                for _ in range(rounds)
            ]
            rows.append([f"TLS, connection {kind}", f"**{median(took) * 1e3:.2f}**", f"{1 / median(took):,.0f}"])
    table("proxy: one call after another, GET one", ("client", "ms", "calls per second"), rows)
    return True


def _connected(host: str) -> ssl.SSLSocket:
    proxy = urlsplit(os.environ["HTTPS_PROXY"])
    raw = socket.create_connection((proxy.hostname, proxy.port))
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    raw.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
    raw.recv(1000)
    return _CONTEXT.wrap_socket(raw, server_hostname=host)


def _call(client: ssl.SSLSocket, message: bytes) -> None:
    client.sendall(message)
    if not client.recv(65536).startswith(b"HTTP/1.1 200"):
        raise AssertionError("it was not answered with 200")


def _main(kind: str, calls: int, host: str) -> float:
    lines = [f"GET {GET_ONE.path.removeprefix(f'/{API}')} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in GET_ONE.headers.items()]
    message = "\r\n".join([*lines, "", ""]).encode()
    with _connected(host) as client:
        _call(client, message)
        began = perf_counter()
        for _ in range(calls):
            if kind == "kept":
                _call(client, message)
            else:
                with _connected(host) as fresh:
                    _call(fresh, message)
        return perf_counter() - began


if __name__ == "__main__":
    _CONTEXT = ssl.create_default_context(cafile=os.environ["DENO_CERT"])
    sys.stdout.write(str(_main(sys.argv[1], int(sys.argv[2]), sys.argv[3])))
