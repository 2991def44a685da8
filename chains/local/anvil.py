"""Starts and reliably ends one anvil, the local node, through its native binary."""

import os
import signal
import subprocess
import tempfile
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from chains.local.foundry import native_binary
from chains.rpc import Node

CHAIN_ID = 31337
BLOCK_INTERVAL_S = 1
# The base fee that blocks less than half full leave as it is, so that gas costs the same in every run.
BASE_FEE_WEI = 7
BLOCK_GAS_LIMIT = 200_000_000

# The shell outlives us only until its standard input closes, which happens however this process ends, SIGKILL included.
_GUARD = '"$@" & anvil=$!; exec >&-; trap "kill $anvil" TERM; read -r _; kill $anvil; wait $anvil'


class Anvil:
    """A local node for the length of a `with` block.

    Every transaction is mined at once in a block of its own (automine), so a receipt is there when the send returns
    through `eth_sendTransactionSync`, and one batch can set the time and send. Each block is one second after its
    parent unless `evm_setNextBlockTimestamp` says otherwise: block times never depend on the wall clock.

    Parameters
    ----------
    genesis_timestamp : Unix seconds of block 0; a fork keeps its origin's
    fork_of : address of another node to start from, instead of an empty chain
    automine : off to hold transactions pending until `evm_mine`
    """

    def __init__(
        self,
        genesis_timestamp: int,
        *,
        fork_of: str | None = None,
        automine: bool = True,
        timeout_s: float = 20,
    ) -> None:
        options = ["--port", "0", "--chain-id", str(CHAIN_ID)]
        options += ["--gas-limit", str(BLOCK_GAS_LIMIT), "--order", "fifo", "--no-request-size-limit"]
        options += ["--prune-history", "200"]  # without it every run leaves its states on disk for good
        options += ["--base-fee", str(BASE_FEE_WEI)]
        options += ["--hardfork", "cancun"]  # HyperEVM's, and what the contracts are compiled for
        if fork_of is None:
            options += ["--timestamp", str(genesis_timestamp)]
        else:
            options += ["--fork-url", fork_of, "--no-storage-caching", "--no-rate-limit"]
        with ExitStack() as undo:
            self.home = undo.enter_context(
                tempfile.TemporaryDirectory(prefix="ballast-anvil-", ignore_cleanup_errors=True)
            )
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _GUARD, "sh", str(native_binary("anvil")), *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "HOME": self.home},
                start_new_session=True,  # Ctrl-C ends us, and we end anvil
            )
            undo.callback(self._end_process)
            self.url = f"http://127.0.0.1:{self._announced_port()}"
            self.node = Node(self.url, timeout_s=timeout_s)
            undo.callback(self.node.close)
            self.node.call("anvil_setLoggingEnabled", False, nullable=True)
            self.node.call("anvil_setBlockTimestampInterval", BLOCK_INTERVAL_S, nullable=True)
            self.node.call("evm_setAutomine", automine, nullable=True)
            self._undo = undo.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the node and removes what it left on disk; harmless when called twice."""
        self._undo.close()

    def _end_process(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)  # the shell and anvil are a group of their own
            self._process.wait()

    def _announced_port(self) -> int:
        """The port anvil chose itself, so that two nodes starting together can never meet on one."""
        output: list[bytes] = []
        for line in self._process.stdout or ():
            output.append(line)
            if line.startswith(b"Listening on "):
                return int(line.rpartition(b":")[2])
        raise RuntimeError(f"anvil ended before it listened: {b''.join(output).decode(errors='replace')[-500:]}")
