// ECGraph
