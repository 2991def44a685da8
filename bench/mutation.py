"""Changes risk and execution in one place at a time and counts how often the tests notice.

`python bench/mutation.py N` takes a seeded sample of N of mutmut's mutants, prints every survivor, and ends with
`mutants N, killed K (P %)`; Ctrl-C ends it early with the figure so far. mutmut alone cannot do it here: it runs the
changed functions inside one process, while these tests start nodes, fork agents and read the tree they lie in.
"""

import contextlib
import difflib
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import chain
from pathlib import Path

import libcst
from libcst.metadata import MetadataWrapper
from mutmut.mutation.file_mutation import Mutation, MutationVisitor, deep_replace
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

ROOT = Path(__file__).resolve().parents[1]
MUTANTS = 200
SEED = 7
AT_ONCE = 2
LIMIT_S = 400  # a mutant that hangs is found out; eight times what the slowest tests take, for a busy machine
_EXECUTION = "tests/execution/"
_SENDING = (
    _EXECUTION + "test_sender*.py",
    _EXECUTION + "test_delivery*.py",
    _EXECUTION + "test_what_sending_says.py",
    _EXECUTION + "test_stuck.py",
    _EXECUTION + "test_crash*.py",
    "tests/faults/sending/test_*.py",
)
_JOURNAL = _EXECUTION + "test_*journal.py"
_ON_CHAIN = _EXECUTION + "test_on_local_chain*.py"
_SIGNING = tuple(f"{_EXECUTION}test_{name}.py" for name in ("signer*", "keystore", "kms_signer", "remote_signer"))
# What notices a change, the fastest first; a module's own tests, `test_<module>*.py`, go before them.
TESTS = {
    "agent/risk/*.py": ("tests/risk/test_[!d]*.py", "tests/risk/test_differential.py"),
    "agent/execution/answers.py": (),
    "agent/execution/broadcast.py": _SENDING,
    "agent/execution/delivery.py": _SENDING,
    "agent/execution/effect.py": (_EXECUTION + "test_loan_plan.py", _ON_CHAIN),
    "agent/execution/fees.py": _SENDING,
    "agent/execution/journal.py": (_JOURNAL, *_SENDING),
    "agent/execution/keystore.py": _SIGNING,
    "agent/execution/kms_signer.py": _SIGNING,
    "agent/execution/live_broadcast.py": _SENDING,
    "agent/execution/loan_actions.py": (_EXECUTION + "test_loan_plan.py", _ON_CHAIN),
    "agent/execution/nonces.py": _SENDING,
    "agent/execution/outcome.py": _SENDING,
    "agent/execution/plan.py": (_EXECUTION + "test_planner.py", _ON_CHAIN),
    "agent/execution/planner.py": (_EXECUTION + "test_loan_plan.py", _ON_CHAIN),
    "agent/execution/postgres_store.py": (_EXECUTION + "test_postgres_journal.py",),
    "agent/execution/quotes.py": (_EXECUTION + "test_planner.py", _EXECUTION + "test_loan_plan.py", _ON_CHAIN),
    "agent/execution/records.py": (_JOURNAL, *_SENDING),
    "agent/execution/rehearsal.py": (_ON_CHAIN, *_SENDING),
    "agent/execution/remote_signer.py": _SIGNING,
    "agent/execution/revert_codes.py": (_ON_CHAIN,),
    "agent/execution/reverted.py": _SENDING,
    "agent/execution/same_file.py": (_JOURNAL,),
    "agent/execution/send_rules.py": _SENDING,
    "agent/execution/sender.py": _SENDING,
    "agent/execution/signer*.py": _SIGNING,
    "agent/execution/sqlite_store.py": (_JOURNAL, *_SENDING),
    "agent/execution/stores.py": (_JOURNAL, *_SENDING),
    "agent/execution/swap_bounds.py": (_EXECUTION + "test_planner.py", _EXECUTION + "test_loan_plan.py", _ON_CHAIN),
}


class Verdict(StrEnum):
    """What the tests made of a tree. A hang counts as noticed, and is printed so that nobody has to believe it."""

    SURVIVED = "survived"
    KILLED = "killed"
    HUNG = "hung"


