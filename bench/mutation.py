"""Changes the gate and the transaction manager in one place at a time and counts how often the tests notice.

`python bench/mutation.py N` takes a seeded sample of N of mutmut's mutants, prints every survivor, and ends with
`mutants N, killed K (P %)`; Ctrl-C ends it early with the figure so far. mutmut alone cannot do it here: it runs the
changed functions inside one process, while these tests start nodes, fork agents and read the tree they lie in.
"""

import contextlib
import difflib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import libcst
from libcst.metadata import MetadataWrapper
from mutmut.mutation.file_mutation import Mutation, MutationVisitor, deep_replace
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

ROOT = Path(__file__).resolve().parents[1]
MUTANTS = 200
SEED = 7
LIMIT_S = 120  # a mutant that hangs is found out
RISK = ("tests/risk", "--ignore=tests/risk/test_differential.py")
SENDING = (
    "tests/execution/test_sender.py",
    "tests/execution/test_delivery.py",
    "tests/faults/test_faults_51_to_74.py",
    "-k",
    "not test_fault_71 and not flipped_bit",  # the slow ones
)
TESTS = {
    "agent/risk/*.py": RISK,
    "agent/execution/journal.py": ("tests/execution/test_journal.py", *SENDING),
    "agent/execution/sender.py": SENDING,
    "agent/execution/delivery.py": SENDING,
    "agent/execution/nonces.py": SENDING,
    "agent/execution/fees.py": ("tests/execution/test_fees.py",),
    "agent/execution/answers.py": ("tests/execution/test_answers.py",),
    "agent/execution/planner.py": ("tests/execution/test_planner.py", "tests/execution/test_loan_plan.py"),
}


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
            for mutation in visitor.mutations:
                if mutation.contained_by_top_level_function is not None:
                    yield Mutant(str(path.relative_to(ROOT)), module, mutation, tests)


def copy_tree(to: Path) -> None:
    """What the tests need of the project; node_modules stays where it is."""
    for name in ("agent", "chains", "configs", "tests", "docs"):
        shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", to)
    (to / "contracts").symlink_to(ROOT / "contracts")


def passes(tree: Path, tests: tuple[str, ...]) -> bool:
    """Whether the tests pass in this tree."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--hypothesis-seed=0", "-p", "no:cacheprovider", *tests]
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
        return process.wait(LIMIT_S) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        stop_group(process)


def stop_group(process: "subprocess.Popen[bytes]") -> None:
    """Ends the tests and the nodes that a mutant may have left running."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else MUTANTS
    everything = list(mutants())
    sample = random.Random(SEED).sample(everything, min(count, len(everything)))
    done = killed = 0
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has background jobs ignore it
    with tempfile.TemporaryDirectory(prefix="ballast-mutation-") as folder:
        tree = Path(folder)
        copy_tree(tree)
        for tests in set(TESTS.values()):
            if not passes(tree, tests):
                print(f"the tests fail without any change: {' '.join(tests)}")
                return 1
        try:
            for mutant in sample:
                (tree / mutant.path).write_text(mutant.code())
                survived = passes(tree, mutant.tests)
                (tree / mutant.path).write_text(mutant.module.code)
                done, killed = done + 1, killed + (not survived)
                if survived:
                    print(f"survived {done}: {mutant}", flush=True)
        except KeyboardInterrupt:
            pass
    print(f"mutants {done}, killed {killed} ({100 * killed / max(done, 1):.1f} %)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
