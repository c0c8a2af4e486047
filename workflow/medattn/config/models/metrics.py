"""What can be measured, by name, with its title and unit. The values are computed in medattn/metrics.py."""

from dataclasses import dataclass
from typing import Literal

Unit = Literal["percent", "fraction", "million", "giga"]
Metric = Literal[
    "accuracy",
    "auc",
    "f1_weighted",
    "f1_macro",
    "precision",
    "recall",
    "sensitivity",
    "specificity",
    "balanced_accuracy",
    "kappa_quadratic",
    "calibration_error",
]
Cost = Literal["params_m", "gflops"]
Shown = Literal[Metric, Cost]

MEAN = "mean"
"""What stands for a class name where a metric of classes is averaged over them."""


@dataclass(frozen=True)
class MetricFacts:
    """What tables and captions need of a metric.

    Attributes:
        title: head of its column.
        words: what it is, in a caption.
        unit: unit of its values in measurements.csv.
        classes: `none` if it has one value; `each` if it has one for each class, and their mean; `positive` if it has
            one for each class that can be taken as the positive one.
        published: its name in published.csv, where that is another.
        measured: whether it comes from scores; else it is a cost of the network, from complexity.csv.
    """

    title: str
    words: str
    unit: Unit = "percent"
    classes: Literal["none", "each", "positive"] = "none"
    published: str = ""
    measured: bool = True


METRICS: dict[str, MetricFacts] = {
    "accuracy": MetricFacts("ACC", "accuracy"),
    "auc": MetricFacts("AUC", "area under the ROC curve, of one class against the rest and averaged over the classes"),
    "f1_weighted": MetricFacts("F1", "F1 averaged over the classes, weighted by their test images", published="f1"),
    "f1_macro": MetricFacts("F1 (macro)", "F1 averaged over the classes"),
    "precision": MetricFacts("Precision", "precision of each class, and the mean over the classes", classes="each"),
    "recall": MetricFacts("Recall", "recall of each class, and the mean over the classes", classes="each"),
    "sensitivity": MetricFacts("SEN", "sensitivity, the share of positive images that are found", classes="positive"),
    "specificity": MetricFacts(
        "SPE", "specificity, the share of other images that are not taken for positive", classes="positive"
    ),
    "balanced_accuracy": MetricFacts("Balanced ACC", "mean recall of the classes"),
    "kappa_quadratic": MetricFacts("Kappa", "Cohen's kappa with quadratic weights", unit="fraction"),
    "calibration_error": MetricFacts(
        "ECE", "expected calibration error of the predicted class in 15 bins of equal width"
    ),
    "params_m": MetricFacts("Params (M)", "parameters in millions", unit="million", measured=False),
    "gflops": MetricFacts(
        "GFLOPs",
        "multiply-accumulates of one image in billions, of which FLOPs are twice as many",
        "giga",
        measured=False,
    ),
}
