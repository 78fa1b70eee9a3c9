// ECOperators
