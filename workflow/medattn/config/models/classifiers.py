"""Hyper-parameters of the classifiers on pixels, with the names and defaults of scikit-learn."""

from typing import Literal

from pydantic import BaseModel, Field

from medattn.closed_model import Closed


class LogisticRegressionOptions(Closed):
    """Logistic regression on standardized pixels."""

    c: float = Field(1.0, gt=0, le=1e9, description="inverse of the regularization strength")
    iterations: int = Field(1000, ge=1, le=1_000_000, description="maximum number of iterations")


class SvmOptions(Closed):
    """Support vector machine on standardized pixels."""

    c: float = Field(1.0, gt=0, le=1e9, description="inverse of the regularization strength")
    kernel: Literal["rbf", "linear", "poly", "sigmoid"] = Field(
        "rbf", description="kernel; scikit-learn's default scales its gamma"
    )


CLASSIFIER_OPTIONS: dict[str, type[BaseModel]] = {
    "logistic_regression": LogisticRegressionOptions,
    "svm": SvmOptions,
}
