"""Build step: put papers, selections, the workflow and its profiles into the package, as medattn.shipped finds them."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = (
    "Snakefile", "config.yaml", "config", "papers", "profiles", "slurm", "workflow/Snakefile", "workflow/envs",
    "workflow/report", "workflow/rules", "workflow/schemas",
)  # fmt: skip


class BuildWithShippedFiles(build_py):
    """Build of the package with the shipped files in medattn/project/."""

    def run(self) -> None:
        """Build the package; an editable one uses the files of the checkout."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "medattn" / "project"
        shutil.rmtree(target, ignore_errors=True)
        for name in SHIPPED:
            source, copy = Path(name), target / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__", ".*"))
            else:
                shutil.copy(source, copy)


setup(cmdclass={"build_py": BuildWithShippedFiles})
