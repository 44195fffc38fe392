from typing import Any

import numpy as np

def dtype(name: str) -> np.dtype[Any]: ...
