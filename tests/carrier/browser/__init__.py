"""The real Voice JS SDK in a real browser, against the carrier."""
