"""What holds for every test."""

from hypothesis import settings

# Hypothesis fails an example that takes longer than 200 ms: on a busy machine that says nothing of our code.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
