// ECPruning
