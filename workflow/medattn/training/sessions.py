"""Sessions: the processes that have worked on a run, kept next to its checkpoint until the record names them."""

import time
from typing import Any

from medattn.files import read_json, write_json
from medattn.layout import RunPaths
from medattn.training.run_record import now

_KEPT = ("started", "seconds", "epochs_at_end")


class Sessions:
    """Earlier sessions of a run and the current one.

    Args:
        files: paths of the run.
        epochs: finished epochs at the start of this session.
        training_images: number of training images, from which `medattn status` computes a speed.
    """

    def __init__(self, files: RunPaths, epochs: int, training_images: int) -> None:
        self._path = files.sessions
        earlier = read_json(self._path) if self._path.exists() else []
        self._earlier: list[dict[str, Any]] = [{key: session[key] for key in _KEPT} for session in earlier]
        self._for_status = {"epochs_at_start": epochs, "training_images": training_images}
        self._started = now()
        self._clock = time.perf_counter()

    def all(self, epochs: int) -> list[dict[str, Any]]:
        """Return all sessions, each with start, seconds and finished epochs; the current one with `epochs`."""
        seconds = round(time.perf_counter() - self._clock, 3)
        return [*self._earlier, {"started": self._started, "seconds": seconds, "epochs_at_end": epochs}]

    def write(self, epochs: int) -> None:
        """Write the sessions after `epochs` finished epochs."""
        *earlier, session = self.all(epochs)
        write_json(self._path, [*earlier, {**session, **self._for_status}])

    def remove(self) -> None:
        """Remove the file, once the record holds the sessions."""
        self._path.unlink(missing_ok=True)
