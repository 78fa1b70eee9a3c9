// ECExecution
