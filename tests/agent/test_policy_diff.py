"""`ballast policy diff` beside a real vault: equal, changed on chain, changed in the file, not handed over."""

from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from agent.cli.main import app
from agent.market.vault_reader import VaultSite
from agent.policy import Policy
from agent.policy_diff import report_policy_diff
from agent.reasons import Code, Refusal
from chains.artifacts import load
from chains.local import AGENT, DEPLOYER, GUARDIAN, LocalChain, Sender

CONFIG = Path("configs/eth-carry.yaml")
Diff = Callable[..., tuple[int, str]]


@pytest.fixture
def diff(chain: LocalChain, site: VaultSite) -> Iterator[Diff]:
    """Exit code and what is shown; the chain is put back after the test."""
    snapshot = chain.node.call("evm_snapshot")

    def report(path: Path = CONFIG, vault: str = site.vault) -> tuple[int, str]:
        output = StringIO()
        code = report_policy_diff(path, chain.url, vault, Console(file=output, width=140))
        return code, output.getvalue()

    yield report
    chain.node.call("evm_revert", snapshot)


def row(text: str, key: str) -> list[str]:
    """The columns of one limit."""
    (line,) = [line for line in text.splitlines() if line.split()[:1] == [key]]
    return line.split()


def test_a_vault_made_of_the_file_is_equal_in_every_limit(diff: Diff) -> None:
    code, text = diff()
    assert code == 0
    assert "equal  all 27 limits" in text
    assert row(text, "max_gross_leverage")[-2:] == ["16,000", "16,000"]
    assert "differs" not in text


def test_what_was_tightened_on_chain_is_marked_with_both_numbers(
    chain: LocalChain, diff: Diff, site: VaultSite, policy: Policy
) -> None:
    guardian, contract = Sender(chain.node, GUARDIAN), load("Policy")
    tighter = policy.model_copy(update={"max_gross_leverage": 1.5}).to_contract().as_tuple()
    guardian.send(site.policy, contract.function("tighten"), tighter)
    guardian.send(site.policy, contract.function("tightenCap"), site.base.address, (0, 0))
    code, text = diff()
    assert code == 2
    assert row(text, "max_gross_leverage")[-3:] == ["16,000", "15,000", "differs"]
    assert row(text, "asset_cap")[-3:] == ["16,000", "0", "differs"]
    assert "3 of 27 limits differ" in text


def test_what_was_changed_in_the_file_is_marked_too(diff: Diff, tmp_path: Path) -> None:
    path = tmp_path / "changed.yaml"
    path.write_text(CONFIG.read_text().replace("venue_cap: 1.0 ", "venue_cap: 0.9 "))
    code, text = diff(path)
    assert code == 2
    venues = [line for line in text.splitlines() if line.split()[:1] == ["venue_cap"]]
    assert len(venues) == 2
    assert all("9,000" in line and "10,000" in line and "differs" in line for line in venues)


def test_a_vault_whose_deployer_has_all_power_is_not_equal(chain: LocalChain, diff: Diff, policy: Policy) -> None:
    sender = Sender(chain.node, DEPLOYER)
    authority = sender.create(load("Authority"))
    limits = sender.create(load("Policy"), authority, policy.to_contract().as_tuple())
    young = sender.create(load("Vault"), chain.world.usdc, "Young", "YNG", limits, AGENT)
    code, text = diff(vault=young)
    assert code == 2
    assert "not handed over" in text
    assert "equal" not in text


def test_an_address_without_a_vault_is_refused(diff: Diff) -> None:
    with pytest.raises(Refusal) as refused:
        diff(vault="0x" + "12" * 20)
    assert [reason.code for reason in refused.value.reasons] == [Code.WRONG_CHAIN]


def test_the_command_ends_with_the_reports_exit_code(chain: LocalChain, site: VaultSite) -> None:
    runner, words = CliRunner(), ["policy", "diff", str(CONFIG), "--rpc", chain.url, "--vault"]
    assert runner.invoke(app, [*words, site.vault]).exit_code == 0
    assert runner.invoke(app, [*words, "0x" + "12" * 20]).exit_code == 2
