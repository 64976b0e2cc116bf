"""From what was said to a summary a lawyer can sign: pure extraction, every value with where it was heard."""
