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


def leading_components(
    features: NDArray[np.floating], reference: NDArray[np.floating], count: int
) -> NDArray[np.float64]:
    """Features in the `count` directions in which a reference varies most (its principal components).

    Covariances of so few numbers are known from far fewer samples; what lies in the other directions is left out, so
    that the distance between such projections is never more than the whole one, and not comparable with it.

    Args:
        features: (n, d).
        reference: (m, d), m above `count`.
        count: at most d.

    Returns:
        (n, count), less the reference's mean.
    """
    centre = reference.mean(0, dtype=np.float64)
    _, _, directions = np.linalg.svd(reference - centre, full_matrices=False)
    return np.asarray((features - centre) @ directions[:count].T, np.float64)


def _root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The square root of a symmetric positive semidefinite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(values.clip(0))) @ vectors.T)
