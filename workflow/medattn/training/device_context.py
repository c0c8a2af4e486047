"""The device of a process with what it caches for all runs: data sets and the captured step of the last run."""

import logging
from dataclasses import dataclass, field, replace

import torch

from medattn.datasets.store import DataStore
from medattn.training.cuda_graphs import CudaGraphBackend, GraphCache
from medattn.training.device import choose_device
from medattn.training.images import ResidentImages

log = logging.getLogger(__name__)


@dataclass
class DeviceContext:
    """Device of a process and its cached data sets and CUDA graphs.

    Attributes:
        device: device on which networks are trained.
        graphs: cache of captured steps.
    """

    device: torch.device
    graphs: GraphCache
    _uploaded: dict[str, ResidentImages] = field(default_factory=dict)

    @classmethod
    def on(cls, device: str, cuda_graphs: bool) -> "DeviceContext":
        """Return the context on "auto", "cpu" or "cuda".

        Raises:
            UserError: `device` is "cuda" and PyTorch finds no CUDA device.
        """
        chosen = choose_device(device)
        return cls(chosen, GraphCache(CudaGraphBackend(chosen) if cuda_graphs and chosen.type == "cuda" else None))

    def images(self, store: DataStore, size: int | None) -> ResidentImages:
        """Return the images of `store` on the device, its splits concatenated in the store's order.

        Args:
            store: the data set; it is uploaded once for all runs and sizes.
            size: height and width in pixels to which batches are resized; None to keep the stored size.
        """
        key = store.manifest["entry_sha256"]
        if key not in self._uploaded:
            splits = store.splits.values()
            log.debug("uploading %d images to %s", sum(len(s.labels) for s in splits), self.device)
            self._uploaded[key] = ResidentImages.on(
                self.device, [s.images for s in splits], [s.labels for s in splits], None
            )
        return replace(self._uploaded[key], size=size)
