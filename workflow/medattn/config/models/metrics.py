"""Names, titles and units of the metrics. medattn/metrics.py computes their values."""

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
CostMetric = Literal["params_m", "gflops"]
Shown = Literal[Metric, CostMetric]

MEAN = "mean"
"""Class name of the mean over the classes."""


@dataclass(frozen=True)
class MetricFacts:
    """Facts about a metric for tables and captions.

    Attributes:
        title: column heading.
        words: description in captions.
        unit: unit of its values in measurements.csv.
        classes: `none` for a metric with one value; `each` for one with a value for each class and their mean;
            `positive` for one with a value for each choice of the positive class.
        published: its name in published.csv, if that differs.
        measured: whether it is computed from scores; otherwise it is a cost of the network, from complexity.csv.
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
