"""Pictures of every page as people see it: ``make screenshots``."""
