"""A small project to break: one paper and one mechanism."""

from pathlib import Path

import pytest
import yaml

from medattn.config import mechanisms

MECHANISM = '''"""Blur: for tests only."""
@register("blur")
class Blur(InputAttention):
    def __init__(self, *, width: Annotated[int, Field(ge=1, le=9, description="width")] = 3) -> None:
        pass
'''

SELECTION = {"selection": "test", "papers": {"toy": {}}}
PAPER = {
    "title": "Toy",
    "citation": "Nobody, never",
    "datasets": ["digits"],
    "backbones": {"resnet18": {"model": "torchvision/resnet18"}},
    "arms": {
        "vanilla": {},
        "blur": {"mechanism": "blur", "grid": {"options.width": [1, 3], "recipe.weight_decay": [0.1, 0.01]}},
        "svm": {"classifier": "svm"},
    },
    "recipe": {"epochs": 40, "learning_rate": 0.001},
    "protocol": {"kind": "cross_validated_epochs", "measured_epochs": 30},
    "tables": {"toy-table": {"title": "T", "marks": [{"arm": "blur", "against": "vanilla", "sign": "bold"}]}},
    "figures": {"toy-figure": {"title": "F", "kind": "attention_map", "arm": "blur", "backbone": "resnet18"}},
}


@pytest.fixture(scope="session")
def attention_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("attention")
    (folder / "blur.py").write_text(MECHANISM)
    return folder


@pytest.fixture
def project(tmp_path, monkeypatch, attention_folder) -> Path:
    """A root with papers/toy/paper.yaml and config.yaml."""
    monkeypatch.setattr(mechanisms, "ATTENTION_FOLDER", attention_folder)
    mechanisms.mechanism_names.cache_clear()
    (tmp_path / "papers" / "toy").mkdir(parents=True)
    (tmp_path / "papers" / "toy" / "paper.yaml").write_text(yaml.safe_dump(PAPER, sort_keys=False))
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(SELECTION))
    yield tmp_path
    mechanisms.mechanism_names.cache_clear()
