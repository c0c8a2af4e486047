"""The first hour on a GPU in nine minutes: `make bench-gpu`. Needs no Snakemake.

Checks that graphs on and off give the same bits, that a failed capture does no harm, and that a resumed run gives the
same bits; then measures the speed ratios. Writes results/gpu-<device>.json in this folder, with machine, versions and
every figure. A part that fails is in the file with its error, and the others go on. Without a GPU, the parts that a CPU
can rehearse run on small networks, and the exit code is 0 if they pass.
"""

import argparse
import copy
import json
import platform
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import other_loops
import packs
import torch
import training_step
from ratios import Ratio, machine

from medattn.config.mechanisms import mechanism_options
from medattn.config.models.paper import Backbone
from medattn.config.models.recipe import Recipe
from medattn.training.cuda_graphs import CudaGraphBackend, GraphCache
from medattn.training.images import ResidentImages, normalization_for
from medattn.training.loop import TrainingData, TrainingState, train_epochs
from medattn.training.network import AttendedNetwork, NetworkSpec, build_network
from medattn.training.numerics import fix_numerics, recorded_nondeterminism

RESULTS = Path(__file__).resolve().parent / "results"
LIBRARIES = ("torch", "torchvision", "timm", "numpy", "pandas", "scipy", "scikit-learn", "statsmodels", "medattn")
BATCH, BATCHES, EPOCHS = 16, 6, 4


@dataclass(frozen=True)
class Case:
    """A network whose steps are replayed from graphs; all train on images of `side` pixels."""

    backbone: dict[str, Any]
    side: int
    mechanism: str = "none"
    options: dict[str, Any] = field(default_factory=dict)


SMALL = {"model": "torchvision/resnet18", "stem": "small"}
ON_GPU = {
    "ResNet-18": Case(SMALL, 28),
    "VGG-16, with dropout": Case({"model": "torchvision/vgg16"}, 64),
    "SPA in ResNet-18": Case(SMALL, 28, "spa"),
    "PPCR in ResNet-18": Case(SMALL, 28, "ppcr"),
    "ResAttNet-92": Case({"model": "medattn/resattnet92"}, 64),
    "GSA in ResNet-18, across its cut-off": Case(SMALL, 28, "gsa", {"channels": 16, "cutoff_epoch": 2}),
}
ON_CPU = {
    "tiny ResNet": Case({"model": "timm/test_resnet"}, 28),
    "GSA in a tiny ResNet, across its cut-off": Case(
        {"model": "timm/test_resnet"}, 28, "gsa", {"channels": 4, "cutoff_epoch": 2}
    ),
}


@dataclass(frozen=True)
class Trained:
    """A trained network with its state, the launch of its steps, and its operations without a deterministic form."""

    network: AttendedNetwork
    state: TrainingState
    steps: str
    nondeterministic: list[str]


class FailingBackend(CudaGraphBackend):
    """Backend whose captures fail after the whole step was recorded."""

    def capture(self, work: Callable[[], None]) -> Callable[[], None]:
        """Fail as a step does that waits for the device."""

        def waiting() -> None:
            work()
            torch.cuda.synchronize()

        return super().capture(waiting)


def trained(
    case: Case,
    graphs: GraphCache,
    device: torch.device,
    start: TrainingState | None = None,
    after: Callable[[TrainingState], None] = lambda _: None,
) -> Trained:
    """Train a case from its initialization, or from the state of an earlier epoch."""
    recipe = Recipe.model_validate({"epochs": EPOCHS, "batch_size": BATCH, "learning_rate": 1e-3})
    fix_numerics(recipe)
    random, count = np.random.default_rng(0), BATCH * BATCHES
    pixels = random.integers(0, 256, (count + BATCH, case.side, case.side, 3), dtype=np.uint8)
    images = ResidentImages.on(device, [pixels], [np.arange(len(pixels)) % 2], None)
    every = torch.arange(len(pixels), device=device)
    data = TrainingData(images, every[:count], every[count:], normalization_for(recipe, images, every[:count]))
    options = mechanism_options(case.mechanism).model_validate(case.options).model_dump() if case.options else {}
    spec = NetworkSpec(Backbone.model_validate(case.backbone), 2, mechanism=case.mechanism, options=options)
    network = build_network(spec, data.training_images_for(spec), 0, Path())
    state = start or TrainingState()
    with recorded_nondeterminism() as nondeterministic:
        train_epochs(network, data, recipe, 0, state, after, partial(graphs.step, str(case)))
    return Trained(network, state, graphs.record().get("steps", "eager"), sorted(nondeterministic))


def difference(one: Trained, other: Trained) -> float:
    """Return the largest difference of a weight or score; 0 where all bits are equal."""
    weights = zip(one.network.state_dict().values(), other.network.state_dict().values(), strict=True)
    scores = zip(one.state.scores, other.state.scores, strict=True)
    pairs = [(a, b) for a, b in (*weights, *scores) if not torch.equal(a, b)]
    return max((float((a.double() - b.double()).abs().max()) for a, b in pairs), default=0.0)


def check_graphs(name: str, case: Case, device: torch.device) -> dict[str, Any]:
    """Train with graphs off (twice) and on, and compare bits."""
    eager, again = (trained(case, GraphCache(None), device) for _ in range(2))
    graphed = trained(case, GraphCache(CudaGraphBackend(device)), device)
    found = {
        "steps": graphed.steps,
        "nondeterministic operations": eager.nondeterministic,
        "difference of two eager runs": difference(eager, again),
        "difference with graphs": difference(eager, graphed),
    }
    if not eager.nondeterministic and (found["difference of two eager runs"] or found["difference with graphs"]):
        raise AssertionError(f"{name}: {found}")
    return found


