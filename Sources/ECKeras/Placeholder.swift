// ECKeras
