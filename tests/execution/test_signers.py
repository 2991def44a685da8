import json
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_keyfile.keyfile import create_keyfile_json
from eth_utils.crypto import keccak
from pydantic import BaseModel, ConfigDict, ValidationError

from agent.execution.signer import SigningRefused, Transaction, digest_of, unsigned_bytes
from agent.execution.signers import KeystoreSpec, KmsSpec, LocalSpec, RemoteSpec, SignerSpec, open_signer
from agent.reasons import Code, Refusal

KEY = bytes.fromhex("4646464646464646464646464646464646464646464646464646464646464646")
ADDRESS = str(Account.from_key(KEY).address)
OTHER = str(Account.from_key(b"\x47" * 32).address)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
PASSWORD = "correct horse battery"
TRANSACTION = Transaction(1, 7, OTHER, b"\x12" * 70, 21_000, 3 * 10**9, 10**9)


@pytest.fixture(scope="module")
def strong_keystore() -> dict[str, Any]:
    return dict(create_keyfile_json(KEY, PASSWORD.encode(), kdf="scrypt"))


def keystore_spec(folder: Path, content: Any, mode: int = 0o600, password: str = PASSWORD) -> KeystoreSpec:
    for name, text in (("key.json", content if isinstance(content, str) else json.dumps(content)), ("pw", password)):
        (folder / name).write_text(text)
        (folder / name).chmod(mode if name == "key.json" else 0o600)
    return KeystoreSpec(kind="keystore", address=ADDRESS, path=folder / "key.json", password_file=folder / "pw")


def refused_code(spec: KeystoreSpec) -> Code:
    with pytest.raises(Refusal) as refusal:
        open_signer(spec)
    assert PASSWORD not in str(refusal.value)
    return refusal.value.reasons[0].code


def test_a_keystore_signs_for_any_chain_with_bytes_that_recover_to_it(
    tmp_path: Path, strong_keystore: dict[str, Any]
) -> None:
    signer = open_signer(keystore_spec(tmp_path, strong_keystore))
    signed = signer.sign(TRANSACTION)
    assert Account.recover_transaction(signed.raw) == signer.address == ADDRESS
    assert signed.hash == "0x" + keccak(signed.raw).hex()
    assert signed.raw == bytes(
        Account.from_key(KEY)
        .sign_transaction(
            {
                "type": 2,
                "chainId": 1,
                "nonce": 7,
                "to": OTHER,
                "value": 0,
                "data": TRANSACTION.data,
                "gas": 21_000,
                "maxFeePerGas": 3 * 10**9,
                "maxPriorityFeePerGas": 10**9,
            }
        )
        .raw_transaction
    )


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o700])
def test_refuses_a_keystore_that_others_may_open(tmp_path: Path, strong_keystore: dict[str, Any], mode: int) -> None:
    assert refused_code(keystore_spec(tmp_path, strong_keystore, mode)) is Code.KEYSTORE_UNSAFE


def test_refuses_a_password_that_others_may_read(tmp_path: Path, strong_keystore: dict[str, Any]) -> None:
    spec = keystore_spec(tmp_path, strong_keystore)
    spec.password_file.chmod(0o644)
    assert refused_code(spec) is Code.KEYSTORE_UNSAFE


def test_refuses_a_keystore_behind_a_link(tmp_path: Path, strong_keystore: dict[str, Any]) -> None:
    spec = keystore_spec(tmp_path, strong_keystore)
    os.symlink(spec.path, tmp_path / "link.json")
    assert refused_code(spec.model_copy(update={"path": tmp_path / "link.json"})) is Code.CONFIG_MISSING


@pytest.mark.parametrize(
    "weaken",
    [
        lambda crypto: crypto.update(kdf="pbkdf2"),
        lambda crypto: crypto["kdfparams"].update(n=8_192),
        lambda crypto: crypto["kdfparams"].update(n=2**17),
        lambda crypto: crypto["kdfparams"].update(n=2**18 + 1),
        lambda crypto: crypto["kdfparams"].update(n=2**30),
        lambda crypto: crypto["kdfparams"].update(r=1),
        lambda crypto: crypto["kdfparams"].update(n=True),
        lambda crypto: crypto["kdfparams"].update(p=1_000),
        lambda crypto: crypto["kdfparams"].update(salt="00"),
        lambda crypto: crypto.pop("kdfparams"),
    ],
    ids=["pbkdf2", "n of cast", "half of n", "no power", "huge n", "small r", "true", "huge p", "short salt", "none"],
)
def test_refuses_a_weak_or_crafted_key_derivation(
    tmp_path: Path, strong_keystore: dict[str, Any], weaken: Callable[[Any], Any]
) -> None:
    content = json.loads(json.dumps(strong_keystore))
    weaken(content["crypto"])
    started = time.monotonic()
    assert refused_code(keystore_spec(tmp_path, content)) is Code.KEYSTORE_UNSAFE
    assert time.monotonic() - started < 1, "refused before anything is derived"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 3}', '{"version": 1, "crypto": {}}', "x" * 70_000])
