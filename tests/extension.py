"""Commands of a project whose package has further modules, as if a file had been added to it."""

import subprocess
import sys

from tests.conftest import Project

_SCRIPT = """
import sys, {package}
{package}.__path__.append({folder!r})
from medattn.__main__ import main
for line in sys.argv[1:]:
    code = main(line.split())
    if code and (line.split()[0], code) != ("audit", 3):  # 3: no commit has the added file
        sys.exit(f"medattn {{line}}: exit code {{code}}")
"""


def run_with_module(project: Project, package: str, name: str, source: str, *lines: str) -> str:
    """Run command lines in one process in which `package` also contains the module `name`; return their output."""
    folder = project.root / "added"
    folder.mkdir()
    (folder / f"{name}.py").write_text(source)
    script = _SCRIPT.format(package=package, folder=str(folder))
    command = [sys.executable, "-c", script, *lines]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout
