// ECPasses