def test_refuses_a_file_that_is_no_keystore(tmp_path: Path, content: str) -> None:
    assert refused_code(keystore_spec(tmp_path, content)) is Code.KEYSTORE_UNSAFE


def test_refuses_a_wrong_or_short_password_without_repeating_it(
    tmp_path: Path, strong_keystore: dict[str, Any]
) -> None:
    assert refused_code(keystore_spec(tmp_path, strong_keystore, password="another password")) is Code.KEYSTORE_UNSAFE
    assert refused_code(keystore_spec(tmp_path, strong_keystore, password="short")) is Code.KEYSTORE_UNSAFE


def test_refuses_a_keystore_of_another_address(tmp_path: Path, strong_keystore: dict[str, Any]) -> None:
    spec = keystore_spec(tmp_path, strong_keystore).model_copy(update={"address": OTHER})
    assert refused_code(spec) is Code.SIGNER_ROLE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_refuses_a_keystore_of_another_user(tmp_path: Path, strong_keystore: dict[str, Any]) -> None:
    spec = keystore_spec(tmp_path, strong_keystore)
    os.chown(spec.path, 65_534, 65_534)
    assert refused_code(spec) is Code.KEYSTORE_UNSAFE


def test_refuses_a_password_that_is_no_text(tmp_path: Path, strong_keystore: dict[str, Any]) -> None:
    spec = keystore_spec(tmp_path, strong_keystore)
    spec.password_file.write_bytes(b"\xff" * 20)
    assert refused_code(spec) is Code.KEYSTORE_UNSAFE


def test_the_local_chains_key_signs_for_nothing_else() -> None:
    signer = open_signer(LocalSpec(kind="local"))
    assert Account.recover_transaction(signer.sign(replace(TRANSACTION, chain_id=31337)).raw) == signer.address
    with pytest.raises(SigningRefused, match="31337 only"):
        signer.sign(TRANSACTION)


def test_refuses_a_keystore_that_is_not_there(tmp_path: Path) -> None:
    spec = KeystoreSpec(kind="keystore", address=ADDRESS, path=tmp_path / "no.json", password_file=tmp_path / "pw")
    assert refused_code(spec) is Code.CONFIG_MISSING


class Service(BaseModel):
    """A configuration with a signer in it, as the service's is."""

    model_config = ConfigDict(hide_input_in_errors=True)
    signer: SignerSpec


