# Nothing is set.
