"""Names and files of scaffolds, and the writing of them."""

import importlib.util
import keyword
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from string import Template

from medattn.config.validation import check_name_rule
from medattn.errors import UserError
from medattn.files import disk_errors
from medattn.shipped import SHIPPED

_TEMPLATES = Path(__file__).parent / "templates"
_SCHEMAS = Path("workflow", "schemas")
_LONGEST = 40


@dataclass(frozen=True)
class Names:
    """The names that files of a scaffold use, all made from one.

    Attributes:
        name: name as the user gave it.
    """

    name: str

    @property
    def module(self) -> str:
        """Name of a Python module."""
        return self.name.replace("-", "_")

    @property
    def class_name(self) -> str:
        """Name of a Python class."""
        return "".join(part[:1].upper() + part[1:] for part in self.module.split("_"))

    @property
    def title(self) -> str:
        """Name for readers."""
        return self.module.replace("_", " ").strip().capitalize()

    def with_suffix(self, suffix: str) -> str:
        """Return the name with an ending, shortened to the longest name that is allowed."""
        return self.name[: _LONGEST - len(suffix)] + suffix


def names_of(name: str) -> Names:
    """Return the names that follow from one that the user gives.

    Raises:
        UserError: it is no valid name.
    """
    check_name_rule(name, "the name")
    return Names(name)


def check_module(names: Names) -> None:
    """Check that a file of this name can be imported, and hides no other module.

    Raises:
        UserError: it is no name of a module, or a module of Python or a library has it.
    """
    module = names.module
    if not module.isidentifier() or keyword.iskeyword(module):
        raise UserError(f"'{names.name}' can't be the name of a Python file; begin with a letter")
    if module in sys.stdlib_module_names or importlib.util.find_spec(module) is not None:
        raise UserError(f"'{module}' is the name of an installed module; choose another name")


@dataclass(frozen=True)
class Scaffold:
    """Files to write.

    Attributes:
        texts: text of each file, by its path in the folder.
        schemas: names of the schemas that the files refer to.
        next_command: what to run next.
    """

    texts: dict[Path, str]
    next_command: str
    schemas: tuple[str, ...] = ("selection",)


def filled(template: str, **values: str) -> str:
    """Return the text of a template with its placeholders replaced."""
    return Template((_TEMPLATES / f"{template}.txt").read_text(encoding="utf-8")).substitute(values)


def schema_line_target(file: Path, schema: str, into: Path) -> str:
    """Return the path of a schema from a file's folder: in a checkout that of the checkout, else in schemas/."""
    name = f"{schema}.schema.json"
    target = _SCHEMAS / name if (into / _SCHEMAS / name).is_file() else Path("schemas", name)
    return Path(os.path.relpath(target, file.parent)).as_posix()


def write_scaffold(scaffold: Scaffold, into: Path) -> list[Path]:
    """Write the files of a scaffold, and the schemas that they refer to, and return their paths in the folder.

    Schemas that are there stay.

    Raises:
        UserError: one of the files exists, or the folder can't be written.
    """
    existing = [path for path in scaffold.texts if os.path.lexists(into / path)]
    if existing:
        raise UserError(f"{into / existing[0]}: exists already; nothing was written; choose another name")
    texts = dict(scaffold.texts)
    if not (into / _SCHEMAS).is_dir():
        for schema in scaffold.schemas:
            path = Path("schemas", f"{schema}.schema.json")
            if not (into / path).exists():
                texts[path] = (SHIPPED / _SCHEMAS / path.name).read_text(encoding="utf-8")
    for path, text in texts.items():
        try:
            with disk_errors(into / path):
                (into / path).parent.mkdir(parents=True, exist_ok=True)
                with (into / path).open("x", encoding="utf-8") as stream:
                    stream.write(text)
        except OSError as error:
            raise UserError(f"{into / path}: can't be written ({error.strerror}); choose another --into") from error
    return list(texts)
