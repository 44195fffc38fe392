from typing import Any

import numpy as np

DTYPES: dict[str, np.dtype[Any]]
