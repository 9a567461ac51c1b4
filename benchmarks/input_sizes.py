"""How long the age network takes by the side of its input, as shares of 64 px in the same run.

    python benchmarks/input_sizes.py [--repeats 5]

Random weights: they cost what trained ones do. Every size is timed in every repeat, in turn, on the
same crops; the medians over repeats are compared, with their smallest and largest.
"""

import argparse
import io
import statistics
import time
from typing import Any

import numpy as np

from auditor.faces.engines.on_tensorflow import build_network
from auditor.faces.model import AgeNetwork

SIDES = (64, 96, 128, 160, 192, 224)
CROPS = 128


def main() -> None:
    """Time all sizes, plain and mirrored, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    crops = np.random.default_rng(1).integers(0, 256, (CROPS, 192, 192, 3), dtype=np.uint8)
    networks = {
        (side, mirrored): AgeNetwork.of_weights(
            random_weights(side), side, mirrored=mirrored, runtime="tensorflow"
        )
        for side in SIDES
        for mirrored in (False, True)
    }
    for network in networks.values():
        network.predict(crops[:1])
    seconds: dict[tuple[int, bool], list[float]] = {key: [] for key in networks}
    for _ in range(repeats):
        for key, network in networks.items():
            started = time.perf_counter()
            network.predict(crops)
            seconds[key].append(time.perf_counter() - started)
    base = statistics.median(seconds[64, False])
    print("side  mirrored  crops/s  times 64 px (smallest to largest)")
    for (side, mirrored), took in seconds.items():
        middle = statistics.median(took)
        low, high = min(took) / base, max(took) / base
        print(
            f"{side:4}  {'yes' if mirrored else 'no':8}  {CROPS / middle:7.1f}  "
            f"{middle / base:.2f} ({low:.2f} to {high:.2f})"
        )


def random_weights(side: int) -> bytes:
    """The content of a weights.npz with a new network's weights."""
    network = build_network(side)
    layers = (*network.get_layer("backbone").layers, network.get_layer("age"))
    arrays: dict[str, Any] = {
        f"{layer.name}/{variable.name}": np.asarray(variable)
        for layer in layers
        for variable in layer.weights
    }
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


if __name__ == "__main__":
    main()
