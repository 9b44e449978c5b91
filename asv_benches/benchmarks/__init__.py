"""Benchmarks of convdispatch; run them with asv, from the folder `asv_benches`.

    asv check -E existing:same              # are the benchmarks well formed?
    asv run -E existing:same --quick        # in this environment, as it is
    asv continuous main HEAD                # two commits, in an environment of asv's own

docs/how-to/track-performance.md says what each needs.

The backend is the first parameter of every benchmark that has one. A backend that is not installed
raises NotImplementedError in `setup`, which asv shows as n/a. No framework is imported before
`setup`, so that benchmarks can be discovered where none is installed; and nothing is imported from
convdispatch at the top that an older commit may lack.
"""

from ._threads import pin

# asv imports this folder as `benchmarks`. Code that imports its tables by the folder's full name
# has its own rules of measuring, which stay in force.
if __name__ == "benchmarks":
    pin()
