"""Opens an encrypted key file, and refuses one that others could read or break."""

import json
import os
import stat
from pathlib import Path
from typing import Any

from agent.execution.signer import KeySigner
from agent.execution.signer_spec import KeystoreSpec
from agent.reasons import Code, Reason, Refusal

LEAST_SCRYPT_N = 2**18  # what geth and eth-account write by default; 256 MB and a second for every guess
MOST_SCRYPT_BYTES = 2**30  # of memory, so that a crafted file cannot take the machine down
LEAST_SCRYPT_R = 8
LEAST_SALT_BYTES = 16
LEAST_PASSWORD_CHARACTERS = 12
_MOST_FILE_BYTES = 64 * 2**10


def open_keystore(spec: KeystoreSpec) -> KeySigner:
    """Decrypts the key file with the password of its own file; neither may be readable by anybody else.

    Raises
    ------
    Refusal : CONFIG_MISSING (no such file), KEYSTORE_UNSAFE (mode, owner, key derivation, password), SIGNER_ROLE (the
        key is of another address)
    """
    from eth_account import Account

    document = _document(spec.path)
    _require_strong(document, spec.path)
    password = _private_text(spec.password_file).strip("\r\n")
    if len(password) < LEAST_PASSWORD_CHARACTERS:
        message = f"{spec.password_file}: the password has fewer than {LEAST_PASSWORD_CHARACTERS} characters"
        raise _unsafe(message, spec.password_file, len(password), LEAST_PASSWORD_CHARACTERS)
    try:
        key = bytes(Account.decrypt(document, password))
    except (ValueError, KeyError, TypeError) as error:
        # The words of the library are not repeated: nobody has checked that they hold no secret.
        raise _unsafe(f"{spec.path}: the password does not open it", spec.path) from error
    signer = KeySigner(key)
    if signer.address.lower() != spec.address.lower():
        message = f"{spec.path} holds the key of {signer.address}, the configuration names {spec.address}"
        raise Refusal(Reason(Code.SIGNER_ROLE, message, where="signer.address"))
    return signer


def _document(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(_private_text(path))
    except (ValueError, RecursionError) as error:
        raise _unsafe(f"{path}: not a key file: it is no JSON", path) from error
    if not isinstance(found, dict) or found.get("version") != 3 or not isinstance(found.get("crypto"), dict):
        raise _unsafe(f"{path}: not a key file of version 3", path)
    return found


def _require_strong(document: dict[str, Any], path: Path) -> None:
    crypto = document["crypto"]
    parameters = crypto.get("kdfparams")
    if crypto.get("kdf") != "scrypt" or not isinstance(parameters, dict):
        raise _unsafe(f"{path}: the key is derived by {crypto.get('kdf')!r}, expected scrypt", path)
    n, r, p = (parameters.get(name) for name in ("n", "r", "p"))
    if type(n) is not int or type(r) is not int or type(p) is not int or p < 1 or n & (n - 1):
        raise _unsafe(f"{path}: scrypt's n, r and p are no usable numbers", path)
    if n < LEAST_SCRYPT_N or r < LEAST_SCRYPT_R:
        raise _unsafe(f"{path}: scrypt with n {n} and r {r} is too weak", path, n, LEAST_SCRYPT_N)
    if 128 * n * r > MOST_SCRYPT_BYTES or p > 16:
        raise _unsafe(f"{path}: scrypt with n {n}, r {r} and p {p} takes too much memory or time", path)
    salt = parameters.get("salt")
    if not isinstance(salt, str) or len(salt) < 2 * LEAST_SALT_BYTES:
        raise _unsafe(f"{path}: the salt is shorter than {LEAST_SALT_BYTES} bytes", path)


def _private_text(path: Path) -> str:
    """The content of a file that belongs to us and that nobody else may open."""
    try:
        with open(path, "rb", opener=_open_itself) as file:
            status = os.fstat(file.fileno())  # of the file that is open, whatever happens to its name meanwhile
            mode = stat.S_IMODE(status.st_mode)
            if not stat.S_ISREG(status.st_mode):
                raise _unsafe(f"{path}: not a regular file", path)
            if mode & 0o177:
                raise _unsafe(f"{path}: others may read it (mode {mode:04o}, expected 0600)", path, mode, 0o600)
            if status.st_uid not in (os.geteuid(), 0):
                raise _unsafe(f"{path}: it belongs to another user", path, status.st_uid, os.geteuid())
            data = file.read(_MOST_FILE_BYTES + 1)
    except OSError as error:
        raise Refusal(Reason(Code.CONFIG_MISSING, f"{path}: {error.strerror}", where="signer")) from error
    if len(data) > _MOST_FILE_BYTES:
        raise _unsafe(f"{path}: longer than any key file", path)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise _unsafe(f"{path}: not text", path) from error


def _open_itself(path: str, flags: int) -> int:
    """Opens no link, and does not wait at a pipe for somebody to write into it."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _unsafe(message: str, path: Path, value: float | None = None, bound: float | None = None) -> Refusal:
    return Refusal(Reason(Code.KEYSTORE_UNSAFE, message, value, bound, str(path)))
