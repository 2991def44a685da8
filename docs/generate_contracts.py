"""Renews the generated parts of contracts.md: limits out of the Solidity sources, events and errors out of the ABIs."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.execution.revert_codes import CODES
from chains import artifacts

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "contracts.md"
DOCUMENTED = (
    "Vault",
    "Portfolio",
    "Policy",
    "Authority",
    "RedemptionQueue",
    "PriceOracle",
    "HyperCoreOraclePrice",
    "UniswapV3Twap",
    "UniswapV3Spot",
    "HyperCorePerp",
    "AaveV3",
    "VaultLens",
)

_FIELD = re.compile(r"^    (\w+) (\w+);(?: // (.*))?$", re.MULTILINE)
_CONSTANT = re.compile(r"uint256 public constant (\w+) = ([\w. ]+);")
_RULE = re.compile(r"_(atMost|atLeast|within)\(\s*\"(\w+)\",\s*(?:uint256\()?l\.(\w+)\)?,\s*([^;]+?)\s*\);", re.DOTALL)
_CHANGE = re.compile(r"_(noHigher|noLower|unchanged)\(\"(\w+)\",")
_TIGHTER = {"noHigher": "lower", "noLower": "higher", "unchanged": "not at once"}


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One component of the policy, as the contract treats it."""

    key: str
    field: str
    of: str
    least: str
    most: str
    tighter: str


def limit_rows(limits_source: str, policy_source: str) -> Iterator[LimitRow]:
    """Every component of `Limits` with its bounds and its tighter direction.

    Raises ValueError when a component has no direction: then the policy forgot it, or this reader did.
    """
    constants = dict(_CONSTANT.findall(policy_source))
    directions = {name: _TIGHTER[kind] for kind, name in _CHANGE.findall(policy_source)}
    bounds: dict[str, tuple[str, str, str]] = {}
    for kind, name, field, expressions in _RULE.findall(policy_source):
        values = [_readable(constants, part.strip()) for part in expressions.split(",")]
        least, most = {"atMost": ("", values[0]), "atLeast": (values[0], ""), "within": (values[0], values[-1])}[kind]
        bounds[field] = (name, least, most)
    keys = {field: name for field, (name, _, _) in bounds.items()}
    keys["maxTotalAssets"] = "max_total_assets_usd"
    struct = limits_source[limits_source.index("struct Limits") : limits_source.index("struct Cap")]
    for _, field, comment in _FIELD.findall(struct):
        if field not in keys or keys[field] not in directions:
            raise ValueError(f"Limits.{field} has no bound or no direction in contracts/src/Policy.sol")
        _, least, most = bounds.get(field, ("", "", ""))
        yield LimitRow(keys[field], field, comment, least, most, directions[keys[field]])


def limits_table() -> str:
    """The table of limits in Markdown."""
    sources = ROOT / "contracts" / "src"
    rows = limit_rows((sources / "Limits.sol").read_text(), (sources / "Policy.sol").read_text())
    lines = ["| in the file | in the contract | of what | least | most | tighter is |", "|---|---|---|---|---|---|"]
    for row in rows:
        lines.append(f"| `{row.key}` | `{row.field}` | {row.of} | {row.least} | {row.most} | {row.tighter} |")
    return "\n".join(lines)


def interface_of(name: str) -> str:
    """Events and errors of one contract in Markdown; errors with the code under which the agent knows them."""
    abi = artifacts.load(name).abi
    events = sorted({_signature(entry) for entry in abi if entry["type"] == "event"})
    errors = sorted({(entry["name"], _signature(entry)) for entry in abi if entry["type"] == "error"})
    known = [f"`{signature}` → `{CODES[error]}`" if error in CODES else f"`{signature}`" for error, signature in errors]
    return f"Events: {_listed([f'`{event}`' for event in events])}\n\nErrors: {_listed(known)}"


def generated() -> dict[str, str]:
    """Every generated part by its name in the document."""
    return {"limits": limits_table()} | {name: interface_of(name) for name in DOCUMENTED}


def filled_in(document: str) -> str:
    """The document with every generated part renewed.

    Raises ValueError when the place of a part is missing.
    """
    for name, text in generated().items():
        begin, end = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
        if begin not in document or end not in document:
            raise ValueError(f"{DOCUMENT.name} has no place for {name}: expected {begin} and {end}")
        head, _, rest = document.partition(begin)
        _, _, tail = rest.partition(end)
        document = f"{head}{begin}\n{text}\n{end}{tail}"
    return document


def _readable(constants: dict[str, str], expression: str) -> str:
    named = re.fullmatch(r"uint256\(Mode\.(\w+)\)", expression)
    return named.group(1) if named else constants.get(expression, expression).replace("_", ",")


def _signature(entry: dict[str, object]) -> str:
    inputs = entry["inputs"]
    if not isinstance(inputs, list):
        raise ValueError(f"ABI entry without inputs: {entry}")
    return f"{entry['name']}({', '.join(str(each['name'] or each['type']) for each in inputs)})"


def _listed(parts: list[str]) -> str:
    return ", ".join(parts) if parts else "none"


if __name__ == "__main__":
    DOCUMENT.write_text(filled_in(DOCUMENT.read_text()))
    sys.stdout.write(f"renewed {DOCUMENT.relative_to(ROOT)}\n")
