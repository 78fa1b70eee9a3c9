#!/usr/bin/env python3
"""Compare the paper's score of a dense layer in a plan with scipy's eigenvector centrality.

    centrality_check.py MODEL.h5 PLAN.json LAYER [--rtol 1e-4]

MODEL is a Keras file, PLAN was made by `ecconvert plan MODEL --criterion paper --round-to 1 -o PLAN`.
The kernel [in, out] of LAYER gives the cosine similarity of its columns, the positive part of which is
the adjacency matrix; its principal eigenvector is computed by scipy.sparse.linalg.eigsh, once as it is and
once with the small uniform link that makes it unique.  Prints the largest differences and how many
of the kept channels are the same; exit status 1 when a score differs by more than R or a kept channel
isn't among scipy's best, ties within R aside.
"""
import argparse
import json
import sys

import h5py
import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh


def kernel_of(path, layer):
    found = []
    with h5py.File(path) as file:
        root = file["model_weights"] if "model_weights" in file else file

        def visit(name, item):
            if isinstance(item, h5py.Dataset) and item.ndim == 2 and layer in name.split("/"):
                found.append(item[()])
        root.visititems(visit)
    if len(found) != 1:
        sys.exit(f"error: {path}: layer '{layer}' has {len(found)} kernels of two axes")
    return found[0]


def principal(matrix, n, start):
    value, vector = eigsh(LinearOperator((n, n), matvec=matrix), k=1, which="LA", v0=start, tol=1e-12)
    return value[0], np.abs(vector[:, 0])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("plan")
    parser.add_argument("layer")
    parser.add_argument("--rtol", type=float, default=1e-4)
    options = parser.parse_args()
    weights = kernel_of(options.model, options.layer)
    n = weights.shape[1]
    unit = weights / (np.linalg.norm(weights, axis=0, keepdims=True) + 1e-8)
    adjacency = np.maximum((unit.T @ unit).astype(np.float64), 0)
    np.fill_diagonal(adjacency, 0)
    degree = adjacency.sum() / n
    start = np.ones(n) / np.sqrt(n)
    exact_value, exact = principal(lambda v: adjacency @ v, n, start)
    linked_value, linked = principal(
        lambda v: adjacency @ v + 0.01 * degree / n * v.sum(), n, start)
    groups = json.load(open(options.plan))["groups"]
    entry = next(g for g in groups if options.layer in g["layers"])
    ours = np.array(entry["scores"])
    ours = ours / np.linalg.norm(ours)
    keep = np.array(entry["keep"])
    worst = float(np.abs(ours - linked).max())
    floor = np.sort(linked)[::-1][len(keep) - 1]
    outside = [int(k) for k in keep if linked[k] < floor - options.rtol * linked.max()]
    top = set(np.argsort(-linked, kind="stable")[:len(keep)].tolist())
    print(f"{options.layer}: n = {n}, d = {weights.shape[0]}, eigenvalue {exact_value:.6g}; scores differ "
          f"by {worst:.2e} from scipy's (by {np.abs(ours - exact).max():.2e} without the link); "
          f"{len(top & set(keep.tolist()))} of {len(keep)} kept channels are the same, "
          f"{len(outside)} not by a tie")
    return int(worst > options.rtol or bool(outside))


if __name__ == "__main__":
    sys.exit(main())
