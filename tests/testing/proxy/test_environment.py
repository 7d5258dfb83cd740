"""What a client's environment says: whom to call, whom not to call by the proxy, and whom to trust."""

from __future__ import annotations

import re
import ssl
import stat
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest
import trustme
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mockserver.exceptions import UsageError
from mockserver.testing.proxy import Proxy
from mockserver.testing.proxy.environment import environment_of
from tests.testing.proxy.conftest import ANSWER, HOSTS, Desk

URL = "http://127.0.0.1:4321"
BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT")
MORE_BUNDLES = ("CARGO_HTTP_CAINFO", "HTTPLIB2_CA_CERTS", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH")


def environment(folder: Path, **inherited: str) -> Mapping[str, str]:
    return environment_of(URL, [host.lower() for host in HOSTS], folder, inherited)


def names(path: str) -> set[str]:
    """The organisations whose certificates a file holds."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(path)
    subjects = [dict(part[0] for part in each["subject"]) for each in context.get_ca_certs()]  # type: ignore[misc]
    return {str(each.get("organizationName")) for each in subjects}


def write_authority(path: Path, name: str) -> str:
    trustme.CA(organization_name=name).cert_pem.write_to_path(path)
    return str(path)


def test_every_way_to_name_a_proxy_leads_to_it(desk: Desk) -> None:
    proxy = desk.open()
    found = proxy.environment
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        assert found[name] == found[name.lower()] == proxy.url == f"http://127.0.0.1:{desk.port}"
    assert found["NO_PROXY"] == found["no_proxy"] == "127.0.0.1,localhost,::1"
    assert found["NODE_USE_ENV_PROXY"] == "1"


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ("db.internal, .corp.example", "db.internal,.corp.example"),
        ("10.0.0.0/8 192.0.2.1", "10.0.0.0/8,192.0.2.1"),
        ("*", ""),
        ("a.example,desk.example", "a.example"),
        ("DESK.example:443,a.example:80", "a.example:80"),
        (".example,*.desk.example,sk.example", "sk.example"),
        ("localhost,localhost", "localhost"),
    ],
)
def test_no_proxy_keeps_what_does_not_lead_an_api_past_it(tmp_path: Path, given: str, left: str) -> None:
    wanted = list(dict.fromkeys([*(left.split(",") if left else []), "127.0.0.1", "localhost", "::1"]))
    for name in ("NO_PROXY", "no_proxy"):
        found = environment(tmp_path, **{name: given})
        assert found["NO_PROXY"] == found["no_proxy"]
        assert sorted(found["NO_PROXY"].split(",")) == sorted(wanted)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(entries=["*"])
@given(
    st.lists(
        st.sampled_from(["*", "example", ".example", "desk.example", "eu.desk.example:443", "zoo", "x.example", "e"])
        | st.text("adeklmpsx.*:", max_size=12)
    )
)
def test_pythons_own_reading_of_it_leads_every_api_to_the_proxy(tmp_path: Path, entries: list[str]) -> None:
    found = environment(tmp_path, NO_PROXY=",".join(entries))
    passes_by = urllib.request.proxy_bypass_environment  # type: ignore[attr-defined]
    for host in HOSTS:
        assert not passes_by(host.lower(), {"no": found["NO_PROXY"]})
    assert passes_by("localhost", {"no": found["NO_PROXY"]})


def test_an_address_within_a_network_of_no_proxy(tmp_path: Path) -> None:
    found = environment_of(URL, ["192.0.2.7"], tmp_path, {"NO_PROXY": "192.0.2.0/24,198.51.100.0/24"})
    assert found["NO_PROXY"] == "198.51.100.0/24,127.0.0.1,localhost,::1"


def test_bundles_hold_those_of_the_system_and_ours(tmp_path: Path) -> None:
    found = environment(tmp_path)
    for name in (*BUNDLES, *MORE_BUNDLES):
        assert "mockserver" in names(found[name])
        assert len(names(found[name])) > 20, "the system trusts nobody"
    for name in ("NODE_EXTRA_CA_CERTS", "DENO_CERT"):
        assert names(found[name]) == {"mockserver"}
    assert not {"NIX_SSL_CERT_FILE", "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE"} & found.keys()


def test_what_the_user_trusts_stays_trusted(tmp_path: Path) -> None:
    corporate = write_authority(tmp_path / "corporate.pem", "corporate")
    own = write_authority(tmp_path / "own.pem", "own")
    found = environment(
        tmp_path, SSL_CERT_FILE=corporate, PIP_CERT=own, NODE_EXTRA_CA_CERTS=own, NIX_SSL_CERT_FILE=corporate
    )
    assert names(found["SSL_CERT_FILE"]) == names(found["NIX_SSL_CERT_FILE"]) == {"corporate", "mockserver"}
    assert names(found["REQUESTS_CA_BUNDLE"]) == {"corporate", "mockserver"}
    assert names(found["PIP_CERT"]) == names(found["NODE_EXTRA_CA_CERTS"]) == {"own", "mockserver"}
    assert names(found["DENO_CERT"]) == {"mockserver"}
    assert Path(corporate).read_text().count("BEGIN") == 1, "the user's own file is left alone"


def test_a_folder_of_certificates_does_as_well(tmp_path: Path) -> None:
    certificates = tmp_path / "certificates"
    certificates.mkdir()
    write_authority(certificates / "one.pem", "one")
    write_authority(certificates / "two.pem", "two")
    (certificates / "hash.0").symlink_to(certificates / "one.pem")
    (certificates / "README").write_bytes(b"\xff no certificate")
    found = environment(tmp_path, REQUESTS_CA_BUNDLE=str(certificates))["REQUESTS_CA_BUNDLE"]
    assert names(found) == {"one", "two", "mockserver"}
    assert Path(found).read_text().count("BEGIN") == 3


@pytest.mark.parametrize("path", ["/nowhere/at/all.pem", ""])
def test_a_bundle_that_is_not_there_is_as_if_it_were_not_named(tmp_path: Path, path: str) -> None:
    assert len(names(environment(tmp_path, SSL_CERT_FILE=path)["SSL_CERT_FILE"])) > 20


def test_no_key_is_written(tmp_path: Path) -> None:
    authority = trustme.CA(organization_name="corporate")
    both = tmp_path / "both.pem"
    authority.private_key_pem.write_to_path(both)
    authority.cert_pem.write_to_path(both, append=True)
    folder = tmp_path / "written"
    folder.mkdir()
    environment(folder, SSL_CERT_FILE=str(both))
    written = list(folder.iterdir())
    assert len(written) == 3
    for path in written:
        assert b"PRIVATE KEY" not in path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_java_is_told_by_options(tmp_path: Path) -> None:
    found = environment(tmp_path, JAVA_TOOL_OPTIONS=" -Xmx1g ", NO_PROXY="db.internal:5432,.corp.example,10.0.0.0/8")
    options = found["JAVA_TOOL_OPTIONS"].split()
    assert options[0] == "-Xmx1g"
    assert options[1:5] == [
        "-Dhttp.proxyHost=127.0.0.1",
        "-Dhttp.proxyPort=4321",
        "-Dhttps.proxyHost=127.0.0.1",
        "-Dhttps.proxyPort=4321",
    ]
    around = "localhost|127.*|[::1]|db.internal|*.db.internal|corp.example|*.corp.example"
    assert options[5] == f"-Dhttp.nonProxyHosts={around}"
    assert f"-Djavax.net.ssl.trustStore={tmp_path}/trusted.jks" in options


@pytest.mark.parametrize(("name", "quote"), [("with a space", '"'), ('with "quotes"', "'")])
def test_a_folder_with_an_odd_name(tmp_path: Path, name: str, quote: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    options = environment(folder)["JAVA_TOOL_OPTIONS"]
    assert f"{quote}-Djavax.net.ssl.trustStore={folder}/trusted.jks{quote}" in options


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(UsageError, match=re.escape(f"{missing}/trusted.pem cannot be written: No such file")):
        environment(missing)


def test_a_host_of_this_machine_is_none_for_the_proxy(tmp_path: Path) -> None:
    with Proxy(lambda _: ANSWER, ["localhost", "127.0.0.1", "desk.example"], folder=tmp_path) as proxy:
        assert proxy.hosts == {"desk.example"}
