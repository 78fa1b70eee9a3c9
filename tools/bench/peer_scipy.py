#!/usr/bin/env python3
"""Rank the filters of every layer of a Keras file by centrality with numpy and scipy.

    peer_scipy.py MODEL.h5

Per kernel: cosine similarities of its filters, their positive part without the diagonal as the
adjacency matrix, and the principal eigenvector by scipy.sparse.linalg.eigsh.
"""
import sys

import h5py
import numpy as np
from scipy.sparse.linalg import eigsh


def main():
    layers = 0
    with h5py.File(sys.argv[1]) as file:
        kernels = []

        def visit(_, item):
            if isinstance(item, h5py.Dataset) and item.ndim in (2, 4):
                kernels.append(item)
        file["model_weights"].visititems(visit)
        for kernel in kernels:
            weights = kernel[()].reshape(-1, kernel.shape[-1])
            weights /= np.linalg.norm(weights, axis=0, keepdims=True) + 1e-8
            adjacency = np.maximum(weights.T @ weights, 0)
            np.fill_diagonal(adjacency, 0)
            _, vector = eigsh(adjacency, k=1, which="LA", v0=np.ones(len(adjacency)))
            np.argsort(-np.abs(vector[:, 0]), kind="stable")
            layers += 1
    print(f"{layers} layers")


if __name__ == "__main__":
    main()
