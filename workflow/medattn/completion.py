"""Completion of the command line in shells, by argcomplete; it imports no numerical library, so that Tab is quick."""

import argparse
import os
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from medattn.litter import is_litter_name
from medattn.log import add_verbosity_arguments
from medattn.shipped import SHIPPED, paper_names

Names = Callable[[], Iterable[str]]


def complete(commands: Mapping[str, str], aliases: Mapping[str, str], leave: Callable[[int], Any] = os._exit) -> None:
    """Print the completions that a shell asks for, and leave the process.

    Args:
        commands: summaries of the commands by name.
        aliases: names of commands by their other names.
        leave: ends the process with an exit code.
    """
    import argcomplete

    words = os.environ["COMP_LINE"][: int(os.environ["COMP_POINT"])].split()
    parser = argparse.ArgumentParser(prog="medattn")
    parser.add_argument("--version", action="store_true", help="print the version")
    subparsers = parser.add_subparsers()
    for name, summary in {**commands, **{other: f"alias of {name}" for other, name in aliases.items()}}.items():
        own = subparsers.add_parser(name, help=summary)
        if name in words[1:2]:  # only the command that is typed is imported
            import_module(f"medattn.commands.{aliases.get(name, name)}").add_arguments(own)
            add_verbosity_arguments(own)
            _add_completers(own, aliases.get(name, name))
    argcomplete.autocomplete(parser, exit_method=leave)


def _add_completers(parser: argparse.ArgumentParser, command: str) -> None:
    """Let each argument offer the names that it takes; those without a completer offer files."""
    of_all: dict[str, Names] = {"config": _selections, "paper": _papers, "plan": _plans, "pilot": _results}
    of_command: dict[tuple[str, str], Names] = {
        ("fetch", "names"): _datasets,
        ("export", "croissant"): _datasets,
        ("diff", "a"): _results,
        ("diff", "b"): _results,
        **{(name, "folder"): _results for name in ("audit", "crate", "export", "status")},
    }
    for action in parser._actions:
        names = of_command.get((command, action.dest)) or of_all.get(action.dest)
        if names is not None:
            action.completer = _completer(names)  # type: ignore[attr-defined]


def _completer(names: Names) -> Callable[..., list[str]]:
    def completions(prefix: str, **_: object) -> list[str]:
        import argcomplete

        found = {*names(), *(path for path in argcomplete.completers.FilesCompleter()(prefix) if prefix)}
        return sorted(name for name in found if name.startswith(prefix))

    return completions


def _selections() -> list[str]:
    """Return the selections of the working folder and the shipped ones."""
    own = [*Path().glob("*.yaml"), *Path().glob("config/*.yaml")]
    shipped = [path.relative_to(SHIPPED) for path in (SHIPPED / "config").glob("*.yaml")]
    return [path.as_posix() for path in [*own, *shipped] if not is_litter_name(path.name)]


def _papers() -> list[str]:
    return paper_names(Path())


def _plans() -> list[str]:
    return [path.as_posix() for path in Path().glob("results/*/plan.json")]


def _results() -> list[str]:
    return [path.parent.as_posix() for path in Path().glob("results/**/plan.json")]


def _datasets() -> list[str]:
    from medattn.config.load import registered_datasets

    return list(registered_datasets())
