// ECTensor
