"""What a configuration may say of a signer: never the key, never an open line."""

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError
from signing import ADDRESS, KEY

from agent.execution.signers import KmsSpec, RemoteSpec, SignerSpec


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


def test_a_refusal_never_shows_what_was_written_there() -> None:
    with pytest.raises(ValidationError) as refusal:
        KmsSpec.model_validate({"kind": "kms", "address": ADDRESS, "key_id": KEY.hex(), "region": "eu-west-1"})
    assert KEY.hex() not in str(refusal.value)
    with pytest.raises(ValidationError) as refusal:
        RemoteSpec.model_validate({"kind": "remote", "address": ADDRESS, "url": "https://user:secret@signer.example"})
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("timeout_s", [0.0, -1.0, 60.1, float("inf"), float("nan")])
def test_refuses_to_wait_for_no_time_or_for_ever(timeout_s: float) -> None:
    with pytest.raises(ValidationError, match="timeout_s"):
        RemoteSpec(kind="remote", address=ADDRESS, url="https://signer.example", timeout_s=timeout_s)
