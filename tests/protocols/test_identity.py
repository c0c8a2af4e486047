"""The file of a protocol belongs to the identity of its runs, and of no others."""

import pytest

from medattn.protocols.registry import PROTOCOLS
from medattn.provenance.code import code_digest, code_modules

KINDS = sorted(PROTOCOLS)


def digest(kind: str, file: str = "", old: str = "", new: str = "") -> str:
    """The digest of a network's runs, as if `old` in a file were `new`."""

    def read(path):
        text = path.read_text()
        if path.name != file:
            return text
        assert old in text
        return text.replace(old, new)

    return code_digest("none", "torchvision/resnet18", kind, read=read)


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_that_divide_the_images_of_a_run_are_among_its_modules(kind):
    named = set(code_modules("none", "torchvision/resnet18", kind))
    assert {"training/splits.py", "datasets/folds.py", f"protocols/{kind}.py"} <= named
    assert {name for name in named if name.startswith("protocols/")} <= {
        f"protocols/{kind}.py",
        "protocols/base.py",
        "protocols/official_splits.py",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_of_a_split_changes_the_runs_of_its_protocol_only(kind):
    edit = (f"{kind}.py", "def split(self", "def splits(self")
    assert digest(kind, *edit) != digest(kind)
    assert [digest(other, *edit) for other in KINDS if other != kind] == [digest(k) for k in KINDS if k != kind]


@pytest.mark.parametrize("kind", KINDS)
def test_a_reworded_description_or_docstring_changes_no_run(kind):
    assert digest(kind, f"{kind}.py", "description=", "description='Other' + ") == digest(kind)
    assert digest(kind, f"{kind}.py", '"""Return', '"""Give') == digest(kind)
