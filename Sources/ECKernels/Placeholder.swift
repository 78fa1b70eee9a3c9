// ECKernels
