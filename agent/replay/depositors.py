"""Depositors of a replay: they enter and leave on a seeded schedule, each with transactions of their own."""

from dataclasses import dataclass

import numpy as np

from agent.market.vault_reader import VaultSite
from agent.units import SECONDS_PER_HOUR
from chains import artifacts
from chains.functions import Function
from chains.local.sender import Sender
from chains.multicall import Call, read_all
from chains.rpc import Node

DEPOSITORS = 5
FIRST_ACCOUNT = 4  # of the node's unlocked accounts; the ones before have roles
FIRST_DEPOSIT_USD = 1_000_000
MEAN_HOURS_BETWEEN_FLOWS = 96.0
DEPOSIT_SIZES = (0.02, 0.10)  # of the first deposit
REDEEM_FRACTIONS = (0.2, 1.0)  # of what the depositor holds
UNLIMITED = 2**256 - 1

_APPROVE = Function("approve(address,uint256)", "(bool)")
_MINT = Function("mint(address,uint256)")


@dataclass(frozen=True, slots=True)
class Wish:
    """What one depositor wants at one hour: to bring in `usd`, or to redeem a fraction of the own shares."""

    time_s: int
    depositor: int
    usd: float = 0.0
    redeem_fraction: float = 0.0


@dataclass(frozen=True, slots=True)
class Moved:
    """What depositors moved in one hour, asset units."""

    deposits: int = 0
    withdrawals: int = 0


def schedule(seed: int, from_s: int, to_s: int) -> tuple[Wish, ...]:
    """All wishes of a replay, in order of time.

    Depositor 0 opened the vault and never leaves, so that it is never empty. The others arrive as a Poisson process
    with a mean of one flow in four days; two of three wishes bring money in.

    Parameters
    ----------
    seed : any integer from 0; the same seed gives the same schedule
    from_s, to_s : unix seconds, on the hour; the last hour has no wish
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    wishes: list[Wish] = []
    hour = from_s
    while True:
        hour += SECONDS_PER_HOUR * max(1, round(generator.exponential(MEAN_HOURS_BETWEEN_FLOWS)))
        depositor = int(generator.integers(1, DEPOSITORS))
        brings = bool(generator.random() < 2 / 3)
        size = float(generator.uniform(*DEPOSIT_SIZES))
        fraction = float(generator.uniform(*REDEEM_FRACTIONS))
        if hour >= to_s:
            return tuple(wishes)
        if brings:
            wishes.append(Wish(hour, depositor, usd=round(size * FIRST_DEPOSIT_USD, 2)))
        else:
            wishes.append(Wish(hour, depositor, redeem_fraction=fraction))


class Depositors:
    """Carries out the wishes. What idle cash does not cover waits in the redemption queue until it is filled."""

    def __init__(self, node: Node, site: VaultSite, wishes: tuple[Wish, ...]) -> None:
        vault, queue = artifacts.load("Vault"), artifacts.load("RedemptionQueue")
        self._node = node
        self._site = site
        self._wishes = list(reversed(wishes))
        self._waiting: set[int] = set()
        self._accounts = node.call("eth_accounts")[FIRST_ACCOUNT : FIRST_ACCOUNT + DEPOSITORS]
        self._deposit = vault.function("deposit")
        self._redeem = vault.function("redeem")
        self._balance_of = vault.function("balanceOf")
        self._max_redeem = vault.function("maxRedeem")
        self._max_deposit = vault.function("maxDeposit")
        self._request = queue.function("requestRedeem")
        self._claimable = queue.function("maxRedeem")
        self._claim = queue.function("redeem")
        for account in self._accounts:
            Sender(node, account).send(site.asset.address, _APPROVE, site.vault, UNLIMITED)
            Sender(node, account).send(site.vault, _APPROVE, site.queue, UNLIMITED)

    def open_vault(self) -> None:
        """The first deposit, from depositor 0."""
        self._bring(Wish(0, 0, usd=FIRST_DEPOSIT_USD))

    def act(self, now: int) -> Moved:
        """Everything that depositors do at `now` (unix seconds), and what it moved in and out of the vault.

        A claim moves nothing: that cash left the vault when the queue was filled, at the end of a plan.
        """
        deposits = withdrawals = 0
        for depositor in sorted(self._waiting):
            self._take_what_is_filled(depositor)
        while self._wishes and self._wishes[-1].time_s <= now:
            wish = self._wishes.pop()
            if wish.usd > 0:
                deposits += self._bring(wish)
            else:
                withdrawals += self._leave(wish)
        return Moved(deposits, withdrawals)

    def _bring(self, wish: Wish) -> int:
        account = self._accounts[wish.depositor]
        amount = self._site.asset.to_units(wish.usd)
        if self._read(Call(self._site.vault, self._max_deposit, (account,))) < amount:
            return 0  # the vault takes no deposits now; this depositor looks elsewhere
        sender = Sender(self._node, account)
        sender.send(self._site.asset.address, _MINT, account, amount)
        sender.send(self._site.vault, self._deposit, amount, account)
        return amount

    def _leave(self, wish: Wish) -> int:
        account = self._accounts[wish.depositor]
        sender = Sender(self._node, account)
        shares = int(self._read(Call(self._site.vault, self._balance_of, (account,))) * wish.redeem_fraction)
        if shares == 0:
            return 0
        if shares > self._read(Call(self._site.vault, self._max_redeem, (account,))):
            sender.send(self._site.queue, self._request, shares, account, account)
            self._waiting.add(wish.depositor)
            return 0
        before = self._cash_of(account)
        sender.send(self._site.vault, self._redeem, shares, account, account)
        return self._cash_of(account) - before

    def _take_what_is_filled(self, depositor: int) -> None:
        account = self._accounts[depositor]
        shares = self._read(Call(self._site.queue, self._claimable, (account,)))
        if shares > 0:
            Sender(self._node, account).send(self._site.queue, self._claim, shares, account, account)

    def _cash_of(self, account: str) -> int:
        return self._read(Call(self._site.asset.address, self._balance_of, (account,)))

    def _read(self, call: Call) -> int:
        (value,) = read_all(self._node, self._node.head(), [call])
        return int(value)
