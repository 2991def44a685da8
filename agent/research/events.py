"""The event-driven backtest: every row through the live `decide` and the live gate, in the same simulated vault.

Most hours nothing is to be done. Between them the compiled twin of the strategy walks ahead and stops where it would
act, where a loss limit is due, and at every `audit_every`th row; there the live functions decide, and a twin that said
anything else is an error. With `audit_every` 1 the live functions see every row and the twin decides nothing.
"""

import numpy as np

import agent.research.layout as at
from agent.config import Config
from agent.decision import Approved, Proposal
from agent.market.observation import Block, Floats, Mode, Observation, PerpState, VaultState
from agent.market.source import HistorySource
from agent.research.bars import Bars, bars_of
from agent.research.compiled_cash import withdrawable
from agent.research.kernel import Run, nothing_kept, rows_of, signals_of
from agent.research.layout import Amounts
from agent.research.parameters import Charges, parameter_row
from agent.research.walk import keep, until_due
from agent.research.world import carry_out, latch, net_assets, new_vault, whole_bps
from agent.risk import check
from agent.risk import latch_due as live_latch_due
from agent.strategies import decide
from agent.units import Token

E18 = 10**18
ASSET = Token("USDC", "0x" + "00" * 20, 6)


class Disagreement(Exception):
    """The compiled twin and the live strategy answered differently to the same observation."""


def run_events(
    source: HistorySource,
    config: Config,
    charges: Charges,
    period: tuple[int, int],
    *,
    nav_usd: float = 1_000_000.0,
    audit_every: int = 24,
) -> Run:
    """Backtest one strategy through the live agent's own functions.

    Parameters
    ----------
    period : first and last hour, unix seconds
    audit_every : rows between two looks of the live functions at rows where nothing is to be done

    Raises
    ------
    Disagreement : the twin would have acted where the live strategy does not, or the other way round
    """
    bars, p = bars_of(source), parameter_row(config, charges, nav_usd)
    first = int(np.searchsorted(bars.time_s, period[0]))
    last = int(np.searchsorted(bars.time_s, period[1], side="right")) - 1
    return _Runner(source, config, bars, p, first, last).run(max(1, audit_every))


