"""What a configuration says of the signer: which kind, and where; never the key itself."""

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

_KEY = re.compile(r"(?<![0-9a-fA-F])[0-9a-fA-F]{64}(?![0-9a-fA-F])")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")

Address = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
TimeoutS = Annotated[float, Field(gt=0, le=60)]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    @model_validator(mode="after")
    def _holds_no_key(self) -> "_Spec":
        for name in type(self).model_fields:
            if _KEY.search(str(getattr(self, name))):
                raise ValueError(f"{name}: 64 hex digits look like a private key; keys never belong in a configuration")
        return self


class LocalSpec(_Spec):
    """The published test key of the local chain, which signs for nothing else."""

    kind: Literal["local"]


class KeystoreSpec(_Spec):
    """An encrypted key file (Web3 secret storage, version 3, scrypt), and the file that holds its password."""

    kind: Literal["keystore"]
    address: Address
    path: Path
    password_file: Path


class RemoteSpec(_Spec):
    """A signer behind HTTP that speaks the eth1 interface of Web3Signer."""

    kind: Literal["remote"]
    address: Address
    url: str  # https, or http on this machine
    # What the signer calls the key: of Web3Signer it is the public key, 0x and 128 digits; without it the address.
    identifier: Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40,130}$")] | None = None
    ca_file: Path | None = None  # of the authority that signed the server's certificate
    client_certificate: Path | None = None  # certificate and key of this agent, PEM
    timeout_s: TimeoutS = 5.0  # of the whole answer

    @field_validator("url")
    @classmethod
    def _is_safe(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.username is not None or parts.password is not None:
            raise ValueError("url: no user or password in an address; use a client certificate")
        if parts.scheme == "https" and parts.hostname:
            return url
        if parts.scheme == "http" and parts.hostname in _LOOPBACK:
            return url
        raise ValueError("url: expected https://host, or http:// on this machine")


class KmsSpec(_Spec):
    """A key of AWS KMS (ECC_SECG_P256K1, SIGN_VERIFY). Credentials come from where boto3 finds them."""

    kind: Literal["kms"]
    address: Address
    key_id: Annotated[str, Field(min_length=1, max_length=2_048)]
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    timeout_s: TimeoutS = 5.0  # of connecting and, separately, of the answer; nothing is tried twice


SignerSpec = Annotated[LocalSpec | KeystoreSpec | RemoteSpec | KmsSpec, Field(discriminator="kind")]
