"""A signer behind HTTP: what it gets, and what of its answers is believed."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_utils.crypto import keccak
from signing import ADDRESS, KEY, OTHER, TRANSACTION

from agent.execution.signer import SigningRefused, unsigned_bytes
from agent.execution.signers import RemoteSpec, open_signer
from agent.reasons import Code

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def web3signer(body: bytes, identifier: str) -> bytes:
    """What Web3Signer answers: it hashes the data itself and signs with the key of that name."""
    if identifier.lower() != ADDRESS.lower():
        return b"Resource not found"
    data = bytes.fromhex(json.loads(body)["data"][2:])
    return b"0x" + Account.from_key(KEY).unsafe_sign_hash(keccak(data)).signature.hex().removeprefix("0x").encode()


@contextmanager
def http_signer(
    answer: Callable[[bytes, str], bytes], delay_s: float = 0, drip_s: float = 0, certificate: Path | None = None
) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(delay_s)
            text = answer(body, self.path.rpartition("/")[2])
            self.send_response(200 if text.startswith(b"0x") else 404)
            self.end_headers()
            try:
                for part in [bytes([byte]) for byte in text] if drip_s else [text]:
                    self.wfile.write(part)
                    self.wfile.flush()
                    time.sleep(drip_s)
            except OSError:
                pass  # the client went away, which is what it should do

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http{'s' if certificate else ''}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def remote(url: str, address: str = ADDRESS, timeout_s: float = 30.0) -> Any:
    return open_signer(RemoteSpec(kind="remote", address=address, url=url, timeout_s=timeout_s))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate and its key for this machine's address, signed by itself."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "signer")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "signer.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def altered(change: Callable[[int, int, int], tuple[int, int, int]]) -> Callable[[bytes, str], bytes]:
    def answer(body: bytes, identifier: str) -> bytes:
        found = bytes.fromhex(web3signer(body, identifier)[2:].decode())
        r, s, v = change(int.from_bytes(found[:32], "big"), int.from_bytes(found[32:64], "big"), found[64])
        return b"0x" + (r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([v])).hex().encode()

    return answer


def other_key(body: bytes, identifier: str) -> bytes:
    return b"0x" + Account.from_key(b"\x47" * 32).unsafe_sign_hash(keccak(b"")).signature.hex().encode()


def test_a_remote_signer_gets_the_unsigned_bytes_and_its_answer_is_checked() -> None:
    seen: list[bytes] = []

    def answer(body: bytes, identifier: str) -> bytes:
        seen.append(bytes.fromhex(json.loads(body)["data"][2:]))
        return web3signer(body, identifier)

    with http_signer(answer) as url:
        signed = remote(url).sign(TRANSACTION)
    assert seen == [unsigned_bytes(TRANSACTION)]
    assert Account.recover_transaction(signed.raw) == ADDRESS


def test_a_remote_signer_is_believed_only_with_the_certificate_that_was_agreed(certificate: Path) -> None:
    with http_signer(web3signer, certificate=certificate) as url:
        spec = RemoteSpec(kind="remote", address=ADDRESS, url=url, ca_file=certificate, client_certificate=certificate)
        assert Account.recover_transaction(open_signer(spec).sign(TRANSACTION).raw) == ADDRESS
        with pytest.raises(SigningRefused, match="CERTIFICATE_VERIFY_FAILED"):
            open_signer(spec.model_copy(update={"ca_file": None})).sign(TRANSACTION)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (altered(lambda r, s, v: (r, ORDER - s, 55 - v)), "not canonical"),
        (altered(lambda r, s, v: (r, s, 55 - v)), "recovered"),
        (altered(lambda r, s, v: (r, s, 29)), "recovery id"),
        (altered(lambda r, s, v: (r, 0, v)), "not canonical"),
        (altered(lambda r, s, v: (0, s, v)), "not canonical"),
        (altered(lambda r, s, v: (5, s, v)), "nobody's signature"),  # no point of the curve is above 5
        (other_key, "recovered"),
        (lambda body, name: b"0x1234", "65 bytes"),
        (lambda body, name: b"0x" + b"0" * 100_000, "bytes"),
        (lambda body, name: b"", "HTTP 404"),
    ],
    ids=["high s", "other parity", "strange v", "zero s", "zero r", "no point", "other key", "short", "huge", "empty"],
)
def test_nothing_leaves_a_remote_signer_that_is_not_this_addresss_canonical_signature(
    answer: Callable[[bytes, str], bytes], complaint: str
) -> None:
    with http_signer(answer) as url, pytest.raises(SigningRefused, match=complaint) as refusal:
        remote(url).sign(TRANSACTION)
    assert refusal.value.reason.code is Code.SIGNER_FAILED


@pytest.mark.parametrize(("delay_s", "drip_s"), [(5.0, 0.0), (0.0, 0.05)], ids=["silent", "a byte now and then"])
def test_a_slow_remote_signer_is_given_up_in_time(delay_s: float, drip_s: float) -> None:
    # Who waits gets a good signature.
    with http_signer(web3signer, delay_s, drip_s) as url, pytest.raises(SigningRefused):
        remote(url, timeout_s=0.3).sign(TRANSACTION)


def test_a_remote_signer_that_takes_no_connection_is_given_up_in_time() -> None:
    socket.setdefaulttimeout(30)  # of whoever gives none
    try:
        with socket.create_server(("127.0.0.1", 0), backlog=0) as busy, socket.create_connection(busy.getsockname()):
            started = time.monotonic()
            with pytest.raises(SigningRefused, match="TimeoutError"):
                remote(f"http://127.0.0.1:{busy.getsockname()[1]}", timeout_s=0.3).sign(TRANSACTION)
            assert time.monotonic() - started < 15
    finally:
        socket.setdefaulttimeout(None)


def test_a_remote_signer_that_is_down_or_does_not_have_the_key_signs_nothing() -> None:
    with pytest.raises(SigningRefused):
        remote("http://127.0.0.1:1").sign(TRANSACTION)
    with http_signer(web3signer) as url, pytest.raises(SigningRefused, match="404"):
        remote(url, address=OTHER).sign(TRANSACTION)
