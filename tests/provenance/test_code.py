"""The code of a run is what training imports, however it imports it; nothing else retrains a run."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from medattn.provenance import code
from medattn.provenance.code import CODE_FOLDER, NOT_FOLLOWED, code_digest, code_modules
from medattn.provenance.package_sources import PackageSources

NAMES = ("ca", "torchvision/resnet18", "best_validation_epoch", None, "medmnist")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original") / "medattn"
    shutil.copytree(CODE_FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def package(original: Path, tmp_path: Path) -> Path:
    """A copy of the package."""
    return shutil.copytree(original, tmp_path / "medattn")


def digest(package: Path, *names: str | None) -> str:
    return code_digest(*(names or NAMES), sources=PackageSources(package))


def append(package: Path, name: str, text: str) -> None:
    path = package / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + text)


@pytest.mark.parametrize("statement", [
    "import medattn.training.added",
    "import medattn.training.added as other",
    "from medattn.training import added",
    "from medattn.training import added as other, loop as another",
    "from . import added",
    "from .added import value",
    "from ..training import added",
    "def late():\n    from medattn.training.added import value\n    return value",
    "class Late:\n    def method(self):\n        import medattn.training.added",
    "if CONDITION:\n    from medattn.training import added",
    "try:\n    import torch\nexcept ImportError:\n    from medattn.training import added",
    "from importlib import import_module\nimport_module('medattn.training.added')",
    "from importlib import import_module\nimport_module('.added', __package__)",
    "__import__('medattn.training.added')",
    "def by_name(name):\n    return import_module(f'medattn.training.{name}')",
    "def typed():\n    TYPE_CHECKING = 1\n    if TYPE_CHECKING:\n        from medattn.training import added",
])  # fmt: skip
def test_a_module_that_training_imports_counts_in_every_way_of_importing_it(package, statement):
    append(package, "training/added.py", "value = 1\n")
    append(package, "training/step.py", f"\n{statement}\n")
    assert "training/added.py" in code_modules(*NAMES, sources=PackageSources(package))
    before = digest(package)
    append(package, "training/added.py", "value = 2\n")
    assert digest(package) != before


@pytest.mark.parametrize("start", ["training/run.py", "training/run_record.py", "training/cuda_graphs.py",
                                   "backbones/weights.py", "datasets/store.py", "files.py", "protocols/base.py",
                                   "training/__init__.py", "__init__.py"])  # fmt: skip
def test_imports_count_through_other_modules_and_packages(package, start):
    for name in ("one", "two", "three"):
        append(package, f"{name}.py" if name != "two" else "two/__init__.py", f"{name} = 1\n")
    append(package, start, "\nimport medattn.one\n")
    append(package, "one.py", "def late():\n    from medattn.two import inside\n")
    append(package, "two/inside.py", "from .. import three\n")
    before = digest(package)
    for name in ("one.py", "two/__init__.py", "two/inside.py", "three.py"):
        append(package, name, "more = 1\n")
        after = digest(package)
        assert after != before, name
        before = after


def test_a_module_of_any_folder_counts_once_training_imports_it(package):
    append(package, "report/added.py", "value = 1\n")
    before = digest(package)
    append(package, "training/loop.py", "\nfrom medattn.report.added import value\n")
    assert digest(package) != before
    assert "report/added.py" in code_modules(*NAMES, sources=PackageSources(package))


@pytest.mark.parametrize("name", [
    "report/write_report.py", "render/tables/write_table.py", "render/figures/kinds/roc_curve.py", "commands/train.py",
    "plan/expand.py", "plan/model.py", "judge/rule.py", "compare/table.py", "measure/collect.py", "metrics/auc.py",
    "audit/context.py", "crate/metadata.py", "config/models/figure.py", "config/models/facts.py", "power/spread.py",
    "config/models/paper.py", "status/show.py", "answer/table.py", "consistency/inputs.py", "layout.py", "log.py",
    "provenance/code.py", "version.py", "datasets/download.py", "protocols/fixed_epoch.py", "protocols/reading.py",
    "sources/idrid.py", "attention/se.py", "backbones/acnet.py", "training/classifier.py",
])  # fmt: skip
def test_a_change_elsewhere_changes_no_run(package, name):
    assert (package / name).is_file()
    before = digest(package)
    append(package, name, "\nvalue_of_a_test = 1\n")
    assert digest(package) == before


@pytest.mark.parametrize("name", [
    "training/run.py", "training/run_record.py", "training/cuda_graphs.py", "training/pack.py", "training/run_queue.py",
    "training/checkpoint.py", "training/attention_snapshots.py", "training/measured_attention.py", "files.py",
    "backbones/weights.py", "backbones/stem.py", "config/networks/small_stems.py", "config/networks/architectures.py",
    "config/models/recipe.py", "datasets/store.py", "datasets/tensor_file.py", "protocols/base.py",
    "protocols/official_splits.py", "protocols/best_validation_epoch.py", "sources/medmnist.py",
    "sources/medmnist_files.py", "sources/base.py", "attention/ca.py", "attention/mechanism.py", "seeding.py",
])  # fmt: skip
def test_a_change_of_what_trains_reads_or_writes_changes_the_run(package, name):
    before = digest(package)
    append(package, name, "\nvalue_of_a_test = 1\n")
    assert digest(package) != before


@pytest.mark.parametrize(("name", "changed"), [
    ("attention/se.py", {"se"}),
    ("attention/spa.py", {"spa"}),
    ("attention/residual.py", {"residual"}),
    ("training/classifier.py", {"classifier"}),
    ("training/run.py", {"se", "spa", "ca", "residual"}),
    ("sources/digits.py", set()),
])  # fmt: skip
def test_a_change_reaches_only_the_runs_that_use_it(package, name, changed):
    runs = {
        "se": ("se", "torchvision/resnet18"),
        "spa": ("spa", "torchvision/resnet18"),
        "ca": ("ca", "torchvision/resnet18"),
        "residual": ("none", "medattn/acnet"),
        "classifier": (None, None),
    }

    def digests() -> dict[str, str]:
        return {run: digest(package, *names, "fixed_epoch", None, "phantom") for run, names in runs.items()}

    before = digests()
    append(package, name, "\nvalue_of_a_test = 1\n")
    after = digests()
    assert {run for run in runs if before[run] != after[run]} == changed


def test_comments_docstrings_descriptions_and_messages_change_nothing(package):
    plain = """
