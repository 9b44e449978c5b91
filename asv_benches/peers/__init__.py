"""Ours, the framework's own call and Keras 3, side by side: `python -m asv_benches.peers`."""
