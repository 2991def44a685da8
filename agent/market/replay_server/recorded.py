"""Answers that were recorded from the real exchanges, by their exact request: JSON files and VCR cassettes.

Folder: `<data folder>/http/binance/*.json` and `<data folder>/http/hyperliquid/*.yaml`. A recorded answer is served
only when the clock has reached the moment it was recorded at.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

BINANCE_FILES: dict[str, tuple[str, dict[str, str]]] = {
    "fapi-v1-exchangeInfo.json": ("/fapi/v1/exchangeInfo", {}),
    "fapi-v1-premiumIndex.json": ("/fapi/v1/premiumIndex", {}),
    "fapi-v1-fundingInfo.json": ("/fapi/v1/fundingInfo", {}),
    "fapi-v1-fundingRate-BTCUSDT-limit10.json": ("/fapi/v1/fundingRate", {"symbol": "BTCUSDT", "limit": "10"}),
    "api-v3-exchangeInfo-curated-BTCETHXVG.json": ("/api/v3/exchangeInfo", {}),
}
STAMPS = ("serverTime", "time", "fundingTime", "updateTime")


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """A body as it came, and when."""

    body: bytes
    recorded_ms: int


class RecordedAnswers:
    """All recordings below a folder, found by venue, method, path and the very same parameters."""

    def __init__(self, data_folder: Path) -> None:
        self._answers: dict[tuple[str, str, str, str], RecordedAnswer] = {}
        for file, (path, parameters) in BINANCE_FILES.items():
            source = data_folder / "http" / "binance" / file
            if source.is_file():
                body = source.read_bytes()
                self._add("binance", "GET", path, parameters, RecordedAnswer(body, _latest_ms(json.loads(body))))
        for cassette in sorted((data_folder / "http" / "hyperliquid").glob("*.yaml")):
            for body, answer in _interactions(cassette):
                self._add("hyperliquid", "POST", "/info", body, answer)

    def __len__(self) -> int:
        return len(self._answers)

    def find(self, venue: str, method: str, path: str, parameters: Any, now_ms: int) -> RecordedAnswer | None:
        """The recording of this very request, unless the clock has not come to it yet."""
        found = self._answers.get((venue, method, path, _canonical(parameters)))
        return found if found is not None and found.recorded_ms <= now_ms else None

    def _add(self, venue: str, method: str, path: str, parameters: Any, answer: RecordedAnswer) -> None:
        self._answers[venue, method, path, _canonical(parameters)] = answer


def _canonical(parameters: Any) -> str:
    return json.dumps(parameters, sort_keys=True, separators=(",", ":"))


def _latest_ms(answer: Any) -> int:
    """The latest stamp anywhere in the answer."""
    if isinstance(answer, Mapping):
        own = [int(answer[name]) for name in STAMPS if isinstance(answer.get(name), int)]
        return max([*own, *(_latest_ms(one) for one in answer.values())], default=0)
    if isinstance(answer, list):
        return max((_latest_ms(one) for one in answer), default=0)
    return 0


def _interactions(cassette: Path) -> Iterator[tuple[Any, RecordedAnswer]]:
    from ruamel.yaml import YAML

    for interaction in YAML(typ="safe", pure=True).load(cassette)["interactions"]:
        response = interaction["response"]
        headers = {name.lower(): values for name, values in response["headers"].items()}
        recorded = parsedate_to_datetime(headers["date"][0])
        text: str = response["body"]["string"]
        yield (
            json.loads(interaction["request"]["body"]),
            RecordedAnswer(text.encode(), int(recorded.timestamp() * 1_000)),
        )