@pytest.mark.parametrize(
    "spec",
    [
        {"kind": "remote", "address": ADDRESS, "url": "http://signer.example:9000"},
        {"kind": "remote", "address": ADDRESS, "url": "https://user:secret@signer.example"},
        {"kind": "remote", "address": ADDRESS, "url": "ftp://signer.example"},
        {"kind": "kms", "address": ADDRESS, "key_id": KEY.hex(), "region": "eu-west-1"},
        {"kind": "keystore", "address": ADDRESS, "path": f"/keys/{KEY.hex()}", "password_file": "pw"},
        {"kind": "keystore", "address": ADDRESS, "path": "k", "password_file": "pw", "password": "x"},
        {"kind": "raw", "private_key": KEY.hex()},
        {"kind": "local", "private_key": KEY.hex()},
        {"kind": "remote", "address": KEY.hex(), "url": "https://signer.example"},
    ],
)
def test_refuses_a_key_and_an_open_line_in_a_configuration(spec: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refusal:
        Service.model_validate({"signer": spec})
    assert KEY.hex() not in str(refusal.value)
    assert "secret" not in str(refusal.value)


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
                for byte in text:
                    self.wfile.write(bytes([byte]))
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


def remote(url: str, address: str = ADDRESS, timeout_s: float = 2.0) -> Any:
    return open_signer(RemoteSpec(kind="remote", address=address, url=url, timeout_s=timeout_s))


def test_a_remote_signer_gets_the_unsigned_bytes_and_its_answer_is_checked() -> None:
    seen: list[bytes] = []

    def answer(body: bytes, identifier: str) -> bytes:
        seen.append(bytes.fromhex(json.loads(body)["data"][2:]))
        return web3signer(body, identifier)

    with http_signer(answer) as url:
        signed = remote(url).sign(TRANSACTION)
    assert seen == [unsigned_bytes(TRANSACTION)]
    assert Account.recover_transaction(signed.raw) == ADDRESS


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


def test_a_remote_signer_is_believed_only_with_the_certificate_that_was_agreed(certificate: Path) -> None:
    with http_signer(web3signer, certificate=certificate) as url:
        spec = RemoteSpec(kind="remote", address=ADDRESS, url=url, ca_file=certificate, client_certificate=certificate)
        assert Account.recover_transaction(open_signer(spec).sign(TRANSACTION).raw) == ADDRESS
        with pytest.raises(SigningRefused, match="CERTIFICATE_VERIFY_FAILED"):
            open_signer(spec.model_copy(update={"ca_file": None})).sign(TRANSACTION)


def altered(change: Callable[[int, int, int], tuple[int, int, int]]) -> Callable[[bytes, str], bytes]:
    def answer(body: bytes, identifier: str) -> bytes:
        found = bytes.fromhex(web3signer(body, identifier)[2:].decode())
        r, s, v = change(int.from_bytes(found[:32], "big"), int.from_bytes(found[32:64], "big"), found[64])
        return b"0x" + (r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([v])).hex().encode()

    return answer


def other_key(body: bytes, identifier: str) -> bytes:
    return b"0x" + Account.from_key(b"\x47" * 32).unsafe_sign_hash(keccak(b"")).signature.hex().encode()


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
    with http_signer(web3signer, delay_s, drip_s) as url:
        started = time.monotonic()
        with pytest.raises(SigningRefused):
            remote(url, timeout_s=0.3).sign(TRANSACTION)
        assert time.monotonic() - started < 1.0


def test_a_remote_signer_that_is_down_or_does_not_have_the_key_signs_nothing() -> None:
    with pytest.raises(SigningRefused):
        remote("http://127.0.0.1:1").sign(TRANSACTION)
    with http_signer(web3signer) as url, pytest.raises(SigningRefused, match="404"):
        remote(url, address=OTHER).sign(TRANSACTION)


def sign_digest(self: Any, message: bytes, signing_algorithm: str) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    signature: bytes = self.private_key.sign(message, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    return signature


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    moto = pytest.importorskip("moto")
    boto3 = pytest.importorskip("boto3")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    # moto 5.2 hashes a digest once more, whatever MessageType says; AWS signs it as it is.
    monkeypatch.setattr("moto.kms.utils.ECDSAPrivateKey.sign", sign_digest)
    with moto.mock_aws():
        yield boto3.client("kms", region_name="eu-west-1")


def kms_key(kms: Any, key_spec: str = "ECC_SECG_P256K1") -> tuple[str, str]:
    """A new key's id and its address."""
    key_id = kms.create_key(KeySpec=key_spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    point = kms.get_public_key(KeyId=key_id)["PublicKey"][-64:]
    return key_id, "0x" + keccak(point)[-20:].hex()


def kms_spec(key_id: str, address: str) -> KmsSpec:
    return KmsSpec(kind="kms", address=address, key_id=key_id, region="eu-west-1")


def test_kms_signatures_become_canonical_and_recover_to_the_keys_address(kms: Any) -> None:
    key_id, address = kms_key(kms)
    signer = open_signer(kms_spec(key_id, address))
    halves = set()
    for nonce in range(24):  # KMS answers either half of s, one as often as the other
        transaction = Transaction(1, nonce, OTHER, b"", 21_000, 10**9, 10**8)
        raw = signer.sign(transaction).raw
        assert Account.recover_transaction(raw) == signer.address
        answered = kms.sign(
            KeyId=key_id, Message=digest_of(transaction), MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256"
        )["Signature"]
        halves.add(answered[5 + answered[3]] == 33)  # a leading zero byte: the upper half
    assert signer.address.lower() == address
    assert halves == {True, False}


def test_kms_refuses_a_key_of_another_kind_or_address(kms: Any) -> None:
    key_id, address = kms_key(kms, "ECC_NIST_P256")
    with pytest.raises(SigningRefused, match="another kind"):
        open_signer(kms_spec(key_id, address))
    key_id, _ = kms_key(kms)
    with pytest.raises(SigningRefused, match="names"):
        open_signer(kms_spec(key_id, OTHER))


def test_kms_that_answers_no_signature_signs_nothing(kms: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    key_id, address = kms_key(kms)
    signer = open_signer(kms_spec(key_id, address))
    monkeypatch.setattr("moto.kms.utils.ECDSAPrivateKey.sign", lambda *_: b"no DER")
    with pytest.raises(SigningRefused, match="no signature"):
        signer.sign(TRANSACTION)


def test_kms_without_the_key_signs_nothing(kms: Any) -> None:
    key_id, address = kms_key(kms)
    signer = open_signer(kms_spec(key_id, address))
    signer._key_id = "11111111-0000-0000-0000-000000000000"  # deleted meanwhile; moto keeps signing with disabled keys
    with pytest.raises(SigningRefused, match="NotFoundException"):
        signer.sign(TRANSACTION)
    with pytest.raises(SigningRefused, match="NotFoundException"):
        open_signer(kms_spec("00000000-0000-0000-0000-000000000000", address))


def test_a_kms_that_signs_with_another_key_is_found_out(kms: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    key_id, address = kms_key(kms)
    other_id, _ = kms_key(kms)
    signer = open_signer(kms_spec(key_id, address))
    monkeypatch.setattr(signer, "_key_id", other_id)
    with pytest.raises(SigningRefused, match="recovered"):
        signer.sign(TRANSACTION)
