"""Encrypted key files: what they sign, and which are refused."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_keyfile.keyfile import create_keyfile_json
from eth_utils.crypto import keccak
from signing import ADDRESS, KEY, OTHER, TRANSACTION

from agent.execution.signers import KeystoreSpec, open_signer
from agent.reasons import Code, Refusal

PASSWORD = "correct horse battery"


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
    tmp_path: Path, strong_keystore: dict[str, Any], weaken: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = json.loads(json.dumps(strong_keystore))
    weaken(content["crypto"])
    monkeypatch.delattr(Account, "decrypt")  # refused before anything is derived
    assert refused_code(keystore_spec(tmp_path, content)) is Code.KEYSTORE_UNSAFE


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


def test_refuses_a_keystore_that_is_not_there(tmp_path: Path) -> None:
    spec = KeystoreSpec(kind="keystore", address=ADDRESS, path=tmp_path / "no.json", password_file=tmp_path / "pw")
    assert refused_code(spec) is Code.CONFIG_MISSING


def reason_of(spec: KeystoreSpec) -> tuple[Any, ...]:
    with pytest.raises(Refusal) as refusal:
        open_signer(spec)
    (reason,) = refusal.value.reasons
    return reason.message, reason.value, reason.bound, reason.where


@pytest.mark.parametrize(
    ("changes", "message", "value", "bound"),
    [
        ({"kdf": "pbkdf2"}, "the key is derived by 'pbkdf2', expected scrypt", None, None),
        ({"n": 2**17}, "scrypt with n 131072 and r 8 is too weak", 2**17, 2**18),
        ({"r": 4}, "scrypt with n 262144 and r 4 is too weak", 2**18, 2**18),
        ({"n": 2**21}, "scrypt with n 2097152, r 8 and p 1 takes too much memory or time", None, None),
        ({"p": 17}, "scrypt with n 262144, r 8 and p 17 takes too much memory or time", None, None),
        ({"n": "1"}, "scrypt's n, r and p are no usable numbers", None, None),
        ({"r": 8.0}, "scrypt's n, r and p are no usable numbers", None, None),
        ({"p": 0}, "scrypt's n, r and p are no usable numbers", None, None),
        ({"n": 2**18 + 2**17}, "scrypt's n, r and p are no usable numbers", None, None),
        ({"salt": "00" * 15}, "the salt is shorter than 16 bytes", None, None),
        ({"salt": 7}, "the salt is shorter than 16 bytes", None, None),
    ],
)
def test_a_refused_key_derivation_is_told_with_its_file_and_numbers(
    tmp_path: Path,
    strong_keystore: dict[str, Any],
    changes: dict[str, Any],
    message: str,
    value: int | None,
    bound: int | None,
) -> None:
    content = json.loads(json.dumps(strong_keystore))
    content["crypto"].update({key: text for key, text in changes.items() if key == "kdf"})
    content["crypto"]["kdfparams"].update({key: number for key, number in changes.items() if key != "kdf"})
    spec = keystore_spec(tmp_path, content)
    assert reason_of(spec) == (f"{spec.path}: {message}", value, bound, str(spec.path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not a key file: it is no JSON"),
        ("[]", "not a key file of version 3"),
        ('{"version": 1, "crypto": {}}', "not a key file of version 3"),
        ('{"version": 3, "crypto": 7}', "not a key file of version 3"),
        (" " * (64 * 2**10 + 1), "longer than any key file"),
        (" " * 64 * 2**10, "not a key file: it is no JSON"),
    ],
)
def test_a_file_that_is_no_keystore_is_told_with_its_name(tmp_path: Path, content: str, message: str) -> None:
    spec = keystore_spec(tmp_path, content)
    assert reason_of(spec) == (f"{spec.path}: {message}", None, None, str(spec.path))


def test_a_refused_password_is_told_with_its_file_and_length(tmp_path: Path, strong_keystore: dict[str, Any]) -> None:
    spec = keystore_spec(tmp_path, strong_keystore, password="eleven char\n")
    message = f"{spec.password_file}: the password has fewer than 12 characters"
    assert reason_of(spec) == (message, 11, 12, str(spec.password_file))
    spec = keystore_spec(tmp_path, strong_keystore, password="twelve chars\r\n")
    assert reason_of(spec) == (f"{spec.path}: the password does not open it", None, None, str(spec.path))
    spec.password_file.write_bytes(b"\xff" * 20)
    assert reason_of(spec) == (f"{spec.password_file}: not text", None, None, str(spec.password_file))


def test_a_file_that_others_may_open_is_told_with_its_mode(tmp_path: Path, strong_keystore: dict[str, Any]) -> None:
    spec = keystore_spec(tmp_path, strong_keystore, mode=0o640)
    message = f"{spec.path}: others may read it (mode 0640, expected 0600)"
    assert reason_of(spec) == (message, 0o640, 0o600, str(spec.path))
    spec.path.unlink()
    assert reason_of(spec) == (f"{spec.path}: No such file or directory", None, None, "signer")


def test_a_folder_a_pipe_and_a_link_are_no_key_files_and_nobody_waits_for_them(
    tmp_path: Path, strong_keystore: dict[str, Any]
) -> None:
    spec = keystore_spec(tmp_path, strong_keystore)
    spec.path.unlink()
    spec.path.mkdir(mode=0o600)
    assert reason_of(spec) == (f"{spec.path}: Is a directory", None, None, "signer")
    spec.path.rmdir()
    os.mkfifo(spec.path, 0o600)
    assert reason_of(spec) == (f"{spec.path}: not a regular file", None, None, str(spec.path))
    spec.path.unlink()
    spec.path.symlink_to(spec.password_file)
    assert reason_of(spec) == (f"{spec.path}: Too many levels of symbolic links", None, None, "signer")


def test_a_keystore_of_another_address_is_told_with_both(tmp_path: Path, strong_keystore: dict[str, Any]) -> None:
    spec = keystore_spec(tmp_path, strong_keystore).model_copy(update={"address": OTHER})
    message = f"{spec.path} holds the key of {ADDRESS}, the configuration names {OTHER}"
    assert reason_of(spec) == (message, None, None, "signer.address")
