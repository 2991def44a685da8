"""decide(): the pure function from an observation to a decision, the same in backtest, replay and live."""

from agent.config import CarryStrategy, Config, Hedged, LendingNeutralStrategy, LiquidationConfig
from agent.decision import Decision, Proposal, Target
from agent.market.observation import Mode, Observation
from agent.reasons import Reason
from agent.scaling import Sizing, scaler
from agent.strategies import carry, lending_neutral, volatility_target
from agent.strategies.book import Book, read_book
from agent.strategies.methods import sizing_of
from agent.strategies.refusals import refusals
from agent.strategies.signs import CARRY, LENDING_NEUTRAL, SPOT_ONLY, Direction
from agent.strategies.step import next_step


def decide(observation: Observation, config: Config) -> Decision:
    """Where the vault should be and the next step towards it.

    No clock, no random number, no I/O: equal arguments give equal answers.

    Parameters
    ----------
    observation : everything known at one instant and one block
    config : the strategy file

    Returns
    -------
    A decision with `target` None, an empty proposal and `refusals` when nothing may be decided; else the target with
    every scaler, and a proposal that is empty when the vault is where it should be. The note says why.

    A caution of the market keeps the exposure where it is or lets it fall.

    In mode REDUCE_ONLY the target is no position: a latched loss limit means that nobody has judged the strategy
    since, only a person can return the vault to ACTIVE, and until then waiting in the market earns risk without the
    right to manage it. No forecast is needed for that, so it works during warm-up too.
    """
    found = refusals(observation, config)
    if found:
        return _refused(observation, config, found)
    direction = _direction(config)
    book = read_book(observation.vault, config, direction)
    sized = _size(observation, config, book)
    if isinstance(sized, Reason):
        return _refused(observation, config, (sized,))
    sized = _cautious(sized, book, observation.market.cautions)

    liquidation = config.strategy.liquidation if isinstance(config.strategy, Hedged) else None
    proposal, note = next_step(
        book,
        sized.exposure,
        sizing_of(config.strategy.sizing, sized),
        liquidation,
        config.policy.min_liquidation_distance,
        observation.vault.asset,
    )
    return Decision(
        time=observation.time,
        strategy=config.name,
        target=_target(sized.exposure, observation, book, direction, liquidation),
        scalers=sized.scalers,
        proposal=proposal,
        note=_with_reason(note, sized),
    )


def _direction(config: Config) -> Direction:
    if isinstance(config.strategy, CarryStrategy):
        return CARRY
    return LENDING_NEUTRAL if isinstance(config.strategy, LendingNeutralStrategy) else SPOT_ONLY


def _size(observation: Observation, config: Config, book: Book) -> Sizing | Reason:
    if observation.vault.total_supply == 0:
        return Sizing(0.0, (scaler("supply", 0.0, "there are no shares, so there is nothing to invest"),))
    if book.nav <= 0:
        return Sizing(0.0, (scaler("nav", 0.0, "nothing is left to holders who do not wait to be paid out"),))
    if observation.vault.mode is Mode.REDUCE_ONLY:
        return Sizing(0.0, (scaler("mode", 0.0, "the vault may only reduce until a person returns it to Active"),))
    if isinstance(config.strategy, CarryStrategy):
        return carry.size(observation, config, config.strategy, book)
    if isinstance(config.strategy, LendingNeutralStrategy):
        return lending_neutral.size(observation, config, config.strategy, book)
    return volatility_target.size(observation, config, config.strategy, book)


def _cautious(sized: Sizing, book: Book, cautions: tuple[Reason, ...]) -> Sizing:
    """The size, not above what is held while something calls for caution."""
    if not cautions:
        return sized
    held = min(book.legs()) * book.lot_usd / book.nav if book.nav > 0 else 0.0
    sentence = f"not above the {held:.4f} that is held: {'; '.join(str(reason) for reason in cautions)}"
    part = scaler("caution", min(held, sized.exposure), sentence)
    return Sizing(min(held, sized.exposure), (*sized.scalers, part), sized.band)


def _target(
    exposure: float, observation: Observation, book: Book, direction: Direction, liquidation: LiquidationConfig | None
) -> Target:
    base = exposure * max(0.0, book.nav) / observation.vault.oracle_price
    lots = int(exposure * max(0.0, book.nav) / book.lot_usd)
    return Target(
        exposure=exposure,
        spot_base=base * direction.spot,
        perp_base=base * direction.perp,
        margin_usd=0.0 if liquidation is None else book.margin_wanted(lots, liquidation.target_margin),
    )


def _with_reason(note: str, sized: Sizing) -> str:
    """A target of zero names the scaler that made it so."""
    zero = next((part.sentence for part in sized.scalers if part.value == 0), None)
    return note if zero is None else f"{note} ({zero})"


def _refused(observation: Observation, config: Config, reasons: tuple[Reason, ...]) -> Decision:
    return Decision(
        time=observation.time,
        strategy=config.name,
        target=None,
        scalers=(),
        proposal=Proposal(),
        note=f"nothing decided: {', '.join(dict.fromkeys(reason.code for reason in reasons))}",
        refusals=reasons,
    )
