"""Means of losses from one look to the next; only a look waits for the device."""

from collections.abc import Mapping

import torch
from torch import Tensor


class NotFinite(RuntimeError):
    """A loss has become NaN or infinite."""


class Means:
    """Losses by name, added up on `device` until somebody looks."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def add(self, values: Mapping[str, Tensor]) -> None:
        """One more of each of `values`, ()."""
        for name in values:
            self._sums.setdefault(name, torch.zeros((), device=self.device))
            self._counts[name] = self._counts.get(name, 0) + 1
        torch._foreach_add_([self._sums[name] for name in values], list(values.values()))

    def check(self, step: int) -> None:
        """NotFinite, with those to blame by `step`, if one was NaN or infinite since last taken."""
        if not self._sums:
            return
        good = torch.stack(list(self._sums.values())).isfinite().tolist()
        bad = [name for name, ok in zip(self._sums, good, strict=True) if not ok]
        if bad:
            raise NotFinite(
                f"by step {step} these losses are not finite: {', '.join(bad)}. The last saved "
                "state is from before; begin again with a lower --learning-rate"
            )

    def take(self, step: int) -> dict[str, float]:
        """The mean of each since last taken; NotFinite as `check`."""
        self.check(step)
        means = {name: float(total) / self._counts[name] for name, total in self._sums.items()}
        self._sums, self._counts = {}, {}
        return means
