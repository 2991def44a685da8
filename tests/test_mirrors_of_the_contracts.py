"""What Python repeats of the contracts' source is what stands there: limits, bounds, lists in their order, windows."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from agent.config.file import load_config
from agent.ledger import receipts
from agent.market.observation import Mode
from agent.market.vault_reader import Status
from agent.policy import CEILINGS, FLOORS, LATCH_MODES, LOSS_WINDOW_S, ContractCap, ContractLimits, Policy
from agent.startup import ROLES
from agent.units import BPS

ROOT = Path(__file__).parents[1]
SOURCES, CONFIGS = ROOT / "contracts/src", ROOT / "configs"
SECONDS = {"": 1, "seconds": 1, "hours": 3_600, "days": 86_400}


def source(name: str) -> str:
    """A contract without its comments."""
    return re.sub(r"//.*", "", (SOURCES / name).read_text())


def body(kind: str, name: str, file: str) -> str:
    found = re.search(rf"{kind} {name} \{{(.*?)\}}", source(file), re.DOTALL)
    assert found is not None, f"{file} has no {kind} {name}"
    return found[1]


def fields(struct: str, file: str) -> list[str]:
    return [name for _, name in re.findall(r"(\w+) (\w+);", body("struct", struct, file))]


def members(enum: str, file: str) -> list[str]:
    return [member.strip() for member in body("enum", enum, file).split(",")]


def constants(file: str) -> dict[str, int]:
    found = re.findall(r"constant ([A-Z_]+) = ([\d_]+)(?: (\w+?s?))?;", source(file))
    return {name: int(number) * SECONDS[unit and unit.rstrip("s") + "s"] for name, number, unit in found}


def snake(name: str) -> str:
    """camelCase or CamelCase as Python writes it."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def without_unit(key: str) -> str:
    return key.removesuffix("_usd").removesuffix("_s")


def bounds_in_policy() -> list[tuple[str, str, str, str]]:
    """Every bound that the policy asks a limit to keep: which check, which limit, which field, and the bounds."""
    pattern = r'_(atMost|atLeast|within)\("(\w+)", (?:uint256\()?l\.(\w+)\)?, (.*?)\);'
    return re.findall(pattern, source("Policy.sol"))


def test_the_ceilings_and_floors_are_those_that_the_policy_contract_asks_for() -> None:
    named = constants("Policy.sol")
    ceilings, floors = {}, {}
    for check, limit, field, text in bounds_in_policy():
        bounds = text.split(", ")
        unit = BPS if field.endswith("Bps") else 1
        if check != "atMost" and bounds[0] in named:  # a floor of 1 is "not nothing", see the next test
            floors[limit] = named[bounds[0]] / unit
        if check != "atLeast":
            ceilings[limit] = named[bounds[-1]] / unit
    assert ceilings == pytest.approx(dict(CEILINGS))
    assert floors == pytest.approx(dict(FLOORS))


def test_no_bound_of_the_policy_contract_is_left_out() -> None:
    checks = bounds_in_policy()
    used = {bound for *_, text in checks for bound in text.split(", ")}
    assert set(constants("Policy.sol")) <= used
    # What the vault may hold has no ceiling in the code: it is the market that bounds it.
    assert {field for _, _, field, _ in checks} == set(fields("Limits", "Limits.sol")) - {"maxTotalAssets"}
    assert {limit for _, limit, *_ in checks} <= set(Policy.model_fields)


@pytest.mark.parametrize(
    "limit",
    [limit for check, limit, _, text in bounds_in_policy() if check != "atMost" and text.split(", ")[0] == "1"],
)
def test_a_limit_that_may_not_be_nothing_in_the_contract_may_not_be_nothing_in_a_file(limit: str) -> None:
    shipped = load_config(CONFIGS / "eth-carry.yaml").config.policy.model_dump()
    nothing = type(shipped[limit])(0)
    with pytest.raises(ValidationError, match=limit):
        Policy.model_validate(shipped | {limit: nothing})


def test_the_limits_are_those_of_the_contract_in_the_same_order() -> None:
    assert [snake(field) for field in fields("Limits", "Limits.sol")] == list(ContractLimits.__slots__)
    assert [snake(field) for field in fields("Cap", "Limits.sol")] == list(ContractCap.__slots__)


def test_the_keys_of_a_file_are_the_limits_in_the_same_order_and_then_the_caps() -> None:
    keys = list(Policy.model_fields)
    limits, caps = keys[: len(ContractLimits.__slots__)], keys[len(ContractLimits.__slots__) :]
    for key, name in zip(limits, ContractLimits.__slots__, strict=True):
        assert name.startswith(without_unit(key)), (key, name)
    assert caps == ["venue_cap_usd", "venue_cap", "asset_cap_usd", "asset_cap"]


def test_the_limits_of_the_logs_are_named_in_the_contracts_order() -> None:
    assert [without_unit(name) for name in receipts._LIMITS] == [snake(m) for m in members("Limit", "Envelope.sol")]
    assert set(receipts._LIMITS) <= set(Policy.model_fields)
    declared = re.search(r"event LimitsChecked\(.*uint256\[(\d+)\] checks\)", source("Envelope.sol"))
    assert declared is not None
    assert int(declared[1]) == len(receipts._LIMITS)


def test_the_logs_limits_with_a_floor_are_those_that_the_contract_compares_from_below() -> None:
    below = re.findall(r"bound = l\.(\w+);(?:(?!bound = ).)*?\w < bound", source("Envelope.sol"), re.DOTALL)
    assert {without_unit(name) for name in receipts._MINIMA} == {
        snake(field).removesuffix("_bps").removesuffix("_seconds") for field in below
    }


def test_the_status_is_read_field_for_field() -> None:
    assert [snake(field) for field in fields("VaultStatus", "Plan.sol")] == list(Status._fields)


def test_the_modes_and_what_a_latch_may_set_are_the_contracts() -> None:
    modes = [snake(member) for member in members("Mode", "Plan.sol")]
    assert modes == [mode.name.lower() for mode in sorted(Mode)]
    assert [mode.value for mode in sorted(Mode)] == [0, 1, 2]
    assert {name: modes.index(name) for name in modes[1:]} == LATCH_MODES


def test_the_roles_are_the_authoritys_by_number() -> None:
    roles = constants("Authority.sol")
    numbers = {name.lower(): number for name, number in roles.items() if not name.endswith("DELAY")}
    assert numbers | {"admin": 0} == {name: number for number, name in enumerate(ROLES)}


def test_a_loss_budget_drains_in_the_contracts_window() -> None:
    assert constants("Envelope.sol") == {"TURNOVER_WINDOW": 86_400, "LOSS_WINDOW": LOSS_WINDOW_S, "BPS": BPS}


def test_the_page_on_the_policy_has_every_limit_in_order_with_its_bounds() -> None:
    text = (ROOT / "docs/policy.md").read_text()
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|.*?\| (.*?) \|.*\|$", text, re.MULTILINE)
    keys = [key for names, _ in rows for key in re.findall(r"`(\w+)`", names)]
    assert keys == list(Policy.model_fields)
    for names, bounds in rows:
        for key in re.findall(r"`(\w+)`", names):
            told = [float(number.replace(",", "")) for number in re.findall(r"\d[\d,.]*", bounds)]
            for bound in (CEILINGS.get(key), FLOORS.get(key)):
                assert bound is None or bound in told, key