@dataclass(frozen=True)
class Mutant:
    """One change of one file, and the tests that should notice it."""

    path: str
    module: libcst.Module
    mutation: Mutation
    tests: tuple[str, ...]

    def code(self) -> str:
        """The whole file with the change."""
        return deep_replace(self.module, self.mutation.original_node, self.mutation.mutated_node).code

    def __str__(self) -> str:
        before, after = self.module.code.splitlines(), self.code().splitlines()
        lines = list(difflib.unified_diff(before, after, n=0, lineterm=""))[2:]
        return "\n".join([self.path, *("    " + line for line in lines)])


def mutants() -> Iterator[Mutant]:
    """Every mutant of every file, in a fixed order; as mutmut has it, what runs once on import is not changed."""
    for pattern, tests in TESTS.items():
        for path in sorted(ROOT.glob(pattern)):
            visitor = MutationVisitor(mutation_operators, IgnoredCode(set(), set(), set()))
            module = MetadataWrapper(libcst.parse_module(path.read_text())).visit(visitor)
            own = f"tests/{path.parent.name}/test_{path.stem}*.py"
            files = dict.fromkeys(
                str(file.relative_to(ROOT)) for name in (own, *tests) for file in sorted(ROOT.glob(name))
            )
            for mutation in visitor.mutations:
                if mutation.contained_by_top_level_function is not None:
                    yield Mutant(str(path.relative_to(ROOT)), module, mutation, tuple(files))


def copy_tree(to: Path) -> None:
    """What the tests need of the project; node_modules stays where it is."""
    for name in ("agent", "chains", "configs", "tests", "docs"):
        shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", to)
    (to / "contracts").symlink_to(ROOT / "contracts")


def run(tree: Path, tests: Iterable[str], limit_s: float = LIMIT_S) -> Verdict:
    """What the tests (or options of pytest) make of this tree, up to the first that fails."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--hypothesis-seed=0", *tests]
    # Without .pyc files a changed file can never be taken for the one before it.
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(
        command,
        cwd=tree,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return Verdict.SURVIVED if process.wait(limit_s) == 0 else Verdict.KILLED
    except subprocess.TimeoutExpired:
        return Verdict.HUNG
    finally:
        stop_group(process)


def stop_group(process: "subprocess.Popen[bytes]") -> None:
    """Ends the tests and the nodes that a mutant may have left running."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def try_out(trees: "queue.Queue[Path]", mutant: Mutant) -> Verdict:
    """Runs a mutant's tests in whichever tree is free."""
    tree = trees.get()
    file = tree / mutant.path
    try:
        file.write_text(mutant.code())
        verdict = run(tree, ["--cache-clear", *mutant.tests])
        # A test that fails because the machine is busy has noticed nothing: a failure has to repeat itself.
        return run(tree, ["--last-failed", *mutant.tests]) if verdict is Verdict.KILLED else verdict
    finally:
        file.write_text(mutant.module.code)
        trees.put(tree)


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else MUTANTS
    everything = list(mutants())
    sample = random.Random(SEED).sample(everything, min(count, len(everything)))
    done = killed = 0
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has background jobs ignore it
    with tempfile.TemporaryDirectory(prefix="ballast-mutation-") as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        trees: queue.Queue[Path] = queue.Queue()
        for number in range(AT_ONCE):
            tree = Path(folder) / str(number)
            copy_tree(tree)
            trees.put(tree)
        tests = dict.fromkeys(chain.from_iterable(mutant.tests for mutant in sample))
        if run(tree, tests, 2 * LIMIT_S) is not Verdict.SURVIVED:
            print("the tests fail without any change")
            return 1
        try:
            for mutant, verdict in zip(sample, pool.map(partial(try_out, trees), sample), strict=True):
                done, killed = done + 1, killed + (verdict is not Verdict.SURVIVED)
                if verdict is not Verdict.KILLED:
                    print(f"{verdict} {done}: {mutant}", flush=True)
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
    print(f"mutants {done}, killed {killed} ({100 * killed / max(done, 1):.1f} %)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
