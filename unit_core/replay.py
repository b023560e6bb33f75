"""A training step as a CUDA graph: recorded once, replayed by one call.

A step is thousands of small kernels, and telling a GPU of each takes longer than it needs for
them. So they are recorded once and replayed (CUDA graphs, as in Nguyen et al. 2021, "Accelerating
PyTorch with CUDA Graphs").
"""

from collections.abc import Callable, Sequence
from functools import cache

import torch
from torch import Tensor

AT_FIRST = 3  # calls before it is recorded: until then libraries choose and make what they need


class Replay:
    """Does `body` over and over on a GPU; use the result before the next call, which fills it anew.

    It must do the same each time to tensors that stay where they are, waiting for none of them,
    and draw by none but these `generators`, which may be seeded between calls.
    """

    def __init__(self, generators: Sequence[torch.Generator]) -> None:
        self._generators = generators
        self._calls = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._result: dict[str, Tensor] = {}

    # The body is not kept: what it belongs to may keep this, and a graph that waits for Python to
    # find such a circle may be freed while another is recorded, which spoils that.
    def __call__(self, body: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
        if self._calls < AT_FIRST:
            self._calls += 1
            aside, here = _aside(), torch.cuda.current_stream()
            aside.wait_stream(here)
            with torch.cuda.stream(aside):
                result = body()
            here.wait_stream(aside)
            return result
        if self._graph is None:
            graph = torch.cuda.CUDAGraph()
            if _version() < (2, 14):  # from then on it finds them, and says so each time
                for generator in self._generators:
                    graph.register_generator_state(generator)
            with torch.cuda.graph(graph, stream=_aside()):  # does nothing yet
                self._result = body()
            self._graph = graph
        self._graph.replay()
        return self._result


def _version() -> tuple[int, ...]:
    return tuple(int(part) for part in torch.__version__.split(".")[:2])


@cache
def _aside() -> torch.cuda.Stream:
    """Where nothing else is done: gradients remember the stream on which they were first made."""
    return torch.cuda.Stream()
