"""Over TLS the judged address is connected to, while name, SNI and certificate stay the host's."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rustok.core.security.ssrf import OutboundPolicy
from rustok.platform.webhooks.service.sending import Sender
from tests.integration.platform.receiver import Receiver

POLICY = OutboundPolicy(allow_private=True)
NAME = "hooks.example.com"


async def here(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def certificate(folder: Path, *names: x509.GeneralName) -> Path:
    """A certificate of these names, signed by itself, with its key; in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


class Served(Receiver):
    """Notes which name was asked for in the handshake."""

    def __init__(self, pem: Path) -> None:
        self.asked_for: list[str | None] = []
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pem)
        context.sni_callback = lambda _socket, name, _context: self.asked_for.append(name)
        super().__init__(tls=context)


@pytest.fixture
def trusting(tmp_path: Path) -> Path:
    return certificate(tmp_path, x509.DNSName(NAME))


async def test_host_sni_and_certificate_are_the_names(trusting: Path) -> None:
    verify = ssl.create_default_context(cafile=str(trusting))
    async with Served(trusting) as receiver:
        sender = Sender(POLICY, lookup=here, verify=verify)
        url = f"https://{NAME}:{receiver.port}/in"
        answer = await sender.post(url, headers={}, body=b"{}")
    assert (answer.status, answer.error) == (204, None)
    assert receiver.asked_for == [NAME]
    assert receiver.received[0].headers["host"] == f"{NAME}:{receiver.port}"


async def test_a_certificate_of_another_name_is_refused(trusting: Path) -> None:
    verify = ssl.create_default_context(cafile=str(trusting))
    async with Served(trusting) as receiver:
        sender = Sender(POLICY, lookup=here, verify=verify)
        url = f"https://other.example.com:{receiver.port}/in"
        answer = await sender.post(url, headers={}, body=b"{}")
    assert answer.error == "tls"
    assert receiver.received == []


async def test_a_certificate_nobody_signed_is_refused(trusting: Path) -> None:
    async with Served(trusting) as receiver:
        sender = Sender(POLICY, lookup=here)
        url = f"https://{NAME}:{receiver.port}/in"
        answer = await sender.post(url, headers={}, body=b"{}")
    assert answer.error == "tls"
    assert receiver.received == []


async def test_an_address_needs_a_certificate_of_the_address(tmp_path: Path) -> None:
    pem = certificate(tmp_path, x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    verify = ssl.create_default_context(cafile=str(pem))
    async with Served(pem) as receiver:
        url = f"https://127.0.0.1:{receiver.port}/in"
        answer = await Sender(POLICY, verify=verify).post(url, headers={}, body=b"{}")
    assert answer.status == 204


async def test_a_receiver_that_speaks_no_tls_is_a_failed_handshake() -> None:
    async with Receiver() as receiver:
        url = f"https://{NAME}:{receiver.port}/in"
        sender = Sender(POLICY, lookup=here, total_seconds=2, connect_seconds=1)
        answer = await sender.post(url, headers={}, body=b"{}")
    assert answer.error in {"tls", "connection", "timeout"}


async def test_proxies_of_the_environment_are_not_used(
    trusting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    verify = ssl.create_default_context(cafile=str(trusting))
    async with Served(trusting) as receiver:
        sender = Sender(POLICY, lookup=here, verify=verify)
        answer = await sender.post(f"https://{NAME}:{receiver.port}/in", headers={}, body=b"{}")
    assert answer.status == 204
