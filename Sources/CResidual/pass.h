// The body of both passes; REAL, NAME and VECTOR (of LANES elements) are defined before each use.

#define SUBSTITUTE_(a, b) a##b
#define SUBSTITUTE(a, b) SUBSTITUTE_(a, b)
#define INNER SUBSTITUTE(NAME, _inner)
#define CORNER SUBSTITUTE(NAME, _corner)
#define SIZE SUBSTITUTE(NAME, _size)

ALWAYS_INLINE REAL SIZE(REAL v, int squares) { return squares ? v * v : v < 0 ? -v : v; }

// Element by element: the rows `from` to `to`, columns after `first` and the row's own.
ALWAYS_INLINE void CORNER(REAL *a, ptrdiff_t leading, ptrdiff_t from, ptrdiff_t to,
                          ptrdiff_t first, ptrdiff_t end, const REAL *x, REAL *y, const REAL *c,
                          const REAL *scaled, int updates, int squares) {
  for (ptrdiff_t i = from; i < to; i++) {
    for (ptrdiff_t j = first < i ? i : first; j < end; j++) {
      REAL *element = a + i * leading + j;
      if (updates) *element -= scaled[i] * c[j];
      REAL size = SIZE(*element, squares);
      y[i] += size * x[j];
      if (i != j) y[j] += size * x[i];
    }
  }
}

ALWAYS_INLINE void INNER(REAL *a, ptrdiff_t leading, ptrdiff_t order, const REAL *x, REAL *y,
                         const REAL *c, const REAL *scaled, int updates, int squares) {
  for (ptrdiff_t i = 0; i < order; i++) y[i] = 0;
  for (ptrdiff_t row = 0; row < order; row += 4) {
    if (row + 4 > order) {
      CORNER(a, leading, row, order, row, order, x, y, c, scaled, updates, squares);
      break;
    }
    CORNER(a, leading, row, row + 4, row, row + 4, x, y, c, scaled, updates, squares);
    VECTOR sums[4] = {0};
    ptrdiff_t j = row + 4;
    for (; j + LANES <= order; j += LANES) {
      VECTOR xs, ys, cs = {0};
      __builtin_memcpy(&xs, x + j, sizeof xs);
      __builtin_memcpy(&ys, y + j, sizeof ys);
      if (updates) __builtin_memcpy(&cs, c + j, sizeof cs);
      for (int r = 0; r < 4; r++) {
        VECTOR v;
        REAL *place = a + (row + r) * leading + j;
        __builtin_memcpy(&v, place, sizeof v);
        if (updates) {
          v -= scaled[row + r] * cs;
          __builtin_memcpy(place, &v, sizeof v);
        }
        v = squares ? v * v : __builtin_elementwise_abs(v);
        sums[r] += v * xs;
        ys += v * x[row + r];
      }
      __builtin_memcpy(y + j, &ys, sizeof ys);
    }
    for (int r = 0; r < 4; r++) {
      REAL sum = 0;
      for (int k = 0; k < LANES; k++) sum += sums[r][k];
      y[row + r] += sum;
    }
    CORNER(a, leading, row, row + 4, j, order, x, y, c, scaled, updates, squares);
  }
}

PROCESSORS void NAME(REAL *a, ptrdiff_t leading, ptrdiff_t order, const REAL *x, REAL *y,
                     const REAL *column, const REAL *scaled, int squares) {
  if (!scaled) {
    if (squares) INNER(a, leading, order, x, y, column, scaled, 0, 1);
    else INNER(a, leading, order, x, y, column, scaled, 0, 0);
  } else if (squares) {
    INNER(a, leading, order, x, y, column, scaled, 1, 1);
  } else {
    INNER(a, leading, order, x, y, column, scaled, 1, 0);
  }
}

#undef SUBSTITUTE_
#undef SUBSTITUTE
#undef INNER
#undef CORNER
#undef SIZE
#undef REAL
#undef NAME
#undef VECTOR
#undef LANES
