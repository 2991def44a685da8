"""The live `decide` and the live gate, asked about a simulated vault."""

import numpy as np

import agent.research.layout as at
from agent.config import Config
from agent.decision import Approved, Proposal
from agent.market.observation import Block, Floats, MarketView, Mode, Observation, PerpState, VaultState
from agent.research.compiled_cash import withdrawable
from agent.research.layout import Amounts
from agent.research.signals import folded
from agent.research.world import net_assets, whole_bps
from agent.risk import check, latch_due
from agent.scaling import funding
from agent.strategies import decide
from agent.units import SECONDS_PER_HOUR, Token

funding.fold = folded  # in Python it takes more than half of a decision's time
E18 = 10**18
ASSET = Token("USDC", "0x" + "00" * 20, 6)


class LiveRules:
    """What the live agent would do with a simulated vault.

    Parameters
    ----------
    p : of `world_row`
    """

    def __init__(self, config: Config, p: Floats) -> None:
        self.config, self.p = config, p
        self.lot_units = 10 ** (config.vault.base_decimals - config.vault.size_decimals)
        self.base = Token(config.vault.base_symbol, "0x" + "01" * 20, config.vault.base_decimals)

    def observe(
        self, market: MarketView, amounts: Amounts, marks: Floats, prices: tuple[float, float], planned_at: int
    ) -> Observation:
        """What the live agent would see of the vault, beside this view of the market.

        Parameters
        ----------
        amounts, marks : of the vault, in the order of agent/research/layout.py
        prices : of spot (oracle and pool too) and of the perp
        planned_at : when the last plan was, unix seconds
        """
        return Observation(market.time, market, self._vault(market.time, amounts, marks, *prices, planned_at))

    def latch_due(self, observation: Observation) -> bool:
        """Whether the live agent would latch a broken loss limit."""
        return latch_due(observation, self.config.policy) is not None

    def wanted(self, observation: Observation) -> tuple[Amounts, str]:
        """What is asked for and let pass by the gate (zeros when nothing is), and the decision's note.

        Raises ValueError for a proposal that is no whole number of lots.
        """
        decision = decide(observation, self.config)
        verdict = check(decision, observation, self.config)
        if isinstance(verdict, Approved) and not decision.refusals:
            return self._amounts_of(verdict.item), decision.note
        return np.zeros(at.PROPOSAL, np.int64), decision.note

    def _amounts_of(self, proposal: Proposal) -> Amounts:
        if proposal.spot_base_delta % self.lot_units:
            raise ValueError(f"{proposal.spot_base_delta} is no whole number of lots")
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

    def _vault(
        self, time_s: int, amounts: Amounts, marks: Floats, spot: float, mark: float, planned_at: int
    ) -> VaultState:
        s, f, p = amounts.tolist(), marks.tolist(), self.p
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
                withdrawable=int(withdrawable(amounts, p[at.LOT_BASE], mark)),
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
            block=Block(time_s // SECONDS_PER_HOUR, "0x" + f"{time_s:064x}", time_s, 1),
            asset=ASSET,
            base=self.base,
            total_assets=int(net_assets(p, amounts, spot)),
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
            last_plan_at=planned_at,
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
