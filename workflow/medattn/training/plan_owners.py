"""Owners of a frozen plan: the processes that work with it, so that no other plan replaces it meanwhile.

Each owner has a file in the results folder with a heartbeat, as the holder of a lease does. The file of a process that
has died, or that was silent for some minutes on another machine, does not count.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from medattn.errors import UserError
from medattn.files import read_json, write_json
from medattn.layout import ResultPaths
from medattn.training.heartbeat import Heartbeat
from medattn.training.lease import is_held, process_identity


class PlanOwner:
    """This process as an owner of the plan in a results folder, until it ends."""

    def __init__(self, results: ResultPaths) -> None:
        pid = os.getpid()
        self._path = results.folder / f".owner-{pid}-{os.urandom(4).hex()}"
        write_json(self._path, process_identity(pid))
        self._heartbeat = Heartbeat(self._path, "plan owner")

    def end(self) -> None:
        """Give the plan up."""
        self._heartbeat.stop()
        self._path.unlink(missing_ok=True)


@contextmanager
def owning_plan(results: ResultPaths) -> Iterator[None]:
    """Own the plan in a results folder during the block."""
    owner = PlanOwner(results)
    try:
        yield
    finally:
        owner.end()


def refuse_owned(results: ResultPaths, pid: int) -> None:
    """Refuse to replace the plan in a results folder while another process than `pid` works with it.

    Files of owners that have died are removed.

    Raises:
        UserError: a process works with the plan.
    """
    for path in sorted(results.folder.glob(".owner-*")):
        if not is_held(path, time.time()):
            path.unlink(missing_ok=True)
            continue
        owner = read_json(path)
        if owner != process_identity(pid):
            raise UserError(
                f"{results.folder}: a workflow with another plan is running (host {owner.get('host')}, process "
                f"{owner.get('pid')}); wait until it has ended, or give this selection another name"
            )
