"""Why a pool refuses to answer. Each is an `RpcUnavailable`: nothing is known, and nothing may be concluded."""

from chains.rpc import RpcUnavailable


class QuorumMissing(RpcUnavailable):
    """Fewer providers than needed gave a usable answer. The number needed never shrinks."""


class ProvidersDisagree(RpcUnavailable):
    """Enough providers answered, and no answer was given often enough."""


class ChainForked(ProvidersDisagree):
    """Providers name different blocks at one height."""


class HeadStuck(RpcUnavailable):
    """The newest block that enough providers know is too old, or older than one they knew before."""


class WrongChain(RpcUnavailable):
    """A provider serves another chain."""


class StillSyncing(RpcUnavailable):
    """A provider says itself that it has not caught up."""
