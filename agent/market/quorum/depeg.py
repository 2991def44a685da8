"""Whether the vault's asset is still worth what everything is counted in; never taken for granted."""

from agent.config import ObserveConfig
from agent.market.reading import Agreement
from agent.reasons import Code, Reason

PEG = 1.0  # dollars per unit of the vault's asset


def depeg(asset: str, agreed: Agreement | None, config: ObserveConfig) -> Reason | None:
    """Why nothing may be widened in this asset, or None while sources agree that it is worth a dollar.

        |price - 1| <= max_depeg

    A price that nobody knows is no dollar either.

    Parameters
    ----------
    asset : symbol of the vault's asset
    agreed : what the sources agree it is worth in USD; None when they do not
    config : the bound
    """
    if agreed is None:
        return Reason(Code.ASSET_DEPEG, f"no sources agree what {asset} is worth", where="observe.venues")
    slip = abs(agreed.value - PEG)
    if slip <= config.max_depeg:
        return None
    return Reason(
        Code.ASSET_DEPEG, f"{asset} is worth {agreed.value:.4f} USD", slip, config.max_depeg, "observe.max_depeg"
    )
