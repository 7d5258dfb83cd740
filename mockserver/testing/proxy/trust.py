"""Certificates as files, for programs that are told by a variable whom to trust."""

from __future__ import annotations

import hashlib
import re
import ssl
from collections.abc import Iterable
from functools import cached_property, lru_cache
from pathlib import Path

from mockserver.exceptions import UsageError
from mockserver.testing.loopback.certificates import authority

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\s.*?-----END CERTIFICATE-----", re.DOTALL)
#: Where systems keep whom they trust, beside the place that Python's own OpenSSL was built for.
_USUAL = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
#: Any store has one; it keeps nothing secret, as there are only certificates in it.
STORE_PASSWORD = "changeit"
_STORE_MAGIC = 0xFEEDFEED
_STORE_VERSION = 2
_TRUSTED_ENTRY = 2
_STORE_SALT = b"Mighty Aphrodite"  # part of the format


class Trust:
    """Writes what clients trust into `folder`: each file when it is first asked for. Raises UsageError then when it
    cannot be written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._own = authority().cert_pem.bytes().decode().strip()
        self._bundles: dict[tuple[str, ...], str] = {}

    @cached_property
    def alone(self) -> str:
        """The path of a file with our authority, for programs that add it to those they know."""
        return self.bundle([])

    def beside(self, path: str) -> str:
        """The path of a file with our authority and those of a file or a folder, for programs that trust nobody else.
        When there is nothing to be read at `path`, it is those of the system."""
        return self.bundle(_given_or_system(path))

    def added(self, path: str) -> str:
        """The path of a file with our authority and what is at `path` already."""
        return self.bundle(_certificates_at(Path(path))) if path else self.alone

    def bundle(self, others: Iterable[str]) -> str:
        """The path of a file with our authority and `others`."""
        certificates = tuple(dict.fromkeys([self._own, *others]))
        if certificates not in self._bundles:
            name = f"trusted-{len(self._bundles) + 1}.pem" if self._bundles else "trusted.pem"
            self._bundles[certificates] = self._write(name, ("\n".join(certificates) + "\n").encode())
        return self._bundles[certificates]

    def java_store(self, path: str) -> str:
        """As `beside`, as a store that every Java can read."""
        return self._write("trusted.jks", java_store(dict.fromkeys([self._own, *_given_or_system(path)])))

    def _write(self, name: str, content: bytes) -> str:
        path = self._folder / name
        try:
            path.write_bytes(content)
            path.chmod(0o644)
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}") from None
        return str(path.absolute())


def java_store(certificates: Iterable[str]) -> bytes:
    """Certificates (PEM) in the oldest of Java's formats: the newer one would have to be encrypted in a way that half
    of the Javas in use cannot read."""
    entries = []
    for number, certificate in enumerate(certificates):
        encoded = ssl.PEM_cert_to_DER_cert(certificate)
        date = bytes(8)
        kind, length = _text(b"X.509"), len(encoded).to_bytes(4)
        entries.append(_TRUSTED_ENTRY.to_bytes(4) + _text(b"%d" % number) + date + kind + length + encoded)
    head = b"".join(number.to_bytes(4) for number in (_STORE_MAGIC, _STORE_VERSION, len(entries)))
    store = head + b"".join(entries)
    key = STORE_PASSWORD.encode("utf-16-be") + _STORE_SALT
    return store + hashlib.sha1(key + store, usedforsecurity=False).digest()


def _text(text: bytes) -> bytes:
    return len(text).to_bytes(2) + text


def _given_or_system(path: str) -> list[str]:
    return (_certificates_at(Path(path)) if path else []) or _system()


def _certificates_at(path: Path) -> list[str]:
    """The certificates of a file, or of all files of a folder; none when it cannot be read."""
    try:
        if path.is_dir():
            files = sorted({each.resolve() for each in path.iterdir() if each.is_file()})
            return [found for each in files for found in _certificates_in(each)]
        return _certificates_in(path)
    except OSError:
        return []


def _certificates_in(path: Path) -> list[str]:
    return _CERTIFICATE.findall(path.read_text("latin-1"))


@lru_cache(maxsize=1)
def _system() -> list[str]:
    """Whom the system trusts, whatever the environment says."""
    paths = ssl.get_default_verify_paths()
    for path in (paths.openssl_cafile, *_USUAL, paths.openssl_capath):
        if found := _certificates_at(Path(path)):
            return found
    known = ssl.create_default_context().get_ca_certs(binary_form=True)
    return [ssl.DER_cert_to_PEM_cert(each).strip() for each in known]
