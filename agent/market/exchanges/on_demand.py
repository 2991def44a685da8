"""ccxt without the hundred exchanges that nobody asks: each is loaded when its name is first used.

ccxt's packages import every exchange they have: 60 MB and half a second, for eight venues. Everything else stays as
it is published: the same classes under the same names, only later. A layout of ccxt that is not recognised is loaded
as it is, whole.
"""

import ast
import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

PACKAGES = frozenset({"ccxt", "ccxt.async_support", "ccxt.pro"})


class _Package(ModuleType):
    """A package of ccxt; `_later` holds the names of its exchanges."""

    _later: frozenset[str] = frozenset()

    def __getattr__(self, name: str) -> object:
        """The class of an exchange, at its first use."""
        if name not in self._later:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        importlib.import_module(f"{self.__name__}.{name}")
        return self.__dict__[name]

    def __setattr__(self, name: str, value: object) -> None:
        """Python puts a module that it has loaded into its package; under that name ccxt has the module's class."""
        if name in self._later and isinstance(value, ModuleType):
            value = getattr(value, name)
        super().__setattr__(name, value)


class _Loader(SourceFileLoader):
    """Runs a package's own text but for the imports of its exchanges."""

    def exec_module(self, module: ModuleType) -> None:
        """As every loader does."""
        text = ast.parse(self.get_data(self.path), self.path)
        exchanges = {name for statement in text.body if (name := _exchange(statement, module.__name__)) is not None}
        text.body = [statement for statement in text.body if _exchange(statement, module.__name__) is None]
        module.__class__ = _Package
        module._later = frozenset(exchanges)  # type: ignore[attr-defined]  # has become a _Package
        exec(compile(text, self.path, "exec"), module.__dict__)


class _Finder:
    """Finds ccxt's packages where Python would."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Where the package is, with the loader above; None for everything else."""
        if name not in PACKAGES:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


def _exchange(statement: ast.stmt, package: str) -> str | None:
    """`kraken` of `from ccxt.kraken import kraken`; None when the statement is another one."""
    if not isinstance(statement, ast.ImportFrom) or len(statement.names) != 1:
        return None
    name = statement.names[0].name
    return name if statement.module == f"{package}.{name}" and statement.names[0].asname is None else None


def load_on_demand() -> None:
    """From now on; ccxt that is loaded already stays as it is."""
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)
