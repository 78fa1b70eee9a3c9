#pragma once
#include <cblas.h>
#include <stddef.h>

/* Debian's libopenblas has LAPACK but no LAPACKE, so its Fortran symbols are declared here.
   Each character argument has a hidden length at the end of the list (the gfortran ABI). */
void spotrf_(const char *, const blasint *, float *, const blasint *, blasint *, size_t);
void dpotrf_(const char *, const blasint *, double *, const blasint *, blasint *, size_t);
void spotri_(const char *, const blasint *, float *, const blasint *, blasint *, size_t);
void dpotri_(const char *, const blasint *, double *, const blasint *, blasint *, size_t);
void sposv_(const char *, const blasint *, const blasint *, float *, const blasint *, float *,
            const blasint *, blasint *, size_t);
void dposv_(const char *, const blasint *, const blasint *, double *, const blasint *, double *,
            const blasint *, blasint *, size_t);
void dsyevd_(const char *, const char *, const blasint *, double *, const blasint *, double *,
             double *, const blasint *, blasint *, const blasint *, blasint *, size_t, size_t);

/* In each of these a row-major upper triangle is LAPACK's column-major lower one ("L"). */
static inline blasint ecblas_spotrf(blasint n, float *a, blasint lda) {
  blasint status = 0;
  spotrf_("L", &n, a, &lda, &status, 1);
  return status;
}
static inline blasint ecblas_dpotrf(blasint n, double *a, blasint lda) {
  blasint status = 0;
  dpotrf_("L", &n, a, &lda, &status, 1);
  return status;
}
static inline blasint ecblas_spotri(blasint n, float *a, blasint lda) {
  blasint status = 0;
  spotri_("L", &n, a, &lda, &status, 1);
  return status;
}
static inline blasint ecblas_dpotri(blasint n, double *a, blasint lda) {
  blasint status = 0;
  dpotri_("L", &n, a, &lda, &status, 1);
  return status;
}
static inline blasint ecblas_sposv(blasint n, blasint count, float *a, blasint lda, float *b,
                                   blasint ldb) {
  blasint status = 0;
  sposv_("L", &n, &count, a, &lda, b, &ldb, &status, 1);
  return status;
}
static inline blasint ecblas_dposv(blasint n, blasint count, double *a, blasint lda, double *b,
                                   blasint ldb) {
  blasint status = 0;
  dposv_("L", &n, &count, a, &lda, b, &ldb, &status, 1);
  return status;
}
static inline blasint ecblas_dsyevd(char job, blasint n, double *a, blasint lda, double *w,
                                    double *work, blasint lwork, blasint *iwork, blasint liwork) {
  blasint status = 0;
  dsyevd_(&job, "L", &n, a, &lda, w, work, &lwork, iwork, &liwork, &status, 1, 1);
  return status;
}
