"""What the failing cases of a run share: rules over what cases are about, and an example.

`findings` is what comes of it. `features` says what a case is about, `rules` separates failing
cases from passing ones by that, `diagnose` does both for a backend's record, and `explain` asks
the backend, in a process of its own, what it did instead.
"""
