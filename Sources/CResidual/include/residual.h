// The inner loop of channel selection: one pass over the upper triangle of a symmetric matrix.
//
// In C, because the compiler makes it for several generations of processors and the fastest that
// fits is taken at run time. All of them add in the same order, so that the result is one.
#pragma once
#include <stddef.h>

// a := a - scaled · columnᵀ where `scaled` isn't NULL, then y := |a| · x, or a² · x element by
// element where `squares` isn't 0. Only the upper triangle, row-major with `leading` elements a row,
// is read and written; all vectors have `order` elements.
void ecresidual_pass_f32(float *a, ptrdiff_t leading, ptrdiff_t order, const float *x, float *y,
                         const float *column, const float *scaled, int squares);
void ecresidual_pass_f64(double *a, ptrdiff_t leading, ptrdiff_t order, const double *x, double *y,
                         const double *column, const double *scaled, int squares);
