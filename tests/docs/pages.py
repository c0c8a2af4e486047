"""The pages of the documentation site and the command lines in them."""

import importlib.util
import re
import shlex
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]


def site_hooks() -> ModuleType:
    """Return the hooks of the site, docs/site_hooks.py, which name its pages."""
    spec = importlib.util.spec_from_file_location("site_hooks", ROOT / "docs" / "site_hooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pages_with_commands() -> dict[str, list[str]]:
    """Return the command lines of every page of the site and of the README that has some."""
    names = {path.relative_to(ROOT).as_posix() for pattern in site_hooks().PAGES for path in ROOT.glob(pattern)}
    lines = {name: command_lines((ROOT / name).read_text(encoding="utf-8")) for name in sorted({*names, "README.md"})}
    return {name: commands for name, commands in lines.items() if commands}


def command_lines(text: str) -> list[str]:
    """Return the command lines of a page: the lines of blocks without a language, or with `bash`, without comments."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    joined = [
        re.sub(r"\|\n\s*", "| ", body.replace("\\\n", " ")) for language, body in blocks if language in ("", "bash")
    ]
    lines = (re.sub(r"\s+# .*$", "", line).strip() for block in joined for line in block.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def file_in_page(page: str, language: str, number: int = 0) -> str:
    """Return the text of a block of a page that has a language, by its number."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    return found[number]


def words(line: str) -> list[str]:
    """Return the words of a command line."""
    return shlex.split(line)