class A:
    def f(self, log, x):
        log.info("one %d", 1)
        if x:
            raise ValueError(f"a wrong {x}")
        return Field(1, description="one")
"""
    worded = '''
# why

class A:
    """A class."""

    def f(self, log, x):
        """Return a field."""
        log.info("number %d", 1)
        if x:
            raise ValueError(f"the value {x} is wrong")
        return (Field(1, description="other " + "words"))
'''
    same = code.source_sha256(plain)
    assert code.source_sha256(worded) == same
    for old, new in [("1)\n", "2)\n"), ("{x}", "{self}"), ('"one")', "run())"), ("log.info", "log.warning")]:
        assert old in plain
        assert code.source_sha256(plain.replace(old, new)) != same, new


def test_data_files_that_a_module_names_count(package):
    names = ("ca", "torchvision/resnet18", "fixed_epoch", None, "idrid")
    assert "sources/idrid_flipped.json" in code_modules(*names, sources=PackageSources(package))
    before = digest(package, *names)
    append(package, "sources/idrid_flipped.json", "\n ")
    assert digest(package, *names) != before


def test_the_boundary_names_modules_that_exist_and_that_training_reaches(package):
    reached = set(code_modules(*NAMES, sources=PackageSources(package)))
    for name in NOT_FOLLOWED:
        path = CODE_FOLDER / name.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").is_file(), name
        assert not any(file.startswith(name.replace(".", "/")) for file in reached if "/" in file), name
    stages = ("commands/", "report/", "render/", "judge/", "compare/", "measure/", "audit/", "plan/", "metrics/")
    assert [file for file in reached if file.startswith(stages)] == []
    assert len(reached) < 75, "something large is imported by training; move the import or say why it counts"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    monkeypatch.chdir(tmp_path)

    def write(name: str, text: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return write


def test_modules_beside_a_mechanism_of_the_user_count(own):
    own("mine.py", "import json\nimport helper\nclass Half: pass\n")
    own("helper.py", "def late():\n    import parts.deep as d\n")
    own("parts/deep.py", "from . import deeper\n")
    own("parts/deeper.py", "x = 1\n")
    own("unused.py", "x = 1\n")
    own("json.py", "x = 1\n")  # the standard library comes first
    before = code_digest("mine:Half")
    own("unused.py", "x = 2\n")
    own("json.py", "x = 2\n")
    assert code_digest("mine:Half") == before
    for name in ("helper.py", "parts/deep.py", "parts/deeper.py"):
        own(name, Path(name).read_text(encoding="utf-8") + "y = 2\n")
        assert code_digest("mine:Half") != before, name
        before = code_digest("mine:Half")


def test_a_package_of_the_user_counts_with_its_relative_imports_and_what_it_uses_of_this_package(own):
    own("lab/__init__.py", "x = 1\n")
    own("lab/inner.py", "from . import scale\nfrom medattn.attention.se import SE\nclass Half: pass\n")
    own("lab/scale.py", "x = 1\n")
    modules = code_modules("lab.inner:Half")
    assert {"lab.inner:Half", "lab.scale:*", "lab:*", "attention/se.py"} <= set(modules)
    before = code_digest("lab.inner:Half")
    own("lab/__init__.py", "x = 2\n")
    assert code_digest("lab.inner:Half") != before
