"""Several providers of one chain as one reader that believes only what enough of them say alike."""

from chains.providers.health import FaultKind, ProviderFault, ProviderHealth
from chains.providers.pool import ProviderPool
from chains.providers.problems import ChainForked, HeadStuck, ProvidersDisagree, QuorumMissing
from chains.providers.sends import SendAnswer

__all__ = [
    "ChainForked",
    "FaultKind",
    "HeadStuck",
    "ProviderFault",
    "ProviderHealth",
    "ProviderPool",
    "ProvidersDisagree",
    "QuorumMissing",
    "SendAnswer",
]
