#!/usr/bin/env python3
"""Time one OpenBLAS ssyrk per given shape, by one thread, and print the CPU seconds of the calls.

    ssyrk.py N K [N K ...]

Each call makes the N x N products of N filters of K weights, from a K x N matrix as Keras stores it.
Neither the start of Python nor filling the matrix counts.
"""
import array
import ctypes
import os
import random
import sys
import time

ROW_MAJOR, UPPER, TRANSPOSE = 101, 121, 112


def load():
    for name in ("libopenblas.so.0", "libopenblas.so"):
        try:
            return ctypes.CDLL(name)
        except OSError:
            pass
    sys.exit("error: ssyrk.py: there is no libopenblas; install libopenblas-dev")


def main():
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    blas = load()
    blas.openblas_set_num_threads(1)
    blas.openblas_get_corename.restype = ctypes.c_char_p
    numbers = [int(a) for a in sys.argv[1:]]
    shapes = list(zip(numbers[::2], numbers[1::2]))
    generator = random.Random(0)
    pattern = array.array("f", (generator.gauss(0, 1) for _ in range(65537)))
    longest = max(n * k for n, k in shapes)
    weights = (pattern * (longest // len(pattern) + 1))[:longest]
    widest = max(n for n, _ in shapes)
    products = array.array("f", [0]) * (widest * widest)
    a = ctypes.c_void_p(weights.buffer_info()[0])
    c = ctypes.c_void_p(products.buffer_info()[0])
    start = time.process_time()
    for n, k in shapes:
        blas.cblas_ssyrk(ROW_MAJOR, UPPER, TRANSPOSE, n, k, ctypes.c_float(1), a, n,
                         ctypes.c_float(0), c, n)
    seconds = time.process_time() - start
    print(f"kernels {blas.openblas_get_corename().decode()}")
    print(f"cpu {seconds:.4f}")


if __name__ == "__main__":
    main()
