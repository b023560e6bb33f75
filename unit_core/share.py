"""Work shared by the processes of a launcher such as torchrun: whose is what, and waiting."""

import os
import signal
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import distributed

PATIENCE = timedelta(days=30)  # shares are not equally long


@dataclass(frozen=True)
class Share:
    """Process `rank` of `world`, number `local` of the `neighbours` on its machine; or alone."""

    rank: int = 0
    world: int = 1
    local: int = 0
    neighbours: int = 1

    @classmethod
    def launched(cls) -> "Share":
        """As torchrun or Fabric's launcher tells it."""
        told = os.environ.get
        return cls(
            rank=int(told("RANK", 0)),
            world=int(told("WORLD_SIZE", 1)),
            local=int(told("LOCAL_RANK", 0)),
            neighbours=int(told("LOCAL_WORLD_SIZE", 1)),
        )

    def has(self, name: str) -> bool:
        """Whether what is called `name` is for this process, whatever else there is."""
        return zlib.crc32(os.fsencode(name)) % self.world == self.rank

    @property
    def cores(self) -> int:
        """Of the machine's that this process may use."""
        affinity = getattr(os, "sched_getaffinity", None)  # Linux
        cores = len(affinity(0)) if affinity else os.cpu_count() or 1
        return max(1, cores // self.neighbours)

    def device(self, accelerator: str = "auto") -> str:
        """This process's; `accelerator` is "cpu", "cuda", "mps", or "auto" for the best there is.

        ValueError for one that is not there.
        """
        here = torch.accelerator.current_accelerator(check_available=True)
        best = here.type if here else "cpu"
        chosen = best if accelerator == "auto" else accelerator
        if chosen == "cpu":
            return chosen
        if chosen != best:
            raise ValueError(f"no {chosen} here, the best is {best}: leave out --accelerator")
        return f"{chosen}:{self.local % torch.accelerator.device_count()}"


@contextmanager
def together(share: Share) -> Iterator[Callable[[], None]]:
    """Gives a function that waits until every process has come as far.

    It raises ConnectionError once one of them has stopped; ValueError for want of a launcher. With
    torchrun (and Fabric's, which is torchrun) the process ends when its launcher does.
    """
    if "TORCHELASTIC_RUN_ID" in os.environ:
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    if share.world == 1:
        yield lambda: None
        return
    if "MASTER_ADDR" not in os.environ:
        raise ValueError(
            f"WORLD_SIZE is {share.world} but MASTER_ADDR is not set: start it with torchrun, "
            "or unset WORLD_SIZE to do all in one process"
        )
    distributed.init_process_group(
        "gloo", rank=share.rank, world_size=share.world, timeout=PATIENCE
    )

    def wait() -> None:
        try:
            distributed.barrier()
        except RuntimeError:  # gloo notices at once
            raise ConnectionError(
                "another process has stopped before its share was done; the same command goes on"
            ) from None

    try:
        yield wait
    finally:
        distributed.destroy_process_group()


def _end_with(launcher: int) -> None:
    """One that is killed leaves its processes behind, at work beside those of the next."""
    while os.getppid() == launcher:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
