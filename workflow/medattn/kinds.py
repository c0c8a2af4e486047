"""Discovery of the kinds of a package: models that are told apart by a literal `kind`, one module each."""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import TypeVar, get_args

from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)


def find_kinds(package: ModuleType, base: type[M]) -> dict[str, type[M]]:
    """Import the modules of a package and return the subclasses of `base` that it defines, by `kind`.

    Subpackages and the module `registry` are left out. A class without a literal `kind` is a base class.

    Raises:
        ValueError: two classes have the same kind.
    """
    found: dict[str, type[M]] = {}
    for name in sorted(module.name for module in iter_modules(package.__path__) if not module.ispkg):
        if name == "registry":
            continue
        module = import_module(f"{package.__name__}.{name}")
        for model in vars(module).values():
            if not (isinstance(model, type) and issubclass(model, base) and model.__module__ == module.__name__):
                continue
            field = model.model_fields.get("kind")
            for kind in get_args(field.annotation) if field else ():
                if kind in found:
                    raise ValueError(f"{module.__name__}: the kind '{kind}' is also in {found[kind].__module__}")
                found[kind] = model
    return found
