#include "residual.h"

// A product that is fused with its sum would be rounded once where other processors round twice.
#pragma clang fp contract(off)

#define ALWAYS_INLINE static inline __attribute__((always_inline))
#if defined(__x86_64__) && defined(__linux__)
#define PROCESSORS __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define PROCESSORS
#endif

#define REAL float
#define NAME ecresidual_pass_f32
#define LANES 16
typedef float lanes_f32 __attribute__((vector_size(64)));
#define VECTOR lanes_f32
#include "pass.h"

#define REAL double
#define NAME ecresidual_pass_f64
#define LANES 8
typedef double lanes_f64 __attribute__((vector_size(64)));
#define VECTOR lanes_f64
#include "pass.h"
