"""What the runs of a process share: the device, data sets that lie on it, and the recorded step of the last run."""

from dataclasses import dataclass, field

import torch

from medattn.datasets.store import DataStore
from medattn.training.cuda_graphs import CudaGraphs, GraphCache
from medattn.training.device import choose_device
from medattn.training.images import ResidentImages


@dataclass
class DeviceContext:
    """The device of a process and what lies on it.

    Attributes:
        device: where networks are trained.
        graphs: of steps.
    """

    device: torch.device
    graphs: GraphCache
    _uploaded: dict[tuple[str, int | None], ResidentImages] = field(default_factory=dict)

    @classmethod
    def on(cls, device: str, cuda_graphs: bool) -> "DeviceContext":
        """Return the device_context on "auto", "cpu" or "cuda".

        Raises:
            UserError: CUDA is asked for and there is none.
        """
        chosen = choose_device(device)
        return cls(chosen, GraphCache(CudaGraphs(chosen) if cuda_graphs and chosen.type == "cuda" else None))

    def images(self, store: DataStore, size: int | None) -> ResidentImages:
        """Return the images of `store` on the device; its splits stand one behind the other in the store's order.

        Args:
            store: the data set; it is uploaded once for all runs.
            size: height and width in pixels to which batches are enlarged; None as stored.
        """
        key = (store.manifest["entry_sha256"], size)
        if key not in self._uploaded:
            splits = store.splits.values()
            self._uploaded[key] = ResidentImages.on(
                self.device, [s.images for s in splits], [s.labels for s in splits], size
            )
        return self._uploaded[key]
