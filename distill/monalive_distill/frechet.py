"""The Fréchet distance between two sets of features, each taken for a Gaussian.

Dowson, Landau, *The Fréchet distance between multivariate normal distributions*, 1982. Heusel et al. 2017 made it the
FID with Inception's features; with others it has no name of its own, so say which.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def frechet_distance(a: NDArray[np.floating], b: NDArray[np.floating]) -> float | None:
    """|mean difference|^2 + trace(A + B - 2 (A B)^(1/2)) with the covariances A and B; at least 0.

    Few samples make it larger than it is, so compare only distances of equally many. With no more samples than
    features the covariances are not of full rank and the number says little: then it is None.

    Args:
        a, b: (n, d) and (m, d) features.
    """
    if min(len(a), len(b)) <= a.shape[1]:
        return None
    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    difference = x.mean(0) - y.mean(0)
    first, second = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = _root(first)
    # A B has the eigenvalues of the symmetric A^(1/2) B A^(1/2).
    shared = np.sqrt(np.linalg.eigvalsh(root @ second @ root).clip(0)).sum()
    return max(0.0, float(difference @ difference + np.trace(first) + np.trace(second) - 2 * shared))


def _root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The square root of a symmetric positive semidefinite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(values.clip(0))) @ vectors.T)
