"""The environment in which programs of many languages call the proxy and trust it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from mockserver.testing.proxy.trust import STORE_PASSWORD, Trust

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_OWN = ("127.0.0.1", "localhost", "::1")
#: A file of all who are trusted: OpenSSL and whatever is built on it, and those that want to be told by themselves.
_REPLACING = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "AWS_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "PIP_CERT",
    "CARGO_HTTP_CAINFO",
    "HTTPLIB2_CA_CERTS",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
)
#: These come before SSL_CERT_FILE, or mean nothing, unless the user has them.
_REPLACING_IF_SET = ("NIX_SSL_CERT_FILE", "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE")
#: A file of those who are trusted as well.
_ADDING = ("NODE_EXTRA_CA_CERTS", "DENO_CERT")
_JAVA = "JAVA_TOOL_OPTIONS"


def environment_of(url: str, hosts: Collection[str], folder: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """The variables for clients of the proxy at `url`. What is `inherited` stays in force where it can. Raises
    UsageError when `folder` cannot be written."""
    trust = Trust(folder)
    found = {name: url for each in _PROXIES for name in (each, each.lower())}
    around = list(_around(inherited, hosts))
    found["NO_PROXY"] = found["no_proxy"] = ",".join(dict.fromkeys([*around, *_OWN]))
    found["NODE_USE_ENV_PROXY"] = "1"
    for name in (*_REPLACING, *(name for name in _REPLACING_IF_SET if inherited.get(name))):
        found[name] = trust.beside(inherited.get(name) or inherited.get("SSL_CERT_FILE", ""))
    for name in _ADDING:
        found[name] = trust.added(inherited.get(name, ""))
    java = _java(url, around, trust.java_store(inherited.get("SSL_CERT_FILE", "")))
    found[_JAVA] = " ".join([*([given] if (given := inherited.get(_JAVA, "").strip()) else []), *java])
    return found


def _around(inherited: Mapping[str, str], hosts: Collection[str]) -> Iterator[str]:
    """What the user does not send to proxies, unless it would lead an API past this one."""
    for name in ("NO_PROXY", "no_proxy"):
        for entry in re.split(r"[\s,]+", inherited.get(name, "")):
            if entry and not any(_covers(entry, host) for host in hosts):
                yield entry


def _covers(entry: str, host: str) -> bool:
    """Whether some program would take an entry of NO_PROXY to mean `host`. They do not agree on what it means."""
    entry = entry.lower()
    if entry == "*":
        return True
    try:
        return ip_address(host) in ip_network(entry, strict=False)
    except ValueError:
        pass  # either is a name
    name = re.sub(r":[0-9]+\Z", "", entry).removeprefix("*").strip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _java(url: str, around: Collection[str], store: str) -> Iterator[str]:
    target = urlsplit(url)
    for scheme in ("http", "https"):
        yield f"-D{scheme}.proxyHost={target.hostname}"
        yield f"-D{scheme}.proxyPort={target.port}"
    patterns = ["localhost", "127.*", "[::1]"]
    for entry in around:
        name = re.sub(r":[0-9]+\Z", "", entry).removeprefix("*").strip(".")
        if re.fullmatch(r"[\w.-]+", name):
            patterns += [name, f"*.{name}"]
    yield f"-Dhttp.nonProxyHosts={'|'.join(dict.fromkeys(patterns))}"
    yield _quoted(f"-Djavax.net.ssl.trustStore={store}")
    yield "-Djavax.net.ssl.trustStoreType=jks"
    yield f"-Djavax.net.ssl.trustStorePassword={STORE_PASSWORD}"


def _quoted(option: str) -> str:
    """As a JVM reads JAVA_TOOL_OPTIONS: quotes of either kind, and no escape within."""
    if not re.search(r"[\s'\"]", option):
        return option
    return f"'{option}'" if '"' in option else f'"{option}"'
