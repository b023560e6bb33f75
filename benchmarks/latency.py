"""What the page benchmarks share: from an event to the painted frame, and telling the figures."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np


def listen(*events: str) -> str:
    """A script that gathers in `latencies[event]` the milliseconds from `detail.began` of each
    event to the frame that shows what it brought."""
    return f"""
    window.latencies = {json.dumps({event: [] for event in events})};
    for (const name in latencies)
      addEventListener(name, ({{ detail }}) => detail.began &&
        requestAnimationFrame(() =>  // the timeout runs once that frame is painted
          setTimeout(() => latencies[name].push(performance.now() - detail.began))));
    """


def percentiles(name: str, milliseconds: Sequence[float]) -> dict[str, float]:
    """The 50th and the 95th as `name`_p50_ms and `name`_p95_ms."""
    return {f"{name}_p{p}_ms": float(np.percentile(milliseconds, p)) for p in (50, 95)}


def tell(figures: Mapping[str, float], path: Path | None) -> None:
    """Print the figures, and write them to `path` if there is one."""
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):28}{value:8.1f}")
    if path:
        path.write_text(json.dumps(figures, indent=1) + "\n")
