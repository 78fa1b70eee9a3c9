"""`python -m ecconvert`."""

from ._program import main

main()
