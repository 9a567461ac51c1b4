"""Statistics that know nothing of tills: counts and shares in, shares and probabilities out."""

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
