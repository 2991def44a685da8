"""Where a deployed vault is: its addresses and tokens in a file that deploying writes and the service reads."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agent.ledger.files import write_text
from agent.market.vault_reader import VaultSite
from agent.reasons import Code, Reason, Refusal

_SITE = TypeAdapter(VaultSite)


def write_site(site: VaultSite, path: Path) -> None:
    """Write the file whole or not at all."""
    write_text(path, json.dumps(asdict(site), indent=2, sort_keys=True) + "\n")


def read_site(path: Path) -> VaultSite:
    """The site in a file. Raises Refusal when it is missing or is not one."""
    try:
        found: Any = json.loads(path.read_text())
        return _SITE.validate_python(found)
    except FileNotFoundError as error:
        message = f"{path} does not exist; `ballast local` writes one beside its service file"
        raise Refusal(Reason(Code.CONFIG_MISSING, message, where=str(path))) from error
    except (OSError, json.JSONDecodeError, ValidationError) as error:
        raise Refusal(Reason(Code.CONFIG_SYNTAX, f"not a vault's addresses: {error}", where=str(path))) from error
