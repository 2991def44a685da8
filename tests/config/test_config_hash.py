"""The hash names the values: comments and order do not count, every value does."""

from pathlib import Path

from strategy_file import CONFIGS, StrategyFile

from agent.config.file import LoadedConfig, flatten, load_config


def test_comments_and_the_order_of_blocks_do_not_change_the_hash(carry: StrategyFile) -> None:
    lines = [line.split("#")[0].rstrip() for line in carry.text.splitlines()]
    start = carry.line("policy") - 1
    reordered = "\n".join(lines[start:] + lines[:start]) + "\n"
    assert StrategyFile(carry.path, reordered).load().config_hash == carry.load().config_hash


def test_every_value_changes_the_hash(carry: StrategyFile) -> None:
    original = carry.load()
    changed = {
        "name": "other",
        "market.max_deviation": "0.03",
        "vault.perp_index": "2",
        "strategy.volatility.target": "0.05",
        "execution.deadline_s": "121",
        "policy.cooldown_s": "601",
    }
    hashes = {carry.change(key, value).load().config_hash for key, value in changed.items()}
    assert len(hashes) == len(changed)
    assert original.config_hash not in hashes


def test_a_default_written_out_has_the_same_hash(spot: StrategyFile) -> None:
    assert spot.add("execution", "order_tolerance: 0.003").load().config_hash == spot.load().config_hash


def test_the_line_of_every_written_key_is_known(carry: StrategyFile) -> None:
    loaded = carry.load()
    for key in flatten(loaded.config.model_dump()):
        if key not in loaded.lines:
            continue
        assert loaded.line_of(key) == carry.line(key)
    assert len(loaded.lines) > 50


def test_a_default_is_placed_at_the_block_that_would_hold_it(spot: StrategyFile) -> None:
    loaded = spot.load()
    assert loaded.line_of("execution.order_tolerance") == spot.line("execution")
    assert loaded.line_of("nowhere") == 1


def test_the_place_shows_the_path_as_it_was_typed() -> None:
    loaded: LoadedConfig = load_config(Path(CONFIGS / "eth-carry.yaml"))
    assert loaded.where("name") == f"{CONFIGS / 'eth-carry.yaml'}, line {loaded.line_of('name')}"