class _Runner:
    """One vault on its way through the rows of a period."""

    def __init__(self, source: HistorySource, config: Config, bars: Bars, p: Floats, first: int, last: int) -> None:
        self.source, self.config, self.bars, self.p = source, config, bars, p
        self.first, self.last = first, last
        self.amounts, self.marks, self.tally = new_vault(p)
        self.waiting = np.zeros(at.PROPOSAL, np.int64)
        self.pending = False
        self.lot_units = 10 ** (config.vault.base_decimals - config.vault.size_decimals)
        self.base = Token(config.vault.base_symbol, "0x" + "01" * 20, config.vault.base_decimals)

    def run(self, audit_every: int) -> Run:
        rows = rows_of(self.bars, signals_of(self.bars, self.p), self.first, self.last)
        kept, twin = nothing_kept(len(rows.time_s)), np.zeros(at.PROPOSAL, np.int64)
        latched, row = -1, 0
        while row < len(rows.time_s):
            audit = -(-row // audit_every) * audit_every
            row, acts = until_due(
                self.p, self.amounts, self.marks, self.tally, rows, row, audit, self.waiting, self.pending, kept, twin
            )
            self.pending = False
            if row == len(rows.time_s):
                break
            if self._look(self.first + row, twin, acts, audit_every):
                latched = row
            keep(self.p, self.amounts, rows.spot[row], row, kept)
            row += 1
        return Run(rows.time_s, *kept, self.tally, self.amounts, latched)

    def _look(self, row: int, twin: Amounts, acts: bool, audit_every: int) -> bool:
        """The live functions at one row; True when a loss limit was latched."""
        observation = self._observe(row)
        if live_latch_due(observation, self.config.policy) is not None:
            latch(self.p, self.amounts)
            return True
        decision = decide(observation, self.config)
        verdict = check(decision, observation, self.config)
        wanted = np.zeros(at.PROPOSAL, np.int64)
        if isinstance(verdict, Approved) and not decision.refusals:
            wanted = self._amounts_of(verdict.item)
        if audit_every > 1 and not _close(wanted, twin if acts else np.zeros_like(twin)):
            message = f"row {row}: the live strategy asks for {wanted.tolist()}, its twin for {twin.tolist()}"
            raise Disagreement(f"{message} ({decision.note})")
        if wanted.any():
            if self.p[at.DELAY] > 0:
                self.waiting, self.pending = wanted, True
            else:
                market = (self.bars.spot[row], self.bars.mark[row])
                carry_out(self.p, self.amounts, self.marks, self.tally, *market, wanted)
        return False

    def _amounts_of(self, proposal: Proposal) -> Amounts:
        if proposal.spot_base_delta % self.lot_units:
            raise Disagreement(f"{proposal.spot_base_delta} is no whole number of lots")
        return np.array(
            [
                proposal.spot_base_delta // self.lot_units,
                -proposal.perp_size_delta,
                proposal.deposit,
                proposal.to_perp,
                proposal.from_perp,
                proposal.withdraw,
            ],
            np.int64,
        )

    def _observe(self, row: int) -> Observation:
        time_s = int(self.bars.time_s[row])
        return Observation(time_s, self.source.view(time_s), self._vault(row, time_s))

    def _vault(self, row: int, time_s: int) -> VaultState:
        s, f, p = self.amounts.tolist(), self.marks.tolist(), self.p
        spot, mark = self.bars.spot.item(row), self.bars.mark.item(row)
        spot_usd, short_usd = (int(s[leg] * p[at.LOT_BASE] * spot * at.USD) for leg in (at.SPOT, at.SHORT))
        per_share = E18 / (p[at.NAV_USD] * at.USD)
        perp = None
        if p[at.HEDGED] > 0:
            perp = PerpState(
                size=-s[at.SHORT],
                expected_size=-s[at.SHORT],
                size_decimals=self.config.vault.size_decimals,
                max_leverage=self.config.vault.max_perp_leverage,
                mark_price=mark,
                oracle_price=spot,
                account_value=s[at.EQUITY],
                withdrawable=int(withdrawable(self.amounts, p[at.LOT_BASE], mark)),
                core_spot_usdc=s[at.CORE],
                in_flight=s[at.TO_VENUE] + s[at.TO_VAULT],
                pending_until=0,
                funding_received=0,
                fees_paid=0,
                traded_notional=0,
                fills=0,
                rejections=0,
                liquidations=s[at.LIQUIDATIONS],
            )
        return VaultState(
            block=Block(row, "0x" + f"{row:064x}", time_s, 1),
            asset=ASSET,
            base=self.base,
            total_assets=int(net_assets(p, self.amounts, spot)),
            idle_assets=s[at.IDLE],
            total_supply=E18,
            share_price_e18=int(f[at.SHARE] * per_share),
            high_water_mark_e18=int(f[at.HIGH] * per_share),
            day_start_price_e18=int(f[at.DAY] * per_share),
            week_start_price_e18=int(f[at.WEEK] * per_share),
            gross_exposure=spot_usd + short_usd,
            net_delta=spot_usd - short_usd,
            pending_loss=0,
            liquidation_distance_bps=None,
            health_bps=None,
            mode=Mode(s[at.MODE]),
            plan_count=s[at.PLANS],
            last_plan_at=int(self.bars.time_s[max(0, row - 1)]),
            state_hash=b"\0" * 32,
            spot_base=s[at.SPOT] * self.lot_units,
            perp=perp,
            oracle_price=spot,
            oracle_updated_at=time_s,
            pool_price=spot,
            turnover_used_bps=int(whole_bps(f[at.TURNOVER])),
            loss_used_bps=int(whole_bps(f[at.LOSS])),
            emergency_loss_used_bps=int(whole_bps(f[at.EMERGENCY])),
            last_sign_at=time_s,
        )


def _close(one: Amounts, other: Amounts) -> bool:
    """Equal, but for the last units that a sum in another order may round differently."""
    tolerance = np.maximum(2, np.abs(one) // 10**9)
    same = np.abs(one - other) <= tolerance
    same[: at.DEPOSIT] = np.abs(one - other)[: at.DEPOSIT] <= 1
    return bool(same.all())
