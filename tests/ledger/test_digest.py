"""The digest of a run follows what was decided and what came of it, and nothing else."""

from dataclasses import replace

import pytest

from agent.decision import Decision, Proposal, Scaler, Target
from agent.ledger import Digest, canonical_json
from agent.reasons import Code, Reason

DECISION = Decision(
    time=1_750_000_000,
    strategy="eth-carry",
    target=Target(0.5, 2.5, -2.5, 2_000.0),
    scalers=(Scaler("volatility", 0.8, (("forecast", 0.05),), "allows 80%"),),
    proposal=Proposal(spot_base_delta=10**18),
    note="Trades to the target.",
    refusals=(Reason(Code.COOLDOWN, "too soon", 10.0, 600.0, "configs/eth-carry.yaml, line 50"),),
)
OUTCOME = {"total_assets": 10**13, "state_hash": b"\x01\x02"}


def digest_of(*cycles: tuple[Decision, dict[str, object]]) -> str:
    digest = Digest()
    for decision, outcome in cycles:
        digest.add(decision, outcome)
    return digest.hexdigest()


def test_the_digest_of_a_known_cycle_never_changes() -> None:
    assert digest_of((DECISION, OUTCOME)) == ("f29e90df83d4c4e9bedfd5c0ab21f2b2f28478a1bb443778c423950dbf7acea7")


def test_order_of_keys_and_place_of_the_configuration_do_not_matter() -> None:
    elsewhere = replace(DECISION, refusals=(replace(DECISION.refusals[0], where="my-own.yaml, line 3"),))
    assert digest_of((elsewhere, dict(reversed(OUTCOME.items())))) == digest_of((DECISION, OUTCOME))


@pytest.mark.parametrize(
    "changed",
    [
        (replace(DECISION, time=1_750_003_600), OUTCOME),
        (replace(DECISION, proposal=Proposal(spot_base_delta=10**18 + 1)), OUTCOME),
        (replace(DECISION, scalers=(replace(DECISION.scalers[0], value=0.8000000000000002),)), OUTCOME),
        (DECISION, OUTCOME | {"total_assets": 10**13 + 1}),
        (DECISION, OUTCOME | {"state_hash": b"\x01\x03"}),
    ],
)
def test_the_smallest_change_shows(changed: tuple[Decision, dict[str, object]]) -> None:
    assert digest_of(changed) != digest_of((DECISION, OUTCOME))


def test_the_order_of_cycles_matters() -> None:
    other = (replace(DECISION, time=1), OUTCOME)
    assert digest_of((DECISION, OUTCOME), other) != digest_of(other, (DECISION, OUTCOME))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_refuses_what_is_no_number(value: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        Digest().add(DECISION, {"total_assets": value})


def test_refuses_what_has_no_canonical_form() -> None:
    with pytest.raises(TypeError, match="set has no canonical form"):
        canonical_json({"venues": {"spot", "perp"}})
