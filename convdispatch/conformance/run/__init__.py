"""Running the suite: which backends and cases, in which processes, and under pytest."""
