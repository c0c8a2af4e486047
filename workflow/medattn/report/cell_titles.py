"""Titles of cells, pairs of arms and statistical tests, as the report shows them."""

from medattn.plan.model import Cell
from medattn.render.inputs import Inputs

TEST_TITLES = {
    "student": "Student's t-test",
    "welch": "Welch's t-test",
    "t_test": "paired t-test",
    "permutation": "sign-flip permutation test",
    "wilcoxon": "Wilcoxon signed-rank test",
    "outperforming": "probability of outperforming",
    "dz": "effect size d_z",
    "cliffs_delta": "effect size Cliff's delta",
    "equivalence": "equivalence test",
    "nadeau_bengio": "corrected resampled t-test",
    "mcnemar": "McNemar's test",
    "bootstrap": "bootstrap over test images",
    "delong": "DeLong's test",
}
"""Titles by the names in the column `test` of comparisons.csv."""


def cell_title(cell: Cell) -> str:
    """Return a title such as "VGG-16 with global attention on Glaucoma"; vanilla is the backbone alone."""
    return f"{_network(cell)} on {cell.dataset_title}"


def pair_title(inputs: Inputs, cell: Cell, against: str) -> str:
    """Return a title such as "VGG-16 on Glaucoma: with global attention vs. with L1"."""
    other = inputs.plan.cells.get(f"{cell.group}.{against}")
    arms = f"{_arm(cell)} vs. {_arm(other) if other else against}"
    return f"{cell.backbone_label or 'Pixels'} on {cell.dataset_title}: {arms}"


def _network(cell: Cell) -> str:
    arm = "" if cell.arm == "vanilla" else _arm(cell)
    return " ".join(part for part in (cell.backbone_label, arm) if part) or cell.arm


def _arm(cell: Cell) -> str:
    return cell.arm_label or cell.arm
