"""What a service file says: which vaults this process keeps, through which nodes, signed by whom, watched how."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, Field, ValidationError, model_validator

from agent.config.file import LoadedConfig, line_of, load_config, read_text
from agent.config.mistakes import mistake
from agent.config.models import Venue
from agent.config.strict import Positive, Strict
from agent.config.text import parse, place
from agent.execution.signer_spec import Address, KeystoreSpec, LocalSpec, RemoteSpec, SignerSpec
from agent.reasons import Code, Reason, Refusal
from chains.registry import Chain, load_chain

# An address or a password may stand in the file, or be named by where it is kept: env:BALLAST_RPC.
Secret = Annotated[str, Field(min_length=1, max_length=500)]
ENVIRONMENT = "env:"
READ_BY_LIBRARIES = ("PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")  # from the environment
CONNECT_S = 5  # to the database
Model = TypeVar("Model", bound=BaseModel)


class VaultEntry(Strict):
    """One vault: its strategy file, and the file with its addresses that deploying wrote. Paths as seen from here."""

    config: str
    site: str
    pin: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")] | None = None  # of the hash that `ballast check` shows


class Nodes(Strict):
    """Endpoints of one chain. Money is read where enough of them agree; a single one is trusted only on purpose."""

    read: Annotated[tuple[Secret, ...], Field(min_length=1, max_length=10, strict=False)]
    send: Annotated[tuple[Secret, ...], Field(max_length=10, strict=False)] = ()
    needed: Annotated[int, Field(ge=1, le=10)] | None = None  # that must agree; a majority and at least 2
    deadline_s: Positive = 5.0

    def read_urls(self) -> list[str]:
        """Where to read, with what the environment holds filled in."""
        return [revealed(url) for url in self.read]

    def send_urls(self) -> list[str]:
        """Where to send; likewise."""
        return [revealed(url) for url in self.send]


class Timing(Strict):
    """When cycles run."""

    interval_s: Annotated[int, Field(ge=60, le=86_400)] = 3_600
    offset_s: Annotated[int, Field(ge=0, le=3_600)] = 60  # into the interval, when the venues' hour is complete
    jitter_s: Annotated[int, Field(ge=0, le=600)] = 20  # so that many agents do not trade in the same second
    watch_s: Annotated[int, Field(ge=5, le=3_600)] = 60  # between two looks for events that cannot wait

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.offset_s + self.jitter_s >= self.interval_s:
            raise ValueError("offset_s and jitter_s together: expected less than interval_s")
        return self


class Watching(Strict):
    """What people and machines see. Ports are on this machine only; 0 leaves it out."""

    status_port: Annotated[int, Field(ge=0, le=65_535)] = 0
    status_token: Secret | None = None
    metrics_host: Literal["127.0.0.1", "0.0.0.0"] = "127.0.0.1"  # all interfaces only inside a container
    metrics_port: Annotated[int, Field(ge=0, le=65_535)] = 0
    alerts: Annotated[tuple[Secret, ...], Field(max_length=20, strict=False)] = ()  # addresses of Apprise
    stoppers: Annotated[tuple[Address, ...], Field(max_length=20, strict=False)] = ()  # may stop vaults by signature


class Lease(Strict):
    """Several agents, of which one sends."""

    database: Secret  # PostgreSQL
    lease_s: Annotated[float, Field(ge=5, le=600)] = 30.0


class Service(Strict):
    """One process."""

    state: str = "state"  # folder of latches, journal and kill file, as seen from the service file
    vaults: Annotated[tuple[VaultEntry, ...], Field(min_length=1, max_length=200, strict=False)]
    nodes: Nodes
    signer: SignerSpec = LocalSpec(kind="local")
    venues: dict[Venue, str] = Field(
        default_factory=dict
    )  # addresses instead of the venues' own: a proxy, or a replay server
    streams: bool = False  # follow mark price, funding and liquidations by WebSocket too, where a venue has one
    store: str = "store"  # folder of past hours
    promotions: str = "promotions"  # folder of `ballast promote`; off the local chain nothing is sent without
    timing: Timing = Timing()
    watching: Watching = Watching()
    lease: Lease | None = None  # of several machines; without it the journal's lock is the fence


@dataclass(frozen=True, slots=True)
class LoadedService:
    """A valid service file and where it is; paths in it are seen from its folder."""

    service: Service
    path: Path

    def beside(self, name: str) -> Path:
        """A path of the file, seen from where the file is."""
        return self.path.parent / name

    def signer(self) -> SignerSpec:
        """The signer, with the paths of a keystore seen from the file's folder like every other path in it."""
        spec = self.service.signer
        if not isinstance(spec, KeystoreSpec):
            return spec
        paths = {"path": self.beside(str(spec.path)), "password_file": self.beside(str(spec.password_file))}
        return spec.model_copy(update=paths)

    def strategies(self) -> tuple[LoadedConfig, ...]:
        """The strategy file of each vault, in their order, as the files are now. Raises Refusal for a wrong one."""
        return tuple(load_config(self.beside(entry.config)) for entry in self.service.vaults)

    def chain(self, strategies: Sequence[LoadedConfig]) -> Chain:
        """The one chain of all vaults. Raises Refusal when they are on several, or share a name."""
        chains = {one.config.chain for one in strategies}
        if len(chains) != 1 or len({one.config.name for one in strategies}) != len(strategies):
            message = f"the vaults of one process are on one chain and have names of their own; found {sorted(chains)}"
            raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, message, where=str(self.path)))
        return load_chain(chains.pop())

    @property
    def state(self) -> Path:
        """The folder of latches, journal and kill file."""
        return self.beside(self.service.state)

    @property
    def database_url(self) -> str | None:
        """The database of the lease as SQLAlchemy wants it, with a bound on connecting; None without a lease."""
        if self.service.lease is None:
            return None
        url = revealed(self.service.lease.database)
        scheme, _, rest = url.partition("://")
        if scheme not in ("postgresql", "postgresql+psycopg") or not rest:
            message = "expected postgresql://user:password@host/database"
            raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, message, where="lease.database"))
        return f"postgresql+psycopg://{rest}{'&' if '?' in rest else '?'}connect_timeout={CONNECT_S}"

    @property
    def latches_url(self) -> str:
        """Where latches are kept: with the lease when there is one, so that a standby sees them too."""
        return self.database_url or f"sqlite:///{self.state / 'service.sqlite'}"

    @property
    def journal_place(self) -> str:
        """Where the journal is kept; likewise."""
        if self.database_url is None:
            return str(self.state / "journal.sqlite")
        return self.database_url.replace("postgresql+psycopg://", "postgresql://")

    def secrets(self) -> list[str]:
        """Everything that must not be written anywhere: of the file, of its keystore, of the environment.

        What is not set or cannot be read is left out: whoever needs it will say so, and `ballast kill` needs none.
        """
        service, watching = self.service, self.service.watching
        named = [*service.nodes.read, *service.nodes.send, *watching.alerts]
        named += [url for url in service.venues.values() if url.startswith(ENVIRONMENT)]
        named += [] if watching.status_token is None else [watching.status_token]
        found = [_known(name) for name in named]
        found += [os.environ.get(name, "") for name in READ_BY_LIBRARIES]
        signer = self.signer()
        if isinstance(signer, RemoteSpec):
            found.append(signer.url)
        if isinstance(signer, KeystoreSpec):
            with suppress(OSError, UnicodeDecodeError):
                found.append(signer.password_file.read_text().strip("\r\n"))
        if service.lease is not None:
            # Of the database only its password: its user, host and name are words that logs need.
            password = urlsplit(_known(service.lease.database)).password or ""
            found += [password, unquote(password)]
        return found


