"""The files that AMQP_URL names for TLS: what is wrong with them is told before any connect."""

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from tests.support.certificates import Authority
from worker.amqp.connection import parameters
from worker.amqp.tls import TLSError, parameters_of
from worker.exceptions import BrokerUnavailable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with `ca.pem`, and two certificates with their keys."""
    authority = Authority(tmp_path, "ca")
    authority.issue("ours", "us")
    authority.issue("theirs", "them")
    return tmp_path


def said(url: str) -> str:
    with pytest.raises(TLSError) as error:
        parameters_of(url)
    return str(error.value)


def test_certificate_and_host_are_always_verified(folder: Path) -> None:
    for url in ("amqps://h/", f"amqps://h/?cacertfile={folder}/ca.pem"):
        options = parameters_of(url).ssl_options
        assert options
        assert options.context.verify_mode == ssl.CERT_REQUIRED
        assert options.context.check_hostname


def test_only_the_authority_that_is_named_is_trusted(folder: Path) -> None:
    options = parameters_of(f"amqps://h/?cacertfile={folder}/ca.pem").ssl_options
    assert options
    assert len(options.context.get_ca_certs()) == 1


def test_the_rest_of_the_url_means_what_it_did(folder: Path) -> None:
    url = f"amqps://u%40:p%2F@h:1/v%2F?cacertfile={folder}/ca.pem&heartbeat=7&retry_delay=3"
    found, expected = parameters_of(url), parameters_of("amqps://u%40:p%2F@h:1/v%2F?retry_delay=3")
    assert found.credentials == expected.credentials
    assert (found.host, found.port, found.virtual_host) == ("h", 1, "v/")
    assert (found.heartbeat, found.retry_delay) == (7, 3)


def test_a_file_that_is_not_there_is_named(folder: Path) -> None:
    assert said(f"amqps://h/?cacertfile={folder}/no.pem") == (
        f"{folder}/no.pem cannot be read: No such file or directory."
    )


def test_a_file_without_a_certificate_is_named(folder: Path) -> None:
    assert f"no certificate in PEM form in {folder}/ours.key" in said(
        f"amqps://h/?cacertfile={folder}/ours.key"
    )


def test_a_key_of_another_certificate_is_told(folder: Path) -> None:
    mixed = f"certfile={folder}/ours.pem&keyfile={folder}/theirs.key"
    assert "no certificate and its key" in said(f"amqps://h/?{mixed}")


def test_a_certificate_wants_its_key(folder: Path) -> None:
    assert "name both" in said(f"amqps://h/?certfile={folder}/ours.pem")


def test_nobody_is_asked_for_the_password_of_a_key(folder: Path) -> None:
    key = folder / "ours.key"
    plain = load_pem_private_key(key.read_bytes(), None)
    encrypted = BestAvailableEncryption(b"password")
    key.write_bytes(plain.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encrypted))
    assert "encrypted" in said(f"amqps://h/?certfile={folder}/ours.pem&keyfile={key}")


def test_without_tls_such_files_are_refused(folder: Path) -> None:
    assert "must begin with amqps://" in said(f"amqp://h/?cacertfile={folder}/ca.pem")


def test_a_file_that_is_gone_later_is_an_outage(folder: Path) -> None:
    with pytest.raises(BrokerUnavailable, match="cannot be read"):
        parameters(f"amqps://h/?cacertfile={folder}/no.pem", "test", 30)
