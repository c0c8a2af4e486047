"""A commit counts only where a repository tracks the files in use; what differs from it is named."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from medattn.provenance import checkout
from medattn.provenance.checkout import checkout_of, git_state


def run_git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always"]
    return subprocess.run([*command, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def write(path: Path, text: str = "x = 1\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with a package, a rule and a paper, all committed; the working directory is its top."""
    top = tmp_path / "clone"
    for name in (
        "workflow/pack/__init__.py",
        "workflow/pack/in/deep.py",
        "workflow/rules/a.smk",
        "papers/p/paper.yaml",
    ):
        write(top / name)
    write(top / ".gitignore", "hidden_*\n__pycache__\n")
    run_git(top, "init", "-q")
    run_git(top, "add", ".")
    run_git(top, "commit", "-q", "-m", "One")
    monkeypatch.chdir(top)
    return top


def package(top: Path) -> Path:
    return top / "workflow" / "pack"


def test_a_clean_checkout_has_its_commit_and_nothing_changed(repository):
    head = run_git(repository, "rev-parse", "HEAD")
    write(repository / "README.md", "not committed")
    write(package(repository) / "__pycache__" / "deep.py")
    assert git_state(package(repository)) == {"commit": head, "dirty": False}


@pytest.mark.parametrize("name", [
    "workflow/pack/in/deep.py", "workflow/pack/new.py", "workflow/pack/hidden_ignored.py", "workflow/pack/in/n ew.json",
    "workflow/rules/a.smk", "papers/p/paper.yaml", "papers/mine/published.csv",
])  # fmt: skip
def test_changed_untracked_and_ignored_files_are_named(repository, name):
    write(repository / name, "x = 2\n")
    state = git_state(package(repository))
    assert (state["dirty"], state["changed"]) == (True, [name])


def test_deleted_files_and_changes_that_the_index_hides_are_named(repository):
    (package(repository) / "in" / "deep.py").unlink()
    run_git(repository, "update-index", "--assume-unchanged", "workflow/pack/__init__.py")
    write(package(repository) / "__init__.py", "x = 3\n")
    run_git(repository, "add", "-A")
    assert git_state(package(repository))["changed"] == ["workflow/pack/__init__.py", "workflow/pack/in/deep.py"]


def test_looking_does_not_write_the_index(repository):
    index = repository / ".git" / "index"
    os.utime(package(repository) / "__init__.py", (1, 1))
    before = (index.stat().st_mtime_ns, index.read_bytes())
    git_state(package(repository))
    assert (index.stat().st_mtime_ns, index.read_bytes()) == before


@pytest.mark.parametrize("ignored", [False, True])
def test_a_copy_inside_another_repository_does_not_count(repository, ignored):
    name = "hidden_copy" if ignored else "copy"
    shutil.copytree(package(repository), repository / name / "pack")
    state = git_state(repository / name / "pack")
    assert "commit" not in state
    assert "does not track" in state["no_commit"] and str(repository) in state["no_commit"]


def test_worktrees_and_submodules_have_their_own_commit(repository, tmp_path):
    run_git(repository, "worktree", "add", "-q", str(tmp_path / "tree"), "-b", "other")
    write(tmp_path / "tree" / "workflow" / "pack" / "more.py")
    run_git(tmp_path / "tree", "add", ".")
    run_git(tmp_path / "tree", "commit", "-q", "-m", "Two")
    assert git_state(package(tmp_path / "tree"))["commit"] == run_git(tmp_path / "tree", "rev-parse", "HEAD")
    outer = tmp_path / "outer"
    outer.mkdir()
    run_git(outer, "init", "-q")
    run_git(outer, "submodule", "add", "-q", str(repository), "inner")
    run_git(outer, "commit", "-q", "-m", "Outer")
    assert git_state(package(outer / "inner"))["commit"] == run_git(repository, "rev-parse", "HEAD")


def test_a_link_to_the_package_is_followed(repository, tmp_path):
    (tmp_path / "link").symlink_to(package(repository))
    assert git_state(tmp_path / "link")["dirty"] is False


def test_variables_of_hooks_point_to_no_other_repository(repository, tmp_path, monkeypatch):
    other = tmp_path / "other"
    write(other / "a.py")
    run_git(other, "init", "-q")
    head = run_git(repository, "rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert git_state(package(repository))["commit"] == head


def test_the_reason_is_given_where_no_commit_counts(repository, tmp_path, monkeypatch):
    write(tmp_path / "alone" / "a.py")
    assert "not in a git checkout" in checkout_of(tmp_path / "alone").problem
    run_git(tmp_path / "alone", "init", "-q")
    assert "has no commit" in checkout_of(tmp_path / "alone").problem
    monkeypatch.setenv("PATH", "/nowhere")
    assert git_state(package(repository)) == {"no_commit": "git is not installed"}


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give files away")
def test_a_checkout_of_another_owner_says_so(repository, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for path in (repository, repository / ".git"):
        os.chown(path, 12345, 12345)
    problem = git_state(package(repository))["no_commit"]
    assert "another user owns it" in problem and "safe.directory" in problem


def installed(folder: Path, direct_url: str) -> Path:
    """A package as pip installs it from a repository."""
    import base64
    import hashlib

    file = write(folder / "medattn" / "__init__.py")
    digest = base64.urlsafe_b64encode(hashlib.sha256(file.read_bytes()).digest()).decode().rstrip("=")
    info = folder / "medattn-9.9.dist-info"
    write(info / "METADATA", "Metadata-Version: 2.1\nName: medattn\nVersion: 9.9\n")
    write(info / "RECORD", f"medattn/__init__.py,sha256={digest},6\nmedattn-9.9.dist-info/RECORD,,\n")
    write(info / "direct_url.json", direct_url)
    return folder / "medattn"


@pytest.mark.parametrize(("direct_url", "edited", "state"), [
    ('{"url": "x", "vcs_info": {"vcs": "git", "commit_id": "abc"}}', False, {"commit": "abc", "dirty": False}),
    ('{"url": "x", "vcs_info": {"vcs": "git", "commit_id": "abc"}}', True,
     {"commit": "abc", "dirty": True, "changed": ["medattn/__init__.py"]}),
    ('{"url": "x", "archive_info": {}}', False, {"no_commit": "it was installed as version 9.9, without a repository"}),
])  # fmt: skip
def test_an_installed_package_has_the_commit_that_it_was_installed_from(
    tmp_path, monkeypatch, direct_url, edited, state
):
    folder = installed(tmp_path / "site", direct_url)
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.chdir(tmp_path)
    if edited:
        write(folder / "__init__.py", "x = 2\n")
    assert checkout.git_state(folder) == state
