"""Faults 4 to 9 and 12 at the start of an agent; 1, 2, 3, 7 and 11 are in tests/config, 10 is beside this file."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_keyfile.keyfile import create_keyfile_json

from agent.config.file import LoadedConfig, load_config
from agent.execution import Journal, JournalLocked
from agent.execution.signers import KeystoreSpec, open_signer
from agent.market.vault_reader import VaultSite
from agent.reasons import Code, Refusal
from agent.replay.stage import vault_terms
from agent.service.latches import Latches
from agent.startup import require_agreement, require_dry_runs, require_pinned, require_tokens
from chains.local import LocalChain, VaultAddresses, World, deploy_vault
from chains.local.accounts import AGENT, CURATOR, GUARDIAN, OWNER

CHAIN_ID = 31337
NOBODY = "0x" + "12" * 20


@pytest.fixture(scope="module")
def loaded() -> LoadedConfig:
    return load_config("configs/eth-carry.yaml")


@pytest.fixture(scope="module")
def site(chain: LocalChain, loaded: LoadedConfig, site_of: Callable[[World, VaultAddresses], VaultSite]) -> VaultSite:
    return site_of(chain.world, deploy_vault(chain.node, chain.world, vault_terms(loaded.config.policy)))


@pytest.fixture
def untouched(chain: LocalChain) -> Iterator[None]:
    """A refusal at the start has sent nothing."""
    before = chain.node.call("eth_getTransactionCount", AGENT, "pending")
    yield
    assert chain.node.call("eth_getTransactionCount", AGENT, "pending") == before


def refused(ask: Callable[[], Any]) -> list[Code]:
    with pytest.raises(Refusal) as refusal:
        ask()
    return [reason.code for reason in refusal.value.reasons]


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("changes", [{"chain_id": 1}, {"vault": NOBODY}], ids=["another chain", "no code"])
def test_fault_04_another_chain_or_an_address_without_code_is_refused(
    chain: LocalChain, site: VaultSite, loaded: LoadedConfig, changes: dict[str, Any]
) -> None:
    chain_id, vault = changes.get("chain_id", CHAIN_ID), changes.get("vault", site.vault)
    elsewhere = replace(site, vault=vault)
    ask = lambda: require_agreement(chain.node, elsewhere, loaded.config.policy, chain_id, AGENT)  # noqa: E731
    assert refused(ask) == [Code.WRONG_CHAIN]


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "change",
    [
        lambda site: replace(site, asset=replace(site.asset, decimals=18)),
        lambda site: replace(site, asset=replace(site.asset, decimals=0)),
        lambda site: replace(site, base=replace(site.base, decimals=24)),
        lambda site: replace(site, asset=replace(site.asset, symbol="USDT")),
        lambda site: replace(site, asset=replace(site.base, symbol="WETH")),
    ],
    ids=["18 for 6", "none", "24 for 18", "another symbol", "another token"],
)
def test_fault_05_a_token_with_other_decimals_or_another_symbol_is_refused(
    chain: LocalChain, site: VaultSite, change: Callable[[VaultSite], VaultSite]
) -> None:
    require_tokens(chain.node, site)
    assert refused(lambda: require_tokens(chain.node, change(site))) == [Code.ASSET_MISMATCH]


def test_fault_06_a_configuration_other_than_the_pinned_one_is_refused(loaded: LoadedConfig) -> None:
    require_pinned(loaded, loaded.config_hash[:16])
    other = load_config("configs/btc-carry.yaml")
    assert refused(lambda: require_pinned(other, loaded.config_hash[:16])) == [Code.CONFIG_NOT_PINNED]


def keystore(folder: Path, mode: int = 0o600, iterations: int | None = None) -> KeystoreSpec:
    from json import dumps

    key, password = b"\x46" * 32, "correct horse battery"
    made = create_keyfile_json(key, password.encode(), kdf="scrypt", iterations=iterations)
    for name, text, its_mode in (("key.json", dumps(made), mode), ("password", password, 0o600)):
        (folder / name).write_text(text)
        (folder / name).chmod(its_mode)
    address = "0x" + str(made["address"]).removeprefix("0x")
    return KeystoreSpec(kind="keystore", address=address, path=folder / "key.json", password_file=folder / "password")


def test_fault_07_a_keystore_that_others_may_read_or_guess_is_refused(tmp_path: Path) -> None:
    assert refused(lambda: open_signer(keystore(tmp_path, mode=0o640))) == [Code.KEYSTORE_UNSAFE]
    assert refused(lambda: open_signer(keystore(tmp_path, iterations=8_192))) == [Code.KEYSTORE_UNSAFE]


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("signer", [OWNER, CURATOR, GUARDIAN, NOBODY])
def test_fault_08_a_signer_that_is_not_the_agent_and_nothing_else_is_refused(
    chain: LocalChain, site: VaultSite, loaded: LoadedConfig, signer: str
) -> None:
    ask = lambda: require_agreement(chain.node, site, loaded.config.policy, CHAIN_ID, signer)  # noqa: E731
    assert set(refused(ask)) == {Code.SIGNER_ROLE}


def test_fault_09_live_without_a_dry_run_of_this_very_configuration_is_refused(
    tmp_path: Path, loaded: LoadedConfig
) -> None:
    other = load_config("configs/btc-carry.yaml")
    url = f"sqlite:///{tmp_path / 'service.sqlite'}"
    with closing(Latches(url)) as latches:
        assert refused(lambda: require_dry_runs(latches.dry_run_of, [loaded, other])) == [Code.DRY_RUN_MISSING] * 2
        latches.record_dry_run(loaded.config_hash, 1_750_000_000, "a whole cycle")
        assert refused(lambda: require_dry_runs(latches.dry_run_of, [loaded, other])) == [Code.DRY_RUN_MISSING]
        require_dry_runs(latches.dry_run_of, [loaded])
    with closing(Latches(url)) as latches:
        require_dry_runs(latches.dry_run_of, [loaded])


def hold(path: Path, ready: Any) -> None:
    with Journal(path):
        ready.send(os.getpid())
        time.sleep(60)


def test_fault_12_a_second_process_on_the_same_journal_ends_and_names_the_first(tmp_path: Path) -> None:
    ours, theirs = multiprocessing.Pipe()
    holder = multiprocessing.get_context("fork").Process(target=hold, args=(tmp_path / "journal.db", theirs))
    holder.start()
    try:
        pid = ours.recv()
        with pytest.raises(JournalLocked, match=f"in use by process {pid}$") as locked:
            Journal(tmp_path / "journal.db")
        assert locked.value.reason.code is Code.JOURNAL_LOCKED
    finally:
        os.kill(holder.pid or 0, signal.SIGKILL)
        holder.join()
