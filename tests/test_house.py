"""Conventions of the repository: metadata, scripts, file sizes, names and prose."""

import ast
import re
import subprocess
from collections import Counter, defaultdict
from pathlib import Path

import pytest
import yaml

from medattn.version import __version__

ROOT = Path(__file__).parents[1]
PROSE_FOLDERS = ("workflow", "docs", "config", "papers", "benchmarks", "slurm", "profiles")
PROSE_PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "results/README.md")
PROSE_SUFFIXES = {".py", ".md", ".smk", ".yaml", ".rst", ".j2", ".js"}
GENERATED_OR_FOREIGN = ("workflow/report/page/libraries/",)

# Names that were replaced, each with its successor; none may come back.
OLD_NAMES = {
    r"own_turn|\bturn-<|class Turn\b|\bTurn\(": "lease",
    r"train_beside|--companion|companions\.py": "worker",
    r"\bWorkplace\b|workplace\.py": "DeviceContext",
    r"class_copies": "oversampling",
    r"kept_attention": "attention_snapshots",
    r"[Oo]ptimis(?!m|tic)|[Nn]ormalis|[Ii]nitialis|[Rr]ecognis": "American spelling",
    r"\b[Cc]olour|\b[Cc]entre\b|(?<!Human )[Bb]ehaviour|[Nn]eighbour|\b[Ll]icence": "American spelling",
    r"(?<!random_)\bresized_crop": "random_resized_crop",
    r"\bpack_cells\b": "pack_across_cells",
    r"\bleast_runs\b": "min_runs",
    r"\bundividable\b|\bunfit\b|\bmisfit\b": "skip_reason",
    r"plan/frozen|plan\.frozen": "plan/model",
    r"commands/selecting|commands\.selecting": "commands/selection",
    r"config/changes|config\.changes": "config/overrides",
    r"config/structures|config\.structures": "config/networks/architectures",
    r"\bwrite_whole\b": "atomic_write",
    r"datasets/pile|datasets\.pile": "spooled_images",
    r"\bLooseSource\b": "ImageFolderSource",
    r"\bFoundRun\b|class Ended\b": "FinishedRun",
    r"judge/following|judge\.following": "protocol_deviations",
    r"status/look|status\.look": "status/snapshot",
    r"audit/subject|audit\.subject|audit/examine": "audit/context",
    r"\bclaims\.yaml\b": "facts.yaml",
    r"compare/paired\.py|compare\.paired": "permutation_test",
    r"\bstreams\.py\b": "seeding.py",
}
NAMES_OLD_KEYS = "workflow/medattn/config/renamed_keys.py"  # tells users of an old key its new name

# Phrases that docs and docstrings avoid, and what to write.
BANNED_PHRASES = {
    r"\bat hand\b": "available",
    r"\b(stands?|stood) (in|for|at|beside)\b": "a concrete verb",
    r"\b(comes?|came|coming) out\b": "result",
    r"\bof (its|their|his|her|one's) own\b": "separate",
    r"\bso many\b": "the number",
    r"\bas ever\b": "nothing",
    r"\bno number\b(?! (of|from)\b)": "NaN, undefined",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\bby (itself|themselves)\b": "automatically",
    r"\banew\b": "again",
    r"\bthe like\b": "similar",
}

# Accepted uses of a banned phrase: (file, phrase pattern) and the reason.
ALLOWED_PHRASES: dict[tuple[str, str], str] = {}


def read(name: str) -> dict:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_citation_has_the_version_and_the_keys_that_the_format_asks_for():
    citation = read("CITATION.cff")
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == __version__
    assert {"authors", "message", "title"} <= set(citation)
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[(.*?)\](?: - (\S+))?$", changelog, re.MULTILINE)
    assert versions[:2] == [("Unreleased", ""), (__version__, str(citation["date-released"]))]


@pytest.mark.parametrize("script", [".ci/build-site", ".ci/check", ".ci/run", ".ci/slurm", "envs/setup"])
def test_scripts_are_executable_bash(script):
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", path], check=True)


def test_hooks_are_local():
    repositories = read(".pre-commit-config.yaml")["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]


def test_help_names_every_target():
    shown = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for target in ("demo", "test", "setup", "check", "docs", "lock", "clean"):
        assert f"make {target} " in shown


def test_files_stay_short():
    for path in (ROOT / "workflow" / "medattn").rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 320, path


def test_a_class_name_is_used_once():
    files_of = defaultdict(list)
    for path in sorted((ROOT / "workflow" / "medattn").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                files_of[node.name].append(path.relative_to(ROOT).as_posix())
    assert {name: files for name, files in files_of.items() if len(files) > 1} == {}


def prose_files() -> list[Path]:
    """Return the texts that people read: sources, manuals and papers."""
    files = [ROOT / page for page in PROSE_PAGES]
    for folder in PROSE_FOLDERS:
        files += [path for path in sorted((ROOT / folder).rglob("*")) if path.suffix in PROSE_SUFFIXES]
    return [path for path in files if not path.relative_to(ROOT).as_posix().startswith(GENERATED_OR_FOREIGN)]


def occurrences(patterns: dict[str, str], files: list[Path]) -> list[tuple[str, int, str, str]]:
    """Return file, line, pattern and line of text of each match."""
    found = []
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if "derive_seed(" not in line:  # the purposes of random streams never change
                found += [(name, number, pattern, line.strip()) for pattern in patterns if re.search(pattern, line)]
    return found


def report(found: list[tuple[str, int, str, str]], patterns: dict[str, str]) -> str:
    """Return the matches as lines for people, after the number of matches by pattern."""
    lines = [
        f"{count} x {pattern}: write {patterns[pattern]}" for pattern, count in Counter(f[2] for f in found).items()
    ]
    return "\n".join([*lines, *(f"{name}:{number}: {text[:100]}" for name, number, _, text in found)])


def test_replaced_names_do_not_come_back():
    found = occurrences(OLD_NAMES, [path for path in prose_files() if path != ROOT / NAMES_OLD_KEYS])
    assert not found, report(found, OLD_NAMES)


def test_prose_is_plain():
    found = [
        match for match in occurrences(BANNED_PHRASES, prose_files()) if (match[0], match[2]) not in ALLOWED_PHRASES
    ]
    assert not found, report(found, BANNED_PHRASES)


def test_every_allowed_phrase_is_still_used():
    used = {(name, pattern) for name, _, pattern, _ in occurrences(BANNED_PHRASES, prose_files())}
    assert set(ALLOWED_PHRASES) <= used
    assert all(ALLOWED_PHRASES.values()), "each exception needs a reason"
