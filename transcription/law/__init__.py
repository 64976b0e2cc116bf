"""The law as data: statutory clocks, working days, who may have legal aid. Pure but for the loaders."""
