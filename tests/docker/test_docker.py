"""Image, compose file and dashboards, checked without an engine."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from agent.execution.signer_spec import KeystoreSpec
from agent.service.settings import load_service
from agent.watch.metrics import Metrics

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, continued lines joined."""
    text = re.sub(r"\\\n\s*", " ", (DOCKER / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def compose() -> dict[str, Any]:
    return dict(YAML(typ="safe").load(DOCKER / "compose.yaml"))


def versions(lock: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9.-]+)==(\S+)", lock.read_text(), re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def test_the_image_is_built_in_two_stages_and_runs_as_nobody_special() -> None:
    found = instructions()
    assert [text for name, text in found if name == "FROM"] == ["${PYTHON} AS build", "${PYTHON}"]
    assert found[0] == ("ARG", "PYTHON=python:3.11-slim")
    users = [text for name, text in found if name == "USER"]
    assert users == ["10001:10001"]
    assert [name for name, _ in found].index("USER") < [name for name, _ in found].index("ENTRYPOINT")


def test_every_copied_file_exists_and_reaches_the_build() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for name, text in instructions():
        if name == "COPY" and "--from" not in text:
            for source in text.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert source in allowed, source


def test_the_shell_steps_are_shell() -> None:
    for name, text in instructions():
        if name == "RUN":
            subprocess.run(["/bin/sh", "-n", "-c", text], check=True)


def test_the_image_has_the_versions_that_were_tested_each_with_its_hash() -> None:
    tested, image = versions(ROOT / "requirements.lock"), versions(DOCKER / "requirements.lock")
    assert {name: found for name, found in image.items() if not found <= tested.get(name, set())} == {}
    assert {"web3", "ccxt", "psycopg", "boto3", "setuptools"} <= image.keys()
    assert {"pytest", "mypy", "ray", "moto"}.isdisjoint(image.keys())
    text = (DOCKER / "requirements.lock").read_text()
    assert text.count("--hash=sha256:") >= len(image)


def test_the_package_that_the_image_installs_is_whole(tmp_path: Path) -> None:
    """The last step of the build, with everything that belongs to the package and nothing from this folder."""
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("agent", "chains"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    step = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target", "installed", "."]
    subprocess.run([sys.executable, *step], cwd=tmp_path, check=True, capture_output=True)
    check = "from chains import artifacts; from chains.registry import load_chain; import agent.service.run; "
    check += "artifacts.load('Vault'); load_chain('local'); import agent; print(agent.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    command = [sys.executable, "-P", "-c", check]
    done = subprocess.run(command, cwd=tmp_path.parent, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path / "installed"))


def test_agents_run_with_a_read_only_root_and_no_rights() -> None:
    services = compose()["services"]
    for name in ("agent", "standby"):
        service = services[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "--observe-only" in service["command"][-1]
    assert not any(port for name in ("agent", "standby", "database") for port in services[name].get("ports", []))
    assert all(port.startswith("127.0.0.1:") for port in services["grafana"]["ports"])


def test_every_file_that_compose_mounts_is_there() -> None:
    users = {"config", "secrets"}  # what a user puts there
    for service in compose()["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./") and source.split("/")[1] not in users:
                assert (DOCKER / source).exists(), source


def test_compose_itself_takes_the_file() -> None:
    names = re.findall(r"\$\{([A-Z0-9_]+):\?", (DOCKER / "compose.yaml").read_text())
    environment = {**os.environ, **dict.fromkeys(names, "x" * 20)}
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True).returncode != 0:
        pytest.skip("docker compose is not installed on this machine")
    command = [docker, "compose", "-f", str(DOCKER / "compose.yaml"), "config", "--quiet"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_example_service_file_is_valid_and_compose_gives_what_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    path = DOCKER / "service.example.yaml"
    named = set(re.findall(r"env:(BALLAST_[A-Z0-9_]+)", path.read_text()))
    for name in named:
        monkeypatch.setenv(name, f"https://{name.lower()}.example.org/x")
    loaded = load_service(path)
    assert len(loaded.service.nodes.read_urls()) == 3
    assert named <= compose()["services"]["agent"]["environment"].keys()
    secrets = {f"/run/secrets/{name}" for name in compose()["secrets"]}
    signer = loaded.service.signer
    assert isinstance(signer, KeystoreSpec)
    assert secrets == {str(signer.path), str(signer.password_file)}


def test_dashboards_and_alerts_ask_for_metrics_that_exist() -> None:
    known = {
        f"{family.name}{suffix}"
        for family in Metrics().registry.collect()
        for suffix in ("", "_total", "_bucket", "_sum", "_count")
    }
    panels = json.loads((DOCKER / "grafana" / "dashboard.json").read_text())["panels"]
    asked = "\n".join(target["expr"] for panel in panels for target in panel["targets"])
    rules = YAML(typ="safe").load(DOCKER / "prometheus" / "alerts.yml")["groups"][0]["rules"]
    asked += "\n".join(rule["expr"] for rule in rules)
    names = set(re.findall(r"ballast_[a-z_]+", asked))
    assert len(names) >= 9
    assert names <= known
