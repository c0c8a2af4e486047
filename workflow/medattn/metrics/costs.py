"""Costs of a network: `medattn complexity` counts them, so no function computes them from scores."""

from medattn.metrics.metric import Metric

METRICS = {
    "params_m": Metric("Params (M)", "parameters in millions", "million", higher_is_better=False),
    "gflops": Metric(
        "GFLOPs",
        "multiply-accumulates of one image in billions, of which FLOPs are twice as many",
        "giga",
        higher_is_better=False,
    ),
}