def load_service(path: Path) -> LoadedService:
    """Read and validate a service file. Raises Refusal with every mistake and its line."""
    typed = str(path)
    if not path.is_file():
        message = (
            "there is no such service file; `ballast local` writes one, docker/service.example.yaml shows all of it"
        )
        raise Refusal(Reason(Code.CONFIG_MISSING, message, where=typed))
    document = parse(read_text(typed), typed)
    try:
        service = Service.model_validate(document.values)
    except ValidationError as error:
        found = [one for detail in error.errors(include_url=False) for one in mistake(detail, document, Service)]
        found = [replace(one, where=place(typed, line_of(document.lines, one.where))) for one in found]
        raise Refusal(*document.reasons, *found) from None
    if document.reasons:
        raise Refusal(*document.reasons)
    return LoadedService(service, path)


def revealed(secret: str) -> str:
    """The value that a file names, from the environment when it says so. Raises Refusal when it is not set there."""
    value = _known(secret)
    if not value:
        name = secret.removeprefix(ENVIRONMENT)
        raise Refusal(Reason(Code.CONFIG_MISSING, f"the environment variable {name} is not set", where=secret))
    return value


def _known(secret: str) -> str:
    """The value that a file names; empty when it is not set."""
    return os.environ.get(secret.removeprefix(ENVIRONMENT), "") if secret.startswith(ENVIRONMENT) else secret
