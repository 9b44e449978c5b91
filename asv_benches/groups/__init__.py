"""Steps of training by processes: ours, and by hand: `python -m asv_benches.groups`."""
