"""The arrows of docs/architecture.md hold: who may import whom, and what no file may contain."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.reasons import Code

ROOT = Path(__file__).parents[1]

PURE_ROOMS = ("agent.scaling", "agent.volatility", "agent.strategies", "agent.risk", "agent.market.quorum")
PURE_FILES = (
    "agent.units",
    "agent.reasons",
    "agent.decision",
    "agent.policy",
    "agent.market.observation",
    "agent.market.reading",
)
# Everything that a pure room may know: its peers, the types, arithmetic.
PURE_MAY_IMPORT = (
    *PURE_ROOMS,
    *PURE_FILES,
    "arch",
    "arch.univariate",
    "agent.config",
    "collections",
    "collections.abc",
    "dataclasses",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "itertools",
    "math",
    "numpy",
    "numpy.typing",
    "pydantic",
    "statistics",
    "types",
    "typing",
)
IMPURE_CALLS = {"open", "print", "input", "exec", "eval", "__import__", "breakpoint"}
# Where whatever goes wrong in one vault is told and counted, so that it does not reach the others.
WALLS = ("agent/service/worker.py",)
# The only files that may see both what decides and what executes.
MEETING_PLACES = ("agent.cycle", "agent.replay", "agent.service")
CLI_MAY_NOT_IMPORT = (
    "chains",
    "agent.execution",
    "agent.risk",
    "agent.scaling",
    "agent.strategies",
    "agent.volatility",
    "eth_abi",
    "eth_account",
    "numpy",
    "pandas",
    "sqlalchemy",
    "web3",
)


def modules() -> list[Path]:
    return sorted(path for package in ("agent", "chains") for path in (ROOT / package).rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> set[str]:
    """Every module a file imports, wherever in the file; `from a import b` counts as a and, if b is a module, a.b."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level or node.module is None:
                raise AssertionError(f"{path.relative_to(ROOT)}, line {node.lineno}: write imports in full")
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names if is_module(f"{node.module}.{alias.name}")}
    return found


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def below(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def text_files() -> Iterator[Path]:
    """Every file that a commit would hold, without binaries and without lock files' hashes."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.is_file() and path.suffix not in {".png", ".gz", ".bin"}:
            yield path


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_follow_the_arrows(path: Path) -> None:
    name, imported = name_of(path), imports(path)
    if below(name, ("chains",)):
        assert [one for one in imported if below(one, ("agent",))] == [], "chains knows nothing of the agent"
    if below(name, PURE_ROOMS) or name in PURE_FILES:
        strange = [one for one in imported if one not in PURE_MAY_IMPORT and not below(one, PURE_ROOMS)]
        assert strange == [], "a decision may look at nothing but its arguments"
    if below(name, ("agent.cli",)):
        assert [one for one in imported if below(one, CLI_MAY_NOT_IMPORT)] == [], "the command line holds no logic"
    if not below(name, MEETING_PLACES):
        decides = any(below(one, ("agent.strategies",)) for one in imported)
        executes = any(below(one, ("agent.execution",)) for one in imported)
        assert not (decides and executes), "deciding and executing meet in the cycle only"
    if not below(name, ("agent.cli",)):
        assert not any(below(one, ("agent.cli",)) for one in imported), "nobody imports the command line"


@pytest.mark.parametrize(
    "path", [path for path in modules() if below(name_of(path), PURE_ROOMS) or name_of(path) in PURE_FILES], ids=name_of
)
def test_pure_rooms_read_no_clock_no_file_and_no_random_number(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in IMPURE_CALLS, f"line {node.lineno}"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in {"np", "numpy"}:
            assert node.attr not in {"random", "load", "save", "memmap", "fromfile", "datetime64"}, (
                f"line {node.lineno}"
            )


def test_the_arrows_are_really_checked() -> None:
    for room in (*PURE_ROOMS, "agent.execution", "agent.cli", "chains.local"):
        assert any(below(name_of(path), (room,)) for path in modules()), f"{room} is empty"


def test_every_module_begins_with_what_lives_there() -> None:
    silent = [name_of(path) for path in modules() if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_nothing_is_swallowed_and_nothing_is_validated_by_assert() -> None:
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            place = f"{path.relative_to(ROOT)}, line {getattr(node, 'lineno', 0)}"
            assert not isinstance(node, ast.Assert), f"{place}: python -O removes assert"
            if isinstance(node, ast.ExceptHandler):
                assert node.type is not None, f"{place}: bare except"
                caught, body = ast.unparse(node.type), ast.unparse(node)
                passed_on = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
                told = str(path.relative_to(ROOT)) in WALLS and "log.exception(" in body
                assert caught not in {"Exception", "BaseException"} or passed_on or told, f"{place}: it is swallowed"


def test_every_code_is_raised_somewhere() -> None:
    raised = {code for path in modules() for code in re.findall(r"\bCode\.([A-Z_]+)", path.read_text())}
    assert {code.name for code in Code} - raised == set()


def test_every_room_is_on_the_map() -> None:
    drawn = (ROOT / "docs/architecture.md").read_text()
    files = [f"`agent/{path.name}`" for path in (ROOT / "agent").glob("[!_]*.py")]
    folders = [f"`agent/{path.parent.name}/`" for path in (ROOT / "agent").glob("*/__init__.py")]
    assert len(files) > 10
    assert len(folders) > 10
    assert [room for room in (*files, *folders) if room not in drawn] == []


def test_the_contracts_know_nothing_of_the_simulation() -> None:
    for path in (ROOT / "contracts/src").rglob("*.sol"):
        assert not re.search(r"^import .*sim/", path.read_text(), re.MULTILINE), path.name


def test_the_table_of_codes_is_complete() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \|(.*)\|(.*)\|(.*)\|$", (ROOT / "docs/codes.md").read_text(), re.MULTILINE)
    documented = [row[0] for row in rows]
    assert documented == [code.name for code in Code], "docs/codes.md lists every code once, in the order of reasons.py"
    assert all(cell.strip() for row in rows for cell in row[1:]), "every code says what it means and who does what"


def test_no_file_names_a_machine_or_a_registry() -> None:
    # Written in pieces, so that this file does not contain what it looks for.
    forbidden = [
        r"(?<![\w.$}~-])/" + r"(work|root|home/\w+)/",
        r"registry\." + r"(npmjs|yarnpkg)",
        r"(files\.)?" + r"python" + r"hosted\.org",
        r"pypi\." + r"org",
        r"https?://[^\s/\"]*" + r"(artifactory|nexus|mirror)",
    ]
    pattern = re.compile("|".join(forbidden))
    found = [
        f"{path.relative_to(ROOT)}, line {number}"
        for path in text_files()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


def test_the_readme_names_only_files_that_exist() -> None:
    text = (ROOT / "README.md").read_text() + "".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
    named = set(re.findall(r"`((?:agent|chains|contracts|configs|docs|tests|bench)/[\w./-]*\w)`", text))
    assert sorted(name for name in named if not (ROOT / name).exists()) == []