def check_failed_capture(device: torch.device) -> dict[str, Any]:
    """Train a network with dropout while every capture fails; it must train as without graphs, and so must the next."""
    case = ON_GPU["VGG-16, with dropout"]
    expected = trained(case, GraphCache(None), device)
    failed = trained(case, GraphCache(FailingBackend(device)), device)
    after = trained(ON_GPU["ResNet-18"], GraphCache(CudaGraphBackend(device)), device)
    found = {"steps": failed.steps, "difference": difference(expected, failed), "steps of the next run": after.steps}
    if "can't be captured" not in failed.steps or after.steps != "replayed":
        raise AssertionError(str(found))
    if found["difference"] and not expected.nondeterministic:
        raise AssertionError(str(found))
    return found


def check_resume(case: Case, graphs: Callable[[], GraphCache], device: torch.device) -> dict[str, Any]:
    """Resume a run in its middle and compare bits with the uninterrupted one."""
    kept: list[TrainingState] = []
    whole = trained(case, graphs(), device, after=lambda state: kept.append(copy.deepcopy(state)))
    resumed = trained(case, graphs(), device, start=kept[EPOCHS // 2 - 1])
    found = {"nondeterministic operations": whole.nondeterministic, "difference": difference(whole, resumed)}
    if found["difference"] and not whole.nondeterministic:
        raise AssertionError(str(found))
    return found


def ratios(measure: Callable[[], list[Ratio]]) -> dict[str, Any]:
    """Return measured ratios by name."""
    return {ratio.name: {key: value for key, value in asdict(ratio).items() if key != "name"} for ratio in measure()}


Part = tuple[str, Callable[[], dict[str, Any]]]


def parts_on_gpu(device: torch.device) -> Iterator[Part]:
    """Yield the parts in the order of their importance."""
    for name, case in ON_GPU.items():
        yield f"graphs: {name}", partial(check_graphs, name, case, device)
    yield "failed capture", partial(check_failed_capture, device)
    yield "resume", partial(check_resume, ON_GPU["ResNet-18"], lambda: GraphCache(CudaGraphBackend(device)), device)
    for case in ("ResNet-18, 28 px", "ResNet-50, 224 px"):
        yield f"step: {case}", partial(ratios, partial(training_step.ratios_of, case, 5, device, "fp32"))
        yield f"loops: {case}", partial(ratios, partial(other_loops.ratios_of, case, 3, device, "fp32"))
    yield "packs", partial(ratios, partial(packs.measure, False, "cuda"))
    for precision in ("tf32", "bf16"):
        measure = partial(training_step.ratios_of, "ResNet-50, 224 px", 5, device, precision)
        yield f"step: ResNet-50, 224 px, {precision}", partial(ratios, measure)


def parts_on_cpu(device: torch.device) -> Iterator[Part]:
    """Yield the parts that a CPU can rehearse."""
    for name, case in ON_CPU.items():
        yield f"resume: {name}", partial(check_resume, case, lambda: GraphCache(None), device)
    yield (
        "step: tiny ResNet, 28 px",
        partial(ratios, partial(training_step.ratios_of, "tiny ResNet, 28 px", 1, device, "fp32")),
    )


def outcome(part: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run a part; return what it found or its error, with its seconds."""
    started = time.perf_counter()
    try:
        found = {"passed": True, **part()}
    except Exception as error:  # surprises of one part must not lose the others
        last = traceback.format_exc().strip().splitlines()[-12:]
        found = {"passed": False, "error": f"{type(error).__name__}: {error}"[:2000], "traceback": last}
    return {**found, "seconds": round(time.perf_counter() - started, 1)}


def facts(device: torch.device) -> dict[str, Any]:
    """Return machine, device and versions."""
    found: dict[str, Any] = {"machine": machine(), "python": platform.python_version(), "device": str(device)}
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        found |= {"gpu": properties.name, "gpu_bytes": properties.total_memory, "cuda": torch.version.cuda}
        found["cudnn"] = torch.backends.cudnn.version()
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            found[library] = None
    return found


def main() -> int:
    """Run the parts until the time is over; return 1 if a check fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=8.5, help="start no part after these minutes (default: 8.5)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the file (default: benchmarks/results)")
    arguments = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu":
        print("no GPU here: only the parts that a CPU can rehearse run", flush=True)
    parts = parts_on_gpu(device) if device.type == "cuda" else parts_on_cpu(device)
    started, found = time.perf_counter(), {}
    path = arguments.out / f"gpu-{device.type}.json"
    for name, part in parts:
        if time.perf_counter() - started > 60 * arguments.minutes:
            found[name] = {"passed": None, "error": "not started: the time is over"}
            continue
        found[name] = outcome(part)
        said = {True: "passed", False: "FAILED"}[found[name]["passed"]]
        print(f"{said:<7} {found[name]['seconds']:>6.1f} s  {name}  {found[name].get('error', '')}", flush=True)
        write(path, {"day": datetime.now(UTC).date().isoformat(), **facts(device), "parts": found})
    print(f"written: {path}")
    return int(any(part["passed"] is False for part in found.values()))


def write(path: Path, value: dict[str, Any]) -> None:
    """Write the file after each part, so that a time limit loses the current part only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
