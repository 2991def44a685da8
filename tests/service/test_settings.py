"""A service file that would not do what it says is refused before anything is started."""

from pathlib import Path

import pytest

from agent.execution.signer_spec import KeystoreSpec
from agent.reasons import Code, Refusal
from agent.service.settings import LoadedService, load_service
from agent.watch.secrets import Redactor

START = """
vaults: [{config: a.yaml, site: a.json}]
nodes: {read: ["https://node.example.org/v2/canary-node"]}
"""


def loaded(folder: Path, more: str = "") -> LoadedService:
    file = folder / "service.yaml"
    file.write_text(START + more)
    return load_service(file)


def test_an_offset_beyond_the_interval_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="less than interval_s"):
        loaded(tmp_path, "timing: {interval_s: 60, offset_s: 50, jitter_s: 10}\n")


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg"])
def test_a_database_may_be_written_either_way(tmp_path: Path, scheme: str) -> None:
    found = loaded(tmp_path, f"lease: {{database: '{scheme}://ballast:canary-pass@database/ballast'}}\n")
    assert found.latches_url.startswith("postgresql+psycopg://ballast:canary-pass@database/ballast?")
    assert found.journal_place.startswith("postgresql://ballast:canary-pass@database/ballast?")


def test_a_lease_in_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        _ = loaded(tmp_path, "lease: {database: 'sqlite:///lease.sqlite'}\n").latches_url
    assert refused.value.reasons[0].code is Code.CONFIG_OUT_OF_RANGE


def test_the_names_of_things_are_no_secrets(tmp_path: Path) -> None:
    found = loaded(tmp_path, "lease: {database: 'postgresql://ballast:canary%2Fpass@database/ballast'}\n")
    redact = Redactor(found.secrets())
    assert redact("ballast.service on database") == "ballast.service on database"
    for secret in ("canary/pass", "canary%2Fpass", "canary-node"):
        assert "canary" not in redact(f"refused {secret}")


def test_a_file_that_is_not_there_says_where_one_comes_from(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="ballast local"):
        load_service(tmp_path / "none.yaml")


def test_a_keystore_is_found_from_the_folder_of_the_service_file(tmp_path: Path) -> None:
    address = "0x" + "11" * 20
    signer = f'signer: {{kind: keystore, address: "{address}", path: keys/a.json, password_file: /run/password}}\n'
    spec = loaded(tmp_path, signer).signer()
    assert isinstance(spec, KeystoreSpec)
    assert spec.path == tmp_path / "keys" / "a.json"
    assert str(spec.password_file) == "/run/password"
