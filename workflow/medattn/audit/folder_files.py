"""Files of a results folder that the seal covers, and what it finds there that it cannot cover.

Links to files and folders are followed, since clusters keep `runs/` on another disk. The seal leaves out:

* files that are written after it, from the sealed folder: the seal, its history and signatures, the audit, the crate,
  the report (which shows the root hash; the audit renders it again and compares), Snakemake's report, and the logs and
  benchmarks of schedulers and of the jobs that seal, render the report and audit;
* working files of runs in progress, which the end of the run removes;
* litter of systems and programs, and temporary files that a killed process left.
"""

import errno
import os
import re
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from medattn.layout import is_working_file
from medattn.litter import is_litter

NOT_SEALED = re.compile(
    r"manifest\.json|seals\.jsonl|signatures/(seal-\d+\.sig)?|audit\.json|report\.html|crate/.*|snakemake-report.*"
    r"|slurm-logs/.*|(logs|benchmarks)/(seal|audit|crate)_.*|(logs|benchmarks)/render_report\..*"
)


@dataclass
class FolderFiles:
    """Files of a folder and its subfolders, links followed.

    Attributes:
        names: paths of regular files, relative to the folder, sorted.
        problems: by path, what cannot be sealed and why: links that lead nowhere or into a folder that is sealed
            already, pipes and other files that are no regular files.
        unreadable: by path, the error of the file system for a folder or file that cannot be looked at.
        folders: the folder and all its subfolders.
    """

    names: list[str] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, OSError] = field(default_factory=dict)
    folders: list[Path] = field(default_factory=list)

    @property
    def not_sealed(self) -> dict[str, str]:
        """By path, what a seal leaves out although it should cover it, and why."""
        return {**self.problems, **{name: error.strerror or "unreadable" for name, error in self.unreadable.items()}}


def folder_files(folder: Path, not_sealed: re.Pattern[str] = NOT_SEALED) -> FolderFiles:
    """Return the files of a folder that the seal covers.

    Args:
        folder: a results folder, or a folder of prepared data.
        not_sealed: relative paths that the seal leaves out, next to litter.
    """
    found, visited = FolderFiles(), set()
    # Real folders come first: a link to one of them, or to a folder above, is then known to lead there.
    folders, links = deque([("", folder)]), deque[tuple[str, Path]]()
    while folders or links:
        name, path = folders.popleft() if folders else links.popleft()
        try:
            status = path.stat()
            if (status.st_dev, status.st_ino) in visited:
                found.problems[name] = "a link into a folder that is sealed under its own name"
                continue
            visited.add((status.st_dev, status.st_ino))
            found.folders.append(path)
            with os.scandir(path) as entries:
                for entry in entries:
                    place = f"{name}/{entry.name}" if name else entry.name
                    if not (is_litter(PurePosixPath(entry.name)) or _matches(not_sealed, place) or _is_working(place)):
                        _sort_in(entry, place, found, folders, links)
        except OSError as error:
            found.unreadable[name or "."] = error
    found.names.sort()
    return found


def is_for_seal(name: str) -> bool:
    """Return whether a seal covers files of this name: relative to the results folder."""
    parts = PurePosixPath(name).parts
    paths = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return not any(is_litter(PurePosixPath(part)) for part in parts) and not any(
        _matches(NOT_SEALED, path) or _is_working(path) for path in paths
    )


def _matches(pattern: re.Pattern[str], name: str) -> bool:
    """Return whether a pattern matches a path, or the folder of this name."""
    return pattern.fullmatch(name) is not None or pattern.fullmatch(f"{name}/") is not None


def _is_working(name: str) -> bool:
    parts = name.split("/")
    return len(parts) == 4 and parts[0] == "runs" and is_working_file(parts[3])


def _sort_in(
    entry: "os.DirEntry[str]",
    name: str,
    found: FolderFiles,
    folders: deque[tuple[str, Path]],
    links: deque[tuple[str, Path]],
) -> None:
    try:
        name.encode()
        if entry.is_dir():
            (links if entry.is_symlink() else folders).append((name, Path(entry.path)))
        elif entry.is_file():
            found.names.append(name)
        elif entry.is_symlink():
            found.problems[name] = "a link that leads nowhere"
        else:
            found.problems[name] = "neither a file nor a folder"
    except UnicodeEncodeError:
        found.problems[name.encode(errors="backslashreplace").decode()] = "a name that is not UTF-8"
    except OSError as error:
        if error.errno == errno.ELOOP:
            found.problems[name] = "a link that leads to itself"
        else:
            found.unreadable[name] = error
