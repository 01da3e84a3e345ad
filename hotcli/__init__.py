"""The command line: options become one call of one stage, and its result becomes text."""
